#include "latentpath/run/interpolate_job.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <set>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/core/thread_pool.h"
#include "latentpath/metric/epsilon.h"
#include "latentpath/models/torchscript_metric.h"
#include "latentpath/path/certify_globally.h"
#include "latentpath/path/measured_by.h"
#include "latentpath/path/path_option_table.h"
#include "latentpath/path/published_methods.h"
#include "latentpath/path/section_starts.h"
#include "latentpath/run/classifier_check.h"
#include "latentpath/run/data_density.h"
#include "latentpath/run/encoder.h"
#include "latentpath/run/held_coordinates.h"
#include "latentpath/run/loaded_interpolation.h"
#include "latentpath/run/nearest.h"
#include "latentpath/run/path_summary.h"
#include "latentpath/run/second_opinion.h"
#include "latentpath/run/text_values.h"
#include "latentpath/run/verdict.h"
#include "latentpath/zoo/model_store.h"
#include "run/feature_options.h"
#include "run/path_tables.h"
#include "run/tour_summary.h"

namespace latentpath {
namespace {

using nlohmann::json;

void check_job(const InterpolateJob& job) {
  asked_classes(job.favor, job.avoid);
  check_epsilon_of_a_quality(job.path.epsilon);
  LATENTPATH_CHECK((job.favor.empty() && job.avoid.empty()) || !job.models.classifier.empty(), kArgument,
                   "`favor` and `avoid` need a `classifier`");
  LATENTPATH_CHECK(job.keep.keep.empty() || !job.models.classifier.empty(), kArgument,
                   "`keep` is about a class of a `classifier`: give that too");
  LATENTPATH_CHECK(job.metric.empty() || job.keep.embedding_features.empty(), kArgument,
                   "`metric` and `embedding_features` both say how lengths are measured: give one of them");
  LATENTPATH_CHECK(
      !regularises_density(job.path) || job.keep.embedding_features.empty(), kArgument,
      "`density_regularisation` is about the density of images, and `embedding_features` measures "
      "lengths of something else: give one of them");
  LATENTPATH_CHECK(!job.own_feature || (job.favor.empty() && job.avoid.empty()), kArgument,
                   "a quality of one's own stands in the place of `favor` and `avoid`");
  LATENTPATH_CHECK(job.metric.empty() || job.path.norm == OutputNorm::kSum, kArgument,
                   "`metric` measures lengths by itself: `norm` mean, a mean over image coordinates, cannot "
                   "be given with it");
}

OptionTable<InterpolateJob> make_table() {
  using J = InterpolateJob;
  OptionTable<J> t;
  t.include(&J::models, model_option_table())
      .include(&J::encoding, encoder_option_table())
      .include(&J::ends, end_point_option_table())
      .group("What the path should be like")
      .add("metric", &J::metric)
      .help(
          "Measure lengths by a metric of the latent space instead of image distances: model FILE, "
          "G(z) [n, D] -> [n, D, D], symmetric positive definite")
      .names_file()
      .add("favor", &J::favor)
      .help(
          "Class (number or name) to pass through; repeatable. 8@0.0-0.4: in this section of the time alone")
      .add("avoid", &J::avoid)
      .help("Class to keep away from; repeatable, and in a section likewise")
      .add("combine", &J::combine)
      .help("What several favoured classes of the same time are")
      .choices({{"auto", "any of classes that exclude each other, all of attributes"}, {"any"}, {"all"}})
      .include(&J::keep, keep_option_table())
      .include(&J::prior, prior_option_table());
  add_feature_quality(t, &J::odds, &J::sharpness, &J::ramp);
  add_guard_and_judge(t, &J::guard, &J::judge);
  add_cycle(t, &J::cycle);
  add_data_density_option(t, &J::data_density);
  t.include(&J::nearest, nearest_end_option_table(), "nearest")
      .include(&J::path, path_option_table())
      .group("What the path should be like")
      .add("freeze", &J::freeze)
      .help(
          "Parts of the latent that the path does not choose, like 0,8-17: of a latent of several tensors "
          "these "
          "tensors, of one of several axes rows of the first, else coordinates; from 0")
      .add("move", &J::move)
      .help("How what is frozen goes")
      .choices({{"stay", "both ends must have the same"}, {"straight", "from one end's to the other's"}})
      .add("corners", &J::corners)
      .help("Tours at their points")
      .choices({{"smooth", "one velocity on both sides"}, {"sharp", "as their legs meet"}})
      .add("tour-allowance", &J::tour_allowance)
      .help("What a smooth tour may cost more than its legs, as a share of them")
      .range(0, 10)
      .group("How it is sought")
      .add("certify", &J::certify)
      .help("Compare with the globally shortest path by fast marching (latent size up to 3, ramp off)");
  add_threads(t, &J::threads);
  add_output(t, &J::out, &J::overwrite, "run.json, path.npy, times.npy, frames/, report.html")
      .add("frames", &J::frames)
      .help("Frames of each strip")
      .range(2, 1000)
      .add("spacing", &J::spacing)
      .help("Frames evenly spaced")
      .choices({{"time", "in time"}, {"arc", "by arc length in image space"}})
      .add("strips", &J::strips)
      .help("Pairs that get pictures, at most")
      .at_least(0)
      .add("report-frames", &J::report_frames)
      .help("Frames of each curve in report.html")
      .range(1, 129)
      .zero("as many as suit the number of pairs")
      .rule(check_job);
  add_picture_format(t, &J::picture_format);
  return t;
}

/// Whether an end, or a point between, is asked for by this prefix.
bool asks(const char* prefix, const InterpolateJob& job) {
  std::vector<std::string> points = job.ends.through;
  points.insert(points.end(), {job.ends.from, job.ends.to});
  return std::any_of(points.begin(), points.end(),
                     [&](const std::string& point) { return text_after(prefix, point).has_value(); });
}

/// Whether a job has use for an encoder: for image:FILE ends, and for the cycle error of paths of a feature.
bool wants_encoder(const InterpolateJob& job) {
  return !job.encoding.encoder.empty() || asks("image:", job) || !job.favor.empty() || !job.avoid.empty();
}

/// Options that are given and change nothing, a sentence each: what looks like a setting and is none
/// misleads.
std::vector<std::string> unused_options(const InterpolateJob& job, bool encoder) {
  std::vector<std::string> sentences;
  const auto say = [&](bool given, const char* field, const char* why) {
    if (given) sentences.push_back(std::string("`") + field + "` changes nothing here: " + why);
  };
  const ModelOptions& models = job.models;
  const bool feature = job.own_feature || !job.favor.empty() || !job.avoid.empty();
  const bool classifier = !models.classifier.empty();
  const bool free_end = job.own_end || names_free_end(job.ends.to), nearest = asks("nearest:", job);
  const bool class_ends = asks("class:", job) || nearest || job.own_end;
  const bool pictures = asks("image:", job);
  constexpr const char* kNoFeature = "nothing is favoured or avoided";
  constexpr const char* kNoClassifier = "there is no `classifier`";
  const double odds = InterpolateJob().odds;
  say(job.keep.keep_scale > 0 && job.keep.keep_features.empty(), "keep_scale",
      "there are no `keep_features`");
  say(job.combine != "auto" && job.favor.size() < 2, "combine", "no two classes are favoured");
  say(job.odds != odds && !feature, "odds", kNoFeature);
  say(job.odds != odds && job.own_feature, "odds", "`quality` is an expression, and taken as it is");
  say(job.sharpness != 1 && !feature, "sharpness", kNoFeature);
  say(job.move != "stay" && job.freeze.empty(), "move", "there is no `freeze`");
  const std::string no_quality = join_message("`method` ", job.path.method, " asks for no quality");
  say(!takes_quality(job.path) && !job.favor.empty(), "favor", no_quality.c_str());
  say(!takes_quality(job.path) && !job.avoid.empty(), "avoid", no_quality.c_str());
  say(!takes_quality(job.path) && !job.keep.keep.empty(), "keep", no_quality.c_str());
  say(!takes_quality(job.path) && !job.keep.keep_features.empty(), "keep_features", no_quality.c_str());
  say(job.ramp != "on" && !feature, "ramp", kNoFeature);
  say(job.guard != "on" && !feature && !job.keep.any() && !free_end, "guard", kNoFeature);
  say(job.cycle == "on" && !feature, "cycle", kNoFeature);
  if (!models.decoder_function) {
    say(!job.judge.empty() && !classifier, "judge", kNoClassifier);
    say(!job.judge.empty() && classifier && !feature && !nearest, "judge", kNoFeature);
    say(classifier && !feature && !class_ends && job.keep.keep.empty(), "classifier",
        "no class is favoured, avoided, kept or an end");
    say(!models.input_range.empty() && !classifier, "input_range", kNoClassifier);
    say(!models.input_mean.empty() && !classifier, "input_mean", kNoClassifier);
    say(!models.input_std.empty() && !classifier, "input_std", kNoClassifier);
    say(!models.input_shape.empty() && !classifier, "input_shape", kNoClassifier);
    say(models.classifier_input != "image" && !classifier, "classifier_input", kNoClassifier);
    say(models.classifier_output != "auto" && !classifier, "classifier_output", kNoClassifier);
    say(!models.classifier_method.empty() && !classifier, "classifier_method", kNoClassifier);
    say(!models.classifier_tensor.empty() && !classifier, "classifier_tensor", kNoClassifier);
  }
  say(!job.encoding.encoder.empty() && !pictures && !feature, "encoder",
      "no end is a picture, and nothing is favoured or avoided");
  if (!encoder) append(sentences, job.encoding.unused());
  return sentences;
}

/// Equal ends that were not asked for as a loop.
void say_equal_ends(const InterpolateJob& job, const PathProblem& problem, Models& models) {
  if (job.own_end || names_free_end(job.ends.to)) {
    if (const int64_t there = (problem.start == problem.end).all(1).sum().item<int64_t>(); there > 0)
      models.warnings.push_back(join_message(there, " of ", problem.start.size(0),
                                             problem.start.size(0) == 1 ? " start has" : " starts have",
                                             " what the end is to have: the path is that point"));
    return;
  }
  if (job.ends.start.defined()) return;
  if (job.ends.loop) {
    if (!problem.feature && !regularises_density(job.path))
      models.warnings.emplace_back(
          "nothing is favoured on the loop, so it stays at its point: give a class to `favor` on the way");
    return;
  }
  const int64_t pairs = problem.start.size(0);
  const int64_t equal = (problem.start == problem.end).all(1).sum().item<int64_t>();
  if (equal == 0) return;
  const std::string which = pairs == 1
                                ? "the ends are equal"
                                : join_message("the ends of ", equal, " of ", pairs, " pairs are equal");
  const char* what =
      problem.feature ? ": a path from the point through what is favoured and back, as `loop` says, is sought"
      : regularises_density(job.path)
          ? ": a path from the point to denser places and back is sought, which stays where it is unless "
            "that "
            "lowers the regularised cost"
          : ": the path is that point; give another end, or with `loop` a class to `favor` on the way";
  models.warnings.push_back(which + what);
}

/// What `certify` cannot do is refused before any path is sought.
void check_certifiable(const PathProblem& problem, const PathOptions& path) {
  const std::string needed = global_certificate_needs(problem, path, problem.start.size(1));
  LATENTPATH_CHECK(needed.empty(), kArgument, "`certify` needs ", needed);
  LATENTPATH_CHECK((problem.start != problem.end).any(1).all().item<bool>(), kArgument,
                   "`certify` needs ends that differ: a loop's shortest path is to stay");
}

/// Where `certify` looks for shorter paths: everywhere that the prior leads to.
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

/// Images are compared with those of 2500 samples where a decoder has no more weights: beyond, that would
/// take longer than the path.
constexpr int64_t kMostCompared = 20'000'000;

/// p(z) of density regularisation; null where nobody knows it and nobody asks.
DensityPointer latent_density(const InterpolateJob& job, const Prior& prior,
                              std::vector<std::string>& assumptions) {
  if (prior.density || !regularises_density(job.path)) return prior.density;
  assumptions.push_back(
      "nothing says what the decoder's latents are drawn from: for `density_regularisation` it is taken to "
      "be "
      "N(0, I); `prior` names another density");
  return prior.end_points;
}

/// What end points are read with.
EndPointContext end_point_context(const InterpolateJob& job, const Models& models,
                                  const std::shared_ptr<TorchScriptModule>& encoder, const Prior& prior,
                                  const CancellationToken& cancellation) {
  EndPointContext context{.decoder = models.decoder};
  context.classifier = models.classifier;
  context.encoder = encoder;
  context.encoder_format = encoder_format(job.encoding);
  context.latent_shape = models.decoder->latent_shape();
  context.prior = prior.end_points;
  context.dtype = latent_dtype(job.models, *models.decoder);
  context.convert_arrays = !job.models.dtype.empty();
  context.output_range = models.decoder->output_range();
  context.seed = job.path.seed;
  context.cancellation = cancellation;
  return context;
}

/// What is favoured, by the cycle too where that is asked.
QualityPointer with_cycle(const InterpolateRun& run, const QualityPointer& asked) {
  return asked && run.cycled ? product({asked, run.cycled(asked)}) : asked;
}

/// What is sought in each section.
std::vector<QualitySection> asked_sections(const InterpolateJob& job, const InterpolateRun& run) {
  std::vector<QualitySection> asked;
  for (const FeatureSection& section : run.sections)
    asked.push_back({section.from, section.to,
                     with_cycle(run, asked_of(section.feature.quality, job.odds, job.sharpness))});
  return asked;
}

/// Feature (with its ramp) times prior, guard (null: none) and what is kept. A feature of the caller's own is
/// no probability of a classifier's, and its odds stay.
QualityPointer quality_of(const InterpolateJob& job, const InterpolateRun& run, const QualityPointer& guard) {
  QualityPointer asked =
      with_cycle(run, asked_of(run.problem.feature, job.own_feature ? 1 : job.odds, job.sharpness));
  bool ramp = job.ramp == "on";
  if (!run.sections.empty()) {
    asked = in_sections(asked_sections(job, run), ramp);
    ramp = false;  // each section has its own
  }
  QualityPointer kept = run.kept.quality();
  if (!kept) return path_quality(asked, ramp, run.prior, guard);
  if (!asked && !run.prior.quality && !guard) return kept;
  return product({path_quality(asked, ramp, run.prior, guard), kept});
}

/// What `freeze` holds, once the ends are known: of N(0, I) the guard then is about the rest.
void hold_frozen(const InterpolateJob& job, const TorchScriptDecoder& decoder, InterpolateRun& run) {
  PathProblem& problem = run.problem;
  problem.held = held_coordinates(job.freeze, decoder.latent_shapes());
  if (!problem.held.defined()) return;
  check_held_ends(problem.held, job.move, problem.start, problem.end);
  LATENTPATH_CHECK(!job.certify, kArgument,
                   "`certify` compares with paths in all coordinates: not with `freeze`");
  if (run.prior.normal || run.prior.assumed) run.prior.typicality = normal_typicality_of_free(problem.held);
  run.facts["held_coordinates"] = problem.held.sum().item<int64_t>();
}

/// What a job's ends and features leave as it is.
LoadedInterpolation load(const InterpolateJob& job, bool encoder, const ProgressObserver& progress,
                         const CancellationToken& cancellation) {
  LoadedInterpolation loaded;
  loaded.models = load_models(
      job.models, job.path.seed, [&job] { return EndPointReader::latent_shapes_of(job.ends); },
      job.path.memory);
  load_judge(job.models, job.judge, job.path.seed, loaded.models);
  if (encoder) loaded.encoder = load_encoder(job.encoding, job.models);
  check_not_interrupted(cancellation);
  loaded.prior = make_prior(job.prior, loaded.models.prior, loaded.models.decoder->latent_dim(),
                            job.path.seed, progress);
  check_not_interrupted(cancellation);
  loaded.kept = load_kept(job.keep, job.models, loaded.models, loaded.prior, job.path.seed);
  return loaded;
}

bool wants_cycle(const InterpolateJob& job) {
  return latentpath::wants_cycle(job.cycle, job.encoding, !job.favor.empty() || !job.avoid.empty(),
                                 job.guard == "on");
}

/// What is favoured and avoided, by the classifier and by the judge.
void set_feature(const InterpolateJob& job, Models& models, InterpolateRun& run) {
  PathProblem& problem = run.problem;
  if (job.own_feature) {
    Feature feature = job.own_feature(models);
    problem.feature = std::move(feature.quality);
    run.feature = std::move(feature.name);
  } else if (!job.favor.empty() || !job.avoid.empty()) {
    AskedFeature asked = asked_feature(models.classifier, job.favor, job.avoid, job.combine);
    problem.feature = std::move(asked.feature.quality);
    run.feature = std::move(asked.feature.name);
    run.sections = std::move(asked.sections);
    if (models.judge)
      run.second.judged =
          asked_feature(models.judge, job.favor, job.avoid, job.combine, models.classifier.get())
              .feature.quality;
    if (const auto seen = models.judge ? models.judge : models.classifier; !seen->takes_latent())
      run.second.features = [seen](const Tensor& decoded) { return seen->features(decoded); };
  }
}

/// What cannot be asked of a path whose end is free.
void check_free_ends(const InterpolateJob& job) {
  const auto refuse = [](bool given, const char* field, const char* why) {
    LATENTPATH_CHECK(!given, kArgument,
                     "a free end (the nearest of a class or of a level set) cannot go with `", field,
                     "`: ", why);
  };
  constexpr const char* kByImages = "ends are compared by image distances";
  refuse(!job.metric.empty(), "metric", kByImages);
  refuse(!job.keep.embedding_features.empty(), "embedding_features", kByImages);
  refuse(!job.freeze.empty(), "freeze", "an end that is sought moves in all coordinates");
  refuse(job.keep.any(), "keep", "what is kept is compared with both ends");
  refuse(regularises_density(job.path), "density_regularisation", kByImages);
  refuse(job.path.first_paths.defined(), "first_paths", "they lead to an end that is known");
}

/// Ends that are free are sought; without them what is asked of a path is not known. Whether there are such.
bool seek_free_ends(const InterpolateJob& job, Models& models, const std::optional<AskedEnd>& free,
                    InterpolateRun& run, const ProgressObserver& progress,
                    const CancellationToken& cancellation) {
  if (!job.own_end && !free) return false;
  check_free_ends(job);
  const FreeEnd asked = job.own_end ? job.own_end(models) : free_end(*free, models);
  PathProblem& problem = run.problem;
  const FoundEnds found = find_free_ends(asked, problem, run.prior, run.path, job.nearest, job.guard == "on",
                                         progress, cancellation);
  problem.end = found.nearest.ends;
  run.path.first_paths = found.nearest.paths.to(problem.start.scalar_type());
  run.decoded_for_ends = found.decoded;
  run.nearest_ends = nearest_end_figures(asked, found, *problem.embedding);
  return true;
}

/// A condition, say, that is the same at both ends and that nothing holds on the way.
void say_equal_parts(const TorchScriptDecoder& decoder, const PathProblem& problem, Models& models) {
  if (problem.held.defined()) return;
  for (const int64_t part : equal_parts(decoder.latent_shapes(), problem.start, problem.end))
    models.assumptions.push_back(join_message("part ", part,
                                              " of the latent is the same at both ends, and moves on the way "
                                              "as the others do: `freeze` ",
                                              part, " holds it"));
}

/// Models, quality and end points: the problem, and what was assumed on the way.
void set_problem(const InterpolateJob& job, const LoadedInterpolation& loaded, InterpolateRun& run,
                 const ProgressObserver& progress, const CancellationToken& cancellation) {
  Models models = loaded.models;
  const auto encoder = wants_encoder(job) ? loaded.encoder : nullptr;
  if (encoder) append(models.assumptions, encoder->notes());
  append(models.assumptions, unused_options(job, encoder != nullptr));
  check_not_interrupted(cancellation);
  if (const auto sentence = slow_blas()) models.warnings.push_back(*sentence);
  const int64_t dim = models.decoder->latent_dim();

  PathProblem& problem = run.problem;
  problem.embedding = models.decoder;
  set_feature(job, models, run);
  run.prior = loaded.prior;
  run.kept = loaded.kept;
  append(models.assumptions, run.prior.notes);
  // A classifier of latents draws its via points from where latents usually are, as one of images does.
  problem.prior = run.prior.sampler();
  if (!problem.prior && (problem.feature || job.keep.any())) problem.prior = normal_sampler(dim);
  run.second.seed = job.path.seed;
  problem.density = latent_density(job, run.prior, models.assumptions);

  const EndPointContext context = end_point_context(job, models, encoder, run.prior, cancellation);
  EndPointReader reader(job.ends, context);
  std::tie(problem.start, problem.end) = reader.read();
  run.legs_of_tour = reader.legs_of_tour();
  const bool free_ends = seek_free_ends(job, models, reader.free_end(), run, progress, cancellation);
  LATENTPATH_CHECK(
      run.legs_of_tour == 0 || run.sections.empty(), kArgument,
      "sections of `favor` and `avoid` are parts of one path, and a tour has a path for each leg: ask for "
      "the same on all of them, or give no `through`, `tours` or `closed`; in Python lp.find_tour() takes a "
      "quality for each leg");
  append(models.assumptions, reader.notes());
  append(models.warnings, reader.warnings());
  say_equal_ends(job, problem, models);
  if (!job.ends.any_endpoint) {
    const auto field = [&](const char* one) {
      return !job.ends.pairs.empty()   ? "pairs"
             : !job.ends.tours.empty() ? "tours"
             : run.legs_of_tour > 0    ? "through"
                                       : one;
    };
    check_end_points(run.prior, problem.start, field("from"));
    check_end_points(run.prior, problem.end, field("to"));
  }
  hold_frozen(job, *models.decoder, run);
  if (!free_ends) say_equal_parts(*models.decoder, problem, models);
  const bool guarded = problem.feature != nullptr || job.keep.any() || free_ends;
  run.guard = make_guard(run.prior, job.guard == "on", guarded, problem.start, problem.end);
  append(models.assumptions, run.guard.notes);
  append(models.warnings, run.guard.warnings);
  if (run.guard.rank && models.decoder->operations_per_point() <= kMostCompared)
    run.second.samples = problem.prior;
  std::function<Tensor(const Tensor&)> encode;
  if (encoder && problem.feature && (run.second.samples || wants_cycle(job)))
    encode = encoder_of_images(encoder, context.encoder_format, *models.decoder, context.dtype,
                               context.output_range, models.assumptions);
  if (wants_cycle(job))
    run.cycled = asked_cycle(
        job.cycle, encoder, encode,
        [&] { return known_latents(job.prior.prior, problem.prior, job.path.seed, context.dtype); }, models);
  if (run.second.samples) run.second.encode = encode;
  problem.quality = quality_of(job, run, run.guard.quality);
  run.output_range = models.decoder->output_range();
  run.assumptions = models.assumptions;
  run.warnings = models.warnings;
  run.facts.update(json{
      {"quality", problem.quality->describe()}, {"latent_dim", dim}, {"precision", models.decoder->dtype()}});
  if (const auto shape = models.decoder->latent_shape(); shape.size() > 1) run.facts["latent_shape"] = shape;
  if (!run.feature.empty()) run.facts["feature"] = run.feature;
  if (run.prior.density) run.facts["prior"] = run.prior.density->describe();
  run.dtype = context.dtype == at::kDouble ? "float64" : "float32";
  if (problem.feature && models.classifier)
    run.classifier = classifier_check(*models.decoder, *models.classifier, problem.feature, problem.prior,
                                      job.path.seed, context.dtype);
}

/// Puts what was found of some pairs, and what it took, to the rest.
void join(PathResult& all, const PathResult& part, const Tensor& pairs, int64_t count) {
  const std::vector<std::string> before = all.warnings;
  const auto evaluations = all.decoder_evaluations;
  const int64_t shared = all.candidate_evaluations, checked = all.verification_evaluations;
  const double seconds = all.seconds;
  all.place(part, pairs, count);
  all.decoder_evaluations = evaluations;
  all.decoder_evaluations.resize(static_cast<size_t>(count));
  for (int64_t row = 0; row < pairs.size(0); ++row)
    all.decoder_evaluations[static_cast<size_t>(pairs[row].item<int64_t>())] =
        part.decoder_evaluations[static_cast<size_t>(row)];
  all.candidate_evaluations = shared + part.candidate_evaluations;
  all.verification_evaluations = checked + part.verification_evaluations;
  all.seconds = seconds + part.seconds;
  all.seed = part.seed;
  if (part.density_reference != 0) all.density_reference = part.density_reference;
  all.stage_settings = part.stage_settings;
  all.warnings = before;
  for (const std::string& sentence : part.warnings)
    if (std::find(before.begin(), before.end(), sentence) == before.end()) all.warnings.push_back(sentence);
}

/// What no tour can be made of is refused before any leg is sought.
void check_tours(int64_t legs_of_tour, int64_t pairs, const PathOptions& path) {
  if (legs_of_tour == 0) return;
  LATENTPATH_CHECK(pairs % legs_of_tour == 0, kArgument, pairs, " pairs are no tours of ", legs_of_tour,
                   " legs");
  LATENTPATH_CHECK(
      !regularises_density(path), kArgument,
      "`density_regularisation` cannot go with tours: what a tour may cost is told by length and "
      "quality; leave it none");
}

/// The problem of some pairs, with the guard or without.
PathProblem part_of(const InterpolateJob& job, const InterpolateRun& run, const MetricTensorPointer& metric,
                    const Tensor& pairs, bool guarded) {
  PathProblem problem = run.problem;
  problem.start = run.problem.start.index_select(0, pairs);
  problem.end = run.problem.end.index_select(0, pairs);
  if (!guarded) problem.quality = quality_of(job, run, nullptr);
  // Pictures and answers look at the decoder; the search measures lengths by the metric, or between features,
  // where that is asked for.
  if (run.kept.embedding) return measured_by(problem, embedding_in(run.kept.embedding, problem.embedding));
  return metric ? measured_by(problem, metric) : problem;
}

/// First paths that go through what each section asks for.
void start_by_sections(const InterpolateJob& job, const InterpolateRun& run, const PathProblem& problem,
                       PathOptions& options, const CancellationToken& cancellation, int64_t& drawn) {
  if (run.sections.empty() || options.init != "auto") return;
  std::vector<QualitySection> asked = asked_sections(job, run);
  for (QualitySection& section : asked)
    if (problem.embedding != run.problem.embedding)
      section.quality = at_decoded(section.quality, run.problem.embedding);
  options.section_paths = section_paths(problem, asked, options, cancellation, &drawn);
}

MetricTensorPointer metric_of(const InterpolateJob& job, const InterpolateRun& run) {
  return job.metric.empty() ? nullptr : load_metric(job.metric, run.problem.start.size(1));
}

/// The paths, with their certificates: those of pairs that the guard does not hold for are a search of their
/// own.
void search(const InterpolateJob& job, InterpolateRun& run, const ProgressObserver& progress,
            const CancellationToken& cancellation) {
  const auto groups = run.guard.groups();
  const int64_t count = run.problem.start.size(0);
  const MetricTensorPointer metric = metric_of(job, run);
  for (size_t unguarded = 0; unguarded < groups.size(); ++unguarded) {
    const Tensor& pairs = groups[unguarded];
    if (pairs.numel() == 0) continue;
    const PathProblem problem = part_of(job, run, metric, pairs, unguarded == 0);
    PathOptions options = run.path;
    if (options.first_paths.defined()) options.first_paths = options.first_paths.index_select(0, pairs);
    int64_t drawn = 0;
    start_by_sections(job, run, problem, options, cancellation, drawn);
    PathResult found = find_path(problem, options, progress, cancellation);
    found.candidate_evaluations += drawn;
    if (job.certify && !cancellation.cancelled()) {
      const auto certificates = certify_and_improve(
          problem, options, found, certificate_options(problem, run.prior.normal), progress, cancellation);
      run.certificates.resize(static_cast<size_t>(count));
      for (size_t row = 0; row < certificates.size(); ++row)
        run.certificates[static_cast<size_t>(pairs[static_cast<int64_t>(row)].item<int64_t>())] =
            certificates[row];
    }
    join(run.result, found, pairs, count);
  }
  run.result.candidate_evaluations += run.decoded_for_ends;
}

/// What each pair's path was sought by, by its number.
using PairEnergies = std::map<int64_t, PathEnergy>;

/// Adds those of a run, whose pairs have these numbers among all.
void add_energies(const InterpolateJob& job, const InterpolateRun& run, const std::vector<int64_t>& numbers,
                  PairEnergies& energies) {
  const MetricTensorPointer metric = metric_of(job, run);
  const auto groups = run.guard.groups();
  for (size_t unguarded = 0; unguarded < groups.size(); ++unguarded) {
    if (groups[unguarded].numel() == 0) continue;
    const PathProblem problem = part_of(job, run, metric, groups[unguarded], unguarded == 0);
    for (int64_t row = 0; row < groups[unguarded].size(0); ++row) {
      const int64_t pair = groups[unguarded][row].item<int64_t>();
      energies.emplace(numbers[static_cast<size_t>(pair)], energy_of(problem, run.path, run.result, pair));
    }
  }
}

/// Whether tours are bent at their points: whoever interrupts waits for no bend.
bool bends(const InterpolateJob& job, bool interrupted) { return job.corners == "smooth" && !interrupted; }

/// Tours of the legs that were found, the pairs in turn.
std::vector<Tour> make_tours(const InterpolateJob& job, const PathResult& result, int64_t legs_of_tour,
                             const PairEnergies& energies, bool interrupted) {
  TourOptions options;
  options.closed = job.ends.closed;
  options.smooth = bends(job, interrupted);
  options.allowance = job.tour_allowance;
  std::vector<Tour> tours;
  for (int64_t first = 0; first < result.nodes.size(0); first += legs_of_tour) {
    std::vector<TourLeg> legs;
    for (int64_t leg = first; leg < first + legs_of_tour; ++leg)
      legs.push_back({result.nodes[leg], &energies.at(leg)});
    tours.push_back(make_tour(legs, result.times, options));
  }
  return tours;
}

/// The distances of the ends: of the latents, and of what they decode to where the lower bound tells it.
void add_distances(InterpolateRun& run) {
  const Tensor nodes = run.result.nodes.to(at::kDouble);
  const Tensor apart = (nodes.select(1, nodes.size(1) - 1) - nodes.select(1, 0)).norm(2, {1});
  for (int64_t pair = 0; pair < apart.size(0); ++pair) {
    nlohmann::json& path = run.summary["pairs"][static_cast<size_t>(pair)]["path"];
    path["ends_distance"] = apart[pair].item<double>();
    if (const double known = run.result.ends_output_distance[pair].item<double>(); known > 0)
      path["ends_output_distance"] = known;
  }
}

/// −log p(x) along the paths and both baselines; where it is regularised by, what by.
void add_density_figures(const InterpolateJob& job, InterpolateRun& run, bool interrupted) {
  const PathResult& result = run.result;
  const bool regularised = regularises_density(job.path);
  for (size_t pair = 0; pair < result.density_regularisation.size(); ++pair)
    if (const double weight = result.density_regularisation[pair]; weight > 0)
      run.summary["pairs"][pair]["path"]["density_regularisation"] = weight;
  if (regularised) run.summary["density_reference"] = result.density_reference;
  const std::string asked = regularised && job.data_density == "auto" ? "on" : job.data_density;
  if (interrupted) return;
  const auto density =
      reported_density(asked, run.problem.embedding, run.prior, 3 * kDensityFrames, job.path.seed);
  if (density) add_data_density(run.summary, run.problem, result, *density);
}

/// What is told of a run with a summary.
std::string text_of(const InterpolateRun& run) {
  const nlohmann::json& summary = run.summary;
  return run.result.brief_report() + nearest_end_text(summary) + sections_text(summary) +
         data_density_text(summary) + kept_text(summary) + verdict_text(summary["verdict"]);
}

std::vector<std::pair<std::string, Tensor>> arrays_of(const InterpolateRun& run) {
  std::vector<std::pair<std::string, Tensor>> arrays{{"path.npy", run.result.nodes},
                                                     {"times.npy", run.result.times}};
  if (run.tours.empty()) return arrays;
  const auto [nodes, times] = stacked(run.tours);
  arrays.emplace_back("tour.npy", nodes);
  arrays.emplace_back("tour_times.npy", times);
  return arrays;
}

void summarise(const InterpolateJob& job, InterpolateRun& run, bool interrupted) {
  PathResult& result = run.result;
  result.weighted =
      run.problem.feature != nullptr || run.prior.quality != nullptr || run.kept.quality() != nullptr;
  json sections;
  if (!run.sections.empty()) sections = section_figures(run.problem, run.sections, result);
  run.summary = path_summary(result);
  for (size_t pair = 0; pair < sections.size(); ++pair)
    for (const auto& [curve, figures] : sections[pair].items())
      run.summary["pairs"][pair][curve]["sections"] = figures;
  std::vector<Warning> warnings;
  append(warnings, run.summary.value("warnings", std::vector<std::string>()));
  append(warnings, run.warnings);
  run.warnings = warnings;
  write_warnings(run.summary, warnings);
  // Whoever interrupts waits for no more images.
  add_second_opinion(run.summary, run.problem, result, run.guard, interrupted ? SecondOpinion() : run.second);
  for (size_t pair = 0; pair < run.certificates.size(); ++pair) {
    const GlobalCertificate& certificate = run.certificates[pair];
    const auto at = static_cast<int64_t>(pair);
    // Lengths are told as distances where no quality was asked for, and this one like them.
    const double unit = result.weighted ? 1.0
                                        : result.path.embedding_length[at].item<double>() /
                                              result.path.length[at].item<double>();
    run.summary["pairs"][pair]["path"]["global_certificate"] = {
        {"reference_length", unit * certificate.reference},
        {"reference_error", unit * certificate.reference_error},
        {"gap", certificate.gap},
        {"evaluations", certificate.marching.evaluations()},
        {"sentence", certificate.sentence}};
  }
  add_distances(run);
  add_density_figures(job, run, interrupted);
  if (!interrupted) add_kept_figures(run.summary, run.kept, run.problem, result);
  for (size_t pair = 0; pair < run.nearest_ends.size(); ++pair)
    run.summary["pairs"][pair]["nearest_end"] = run.nearest_ends[pair];
  run.summary["dtype"] = run.dtype;
  if (!run.feature.empty()) run.summary["feature"] = run.feature;
  if (!run.classifier.is_null()) run.summary["classifier"] = run.classifier;
  if (!run.tours.empty()) add_tour_figures(run.tours, run.legs_of_tour, bends(job, interrupted), run.summary);
  add_verdicts(run.summary, RunKind::kInterpolate);
  if (run.summary["pairs"].size() > 1) run.files = detail::path_tables(run.summary);
  run.text = text_of(run);
  run.arrays = arrays_of(run);
}

/// Paths of this machine beside those that options name.
std::vector<std::string> model_paths_of(const InterpolateJob& job) {
  std::vector<std::string> local = local_model_paths(job.models);
  for (const auto& searched : job.models.folders)
    for (const std::string& name :
         {job.encoding.encoder, job.judge, job.keep.keep_features, job.keep.embedding_features})
      local.push_back((searched / (name + ".pt")).string());
  return local;
}

/// A job's quality and ends, with its models where they are there already: everything before its search.
InterpolateRun prepare(const InterpolateJob& job, const LoadedInterpolation* loaded,
                       const RunObserver& observer, const CancellationToken& cancellation) {
  interpolate_option_table().validate(job);
  InterpolateRun run;
  describe_job(run, "interpolate", interpolate_option_table(), job, job.path.seed, job.threads);
  const SerialOperations serial;  // batches are shared by points (evaluate_points.h)
  append(run.local_paths, model_paths_of(job));
  run.path = job.path;
  if (run.path.learning_rate == 0.0) run.path.learning_rate.reset();
  const NoLibraryWarnings no_library_warnings;
  set_problem(job, loaded ? *loaded : load(job, wants_encoder(job), observer.progress, cancellation), run,
              observer.progress, cancellation);
  for (const auto& sentence : run.assumptions)
    if (observer.note) observer.note(sentence);
  for (const auto& sentence : run.warnings)
    if (observer.warning) observer.warning(sentence);
  check_not_interrupted(cancellation);
  if (job.certify) check_certifiable(run.problem, run.path);
  check_tours(run.legs_of_tour, run.problem.start.size(0), run.path);
  return run;
}

/// The search, and what is told of it.
void complete(const InterpolateJob& job, InterpolateRun& run, const RunObserver& observer,
              const CancellationToken& cancellation,
              const std::function<void(const InterpolateRun&)>& found = {}) {
  std::optional<SerialOperations> serial;
  if (run.problem.embedding->concurrent()) serial.emplace();  // else its points cannot be shared
  const NoLibraryWarnings no_library_warnings;
  const auto progress = [&](const Progress& p) {
    if (observer.progress) observer.progress(p);
    run.convergence.progress(p);
  };
  if (!job.out.empty())
    run.path.snapshot = [&](const PathSnapshot& snapshot) { run.convergence.snapshot(snapshot); };
  search(job, run, progress, cancellation);
  run.path.snapshot = {};  // it refers to this call
  if (found) found(run);
  if (run.legs_of_tour > 0) {
    std::vector<int64_t> numbers(static_cast<size_t>(run.result.nodes.size(0)));
    std::iota(numbers.begin(), numbers.end(), int64_t{0});
    PairEnergies energies;
    add_energies(job, run, numbers, energies);
    run.tours = make_tours(job, run.result, run.legs_of_tour, energies, cancellation.cancelled());
  }
  for (const auto& sentence : run.result.warnings)
    if (observer.warning) observer.warning(sentence);
  summarise(job, run, cancellation.cancelled());
  const auto& endings = run.result.termination;
  if (cancellation.cancelled())
    run.failure = {ErrorKind::kInterrupted, "interrupted: the paths are the best ones reached until then",
                   "they are in"};
  else if (std::all_of(endings.begin(), endings.end(),
                       [](Termination why) { return why == Termination::kNumericalFailure; }))
    run.failure = {ErrorKind::kNumerical, "the cost is NaN or infinite on every path",
                   "what was found is in"};
}

/// The warnings of groups of pairs, each once: what every group says of all of its pairs is said of all
/// pairs, anything else of the pairs that it concerns.
std::vector<Warning> joined_warnings(const std::vector<InterpolateRun>& runs,
                                     const std::vector<std::vector<int64_t>>& pairs) {
  std::vector<Warning> all;
  for (size_t group = 0; group < runs.size(); ++group)
    for (const Warning& warning : runs[group].warnings) {
      const bool of_group = warning.pair == Warning::kAllPairs;
      const auto said_by = [&](const InterpolateRun& run) {
        return std::any_of(run.warnings.begin(), run.warnings.end(),
                           [&](const Warning& w) { return w == warning && w.pair == warning.pair; });
      };
      if (of_group && std::all_of(runs.begin(), runs.end(), said_by)) {
        if (std::find(all.begin(), all.end(), warning) == all.end()) all.push_back(warning);
        continue;
      }
      for (size_t row = 0; row < pairs[group].size(); ++row) {
        if (!of_group && warning.pair != static_cast<int64_t>(row)) continue;
        const std::string own = join_message("pair ", row + 1, ": ");
        const std::string sentence = warning.substr(warning.rfind(own, 0) == 0 ? own.size() : 0);
        const int64_t pair = pairs[group][row];
        all.emplace_back(join_message("pair ", pair + 1, ": ", sentence), warning.kind, pair);
      }
    }
  return all;
}

/// What groups of pairs have in their own records, in one; `all.result` is of all pairs already.
void join_records(InterpolateRun& all, const std::vector<InterpolateRun>& runs,
                  const std::vector<std::vector<int64_t>>& pairs) {
  all.summary = path_summary(all.result);
  all.summary.erase("warnings");
  // What is said of a group's pairs beside them, or anew of all.
  const std::set<std::string> of_group{"warnings", "warning_kinds", "warning_pairs",
                                       "feature",  "classifier",    "verdict"};
  bool numerical = true;
  for (size_t group = 0; group < runs.size(); ++group) {
    const InterpolateRun& run = runs[group];
    for (const auto& [name, value] : run.summary.items())
      if (!all.summary.contains(name) && of_group.count(name) == 0) all.summary[name] = value;
    if (run.summary.contains("guard") && all.summary["guard"] != run.summary["guard"])
      all.summary["guard"] = "mixed";
    for (size_t row = 0; row < pairs[group].size(); ++row) {
      nlohmann::json& pair = all.summary["pairs"][static_cast<size_t>(pairs[group][row])];
      pair = run.summary["pairs"][row];
      pair["quality"] = run.facts["quality"];
      if (!run.feature.empty()) pair["feature"] = run.feature;
      if (!run.classifier.is_null()) pair["classifier"] = run.classifier;
    }
    for (const std::string& sentence : run.assumptions)
      if (std::find(all.assumptions.begin(), all.assumptions.end(), sentence) == all.assumptions.end())
        all.assumptions.push_back(sentence);
    if (run.interrupted()) all.failure = run.failure;
    numerical = numerical && run.failure;
  }
  if (numerical && !all.failure) all.failure = runs[0].failure;
  all.warnings = joined_warnings(runs, pairs);
  write_warnings(all.summary, all.warnings);
}

/// Legs that ask for different things belong to tours of all pairs, and not of a group of them.
InterpolateJob without_tours(InterpolateJob job) {
  job.ends.legs_of_tour = 0;
  return job;
}

/// The tours of pairs that were sought in groups.
void join_tours(const std::vector<InterpolateJob>& jobs, const std::vector<std::vector<int64_t>>& pairs,
                const std::vector<InterpolateRun>& runs, InterpolateRun& all, bool interrupted) {
  all.legs_of_tour = jobs[0].ends.legs_of_tour;
  if (all.legs_of_tour == 0) return;
  PairEnergies energies;
  for (size_t group = 0; group < runs.size(); ++group)
    add_energies(jobs[group], runs[group], pairs[group], energies);
  all.tours = make_tours(jobs[0], all.result, all.legs_of_tour, energies, interrupted);
  add_tour_figures(all.tours, all.legs_of_tour, bends(jobs[0], interrupted), all.summary);
}

}  // namespace

const OptionTable<InterpolateJob>& interpolate_option_table() {
  static const OptionTable<InterpolateJob> table = make_table();
  return table;
}

InterpolateRun execute(const InterpolateJob& job, const RunObserver& observer,
                       const CancellationToken& cancellation) {
  InterpolateRun run = prepare(job, nullptr, observer, cancellation);
  complete(job, run, observer, cancellation);
  return run;
}

LoadedInterpolation load_interpolation(const InterpolateJob& job, const ProgressObserver& progress,
                                       const CancellationToken& cancellation) {
  interpolate_option_table().validate(job);
  use_threads(job.threads);
  const SerialOperations serial;
  const NoLibraryWarnings no_library_warnings;
  return load(job, wants_encoder(job) || !job.models.classifier.empty(), progress, cancellation);
}

EndPointContext end_point_context(const InterpolateJob& job, const LoadedInterpolation& loaded) {
  return end_point_context(job, loaded.models, loaded.encoder, loaded.prior, {});
}

InterpolateRun execute(const InterpolateJob& job, const LoadedInterpolation& loaded,
                       const RunObserver& observer, const CancellationToken& cancellation,
                       const std::function<void(const InterpolateRun&)>& found,
                       const std::function<void(const InterpolateRun&)>& prepared) {
  InterpolateRun run = prepare(job, &loaded, observer, cancellation);
  if (prepared) prepared(run);
  complete(job, run, observer, cancellation, found);
  return run;
}

InterpolateRun execute(const std::vector<InterpolateJob>& jobs,
                       const std::vector<std::vector<int64_t>>& pairs, const RunObserver& observer,
                       const CancellationToken& cancellation) {
  LATENTPATH_CHECK(!jobs.empty() && jobs.size() == pairs.size(), kArgument,
                   "a job for each group of pairs is needed");
  int64_t count = 0;
  std::vector<InterpolateRun> runs;
  // What is refused is refused before the first search.
  for (size_t group = 0; group < jobs.size(); ++group) {
    runs.push_back(prepare(without_tours(jobs[group]), nullptr, observer, cancellation));
    LATENTPATH_CHECK(runs[group].problem.start.size(0) == static_cast<int64_t>(pairs[group].size()),
                     kArgument, "group ", group + 1, " has ", runs[group].problem.start.size(0),
                     " pairs and numbers of ", pairs[group].size());
    count += static_cast<int64_t>(pairs[group].size());
  }
  check_tours(jobs[0].ends.legs_of_tour, count, runs[0].path);
  InterpolateRun all;
  static_cast<RunRecord&>(all) = runs[0];
  all.assumptions.clear();
  for (size_t group = 0; group < jobs.size(); ++group) {
    RunObserver own = observer;
    if (observer.progress && jobs.size() > 1)
      own.progress = [&, group](const Progress& p) {
        Progress labelled = p;
        labelled.stage = join_message("group ", group + 1, " of ", jobs.size(), ": ", p.stage);
        observer.progress(labelled);
      };
    complete(jobs[group], runs[group], own, cancellation);
    join(all.result, runs[group].result, at::tensor(pairs[group], at::kLong), count);
  }
  all.path = runs[0].path;
  all.dtype = runs[0].dtype;
  all.output_range = runs[0].output_range;
  join_records(all, runs, pairs);
  join_tours(jobs, pairs, runs, all, cancellation.cancelled());
  add_verdicts(all.summary, RunKind::kInterpolate);
  for (const char* name : {"favor", "avoid"})
    for (const InterpolateRun& run : runs)
      if (run.options[name] != runs[0].options[name]) all.options[name] = nullptr;
  for (const char* name : {"quality", "feature"}) all.facts.erase(name);
  all.text = text_of(all);
  all.files.clear();
  if (count > 1) all.files = detail::path_tables(all.summary);
  all.arrays = arrays_of(all);
  return all;
}

}  // namespace latentpath
