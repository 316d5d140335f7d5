// latentpath measures: a path between two samples.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/version.h>

#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

#include "config_file.h"
#include "latentpath/core/error.h"
#include "latentpath/core/version.h"
#include "latentpath/io/csv.h"
#include "latentpath/io/file.h"
#include "latentpath/io/npy.h"
#include "latentpath/measure/interpolate_measures.h"
#include "latentpath/models/torchscript_module.h"
#include "latentpath/report/html_report.h"
#include "latentpath/report/measure_report.h"
#include "option_values.h"
#include "program.h"
#include "progress_line.h"
#include "run_folder_guard.h"

namespace latentpath::program {
namespace {

using nlohmann::json;

struct MeasuresOptions {
  std::string from, to, from_weights, to_weights, quality;
  int example = 0;
  int64_t points = 100;

  std::string kernel = "gaussian";
  std::vector<double> widths, gammas;
  std::optional<double> c;

  std::string method = "mmd", start = "auto", curve = "polyline";
  int64_t steps = 10, harmonics = 3, max_iterations = 0, features = 4096;
  double epsilon = 0.1, tolerance = 1e-4, learning_rate = 1e-3, max_seconds = 0, blur = 0;
  uint64_t seed = 0;
  int threads = 0;

  std::string out;
  int64_t frames = 11;
  std::vector<std::string> picture_format{"png"};
  bool overwrite = false, quiet = false, print_json = false;
};

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

Tensor read_numbers(const std::string& file) {
  if (!ends_with(file, ".npy")) return read_csv(file);
  const Tensor array = read_npy(file);
  LATENTPATH_CHECK(!array.is_complex() && array.scalar_type() != at::kBool, kInput, file,
                   " must hold numbers");
  const Tensor numbers = array.to(at::kDouble);
  LATENTPATH_CHECK(at::isfinite(numbers).all().item<bool>(), kInput, file, " holds NaN or infinite numbers");
  return numbers;
}

/// [points, dimension].
Tensor read_sample(const std::string& file) {
  Tensor sample = read_numbers(file);
  if (sample.dim() == 1) sample = sample.unsqueeze(1);  // numbers on a line
  LATENTPATH_CHECK(sample.dim() == 2 && sample.numel() > 0, kInput, file,
                   " must have the shape [points, dimension], with at least one point, not ",
                   shape_string(sample.sizes()));
  return sample;
}

Tensor read_weights(const std::string& file, const Tensor& sample, const std::string& of) {
  const Tensor weights = read_numbers(file);
  LATENTPATH_CHECK(weights.numel() == sample.size(0) && (weights.dim() == 1 || weights.size(1) == 1), kInput,
                   file, " must hold one weight for each of the ", sample.size(0), " points of ", of,
                   ", and has the shape ", shape_string(weights.sizes()));
  LATENTPATH_CHECK((weights >= 0).all().item<bool>() && weights.sum().item<double>() > 0, kInput, file,
                   ": weights must not be negative, and not all 0");
  return weights.flatten();
}

RadialKernel chosen_kernel(const MeasuresOptions& o, const MeasureProblem& problem) {
  LATENTPATH_CHECK((o.widths.empty() ? 0 : 1) + (o.gammas.empty() ? 0 : 1) + (o.c ? 1 : 0) <= 1, kArgument,
                   "--width, --gamma and --c say the same thing in different units: give one of them");
  LATENTPATH_CHECK(o.gammas.empty() || o.kernel == "gaussian", kArgument,
                   "--gamma belongs to the gaussian kernel, not to ", o.kernel);
  LATENTPATH_CHECK(!o.c || o.kernel == "imq", kArgument, "--c belongs to the kernel imq, not to ", o.kernel);
  if (!o.gammas.empty()) return RadialKernel::gaussian(o.gammas);
  if (o.c) return RadialKernel::inverse_multiquadric(*o.c);
  if (!o.widths.empty() || o.kernel == "energy" || o.kernel == "linear")
    return RadialKernel::by_name(o.kernel, o.widths);
  if (o.example > 0 && o.kernel == "gaussian") return RadialKernel::gaussian({0.125});  // the papers'
  const Tensor x = problem.start.contiguous(), y = problem.end.contiguous();
  const auto view = [](const Tensor& t) {
    return SampleView{{t.data_ptr<double>(), static_cast<size_t>(t.numel())}, t.size(1)};
  };
  return RadialKernel::by_name(o.kernel, {median_distance(view(x), view(y))});
}

/// A TorchScript quality of points, [n, d] → [n] or [n, 1] with values in [0, 1].
QualityPointer load_quality(const std::string& file, int64_t dim) {
  auto module = std::make_shared<TorchScriptModule>(file, "quality", "", "cpu");
  const auto evaluate = [module, file](const Tensor& points) {
    const Tensor q = module->forward(points);
    LATENTPATH_CHECK(q.numel() == points.size(0) && q.size(0) == points.size(0), kInput, file, " gives ",
                     shape_string(q.sizes()), " for ", points.size(0),
                     " points; a quality gives one number for each");
    return q.flatten().to(at::kDouble);
  };
  const at::NoGradGuard no_gradient;
  const Tensor probe = evaluate(at::zeros({3, dim}, at::kDouble));
  LATENTPATH_CHECK(probe.isfinite().all().item<bool>() && (probe >= 0).all().item<bool>() &&
                       (probe <= 1).all().item<bool>(),
                   kInput, file, " gives ", probe[0].item<double>(),
                   " at the origin; a quality lies between 0 and 1");
  return function_quality(
      [evaluate, file](const Tensor& points) {
        const Tensor q = evaluate(points);
        const Tensor low = q.detach().min(), high = q.detach().max();
        LATENTPATH_CHECK(low.item<double>() >= -1e-6 && high.item<double>() <= 1 + 1e-6, kInput, file,
                         " gives values from ", low.item<double>(), " to ", high.item<double>(),
                         "; a quality lies between 0 and 1");
        return q.clamp(0, 1);
      },
      file);
}

void check_options(const MeasuresOptions& o) {
  check_choice("--method", o.method, {"mmd", "mixture", "displacement"});
  check_choice("--start", o.start, {"auto", "straight", "matched", "random", "smooth"});
  check_choice("--curve", o.curve, {"polyline", "neural"});
  check_choice("--kernel", o.kernel, {"gaussian", "imq", "laplace", "energy", "linear"});
  LATENTPATH_CHECK(o.example == 0 || (o.from.empty() && o.to.empty()), kArgument,
                   "--example brings its own samples: --from and --to cannot be given with it");
  LATENTPATH_CHECK(o.example >= 0 && o.example <= 3, kArgument, "--example must be 1, 2 or 3, not ",
                   o.example);
  LATENTPATH_CHECK(o.example > 0 || !o.from.empty(), kArgument,
                   "a sample is missing: give --from and --to (FILE.csv or FILE.npy), or --example");
  LATENTPATH_CHECK(o.example > 0 || !o.to.empty(), kArgument,
                   "--to is missing: give the sample at the end of the path");
  LATENTPATH_CHECK(o.points >= 1 && o.points <= 10000000, kArgument,
                   "--points must lie between 1 and 10000000, not at ", o.points);
  LATENTPATH_CHECK(o.steps >= 1 && o.steps <= 10000, kArgument,
                   "--steps must lie between 1 and 10000, not at ", o.steps);
  LATENTPATH_CHECK(o.harmonics >= 1 && o.harmonics <= 1000, kArgument,
                   "--harmonics must lie between 1 and 1000, not at ", o.harmonics);
  LATENTPATH_CHECK(o.epsilon >= 0 && o.epsilon < 0.5, kArgument,
                   "--epsilon must satisfy 0 <= epsilon < 0.5, not ", o.epsilon);
  LATENTPATH_CHECK(o.max_iterations >= 0, kArgument, "--max-iterations must not be negative, and is ",
                   o.max_iterations);
  LATENTPATH_CHECK(o.tolerance >= 0, kArgument, "--tolerance must not be negative, and is ", o.tolerance);
  LATENTPATH_CHECK(o.learning_rate > 0, kArgument, "--learning-rate must be positive, not ", o.learning_rate);
  LATENTPATH_CHECK(o.max_seconds >= 0, kArgument, "--max-seconds must not be negative, and is ",
                   o.max_seconds);
  LATENTPATH_CHECK(o.blur >= 0, kArgument, "--blur must not be negative, and is ", o.blur);
  LATENTPATH_CHECK(o.features >= 2, kArgument, "--features must be at least 2, not ", o.features);
  LATENTPATH_CHECK(o.frames >= 2 && o.frames <= 1000, kArgument,
                   "--frames must lie between 2 and 1000, not at ", o.frames);
  LATENTPATH_CHECK(o.threads >= 0 && o.threads <= 1024, kArgument,
                   "--threads must lie between 1 and 1024, or be 0 for all, not ", o.threads);
  LATENTPATH_CHECK(
      o.quality.empty() || o.method != "mixture", kArgument,
      "--quality cannot change a mixture, which moves no point: use --method mmd or displacement");
}

json options_json(const MeasuresOptions& o) {
  json object{{"method", o.method},
              {"start", o.start},
              {"curve", o.curve},
              {"kernel", o.kernel},
              {"steps", o.steps},
              {"harmonics", o.harmonics},
              {"epsilon", o.epsilon},
              {"max-iterations", o.max_iterations},
              {"tolerance", o.tolerance},
              {"learning-rate", o.learning_rate},
              {"features", o.features},
              {"max-seconds", o.max_seconds},
              {"frames", o.frames},
              {"seed", o.seed},
              {"blur", o.blur},
              {"picture-format", o.picture_format},
              {"threads", at::get_num_threads()}};
  add_texts(object, {{"from", &o.from},
                     {"to", &o.to},
                     {"from-weights", &o.from_weights},
                     {"to-weights", &o.to_weights},
                     {"quality", &o.quality}});
  if (o.example > 0) object["example"] = o.example, object["points"] = o.points;
  if (!o.widths.empty()) object["width"] = o.widths;
  if (!o.gammas.empty()) object["gamma"] = o.gammas;
  if (o.c) object["c"] = *o.c;
  return object;
}

void run_measures(const MeasuresOptions& options) {
  check_options(options);
  use_threads(options.threads);
  std::optional<GuardedRunFolder> folder;
  if (!options.out.empty()) folder.emplace(options.out, options.overwrite);

  MeasureProblem problem;
  if (options.example > 0) {
    problem = measure_example(options.example, options.points, options.seed);
  } else {
    problem.start = read_sample(options.from);
    problem.end = read_sample(options.to);
    LATENTPATH_CHECK(problem.start.size(1) == problem.end.size(1), kInput, options.from,
                     " has points of dimension ", problem.start.size(1), " and ", options.to,
                     " of dimension ", problem.end.size(1), ": they must be the same");
  }
  if (!options.from_weights.empty())
    problem.start_weights = read_weights(options.from_weights, problem.start, options.from);
  if (!options.to_weights.empty())
    problem.end_weights = read_weights(options.to_weights, problem.end, options.to);
  problem.kernel = chosen_kernel(options, problem);
  if (!options.quality.empty()) problem.quality = load_quality(options.quality, problem.start.size(1));

  MeasureOptions search;
  search.method = options.method;
  search.start = options.start;
  search.curve = options.curve;
  search.steps = options.steps;
  search.harmonics = options.harmonics;
  search.epsilon = options.epsilon;
  search.max_iterations = options.max_iterations;
  search.tolerance = options.tolerance;
  search.learning_rate = options.learning_rate;
  search.max_seconds = options.max_seconds;
  search.features = options.features;
  search.entropic.blur = options.blur;
  search.seed = options.seed;

  ProgressLine line("cost", options.quiet || options.print_json);
  const MeasureResult result = interpolate_measures(
      problem, search, [&](const Progress& p) { line(p); }, interrupt_token());
  const bool interrupted = interrupt_token().cancelled();
  line.finish();
  if (!options.quiet)
    for (const std::string& sentence : result.warnings) std::cerr << "warning: " << sentence << "\n";
  const json summary = measure_summary(result);

  if (folder) {
    write_npy(folder->path() / "path.npy", result.path.points.unsqueeze(0));
    write_npy(folder->path() / "times.npy", result.times);
    if (!result.path.uniform) write_npy(folder->path() / "weights.npy", result.path.weights.unsqueeze(0));
    for (size_t i = 1; i < result.candidates.size(); ++i)
      write_npy(folder->path() / ("path-" + result.candidates[i].name + ".npy"),
                result.candidates[i].path.points.unsqueeze(0));
    std::filesystem::create_directory(folder->path() / "frames");
    write_picture(folder->path() / "frames" / "strip",
                  draw_measure_strip(problem, result, {.frames = options.frames}),
                  picture_formats(options.picture_format));
    json run{{"program", "latentpath"},
             {"version", kVersion},
             {"subcommand", "measures"},
             {"libtorch", TORCH_VERSION},
             {"options", options_json(options)},
             {"seed", options.seed},
             {"threads", at::get_num_threads()},
             {"points", {problem.start.size(0), problem.end.size(0)}},
             {"dimension", problem.start.size(1)},
             {"warnings", summary["warnings"]},
             {"interrupted", interrupted},
             {"summary", summary}};
    write_file(folder->path() / "run.json", run.dump(2) + "\n");
    json page = measure_report_data(result);
    page["version"] = kVersion;
    page["settings"] = options_json(options);
    write_report_data(folder->path(), hide_paths(page, {options.from, options.to, options.quality}));
    write_html_report(folder->path());
    folder->commit();
  }
  if (options.print_json) {
    std::cout << summary.dump(2) << "\n";
  } else {
    std::cout << result.brief_report();
    if (folder) std::cout << "written to " << folder->target().string() << "\n";
  }
  check_standard_output();
  LATENTPATH_CHECK(!interrupted, kInterrupted, "interrupted: the path is the best one reached until then",
                   folder ? "; it is in " + folder->target().string() : std::string());
  LATENTPATH_CHECK(result.termination() != Termination::kNumericalFailure, kNumerical,
                   "the cost is NaN or infinite on every path",
                   folder ? "; what was found is in " + folder->target().string() : std::string());
}

}  // namespace

void setup_measures(CLI::App& program) {
  auto options = std::make_shared<MeasuresOptions>();
  MeasuresOptions& o = *options;
  CLI::App* command = program.add_subcommand("measures", "A path between two samples");
  command->footer(
      "Examples:\n"
      "  latentpath measures --example 1 --out runs/example1\n"
      "  latentpath measures --from a.csv --to b.csv --method displacement --steps 20 --out runs/transport\n"
      "Exit codes: 0 done; 2 bad arguments; 3 bad input file; 4 numerical failure; 130 interrupted (what was "
      "done is saved).");
  const char* g = "Samples";
  command
      ->add_option("--from", o.from, "Sample at the start: FILE.csv (a point a line) or FILE.npy [points, d]")
      ->group(g);
  command->add_option("--to", o.to, "Sample at the end, likewise; its size may differ")->group(g);
  command
      ->add_option("--from-weights", o.from_weights, "Weights of the points of --from: FILE.csv or FILE.npy")
      ->group(g);
  command->add_option("--to-weights", o.to_weights, "Weights of the points of --to")->group(g);
  command
      ->add_option("--example", o.example,
                   "One of the papers' three examples (Fig. 9) in the samples' place: 1, 2, 3")
      ->group(g);
  command->add_option("--points", o.points, "Points of each sample of an example")
      ->capture_default_str()
      ->group(g);

  g = "Kernel";
  command->add_option("--kernel", o.kernel, "gaussian, imq (inverse multiquadric), laplace, energy, linear")
      ->capture_default_str()
      ->group(g);
  command
      ->add_option("--width", o.widths,
                   "Width, a length: sigma of exp(-r^2/(2 sigma^2)), sqrt(c) of imq, sigma of exp(-r/sigma); "
                   "repeated for "
                   "a sum of Gaussians (default: the median distance of the points)")
      ->group(g)
      ->allow_extra_args(false);
  command->add_option("--gamma", o.gammas, "gaussian as exp(-gamma r^2), in the width's place; repeatable")
      ->group(g)
      ->allow_extra_args(false);
  command->add_option("--c", o.c, "imq as 1/sqrt(r^2 + c), in the width's place")->group(g);

  g = "How it is sought";
  command
      ->add_option(
          "--method", o.method,
          "mmd (points move, Eq. 13), mixture (the kernel's exact geodesic: weights change), displacement "
          "(optimal transport)")
      ->capture_default_str()
      ->group(g);
  command->add_option("--steps", o.steps, "Steps K of the path")->capture_default_str()->group(g);
  command
      ->add_option("--start", o.start,
                   "First path of mmd: straight, matched (by optimal transport), random (points jump), "
                   "smooth (motions "
                   "of matched points that stay smooth); auto: all, the best is kept")
      ->capture_default_str()
      ->group(g);
  command
      ->add_option("--curve", o.curve,
                   "polyline (the points themselves, by L-BFGS) or neural (the papers' network, by Adam)")
      ->capture_default_str()
      ->group(g);
  command->add_option("--harmonics", o.harmonics, "Sine waves in a smooth motion")
      ->capture_default_str()
      ->group(g);
  command
      ->add_option("--quality", o.quality,
                   "TorchScript FILE.pt, [n, d] to [n] in [0, 1]: where moving points are good")
      ->group(g);
  command->add_option("--epsilon", o.epsilon, "Regularisation of the quality, 0 <= epsilon < 0.5")
      ->capture_default_str()
      ->group(g);
  command->add_option("--max-iterations", o.max_iterations, "Iterations (a level); 0: 400, neural 1000")
      ->capture_default_str()
      ->group(g);
  command
      ->add_option("--tolerance", o.tolerance,
                   "Stop when 5 iterations lower the cost by less than this share")
      ->capture_default_str()
      ->group(g);
  command->add_option("--learning-rate", o.learning_rate, "Of the neural curve")
      ->capture_default_str()
      ->group(g);
  command->add_option("--max-seconds", o.max_seconds, "Time limit for each start; 0: none")
      ->capture_default_str()
      ->group(g);
  command->add_option("--blur", o.blur, "Blur of entropic transport, a length; 0: 0.03 median distances")
      ->capture_default_str()
      ->group(g);
  command->add_option("--features", o.features, "Random features, used beyond 100000 points")
      ->capture_default_str()
      ->group(g);
  add_seed_and_threads(*command, o.seed, o.threads, g);

  g = "Output";
  command
      ->add_option("--out", o.out,
                   "Run folder: run.json, path.npy, times.npy, weights.npy, frames/, report.html")
      ->group(g);
  command->add_flag("--overwrite", o.overwrite, "Replace an existing run folder")->group(g);
  command->add_option("--frames", o.frames, "Frames of each row of the picture")
      ->capture_default_str()
      ->group(g);
  add_picture_format(*command, o.picture_format, g);
  add_quiet_and_json(*command, o.quiet, o.print_json, g);
  add_config_option(*command);
  command->callback([options] { run_measures(*options); });
}

}  // namespace latentpath::program
