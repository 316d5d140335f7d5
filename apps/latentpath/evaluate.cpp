// latentpath evaluate: many pairs by features by methods, in one table.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "config_file.h"
#include "evaluation_state.h"
#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/core/version.h"
#include "latentpath/io/file.h"
#include "latentpath/io/npy.h"
#include "latentpath/report/evaluation_report.h"
#include "latentpath/report/html_report.h"
#include "latentpath/run/evaluate_paths.h"
#include "latentpath/zoo/model_store.h"
#include "models_option.h"
#include "option_values.h"
#include "prior_option.h"
#include "program.h"
#include "progress_line.h"
#include "run_folder_guard.h"

namespace latentpath::program {
namespace {

using nlohmann::json;

constexpr size_t kMostPictures = 24;

struct EvaluateOptions : ModelOptions {
  std::vector<std::string> favor, avoid;
  PriorOptions prior;
  std::string ramp = "on";
  std::vector<double> epsilons{0.1};

  std::string pairs = "100", ends, start_region, end_region;

  std::vector<std::string> methods{"linear", "spherical", "ours"};
  int64_t frames = 50, batch = 10, segments = 64, max_iterations = 0;
  std::string cost = "auto", norm = "sum";
  std::optional<double> time_weight;
  double tolerance = 1e-3, learning_rate = 1e-3;
  uint64_t seed = 0;
  int threads = 0;

  std::string out;
  int64_t curves = 16;
  std::vector<std::string> picture_format{"png"};
  bool resume = false, overwrite = false, quiet = false, print_json = false;
};

/// "0>4,1<-5": conditions on the coordinates of an end point.
struct Region {
  struct Condition {
    int64_t coordinate;
    bool above;
    double bound;
  };
  std::vector<Condition> conditions;

  static Region parse(const std::string& option, const std::string& text) {
    Region region;
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = std::min(text.find(',', begin), text.size());
      const std::string part = text.substr(begin, end - begin);
      const size_t sign = part.find_first_of("<>");
      bool good = sign != std::string::npos && sign > 0 && sign < 10 &&
                  part.find_first_not_of("0123456789") == sign && sign + 1 < part.size();
      double bound = 0;
      if (good) {
        size_t used = 0;
        try {
          bound = std::stod(part.substr(sign + 1), &used);
        } catch (const std::exception&) {
          used = 0;
        }
        good = used == part.size() - sign - 1 && std::isfinite(bound);
      }
      LATENTPATH_CHECK(good, kArgument, option, " takes conditions on coordinates, like 0>4,1<-5; '", part,
                       "' is not one");
      region.conditions.push_back({std::stoll(part.substr(0, sign)), part[sign] == '>', bound});
      begin = end + 1;
    }
    return region;
  }
  void check(const char* option, int64_t dim) const {
    for (const Condition& condition : conditions)
      LATENTPATH_CHECK(condition.coordinate < dim, kArgument, option, " names coordinate ",
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

bool is_npy(const std::string& text) { return text.size() > 4 && text.substr(text.size() - 4) == ".npy"; }

/// The number of pairs, or 0 where a file holds them.
int64_t pair_count(const std::string& text) {
  if (is_npy(text)) return 0;
  const bool number =
      !text.empty() && text.size() < 10 && text.find_first_not_of("0123456789") == std::string::npos;
  LATENTPATH_CHECK(number && std::stoll(text) >= 1, kArgument,
                   "--pairs takes a number of pairs, 1 or more, or FILE.npy; '", text, "' is neither");
  return std::stoll(text);
}

/// "a,b" and repeated options alike.
std::vector<std::string> split(const std::vector<std::string>& texts) {
  std::vector<std::string> words;
  for (const std::string& text : texts)
    for (size_t begin = 0; begin <= text.size();) {
      const size_t end = std::min(text.find(',', begin), text.size());
      words.push_back(text.substr(begin, end - begin));
      begin = end + 1;
    }
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
    const std::string count = text.substr(name.size() + 1);
    const bool number =
        !count.empty() && count.size() < 10 && count.find_first_not_of("0123456789") == std::string::npos;
    LATENTPATH_CHECK(number && std::stoll(count) >= 1, kArgument,
                     "--methods takes NAME or NAME:PAIRS, like paper:20; '", text, "' is neither");
    pairs = std::stoll(count);
  }
};

/// Everything that can be refused before a file is read.
void check_options(const EvaluateOptions& options) {
  check_model_options(options);
  check_choice("--ramp", options.ramp, {"on", "off"});
  check_choice("--norm", options.norm, {"sum", "mean"});
  check_prior_options(options.prior);
  check_choice("--cost", options.cost, {"auto", "chord", "dynamic", "length", "endpoint-mean"});
  if (!options.ends.empty()) check_choice("--ends", options.ends, {"not", "opposite", "any"});
  const bool features = !options.favor.empty() || !options.avoid.empty();
  LATENTPATH_CHECK(!features || !options.classifier.empty(), kArgument,
                   "--favor and --avoid need a --classifier");
  LATENTPATH_CHECK(features || options.ends.empty() || options.ends == "any", kArgument, "--ends ",
                   options.ends, " chooses ends by a feature: it needs --favor or --avoid");
  const bool file = pair_count(options.pairs) == 0;
  LATENTPATH_CHECK(!file || options.ends.empty() || options.ends == "any", kArgument, "--ends ", options.ends,
                   " chooses among ends that are drawn, and --pairs ", options.pairs, " gives them");
  LATENTPATH_CHECK(!file || (options.start_region.empty() && options.end_region.empty()), kArgument,
                   "--start-region and --end-region choose among ends that are drawn, and --pairs ",
                   options.pairs, " gives them");
  LATENTPATH_CHECK(!options.epsilons.empty(), kArgument, "--epsilon needs a number");
  for (const double epsilon : options.epsilons)
    LATENTPATH_CHECK(epsilon >= 0 && epsilon < 0.5, kArgument,
                     "--epsilon must satisfy 0 <= epsilon < 0.5, not ", epsilon);
  const auto unique = [](const auto& list) {
    return std::set<typename std::decay_t<decltype(list)>::value_type>(list.begin(), list.end()).size() ==
           list.size();
  };
  LATENTPATH_CHECK(unique(options.epsilons), kArgument, "--epsilon names a value twice");
  LATENTPATH_CHECK(!options.methods.empty(), kArgument, "--methods needs a name");
  std::vector<std::string> names;
  for (const std::string& text : options.methods) names.push_back(MethodChoice(text).name);
  LATENTPATH_CHECK(unique(names), kArgument, "--methods names a method twice");
  LATENTPATH_CHECK(options.frames >= 3 && options.frames <= 1000, kArgument,
                   "--frames must lie between 3 and 1000, not at ", options.frames);
  LATENTPATH_CHECK(options.batch >= 1 && options.batch <= 1000, kArgument,
                   "--batch must lie between 1 and 1000, not at ", options.batch);
  LATENTPATH_CHECK(options.segments >= 1 && options.segments <= 100000, kArgument,
                   "--segments must lie between 1 and 100000, not at ", options.segments);
  LATENTPATH_CHECK(options.max_iterations >= 0, kArgument, "--max-iterations must not be negative");
  LATENTPATH_CHECK(options.tolerance >= 0, kArgument, "--tolerance must not be negative, and is ",
                   options.tolerance);
  LATENTPATH_CHECK(options.learning_rate > 0, kArgument, "--learning-rate must be positive, not ",
                   options.learning_rate);
  LATENTPATH_CHECK(!options.time_weight || *options.time_weight >= 0, kArgument,
                   "--time-weight must not be negative, and is ", options.time_weight.value_or(0));
  LATENTPATH_CHECK(options.threads >= 0 && options.threads <= 1024, kArgument,
                   "--threads must lie between 1 and 1024, or be 0 for all, not ", options.threads);
  LATENTPATH_CHECK(options.curves >= 0, kArgument, "--curves must not be negative, and is ", options.curves);
  LATENTPATH_CHECK(
      !options.resume || !options.out.empty(), kArgument,
      "--resume goes on with what an interrupted run left beside its run folder: it needs --out");
}

json options_json(const EvaluateOptions& o) {
  json object{{"favor", o.favor},
              {"avoid", o.avoid},
              {"ramp", o.ramp},
              {"epsilon", o.epsilons},
              {"pairs", o.pairs},
              {"methods", o.methods},
              {"frames", o.frames},
              {"batch", o.batch},
              {"segments", o.segments},
              {"cost", o.cost},
              {"norm", o.norm},
              {"max-iterations", o.max_iterations},
              {"tolerance", o.tolerance},
              {"learning-rate", o.learning_rate},
              {"seed", o.seed},
              {"curves", o.curves},
              {"picture-format", o.picture_format},
              {"threads", at::get_num_threads()}};
  add_prior_json(object, o.prior);
  add_model_settings(object, o);
  add_texts(object, {{"ends", &o.ends}, {"start-region", &o.start_region}, {"end-region", &o.end_region}});
  if (o.time_weight) object["time-weight"] = *o.time_weight;
  return object;
}

/// A feature of the table: what is asked, and of which ends.
struct FeatureRow {
  std::string name;
  int64_t class_index = -1;  ///< −1: no class is asked for
  bool favored = true;
  Tensor start, end;  ///< [pairs, D]
};

class Evaluation {
 public:
  explicit Evaluation(EvaluateOptions& options) : options_(options) {}
  void run();

 private:
  int64_t dim() const { return models_.decoder->latent_dim(); }
  at::ScalarType dtype() const {
    const std::string name = options_.dtype.empty() ? models_.decoder->dtype() : options_.dtype;
    return name == "float64" ? at::kDouble : at::kFloat;
  }
  /// Where ends are drawn: from what the decoder was trained on, unless the options say otherwise.
  LatentSampler end_sampler() const { return sampler_of(prior_->end_points); }

  void make_rows();
  void choose_ends(FeatureRow& row) const;
  void find_shares();
  PathProblem problem_of(const FeatureRow& row) const;
  json fingerprint() const;
  std::vector<EvaluatedSet> evaluate(EvaluationState* state, const ProgressObserver& progress);
  void write(const std::filesystem::path& folder, const std::filesystem::path& target,
             const std::vector<EvaluatedSet>& sets, const json& summary) const;

  EvaluateOptions& options_;
  Models models_;
  std::optional<Prior> prior_;
  std::vector<FeatureRow> rows_;
  json shares_ = json::object();  ///< of prior samples that have each feature
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
        LATENTPATH_CHECK(other.name != row.name, kArgument, favored ? "--favor" : "--avoid",
                         " names the class ", name, " twice");
      rows_.push_back(std::move(row));
    }
  };
  add(options_.favor, true);
  add(options_.avoid, false);
  if (rows_.empty()) {
    rows_.emplace_back();
    rows_[0].name = options_.prior.prior == "none" ? "geodesic" : "prior " + options_.prior.prior;
  }
  for (FeatureRow& row : rows_) choose_ends(row);
}

void Evaluation::choose_ends(FeatureRow& row) const {
  const int64_t count = pair_count(options_.pairs);
  if (count == 0) {
    const Tensor pairs = read_npy(options_.pairs);
    LATENTPATH_CHECK(at::isFloatingType(pairs.scalar_type()), kInput, options_.pairs,
                     " must hold float32 or float64 numbers");
    LATENTPATH_CHECK(pairs.dim() == 3 && pairs.size(0) >= 1 && pairs.size(1) == 2 && pairs.size(2) == dim(),
                     kInput, options_.pairs, " must have the shape [pairs, 2, ", dim(),
                     "] for this decoder, not ", shape_string(pairs.sizes()));
    LATENTPATH_CHECK(at::isfinite(pairs).all().item<bool>(), kInput, options_.pairs,
                     " holds NaN or infinite numbers");
    row.start = pairs.select(1, 0).to(dtype()).contiguous();
    row.end = pairs.select(1, 1).to(dtype()).contiguous();
    return;
  }
  const bool any = row.class_index < 0 || options_.ends == "any";
  // "not": without the feature; "opposite": without what is asked for, which for an avoided feature is with
  // it.
  const bool without = options_.ends != "opposite" || row.favored;
  const auto wanted = any ? std::function<Tensor(const Tensor&, const Tensor&)>()
                          : recognised_by(models_.classifier, row.class_index, !without);
  const auto draw = [&](const char* option, const std::string& text, uint64_t which) {
    const Region region = Region::parse(option, text);
    region.check(option, dim());
    auto generator = make_generator(options_.seed * 2 + which);
    const auto accepted = [&](const Tensor& z) {
      const Tensor inside = region.contains(z);
      const Tensor rows = inside.nonzero().squeeze(1);
      if (!wanted || rows.numel() == 0) return inside;
      const Tensor typed = z.index_select(0, rows).to(dtype());
      return inside.index_copy(0, rows, wanted(typed, (*models_.decoder)(typed)));
    };
    try {
      return draw_accepted(end_sampler(), accepted, count, generator, interrupt_token()).to(dtype());
    } catch (const Error& error) {
      throw Error(error.kind(), join_message(row.name, ": ", error.what()));
    }
  };
  row.start = draw("--start-region", options_.start_region, 0);
  row.end = draw("--end-region", options_.end_region, 1);
}

void Evaluation::find_shares() {
  if (rows_[0].class_index < 0) return;
  const at::NoGradGuard no_gradient;
  auto generator = make_generator(options_.seed);
  const int64_t batches = 8, batch = 256;
  std::map<int64_t, int64_t> found;  // by class, which may stand in two rows
  for (const FeatureRow& row : rows_) found[row.class_index] = 0;
  for (int64_t i = 0; i < batches; ++i) {
    const Tensor z = end_sampler()(batch, generator).to(dtype()), decoded = (*models_.decoder)(z);
    for (auto& [class_index, count] : found)
      count += recognised_by(models_.classifier, class_index, true)(z, decoded).sum().item<int64_t>();
  }
  for (const FeatureRow& row : rows_)
    shares_[row.name.substr(6)] =
        static_cast<double>(found[row.class_index]) / static_cast<double>(batches * batch);
}

PathProblem Evaluation::problem_of(const FeatureRow& row) const {
  PathProblem problem;
  problem.embedding = models_.decoder;
  if (row.class_index >= 0) {
    const std::vector<int64_t> asked{row.class_index}, none;
    problem.feature =
        feature_quality(models_.classifier, row.favored ? asked : none, row.favored ? none : asked);
  }
  problem.quality = path_quality(problem.feature, options_.ramp == "on", *prior_);
  problem.prior = prior_->density ? prior_->sampler() : end_sampler();
  problem.start = row.start;
  problem.end = row.end;
  return problem;
}

/// What must be equal for batches of an interrupted run to be batches of this one.
json Evaluation::fingerprint() const {
  json print{{"version", kVersion}, {"options", options_json(options_)}, {"files", json::object()}};
  for (const char* output_only : {"curves", "picture-format"}) print["options"].erase(output_only);
  const auto folders = model_folders();
  print["files"]["decoder"] = file_sha256(find_model(options_.decoder, folders));
  if (!options_.classifier.empty())
    print["files"]["classifier"] = file_sha256(find_model(options_.classifier, folders));
  if (is_npy(options_.pairs)) print["files"]["pairs"] = file_sha256(options_.pairs);
  return print;
}

std::vector<EvaluatedSet> Evaluation::evaluate(EvaluationState* state, const ProgressObserver& progress) {
  std::vector<EvaluatedSet> sets;
  PathOptions path;
  path.segments = options_.segments;
  path.cost = options_.cost;
  path.time_weight = options_.time_weight;
  path.norm = options_.norm == "mean" ? OutputNorm::kMean : OutputNorm::kSum;
  path.max_iterations = options_.max_iterations;
  path.tolerance = options_.tolerance;
  path.learning_rate = options_.learning_rate;
  path.seed = options_.seed;
  const int64_t all_pairs = rows_[0].start.size(0);
  std::vector<MethodChoice> methods;
  for (const std::string& text : options_.methods) methods.emplace_back(text);
  const auto pairs_of = [&](const MethodChoice& method) { return std::min(method.pairs, all_pairs); };
  const auto batches_of = [&](const MethodChoice& method) {
    return (pairs_of(method) + options_.batch - 1) / options_.batch;
  };
  int64_t total = 0;
  for (const MethodChoice& method : methods) total += batches_of(method);
  total *= static_cast<int64_t>(rows_.size() * options_.epsilons.size());
  int64_t done = 0;
  for (size_t row = 0; row < rows_.size(); ++row) {
    for (size_t e = 0; e < options_.epsilons.size(); ++e) {
      path.epsilon = options_.epsilons[e];
      EvaluationCase asked;
      asked.name = rows_[row].name;
      asked.problem = problem_of(rows_[row]);
      if (rows_[row].class_index >= 0)
        asked.recognised = recognised_by(models_.classifier, rows_[row].class_index, rows_[row].favored);
      PathEvaluator evaluator(std::move(asked), path, options_.frames);
      for (const MethodChoice& choice : methods) {
        EvaluatedSet set{rows_[row].name, choice.name, options_.epsilons[e], {}};
        const EvaluationMethod method = evaluation_method(choice.name);
        for (int64_t batch = 0; batch < batches_of(choice); ++batch, ++done) {
          const int64_t first = batch * options_.batch;
          const int64_t count = std::min(options_.batch, pairs_of(choice) - first);
          const std::string key = join_message(row, "-", e, "-", choice.name, "-", batch);
          auto paths = state != nullptr ? state->load(key, first, count) : std::nullopt;
          if (!paths) {
            const std::string stage = join_message(set.feature, ", ", choice.name);
            try {
              paths = evaluator.evaluate(
                  method, first, count,
                  [&](const Progress& p) {
                    progress({stage + ": " + p.stage, done, total, p.value});
                  },
                  interrupt_token());
            } catch (const Error& error) {
              if (error.kind() != ErrorKind::kInterrupted) throw;
              const std::string kept =
                  state == nullptr ? "nothing is saved without --out"
                  : done == 0
                      ? "no batch was finished yet, and nothing is saved"
                      : join_message(done, " of ", total, " batches are kept in ", state->folder().string(),
                                     ", and the same command with --resume goes on from there");
              throw Error(ErrorKind::kInterrupted, "interrupted: " + kept);
            }
            if (state != nullptr) state->store(key, *paths);
          }
          progress({join_message(set.feature, ", ", choice.name), done + 1, total, 0});
          std::move(paths->begin(), paths->end(), std::back_inserter(set.paths));
        }
        sets.push_back(std::move(set));
      }
    }
  }
  return sets;
}

void Evaluation::write(const std::filesystem::path& folder, const std::filesystem::path& target,
                       const std::vector<EvaluatedSet>& sets, const json& summary) const {
  write_file(folder / "table.csv", evaluation_csv(sets));
  write_file(folder / "paths.csv", evaluation_paths_csv(sets));
  write_file(folder / "frames.csv", evaluation_frames_csv(sets, options_.curves));
  std::vector<Tensor> ends;
  for (const FeatureRow& row : rows_) ends.push_back(at::stack({row.start, row.end}, 1));
  write_npy(folder / "ends.npy", at::stack(ends));
  std::filesystem::create_directory(folder / "frames");
  const size_t methods = options_.methods.size(), groups = sets.size() / methods;
  for (size_t group = 0; group < std::min(groups, kMostPictures); ++group) {
    std::vector<const EvaluatedSet*> members;
    for (size_t i = 0; i < methods; ++i) members.push_back(&sets[group * methods + i]);
    const std::string epsilon =
        options_.epsilons.size() > 1 ? join_message(", ε = ", sets[group * methods].epsilon) : std::string();
    write_picture(folder / "frames" / (group == 0 ? "steps" : join_message("steps-", group)),
                  draw_profiles(members, members[0]->feature + epsilon),
                  picture_formats(options_.picture_format));
  }
  const json settings = options_json(options_);
  json run{{"program", "latentpath"},
           {"version", kVersion},
           {"subcommand", "evaluate"},
           {"libtorch", TORCH_VERSION},
           {"options", settings},
           {"seed", options_.seed},
           {"threads", at::get_num_threads()},
           {"quality", problem_of(rows_[0]).quality->describe()},
           {"assumptions", models_.assumptions},
           {"warnings", models_.warnings},
           {"latent_dim", dim()},
           {"summary", summary}};
  write_file(folder / "run.json", run.dump(2) + "\n");
  json page = evaluation_page(sets);
  page["version"] = kVersion;
  page["settings"] = settings;
  page["warnings"] = models_.warnings;
  page["notes"] = models_.assumptions;
  for (const auto& [name, share] : shares_.items())
    page["notes"].push_back(join_message("class ", name, ": ", std::round(share.get<double>() * 1000) / 10,
                                         " % of 2048 prior samples have it"));
  std::vector<std::string> local = local_model_paths(options_);
  append(local, {prior_file(options_.prior), options_.pairs, options_.out, target.string()});
  write_report_data(folder, hide_paths(page, local));
  write_html_report(folder);
}

void Evaluation::run() {
  options_.methods = split(options_.methods);
  check_options(options_);
  Region::parse("--start-region", options_.start_region);
  Region::parse("--end-region", options_.end_region);
  if (options_.ends.empty())
    options_.ends =
        (options_.favor.empty() && options_.avoid.empty()) || is_npy(options_.pairs) ? "any" : "not";
  use_threads(options_.threads);
  const NoLibraryWarnings no_library_warnings;
  std::optional<GuardedRunFolder> folder;
  if (!options_.out.empty()) folder.emplace(options_.out, options_.overwrite);

  models_ = load_models(options_, options_.seed, [this]() -> int64_t {
    if (!is_npy(options_.pairs)) return -1;
    const Tensor pairs = read_npy(options_.pairs);
    return pairs.dim() > 0 ? pairs.size(-1) : -1;
  });
  if (const auto sentence = slow_blas()) models_.warnings.push_back(*sentence);
  prior_ = make_prior(options_.prior, models_.decoder->prior(), dim(), options_.seed);
  append(models_.assumptions, prior_->notes);
  make_rows();
  find_shares();
  std::optional<EvaluationState> state;
  if (folder) {
    state.emplace(folder->target(), fingerprint(), options_.resume, options_.overwrite);
    on_abandon().kept = join_message("the batches finished until then are in ", state->folder().string());
  }
  if (!options_.quiet && !options_.print_json)
    for (const auto& sentence : models_.assumptions) std::cerr << "note: " << sentence << "\n";
  if (!options_.quiet)
    for (const auto& sentence : models_.warnings) std::cerr << "warning: " << sentence << "\n";

  ProgressLine line("cost", options_.quiet || options_.print_json);
  const std::vector<EvaluatedSet> sets =
      evaluate(state ? &*state : nullptr, [&](const Progress& progress) { line(progress); });
  line.finish();
  json summary = evaluation_summary(sets);
  if (!shares_.empty()) summary["share_of_prior"] = shares_;
  if (!models_.warnings.empty()) summary["warnings"] = models_.warnings;
  if (folder) {
    write(folder->path(), folder->target(), sets, summary);
    folder->commit();
    state->remove();
  }
  if (options_.print_json) {
    std::cout << summary.dump(2) << "\n";
  } else {
    std::cout << evaluation_text(sets);
    if (folder) std::cout << "written to " << folder->target().string() << "\n";
  }
  check_standard_output();
  bool failed = true;
  for (const EvaluatedSet& set : sets)
    for (const EvaluatedPath& each : set.paths) failed = failed && each.failed;
  LATENTPATH_CHECK(!failed, kNumerical, "every path has NaN or infinity among its figures",
                   folder ? "; what was found is in " + folder->target().string() : std::string());
}

}  // namespace

void setup_evaluate(CLI::App& program) {
  auto options = std::make_shared<EvaluateOptions>();
  EvaluateOptions& o = *options;
  CLI::App* command =
      program.add_subcommand("evaluate", "A table over many pairs: methods by features, as in the papers");
  command->footer(
      "Examples:\n"
      "  latentpath evaluate --decoder mnist-dcgan-8 --classifier mnist-classifier --favor 8 --avoid 8 \\\n"
      "      --pairs 200 --methods linear,spherical,paper,ours --out runs/eights\n"
      "  latentpath evaluate --decoder mnist-dcgan-8 --prior normal --epsilon 0.001,0.01,0.1,0.25 --pairs "
      "20\n"
      "Exit codes: 0 done; 2 bad arguments; 3 bad input file; 4 numerical failure; 130 interrupted (finished "
      "batches are kept for --resume).");
  add_model_options(*command, o);

  const char* g = "What the paths should be like";
  command->add_option("--favor", o.favor, "A row of the table: pass through this class; repeatable")
      ->group(g)
      ->allow_extra_args(false);
  command->add_option("--avoid", o.avoid, "A row of the table: keep away from this class; repeatable")
      ->group(g)
      ->allow_extra_args(false);
  add_prior_options(*command, o.prior, g);
  command
      ->add_option("--ramp", o.ramp,
                   "on: nothing is asked at the ends, all in the middle; off: the same everywhere")
      ->capture_default_str()
      ->group(g);
  command
      ->add_option("--epsilon", o.epsilons,
                   "Regularisation of the quality; several make a row each: 0.01,0.1")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->capture_default_str()
      ->group(g);
  command
      ->add_option("--cost", o.cost,
                   "chord, dynamic, length; auto: dynamic with the ramp or for loops, else chord")
      ->capture_default_str()
      ->group(g);
  command
      ->add_option("--time-weight", o.time_weight,
                   "Weight of the time term (default: a typical squared image distance)")
      ->group(g);
  command->add_option("--norm", o.norm, "Squared image distance: sum over pixels or mean")
      ->capture_default_str()
      ->group(g);

  g = "End points";
  command
      ->add_option("--pairs", o.pairs, "How many pairs are drawn from the prior, or FILE.npy ([pairs, 2, D])")
      ->capture_default_str()
      ->group(g);
  command
      ->add_option(
          "--ends", o.ends,
          "Ends drawn: not (without the feature, default), opposite (without what is asked for), any")
      ->group(g);
  command->add_option("--start-region", o.start_region, "Only starts with such coordinates, like 0>4,1>5")
      ->group(g);
  command->add_option("--end-region", o.end_region, "Only ends with such coordinates, like 0>4,1<-5")
      ->group(g);

  g = "How paths are sought";
  command
      ->add_option(
          "--methods", o.methods,
          "Methods, separated by commas: linear, spherical, paper (Algorithm 1), paper2019, straight, ours; "
          "paper:20: of the first 20 "
          "pairs only")
      ->allow_extra_args(false)
      ->capture_default_str()
      ->group(g);
  command->add_option("--segments", o.segments, "Segments of a path")->capture_default_str()->group(g);
  command
      ->add_option("--max-iterations", o.max_iterations,
                   "Iterations (a level for ours); 0: 60, for paper 1000")
      ->capture_default_str()
      ->group(g);
  command
      ->add_option("--tolerance", o.tolerance,
                   "Stop when 3 iterations lower the cost by less than this share")
      ->capture_default_str()
      ->group(g);
  command->add_option("--learning-rate", o.learning_rate, "Of paper")->capture_default_str()->group(g);
  command
      ->add_option("--batch", o.batch, "Pairs that are sought together, and kept when a run is interrupted")
      ->capture_default_str()
      ->group(g);
  add_seed_and_threads(*command, o.seed, o.threads, g);

  g = "Output";
  command
      ->add_option("--out", o.out,
                   "Run folder: run.json, table.csv, paths.csv, frames.csv, ends.npy, report.html")
      ->group(g);
  command->add_option("--frames", o.frames, "Frames a path, evenly spaced in time, ends included")
      ->capture_default_str()
      ->group(g);
  command->add_option("--curves", o.curves, "Pairs of each row whose frames stand in frames.csv")
      ->capture_default_str()
      ->group(g);
  command->add_flag("--resume", o.resume, "Go on with an interrupted run of the same options")->group(g);
  command
      ->add_flag("--overwrite", o.overwrite,
                 "Replace an existing run folder, and what an interrupted run left")
      ->group(g);
  add_picture_format(*command, o.picture_format, g);
  add_quiet_and_json(*command, o.quiet, o.print_json, g);
  add_config_option(*command);
  command->callback([options] { Evaluation(*options).run(); });
}

}  // namespace latentpath::program
