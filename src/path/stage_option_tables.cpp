#include "path/stage_option_tables.h"

namespace latentpath {
namespace {

// Beyond them a number is a slip of the hand: grids that no memory holds, points that no model maps at once,
// factors that float32 has no room for.
constexpr double kFinest = 1024, kMostAtOnce = 1e6, kMostFactor = 1e6;

OptionTable<ProbeOptions> probe_table() {
  using O = ProbeOptions;
  return OptionTable<O>()
      .group("Stages: probe")
      .add("pairs", &O::pairs)
      .help("Pairs of a batch that are looked at, evenly spread over it, at most")
      .range(1, kMostAtOnce)
      .add("compared", &O::compared)
      .help("Points whose derivative is compared with differences, at most")
      .range(1, kMostAtOnce)
      .add("coarse-step", &O::coarse_step)
      .help("Displacement of coarse differences, as a share of the distance between points")
      .above(0)
      .at_most(1)
      .add("step", &O::step)
      .help("The same of a segment of the finest grid that figures are taken on")
      .above(0)
      .at_most(1)
      .add("finest-step", &O::finest_step)
      .help("The same well below that")
      .above(0)
      .at_most(1)
      .add("warned", &O::warned)
      .help("A decoder whose outputs move in steps that inflate the cost by this share is warned of")
      .at_least(0)
      .add("refused", &O::refused)
      .help("And refused from this share on")
      .at_least(0)
      .add("noise", &O::noise)
      .help("A decoder draws random numbers where the same points differ by more than this share")
      .at_least(0)
      .add("mixing-warned", &O::mixing_warned)
      .help("Share by which a point's output may depend on its batch before that is warned of")
      .at_least(0)
      .add("mixing-refused", &O::mixing_refused)
      .help("And refused; of qualities, the difference")
      .at_least(0)
      .add("quality-noise", &O::quality_noise)
      .help("Difference of a quality, asked twice or in another batch, from which that is warned of")
      .at_least(0);
}

OptionTable<ResolveOptions> resolve_table() {
  using O = ResolveOptions;
  return OptionTable<O>()
      .group("Stages: resolve")
      .add("time-weight", &O::time_weight)
      .help(
          "Weight of time, where time-weight is not given, in mean squared image distances of prior samples")
      .at_least(0)
      .at_most(kMostFactor)
      .add("grading", &O::grading)
      .help("Grading of the time grid, where grading is negative and the quality depends on time")
      .at_least(0)
      .below(1);
}

OptionTable<SectionOptions> section_table() {
  using O = SectionOptions;
  return OptionTable<O>()
      .group("Stages: first paths of sections")
      .add("segments", &O::segments)
      .help("Segments of a first path through places that have what each section asks")
      .range(1, 100000)
      .add("way-there", &O::way_there)
      .help("Share of a section at an end of the path that is left to the way there")
      .range(0.001, 0.45)
      .add("rim", &O::rim)
      .help("The same at the rims of the others")
      .range(0.001, 0.45);
}

OptionTable<DensityOptions> density_table() {
  using O = DensityOptions;
  return OptionTable<O>()
      .group("Stages: density regularisation")
      .add("samples", &O::samples)
      .help("Samples of the prior that give lowest value and spread of -log p(x)")
      .range(2, 1000000)
      .add("estimated-samples", &O::estimated_samples)
      .help("The same where it is estimated, in high dimensions")
      .range(2, 1000000)
      .add("balance-segments", &O::balance_segments)
      .help("Segments of the straight line along which auto balances density and energy")
      .range(1, 100000)
      .add("balance", &O::balance)
      .help("Weight of the straight line's density, by auto, in energies of that line")
      .above(0)
      .at_most(kMostFactor)
      .add("places", &O::places)
      .help("Places of a path at which directions are looked for that move no image")
      .range(2, 100000)
      .add("acted", &O::acted)
      .help("Share of a direction from which it counts as regularised")
      .range(0, 1);
}

OptionTable<CandidateOptions> candidate_table() {
  using O = CandidateOptions;
  return OptionTable<O>()
      .group("Stages: candidates for via points")
      .add("keep", &O::keep)
      .help("Good points of the prior that are wanted")
      .at_least(1)
      .add("max-draws", &O::max_draws)
      .help("Points of the prior that are decoded at most")
      .at_least(1)
      .add("min-quality", &O::min_quality)
      .help("Quality that a good point has at least, at time 1/2")
      .range(0, 1)
      .add("first-draw", &O::first_draw)
      .help("Points decoded at first: enough for the typical distance between images")
      .range(1, kMostAtOnce)
      .add("next-draw", &O::next_draw)
      .help("Points decoded at once from then on, until enough are good")
      .range(1, kMostAtOnce);
}

OptionTable<ViaOptions> via_table() {
  using O = ViaOptions;
  return OptionTable<O>()
      .group("Stages: first paths through via points")
      .add("screened", &O::screened)
      .help("Ways of a pair that are decoded; the best of them become first paths")
      .range(1, kMostAtOnce)
      .add("leg-points", &O::leg_points)
      .help("Points of a leg at which they are")
      .range(1, kMostAtOnce)
      .add("least-times", &O::least_times)
      .help("Times of the parametrisation by which they are ranked, at least")
      .range(1, kMostAtOnce)
      .add("early", &O::early)
      .help("Share of the time of the first and the last leg where the quality depends on time")
      .range(0, 0.5)
      .add("outer-leg", &O::outer_leg)
      .help("The same elsewhere, as a multiple of the middle leg's time a length")
      .at_least(0)
      .add("least-share", &O::least_share)
      .help("No step of a leg takes less than this share of the mean step's time")
      .range(0, 1);
}

OptionTable<RouteStartOptions> route_table() {
  using O = RouteStartOptions;
  return OptionTable<O>()
      .group("Stages: first paths along a roadmap")
      .add("edge-points", &O::edge_points)
      .help("Points at which an edge is decoded, its ends included")
      .range(2, kMostAtOnce)
      .add("least-share", &O::least_share)
      .help("No subdivision of a roadmap path is passed in less than this share of the mean time")
      .range(0, 1)
      .add("few-latents", &O::few_latents)
      .help(
          "Latents up to which a roadmap has samples-of-few samples, where route-samples is 0, and is drawn "
          "at all where "
          "no prior is known")
      .at_least(0)
      .add("samples-of-few", &O::samples_of_few)
      .help("Those samples; and those of Newton's method on charts")
      .range(2, 1000000)
      .add("samples", &O::samples)
      .help("Samples beyond few-latents")
      .range(2, 1000000)
      .add("box-margin", &O::box_margin)
      .help(
          "Without a prior: the box of samples around a pair's ends is wider on each side by this share of "
          "its "
          "diagonal")
      .at_least(0);
}

OptionTable<PruneOptions> prune_table() {
  using O = PruneOptions;
  return OptionTable<O>()
      .group("Stages: pruning")
      .add("first-lead", &O::first_lead)
      .help("A path is given up when it costs so many times the best of its pair, in the first iterations")
      .at_least(1)
      .add("early-lead", &O::early_lead)
      .help("The same after prune-early-iteration")
      .at_least(1)
      .add("late-lead", &O::late_lead)
      .help("The same after prune-late-iteration")
      .at_least(1)
      .add("early-iteration", &O::early_iteration)
      .help("Iteration of a level from which the early lead holds")
      .at_least(0)
      .add("late-iteration", &O::late_iteration)
      .help("Iteration of a level from which the late lead holds")
      .at_least(0);
}

OptionTable<LevelOptions> level_table() {
  using O = LevelOptions;
  return OptionTable<O>()
      .group("Stages: coarse to fine")
      .add("iterations", &O::iterations)
      .help("Iterations of the last level, where max-iterations is 0")
      .at_least(1)
      .add("first-iterations", &O::first_iterations)
      .help("Iterations of the first level")
      .at_least(0)
      .add("coarse-iterations", &O::coarse_iterations)
      .help("Iterations of the levels between")
      .at_least(0)
      .add("timed-first-iterations", &O::timed_first_iterations)
      .help("Iterations of the first level where the time parametrisation is optimised between levels")
      .at_least(0)
      .add("timed-coarse-iterations", &O::timed_coarse_iterations)
      .help("Iterations of the levels between, likewise")
      .at_least(0)
      .add("coarse-tolerance", &O::coarse_tolerance)
      .help("A level but the last ends when 3 iterations together lower the cost by less than this share")
      .at_least(0)
      .add("sparse-segments", &O::sparse_segments)
      .help("Levels of fewer segments take coarse-subdivisions midpoints each, and keep detours beside lines")
      .at_least(1);
}

OptionTable<ReparametriseOptions> reparametrise_table() {
  using O = ReparametriseOptions;
  return OptionTable<O>()
      .group("Stages: reparametrisation")
      .add("sparse-subdivisions", &O::sparse_subdivisions)
      .help("Grid for the optimal time parametrisation, times finer, after levels of few segments")
      .range(1, kFinest)
      .power_of_two()
      .add("subdivisions", &O::subdivisions)
      .help("The same after other levels")
      .range(1, kFinest)
      .power_of_two()
      .add("sparse-even-subdivisions", &O::sparse_even_subdivisions)
      .help("Grid for constant weighted speed, times finer, after levels of few segments")
      .range(1, kFinest)
      .power_of_two()
      .add("even-subdivisions", &O::even_subdivisions)
      .help("The same after other levels")
      .range(1, kFinest)
      .power_of_two()
      .add("round-subdivisions", &O::round_subdivisions)
      .help("The same after a round")
      .range(1, kFinest)
      .power_of_two()
      .add("least-share", &O::least_share)
      .help("No stretch of time has less than this share of the mean length")
      .range(0, 1)
      .add("half-window", &O::half_window)
      .help("Half of the window of curve time in which speed is evened out where the cost leaves it free")
      .range(0, 1)
      .add("window-samples", &O::window_samples)
      .help("Intervals of the rule that averages over that window")
      .range(1, kMostAtOnce);
}

OptionTable<SelectOptions> select_table() {
  using O = SelectOptions;
  return OptionTable<O>()
      .group("Stages: selection")
      .add("level-subdivisions", &O::level_subdivisions)
      .help(
          "Grid on which the paths of a pair are compared between levels, times finer than the next level's")
      .range(1, kFinest)
      .power_of_two()
      .add("last-subdivisions", &O::last_subdivisions)
      .help("The same after the last level")
      .range(1, kFinest)
      .power_of_two()
      .add("least-gain", &O::least_gain)
      .help("A path takes the place of one found before when it is cheaper by this share")
      .range(0, 1);
}

OptionTable<PreconditionerOptions> preconditioner_table() {
  using O = PreconditionerOptions;
  return OptionTable<O>()
      .group("Stages: preconditioner")
      .add("largest-latent", &O::largest_latent)
      .help("Latents up to which a path has a Gauss-Newton model")
      .at_least(0)
      .add("fewest-segments", &O::fewest_segments)
      .help("Segments from which it has one")
      .at_least(1)
      .add("first-model", &O::first_model)
      .help("Evaluations of a path before its first model")
      .at_least(0)
      .add("model-lasts", &O::model_lasts)
      .help("Evaluations from one model to the next")
      .at_least(1);
}

OptionTable<SubdivisionOptions> subdivision_table() {
  using O = SubdivisionOptions;
  return OptionTable<O>()
      .group("Stages: finer subdivision")
      .add("hidden-share", &O::hidden_share)
      .help("A finer grid must cost more by this share of resolution-tolerance for a path to go on on it")
      .at_least(0)
      .add("iterations", &O::iterations)
      .help("Iterations on each grid")
      .at_least(0)
      .add("finest", &O::finest)
      .help("Midpoints a segment at most")
      .range(1, kFinest)
      .power_of_two()
      .add("reparametrise-subdivisions", &O::reparametrise_subdivisions)
      .help("Grid on which such a path is reparametrised before, times finer")
      .range(1, kFinest)
      .power_of_two();
}

OptionTable<RoundOptions> round_table() {
  using O = RoundOptions;
  return OptionTable<O>()
      .group("Stages: rounds of roadmap and given paths")
      .add("iterations", &O::iterations)
      .help("Iterations of a round")
      .at_least(1)
      .add("rounds", &O::rounds)
      .help("Rounds at most, where max-iterations is 0")
      .at_least(0)
      .add("subdivisions", &O::subdivisions)
      .help("Midpoints a segment of the sum that is minimised")
      .range(1, kFinest)
      .power_of_two()
      .add("compare-subdivisions", &O::compare_subdivisions)
      .help("Grid on which paths are compared, times finer")
      .range(1, kFinest)
      .power_of_two()
      .add("rival-subdivisions", &O::rival_subdivisions)
      .help("Midpoints a segment while a path is not ahead of the one found so far")
      .range(1, kFinest)
      .power_of_two()
      .add("promising", &O::promising)
      .help("A first path is refined unless it costs more than so many times the path found so far")
      .at_least(1)
      .add("tolerances", &O::tolerances)
      .help("A path has converged when a round lowers its cost by less than so many tolerances")
      .at_least(0)
      .add("least-progress", &O::least_progress)
      .help(
          "A path that is not ahead of the one found so far is given up when a round lowers its cost by less "
          "than this share")
      .range(0, 1)
      .add("outlook", &O::outlook)
      .help(
          "It is given up, too, when what a round lowers its cost by, so many times again, would not bring "
          "it ahead; likewise a start within a level")
      .at_least(0);
}

OptionTable<VerifyOptions> verify_table() {
  using O = VerifyOptions;
  return OptionTable<O>()
      .group("Stages: verification")
      .add("change", &O::change)
      .help("The refined grid is halved until the cost changes by less than this share")
      .at_least(0)
      .add("finest", &O::finest)
      .help("Times that it is finer than the nodes' at most")
      .range(4, kFinest)
      .power_of_two()
      .add("finest-interrupted", &O::finest_interrupted)
      .help("The same after an interruption")
      .range(4, kFinest)
      .power_of_two()
      .add("margin", &O::margin)
      .help("A baseline takes a path's place when it is cheaper by more than this share")
      .range(0, 1)
      .add("improve-iterations", &O::improve_iterations)
      .help("Iterations from such a baseline on, where max-iterations is 0")
      .at_least(0)
      .add("improve-subdivisions", &O::improve_subdivisions)
      .help("Midpoints a segment of the sum that is minimised there")
      .range(1, kFinest)
      .power_of_two();
}

OptionTable<FinishOptions> finish_table() {
  using O = FinishOptions;
  return OptionTable<O>()
      .group("Stages: finish by a second-order method")
      .add("iterations", &O::iterations)
      .help("Iterations, where max-iterations is 0")
      .at_least(1)
      .add("finest", &O::finest)
      .help("Midpoints a segment at most: 1 first, then twice as many where a path became no cheaper")
      .range(1, kFinest)
      .power_of_two()
      .add("compare-subdivisions", &O::compare_subdivisions)
      .help("Grid on which that is decided, times finer")
      .range(1, kFinest)
      .power_of_two();
}

OptionTable<PublishedOptions> published_table() {
  using O = PublishedOptions;
  return OptionTable<O>()
      .group("Stages: published methods")
      .add("first-order-iterations", &O::first_order_iterations)
      .help("Iterations of adam, sgd, paper2019 and kim-zhang, where max-iterations is 0")
      .at_least(0)
      .add("points", &O::points)
      .help("Points of a path by kim-zhang, whatever the segments")
      .range(3, 100000)
      .add("quasi-newton-iterations", &O::quasi_newton_iterations)
      .help("Iterations of lbfgs on a neural curve, where max-iterations is 0")
      .at_least(0)
      .add("learning-rate", &O::learning_rate)
      .help("Step length of adam and sgd, where learning-rate is not given")
      .at_least(0)
      .add("stable-share", &O::stable_share)
      .help("Step length of paper2019, where learning-rate is not given, as a share of 1/max k of the line")
      .at_least(0)
      .add("stable-step", &O::stable_step)
      .help(
          "Step length of kim-zhang, where learning-rate is not given, as a share of the largest stable one")
      .above(0)
      .add("settled", &O::settled)
      .help("kim-zhang has converged where no point moves by this share of tolerance of the mean spacing")
      .at_least(0)
      .add("evaluate-every", &O::evaluate_every)
      .help("Iterations of adam, sgd and kim-zhang from one evaluation on a fixed grid to the next")
      .at_least(1);
}

}  // namespace

void add_stage_options(OptionTable<PathOptions>& table) {
  using O = PathOptions;
  table.include(&O::probe, probe_table(), "probe")
      .include(&O::resolve, resolve_table(), "resolve")
      .include(&O::sections, section_table(), "sections")
      .include(&O::density, density_table(), "density")
      .include(&O::candidates, candidate_table(), "candidates")
      .include(&O::via, via_table(), "via")
      .include(&O::routes, route_table(), "routes")
      .include(&O::prune, prune_table(), "prune")
      .include(&O::levels, level_table(), "levels")
      .include(&O::reparametrise, reparametrise_table(), "reparametrise")
      .include(&O::select, select_table(), "select")
      .include(&O::preconditioner, preconditioner_table(), "preconditioner")
      .include(&O::subdivision, subdivision_table(), "subdivision")
      .include(&O::rounds, round_table(), "rounds")
      .include(&O::finish, finish_table(), "finish")
      .include(&O::verify, verify_table(), "verify")
      .include(&O::published, published_table(), "published");
}

}  // namespace latentpath
