#include "latentpath/molecule/train_jtvae.h"

#include <torch/torch.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/core/parallel.h"
#include "latentpath/core/random.h"
#include "latentpath/core/version.h"
#include "latentpath/io/file.h"
#include "latentpath/io/text_lines.h"
#include "latentpath/molecule/jtvae.h"
#include "latentpath/molecule/molecule_models.h"
#include "latentpath/molecule/property_model.h"
#include "latentpath/molecule/published_jtvae.h"
#include "latentpath/run/run_progress.h"
#include "latentpath/zoo/model_store.h"
#include "molecule/jtvae_losses.h"
#include "zoo/split_mix.h"

namespace latentpath {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kShare = 32;    // molecules whose gradients are taken together
constexpr int64_t kColumns = 10;  // of the table of losses
constexpr int64_t kRows = 100;    // of the table of losses
constexpr int64_t kTimed = 10;    // steps after which it is said how long all will take
constexpr double kLongestStep =
    50;  // norm of a batch's gradient; longer ones are shortened, as the authors do
constexpr int64_t kMostMeasured = 100;  // molecules that are decoded after an epoch

enum class Use : uint64_t { kInitial, kOrder, kNoise };

at::Generator generator_for(uint64_t seed, Use use, int64_t index) {
  return make_generator(split_mix(seed * kGoldenGamma +
                                  (static_cast<uint64_t>(use) + 11) * 0xD1B54A32D192ED03ULL +
                                  static_cast<uint64_t>(index) + 1));
}

/// SMILES to learn from and to measure with.
struct Lists {
  std::vector<std::string> training, held_out;
  std::string source, licence;
};

std::vector<std::string> evenly(const std::vector<std::string>& list, int64_t count) {
  const auto size = static_cast<int64_t>(list.size());
  std::vector<std::string> taken;
  for (int64_t i = 0; i < std::min(count, size); ++i)
    taken.push_back(list[static_cast<size_t>(i * size / std::min(count, size))]);
  return taken;
}

Lists read_lists(const JtvaeTraining& training, const ProgressObserver& progress,
                 const CancellationToken& token) {
  const std::string name = training.data.string();
  if (fs::is_directory(training.data)) {
    LATENTPATH_CHECK(has_moses(training.data), kInput, "the folder ", name,
                     " has no molecules: latentpath data moses --out ", name, " fetches them");
    return {evenly(moses_molecules("train", training.data, progress, token), training.molecules),
            evenly(moses_molecules("test", training.data, progress, token), training.held_out),
            "MOSES (Polykovskiy et al. 2020), PyPI package molsets 0.3.1", "MIT"};
  }
  LATENTPATH_CHECK(fs::exists(training.data), kInput, "there is no folder or file ", name,
                   " with molecules: latentpath data moses fetches them to data/moses");
  const std::string text = read_text(training.data);
  std::vector<std::string> lines;
  for (const std::string_view line : lines_of(text)) {
    const std::string_view smiles = line.substr(0, line.find_first_of(" \t,"));
    if (!smiles.empty() && smiles[0] != '#') lines.emplace_back(smiles);
  }
  LATENTPATH_CHECK(lines.size() >= 20, kInput, name, " has ", lines.size(),
                   " lines: at least 20 molecules, a SMILES a line, are needed to learn from");
  // At most a tenth is held out.
  const auto count = static_cast<int64_t>(lines.size());
  const int64_t step =
      std::max<int64_t>(10, (count + training.held_out - 1) / std::max<int64_t>(1, training.held_out));
  Lists lists{{}, {}, training.data.filename().string(), "that of the list"};
  for (int64_t i = 0; i < count; ++i)
    (training.held_out > 0 && i % step == step - 1 ? lists.held_out : lists.training)
        .push_back(lines[static_cast<size_t>(i)]);
  lists.training = evenly(lists.training, training.molecules);
  return lists;
}

/// All weights as parts of one vector, and Adam (Kingma & Ba 2014) on it.
class Weights {
 public:
  explicit Weights(const NamedTensors& initial) {
    std::vector<Tensor> flat;
    for (const auto& [name, tensor] : initial) {
      names_.push_back(name);
      shapes_.push_back(tensor.sizes().vec());
      flat.push_back(tensor.flatten());
    }
    values_ = at::cat(flat);
    first_ = at::zeros_like(values_);
    second_ = at::zeros_like(values_);
  }

  /// Views of the vector, each a leaf of its own.
  NamedTensors leaves() const {
    NamedTensors leaves;
    int64_t at = 0;
    for (size_t i = 0; i < names_.size(); ++i) {
      const int64_t count = c10::multiply_integers(shapes_[i]);
      leaves[names_[i]] = values_.narrow(0, at, count).view(shapes_[i]).detach().requires_grad_(true);
      at += count;
    }
    return leaves;
  }

  void step(const Tensor& gradient, int64_t number, double rate) {
    const at::NoGradGuard no_gradients;
    const double length = gradient.norm().item<double>();
    const Tensor g = length > kLongestStep ? gradient * (kLongestStep / length) : gradient;
    first_.mul_(0.9).add_(g, 0.1);
    second_.mul_(0.999).addcmul_(g, g, 0.001);
    const double n = static_cast<double>(number + 1);
    const Tensor scale = (second_ / (1 - std::pow(0.999, n))).sqrt_().add_(1e-8);
    values_.addcdiv_(first_, scale, -rate / (1 - std::pow(0.9, n)));
  }

  void save(torch::serialize::OutputArchive& archive) const {
    archive.write("values", values_, true);
    archive.write("first", first_, true);
    archive.write("second", second_, true);
  }
  /// @return whether it was of this size
  bool load(torch::serialize::InputArchive& archive) {
    for (auto& [name, mine] : {std::pair("values", &values_), {"first", &first_}, {"second", &second_}}) {
      Tensor stored;
      archive.read(name, stored, true);
      if (stored.sizes() != mine->sizes()) return false;
      mine->copy_(stored);
    }
    return true;
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::vector<int64_t>> shapes_;
  Tensor values_, first_, second_;
};

/// What a batch comes to, a molecule: losses and shares of decisions that are right.
struct BatchFigures {
  double clusters = 0, ends = 0, attachments = 0, divergence = 0, norm = 0;
  double clusters_right = 0, ends_right = 0, attachments_right = 0;
  double loss() const { return clusters + ends + attachments; }
};

struct Reconstruction {
  int64_t molecules = 0, unknown = 0, from_mean = 0, exact = 0, partial = 0, gave_up = 0;
  double norm = 0;  // mean of latents
};

/// Ends early where cancelled.
/// @param ends  whether latents are moved where the mean does not decode to the molecule
Reconstruction reconstruct(const fs::path& file, const std::vector<std::string>& smiles, bool ends,
                           const ProgressObserver& progress, const CancellationToken& token) {
  const JunctionTreeVae vae(file);
  Reconstruction figures;
  int64_t done = 0;
  for (const std::string& line : smiles) {
    if (token.cancelled()) break;
    if (progress) progress({"measuring", ++done, static_cast<int64_t>(smiles.size()), 0});
    const auto molecule = readable_molecule(line, "a molecule");
    if (!molecule) continue;  // a list's own; what is wrong with the first is said where it is learned from
    if (!vae.unknown_fragments(*molecule).empty()) {
      ++figures.unknown;
      continue;
    }
    ++figures.molecules;
    const Tensor mean = vae.encode({*molecule});
    figures.norm += mean.norm().item<double>();
    const DecodedMolecule decoded = vae.decode(mean)[0];
    const bool same = decoded.molecule.smiles() == molecule->smiles();
    figures.from_mean += same;
    figures.partial += decoded.partial;
    figures.gave_up += decoded.gave_up;
    if (ends) figures.exact += same || vae.find_code(*molecule).exact;
  }
  figures.norm /= std::max<double>(1, static_cast<double>(figures.molecules));
  return figures;
}

class Training {
 public:
  Training(const JtvaeTraining& options, const ProgressObserver& progress, const CancellationToken& token)
      : options_(options), progress_(progress), token_(token), checkpoint_(options.out), table_(options.out) {
    checkpoint_.replace_extension(".checkpoint");
    table_.replace_extension(".csv");
    prepared_ = options.out;
    prepared_.replace_extension(".prepared");
  }

  JtvaeTrainingSummary run() {
    if (options_.regressors > 0)
      find_fragment_scores({options_.out.parent_path()});  // else in vain, hours later
    lists_ = read_lists(options_, progress_, token_);
    const bool kept_with_data = fs::is_directory(options_.data);
    if (kept_with_data) prepared_ = options_.data / ("prepared-" + std::to_string(lists_.training.size()));
    known_ = prepare_molecules(lists_.training, prepared_, options_.data.string(), progress_, token_);
    const auto count = static_cast<int64_t>(known_.molecules.size());
    LATENTPATH_CHECK(count >= options_.batch, kArgument, "`batch` is ", options_.batch, ": there are only ",
                     count, " molecules to learn from");
    sizes_ = {static_cast<int64_t>(known_.vocabulary.size()), options_.hidden, options_.assembly_hidden,
              options_.latents, options_.depth};
    steps_per_epoch_ = count / options_.batch;
    steps_ = steps_per_epoch_ * options_.epochs;
    at::Generator generator = generator_for(options_.seed, Use::kInitial, 0);
    Weights weights(initial_jtvae_weights(sizes_, generator));
    if (options_.resume) load(weights);
    train(weights);
    save(weights);
    JtvaeTrainingSummary summary = finish(weights);
    if (options_.regressors > 0) add_regressors(summary);
    std::error_code ignored;
    fs::remove(checkpoint_, ignored);
    if (!kept_with_data) fs::remove_all(prepared_, ignored);
    return summary;
  }

 private:
  Tensor signature() const {
    return at::tensor({static_cast<int64_t>(known_.molecules.size()), sizes_.clusters, options_.epochs,
                       options_.batch, options_.hidden, options_.assembly_hidden, options_.latents,
                       options_.depth, static_cast<int64_t>(options_.seed)},
                      at::kLong);
  }
  Tensor rates() const {
    return at::tensor({options_.kl_weight, options_.kl_from, options_.learning_rate}, at::kDouble);
  }

  void save(const Weights& weights) const {
    write_atomically(checkpoint_, [&](const fs::path& file) {
      torch::serialize::OutputArchive archive;
      archive.write("kind", c10::IValue("junction tree VAE"));
      archive.write("signature", signature(), true);
      archive.write("rates", rates(), true);
      archive.write("step", at::full({1}, step_, at::kLong), true);
      archive.write("seconds", at::full({1}, seconds_, at::kDouble), true);
      archive.write("losses", losses_.empty() ? at::zeros({0, kColumns}, at::kDouble) : at::stack(losses_),
                    true);
      archive.write("sum", sum_, true);
      weights.save(archive);
      archive.save_to(file.string());
    });
    write_losses();
  }

  void load(Weights& weights) {
    const std::string name = checkpoint_.string();
    LATENTPATH_CHECK(fs::exists(checkpoint_), kInput, "there is no checkpoint ", name, " to resume from");
    try {
      torch::serialize::InputArchive archive;
      archive.load_from(name);
      c10::IValue kind;
      Tensor numbers, rates_then, step, seconds, losses;
      LATENTPATH_CHECK(archive.try_read("kind", kind), kInput, name,
                       " is no checkpoint of a junction tree VAE");
      archive.read("signature", numbers, true);
      archive.read("rates", rates_then, true);
      LATENTPATH_CHECK(at::equal(numbers, signature()) && at::equal(rates_then, rates()), kInput, name,
                       " was made with other options or molecules: give those that it was begun with");
      archive.read("step", step, true);
      archive.read("seconds", seconds, true);
      archive.read("losses", losses, true);
      archive.read("sum", sum_, true);
      step_ = step.item<int64_t>();
      seconds_ = seconds.item<double>();
      losses_ = losses.size(0) > 0 ? losses.unbind(0) : std::vector<Tensor>();
      LATENTPATH_CHECK(weights.load(archive), kInput, name, " holds weights of other sizes");
    } catch (const c10::Error&) {
      throw Error(ErrorKind::kInput, name + " is not a checkpoint of this version");
    }
  }

  /// The rows of means, as a table.
  void write_losses() const {
    std::ostringstream text;
    text << "step,seconds,clusters,ends,attachments,divergence,clusters_right,ends_right,attachments_right,"
            "norm\n";
    for (const Tensor& row : losses_) {
      for (int64_t column = 0; column < kColumns; ++column)
        text << (column > 0 ? "," : "") << figure_text(row[column].item<double>());
      text << "\n";
    }
    write_file_atomic(table_, text.str());
  }

  double kl_weight() const {
    const double from = options_.kl_from * static_cast<double>(steps_);
    const double grown = (static_cast<double>(step_) - from) / std::max(1.0, from);
    return options_.kl_weight * std::clamp(grown, 0.0, 1.0);
  }

  double rate() const {
    constexpr double kLast = 0.02;
    const double warming = std::clamp(0.05 * static_cast<double>(steps_), 1.0, 200.0);
    const double done = static_cast<double>(step_) / static_cast<double>(steps_);
    const double falling = kLast + (1 - kLast) * 0.5 * (1 + std::cos(M_PI * done));
    return options_.learning_rate * falling * std::min(1.0, (static_cast<double>(step_) + 1) / warming);
  }

  /// One step on a batch, in shares that know nothing of each other.
  BatchFigures step(Weights& weights, const std::vector<int64_t>& molecules) {
    const NamedTensors leaves = weights.leaves();
    std::vector<Tensor> inputs;
    for (const auto& [name, tensor] : leaves) inputs.push_back(tensor);
    const auto count = static_cast<int64_t>(molecules.size());
    const int64_t shares = (count + kShare - 1) / kShare;
    const Tensor noise =
        at::randn({count, options_.latents}, generator_for(options_.seed, Use::kNoise, step_), at::kFloat);
    const double divergence_weight = kl_weight();
    std::vector<Tensor> gradients(static_cast<size_t>(shares));
    std::vector<JtvaeLosses> losses(static_cast<size_t>(shares));
    run_in_parallel(shares, [&](int64_t i) {
      const int64_t first = i * kShare, last = std::min(count, first + kShare);
      const std::vector<int64_t> own(molecules.begin() + first, molecules.begin() + last);
      JtvaeLosses& of_share = losses[static_cast<size_t>(i)];
      of_share = jtvae_losses(leaves, sizes_, known_, own, noise.narrow(0, first, last - first));
      const Tensor loss = (of_share.clusters + of_share.ends + of_share.attachments +
                           divergence_weight * of_share.divergence) /
                          static_cast<double>(count);
      std::vector<Tensor> flat;
      const auto found = torch::autograd::grad({loss}, inputs, {}, false, false, true);
      for (size_t k = 0; k < found.size(); ++k)
        flat.push_back(found[k].defined() ? found[k].flatten() : at::zeros({inputs[k].numel()}));
      gradients[static_cast<size_t>(i)] = at::cat(flat);
    });
    Tensor gradient = gradients[0];
    for (size_t i = 1; i < gradients.size(); ++i) gradient.add_(gradients[i]);
    weights.step(gradient, step_, rate());
    return figures_of(losses, count);
  }

  static BatchFigures figures_of(const std::vector<JtvaeLosses>& shares, int64_t count) {
    BatchFigures figures;
    double clusters = 0, ends = 0, attachments = 0;
    for (const JtvaeLosses& share : shares) {
      figures.clusters += share.clusters.item<double>();
      figures.ends += share.ends.item<double>();
      figures.attachments += share.attachments.item<double>();
      figures.divergence += share.divergence.item<double>();
      figures.norm += share.latents.norm(2, 1).sum().item<double>();
      figures.clusters_right += static_cast<double>(share.clusters_right);
      figures.ends_right += static_cast<double>(share.ends_right);
      figures.attachments_right += static_cast<double>(share.attachments_right);
      clusters += static_cast<double>(share.cluster_decisions);
      ends += static_cast<double>(share.end_decisions);
      attachments += static_cast<double>(share.attachment_decisions);
    }
    for (double* sum :
         {&figures.clusters, &figures.ends, &figures.attachments, &figures.divergence, &figures.norm})
      *sum /= static_cast<double>(count);
    figures.clusters_right /= std::max(1.0, clusters);
    figures.ends_right /= std::max(1.0, ends);
    figures.attachments_right /= std::max(1.0, attachments);
    return figures;
  }

  void train(Weights& weights) {
    using Clock = std::chrono::steady_clock;
    auto counted = Clock::now(), saved = counted;
    const auto seconds_since = [](Clock::time_point then) {
      return std::chrono::duration<double>(Clock::now() - then).count();
    };
    const auto keep = [&] {
      seconds_ += seconds_since(counted);
      counted = saved = Clock::now();
      save(weights);
    };
    began_ = step_;
    Tensor order;
    while (step_ < steps_) {
      const int64_t epoch = step_ / steps_per_epoch_, in_epoch = step_ % steps_per_epoch_;
      if (token_.cancelled()) {
        keep();
        throw Error(ErrorKind::kInterrupted,
                    join_message("interrupted in epoch ", epoch + 1, " of ", options_.epochs,
                                 "; `resume` goes on from ", checkpoint_.string()));
      }
      if (in_epoch == 0 || !order.defined())
        order = at::randperm(static_cast<int64_t>(known_.molecules.size()),
                             generator_for(options_.seed, Use::kOrder, epoch), at::kLong);
      const int64_t* first = order.data_ptr<int64_t>() + in_epoch * options_.batch;
      const BatchFigures now = step(weights, {first, first + options_.batch});
      LATENTPATH_CHECK(std::isfinite(now.loss()), kNumerical, "the loss is not finite in step ", step_ + 1,
                       ": try a smaller `learning_rate` than ", options_.learning_rate);
      ++step_;
      note(now, seconds_ + seconds_since(counted));
      if (step_ - began_ == kTimed) announce(seconds_since(counted) / kTimed);
      if (progress_)
        progress_({join_message("epoch ", epoch + 1, " of ", options_.epochs, " (clusters ",
                                percent(now.clusters_right), ", ends ", percent(now.ends_right),
                                ", attachments ", percent(now.attachments_right), " right)"),
                   step_, steps_, now.loss()});
      if (in_epoch + 1 == steps_per_epoch_ && step_ < steps_) {
        keep();
        tell_reconstruction(weights, epoch);
      } else if (options_.checkpoint_minutes > 0 && seconds_since(saved) > 60 * options_.checkpoint_minutes) {
        keep();
      }
    }
    seconds_ += seconds_since(counted);
  }

  static std::string percent(double share) { return figure_text(std::round(1000 * share) / 10) + " %"; }

  /// A row of the table of losses is the mean of some steps.
  void note(const BatchFigures& now, double seconds) {
    sum_ += at::tensor({0.0, 0.0, now.clusters, now.ends, now.attachments, now.divergence, now.clusters_right,
                        now.ends_right, now.attachments_right, now.norm},
                       at::kDouble);
    const int64_t length = std::max<int64_t>(1, steps_ / kRows);
    if (step_ % length != 0) return;
    Tensor row = sum_ / static_cast<double>(length);
    row[0] = static_cast<double>(step_);
    row[1] = std::round(seconds);
    losses_.push_back(row);
    sum_ = at::zeros_like(sum_);
  }

  /// How long it will take.
  void announce(double seconds_a_step) const {
    if (!progress_) return;
    const double rate = static_cast<double>(options_.batch) / seconds_a_step;
    progress_(
        {.stage = "",
         .note = join_message("jtvae: ", options_.epochs, " epochs of ", known_.molecules.size(),
                              " molecules, at ", std::lround(rate), " a second on ", options_.threads,
                              options_.threads == 1 ? " thread: " : " threads: ",
                              duration_text(seconds_a_step * static_cast<double>(steps_ - step_)), " more")});
  }

  /// The weights that the model's file has: variances are training's alone.
  static NamedTensors stored(const Weights& weights) {
    NamedTensors leaves = weights.leaves();
    std::erase_if(leaves, [](const auto& leaf) {
      return leaf.first.rfind("T_var", 0) == 0 || leaf.first.rfind("G_var", 0) == 0;
    });
    return leaves;
  }

  void write(const Weights& weights, const fs::path& file) const {
    std::vector<std::pair<std::string, Tensor>> named;
    for (const auto& [name, tensor] : stored(weights))
      named.emplace_back(name, tensor.detach().to(at::kHalf));
    write_jtvae(file, named, known_.vocabulary, options_.depth, "of LatentPath, trained on " + lists_.source);
  }

  /// How many molecules held out come back from the encoder's mean, in the middle of training.
  void tell_reconstruction(const Weights& weights, int64_t epoch) const {
    if (!progress_ || lists_.held_out.empty()) return;
    auto file = options_.out;
    file.replace_extension(".epoch.pt");
    write(weights, file);
    const auto figures = reconstruct(file, evenly(lists_.held_out, kMostMeasured), false, {}, token_);
    std::error_code ignored;
    fs::remove(file, ignored);
    if (token_.cancelled()) return;
    progress_({.stage = "",
               .note = join_message("jtvae: after epoch ", epoch + 1, " ", figures.from_mean, " of ",
                                    figures.molecules, " molecules held out are reconstructed")});
  }

  JtvaeTrainingSummary finish(const Weights& weights) {
    // Regressors that are there are of other latents.
    fs::remove(property_file_of(options_.out));
    fs::remove(regressors_card());
    write(weights, options_.out);
    const Reconstruction figures = reconstruct(options_.out, lists_.held_out, true, progress_, token_);
    if (token_.cancelled()) {
      std::error_code ignored;
      fs::remove(options_.out, ignored);
      throw Error(ErrorKind::kInterrupted,
                  "interrupted while measuring the model; `resume` goes on from " + checkpoint_.string());
    }
    JtvaeTrainingSummary summary;
    summary.file = options_.out;
    summary.molecules = static_cast<int64_t>(known_.molecules.size());
    summary.clusters = sizes_.clusters;
    summary.steps = step_;
    summary.seconds = seconds_;
    const auto loss = [](const Tensor& row) { return row.narrow(0, 2, 3).sum().item<double>(); };
    if (!losses_.empty()) {
      summary.first_loss = loss(losses_.front());
      summary.last_loss = loss(losses_.back());
    }
    const double n = std::max<double>(1, static_cast<double>(figures.molecules));
    summary.measured = figures.molecules;
    summary.reconstructed = static_cast<double>(figures.from_mean) / n;
    summary.exact = static_cast<double>(figures.exact) / n;
    write_card(options_.out, card(summary, figures, weights));
    return summary;
  }

  fs::path regressors_card() const {
    return fs::path(property_file_of(options_.out)).replace_extension(".json");
  }

  /// Of properties, on molecules of those that were learned from.
  void add_regressors(JtvaeTrainingSummary& summary) const {
    auto encoded = options_.out;
    encoded.replace_extension(".encoded");
    if (began_ < steps_) fs::remove_all(encoded);  // of other weights
    try {
      const nlohmann::json card =
          train_regressors(options_.out, lists_.training, lists_.source,
                           {.molecules = options_.regressors, .folder = encoded}, progress_, token_);
      for (const auto& [name, figures] : card.at("figures").items())
        summary.r2.emplace_back(name, figures.value("r2", std::nan("")));
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kInterrupted)
        throw Error(ErrorKind::kInterrupted,
                    join_message("interrupted while regressors of properties were trained: the model is in ",
                                 options_.out.string(), ", and `resume` goes on with them"));
      if (error.kind() != ErrorKind::kArgument) throw;
      if (progress_) progress_({.stage = "", .note = join_message("jtvae: no regressors: ", error.what())});
    }
    std::error_code ignored;
    fs::remove_all(encoded, ignored);
  }

  nlohmann::json card(const JtvaeTrainingSummary& summary, const Reconstruction& figures,
                      const Weights& weights) const {
    int64_t numbers = 0;
    for (const auto& [name, tensor] : stored(weights)) numbers += tensor.numel();
    nlohmann::json measured{{"held_out", lists_.held_out.size()},
                            {"with_unknown_fragments", figures.unknown},
                            {"reconstructed_from_the_mean", summary.reconstructed},
                            {"reconstructed_with_exact_ends", summary.exact},
                            {"partial", figures.partial},
                            {"given_up", figures.gave_up},
                            {"mean_norm", figures.norm}};
    if (figures.molecules == 0) measured = nlohmann::json::object();
    return {{"name", options_.out.stem().string()},
            {"kind", "junction tree VAE"},
            {"file", options_.out.filename().string()},
            {"paper",
             "Jin, Barzilay and Jaakkola, Junction Tree Variational Autoencoder for Molecular Graph "
             "Generation, ICML 2018, arXiv 1802.04364"},
            {"data", lists_.source},
            {"data_license", lists_.licence},
            {"license", "as LatentPath itself"},
            {"command", options_.command},
            {"molecules", summary.molecules},
            {"left_out", known_.left_out},
            {"clusters", summary.clusters},
            {"latent_dim", options_.latents},
            {"hidden", options_.hidden},
            {"assembly_hidden", options_.assembly_hidden},
            {"depth", options_.depth},
            {"parameters", numbers},
            {"epochs", options_.epochs},
            {"batch", options_.batch},
            {"kl_weight", options_.kl_weight},
            {"seed", options_.seed},
            {"threads", options_.threads},
            {"training_seconds", std::round(summary.seconds)},
            {"final_loss", summary.last_loss},
            {"version", kVersion},
            {"sha256", file_sha256(options_.out)},
            {"figures", measured}};
  }

  const JtvaeTraining& options_;
  const ProgressObserver& progress_;
  const CancellationToken& token_;
  fs::path checkpoint_, table_, prepared_;
  Lists lists_;
  TrainingMolecules known_;
  JtvaeSizes sizes_;
  int64_t steps_per_epoch_ = 0, steps_ = 0, step_ = 0, began_ = 0;
  double seconds_ = 0;
  std::vector<Tensor> losses_;  // rows of the table
  Tensor sum_ = at::zeros({kColumns}, at::kDouble);
};

}  // namespace

const OptionTable<JtvaeTraining>& jtvae_training_table() {
  using T = JtvaeTraining;
  static const OptionTable<T> table =
      OptionTable<T>()
          .group("Training a junction tree VAE (jtvae)")
          .add("molecules", &T::molecules)
          .help("Molecules to learn from, taken evenly from the list")
          .range(20, 10'000'000)
          .add("hidden", &T::hidden)
          .help("Size of messages between clusters and between atoms")
          .range(4, 2048)
          .add("assembly-hidden", &T::assembly_hidden)
          .help("Size of messages between the atoms of candidates, which are most of the work")
          .range(4, 2048)
          .add("latents", &T::latents)
          .help("Latent coordinates, half of them the tree's, half the graph's")
          .range(2, 1024)
          .add("depth", &T::depth)
          .help("Rounds of messages between atoms")
          .range(1, 20)
          .add("kl-weight", &T::kl_weight)
          .help("Weight of the latents' divergence from N(0, I); over 0.01 reconstruction suffers")
          .range(0, 1)
          .add("kl-from", &T::kl_from)
          .help("Share of the steps without it; for as many again it grows")
          .range(0, 0.5)
          .add("learning-rate", &T::learning_rate)
          .help("Of Adam; falls along half a cosine")
          .above(0)
          .at_most(1)
          .add("held-out", &T::held_out)
          .help("Molecules that the finished model is measured on; of a list a tenth at most")
          .range(0, 100'000)
          .add("regressors", &T::regressors)
          .help("Molecules that regressors of log P, QED and SA on the latents are trained on")
          .range(0, 10'000'000)
          .zero("none: `latentpath molecules` needs some")
          .add("checkpoint-minutes", &T::checkpoint_minutes)
          .help("Minutes between checkpoints; there is one after each epoch, too")
          .unit("min")
          .at_least(0)
          .zero("none between epochs")
          .rule([](const T& t) {
            LATENTPATH_CHECK(t.regressors == 0 || t.regressors >= kFewestForRegressors, kArgument,
                             "`regressors` is ", t.regressors, ": they need ", kFewestForRegressors,
                             " molecules at least; 0 for none");
            LATENTPATH_CHECK(t.latents % 2 == 0, kArgument, "`latents` is ", t.latents,
                             ": it must be even, for half of them are the tree's");
          });
  return table;
}

JtvaeTrainingSummary train_jtvae(const JtvaeTraining& training, const ProgressObserver& progress,
                                 const CancellationToken& token) {
  jtvae_training_table().validate(training);
  LATENTPATH_CHECK(training.epochs >= 1, kArgument, "`epochs` is ", training.epochs,
                   ": it must be 1 or more");
  LATENTPATH_CHECK(training.batch >= 2, kArgument, "`batch` is ", training.batch, ": it must be 2 or more");
  LATENTPATH_CHECK(training.out.extension() == ".pt", kArgument, "`out` is '", training.out.string(),
                   "': it must end in .pt");
  at::set_num_threads(static_cast<int>(training.threads));
  return Training(training, progress, token).run();
}

}  // namespace latentpath
