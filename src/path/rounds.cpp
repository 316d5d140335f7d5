// Refinement in rounds, for first paths that are fine from the start.

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <limits>

#include "latentpath/core/error.h"
#include "path/search.h"

namespace latentpath {
namespace {

/// Rivals, and the best state that each has been in.
struct Rounds {
  PathSet rivals;
  Tensor best;  ///< [rows, n + 1, D]
  Tensor cost;  ///< [rows] of `best`, on the refined grid
  std::vector<Termination> termination;
  std::vector<int64_t> iterations;
  std::vector<double> found;  ///< [rows]: the cost of what is found; infinite: nothing is
};

/// On the refined grid: where a potential needs a Jacobian at each of its places, on that of the last choice
/// at most, which finds the same paths the cheapest.
Tensor cost_of(Search& search, const PathSet& paths, const Tensor& times) {
  const auto scope = search.count_for(paths);
  int64_t subdivisions = search.options.rounds.compare_subdivisions;
  if (search.energy.has_potential())
    subdivisions = std::min(subdivisions, search.options.select.last_subdivisions);
  return polyline_cost(search.energy.of_rows(paths.pair), paths.nodes, times,
                       refine_times(times, subdivisions))
      .contiguous();
}

/// How a round ended for a row: its cost on the refined grid was `before`, and is `after`.
Termination ending(Termination inner, double before, double after, double tolerance) {
  switch (inner) {
    case Termination::kInterrupted:
    case Termination::kTimeLimit:
    case Termination::kNumericalFailure:
      return inner;
    default:
      break;
  }
  if (after < (1 - tolerance) * before) return Termination::kRunning;
  // The sum went down, and the cost on the refined grid did not follow.
  if (after > (1 + tolerance) * before) return Termination::kStalled;
  return Termination::kConverged;
}

/// The least cost of what is found for a rival's pair, and of its other rivals: one of a pair wins, and those
/// that lead into the same valley cost the same.
double rival_cost(const Rounds& state, int64_t row) {
  double least = state.found[static_cast<size_t>(row)];
  const auto cost = state.cost.accessor<double, 1>();
  for (int64_t other = 0; other < state.rivals.rows(); ++other)
    if (other != row && state.rivals.pair_of(other) == state.rivals.pair_of(row))
      least = std::min(least, cost[other]);
  return least;
}

/// Below this cost a rival is ahead.
double to_beat(const Search& search, const Rounds& state, int64_t row) {
  return (1 - search.options.select.least_gain) * rival_cost(state, row);
}

/// Of two rivals that cost the same neither beats the other: the first goes on ahead.
bool is_ahead(const Search& search, const Rounds& state, int64_t row) {
  const auto cost = state.cost.accessor<double, 1>();
  if (!(cost[row] < (1 - search.options.select.least_gain) * state.found[static_cast<size_t>(row)]))
    return false;
  for (int64_t other = 0; other < state.rivals.rows(); ++other)
    if (state.rivals.pair_of(other) == state.rivals.pair_of(row) &&
        (cost[other] < cost[row] || (cost[other] == cost[row] && other < row)))
      return false;
  return true;
}

/// One round for the rows `moving`, all ahead of what is found or all behind it.
void one_round(Search& search, Rounds& state, const std::vector<int64_t>& moving, bool were_ahead,
               const Tensor& times, int64_t iterations) {
  const RoundOptions& options = search.options.rounds;
  Descent how;
  how.subdivisions = were_ahead ? options.subdivisions : options.rival_subdivisions;
  how.iterations = iterations;
  how.tolerance = search.options.relative_decrease();
  how.stage = stage_name(times, how.subdivisions);
  const Descended solved = descend(search, state.rivals.select(moving), times, how);
  PathSet paths = solved.paths;
  if (!search.energy.has_potential()) {  // whose own speed would be evened out
    const auto scope = search.count_for(paths);
    paths.nodes =
        reparametrise_evenly(search.energy, paths.nodes, times, times,
                             search.options.reparametrise.round_subdivisions, search.options.reparametrise);
  }
  const Tensor was = state.cost.clone(), now = cost_of(search, paths, times);
  for (size_t i = 0; i < moving.size(); ++i) {
    const int64_t row = moving[i], from = static_cast<int64_t>(i);
    const double after = now[from].item<double>();
    state.rivals.nodes[row].copy_(paths.nodes[from]);
    state.iterations[static_cast<size_t>(row)] += solved.iterations[i];
    if (after < was[row].item<double>()) {
      state.best[row].copy_(paths.nodes[from]);
      state.cost[row].fill_(after);
    }
  }
  for (size_t i = 0; i < moving.size(); ++i) {
    const int64_t row = moving[i];
    const double before = was[row].item<double>(), after = now[static_cast<int64_t>(i)].item<double>();
    Termination& ended = state.termination[static_cast<size_t>(row)];
    ended =
        ending(solved.termination[i], before, after, options.tolerances * search.options.relative_decrease());
    if (is_ahead(search, state, row)) {
      // What overtakes on the coarser sum goes on, on its own.
      const bool settled = ended == Termination::kConverged || ended == Termination::kStalled;
      if (!were_ahead && settled) ended = Termination::kRunning;
    } else if (ended == Termination::kRunning &&
               (after >= (1 - options.least_progress) * before ||
                after - options.outlook * (before - after) >= to_beat(search, state, row))) {
      ended = Termination::kPruned;
    }
  }
}

Rounds refine_in_rounds(Search& search, const PathSet& rivals, const Tensor& times,
                        const Tensor& found_cost) {
  const RoundOptions& options = search.options.rounds;
  Rounds state{rivals, rivals.nodes.clone(), cost_of(search, rivals, times), {}, {}, {}};
  state.rivals.nodes = rivals.nodes.clone();
  state.termination.assign(static_cast<size_t>(rivals.rows()), Termination::kRunning);
  state.iterations.assign(static_cast<size_t>(rivals.rows()), 0);
  std::vector<int64_t> moving;
  for (int64_t row = 0; row < rivals.rows(); ++row)
    state.found.push_back(found_cost.defined() ? found_cost[rivals.pair_of(row)].item<double>()
                                               : std::numeric_limits<double>::infinity());
  for (int64_t row = 0; row < rivals.rows(); ++row)
    if (state.cost[row].item<double>() < options.promising * rival_cost(state, row)) moving.push_back(row);
  const int64_t most =
      search.options.max_iterations > 0 ? search.options.max_iterations : options.rounds * options.iterations;
  for (int64_t done = 0; done < most && !moving.empty() && !search.cancellation.cancelled();
       done += options.iterations) {
    std::array<std::vector<int64_t>, 2> groups;
    for (const int64_t row : moving) groups[is_ahead(search, state, row) ? 1 : 0].push_back(row);
    for (const bool ahead : {false, true})
      if (!groups[ahead].empty())
        one_round(search, state, groups[ahead], ahead, times, std::min(options.iterations, most - done));
    std::erase_if(moving, [&](int64_t row) {
      return state.termination[static_cast<size_t>(row)] != Termination::kRunning;
    });
  }
  for (const int64_t row : moving)
    state.termination[static_cast<size_t>(row)] =
        search.cancellation.cancelled() ? Termination::kInterrupted : Termination::kIterationLimit;
  return state;
}

}  // namespace

void improve_in_rounds(Search& search, FoundPaths& found, PathSet rivals) {
  const bool none_yet = !found.nodes.defined();
  Tensor found_cost;
  if (none_yet)
    found.nodes = at::empty({search.size(), found.times.size(0), search.dim()}, at::kDouble);
  else
    found_cost =
        cost_of(search, {found.nodes, at::arange(search.size(), at::kLong), found.start}, found.times);
  const Rounds rounds = refine_in_rounds(search, rivals, found.times, found_cost);
  add_iterations(found.iterations, rivals, rounds.iterations);
  std::vector<double> least(static_cast<size_t>(search.size()), std::numeric_limits<double>::infinity());
  if (!none_yet)
    for (size_t pair = 0; pair < least.size(); ++pair)
      least[pair] = found_cost[static_cast<int64_t>(pair)].item<double>();
  for (int64_t row = 0; row < rivals.rows(); ++row) {
    const int64_t pair = rivals.pair_of(row);
    const auto index = static_cast<size_t>(pair), from = static_cast<size_t>(row);
    const double now = rounds.cost[row].item<double>();
    if (!(now < (1 - search.options.select.least_gain) * least[index])) continue;
    least[index] = now;
    found.nodes[pair].copy_(rounds.best[row]);
    found.subdivisions[index] = search.options.rounds.subdivisions;
    found.start[index] = rivals.start[from];
    found.termination[index] = rounds.termination[from];
  }
}

}  // namespace latentpath
