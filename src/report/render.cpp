#include "latentpath/report/render.h"

#include <ATen/ATen.h>

#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/core/read_number.h"
#include "latentpath/core/thread_pool.h"
#include "latentpath/io/file.h"
#include "latentpath/io/film.h"
#include "latentpath/io/npy.h"
#include "latentpath/report/measure_film.h"
#include "latentpath/report/path_pictures.h"
#include "latentpath/run/feature_sections.h"
#include "latentpath/run/models.h"
#include "latentpath/run/stored_run.h"
#include "latentpath/zoo/model_store.h"

namespace latentpath {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

void check_figure(const char* field, const std::string& file) {
  if (file.empty()) return;
  const fs::path ending = fs::path(file).extension();
  LATENTPATH_CHECK(ending == ".png" || ending == ".svg" || ending == ".pdf", kArgument, "`", field, "` ",
                   file, " is no figure by its ending, which must be .png, .svg or .pdf");
  check_new_file(file);
}

void check_job(const RenderJob& job) {
  check_figure("strip", job.strip);
  check_figure("curves", job.curves);
  LATENTPATH_CHECK(job.film.wanted() || !job.strip.empty() || !job.curves.empty(), kArgument,
                   "nothing to render is named: `video` FILE.mp4 makes a film, `frames_dir` DIR its frames, "
                   "`strip` FILE.pdf a strip, `curves` FILE.pdf what happens along the path");
  LATENTPATH_CHECK(
      job.strip.empty() || fs::path(job.strip).lexically_normal() != fs::path(job.curves).lexically_normal(),
      kArgument, "`strip` and `curves` are one file, ", job.strip, ": give each its own");
  LATENTPATH_CHECK(!job.only.empty(), kArgument, "`only` names no row: ours, linear or spherical");
}

OptionTable<RenderJob> make_table() {
  using J = RenderJob;
  OptionTable<J> t;
  t.add("RUN", &J::run)
      .help("Run folder of `latentpath interpolate` or, for films, `latentpath measures`")
      .names_file()
      .positional()
      .required()
      .add("decoder", &J::decoder)
      .help("Decoder, where it is no longer where the run says: model FILE or NAME")
      .names_file()
      .add("classifier", &J::classifier)
      .help("Classifier, likewise")
      .names_file();
  t.include(&J::film, film_option_table())
      .group("Figures")
      .add("strip", &J::strip)
      .help("Strip of the path's images: FILE.png, .svg or .pdf")
      .names_file()
      .add("curves", &J::curves)
      .help("Steps and class probability along the path: FILE.png, .svg or .pdf")
      .names_file()
      .add("only", &J::only)
      .help("Rows of strip and curves; several: linear,ours")
      .separated()
      .choices({{"linear"}, {"spherical"}, {"ours"}})
      .add("class-names", &J::class_names)
      .help("Names of the classes 0, 1, … in titles, where the run calls them by numbers: zero,one,two")
      .separated()
      .add("pair", &J::pair)
      .help("Pair of strip and curves, from 1")
      .at_least(1)
      .add("frames", &J::frames)
      .help("Frames of the strip")
      .range(2, 1000)
      .add("spacing", &J::spacing)
      .help("Frames of the strip evenly spaced")
      .choices({{"time", "in time"}, {"arc", "by arc length in image space"}});
  add_threads(t.group("Computing"), &J::threads);
  return t.rule(check_job);
}

StoredRun read_paths(const std::string& folder) {
  StoredRun run = read_run(folder);
  LATENTPATH_CHECK(run.subcommand == "interpolate" || run.subcommand == "measures", kInput, folder,
                   " is a run of `latentpath ", run.subcommand,
                   "`: only those of `latentpath interpolate` and `latentpath measures` are rendered");
  LATENTPATH_CHECK(run.nodes.defined(), kInput, folder, " is not whole: it has no path.npy or no times.npy");
  return run;
}

/// Film of the points of a run of `latentpath measures`, from its files alone.
FilmFacts film_of_measures(const RenderJob& job, const StoredRun& run, int threads,
                           const ProgressObserver& progress, const CancellationToken& cancellation) {
  for (const auto& [given, field] :
       {std::pair(!job.strip.empty(), "strip"), std::pair(!job.curves.empty(), "curves"),
        std::pair(!job.decoder.empty(), "decoder"), std::pair(!job.classifier.empty(), "classifier")})
    LATENTPATH_CHECK(
        !given, kArgument, "`", field, "` is about decoded images, and ", run.folder.string(),
        " is a run of `latentpath measures`: `video` and `frames_dir` make films of its points, its "
        "strip is frames/strip.png");
  FilmedMeasures measures{{.points = run.nodes[0], .weights = {}, .uniform = true}, run.times};
  if (const fs::path file = run.folder / "weights.npy"; fs::exists(file)) {
    const Tensor weights = read_npy(file);
    LATENTPATH_CHECK(weights.sizes() == run.nodes.sizes().slice(0, 3), kInput, file.string(), " ",
                     shape_string(weights.sizes()), " does not fit path.npy ",
                     shape_string(run.nodes.sizes()));
    measures.path.weights = weights[0];
    measures.path.uniform = false;
  }
  return write_measure_film(measures, job.film, threads, progress, cancellation);
}

/// Where a model of the run is: `given`, or where the run says.
std::string where(const StoredRun& run, const char* role, const std::string& given, const std::string& stored,
                  const std::vector<fs::path>& folders) {
  const std::string& name = given.empty() ? stored : given;
  try {
    find_model(name, folders);
  } catch (const Error&) {
    LATENTPATH_CHECK(given.empty(), kInput, "`", role, "` ", given,
                     " is no file and no shipped model: images are decoded again, so it is needed");
    throw Error(ErrorKind::kInput, join_message(run.folder.string(), " was made with the ", role, " '", name,
                                                "', which is no file here and no shipped model: say with `",
                                                role, "` where it is"));
  }
  return name;
}

/// The models' options of the run, with the models where they are.
ModelOptions models_of(const RenderJob& job, const StoredRun& run) {
  ModelOptions options;
  set_options(model_option_table().bind(options), run.options);
  options.folders = job.folders;
  options.decoder = where(run, "decoder", job.decoder, options.decoder, job.folders);
  const bool asked = !job.strip.empty() || !job.curves.empty();  // films show no probabilities
  if (!asked || options.classifier.empty())
    options.classifier.clear();
  else
    options.classifier = where(run, "classifier", job.classifier, options.classifier, job.folders);
  return options;
}

/// The figures of one curve that strips tell, [pairs].
CurveFigures<Tensor> figures_of(const json& summary, const char* curve) {
  CurveFigures<Tensor> figures;
  const json pairs = summary.value("pairs", json::array());
  const auto column = [&](const char* name) {
    Tensor values = at::full({static_cast<int64_t>(pairs.size())}, std::nan(""), at::kDouble);
    for (size_t pair = 0; pair < pairs.size(); ++pair) {
      const json& of_pair = pairs[pair];
      if (!of_pair.is_object() || !of_pair.contains(curve) || !of_pair[curve].is_object()) continue;
      const json value = of_pair[curve].value(name, json());
      if (value.is_number()) values[static_cast<int64_t>(pair)] = value.get<double>();
    }
    return values;
  };
  figures.cost_refined = column("cost_refined");
  const Tensor feature = column("mean_class_probability");
  if (at::isfinite(feature).any().item<bool>()) figures.mean_feature = feature;
  return figures;
}

void write_figure(const std::string& file, const Picture& picture, Rendered& rendered) {
  const fs::path ending = fs::path(file).extension();
  write_file_atomic(file, ending == ".svg"   ? picture.svg()
                          : ending == ".pdf" ? picture.pdf()
                                             : picture.png());
  rendered.files.push_back(file);
}

/// Classes that a run asked for by number have names, where names are given.
void check_class_names(const std::vector<std::string>& names, const std::vector<std::string>& favor,
                       const std::vector<std::string>& avoid) {
  for (const auto& classes : {favor, avoid})
    for (const std::string& one : classes) {
      const auto number = read_number<int64_t>(one.substr(0, one.find('@')));
      LATENTPATH_CHECK(names.empty() || !number || *number < static_cast<int64_t>(names.size()), kArgument,
                       "`class_names` has ", names.size(), " names, and the run asks for class ", one,
                       ", counted from 0: name all classes up to it");
    }
}

void draw_figures(const RenderJob& job, const StoredRun& run, const Models& models, Rendered& rendered) {
  const int64_t pairs = run.nodes.size(0), pair = job.pair - 1;
  LATENTPATH_CHECK(job.pair <= pairs, kArgument, "`pair` must lie between 1 and ", pairs,
                   ", the run's number of pairs, not at ", job.pair);
  LATENTPATH_CHECK(decodes_images(*models.decoder, run.nodes.size(2)) || job.strip.empty(), kArgument,
                   "the decoder makes no images: there is no strip of them");
  const json summary = run.document.at("summary");
  LATENTPATH_CHECK(summary.contains("pairs") && summary["pairs"].is_array() &&
                       static_cast<int64_t>(summary["pairs"].size()) == pairs,
                   kInput, run.folder.string(), " is damaged: run.json and path.npy have not the same pairs");
  PathProblem problem;
  problem.embedding = models.decoder;
  problem.start = run.nodes.select(1, 0);
  problem.end = run.nodes.select(1, run.nodes.size(1) - 1);
  PictureOptions options;
  const auto favor = run.options.value("favor", std::vector<std::string>());
  const auto avoid = run.options.value("avoid", std::vector<std::string>());
  if (models.classifier && (!favor.empty() || !avoid.empty())) {
    check_class_names(job.class_names, favor, avoid);
    AskedFeature asked =
        asked_feature(models.classifier, favor, avoid, run.options.value("combine", std::string("auto")));
    problem.feature = std::move(asked.feature.quality);
    options.feature_name = job.class_names.empty() || !asked.sections.empty()
                               ? asked.feature.name
                               : feature_name(favor, avoid, job.class_names);
  }
  PathResult result;
  result.nodes = run.nodes;
  result.times = run.times;
  result.path = figures_of(summary, "path");
  result.linear = figures_of(summary, "linear");
  result.spherical = figures_of(summary, "spherical");
  options.frames = job.frames;
  options.by_arc_length = job.spacing == "arc";
  options.output_range = models.decoder->output_range();
  options.rows = job.only;
  if (!job.strip.empty()) write_figure(job.strip, draw_path_strip(problem, result, pair, options), rendered);
  if (!job.curves.empty())
    write_figure(job.curves, draw_path_curves(problem, result, pair, options), rendered);
}

/// The run's tours, where it has them, else its paths.
FilmedPaths filmed_paths(const StoredRun& run, const Models& models) {
  FilmedPaths paths{models.decoder, run.nodes, run.times, models.decoder->output_range()};
  const fs::path tours = run.folder / "tour.npy", times = run.folder / "tour_times.npy";
  if (!fs::exists(tours) || !fs::exists(times)) return paths;
  paths.nodes = read_npy(tours);
  paths.times = read_npy(times);
  paths.tours = true;
  LATENTPATH_CHECK(paths.nodes.dim() == 3 && paths.nodes.size(2) == run.nodes.size(2) &&
                       paths.times.sizes() == paths.nodes.sizes().slice(0, 2),
                   kInput, run.folder.string(),
                   " is damaged: tour.npy and tour_times.npy do not fit path.npy");
  return paths;
}

}  // namespace

const OptionTable<RenderJob>& render_option_table() {
  static const OptionTable<RenderJob> table = make_table();
  return table;
}

Rendered render(const RenderJob& job, const RunObserver& observer, const CancellationToken& cancellation) {
  render_option_table().validate(job);
  const StoredRun run = read_paths(job.run);
  const auto threads = static_cast<int>(use_threads(job.threads));
  if (run.subcommand == "measures")
    return {film_of_measures(job, run, threads, observer.progress, cancellation), {}};
  const NoLibraryWarnings no_library_warnings;
  // What a latent's shape was, where neither file nor options tell it.
  std::vector<std::vector<int64_t>> shapes{{run.nodes.size(2)}};
  if (run.document.contains("latent_shape"))
    shapes.insert(shapes.begin(), run.document["latent_shape"].get<std::vector<int64_t>>());
  const Models models =
      load_models(models_of(job, run), run.document.value("seed", uint64_t{0}), [&shapes] { return shapes; });
  for (const std::string& sentence : models.assumptions)
    if (observer.note) observer.note(sentence);
  std::optional<SerialOperations> serial;
  if (models.decoder->concurrent()) serial.emplace();
  Rendered rendered;
  if (!job.strip.empty() || !job.curves.empty()) draw_figures(job, run, models, rendered);
  if (job.film.wanted())
    rendered.film = write_film(filmed_paths(run, models), job.film, threads, observer.progress, cancellation);
  return rendered;
}

}  // namespace latentpath
