// Are geodesics globally shortest? Random planar problems; our path (graph of samples, several routes,
// subdivisions) against the globally optimal distance by fast marching.
//
//   benchmark_global_planar [PROBLEMS] [FIRST]
//
// A path counts as optimal if it is at most 0.1 % longer than the optimum. The optimum is the distance by
// fast marching; but on kinked metrics that has an error of its own of up to that size, so a path is also
// held against the best subdivisions known: that of the fast-marching path. Both counts are printed.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "latentpath/path/global_geodesics.h"
#include "planar_problems.h"

using namespace latentpath;

int main(int argc, char** argv) {
  const uint64_t problems = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1000;
  const uint64_t first = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  struct Tally {
    int problems = 0, straight = 0, ours = 0, against_marching = 0, covered = 0;
    double worst = 0, gap = 0, our_seconds = 0, marching_seconds = 0;
  };
  std::map<std::string, Tally> tallies;
  EikonalDistanceOptions marching;
  // Wide enough that no shortest path leaves it.
  constexpr double half = planar::kHalfSide + 1;
  marching.box = {{-half, -half}, {half, half}};
  marching.tolerance = 5e-4;
  marching.most_nodes = 600'000;
  GlobalGeodesicOptions global;
  global.box = marching.box;
  for (uint64_t i = first; i < first + problems; ++i) {
    const planar::Problem problem = planar::make_problem(i);
    const GlobalGeodesics result = find_global_geodesics(problem.geodesic, global);
    const auto& found = result.pairs[0].found;
    const double ours = found[0].geodesic.refined_length;
    const double straight = find_geodesics(problem.geodesic, global.geodesic).geodesics[0].refined_length;
    const Eigen::Map<const Eigen::VectorXd> start(problem.geodesic.start.data(), 2),
        end(problem.geodesic.end.data(), 2);
    const EikonalDistance reference =
        eikonal_distance(metric_field(problem.geodesic.metric), start, end, marching);
    GeodesicProblem from_marching = problem.geodesic;
    const Eigen::MatrixXd path = resample_polyline(reference.path, 401);
    from_marching.initial.assign(path.data(), path.data() + path.size());
    GeodesicOptions fine = global.geodesic;
    fine.coarsest_segments = fine.segments;
    const double marched = find_geodesics(from_marching, fine).geodesics[0].refined_length;
    const double best = std::min({ours, straight, marched});
    for (const std::string& kind : {problem.kind, std::string("all")}) {
      Tally& tally = tallies[kind];
      ++tally.problems;
      tally.straight += straight <= best * 1.001;
      tally.ours += ours <= best * 1.001;
      tally.against_marching += ours <= reference.distance * 1.001;
      tally.covered += std::abs(best - reference.distance) <= reference.error_estimate + 2e-4 * best;
      tally.worst = std::max(tally.worst, ours / best - 1);
      tally.gap = std::max(tally.gap, std::abs(best / reference.distance - 1));
      tally.our_seconds += result.seconds;
      tally.marching_seconds += reference.seconds;
    }
    if (ours > best * 1.001 || ours > reference.distance * 1.001 ||
        std::abs(best - reference.distance) > reference.error_estimate + 1e-3 * best)
      std::printf(
          "problem %llu (%s): ours %.6f from %s, straight start %.6f, fast marching %.6f +- %.6f, refined "
          "%.6f\n",
          static_cast<unsigned long long>(i), problem.kind.c_str(), ours, found[0].start.name().c_str(),
          straight, reference.distance, reference.error_estimate, marched);
    std::fflush(stdout);
  }
  std::printf("\n%-10s %8s %14s %14s %16s %10s %12s %12s %10s %10s\n", "kind", "problems", "ours optimal",
              "vs marching", "straight start", "worst", "best/march", "in estimate", "ours ms", "march ms");
  for (const auto& [kind, t] : tallies) {
    const double n = t.problems;
    std::printf("%-10s %8d %12.2f %% %12.2f %% %14.2f %% %8.3f %% %10.3f %% %10.1f %% %10.1f %10.1f\n",
                kind.c_str(), t.problems, 100 * t.ours / n, 100 * t.against_marching / n,
                100 * t.straight / n, 100 * t.worst, 100 * t.gap, 100 * t.covered / n,
                1e3 * t.our_seconds / n, 1e3 * t.marching_seconds / n);
  }
  return 0;
}
