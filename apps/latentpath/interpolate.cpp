// latentpath interpolate: a path, or a batch of paths, in a model's latent space.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/version.h>

#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "config_file.h"
#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/core/version.h"
#include "latentpath/io/file.h"
#include "latentpath/io/image.h"
#include "latentpath/io/npy.h"
#include "latentpath/models/input_adapter.h"
#include "latentpath/models/torchscript_metric.h"
#include "latentpath/numerics/roadmap.h"
#include "latentpath/path/certify_globally.h"
#include "latentpath/path/find_path.h"
#include "latentpath/path/measured_by.h"
#include "latentpath/path/points.h"
#include "latentpath/report/convergence_record.h"
#include "latentpath/report/html_report.h"
#include "latentpath/report/path_pictures.h"
#include "latentpath/report/path_report.h"
#include "latentpath/report/path_summary.h"
#include "latentpath/report/projection.h"
#include "latentpath/zoo/model_store.h"
#include "models_option.h"
#include "open_file.h"
#include "option_values.h"
#include "prior_option.h"
#include "program.h"
#include "progress_line.h"
#include "run_folder_guard.h"

namespace latentpath::program {
namespace {

using nlohmann::json;

/// Before there is any path, an interruption leaves nothing to save.
void check_interruption() {
  LATENTPATH_CHECK(!interrupt_token().cancelled(), kInterrupted,
                   "interrupted before there was a path; nothing is saved");
}

struct InterpolateOptions : ModelOptions {
  std::string encoder, metric;
  std::vector<std::string> favor, avoid;
  PriorOptions prior;
  std::string from, to, pairs_file;
  bool loop = false, any_endpoint = false, certify = false;

  std::string method = "auto", curve = "auto", init = "auto", cost = "auto", norm = "sum", ramp = "on";
  int64_t segments = 64, max_iterations = 0;
  double epsilon = 0.1, tolerance = 1e-3, learning_rate = 0, max_seconds = 0;
  std::optional<double> time_weight;

  int64_t frames = 12, strips = 16, report_frames = 0;
  std::string spacing = "time";

  int threads = 0;
  uint64_t seed = 0;

  std::string out;
  std::vector<std::string> picture_format{"png"};
  bool overwrite = false, quiet = false, print_json = false, open = false;
};

/// End points as the user names them: a file, a seed, a class, a picture, or the numbers themselves.
class EndPoints {
 public:
  EndPoints(const InterpolateOptions& options, Models& models, const Density& prior)
      : options_(options), models_(models), prior_(prior) {}

  /// The latent size, where the end points alone tell it; −1 otherwise.
  static int64_t latent_dim_of(const InterpolateOptions& options) {
    for (const std::string& spec : {options.pairs_file, options.from, options.to}) {
      if (spec.empty()) continue;
      if (is_npy(spec)) {
        const Tensor array = read_npy(spec);
        if (array.dim() >= 1) return array.size(-1);
      } else if (is_literal(spec)) {
        return static_cast<int64_t>(parse_numbers("--from", spec).size());
      }
    }
    return -1;
  }

  /// start and end, [pairs, D] each.
  std::pair<Tensor, Tensor> read() {
    const int64_t dim = models_.decoder->latent_dim();
    if (!options_.pairs_file.empty()) {
      LATENTPATH_CHECK(options_.from.empty() && options_.to.empty() && !options_.loop, kArgument,
                       "--pairs already holds both ends: --from, --to and --loop cannot be given with it");
      const Tensor pairs = floating(read_npy(options_.pairs_file), options_.pairs_file);
      LATENTPATH_CHECK(pairs.dim() == 3 && pairs.size(0) >= 1 && pairs.size(1) == 2 && pairs.size(2) == dim,
                       kInput, options_.pairs_file, " must have the shape [pairs, 2, ", dim,
                       "] for this decoder, not ", shape_string(pairs.sizes()));
      return {pairs.select(1, 0).contiguous(), pairs.select(1, 1).contiguous()};
    }
    LATENTPATH_CHECK(!options_.from.empty(), kArgument,
                     "an end point is missing: give --from and --to, --from and --loop, or --pairs");
    LATENTPATH_CHECK(options_.loop || !options_.to.empty(), kArgument,
                     "--to is missing: give the other end, or --loop to return to --from");
    LATENTPATH_CHECK(!options_.loop || options_.to.empty(), kArgument,
                     "--loop returns to --from: --to cannot be given with it");
    Tensor start = point("--from", options_.from, 0);
    Tensor end = options_.loop ? start.clone() : point("--to", options_.to, 1);
    if (start.size(0) == 1 && end.size(0) > 1) start = start.expand_as(end).contiguous();
    if (end.size(0) == 1 && start.size(0) > 1) end = end.expand_as(start).contiguous();
    LATENTPATH_CHECK(start.size(0) == end.size(0), kInput, "--from has ", start.size(0),
                     " points and --to has ", end.size(0), "; they must be as many, or one of them 1");
    const auto type = at::promote_types(start.scalar_type(), end.scalar_type());
    return {start.to(type), end.to(type)};
  }

 private:
  static bool is_npy(const std::string& spec) {
    return spec.size() > 4 && spec.substr(spec.size() - 4) == ".npy";
  }
  static bool is_literal(const std::string& spec) {
    return spec.find_first_not_of("0123456789+-.eE, ") == std::string::npos &&
           spec.find_first_of("0123456789") != std::string::npos;
  }

  Tensor floating(const Tensor& array, const std::string& file) const {
    LATENTPATH_CHECK(at::isFloatingType(array.scalar_type()), kInput, file,
                     " must hold float32 or float64 numbers");
    LATENTPATH_CHECK(at::isfinite(array).all().item<bool>(), kInput, file, " holds NaN or infinite numbers");
    return options_.dtype.empty() ? array : array.to(options_.dtype == "float64" ? at::kDouble : at::kFloat);
  }
  at::ScalarType dtype() const {
    const std::string name = options_.dtype.empty() ? models_.decoder->dtype() : options_.dtype;
    return name == "float64" ? at::kDouble : at::kFloat;
  }

  Tensor point(const char* option, const std::string& spec, uint64_t which) {
    const int64_t dim = models_.decoder->latent_dim();
    const auto after = [&](const char* prefix) -> std::optional<std::string> {
      const std::string text(prefix);
      if (spec.rfind(text, 0) != 0) return std::nullopt;
      return spec.substr(text.size());
    };
    if (const auto seed = after("seed:")) {
      LATENTPATH_CHECK(
          !seed->empty() && seed->find_first_not_of("0123456789") == std::string::npos && seed->size() < 19,
          kArgument, option, " ", spec, ": a seed is a whole number, 0 or more");
      auto generator = make_generator(std::stoull(*seed));
      return prior_.sample(1, generator).to(dtype());
    }
    if (const auto name = after("class:")) return sample_of_class(option, *name, which);
    if (const auto file = after("image:")) return encode(option, *file);
    if (is_npy(spec)) {
      Tensor array = floating(read_npy(spec), spec);
      if (array.dim() == 1) array = array.unsqueeze(0);
      LATENTPATH_CHECK(array.dim() == 2 && array.size(0) >= 1 && array.size(1) == dim, kInput, spec,
                       " must have the shape [", dim, "] or [pairs, ", dim, "] for this decoder, not ",
                       shape_string(array.sizes()));
      return array;
    }
    if (is_literal(spec)) {
      const auto numbers = parse_numbers(option, spec);
      LATENTPATH_CHECK(static_cast<int64_t>(numbers.size()) == dim, kArgument, option, " has ",
                       numbers.size(), " numbers; the decoder's latent size is ", dim);
      return at::tensor(numbers, at::kDouble).to(dtype()).unsqueeze(0);
    }
    throw Error(ErrorKind::kArgument,
                join_message(option, " '", spec,
                             "' is none of FILE.npy, seed:N, class:C, image:FILE, or numbers like "
                             "0.5,-1.2"));
  }

  /// A prior sample that the classifier gives the class with probability 0.9 or more; where there is none,
  /// the best one, provided that the class is what the classifier would say there.
  Tensor sample_of_class(const char* option, const std::string& name, uint64_t which) {
    LATENTPATH_CHECK(models_.classifier != nullptr, kArgument, option, " class:", name,
                     " needs a --classifier");
    const Classifier& classifier = *models_.classifier;
    const int64_t wanted = classifier.class_index(name);
    auto generator = make_generator(options_.seed * 2 + which + 1);
    const at::NoGradGuard no_gradient;
    double best = -1;
    bool likeliest = false;
    Tensor best_point;
    const int64_t most = 32768, batch = 256;
    for (int64_t drawn = 0; drawn < most; drawn += batch) {
      check_interruption();
      const Tensor z = prior_.sample(batch, generator).to(dtype());
      const Tensor all = classifier.probabilities(classifier.takes_latent() ? z : (*models_.decoder)(z));
      const Tensor p = all.select(1, wanted);
      const auto good = (p >= 0.9).nonzero();
      if (good.size(0) > 0) return z.narrow(0, good[0][0].item<int64_t>(), 1).clone();
      const int64_t row = p.argmax().item<int64_t>();
      if (p[row].item<double>() <= best) continue;
      best = p[row].item<double>();
      likeliest = classifier.exclusive() ? all[row].argmax().item<int64_t>() == wanted : best >= 0.5;
      best_point = z.narrow(0, row, 1).clone();
    }
    LATENTPATH_CHECK(likeliest, kNumerical, option, " class:", name, ": none of ", most,
                     " prior samples is of this class (the best has a probability of ", best, ")");
    models_.warnings.push_back(join_message(option, " class:", name, ": none of ", most,
                                            " prior samples reaches a probability of 0.9; the one taken has ",
                                            best));
    return best_point;
  }

  /// The latent of a picture: the encoder's, fed in the format that its file states.
  Tensor encode(const char* option, const std::string& file) const {
    LATENTPATH_CHECK(models_.encoder != nullptr, kArgument, option, " image:", file,
                     " needs an --encoder that belongs to the decoder");
    const at::NoGradGuard no_gradient;
    const Tensor picture = read_image(file).permute({2, 0, 1}).to(at::kFloat).div(255).unsqueeze(0);
    ImageFormat from{ValueRange{0, 1}, {}, {}, picture.sizes().slice(1).vec()}, to;
    to.range = models_.encoder->range_attribute("input_range");
    if (const auto shape = models_.encoder->numbers_attribute("input_shape"))
      for (const double extent : *shape) to.shape.push_back(static_cast<int64_t>(extent));
    const Tensor code = models_.encoder->forward(InputAdapter(from, to)(picture));
    LATENTPATH_CHECK(code.dim() == 2 && code.size(1) == models_.decoder->latent_dim(), kInput, "the encoder ",
                     models_.encoder->file().string(), " gives ", shape_string(code.sizes()),
                     "; the decoder's latent size is ", models_.decoder->latent_dim());
    return code.to(dtype());
  }

  const InterpolateOptions& options_;
  Models& models_;
  const Density& prior_;  // what seed:N and class:C draw from
};

/// What --certify cannot do is refused before any path is sought.
void check_certifiable(const PathProblem& problem, const InterpolateOptions& options) {
  const int64_t dim = problem.start.size(1);
  LATENTPATH_CHECK(dim <= 3, kArgument, "--certify works for latent sizes up to 3; the decoder's is ", dim);
  LATENTPATH_CHECK(!problem.quality->depends_on_time(), kArgument,
                   "--certify needs a quality that is the same at all times: --ramp off");
  LATENTPATH_CHECK(options.cost == "auto" || options.cost == "chord", kArgument,
                   "--certify needs a cost without a time term: --cost chord, not ", options.cost);
  LATENTPATH_CHECK((problem.start != problem.end).any(1).all().item<bool>(), kArgument,
                   "--certify needs ends that differ: a loop's shortest path is to stay");
}

/// Where --certify looks for shorter paths: everywhere that the prior leads to.
EikonalDistanceOptions certificate_options(const PathProblem& problem, bool normal) {
  const int64_t dim = problem.start.size(1);
  EikonalDistanceOptions marching;
  marching.coarsest = dim == 2 ? 81 : 25;
  marching.tolerance = 2e-3;
  marching.most_nodes = 160'000;
  if (!normal) return marching;
  const double ends =
      std::max(problem.start.abs().max().item<double>(), problem.end.abs().max().item<double>());
  marching.box.lower.assign(static_cast<size_t>(dim), -std::max(3.0, 1.2 * ends));
  marching.box.upper.assign(static_cast<size_t>(dim), std::max(3.0, 1.2 * ends));
  return marching;
}

/// Everything that can be refused before a file is read.
void check_options(const InterpolateOptions& options) {
  check_model_options(options);
  LATENTPATH_CHECK(options.epsilon >= 0 && options.epsilon < 0.5, kArgument,
                   "--epsilon must satisfy 0 <= epsilon < 0.5, not ", options.epsilon);
  check_choice("--ramp", options.ramp, {"on", "off"});
  check_choice("--spacing", options.spacing, {"time", "arc"});
  check_choice("--norm", options.norm, {"sum", "mean"});
  LATENTPATH_CHECK(
      options.metric.empty() || options.norm == "sum", kArgument,
      "--metric measures lengths by itself: --norm mean, a mean over image coordinates, cannot be given "
      "with it");
  check_prior_options(options.prior);
  check_choice("--method", options.method, solver_method_names({"auto", "paper", "paper2019"}));
  check_choice("--curve", options.curve, {"auto", "polyline", "neural"});
  check_choice("--init", options.init, {"auto", "linear", "spherical", "via", "graph"});
  check_choice("--cost", options.cost, {"auto", "chord", "dynamic", "length", "endpoint-mean"});
  LATENTPATH_CHECK(options.segments >= 1 && options.segments <= 100000, kArgument,
                   "--segments must lie between 1 and 100000, not at ", options.segments);
  LATENTPATH_CHECK(options.frames >= 2 && options.frames <= 1000, kArgument,
                   "--frames must lie between 2 and 1000, not at ", options.frames);
  LATENTPATH_CHECK(options.report_frames >= 0 && options.report_frames <= 129, kArgument,
                   "--report-frames must lie between 1 and 129, or be 0, not ", options.report_frames);
  LATENTPATH_CHECK(!options.open || !options.out.empty(), kArgument,
                   "--open shows the report of a run folder: it needs --out");
  LATENTPATH_CHECK(options.max_iterations >= 0, kArgument, "--max-iterations must not be negative");
  LATENTPATH_CHECK(options.threads >= 0 && options.threads <= 1024, kArgument,
                   "--threads must lie between 1 and 1024, or be 0 for all, not ", options.threads);
  LATENTPATH_CHECK(options.tolerance >= 0, kArgument, "--tolerance must not be negative, and is ",
                   options.tolerance);
  LATENTPATH_CHECK(options.learning_rate >= 0, kArgument, "--learning-rate must not be negative, and is ",
                   options.learning_rate);
  LATENTPATH_CHECK(options.max_seconds >= 0, kArgument, "--max-seconds must not be negative, and is ",
                   options.max_seconds);
  LATENTPATH_CHECK(!options.time_weight || *options.time_weight >= 0, kArgument,
                   "--time-weight must not be negative, and is ", options.time_weight.value_or(0));
  LATENTPATH_CHECK(options.strips >= 0, kArgument, "--strips must not be negative, and is ", options.strips);
  LATENTPATH_CHECK((options.favor.empty() && options.avoid.empty()) || !options.classifier.empty(), kArgument,
                   "--favor and --avoid need a --classifier");
}

/// The encoder for image:FILE ends; a shipped decoder's own stands beside it.
void load_encoder(const InterpolateOptions& options, Models& models) {
  const auto folders = model_folders();
  std::string encoder = options.encoder;
  const bool picture = options.from.rfind("image:", 0) == 0 || options.to.rfind("image:", 0) == 0;
  if (encoder.empty() && picture) {
    auto beside = find_model(options.decoder, folders);
    beside.replace_filename(beside.stem().string() + "-encoder.pt");
    if (std::filesystem::exists(beside)) encoder = beside.string();
  }
  if (!encoder.empty())
    models.encoder = std::make_shared<TorchScriptModule>(find_model(encoder, folders), "encoder",
                                                         options.dtype, options.device);
}

json options_json(const InterpolateOptions& o) {
  json object{{"segments", o.segments},
              {"epsilon", o.epsilon},
              {"method", o.method},
              {"curve", o.curve},
              {"init", o.init},
              {"certify", o.certify},
              {"cost", o.cost},
              {"norm", o.norm},
              {"ramp", o.ramp},
              {"frames", o.frames},
              {"spacing", o.spacing},
              {"picture-format", o.picture_format},
              {"tolerance", o.tolerance},
              {"seed", o.seed},
              {"loop", o.loop},
              {"learning-rate", o.learning_rate},
              {"max-iterations", o.max_iterations},
              {"max-seconds", o.max_seconds},
              {"favor", o.favor},
              {"avoid", o.avoid},
              {"threads", at::get_num_threads()}};
  add_prior_json(object, o.prior);
  add_model_settings(object, o);
  add_texts(object, {{"encoder", &o.encoder},
                     {"metric", &o.metric},
                     {"from", &o.from},
                     {"to", &o.to},
                     {"pairs", &o.pairs_file}});
  if (o.time_weight) object["time-weight"] = *o.time_weight;
  return object;
}

void run_interpolate(InterpolateOptions& options) {
  if (options.method == "paper") options.method = "adam";
  check_options(options);
  use_threads(options.threads);
  const NoLibraryWarnings no_library_warnings;
  std::optional<GuardedRunFolder> folder;
  if (!options.out.empty()) folder.emplace(options.out, options.overwrite);

  Models models =
      load_models(options, options.seed, [&options] { return EndPoints::latent_dim_of(options); });
  load_encoder(options, models);
  check_interruption();
  if (const auto sentence = slow_blas()) models.warnings.push_back(*sentence);
  const int64_t dim = models.decoder->latent_dim();

  // The quality: feature (with its ramp) times prior.
  PathProblem problem;
  problem.embedding = models.decoder;
  std::string shown;
  if (!options.favor.empty() || !options.avoid.empty()) {
    Feature feature = make_feature(models.classifier, options.favor, options.avoid);
    problem.feature = std::move(feature.quality);
    shown = std::move(feature.name);
  }
  const Prior prior = make_prior(options.prior, models.decoder->prior(), dim, options.seed);
  append(models.assumptions, prior.notes);
  problem.quality = path_quality(problem.feature, options.ramp == "on", prior);
  // A classifier of latents draws its via points from where latents usually are, as one of images does.
  problem.prior = prior.sampler();
  if (!problem.prior && problem.feature) problem.prior = normal_sampler(dim);

  EndPoints end_points(options, models, *prior.end_points);
  std::tie(problem.start, problem.end) = end_points.read();
  if (!options.any_endpoint) {
    check_end_points(prior, problem.start, options.pairs_file.empty() ? "--from" : "--pairs");
    check_end_points(prior, problem.end, options.pairs_file.empty() ? "--to" : "--pairs");
  }

  PathOptions path;
  path.segments = options.segments;
  path.epsilon = options.epsilon;
  path.cost = options.cost;
  path.time_weight = options.time_weight;
  path.norm = options.norm == "mean" ? OutputNorm::kMean : OutputNorm::kSum;
  path.method = options.method;
  path.curve = options.curve;
  path.init = options.init;
  path.max_iterations = options.max_iterations;
  path.tolerance = options.tolerance;
  if (options.learning_rate > 0) path.learning_rate = options.learning_rate;
  path.max_seconds = options.max_seconds;
  path.seed = options.seed;

  if (!options.quiet && !options.print_json) {
    for (const auto& sentence : models.assumptions) std::cerr << "note: " << sentence << "\n";
  }
  if (!options.quiet)
    for (const auto& sentence : models.warnings) std::cerr << "warning: " << sentence << "\n";

  check_interruption();
  if (options.certify) check_certifiable(problem, options);
  // Pictures and answers look at the decoder; the search measures lengths by the metric where one is given.
  const PathProblem measured =
      options.metric.empty() ? problem : measured_by(problem, load_metric(options.metric, dim));
  ProgressLine line("cost", options.quiet || options.print_json);
  ConvergenceRecord convergence;
  const auto progress = [&](const Progress& p) {
    line(p);
    convergence.progress(p);
  };
  if (folder) path.snapshot = [&](const PathSnapshot& snapshot) { convergence.snapshot(snapshot); };
  PathResult result = find_path(measured, path, progress, interrupt_token());
  std::vector<GlobalCertificate> certificates;
  if (options.certify && !interrupt_token().cancelled())
    certificates = certify_and_improve(measured, path, result, certificate_options(problem, prior.normal),
                                       progress, interrupt_token());
  const bool cut_short = interrupt_token().cancelled();
  line.finish();
  if (!options.quiet)
    for (const auto& sentence : result.warnings) std::cerr << "warning: " << sentence << "\n";
  append(result.warnings, models.warnings);
  json summary = path_summary(result);
  for (size_t pair = 0; pair < certificates.size(); ++pair)
    summary["pairs"][pair]["path"]["global_certificate"] = {
        {"reference_length", certificates[pair].reference},
        {"reference_error", certificates[pair].reference_error},
        {"gap", certificates[pair].gap},
        {"evaluations", certificates[pair].marching.evaluations()},
        {"sentence", certificates[pair].sentence}};

  if (folder) {
    write_npy(folder->path() / "path.npy", result.nodes);
    write_npy(folder->path() / "times.npy", result.times);
    std::filesystem::create_directory(folder->path() / "frames");
    const PictureFormats formats = picture_formats(options.picture_format);
    PictureOptions pictures;
    pictures.frames = options.frames;
    pictures.by_arc_length = options.spacing == "arc";
    pictures.output_range = models.decoder->output_range();
    pictures.feature_name = shown;
    const bool images = decodes_images(*models.decoder, dim);
    const int64_t strips = std::min(result.nodes.size(0), options.strips);
    PathReportOptions report;
    if (dim == 2) report.plane = evaluate_path_plane(problem, result, prior.normal);
    for (int64_t pair = 0; pair < strips; ++pair) {
      if (pair > 0 && interrupt_token().cancelled()) break;  // the first pair's pictures belong to every run
      const std::string suffix = pair == 0 ? "" : "-" + std::to_string(pair);
      line({"drawing", pair, strips, 0});
      if (images)
        write_picture(folder->path() / "frames" / ("strip" + suffix),
                      draw_path_strip(problem, result, pair, pictures), formats);
      if (pair < static_cast<int64_t>(certificates.size()))
        pictures.reference = tensor_of_points(certificates[static_cast<size_t>(pair)].marching.path);
      if (dim == 2)
        write_picture(folder->path() / "frames" / ("latent" + suffix),
                      draw_path_plane(problem, result, pair, *report.plane, prior.normal, pictures), formats);
      if (dim > 2 && prior.density)
        write_picture(folder->path() / "frames" / ("projection" + suffix),
                      draw_path_projection(problem, result, pair, *prior.density, *prior.rank, options.seed),
                      formats);
    }
    json run{{"program", "latentpath"},
             {"version", kVersion},
             {"subcommand", "interpolate"},
             {"libtorch", TORCH_VERSION},
             {"options", options_json(options)},
             {"seed", options.seed},
             {"threads", at::get_num_threads()},
             {"quality", problem.quality->describe()},
             {"assumptions", models.assumptions},
             {"warnings", summary.value("warnings", json::array())},
             {"interrupted", interrupt_token().cancelled()},
             {"latent_dim", dim},
             {"summary", summary}};
    if (!shown.empty()) run["feature"] = shown;
    write_file(folder->path() / "run.json", run.dump(2) + "\n");
    report.frames = options.report_frames;
    report.output_range = pictures.output_range;
    report.feature_name = shown;
    report.normal_prior = prior.normal;
    report.prior_rank = prior.rank;
    report.norm = path.norm;
    report.seed = options.seed;
    // Nothing of this machine belongs into a page that is passed on.
    std::vector<std::string> local = local_model_paths(options);
    append(local,
           {options.encoder, options.metric, options.pairs_file, folder->target().string(), options.out});
    for (const std::string& spec : {options.from, options.to})
      local.push_back(spec.rfind("image:", 0) == 0 ? spec.substr(6) : spec);
    local.push_back(prior_file(options.prior));
    for (const auto& searched : model_folders())
      local.push_back((searched / (options.encoder + ".pt")).string());
    const json shareable = hide_paths({{"version", kVersion},
                                       {"settings", run["options"]},
                                       {"warnings", run["warnings"]},
                                       {"notes", run["assumptions"]},
                                       {"convergence", convergence.json()}},
                                      local);
    write_path_report(folder->path(), problem, result, report, shareable, progress, interrupt_token());
    write_html_report(folder->path());
    folder->commit();
  }
  line.finish();
  if (options.print_json) {
    std::cout << summary.dump(2) << "\n";
  } else {
    std::cout << result.brief_report();
    for (size_t pair = 0; pair < certificates.size(); ++pair)
      std::cout << (certificates.size() > 1 ? "pair " + std::to_string(pair) + ": " : "")
                << certificates[pair].sentence << "\n";
    if (folder) std::cout << "written to " << folder->target().string() << "\n";
  }
  std::cout.flush();
  if (options.open) open_file(folder->target() / "report.html");
  check_standard_output();
  LATENTPATH_CHECK(!interrupt_token().cancelled(), kInterrupted, "interrupted",
                   cut_short ? ": the paths are the best ones reached until then"
                             : " after the search: the paths are complete, pictures may be missing",
                   folder ? "; they are in " + folder->target().string() : std::string());
  bool failed = true;
  for (const Termination why : result.termination) failed = failed && why == Termination::kNumericalFailure;
  LATENTPATH_CHECK(!failed, kNumerical, "the cost is NaN or infinite on every path",
                   folder ? "; what was found is in " + folder->target().string() : std::string());
}

}  // namespace

void setup_interpolate(CLI::App& program) {
  auto options = std::make_shared<InterpolateOptions>();
  InterpolateOptions& o = *options;
  CLI::App* command =
      program.add_subcommand("interpolate", "A path, or a batch of paths, in a model's latent space");
  command->footer(
      "Examples:\n"
      "  latentpath interpolate --decoder mnist-dcgan-2 --classifier mnist-classifier --favor 8 \\\n"
      "      --from seed:23 --to seed:30 --out runs/eights\n"
      "  latentpath interpolate --decoder my.pt --prior normal --pairs pairs.npy --out runs/mine\n"
      "Exit codes: 0 done; 2 bad arguments; 3 bad input file; 4 numerical failure; 130 interrupted (what was "
      "done is saved).");
  add_model_options(*command, o);
  command
      ->add_option("--encoder", o.encoder, "Encoder for image:FILE ends (default: the shipped decoder's own)")
      ->group("Models");

  const char* g = "End points";
  command
      ->add_option("--from", o.from,
                   "Start: FILE.npy ([D] or [pairs, D]), seed:N, class:C, image:FILE, or 1.0,2.0,...")
      ->group(g);
  command->add_option("--to", o.to, "End, likewise")->group(g);
  command->add_option("--pairs", o.pairs_file, "Both ends of many paths: FILE.npy of shape [pairs, 2, D]")
      ->group(g);
  command->add_flag("--loop", o.loop, "Return to --from")->group(g);
  command->add_flag("--any-endpoint", o.any_endpoint, "Allow ends far outside the prior")->group(g);

  g = "What the path should be like";
  command->add_option("--favor", o.favor, "Class (number or name) to pass through; repeatable")
      ->group(g)
      ->allow_extra_args(false);
  command->add_option("--avoid", o.avoid, "Class to keep away from; repeatable")
      ->group(g)
      ->allow_extra_args(false);
  add_prior_options(*command, o.prior, g);
  command
      ->add_option("--ramp", o.ramp,
                   "on: nothing is asked of the ends, all in the middle; off: the same everywhere")
      ->capture_default_str()
      ->group(g);
  command->add_option("--epsilon", o.epsilon, "Regularisation of the quality, 0 <= epsilon < 0.5")
      ->capture_default_str()
      ->group(g);
  command
      ->add_option(
          "--cost", o.cost,
          "chord, dynamic, length, endpoint-mean; auto: dynamic with the ramp or for loops, else chord")
      ->capture_default_str()
      ->group(g);
  command
      ->add_option(
          "--time-weight", o.time_weight,
          "Weight of the time term of dynamic and length costs (default: a typical squared image distance)")
      ->group(g);
  command->add_option("--norm", o.norm, "Squared image distance: sum over pixels or mean")
      ->capture_default_str()
      ->group(g);
  command
      ->add_option(
          "--metric", o.metric,
          "Measure lengths by a metric of the latent space instead of image distances: TorchScript FILE, "
          "G(z) [n, D] -> [n, D, D], symmetric positive definite")
      ->group(g);

  g = "How it is sought";
  command
      ->add_option(
          "--method", o.method,
          "auto (lbfgs), lbfgs, newton, gauss-newton, newton-cg, georce (these four end the search at a "
          "stationary point, with a certificate), adam, sgd, paper (Algorithm 1: adam on a neural "
          "curve), paper2019 (gradient descent on the nodes of a polyline, endpoint-mean cost)")
      ->capture_default_str()
      ->group(g);
  command->add_option("--curve", o.curve, "auto, polyline, neural")->capture_default_str()->group(g);
  command
      ->add_option("--init", o.init,
                   "First path: auto (several, the best is kept), linear, spherical, via, graph")
      ->capture_default_str()
      ->group(g);
  command->add_option("--segments", o.segments, "Segments of the path")->capture_default_str()->group(g);
  command
      ->add_option("--max-iterations", o.max_iterations,
                   "Iterations (a level for lbfgs); 0: 60 for lbfgs, 1000 otherwise")
      ->capture_default_str()
      ->group(g);
  command->add_option("--max-seconds", o.max_seconds, "Time limit; 0: none")->capture_default_str()->group(g);
  command
      ->add_option("--tolerance", o.tolerance,
                   "Stop when 3 iterations lower the cost by less than this share")
      ->capture_default_str()
      ->group(g);
  command
      ->add_option("--learning-rate", o.learning_rate,
                   "Of adam and sgd; 0: 1e-3, for paper2019 what its straight line allows")
      ->capture_default_str()
      ->group(g);
  command
      ->add_flag("--certify", o.certify,
                 "Compare with the globally shortest path by fast marching (latent size up to 3, --ramp off)")
      ->group(g);
  add_seed_and_threads(*command, o.seed, o.threads, g);

  g = "Output";
  command->add_option("--out", o.out, "Run folder: run.json, path.npy, times.npy, frames/, report.html")
      ->group(g);
  command->add_flag("--overwrite", o.overwrite, "Replace an existing run folder")->group(g);
  command->add_option("--frames", o.frames, "Frames of each strip")->capture_default_str()->group(g);
  command
      ->add_option("--spacing", o.spacing,
                   "Frames evenly spaced in time, or by arc length in image space: time, arc")
      ->capture_default_str()
      ->group(g);
  command->add_option("--strips", o.strips, "Pairs that get pictures, at most")
      ->capture_default_str()
      ->group(g);
  command
      ->add_option("--report-frames", o.report_frames,
                   "Frames of each curve in report.html; 0: as many as suit the number of pairs")
      ->capture_default_str()
      ->group(g);
  add_picture_format(*command, o.picture_format, g);
  command->add_flag("--open", o.open, "Open report.html when it is written")->group(g);
  add_quiet_and_json(*command, o.quiet, o.print_json, g);
  add_config_option(*command);
  command->callback([options] { run_interpolate(*options); });
}

}  // namespace latentpath::program
