#include "latentpath/molecule/molecule_path.h"

#include <ATen/ATen.h>

#include <chrono>
#include <cmath>
#include <map>
#include <unordered_map>

#include "latentpath/core/error.h"
#include "latentpath/metric/embedding.h"
#include "latentpath/path/find_path.h"

namespace latentpath {
namespace {

class Timer {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// Points of a polyline [nodes, D] at shares of its length.
class ByLength {
 public:
  explicit ByLength(const Tensor& nodes) : nodes_(nodes) {
    const Tensor steps =
        (nodes.narrow(0, 1, nodes.size(0) - 1) - nodes.narrow(0, 0, nodes.size(0) - 1)).norm(2, 1);
    along_ = at::cat({at::zeros({1}, at::kDouble), steps.cumsum(0)}).contiguous();
  }

  Tensor operator()(double share) const {
    const double* along = along_.data_ptr<double>();
    const int64_t last = along_.size(0) - 1;
    const double wanted = share * along[last];
    int64_t i = 0;
    while (i + 1 < last && along[i + 1] < wanted) ++i;
    const double width = along[i + 1] - along[i], part = width > 0 ? (wanted - along[i]) / width : 0;
    return nodes_[i] + std::min(1.0, std::max(0.0, part)) * (nodes_[i + 1] - nodes_[i]);
  }

 private:
  Tensor nodes_, along_;
};

class Search {
 public:
  Search(const JunctionTreeVae& vae, const PropertyModel& model, const SyntheticAccessibility& accessibility,
         const MoleculePathProblem& problem, const MoleculePathOptions& options,
         const ProgressObserver& progress, const CancellationToken& token)
      : vae_(vae),
        model_(model),
        accessibility_(accessibility),
        problem_(problem),
        options_(options),
        column_(latent_property(problem.property)),
        typical_(model.typical()),
        progress_(progress),
        token_(token) {}

  MoleculePathResult run() {
    MoleculePathResult result;
    find_ends(result);
    const Tensor start = result.from.latent.to(at::kDouble), end = result.to.latent.to(at::kDouble);
    result.linear = decode_path(at::stack({start, end}), result);
    Timer whole;
    for (int64_t attempt = 0; attempt < options_.starts; ++attempt) {
      report("searching", attempt, options_.starts);
      Timer timer;
      const Tensor nodes = search(start, end, attempt);
      result.search_seconds += timer.seconds();
      MoleculeSequence sequence = decode_path(nodes, result);
      if (attempt == 0 || better(problem_, sequence.best, result.path.best)) {
        result.path = sequence;
        result.nodes = nodes;
        result.start = name_of(attempt);
      }
      result.searched.push_back(std::move(sequence));
    }
    return result;
  }

 private:
  void report(const std::string& stage, int64_t done, int64_t total) const {
    LATENTPATH_CHECK(!token_.cancelled(), kInterrupted,
                     "interrupted: no path is complete yet, and nothing is written");
    if (progress_) progress_({stage, done, total, 0});
  }

  void find_ends(MoleculePathResult& result) {
    report("encoding", 0, 0);
    for (const bool start : {true, false}) {
      const Molecule& molecule = start ? problem_.from : problem_.to;
      const MoleculeCode code = vae_.find_code(molecule);
      (start ? result.from : result.to) = {code.latent, code.exact, code.decoded.molecule.smiles()};
      if (code.exact) continue;
      result.notes.push_back(join_message("no latent was found that decodes to the ",
                                          start ? "start " : "end ", molecule.smiles(),
                                          "; the path's end there is the encoder's latent, which decodes to ",
                                          code.decoded.molecule.smiles()));
    }
  }

  static std::string name_of(int64_t attempt) {
    return attempt == 0 ? "straight" : "via-" + std::to_string(attempt);
  }

  /// Nodes [segments + 1, D].
  Tensor search(const Tensor& start, const Tensor& end, int64_t attempt) const {
    PathProblem problem;
    problem.embedding = identity_embedding(start.size(0));
    problem.start = start.unsqueeze(0);
    problem.end = end.unsqueeze(0);
    PathOptions options;
    options.segments = options_.segments;
    options.epsilon = options_.epsilon;
    options.seed = options_.seed + static_cast<uint64_t>(attempt);
    // Regressors are no closer to the truth than this: paths need not be polished.
    options.tolerance = 1e-2;
    options.max_iterations = 24;  // three rounds
    options.resolution_tolerance = 0.2;
    options.verify.finest = 4;
    options.candidates.max_draws = 2048;
    if (attempt > 0) problem.prior = model_.sampler();
    options.init = attempt > 0 ? "via" : "linear";
    for (const double width : {5.0, 2.2, 1.0}) {
      problem.quality = product(
          {model_.reaches(problem_.property, problem_.threshold, problem_.maximise, width), typical_});
      const PathResult found = find_path(problem, options, {}, token_);
      options.first_paths = found.nodes;
      options.init = "given";
    }
    LATENTPATH_CHECK(!token_.cancelled(), kInterrupted,
                     "interrupted: no path is complete yet, and nothing is written");
    return options.first_paths[0].to(at::kDouble);
  }

  /// Decodes a path and looks at its molecules.
  MoleculeSequence decode_path(const Tensor& nodes, MoleculePathResult& result) {
    Timer timer;
    const ByLength at_share(nodes);
    std::map<double, DecodedMolecule> decoded;
    const auto decode = [&](double share) {
      report("decoding", static_cast<int64_t>(decoded.size()), 0);
      decoded.emplace(share, vae_.decode(at_share(share).unsqueeze(0))[0]);
    };
    for (int64_t i = 0; i < options_.frames; ++i)
      decode(static_cast<double>(i) / static_cast<double>(options_.frames - 1));
    for (int64_t round = 0; round < options_.halvings; ++round) {
      std::vector<double> between;
      for (auto it = decoded.begin(), next = std::next(it); next != decoded.end(); ++it, ++next)
        if (it->second.molecule.smiles() != next->second.molecule.smiles())
          between.push_back((it->first + next->first) / 2);
      for (const double share : between) decode(share);
    }
    MoleculeSequence sequence;
    sequence.decoded = static_cast<int64_t>(decoded.size());
    append(sequence, {problem_.from, 0.0, true});
    for (const auto& [share, molecule] : decoded) {
      sequence.partial += molecule.partial;
      sequence.gave_up += molecule.gave_up;
      MoleculeStep step{molecule.molecule, share};
      step.partial = molecule.partial;
      step.predicted = model_.predict(at_share(share).unsqueeze(0)).select(2, column_).mean().item<double>();
      append(sequence, std::move(step));
    }
    append(sequence, {problem_.to, 1.0, true});
    look_at(sequence);
    result.decode_seconds += timer.seconds();
    return sequence;
  }

  /// Neighbours that are the same molecule are one step.
  void append(MoleculeSequence& sequence, MoleculeStep step) {
    auto& steps = sequence.steps;
    if (steps.empty() || steps.back().molecule.smiles() != step.molecule.smiles()) {
      steps.push_back(std::move(step));
    } else if (step.given) {
      steps.back().given = true;
    } else if (steps.back().given && steps.size() == 1) {
      steps.back().predicted = step.predicted;
    }
  }

  void look_at(MoleculeSequence& sequence) {
    auto& steps = sequence.steps;
    double sum = 0;
    int64_t between = 0;
    bool any = false;
    for (size_t i = 0; i < steps.size(); ++i) {
      MoleculeStep& step = steps[i];
      step.properties = known_properties(step.molecule);
      step.similarity_to_start = tanimoto_similarity(step.molecule, problem_.from);
      step.similarity_to_end = tanimoto_similarity(step.molecule, problem_.to);
      if (i > 0) step.similarity_to_previous = tanimoto_similarity(step.molecule, steps[i - 1].molecule);
      if (step.given) continue;
      const double value = property_value(step.properties, column_);
      sum += value;
      ++between;
      if (!any || better(problem_, value, sequence.best)) sequence.best = value;
      any = true;
    }
    if (any) {
      sequence.mean = sum / static_cast<double>(between);
    } else {  // nothing lies between: what the ends have
      const double a = property_value(steps.front().properties, column_),
                   b = property_value(steps.back().properties, column_);
      sequence.best = better(problem_, a, b) ? a : b;
      sequence.mean = (a + b) / 2;
    }
    sequence.reached = any && better(problem_, sequence.best, problem_.threshold);
  }

  const MoleculeProperties& known_properties(const Molecule& molecule) {
    const auto found = known_.find(molecule.smiles());
    if (found != known_.end()) return found->second;
    return known_.emplace(molecule.smiles(), properties_of(molecule, accessibility_)).first->second;
  }

  const JunctionTreeVae& vae_;
  const PropertyModel& model_;
  const SyntheticAccessibility& accessibility_;
  const MoleculePathProblem& problem_;
  const MoleculePathOptions& options_;
  int64_t column_;
  QualityPointer typical_;
  const ProgressObserver& progress_;
  const CancellationToken& token_;
  std::unordered_map<std::string, MoleculeProperties> known_;
};

}  // namespace

bool better(const MoleculePathProblem& problem, double a, double b) {
  return problem.maximise ? a > b : a < b;
}

MoleculePathResult find_molecule_path(const JunctionTreeVae& vae, const PropertyModel& model,
                                      const SyntheticAccessibility& accessibility,
                                      const MoleculePathProblem& problem, const MoleculePathOptions& options,
                                      const ProgressObserver& progress, const CancellationToken& token) {
  LATENTPATH_CHECK(model.latent_dim() == vae.latent_dim(), kArgument, "the regressors are for ",
                   model.latent_dim(), " latents and the model has ", vae.latent_dim());
  LATENTPATH_CHECK(options.frames >= 2, kArgument, "`frames` is ", options.frames,
                   ": a path has two ends at least");
  return Search(vae, model, accessibility, problem, options, progress, token).run();
}

}  // namespace latentpath
