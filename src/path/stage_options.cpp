#include "latentpath/path/stage_options.h"

#include <cmath>
#include <functional>
#include <variant>

#include "latentpath/core/error.h"
#include "latentpath/path/path_options.h"

namespace latentpath {
namespace {

using Field = std::variant<double*, int64_t*>;

/// A setting of a stage: its name, where it is, and the least value that makes sense.
struct StageOption {
  const char* name;
  Field (*field)(PathOptions&);
  double least;
  bool power_of_two = false;
};

#define LATENTPATH_STAGE_OPTION(member) #member, [](PathOptions & o) -> Field { return &o.member; }
const StageOption kStageOptions[] = {
    {LATENTPATH_STAGE_OPTION(candidates.keep), 1},
    {LATENTPATH_STAGE_OPTION(candidates.max_draws), 1},
    {LATENTPATH_STAGE_OPTION(candidates.min_quality), 0},
    {LATENTPATH_STAGE_OPTION(candidates.first_draw), 1},
    {LATENTPATH_STAGE_OPTION(candidates.next_draw), 1},
    {LATENTPATH_STAGE_OPTION(via.screened), 1},
    {LATENTPATH_STAGE_OPTION(via.leg_points), 1},
    {LATENTPATH_STAGE_OPTION(via.least_times), 1},
    {LATENTPATH_STAGE_OPTION(via.early), 0},
    {LATENTPATH_STAGE_OPTION(via.outer_leg), 0},
    {LATENTPATH_STAGE_OPTION(via.least_share), 0},
    {LATENTPATH_STAGE_OPTION(routes.edge_points), 2},
    {LATENTPATH_STAGE_OPTION(routes.least_share), 0},
    {LATENTPATH_STAGE_OPTION(routes.box_margin), 0},
    {LATENTPATH_STAGE_OPTION(prune.first_lead), 1},
    {LATENTPATH_STAGE_OPTION(prune.early_lead), 1},
    {LATENTPATH_STAGE_OPTION(prune.late_lead), 1},
    {LATENTPATH_STAGE_OPTION(prune.early_iteration), 0},
    {LATENTPATH_STAGE_OPTION(prune.late_iteration), 0},
    {LATENTPATH_STAGE_OPTION(levels.iterations), 1},
    {LATENTPATH_STAGE_OPTION(levels.first_iterations), 0},
    {LATENTPATH_STAGE_OPTION(levels.coarse_iterations), 0},
    {LATENTPATH_STAGE_OPTION(levels.timed_first_iterations), 0},
    {LATENTPATH_STAGE_OPTION(levels.timed_coarse_iterations), 0},
    {LATENTPATH_STAGE_OPTION(levels.coarse_tolerance), 0},
    {LATENTPATH_STAGE_OPTION(levels.sparse_segments), 1},
    {LATENTPATH_STAGE_OPTION(reparametrise.sparse_refinement), 1, true},
    {LATENTPATH_STAGE_OPTION(reparametrise.refinement), 1, true},
    {LATENTPATH_STAGE_OPTION(reparametrise.sparse_even_refinement), 1, true},
    {LATENTPATH_STAGE_OPTION(reparametrise.even_refinement), 1, true},
    {LATENTPATH_STAGE_OPTION(reparametrise.round_refinement), 1, true},
    {LATENTPATH_STAGE_OPTION(reparametrise.least_share), 0},
    {LATENTPATH_STAGE_OPTION(reparametrise.half_window), 0},
    {LATENTPATH_STAGE_OPTION(reparametrise.window_samples), 1},
    {LATENTPATH_STAGE_OPTION(select.level_refinement), 1, true},
    {LATENTPATH_STAGE_OPTION(select.last_refinement), 1, true},
    {LATENTPATH_STAGE_OPTION(select.least_gain), 0},
    {LATENTPATH_STAGE_OPTION(quadrature.hidden_share), 0},
    {LATENTPATH_STAGE_OPTION(quadrature.iterations), 0},
    {LATENTPATH_STAGE_OPTION(quadrature.finest), 1, true},
    {LATENTPATH_STAGE_OPTION(quadrature.refinement), 1, true},
    {LATENTPATH_STAGE_OPTION(rounds.iterations), 1},
    {LATENTPATH_STAGE_OPTION(rounds.rounds), 0},
    {LATENTPATH_STAGE_OPTION(rounds.quadrature), 1, true},
    {LATENTPATH_STAGE_OPTION(rounds.refinement), 1, true},
    {LATENTPATH_STAGE_OPTION(rounds.promising), 1},
    {LATENTPATH_STAGE_OPTION(rounds.tolerances), 0},
    {LATENTPATH_STAGE_OPTION(verify.change), 0},
    {LATENTPATH_STAGE_OPTION(verify.finest), 4, true},
    {LATENTPATH_STAGE_OPTION(verify.finest_interrupted), 4, true},
    {LATENTPATH_STAGE_OPTION(verify.margin), 0},
    {LATENTPATH_STAGE_OPTION(verify.improve_iterations), 0},
    {LATENTPATH_STAGE_OPTION(verify.improve_quadrature), 1, true},
    {LATENTPATH_STAGE_OPTION(published.first_order_iterations), 0},
    {LATENTPATH_STAGE_OPTION(published.quasi_newton_iterations), 0},
    {LATENTPATH_STAGE_OPTION(published.learning_rate), 0},
    {LATENTPATH_STAGE_OPTION(published.stable_share), 0},
    {LATENTPATH_STAGE_OPTION(published.evaluate_every), 1},
};
#undef LATENTPATH_STAGE_OPTION

double value_of(const StageOption& option, const PathOptions& options) {
  // The table points into options that may be set; reading leaves them as they are.
  const Field field = option.field(const_cast<PathOptions&>(options));
  return std::visit([](auto* value) { return static_cast<double>(*value); }, field);
}

void check(const StageOption& option, double value) {
  LATENTPATH_CHECK(value >= option.least && value < 1e15, kArgument, option.name, " must be at least ",
                   option.least, ", not ", value);
  const auto whole = static_cast<int64_t>(value);
  LATENTPATH_CHECK(!option.power_of_two || (whole & (whole - 1)) == 0, kArgument, option.name,
                   " must be a power of 2, not ", value);
}

}  // namespace

void check_stage_options(const PathOptions& options) {
  for (const StageOption& option : kStageOptions) check(option, value_of(option, options));
}

StageSettings stage_settings(const PathOptions& options) {
  StageSettings settings;
  for (const StageOption& option : kStageOptions)
    settings.emplace_back(option.name, value_of(option, options));
  return settings;
}

void set_stage_option(PathOptions& options, const std::string& name, double value) {
  for (const StageOption& option : kStageOptions) {
    if (name != option.name) continue;
    const Field field = option.field(options);
    LATENTPATH_CHECK(!std::holds_alternative<int64_t*>(field) || value == std::floor(value), kArgument, name,
                     " must be a whole number, not ", value);
    check(option, value);
    std::visit([&](auto* to) { *to = static_cast<std::remove_reference_t<decltype(*to)>>(value); }, field);
    return;
  }
  throw Error(ErrorKind::kArgument, join_message("find_path has no stage option '", name, "'"));
}

}  // namespace latentpath
