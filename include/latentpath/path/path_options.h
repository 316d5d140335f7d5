#pragma once
// PathProblem and PathOptions: what find_path() is asked, and how it is to be sought.
//
//   PathProblem problem{.embedding = decoder, .quality = quality, .start = z0, .end = z1};   // [pairs, D]
//   PathOptions options{.segments = 64};
//   options.prune.late_lead = 1.5;

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/curve/curve.h"
#include "latentpath/metric/density.h"
#include "latentpath/metric/path_energy.h"
#include "latentpath/path/prune.h"
#include "latentpath/path/refine.h"
#include "latentpath/path/reparametrise.h"
#include "latentpath/path/route_starts.h"
#include "latentpath/path/select.h"
#include "latentpath/path/via_points.h"

namespace latentpath {

/// What is asked. It does not change while a path is sought.
struct PathProblem {
  std::shared_ptr<const Embedding> embedding;
  QualityPointer quality;
  Tensor start, end;  ///< z0, z1 [pairs, D]; equal ends ask for a loop
  QualityPointer feature =
      {};  ///< reported along each path (mean_class_probability); the quality without its ramp
  LatentSampler prior = {};     ///< where via points are drawn; none: N(0, I) if the quality looks at decoded
                                ///< points, else no via points
  DensityPointer density = {};  ///< p(z), for density regularisation: prior samples are then its draws
  Tensor held = {};  ///< bool [D]: coordinates that are not sought: on every path they go straight from the
                     ///< start's value to the end's, and stay to the last bit where the two are equal. Of
                     ///< polylines, by first-order methods. Undefined: none
};

/// The paths as they are after an iteration, for those who plot or time convergence.
struct PathSnapshot {
  Tensor nodes;  ///< [rows, n + 1, D]; several rows a pair while several starts compete
  Tensor pair;   ///< [rows] int64
  Tensor times;  ///< [n + 1]
  const std::vector<int64_t>& decoder_evaluations;  ///< [pairs], so far
};

/// What a search relies on, looked at before it begins; each threshold has its reason on its page
/// (docs/algorithms/probe.md).
struct ProbeOptions {
  int64_t pairs = 4;     ///< of a batch, evenly spread over it
  int64_t compared = 6;  ///< points whose derivative is compared with differences
  /// Displacements of differences, as shares of the distance between points: twice each is a segment of 64,
  /// one of the finest grid that figures are taken on, and one well below that.
  double coarse_step = 1.0 / 128, step = 1.0 / 4096, finest_step = 1.0 / 65536;
  double warned = 0.05, refused = 0.5;  ///< share by which steps inflate the cost on that grid
  double noise = 1e-5;                  ///< of the outputs: what draws random numbers differs by more
  double mixing_warned = 3e-3, mixing_refused = 0.01;  ///< share by which a point's batch changes its output
  double quality_noise = 1e-3;  ///< by which a quality may differ, asked twice or in another batch
};

/// What is decided where nobody says it (docs/algorithms/cost.md).
struct ResolveOptions {
  /// λ in typical squared image distances: a detour through images is then worth its time.
  double time_weight = 9;
  /// Of the time grid where the quality depends on time (graded_times): a ramp asks nothing at the ends,
  /// where a path then moves fast.
  double grading = 0.8;
};

/// First paths for what is asked in parts of the time (path/section_starts.h).
struct SectionOptions {
  int64_t segments = 64;  ///< of such a path: a section of a tenth of the time has a few
  /// Share of a section at an end of the path, and of the others at their rims, that is left to the way
  /// there; above 0, since no path is at two places at once.
  double way_there = 0.2, rim = 0.02;
};

/// Density regularisation (docs/algorithms/density_regularisation.md).
struct DensityOptions {
  /// Prior samples whose lowest V and spread give V₀ and its softness: to a tenth of the spread.
  int64_t samples = 256;
  /// The same where log det is estimated, by a thousand products a sample: to an eighth of the spread.
  int64_t estimated_samples = 32;
  int64_t balance_segments = 32;  ///< of the straight line along which `auto` balances the two terms
  /// What the density term of that line weighs, by `auto`, in energies of the line: 2² − 1, what a path of
  /// twice the length has more.
  double balance = 3;
  int64_t places = 33;  ///< of a path, evenly spaced in time, at which lost directions are looked for
  double acted = 0.01;  ///< share of a direction from which δ is said to have acted
};

/// What the search found, moved to a stationary point by a second-order method (docs/algorithms/newton.md).
struct FinishOptions {
  /// Where max_iterations is 0. Near a minimum Newton's method doubles the digits at every step; the others
  /// are spent on the way there.
  int64_t iterations = 60;
  /// Midpoints a segment: 1 first, then 2, 4, … up to this, for paths that the step before made no cheaper.
  int64_t finest = 4;
  int64_t compare_subdivisions = 8;  ///< of the grid on which that is decided; a power of 2
};

/// Figures on refined grids, and paths that lose to a baseline there (docs/algorithms/verify.md).
struct VerifyOptions {
  /// Grids are halved until the cost changes by less than this share: well below resolution_tolerance.
  double change = 0.01;
  int64_t finest = 32;             ///< times finer than the nodes, at most
  int64_t finest_interrupted = 4;  ///< the same after a cancellation: whoever interrupts waits
  double margin = 1e-9;  ///< a baseline wins by more than this share: curves may be equal but for rounding
  int64_t improve_iterations = 60;   ///< for a path that goes on from a baseline, where max_iterations is 0
  int64_t improve_subdivisions = 2;  ///< of the sum that is minimised there; a power of 2
};

/// One curve, one solver, one grid (docs/algorithms/published_methods.md).
struct PublishedOptions {
  int64_t first_order_iterations = 1000;  ///< adam, sgd, paper2019, where max_iterations is 0 (paper A, §6)
  int64_t quasi_newton_iterations = 300;  ///< lbfgs on a neural curve, where max_iterations is 0
  double learning_rate = 1e-3;            ///< adam, sgd, where PathOptions::learning_rate is empty (paper A)
  int64_t points = 35;  ///< kim-zhang: points of a path (K, "Datasets, Models and Hyperparameters")
  /// kim-zhang, where PathOptions::learning_rate is empty: K gives no η. Second differences of unit
  /// velocities are stable up to η = ℓ/2, ℓ the least distance of two images of neighbours; of the straight
  /// line's, this share of that, since points come nearer to each other on the way.
  double stable_step = 0.5;
  /// kim-zhang: nor does K say when it has converged: when no point moves by more than this share of
  /// PathOptions::tolerance of the mean latent distance of neighbours. Smooth errors of 35 points shrink by a
  /// five-hundredth an iteration.
  double settled = 0.01;
  /// paper2019, where PathOptions::learning_rate is empty: this share of 1/max_i k_i, a twentieth of the
  /// largest step at which gradient descent on Σ k_i ‖z_{i+1} − z_i‖² is stable (¼), since k_i grows on the
  /// way.
  double stable_share = 0.0125;
  /// With random times the cost is noisy: iterates are evaluated on one fixed grid every so many iterations,
  /// and the best is kept, not the last.
  int64_t evaluate_every = 50;
};

/// How it is sought. Every field has a default that suits most problems.
struct PathOptions {
  int64_t segments = 64;
  double epsilon = 0.1;       ///< 0 ≤ ε ≤ ½ (paper A, Eq. 10)
  std::string cost = "auto";  ///< "chord", "dynamic", "length", "endpoint-mean"; auto, pair by pair: dynamic
                              ///< where Q depends on time or an end equals its start, else chord
  std::optional<double> time_weight =
      {};  ///< λ, in costs that weigh time; empty: default_time_weight() with a prior, else 1
  OutputNorm norm = OutputNorm::kSum;
  std::shared_ptr<const Kernel> kernel = {};
  /// μ of density regularisation (metric/density_regularisation.h): "none"; a number above 0, "0.03"; "auto":
  /// pair by pair such that the density term of the straight line weighs as much as running twice its length
  /// would add.
  std::string density_regularisation = "none";

  /// Of solver_methods(), "paper2019" or "kim-zhang"; "auto": lbfgs, and Newton's method where the
  /// quality has exact derivatives and the map, too, or few coordinates and outputs; "adam" and "sgd":
  /// Algorithm 1 of paper A. Second-order methods search as lbfgs does, and then move what was found to a
  /// stationary point with a certificate (D ≤ 64).
  std::string method = "auto";
  std::string curve = "auto";  ///< "polyline", "neural"; auto: neural for adam and sgd, else polyline
  std::string init = "auto";   ///< "linear", "spherical", "via", "graph", "given" (first_paths alone); auto:
                               ///< linear, via, and, where Q does not depend on time, graph: the best path is
                               ///< kept
  Tensor first_paths = {};     ///< [pairs, nodes, D]: a further start for each pair, from elsewhere
  /// [pairs, nodes, D], each at uniform times, with which it enters: a start of the coarsest level for each
  /// pair, for what is asked in sections of the time (section_starts.h).
  Tensor section_paths = {};
  int64_t max_iterations =
      0;  ///< of the last level, and of each start's rounds; 0: as the stages' options say
  /// Converged when 3 iterations together lower the cost by less than this share, 1e-3 for none; where given,
  /// second-order methods stop at this gradient residual.
  std::optional<double> tolerance = {};
  double relative_decrease() const { return tolerance.value_or(1e-3); }
  /// Of adam, sgd, paper2019 and kim-zhang; none: as PublishedOptions say.
  std::optional<double> learning_rate = {};
  int64_t random_points = 50;  ///< adam, sgd: times drawn each step (paper A, Algorithm 1)
  NeuralCurveOptions neural = {};
  double max_seconds = 0;  ///< 0: no limit
  double memory =
      0;  ///< GB for points that are mapped at once (metric/point_memory.h); 0: half of what is available

  int64_t coarsest_segments = 8;  ///< lbfgs: the first of the levels (8, 32, 64, 128, … segments)
  double grading = -1;  ///< of the time grid (graded_times); negative: ResolveOptions::grading where Q
                        ///< depends on time, else 0
  int64_t coarse_subdivisions = 2;  ///< lbfgs: cost midpoints per segment on levels below 32 segments
  int64_t via_starts = 3;           ///< via-point paths kept as starts for each pair
  CandidateOptions candidates = {};
  int64_t route_samples = 0;  ///< points of the routes' graph; 0: 2048 for up to 3 latents, 512 beyond
  int64_t route_starts = 3;   ///< routes kept as starts for each pair
  double resolution_tolerance =
      0.05;  ///< refined and coarse cost may differ by this share before a path goes on with a
             ///< finer subdivision and, if that does not help, is flagged under-resolved
  // The stages' own settings, in the order of the stages.
  ProbeOptions probe = {};
  ResolveOptions resolve = {};
  SectionOptions sections = {};
  DensityOptions density = {};
  ViaOptions via = {};
  RouteStartOptions routes = {};
  PruneOptions prune = {};
  LevelOptions levels = {};
  ReparametriseOptions reparametrise = {};
  SelectOptions select = {};
  PreconditionerOptions preconditioner = {};
  SubdivisionOptions subdivision = {};
  RoundOptions rounds = {};
  FinishOptions finish = {};
  VerifyOptions verify = {};
  PublishedOptions published = {};

  uint64_t seed = 0;
  std::function<void(const PathSnapshot&)> snapshot = {};  ///< called after every iteration, when set
};

/// λ = 9 · mean ‖Φ(a) − Φ(b)‖² over prior samples (9 is ResolveOptions::time_weight): a unit of time weighs
/// as much as crossing three typical image distances in it.
///
/// Where Q depends on time, the chord cost has a loophole: a path may hurry to any place while nothing is
/// asked yet, wait there at no cost while everything is asked, and hurry on at the end. The time term
/// makes waiting in a bad place cost something. With λ far below this scale the loophole stays open, and a
/// loop never leaves its end; far above, nothing keeps the path short (docs/algorithms/cost.md has figures).
double default_time_weight(double typical_squared_distance, const ResolveOptions& options = {});

/// The cost that a path is measured by.
struct MeasuringCost {
  std::string cost;        ///< "chord"
  double time_weight = 0;  ///< λ; 0 in costs that weigh no time
};
/// What `cost` and `time_weight` say of a pair, and where they leave it open: the dynamic cost for a loop and
/// where the quality depends on time, else chord; λ by default_time_weight() of `typical_squared_distance()`,
/// which is called where it is needed and the problem has a prior.
MeasuringCost measuring_cost(const PathProblem& problem, const PathOptions& options, bool loop,
                             const std::function<double()>& typical_squared_distance);

/// What paths are measured by under these options and a cost.
EnergyOptions energy_options(const PathOptions& options, const CostPointer& cost);

/// Whether `density_regularisation` asks for anything.
bool regularises_density(const PathOptions& options);

}  // namespace latentpath
