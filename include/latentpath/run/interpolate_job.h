#pragma once
// A path, or a batch of paths, in a model's latent space: the job of `latentpath interpolate`.
//
//   InterpolateJob job{.models = {.decoder = "generator.pt", .classifier = "classifier.pt"},
//                      .ends = {.from = "seed:23", .to = "seed:30"},
//                      .favor = {"8"}};
//   InterpolateRun run = execute(job);
//   std::cout << run.text;

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/path/certify_globally.h"
#include "latentpath/path/find_path.h"
#include "latentpath/path/tour.h"
#include "latentpath/run/convergence_record.h"
#include "latentpath/run/encoder.h"
#include "latentpath/run/end_points.h"
#include "latentpath/run/feature_sections.h"
#include "latentpath/run/kept.h"
#include "latentpath/run/models.h"
#include "latentpath/run/nearest.h"
#include "latentpath/run/prior.h"
#include "latentpath/run/run_record.h"
#include "latentpath/run/second_opinion.h"

namespace latentpath {

struct InterpolateJob {
  ModelOptions models;
  EncoderOptions encoding;  ///< for image:FILE ends, cycle errors and `cycle`
  std::string metric;       ///< G(z) as a TorchScript file [n, D] → [n, D, D], in image distances' place
  EndPointOptions ends;
  NearestEndOptions nearest;  ///< how an end that is free is sought; certainty and seed are the job's own
  std::vector<std::string> favor, avoid;  ///< classes, by number or name; of a section: 8@0.0-0.4
  std::string combine = "auto";           ///< several favoured classes of one time: any, all
  KeepOptions keep;                       ///< what should not change on the way
  PriorOptions prior;
  double odds = 4;          ///< s of the favoured probability P: P/(P + s (1 − P)); 1: P itself
  double sharpness = 1;     ///< p, to the power of which that is taken
  std::string ramp = "on";  ///< on: nothing is asked of the ends, all in the middle; off: the same everywhere
  std::string guard = "on";  ///< on: paths of a feature keep to where the prior has samples; none
  std::string cycle =
      "auto";  ///< what is favoured is asked of what `encoder` and decoder give back, too: on, none, auto
  std::string judge;  ///< a classifier to compare with; empty: the one shipped beside the classifier; none
  std::string data_density =
      "auto";                 ///< −log p(x) along the paths is reported: on, none (run/data_density.h)
  std::string freeze;         ///< parts of the latent that are held (run/held_coordinates.h); empty: none
  std::string move = "stay";  ///< how they go: stay, straight
  PathOptions path;
  std::string corners = "smooth";  ///< of tours at their points: smooth, sharp
  double tour_allowance = 0.05;    ///< a smooth tour costs at most 1 + this times its legs
  bool certify = false;            ///< compare with the globally shortest path by fast marching
  int64_t threads = 0;

  // What illustrate() draws.
  int64_t frames = 12, strips = 16, report_frames = 0;
  std::string spacing = "time";
  std::vector<std::string> picture_format{"png"};  ///< png, svg, pdf

  std::string out;  ///< run folder; empty: none will be written, and nothing is recorded for it
  bool overwrite = false;

  /// A feature of the caller's own, made when the models are loaded, in the place of `favor` and `avoid`. No
  /// option.
  std::function<Feature(Models&)> own_feature = {};
  /// What the end is to have: it is sought as that of `to` nearest:C is, and the end given is not looked at.
  /// No option.
  std::function<FreeEnd(Models&)> own_end = {};
};
const OptionTable<InterpolateJob>& interpolate_option_table();

struct InterpolateRun : RunRecord {
  PathProblem problem;
  PathOptions path;  ///< as used
  PathResult result;
  std::vector<GlobalCertificate> certificates;  ///< [pairs], or none
  int64_t legs_of_tour = 0;                     ///< pairs are legs, so many a tour; 0: no tours
  std::vector<Tour> tours;
  Prior prior;
  KeptModels kept;
  Guard guard;
  Cycled cycled;  ///< none: what is asked is not asked by the cycle
  SecondOpinion second;
  int64_t decoded_for_ends = 0;          ///< points, to find ends that are free
  nlohmann::json nearest_ends;           ///< [pairs], figures of ends that are free (run/nearest.h); or null
  std::string feature;                   ///< "P(8)"; empty where nothing is favoured or avoided
  std::vector<FeatureSection> sections;  ///< what is asked when; none where it is always the same
  std::string dtype;                     ///< that the decoder is asked in: "float32"
  nlohmann::json classifier;             ///< what it makes of prior samples: classifier_check(); or null
  std::optional<ValueRange> output_range;  ///< the decoder's values
  ConvergenceRecord convergence;
};

/// Throws Error for what cannot be done. Paths that are found but no success (interrupted, NaN costs) are a
/// record with a failure.
InterpolateRun execute(const InterpolateJob& job, const RunObserver& observer = {},
                       const CancellationToken& cancellation = {});

/// Pairs that ask for different things, in one record: jobs[g] is asked of the pairs with the numbers
/// pairs[g], from 0, whose ends are its own, and what becomes of each is what becomes of it alone. Each pair
/// of the summary says its `feature`, `quality` and `classifier`, which of one job the whole run says. The
/// jobs differ in `favor`, `avoid`, `own_feature`, ends and first paths, and in nothing else; the problem is
/// none that illustrate() could draw.
InterpolateRun execute(const std::vector<InterpolateJob>& jobs,
                       const std::vector<std::vector<int64_t>>& pairs, const RunObserver& observer = {},
                       const CancellationToken& cancellation = {});

}  // namespace latentpath
