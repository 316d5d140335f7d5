#include "latentpath/molecule/molecule_path.h"

#include <ATen/ATen.h>

#include <chrono>
#include <cmath>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "latentpath/core/error.h"
#include "latentpath/core/listed.h"
#include "latentpath/core/parallel.h"
#include "latentpath/core/random.h"
#include "latentpath/metric/embedding.h"
#include "latentpath/path/find_path.h"
#include "latentpath/path/initial_path.h"

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

/// A path on its way to being molecules: what its points decode to, by their share of its length.
struct DecodedPath {
  explicit DecodedPath(const Tensor& nodes) : at_share(nodes) {}

  ByLength at_share;
  struct Point {
    std::optional<DecodedMolecule> decoded;
    std::string smiles() const { return decoded ? decoded->molecule.smiles() : ""; }
    double predicted = 0;
    bool replaced = false;
  };
  std::map<double, Point> points;
  int64_t rejected_reached = 0;  ///< see MoleculeSequence
};

class Search {
 public:
  Search(const MoleculeModels& models, const MoleculePathProblem& problem, const MoleculePathOptions& options,
         const ProgressObserver& progress, const CancellationToken& token)
      : models_(models),
        problem_(problem),
        options_(options),
        filter_(problem.requirements, problem.from, problem.to),
        typical_(models.regressors.typical()),
        progress_(progress),
        token_(token) {}

  MoleculePathResult run() {
    MoleculePathResult result;
    find_ends(result);
    const Tensor start = result.from.latent.to(at::kDouble), end = result.to.latent.to(at::kDouble);
    report("searching", 0, options_.starts);
    Timer searching;
    std::vector<Tensor> nodes(static_cast<size_t>(options_.starts));
    run_in_parallel(options_.starts, [&](int64_t attempt) {
      nodes[static_cast<size_t>(attempt)] = search(start, end, attempt);
    });
    result.search_seconds = searching.seconds();
    report("decoding", 0, 0);
    Timer decoding;
    std::vector<DecodedPath> paths;
    for (const Tensor& each : nodes) paths.emplace_back(each);
    paths.emplace_back(at::stack({start, end}));
    if (!is_loop(problem_)) paths.emplace_back(great_circle(start, end));
    decode_all(paths);
    if (problem_.requirements.any()) {
      know(paths);
      for (DecodedPath& path : paths) path.rejected_reached = replace_rejected(path, start, end);
    }
    know(paths);
    for (DecodedPath& path : paths) result.searched.push_back(sequence_of(path));
    if (!is_loop(problem_)) result.spherical = taken_from(result.searched);
    result.linear = taken_from(result.searched);
    size_t best = 0;
    for (size_t i = 1; i < result.searched.size(); ++i)
      if (wins(result.searched[i], result.searched[best], result.linear)) best = i;
    result.path = result.searched[best];
    result.nodes = nodes[best];
    result.start = name_of(static_cast<int64_t>(best));
    result.decode_seconds = decoding.seconds();
    say_what_was_left_out(result);
    return result;
  }

 private:
  static MoleculeSequence taken_from(std::vector<MoleculeSequence>& sequences) {
    MoleculeSequence last = std::move(sequences.back());
    sequences.pop_back();
    return last;
  }

  Tensor great_circle(const Tensor& start, const Tensor& end) const {
    return spherical_path(start.unsqueeze(0), end.unsqueeze(0),
                          at::linspace(0, 1, options_.segments + 1, at::kDouble))[0];
  }

  /// Molecules between the ends before none; then what betters the straight line in the best molecule and in
  /// the mean; then the best molecule.
  bool wins(const MoleculeSequence& a, const MoleculeSequence& b, const MoleculeSequence& line) const {
    if ((a.between > 0) != (b.between > 0)) return a.between > 0;
    const auto betters = [&](const MoleculeSequence& each) {
      return better(problem_, each.best, line.best) && better(problem_, each.mean, line.mean);
    };
    if (betters(a) != betters(b)) return betters(a);
    return better(problem_, a.best, b.best);
  }

  void check_cancelled() const {
    LATENTPATH_CHECK(!token_.cancelled(), kInterrupted,
                     "interrupted: no path is complete yet, and nothing is written");
  }

  void report(const std::string& stage, int64_t done, int64_t total) const {
    check_cancelled();
    if (progress_) progress_({stage, done, total, 0});
  }

  void find_ends(MoleculePathResult& result) {
    report("encoding", 0, 0);
    for (const bool start : {true, false}) {
      const Molecule& molecule = start ? problem_.from : problem_.to;
      const auto& given = start ? problem_.from_code : problem_.to_code;
      if (!start && is_loop(problem_) && !given) {
        result.to = result.from;
        continue;
      }
      const MoleculeCode code = given ? *given : models_.decoder.find_code(molecule);
      (start ? result.from : result.to) = {code.latent, code.exact, code.decoded.molecule.smiles()};
      if (code.exact) continue;
      result.notes.push_back(join_message("no latent was found that decodes to the ",
                                          start ? "start " : "end ", molecule.smiles(),
                                          "; the path's end there is the encoder's latent, which decodes to ",
                                          code.decoded.molecule.smiles()));
    }
  }

  /// A loop has no straight line to begin with.
  std::string name_of(int64_t attempt) const {
    return attempt == 0 && !is_loop(problem_)
               ? "linear"
               : "via-" + std::to_string(attempt + (is_loop(problem_) ? 1 : 0));
  }

  QualityPointer quality(double width) const {
    std::vector<QualityPointer> factors{
        problem_.property.reaches(problem_.threshold, problem_.maximise, width), typical_};
    if (problem_.requirements.limits_sa())
      factors.push_back(models_.regressors.reaches("sa", problem_.requirements.max_sa, false, width));
    return product(factors);
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
    const bool via = attempt > 0 || is_loop(problem_);
    if (via) problem.prior = models_.regressors.sampler();
    options.init = via ? "via" : "linear";
    for (const double width : {5.0, 2.2, 1.0}) {
      problem.quality = quality(width);
      const PathResult found = find_path(problem, options, {}, token_);
      options.first_paths = found.nodes;
      options.init = "given";
    }
    check_cancelled();
    return options.first_paths[0].to(at::kDouble);
  }

  /// Decodes points of several paths at once, which is where threads help.
  void decode_points(std::vector<DecodedPath>& paths, const std::vector<std::pair<size_t, double>>& wanted) {
    if (wanted.empty()) return;
    std::vector<Tensor> latents;
    for (const auto& [path, share] : wanted) latents.push_back(paths[path].at_share(share));
    const Tensor z = at::stack(latents);
    const Tensor predicted = predictions(z);
    auto decoded = models_.decoder.molecules_of(z, token_);
    for (size_t i = 0; i < wanted.size(); ++i)
      paths[wanted[i].first].points.emplace(
          wanted[i].second,
          DecodedPath::Point{std::move(decoded[i]), predicted[static_cast<int64_t>(i)].item<double>()});
    check_cancelled();
  }

  Tensor predictions(const Tensor& z) const {
    const at::NoGradGuard no_gradient;
    return problem_.property.predict(z).to(at::kDouble);
  }

  /// Evenly first, then between neighbours that differ.
  void decode_all(std::vector<DecodedPath>& paths) {
    std::vector<std::pair<size_t, double>> wanted;
    for (size_t path = 0; path < paths.size(); ++path)
      for (int64_t i = 0; i < options_.frames; ++i)
        wanted.emplace_back(path, static_cast<double>(i) / static_cast<double>(options_.frames - 1));
    for (int64_t round = 0; round <= options_.halvings; ++round) {
      decode_points(paths, wanted);
      report("decoding", round + 1, options_.halvings + 1);
      wanted.clear();
      for (size_t path = 0; path < paths.size(); ++path) {
        const auto& points = paths[path].points;
        for (auto it = points.begin(), next = std::next(it); next != points.end(); ++it, ++next)
          if (it->second.smiles() != next->second.smiles())
            wanted.emplace_back(path, (it->first + next->first) / 2);
      }
    }
  }

  bool accepted(const Molecule& molecule) {
    return !problem_.requirements.any() || filter_.accepts(molecule, known_properties(molecule).sa);
  }

  /// Where a molecule lacks what is required, latents on the way from it to the nearer end are tried, the
  /// nearest first: what an end has, its surroundings mostly have.
  /// @return how many of them pass the threshold
  int64_t replace_rejected(DecodedPath& path, const Tensor& start, const Tensor& end) {
    constexpr int64_t kTries = 8, kMostPoints = 32;
    std::vector<double> rejected;
    std::unordered_set<std::string> reached;
    std::string last;
    for (const auto& [share, point] : path.points) {
      if (!point.decoded) continue;
      const Molecule& molecule = point.decoded->molecule;
      if (molecule.smiles() != last && !accepted(molecule)) {
        rejected.push_back(share);
        if (passes(problem_, problem_.property.value(molecule, known_properties(molecule))))
          reached.insert(molecule.smiles());
      }
      last = molecule.smiles();
    }
    const size_t step = rejected.size() / kMostPoints + 1;
    at::Generator generator = make_generator(options_.seed);
    std::vector<double> shares;
    std::vector<Tensor> tries;
    for (size_t i = 0; i < rejected.size(); i += step) {
      const double share = rejected[i];
      const Tensor from = path.at_share(share), towards = share < 0.5 ? start : end;
      shares.push_back(share);
      for (int64_t k = 1; k <= kTries; ++k) {
        const double way = static_cast<double>(k) / (kTries + 1);
        const Tensor noise = at::randn({from.size(0)}, generator, at::kDouble) * kNoise * (1 - way);
        tries.push_back(from + way * (towards - from) + noise);
      }
    }
    if (!tries.empty()) take_first_accepted(path, shares, at::stack(tries));
    check_cancelled();
    return static_cast<int64_t>(reached.size());
  }

  /// @param z  [shares · tries, D], for each share the latents that are tried, the nearest first
  void take_first_accepted(DecodedPath& path, const std::vector<double>& shares, const Tensor& z) {
    const Tensor predicted = predictions(z);
    auto decoded = models_.decoder.molecules_of(z, token_);
    const size_t tries = decoded.size() / shares.size();
    for (size_t i = 0; i < decoded.size(); ++i) {
      DecodedPath::Point& point = path.points.at(shares[i / tries]);
      if (point.replaced || !decoded[i]) continue;
      const std::string& smiles = decoded[i]->molecule.smiles();
      if (!accepted(decoded[i]->molecule) || smiles == problem_.from.smiles() ||
          smiles == problem_.to.smiles())
        continue;  // an end again, half-way, is no replacement
      point = {std::move(decoded[i]), predicted[static_cast<int64_t>(i)].item<double>(), true};
    }
  }

  /// Makes the property's values of all molecules known at once.
  void know(const std::vector<DecodedPath>& paths) {
    if (!problem_.property.prepare) return;
    std::vector<Molecule> molecules{problem_.from, problem_.to};
    for (const DecodedPath& path : paths)
      for (const auto& [share, point] : path.points)
        if (point.decoded) molecules.push_back(point.decoded->molecule);
    problem_.property.prepare(molecules, token_);
  }

  MoleculeSequence sequence_of(const DecodedPath& path) {
    MoleculeSequence sequence;
    sequence.decoded = static_cast<int64_t>(path.points.size());
    for (const auto& [share, point] : path.points) {
      sequence.undecoded += !point.decoded;
      sequence.partial += point.decoded && point.decoded->partial;
      sequence.gave_up += point.decoded && point.decoded->gave_up;
    }
    sequence.rejected_reached = path.rejected_reached;
    append(sequence, {problem_.from, 0.0, true});
    std::string last;
    for (const auto& [share, point] : path.points) {
      if (!point.decoded) continue;
      const Molecule& molecule = point.decoded->molecule;
      if (!accepted(molecule)) {
        sequence.left_out += molecule.smiles() != last;
        last = molecule.smiles();
        continue;
      }
      MoleculeStep step{molecule, share};
      step.partial = point.decoded->partial;
      step.replaced = point.replaced;
      step.predicted = point.predicted;
      append(sequence, std::move(step));
    }
    append(sequence, {problem_.to, 1.0, true});
    look_at(sequence);
    return sequence;
  }

  void say_what_was_left_out(MoleculePathResult& result) const {
    const MoleculeSequence& path = result.path;
    const std::vector<std::string> wanted = problem_.requirements.given();
    if (path.left_out > 0)
      result.notes.push_back(join_message(
          path.left_out, path.left_out == 1 ? " molecule of the path does" : " molecules of the path do",
          " not have what ", listed(wanted), wanted.size() == 1 ? " requires" : " require",
          path.left_out == 1 ? ", and is left out" : ", and are left out"));
    if (path.undecoded > 0)
      result.notes.push_back(
          join_message(path.undecoded, " of ", path.decoded,
                       " latents that were looked at stand for no molecule, and are left out"));
    if (path.between == 0)
      result.notes.push_back(
          "nothing lies between the ends: every latent that was looked at decodes to one of them" +
          std::string(path.left_out + path.undecoded > 0 ? " or to what is left out" : ""));
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
    for (size_t i = 0; i < steps.size(); ++i) {
      MoleculeStep& step = steps[i];
      step.properties = known_properties(step.molecule);
      step.similarity_to_start = tanimoto_similarity(step.molecule, problem_.from);
      step.similarity_to_end = tanimoto_similarity(step.molecule, problem_.to);
      if (i > 0) step.similarity_to_previous = tanimoto_similarity(step.molecule, steps[i - 1].molecule);
      step.value = problem_.property.value(step.molecule, step.properties);
      if (step.given) continue;
      if (std::isnan(step.value)) continue;
      sum += step.value;
      if (sequence.between++ == 0 || better(problem_, step.value, sequence.best)) sequence.best = step.value;
    }
    if (sequence.between > 0) {
      sequence.mean = sum / static_cast<double>(sequence.between);
    } else {  // nothing lies between: what the ends have
      const double a = steps.front().value, b = steps.back().value;
      sequence.best = better(problem_, a, b) ? a : b;
      sequence.mean = (a + b) / 2;
    }
    sequence.reached = sequence.between > 0 && passes(problem_, sequence.best);
  }

  const MoleculeProperties& known_properties(const Molecule& molecule) {
    const auto found = known_.find(molecule.smiles());
    if (found != known_.end()) return found->second;
    return known_.emplace(molecule.smiles(), properties_of(molecule, models_.accessibility)).first->second;
  }

  static constexpr double kNoise = 0.3;  // a fifth of what encoded molecules differ by in a latent

  MoleculeModels models_;
  const MoleculePathProblem& problem_;
  const MoleculePathOptions& options_;
  MoleculeFilter filter_;
  QualityPointer typical_;
  const ProgressObserver& progress_;
  const CancellationToken& token_;
  std::unordered_map<std::string, MoleculeProperties> known_;
};

}  // namespace

bool better(const MoleculePathProblem& problem, double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return !std::isnan(a);
  return problem.maximise ? a > b : a < b;
}

bool passes(const MoleculePathProblem& problem, double value) {
  return better(problem, value, problem.threshold);
}

bool is_loop(const MoleculePathProblem& problem) {
  // Different latents of one molecule have a straight line between them.
  if (problem.from_code && problem.to_code && !at::equal(problem.from_code->latent, problem.to_code->latent))
    return false;
  return problem.from.smiles() == problem.to.smiles();
}

MoleculePathResult find_molecule_path(const MoleculeModels& models, const MoleculePathProblem& problem,
                                      const MoleculePathOptions& options, const ProgressObserver& progress,
                                      const CancellationToken& token) {
  LATENTPATH_CHECK(models.regressors.latent_dim() == models.decoder.latent_dim(), kArgument,
                   "the regressors are for ", models.regressors.latent_dim(), " latents and the model has ",
                   models.decoder.latent_dim());
  LATENTPATH_CHECK(options.frames >= 2, kArgument, "`frames` is ", options.frames,
                   ": a path has two ends at least");
  LATENTPATH_CHECK(options.starts >= 1, kArgument, "`starts` is ", options.starts,
                   ": one search is needed at least");
  const SerialOperations one_thread_each;  // operations are small, and their digits are those of one thread
  return Search(models, problem, options, progress, token).run();
}

}  // namespace latentpath
