#include "latentpath/run/measures_job.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "latentpath/core/error.h"
#include "latentpath/io/csv.h"
#include "latentpath/io/tensor_file.h"
#include "latentpath/measure/interpolate_measures.h"
#include "latentpath/metric/epsilon.h"
#include "latentpath/models/torchscript_module.h"
#include "latentpath/path/probe.h"
#include "latentpath/run/measure_summary.h"
#include "latentpath/run/text_values.h"
#include "latentpath/run/verdict.h"

namespace latentpath {
namespace {

Tensor read_numbers(const std::string& file, std::vector<std::string>& notes) {
  const bool binary = names_tensor_file(file) && !file.ends_with(".csv") && !file.ends_with(".tsv") &&
                      !file.ends_with(".txt");
  if (!binary) return read_csv(file, &notes);
  const Tensor array = read_tensor_file(file);
  LATENTPATH_CHECK(!array.is_complex() && array.scalar_type() != at::kBool, kInput, file,
                   " must hold numbers");
  Tensor numbers = array.to(at::kDouble);
  LATENTPATH_CHECK(at::isfinite(numbers).all().item<bool>(), kInput, file, " holds NaN or infinite numbers");
  return numbers;
}

/// Numbers of a file, or those that a caller has in memory under this name.
Tensor numbers_of(const std::string& name, const Tensor& own, std::vector<std::string>& notes) {
  if (!own.defined()) return read_numbers(name, notes);
  LATENTPATH_CHECK(at::isfinite(own).all().item<bool>(), kInput, name, " holds NaN or infinite numbers");
  return own.to(at::kDouble);
}

/// [points, dimension].
Tensor sample_of(const std::string& file, const Tensor& own, std::vector<std::string>& notes) {
  Tensor sample = numbers_of(file, own, notes);
  if (sample.dim() == 1) sample = sample.unsqueeze(1);  // numbers on a line
  LATENTPATH_CHECK(sample.dim() == 2 && sample.numel() > 0, kInput, file,
                   " must have the shape [points, dimension], with at least one point, not ",
                   shape_string(sample.sizes()));
  return sample;
}

Tensor weights_of(const std::string& file, const Tensor& own, const Tensor& sample, const std::string& of,
                  std::vector<std::string>& notes) {
  const Tensor weights = numbers_of(file, own, notes);
  LATENTPATH_CHECK(weights.numel() == sample.size(0) && (weights.dim() == 1 || weights.size(1) == 1), kInput,
                   file, " must hold one weight for each of the ", sample.size(0), " points of ", of,
                   ", and has the shape ", shape_string(weights.sizes()));
  LATENTPATH_CHECK((weights >= 0).all().item<bool>() && weights.sum().item<double>() > 0, kInput, file,
                   ": weights must not be negative, and not all 0");
  return weights.flatten();
}

RadialKernel chosen_kernel(const MeasuresJob& o, const MeasureProblem& problem) {
  LATENTPATH_CHECK((o.width.empty() ? 0 : 1) + (o.gamma.empty() ? 0 : 1) + (o.c ? 1 : 0) <= 1, kArgument,
                   "`width`, `gamma` and `c` say the same thing in different units: give one of them");
  LATENTPATH_CHECK(o.gamma.empty() || o.kernel == "gaussian", kArgument,
                   "`gamma` belongs to the gaussian kernel, not to ", o.kernel);
  LATENTPATH_CHECK(!o.c || o.kernel == "imq", kArgument, "`c` belongs to the kernel imq, not to ", o.kernel);
  if (!o.gamma.empty()) return RadialKernel::gaussian(o.gamma);
  if (o.c) return RadialKernel::inverse_multiquadric(*o.c);
  if (!o.width.empty() || o.kernel == "energy" || o.kernel == "linear")
    return RadialKernel::by_name(o.kernel, o.width);
  if (o.example > 0 && o.kernel == "gaussian") return RadialKernel::gaussian({0.125});  // the papers'
  const Tensor x = problem.start.contiguous(), y = problem.end.contiguous();
  const auto view = [](const Tensor& t) {
    return SampleView{{t.data_ptr<double>(), static_cast<size_t>(t.numel())}, t.size(1)};
  };
  return RadialKernel::by_name(o.kernel, {median_distance(view(x), view(y))});
}

/// A TorchScript quality of points, [n, d] → [n] or [n, 1] with values in [0, 1].
QualityPointer load_quality(const MeasuresJob& job, std::vector<std::string>& notes) {
  const std::string& file = job.quality;
  auto module = std::make_shared<TorchScriptModule>(file, "quality", job.dtype, "cpu");
  notes.push_back("the quality is evaluated in " + module->dtype() +
                  (!job.dtype.empty() ? std::string(", as `dtype` says")
                   : module->dtype_known()
                       ? ", the precision of its parameters"
                       : ": it has no parameters that say a precision; `dtype` float64 says "
                         "otherwise"));
  return function_quality(
      [module, file](const Tensor& points) {
        const Tensor q = module->forward(points);
        LATENTPATH_CHECK(q.dim() >= 1 && q.numel() == points.size(0) && q.size(0) == points.size(0), kInput,
                         file, " gives ", shape_string(q.sizes()), " for ", points.size(0),
                         " points; a quality gives one number for each");
        Tensor values = q.flatten();
        if (!at::isFloatingType(values.scalar_type())) return values;  // the probe has the sentence
        const Tensor low = values.detach().min(), high = values.detach().max();
        LATENTPATH_CHECK(
            low.item<double>() >= -kQualityRounding && high.item<double>() <= 1 + kQualityRounding, kInput,
            file, " gives values from ", low.item<double>(), " to ", high.item<double>(),
            "; a quality lies between 0 and 1");
        return values.to(at::kDouble).clamp(0, 1);
      },
      file);
}

/// What every path relies on, at a few points of both samples, before the search.
std::vector<std::string> probe_quality(const MeasureProblem& problem) {
  const int64_t count = std::min<int64_t>({4, problem.start.size(0), problem.end.size(0)});
  const auto spread = [count](const Tensor& sample) {
    const Tensor rows =
        at::linspace(0, static_cast<double>(sample.size(0) - 1), count, at::kDouble).to(at::kLong);
    return sample.index_select(0, rows);
  };
  return probe_problem({.embedding = identity_embedding(problem.start.size(1)),
                        .quality = problem.quality,
                        .start = spread(problem.start),
                        .end = spread(problem.end)});
}

void check_job(const MeasuresJob& o) {
  LATENTPATH_CHECK(o.example == 0 || (o.from.empty() && o.to.empty()), kArgument,
                   "`example` brings its own samples: `from` and `to` cannot be given with it");
  LATENTPATH_CHECK(o.example > 0 || !o.from.empty(), kArgument,
                   "a sample is missing: give `from` and `to` (FILE.csv or FILE.npy), or `example`");
  LATENTPATH_CHECK(o.example > 0 || !o.to.empty(), kArgument,
                   "`to` is missing: give the sample at the end of the path");
  LATENTPATH_CHECK(o.quality.empty() || o.search.kind != MeasureKind::kMixture, kArgument,
                   "`quality` cannot change a mixture, which moves no point: use `kind` mmd or displacement");
  if (!o.quality.empty() || o.own_quality) check_epsilon_of_a_quality(o.search.epsilon);
}

OptionTable<MeasuresJob> make_table() {
  using J = MeasuresJob;
  OptionTable<J> t;
  t.group("Samples")
      .add("from", &J::from)
      .help("Sample at the start: FILE.csv (a point a line) or FILE.npy [points, d]")
      .names_file()
      .add("to", &J::to)
      .help("Sample at the end, likewise; its size may differ")
      .names_file()
      .add("from-weights", &J::from_weights)
      .help("Weights of the points at the start: FILE.csv or FILE.npy")
      .names_file()
      .add("to-weights", &J::to_weights)
      .help("Weights of the points at the end")
      .names_file()
      .add("example", &J::example)
      .help("One of the papers' three examples (Fig. 9) in the samples' place")
      .range(1, 3)
      .zero("none")
      .add("points", &J::points)
      .help("Points of each sample of an example")
      .range(1, 10000000)
      .group("Kernel")
      .add("kernel", &J::kernel)
      .help("Kernel")
      .choices({{"gaussian"}, {"imq", "inverse multiquadric"}, {"laplace"}, {"energy"}, {"linear"}})
      .add("width", &J::width)
      .help(
          "Width: sigma of exp(-r^2/(2 sigma^2)), sqrt(c) of imq, sigma of exp(-r/sigma); repeated for a sum "
          "of "
          "Gaussians")
      .unit("units of the points")
      .unset("the median distance of the points")
      .add("gamma", &J::gamma)
      .help("gaussian as exp(-gamma r^2), in the width's place; repeatable")
      .add("c", &J::c)
      .help("imq as 1/sqrt(r^2 + c), in the width's place")
      .group("How it is sought")
      .add("quality", &J::quality)
      .help("model FILE, [n, d] to [n] in [0, 1]: where moving points are good")
      .names_file()
      .add("dtype", &J::dtype)
      .help("Precision of the quality's file")
      .choices({{"float32"}, {"float64"}})
      .unset("its parameters'")
      .include(&J::search, measure_option_table());
  add_threads(t.group("How it is sought"), &J::threads);
  add_output(t, &J::out, &J::overwrite, "run.json, path.npy, times.npy, weights.npy, frames/, report.html")
      .add("frames", &J::frames)
      .help("Frames of each row of the picture")
      .range(2, 1000)
      .rule(check_job);
  add_picture_format(t, &J::picture_format);
  return t;
}

MeasureProblem problem_of(const MeasuresJob& job, std::vector<std::string>& notes) {
  MeasureProblem problem;
  if (job.example > 0) {
    problem = measure_example(static_cast<int>(job.example), job.points, job.search.seed);
  } else {
    problem.start = sample_of(job.from, job.own_from, notes);
    problem.end = sample_of(job.to, job.own_to, notes);
    LATENTPATH_CHECK(problem.start.size(1) == problem.end.size(1), kInput, job.from,
                     " has points of dimension ", problem.start.size(1), " and ", job.to, " of dimension ",
                     problem.end.size(1), ": they must be the same");
  }
  if (!job.from_weights.empty())
    problem.start_weights =
        weights_of(job.from_weights, job.own_from_weights, problem.start, job.from, notes);
  if (!job.to_weights.empty())
    problem.end_weights = weights_of(job.to_weights, job.own_to_weights, problem.end, job.to, notes);
  problem.kernel = chosen_kernel(job, problem);
  if (job.own_quality)
    problem.quality = job.own_quality;
  else if (!job.quality.empty())
    problem.quality = load_quality(job, notes);
  return problem;
}

/// `method`, which is the solver, once named the kind of path, and programs that ask so are answered.
MeasuresJob with_its_kind(MeasuresJob job, std::vector<std::string>& notes) {
  const MeasureOptions asked = with_kind_for_method(job.search);
  if (asked.method != job.search.method)
    notes.push_back("`method` " + job.search.method + " is taken for `kind` " +
                    measure_kind_name(asked.kind) + ": `method` is the solver");
  job.search = asked;
  return job;
}

/// Options that are given and change nothing, a sentence each: what looks like a setting and is none
/// misleads.
void say_unused(const MeasureOptions& asked, std::vector<std::string>& notes) {
  if (asked.kind == MeasureKind::kMmd) return;
  const MeasureOptions left;
  for (const auto& [given, field] :
       {std::pair(asked.method != left.method, "method"), std::pair(asked.start != left.start, "start"),
        std::pair(asked.curve != left.curve, "curve"),
        std::pair(asked.harmonics != left.harmonics, "harmonics"),
        std::pair(asked.max_iterations != left.max_iterations, "max_iterations"),
        std::pair(asked.tolerance != left.tolerance, "tolerance"),
        std::pair(asked.learning_rate != left.learning_rate, "learning_rate"),
        std::pair(asked.max_seconds != left.max_seconds, "max_seconds")})
    if (given)
      notes.push_back(join_message("`", field,
                                   "` changes nothing here: it belongs to the `kind` mmd, not to ",
                                   measure_kind_name(asked.kind)));
}

}  // namespace

const OptionTable<MeasuresJob>& measures_option_table() {
  static const OptionTable<MeasuresJob> table = make_table();
  return table;
}

MeasuresRun execute(const MeasuresJob& given, const RunObserver& observer,
                    const CancellationToken& cancellation) {
  MeasuresRun run;
  const MeasuresJob job = with_its_kind(given, run.assumptions);
  measures_option_table().validate(job);
  say_unused(job.search, run.assumptions);
  describe_job(run, "measures", measures_option_table(), job, job.search.seed, job.threads);
  run.problem = problem_of(job, run.assumptions);
  for (const std::string& sentence : run.assumptions)
    if (observer.note) observer.note(sentence);
  std::vector<std::string> probed;
  if (run.problem.quality) probed = probe_quality(run.problem);
  run.result = interpolate_measures(run.problem, job.search, observer.progress, cancellation);
  MeasureResult& result = run.result;
  result.warnings.insert(result.warnings.begin(), probed.begin(), probed.end());
  for (const std::string& sentence : result.warnings)
    if (observer.warning) observer.warning(sentence);
  run.summary = measure_summary(result);
  run.warnings = result.warnings;
  for (size_t i = run.warnings.size(); i < run.summary["warnings"].size(); ++i)  // of what was written
    run.warnings.emplace_back(run.summary["warnings"][i].get<std::string>());
  add_verdicts(run.summary, RunKind::kMeasures);
  run.facts = {{"points", {run.problem.start.size(0), run.problem.end.size(0)}},
               {"dimension", run.problem.start.size(1)}};
  run.text = result.brief_report() + verdict_text(run.summary["verdict"]);
  run.arrays = {{"path.npy", result.path.points.unsqueeze(0)}, {"times.npy", result.times}};
  if (!result.path.uniform) run.arrays.emplace_back("weights.npy", result.path.weights.unsqueeze(0));
  for (size_t i = 1; i < result.candidates.size(); ++i)
    run.arrays.emplace_back("path-" + result.candidates[i].name + ".npy",
                            result.candidates[i].path.points.unsqueeze(0));
  if (result.coupling.defined()) run.arrays.emplace_back("coupling.npy", result.coupling);
  if (cancellation.cancelled())
    run.failure = {ErrorKind::kInterrupted, "interrupted: the path is the best one reached until then",
                   "it is in"};
  else if (result.termination() == Termination::kNumericalFailure)
    run.failure = {ErrorKind::kNumerical, "the cost is NaN or infinite on every path",
                   "what was found is in"};
  return run;
}

}  // namespace latentpath
