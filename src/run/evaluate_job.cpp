#include "latentpath/run/evaluate_job.h"

#include <ATen/ATen.h>
#include <torch/version.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/core/read_number.h"
#include "latentpath/core/thread_pool.h"
#include "latentpath/core/version.h"
#include "latentpath/io/tensor_file.h"
#include "latentpath/metric/epsilon.h"
#include "latentpath/path/path_option_table.h"
#include "latentpath/run/classifier_check.h"
#include "latentpath/run/data_density.h"
#include "latentpath/run/encoder.h"
#include "latentpath/run/end_points.h"
#include "latentpath/run/feature_sections.h"
#include "latentpath/run/second_opinion.h"
#include "latentpath/run/shard.h"
#include "latentpath/run/shard_evaluator.h"
#include "latentpath/run/text_values.h"
#include "latentpath/run/verdict.h"
#include "latentpath/zoo/model_store.h"
#include "run/evaluation_record.h"
#include "run/evaluation_state.h"
#include "run/feature_options.h"
#include "run/shard_folder.h"

namespace latentpath {
namespace {

using nlohmann::json;

/// "0>4,1<-5": conditions on the coordinates of an end point.
struct Region {
  struct Condition {
    int64_t coordinate;
    bool above;
    double bound;
  };
  std::vector<Condition> conditions;

  static Region parse(const std::string& field, const std::string& text) {
    Region region;
    if (text.empty()) return region;
    for (const std::string& part : split_at_commas(text)) {
      const size_t sign = part.find_first_of("<>");
      const bool signed_part = sign != std::string::npos;
      const auto coordinate = read_count(part.substr(0, sign));
      const auto bound = signed_part ? read_number<double>(part.substr(sign + 1)) : std::nullopt;
      LATENTPATH_CHECK(coordinate && bound && std::isfinite(*bound), kArgument, "`", field,
                       "` takes conditions on coordinates, like 0>4,1<-5; '", part, "' is not one");
      region.conditions.push_back({*coordinate, part[sign] == '>', *bound});
    }
    return region;
  }
  void check(const std::string& field, int64_t dim) const {
    for (const Condition& condition : conditions)
      LATENTPATH_CHECK(condition.coordinate < dim, kArgument, "`", field, "` names coordinate ",
                       condition.coordinate, "; the decoder's latent has the coordinates 0 to ", dim - 1);
  }
  /// z [n, D] → bool [n].
  Tensor contains(const Tensor& z) const {
    Tensor inside = at::ones({z.size(0)}, at::kBool);
    for (const Condition& condition : conditions) {
      const Tensor value = z.select(1, condition.coordinate);
      inside = inside.logical_and(condition.above ? value > condition.bound : value < condition.bound);
    }
    return inside;
  }
};

constexpr int64_t kMostPairs = 999'999'999;

/// The number of pairs, or 0 where a file holds them.
int64_t pair_count(const std::string& text) {
  if (names_tensor_file(text)) return 0;
  const auto count = read_count(text);
  LATENTPATH_CHECK(count && 1 <= *count && *count <= kMostPairs, kArgument,
                   "`pairs` takes a number of pairs, 1 to ", kMostPairs, ", or FILE.npy; '", text,
                   "' is neither");
  return *count;
}

/// "a,b" and repeated options alike.
std::vector<std::string> split(const std::vector<std::string>& texts) {
  std::vector<std::string> words;
  for (const std::string& text : texts)
    for (std::string& word : split_at_commas(text)) words.push_back(std::move(word));
  return words;
}

/// "paper:20": a method, and of how many pairs, the first ones, where it is too slow for all.
struct MethodChoice {
  std::string name;
  int64_t pairs;

  explicit MethodChoice(const std::string& text) : name(text.substr(0, text.find(':'))) {
    pairs = std::numeric_limits<int64_t>::max();
    evaluation_method(name);  // refuses what it does not know
    if (name == text) return;
    const auto count = read_count(text.substr(name.size() + 1));
    LATENTPATH_CHECK(count && *count >= 1, kArgument, "`methods` takes NAME or NAME:PAIRS, like paper:20; '",
                     text, "' is neither");
    pairs = *count;
  }
};

/// "linear (the straight line), spherical (…), …".
std::string described_methods() {
  std::string text;
  for (const EvaluationMethod& method : evaluation_methods())
    text += (text.empty() ? "" : ", ") + method.name + " (" + method.help + ")";
  return text;
}

template <class Item>
bool all_differ(const std::vector<Item>& list) {
  return std::set<Item>(list.begin(), list.end()).size() == list.size();
}

/// Whether the pairs are given, by a file or in memory, and not drawn.
bool gives_pairs(const EvaluateJob& job) { return job.own_pairs.defined() || pair_count(job.pairs) == 0; }

/// Whether there is anything that no file holds, by whose bytes batches of an interrupted run would be known.
bool in_memory(const EvaluateJob& job) {
  return job.models.decoder_function || job.models.classifier_function || job.models.judge_function ||
         job.own_features || job.own_pairs.defined();
}

/// Everything that can be refused before a file is read.
void check_job(const EvaluateJob& job) {
  const bool features = !job.favor.empty() || !job.avoid.empty();
  const bool chosen = !job.ends.empty() && job.ends != "any";
  for (const double epsilon : job.epsilon) check_epsilon_of_a_quality(epsilon);
  LATENTPATH_CHECK(!features || !job.models.classifier.empty(), kArgument,
                   "`favor` and `avoid` need a `classifier`");
  for (const AskedClasses& section : asked_classes(job.favor, job.avoid))
    LATENTPATH_CHECK(section.from <= 0 && section.to >= 1, kArgument,
                     "`favor` and `avoid` are rows of the table, each "
                     "asked of the whole path: sections of the time, like ",
                     section.from, "-", section.to,
                     ", are those of `latentpath interpolate`, whose `pairs` writes a table, too");
  LATENTPATH_CHECK(features || !chosen, kArgument, "`ends` ", job.ends,
                   " chooses ends by a feature: it needs `favor` or `avoid`");
  LATENTPATH_CHECK(!job.own_pairs.defined() || (job.own_pairs.dim() == 3 && job.own_pairs.size(1) == 2),
                   kArgument, "`pairs` must have the shape [pairs, 2, D]");
  const bool given = gives_pairs(job);
  const std::string by = job.pairs.empty() ? job.pairs : " " + job.pairs;
  LATENTPATH_CHECK(!given || !chosen, kArgument, "`ends` ", job.ends,
                   " chooses among ends that are drawn, and `pairs`", by, " gives them");
  LATENTPATH_CHECK(!given || (job.start_region.empty() && job.end_region.empty()), kArgument,
                   "`start_region` and `end_region` choose among ends that are drawn, and `pairs`", by,
                   " gives them");
  LATENTPATH_CHECK(!job.epsilon.empty(), kArgument, "`epsilon` needs a number");
  LATENTPATH_CHECK(all_differ(job.epsilon), kArgument, "`epsilon` names a value twice");
  LATENTPATH_CHECK(!job.methods.empty(), kArgument, "`methods` needs a name");
  std::vector<std::string> names;
  for (const std::string& text : split(job.methods)) names.push_back(MethodChoice(text).name);
  LATENTPATH_CHECK(all_differ(names), kArgument, "`methods` names a method twice");
  LATENTPATH_CHECK(
      !job.resume || !job.out.empty(), kArgument,
      "`resume` goes on with what an interrupted run left beside its run folder: it needs `out`");
  LATENTPATH_CHECK(!job.resume || !in_memory(job), kArgument,
                   "`resume` goes on with batches that are known by the bytes of their models' files: it "
                   "cannot be given with models, features or pairs in memory");
  LATENTPATH_CHECK(job.shard.empty() || !job.out.empty(), kArgument, "`shard` ", job.shard,
                   " computes a part of a table, which is kept for `latentpath merge`: it needs `out`");
  if (!job.shard.empty()) Shard::parse(job.shard);
  Region::parse("start_region", job.start_region);
  Region::parse("end_region", job.end_region);
}

OptionTable<EvaluateJob> make_table() {
  using J = EvaluateJob;
  OptionTable<J> t;
  t.include(&J::models, model_option_table())
      .include(&J::encoding, encoder_option_table())
      .edit("encoder")
      .help("Encoder, whose cycle what is favoured is asked by")
      .group("What the path should be like")
      .add("favor", &J::favor)
      .help("A row of the table: pass through this class; repeatable")
      .add("avoid", &J::avoid)
      .help("A row of the table: keep away from this class; repeatable")
      .include(&J::prior, prior_option_table());
  add_feature_quality(t, &J::odds, &J::sharpness, &J::ramp);
  add_guard_and_judge(t, &J::guard, &J::judge);
  add_cycle(t, &J::cycle);
  add_data_density_option(t, &J::data_density);
  add_epsilon(t, &J::epsilon).separated();
  t.group("End points")
      .add("pairs", &J::pairs)
      .help("How many pairs are drawn from the prior, or FILE.npy ([pairs, 2, D])")
      .names_file()
      .add("ends", &J::ends)
      .help("Ends drawn")
      .choices({{"not", "without the feature"}, {"opposite", "without what is asked for"}, {"any"}})
      .unset("not where there is a feature, else any")
      .add("start-region", &J::start_region)
      .help("Only starts with such coordinates, like 0>4,1>5")
      .add("end-region", &J::end_region)
      .help("Only ends with such coordinates, like 0>4,1<-5")
      .group("How it is sought")
      .add("methods", &J::methods)
      .help("Methods, separated by commas: " + described_methods() +
            "; or ours by another solver, such as newton; paper:20: of the first 20 pairs only")
      .separated()
      .include(&J::path, path_option_table().without({"epsilon", "method", "curve", "init", "max-seconds"}))
      .add("batch", &J::batch)
      .help("Pairs that are sought together, kept when a run is interrupted, and shared out among shards")
      .range(1, 1000)
      .add("shard", &J::shard)
      .help("K/N, like 3/7: compute the K-th of N parts alone; `latentpath merge` makes the table of them");
  add_threads(t, &J::threads);
  add_output(t, &J::out, &J::overwrite, "run.json, table.csv, paths.csv, frames.csv, ends.npy, report.html")
      .help("Replace an existing run folder, and what an interrupted run left")
      .add("resume", &J::resume)
      .help("Go on with an interrupted run of the same options")
      .not_recorded()
      .add("frames", &J::frames)
      .help("Frames a path, evenly spaced in time, ends included")
      .range(3, 1000)
      .add("seconds", &J::seconds)
      .help("The figure `seconds`")
      .choices({{"on", "how long each search took"},
                {"off", "left out: whoever runs the same job gets the same bytes"}})
      .add("curves", &J::curves)
      .help("Pairs of each row whose frames stand in frames.csv")
      .at_least(0)
      .rule(check_job);
  add_picture_format(t, &J::picture_format);
  return t;
}

/// Of every further option that names files: its text, with the SHA-256 of a file in the place of its path.
/// So the same bytes are the same, wherever a machine has them.
void add_named_files(EvaluateJob job, json& files) {
  for (const BoundOption& option : evaluate_option_table().bind(job)) {
    if (!option.row->names_file || !option.row->recorded || files.contains(option.row->name)) continue;
    std::string text = option_text(option.get());
    bool found = false;
    for (const std::string& path : file_options({option})) {
      std::error_code code;
      const size_t at = text.find(path);
      if (at == std::string::npos || !std::filesystem::is_regular_file(path, code)) continue;
      text.replace(at, path.size(), file_sha256(path));
      found = true;
    }
    if (found) files[option.row->name] = text;
  }
}

/// A feature of the table: what is asked, and of which ends.
struct FeatureRow {
  std::string name;
  int64_t class_index = -1;  ///< −1: no class is asked for
  bool favored = true;
  QualityPointer own = nullptr;  ///< a feature of the caller's own; null: none
  Tensor start, end;             ///< [pairs, D]
  Guard guard;
};

/// Of a feature's pairs that the guard holds for, and of the others; each draws its own via points.
using Evaluators = std::array<std::optional<PathEvaluator>, 2>;

class Evaluation {
 public:
  Evaluation(const EvaluateJob& job, const RunObserver& observer, const CancellationToken& cancellation)
      : job_(job), observer_(observer), cancellation_(cancellation) {}
  EvaluateRun run();

  /// Models, ends and what is known before a path is sought: for run_shard(), once or several times.
  void prepare();
  EvaluateRun run_shard(const Shard& shard);

 private:
  int64_t dim() const { return models_.decoder->latent_dim(); }
  /// Where ends are drawn: from what the decoder was trained on, unless the options say otherwise.
  LatentSampler end_sampler() const { return sampler_of(prior_.end_points); }
  LatentSampler via_sampler() const { return prior_.density ? prior_.sampler() : end_sampler(); }

  void load();
  void make_rows();
  void add_own_rows();
  void read_ends(FeatureRow& row) const;
  void choose_ends(FeatureRow& row) const;
  void find_cycle();
  void find_shares();
  PathProblem problem_of(const FeatureRow& row, bool guarded) const;
  QualityPointer judged_by(const FeatureRow& row) const;
  json fingerprint() const;
  int64_t pairs_of(const MethodChoice& method) const {
    return std::min(method.pairs, rows_[0].start.size(0));
  }
  int64_t batches_of(const MethodChoice& method) const {
    return (pairs_of(method) + job_.batch - 1) / job_.batch;
  }
  void warn(const std::vector<std::string>& sentences);
  void find_density();
  void evaluate();
  bool evaluate_set(size_t row, size_t epsilon, const MethodChoice& choice, Evaluators& evaluators);
  EvaluationCase case_of(const FeatureRow& row, bool guarded) const;
  EvaluatedBatch evaluate_batch(const FeatureRow& row, Evaluators& evaluators, const EvaluationMethod& method,
                                int64_t first, int64_t count, const std::string& stage);
  Tensor ends(const Tensor& pairs = {}) const;
  json facts() const;
  void fill_record();
  void fill_shard();

  EvaluateJob job_;
  const RunObserver& observer_;
  CancellationToken cancellation_;
  EvaluateRun run_;
  std::optional<EvaluateRun> prepared_;  ///< what every shard's run begins with; none: one run, and no more
  Models models_;
  Prior prior_;
  std::vector<FeatureRow> rows_;
  std::vector<MethodChoice> methods_;
  std::map<std::pair<size_t, size_t>, Evaluators> evaluators_;  ///< by row and ε
  DataDensityPointer density_;                                  ///< that is reported; null: none
  std::shared_ptr<TorchScriptModule> encoder_;                  ///< whose cycle is asked by; null: none
  Cycled cycled_;                                               ///< none: not
  json classifier_;  ///< what it makes of prior samples; null without one
  std::optional<EvaluationState> state_;
  json fingerprint_;  ///< where there is a run folder, or a shard
  Shard shard_;
  std::string batches_;            ///< of a shard: a line each, as ShardFolder reads them
  size_t warnings_of_models_ = 0;  ///< of models_.warnings, those that no search made
  int64_t done_ = 0, total_ = 0;   ///< batches
};

void Evaluation::make_rows() {
  const auto add = [&](const std::vector<std::string>& names, bool favored) {
    for (const std::string& name : names) {
      FeatureRow row;
      row.class_index = models_.classifier->class_index(name);
      row.favored = favored;
      const auto& known = models_.classifier->class_names();
      row.name =
          (favored ? "favor " : "avoid ") +
          (known.empty() ? std::to_string(row.class_index) : known[static_cast<size_t>(row.class_index)]);
      for (const FeatureRow& other : rows_)
        LATENTPATH_CHECK(other.name != row.name, kArgument, favored ? "`favor`" : "`avoid`",
                         " names the class ", name, " twice");
      rows_.push_back(std::move(row));
    }
  };
  add(job_.favor, true);
  add(job_.avoid, false);
  if (job_.own_features) add_own_rows();
  if (rows_.empty()) {
    rows_.emplace_back();
    rows_[0].name = job_.prior.prior == "none" ? "geodesic" : "prior " + job_.prior.prior;
  }
  for (FeatureRow& row : rows_) {
    choose_ends(row);
    row.guard = make_guard(prior_, job_.guard == "on", row.class_index >= 0 || row.own, row.start, row.end);
    // What holds of every row is said once.
    for (const auto& sentence : row.guard.notes)
      if (&row == &rows_.front()) models_.assumptions.push_back(sentence);
    for (const Warning& each : row.guard.warnings)
      models_.warnings.push_back(rows_.size() > 1 ? Warning(row.name + ": " + each, each.kind, each.pair)
                                                  : each);
  }
}

void Evaluation::add_own_rows() {
  for (Feature& feature : job_.own_features(models_)) {
    for (const FeatureRow& other : rows_)
      LATENTPATH_CHECK(other.name != feature.name, kArgument, "two features are called ", feature.name,
                       ": rows of the table need names of their own");
    FeatureRow row;
    row.name = std::move(feature.name);
    row.own = std::move(feature.quality);
    rows_.push_back(std::move(row));
  }
}

/// Both ends from a file, or as they were given.
void Evaluation::read_ends(FeatureRow& row) const {
  const bool own = job_.own_pairs.defined();
  const std::string name = own ? "`pairs`" : job_.pairs;
  const Tensor stored = own ? job_.own_pairs : read_tensor_file(job_.pairs);
  LATENTPATH_CHECK(at::isFloatingType(stored.scalar_type()), kInput, name,
                   " must hold float32 or float64 numbers");
  const Tensor pairs = latentpath::pairs_of(stored, models_.decoder->latent_shape(), name);
  LATENTPATH_CHECK(at::isfinite(pairs).all().item<bool>(), kInput, name, " holds NaN or infinite numbers");
  row.start = pairs.select(1, 0).to(latent_dtype(job_.models, *models_.decoder)).contiguous();
  row.end = pairs.select(1, 1).to(latent_dtype(job_.models, *models_.decoder)).contiguous();
}

void Evaluation::choose_ends(FeatureRow& row) const {
  if (gives_pairs(job_)) return read_ends(row);
  const int64_t count = pair_count(job_.pairs);
  const bool any = row.class_index < 0 || job_.ends == "any";
  // "not": without the feature; "opposite": without what is asked for, which for an avoided feature is with
  // it.
  const bool without = job_.ends != "opposite" || row.favored;
  const auto wanted = any ? std::function<Tensor(const Tensor&, const Tensor&)>()
                          : recognised_by(models_.classifier, row.class_index, !without);
  const auto draw = [&](const char* field, const std::string& text, uint64_t which) {
    const Region region = Region::parse(field, text);
    region.check(field, dim());
    auto generator = make_generator(job_.path.seed * 2 + which);
    const auto accepted = [&](const Tensor& z) {
      Tensor inside = region.contains(z);
      const Tensor rows = inside.nonzero().squeeze(1);
      if (!wanted || rows.numel() == 0) return inside;
      const Tensor typed = z.index_select(0, rows).to(latent_dtype(job_.models, *models_.decoder));
      return inside.index_copy(0, rows, wanted(typed, (*models_.decoder)(typed)));
    };
    try {
      const int64_t most_draws = std::max<int64_t>(1 << 18, 64 * count);
      return draw_accepted(end_sampler(), accepted, count, generator, cancellation_, most_draws)
          .to(latent_dtype(job_.models, *models_.decoder));
    } catch (const Error& error) {
      throw Error(error.kind(), join_message(row.name, ": ", error.what()));
    }
  };
  row.start = draw("start_region", job_.start_region, 0);
  row.end = draw("end_region", job_.end_region, 1);
}

/// What is favoured is asked by the cycle, too, where that is wanted.
void Evaluation::find_cycle() {
  const bool feature = !job_.favor.empty() || !job_.avoid.empty();
  if (wants_cycle(job_.cycle, job_.encoding, feature, job_.guard == "on")) {
    encoder_ = load_encoder(job_.encoding, job_.models);
    const at::ScalarType dtype = latent_dtype(job_.models, *models_.decoder);
    std::function<Tensor(const Tensor&)> encode;
    if (encoder_) {
      append(models_.assumptions, encoder_->notes());
      encode = encoder_of_images(encoder_, encoder_format(job_.encoding), *models_.decoder, dtype,
                                 models_.decoder->output_range(), models_.assumptions);
    }
    cycled_ = asked_cycle(
        job_.cycle, encoder_, encode,
        [&] { return known_latents(job_.prior.prior, via_sampler(), job_.path.seed, dtype); }, models_);
  } else if (!job_.encoding.encoder.empty() || job_.cycle == "on") {
    models_.assumptions.push_back(join_message(
        "`", job_.cycle == "on" ? "cycle" : "encoder", "` changes nothing here: ",
        !feature               ? "nothing is favoured or avoided"
        : job_.cycle == "none" ? "`cycle` none asks nothing of it"
                               : "without a guard, `cycle` on asks what is favoured of what it gives back"));
  }
  if (!encoder_) append(models_.assumptions, job_.encoding.unused());
}

void Evaluation::find_shares() {
  if (rows_[0].class_index < 0) return;
  const at::NoGradGuard no_gradient;
  auto generator = make_generator(job_.path.seed);
  const int64_t batches = 8, batch = 256;
  std::map<int64_t, int64_t> found;  // by class, which may stand in two rows
  for (const FeatureRow& row : rows_)
    if (row.class_index >= 0) found[row.class_index] = 0;
  for (int64_t i = 0; i < batches; ++i) {
    const Tensor z = end_sampler()(batch, generator).to(latent_dtype(job_.models, *models_.decoder)),
                 decoded = (*models_.decoder)(z);
    for (auto& [class_index, count] : found)
      count += recognised_by(models_.classifier, class_index, true)(z, decoded).sum().item<int64_t>();
  }
  for (const FeatureRow& row : rows_)
    if (row.class_index >= 0)
      run_.shares[row.name.substr(6)] =
          static_cast<double>(found[row.class_index]) / static_cast<double>(batches * batch);
}

QualityPointer Evaluation::judged_by(const FeatureRow& row) const {
  if (!models_.judge || row.class_index < 0) return nullptr;
  const std::vector<std::string> asked{std::to_string(row.class_index)}, none;
  return make_feature(models_.judge, row.favored ? asked : none, row.favored ? none : asked,
                      *models_.classifier)
      .quality;
}

PathProblem Evaluation::problem_of(const FeatureRow& row, bool guarded) const {
  PathProblem problem;
  problem.embedding = models_.decoder;
  problem.feature = row.own;
  if (row.class_index >= 0) {
    const std::vector<int64_t> asked{row.class_index}, none;
    problem.feature =
        feature_quality(models_.classifier, row.favored ? asked : none, row.favored ? none : asked);
  }
  QualityPointer asked = asked_of(problem.feature, row.own ? 1 : job_.odds, job_.sharpness);
  if (cycled_ && !row.own && asked) asked = product({asked, cycled_(asked)});
  problem.quality = path_quality(asked, job_.ramp == "on", prior_, guarded ? row.guard.quality : nullptr);
  problem.prior = via_sampler();
  problem.density = prior_.density ? prior_.density : prior_.end_points;
  problem.start = row.start;
  problem.end = row.end;
  return problem;
}

/// What must be equal for batches of an interrupted run to be batches of this one.
json Evaluation::fingerprint() const {
  json print{{"version", kVersion},
             {"libtorch", TORCH_VERSION},
             {"options", run_.options},
             {"files", json::object()}};
  print["options"]["threads"] = run_.threads;
  print["files"]["decoder"] = file_sha256(find_model(job_.models.decoder, job_.models.folders));
  if (!job_.models.classifier.empty())
    print["files"]["classifier"] = file_sha256(find_model(job_.models.classifier, job_.models.folders));
  if (models_.judge) print["files"]["judge"] = file_sha256(models_.judge->file());
  if (encoder_) print["files"]["encoder"] = file_sha256(encoder_->file());
  if (prior_.fitted) print["files"]["prior"] = file_sha256(models_.prior.fitted);
  if (names_tensor_file(job_.pairs)) print["files"]["pairs"] = file_sha256(tensor_file_path(job_.pairs));
  add_named_files(job_, print["files"]);
  return print;
}

EvaluationCase Evaluation::case_of(const FeatureRow& row, bool guarded) const {
  EvaluationCase asked;
  asked.name = row.name;
  asked.problem = problem_of(row, guarded);
  if (row.class_index >= 0)
    asked.recognised = recognised_by(models_.classifier, row.class_index, row.favored);
  asked.judged = judged_by(row);
  if (guarded) asked.rank = row.guard.rank;
  asked.density = density_;
  return asked;
}

EvaluatedBatch Evaluation::evaluate_batch(const FeatureRow& row, Evaluators& evaluators,
                                          const EvaluationMethod& method, int64_t first, int64_t count,
                                          const std::string& stage) {
  const auto progress = [&](const Progress& p) {
    if (!p.note.empty()) return;  // of this batch alone
    if (observer_.progress)
      observer_.progress({.stage = stage + ": " + p.stage,
                          .done = done_,
                          .total = total_,
                          .value = p.value,
                          .segments = p.segments,
                          .of_unit = p.activity});
  };
  try {
    EvaluatedBatch batch;
    for (int64_t from = first, end = first + count, to = from; from < end; from = to) {
      const bool fits = row.guard.fits[static_cast<size_t>(from)];
      for (to = from + 1; to < end && row.guard.fits[static_cast<size_t>(to)] == fits;) ++to;
      PathEvaluator& evaluator = *evaluators[fits ? 0 : 1];
      auto found = evaluator.evaluate(method, from, to - from, progress, cancellation_);
      append(batch.warnings, evaluator.warnings());
      std::move(found.begin(), found.end(), std::back_inserter(batch.paths));
    }
    if (job_.seconds == "off")
      for (EvaluatedPath& path : batch.paths)
        path[PathFigure::kSeconds] = std::numeric_limits<double>::quiet_NaN();
    return batch;
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kInterrupted) throw;
    const std::string kept =
        !state_      ? "nothing is saved without `out`"
        : done_ == 0 ? "no batch was finished yet, and nothing is saved"
                     : join_message(done_, " of ", total_, " batches are kept in ", state_->folder().string(),
                                    ", and the same command with `resume` goes on from there");
    throw Error(ErrorKind::kInterrupted, "interrupted: " + kept);
  }
}

/// Each sentence once.
void Evaluation::warn(const std::vector<std::string>& sentences) {
  for (const std::string& sentence : sentences) {
    if (std::find(models_.warnings.begin(), models_.warnings.end(), sentence) != models_.warnings.end())
      continue;
    models_.warnings.push_back(sentence);
    run_.warnings.push_back(sentence);
    if (observer_.warning) observer_.warning(sentence);
  }
}

/// The batches of one set that are finished, and false once one was interrupted and what is finished is to be
/// kept.
bool Evaluation::evaluate_set(size_t row, size_t epsilon, const MethodChoice& choice,
                              Evaluators& evaluators) {
  EvaluatedSet set{rows_[row].name,
                   choice.name,
                   job_.epsilon[epsilon],
                   {},
                   rows_[row].class_index >= 0 && rows_[row].favored};
  const EvaluationMethod method = evaluation_method(choice.name);
  const std::string stage = join_message(set.feature, ", ", choice.name);
  bool complete = true;
  for (int64_t batch = 0; batch < batches_of(choice); ++batch) {
    if (!shard_.has(batch)) continue;
    const int64_t first = batch * job_.batch;
    const int64_t count = std::min(job_.batch, pairs_of(choice) - first);
    const std::string key = join_message(row, "-", epsilon, "-", choice.name, "-", batch);
    auto found = state_ ? state_->load(key, first, count) : std::nullopt;
    if (!found) {
      try {
        found = evaluate_batch(rows_[row], evaluators, method, first, count, stage);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::kInterrupted || !job_.keep_finished || done_ == 0) throw;
        run_.failure = {ErrorKind::kInterrupted,
                        join_message("interrupted: the table is of the ", done_, " batches of ", total_,
                                     " that were finished until then"),
                        "it is in"};
        complete = false;
        break;
      }
      if (state_) state_->store(key, *found);
    }
    warn(found->warnings);
    ++done_;
    if (observer_.progress) observer_.progress({stage, done_, total_, 0});
    if (!job_.shard.empty()) batches_ += ShardFolder::line_of(run_.sets.size(), batch, *found);
    std::move(found->paths.begin(), found->paths.end(), std::back_inserter(set.paths));
  }
  // An empty shard has its sets all the same.
  if (complete || !set.paths.empty()) run_.sets.push_back(std::move(set));
  return complete;
}

void Evaluation::evaluate() {
  const NoLibraryWarnings no_library_warnings;
  std::optional<SerialOperations>
      serial;  // batches are shared by points (evaluate_points.h), where they can be
  if (models_.decoder->concurrent()) serial.emplace();
  PathOptions path = job_.path;
  if (path.learning_rate == 0.0) path.learning_rate.reset();
  for (const MethodChoice& method : methods_)
    for (int64_t batch = 0; batch < batches_of(method); ++batch) total_ += shard_.has(batch);
  total_ *= static_cast<int64_t>(rows_.size() * job_.epsilon.size());
  for (size_t row = 0; row < rows_.size(); ++row) {
    for (size_t e = 0; e < job_.epsilon.size(); ++e) {
      path.epsilon = job_.epsilon[e];
      Evaluators& evaluators = evaluators_[{row, e}];
      for (const bool fits : rows_[row].guard.fits)
        if (auto& evaluator = evaluators[fits ? 0 : 1]; !evaluator)
          evaluator.emplace(case_of(rows_[row], fits), path, job_.frames);
      for (const MethodChoice& choice : methods_)
        if (!evaluate_set(row, e, choice, evaluators)) return;
      if (!prepared_) evaluators_.clear();
    }
  }
}

/// −log p(x) of all paths, where the table is about it; of methods that do not need it, where the model has
/// one.
void Evaluation::find_density() {
  const auto any = [&](EvaluationMethod::Density asks) {
    return std::any_of(methods_.begin(), methods_.end(), [&](const MethodChoice& choice) {
      return evaluation_method(choice.name).density == asks;
    });
  };
  const bool needed =
      regularises_density(job_.path) || job_.data_density == "on" || any(EvaluationMethod::Density::kNeeded);
  if (job_.data_density == "none" || !(needed || any(EvaluationMethod::Density::kTold))) return;
  try {
    density_ = reported_density("on", models_.decoder, prior_, 0, job_.path.seed);
  } catch (const Error& error) {
    if (needed) throw;
    models_.assumptions.push_back(join_message("-log p(x) is left out of the table: ", error.what()));
  }
}

void Evaluation::load() {
  models_ = load_models(
      job_.models, job_.path.seed,
      [this] {
        EndPointOptions ends;
        if (job_.own_pairs.defined())
          ends.start = job_.own_pairs.select(1, 0);
        else if (names_tensor_file(job_.pairs))
          ends.pairs = job_.pairs;
        return EndPointReader::latent_shapes_of(ends);
      },
      job_.path.memory);
  if (const auto sentence = slow_blas()) models_.warnings.push_back(*sentence);
  load_judge(job_.models, job_.judge, job_.path.seed, models_);
  prior_ = make_prior(job_.prior, models_.prior, dim(), job_.path.seed, observer_.progress);
  append(models_.assumptions, prior_.notes);
  find_cycle();
  make_rows();
  find_density();
  find_shares();
  if (rows_[0].class_index >= 0)
    classifier_ = classifier_check(*models_.decoder, *models_.classifier, nullptr, end_sampler(),
                                   job_.path.seed, latent_dtype(job_.models, *models_.decoder));
}

/// [features, pairs, 2, D], of all pairs or of those with these numbers.
Tensor Evaluation::ends(const Tensor& pairs) const {
  const auto some = [&](const Tensor& all) { return pairs.defined() ? all.index_select(0, pairs) : all; };
  std::vector<Tensor> ends;
  for (const FeatureRow& row : rows_) ends.push_back(at::stack({some(row.start), some(row.end)}, 1));
  return at::stack(ends);
}

json Evaluation::facts() const {
  json facts{{"quality", problem_of(rows_[0], true).quality->describe()}, {"latent_dim", dim()}};
  if (prior_.density) facts["prior"] = prior_.density->describe();
  return facts;
}

void Evaluation::fill_record() {
  run_.rows = evaluation_rows(run_.sets);
  run_.facts = facts();
  tell_table(run_.rows, models_.warnings, run_.shares, classifier_, run_);
  run_.files.emplace_back("paths.csv", evaluation_paths_csv(run_.sets));
  run_.files.emplace_back("frames.csv", evaluation_frames_csv(run_.sets, job_.curves));
  run_.arrays = {{"ends.npy", ends()}};
}

/// What the table of all shards needs of this one.
void Evaluation::fill_shard() {
  ShardRecord record;
  record.shard = shard_;
  record.pairs = rows_[0].start.size(0);
  record.batch = job_.batch;
  record.fingerprint = fingerprint_;
  record.fingerprint["options"].erase("shard");
  for (const EvaluatedSet& set : run_.sets)
    record.sets.push_back({set.feature, set.method, set.epsilon, {}, set.favored});
  for (size_t i = 0; i < record.sets.size(); ++i)
    record.pairs_of_sets.push_back(pairs_of(methods_[i % methods_.size()]));
  record.methods = run_.methods;
  record.epsilons = run_.epsilons;
  record.used = figures_in_use(run_.sets);
  record.warnings.assign(models_.warnings.begin(),
                         models_.warnings.begin() + static_cast<std::ptrdiff_t>(warnings_of_models_));
  record.shares = run_.shares;
  record.classifier = classifier_;
  record.local_paths = run_.local_paths;
  record.facts = facts();
  run_.facts = {{"shard", record.json()}};

  const std::vector<int64_t> own = shard_.pairs(record.pairs, job_.batch);
  int64_t paths = 0, failures = 0;
  for (const EvaluatedSet& set : run_.sets) {
    paths += static_cast<int64_t>(set.paths.size());
    for (const EvaluatedPath& path : set.paths) failures += path.failed;
  }
  run_.summary = {{"shard",
                   {{"index", shard_.index},
                    {"of", shard_.of},
                    {"pairs", own.size()},
                    {"paths", paths},
                    {"failures", failures}}}};
  write_warnings(run_.summary, models_.warnings);
  run_.text = join_message("shard ", shard_.index, " of ", shard_.of, ": ", own.size(), " of ", record.pairs,
                           " pairs, ", paths, " paths, ", failures, " failed\n");
  if (own.empty())
    run_.text += join_message("it is empty: ", record.pairs, " pairs in batches of ", job_.batch, " are ",
                              (record.pairs + job_.batch - 1) / job_.batch,
                              " parts at most; a smaller `batch` makes more\n");
  run_.files = {{ShardFolder::kBatches, batches_}};
  run_.arrays = {{"ends.npy", ends(at::tensor(own, at::kLong))}};
}

void Evaluation::prepare() {
  describe_job(run_, "evaluate", evaluate_option_table(), job_, job_.path.seed, job_.threads);
  const SerialOperations serial;
  append(run_.local_paths, local_model_paths(job_.models));
  if (!job_.shard.empty()) shard_ = Shard::parse(job_.shard);
  for (const std::string& text : job_.methods) methods_.emplace_back(text);
  run_.methods = methods_.size();
  run_.epsilons = job_.epsilon.size();
  if (job_.ends.empty())
    job_.ends = (job_.favor.empty() && job_.avoid.empty()) || gives_pairs(job_) ? "any" : "not";
  const NoLibraryWarnings no_library_warnings;
  load();
  run_.assumptions = models_.assumptions;
  run_.warnings = models_.warnings;
  warnings_of_models_ = models_.warnings.size();
}

EvaluateRun Evaluation::run() {
  prepare();
  if (!job_.out.empty() && !in_memory(job_)) {
    json print = fingerprint_ = fingerprint();
    for (const char* output_only : {"curves", "picture-format"}) print["options"].erase(output_only);
    state_.emplace(job_.out, print, job_.resume, job_.overwrite);
    run_.kept = state_->folder();
    if (observer_.kept) observer_.kept(state_->folder());
  }
  for (const auto& sentence : run_.assumptions)
    if (observer_.note) observer_.note(sentence);
  for (const auto& sentence : run_.warnings)
    if (observer_.warning) observer_.warning(sentence);
  evaluate();
  job_.shard.empty() ? fill_record() : fill_shard();
  return std::move(run_);
}

EvaluateRun Evaluation::run_shard(const Shard& shard) {
  if (!prepared_) {
    fingerprint_ = fingerprint();
    prepared_ = run_;
  }
  run_ = *prepared_;
  shard_ = shard;
  job_.shard = join_message(shard.index, "/", shard.of);
  run_.options["shard"] = job_.shard;
  models_.warnings = run_.warnings;  // those of another shard's searches are not of this one
  batches_.clear();
  done_ = total_ = 0;
  evaluate();
  fill_shard();
  return std::move(run_);
}

}  // namespace

const OptionTable<EvaluateJob>& evaluate_option_table() {
  static const OptionTable<EvaluateJob> table = make_table();
  return table;
}

EvaluateRun execute(const EvaluateJob& job, const RunObserver& observer,
                    const CancellationToken& cancellation) {
  evaluate_option_table().validate(job);
  EvaluateJob complete = job;
  complete.methods = split(job.methods);
  return Evaluation(complete, observer, cancellation).run();
}

struct ShardEvaluator::State {
  RunObserver observer;
  Evaluation evaluation;

  State(const EvaluateJob& job, RunObserver who, const CancellationToken& cancellation)
      : observer(std::move(who)), evaluation(job, observer, cancellation) {}
};

ShardEvaluator::ShardEvaluator(const EvaluateJob& job, const RunObserver& observer,
                               const CancellationToken& cancellation) {
  evaluate_option_table().validate(job);
  LATENTPATH_CHECK(!in_memory(job), kArgument,
                   "shards belong together by the bytes of the files that they are made of: they cannot be "
                   "computed of models, features or pairs in memory");
  EvaluateJob complete = job;
  complete.methods = split(job.methods);
  complete.out.clear();
  complete.keep_finished = false;
  state_ = std::make_unique<State>(complete, observer, cancellation);
  state_->evaluation.prepare();
}

ShardEvaluator::~ShardEvaluator() = default;

EvaluateRun ShardEvaluator::evaluate(const Shard& shard) { return state_->evaluation.run_shard(shard); }

std::vector<std::string> files_of(const EvaluateJob& job) {
  std::vector<std::string> files;
  const auto add = [&](const std::filesystem::path& file) {
    std::error_code code;
    if (std::filesystem::is_regular_file(file, code) &&
        std::find(files.begin(), files.end(), file.string()) == files.end())
      files.push_back(file.string());
  };
  for (const std::string& text : file_options(evaluate_option_table(), job)) add(text);
  // What load_models() and load_judge() look for beside a model.
  const auto add_beside = [&](std::filesystem::path model, const char* ending) {
    add(model.replace_filename(model.stem().string() + ending));
  };
  add_beside(job.models.decoder, "-prior.json");
  add_beside(job.models.classifier, "-judge.pt");
  if (job.cycle == "on" && job.encoding.encoder.empty()) add_beside(job.models.decoder, "-encoder.pt");
  return files;
}

void forget_batches(const EvaluateRun& run) {
  std::error_code ignored;
  if (!run.kept.empty()) std::filesystem::remove_all(run.kept, ignored);
}

}  // namespace latentpath
