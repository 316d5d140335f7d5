// Geodesics of spheres: time until the TRUE length error of the curve is at most 3e-5, our Newton solvers
// beside GEORCE, the library's L-BFGS and Algorithm 1 of paper A, in one run; then a batch of 10 000 pairs.
//
//   benchmark_geodesics [--repetitions 20] [--dims 2,10,100] [--baselines on|off] [--batch 10000; 0: none]
//
// All methods start from the straight chart segment between random points of the southern hemisphere of S^D,
// in stereographic projection, with 100 segments, on one thread (the batch: all). The error is that of the
// returned curve, measured on a refined grid against the great-circle arc; what a method itself reports as
// its length stands beside it. Ours includes certificates. GEORCE's time is that of the fewest iterations
// that reach the error; for L-BFGS every iterate is evaluated, and that is not timed; Algorithm 1 (1000
// steps) is evaluated when it stops.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numbers>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "latentpath/metric/adaptors.h"
#include "latentpath/metric/charts.h"
#include "latentpath/path/find_geodesics.h"
#include "latentpath/path/find_path.h"

using namespace latentpath;
using Clock = std::chrono::steady_clock;

namespace {

constexpr double kTarget = 3e-5;
constexpr int kSegments = 100;

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

struct Pairs {
  std::vector<double> start, end, exact;
  std::size_t dim, count;
};

Pairs random_pairs(std::size_t dim, std::size_t count, std::uint64_t seed) {
  Pairs pairs{{}, {}, {}, dim, count};
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  for (std::size_t p = 0; p < count; ++p) {
    std::vector<double> x[2];
    for (auto& point : x) {
      point.resize(dim + 1);
      double square = 0;
      for (double& v : point) {
        v = normal(engine);
        square += v * v;
      }
      for (double& v : point) v /= std::sqrt(square);
      point[dim] = -std::abs(point[dim]);
    }
    double minus = 0, plus = 0;
    for (std::size_t i = 0; i <= dim; ++i) {
      minus += (x[0][i] - x[1][i]) * (x[0][i] - x[1][i]);
      plus += (x[0][i] + x[1][i]) * (x[0][i] + x[1][i]);
    }
    pairs.exact.push_back(std::numbers::ln2 * 2 * std::atan2(std::sqrt(minus), std::sqrt(plus)));
    for (std::size_t i = 0; i < dim; ++i) {
      pairs.start.push_back(x[0][i] / (1 - x[0][dim]));
      pairs.end.push_back(x[1][i] / (1 - x[1][dim]));
    }
  }
  return pairs;
}

GeodesicProblem problem_of(const Pairs& pairs, std::size_t first, std::size_t count) {
  const auto slice = [&](const std::vector<double>& v) {
    return std::vector<double>(v.begin() + static_cast<std::ptrdiff_t>(first * pairs.dim),
                               v.begin() + static_cast<std::ptrdiff_t>((first + count) * pairs.dim));
  };
  return {.metric = WeightedMetric(stereographic_chart(static_cast<int>(pairs.dim)), analytic_constant(0.5)),
          .start = slice(pairs.start),
          .end = slice(pairs.end)};
}

struct Row {
  double seconds = 0;       ///< a pair; negative: never reached
  double true_error = 0;    ///< of the curve, worst pair
  double stated_error = 0;  ///< of the method's own length, worst pair
  double seconds_all = 0;   ///< until the method stops by itself
};

void print_row(const char* name, const Row& row) {
  if (row.seconds < 0)
    std::printf(
        "  %-22s never reached within %9.3f ms            true error %.1e   its own length off by %.1e\n",
        name, 1e3 * row.seconds_all, row.true_error, row.stated_error);
  else
    std::printf(
        "  %-22s %10.3f ms a pair  (stops after %9.3f)  true error %.1e   its own length off by %.1e\n", name,
        1e3 * row.seconds, 1e3 * row.seconds_all, row.true_error, row.stated_error);
  std::fflush(stdout);
}

Row run_dense(const Pairs& pairs, const std::string& method, int repetitions) {
  Row row;
  GeodesicOptions options;
  options.segments = kSegments;
  options.method = method;
  options.threads = 1;
  for (std::size_t p = 0; p < pairs.count; ++p) {
    const GeodesicProblem problem = problem_of(pairs, p, 1);
    const auto timed = [&](Geodesic& out) {
      double best = 1e300;
      for (int r = 0; r < repetitions; ++r) {
        const GeodesicResult result = find_geodesics(problem, options);
        best = std::min(best, result.seconds);
        out = result.geodesics[0];
      }
      return best;
    };
    const auto error = [&](const Geodesic& g) { return std::abs(g.refined_length / pairs.exact[p] - 1); };
    Geodesic geodesic;
    options.max_iterations = 200;
    if (method == "georce") options.tolerance = 1e-5;
    const double all = timed(geodesic);
    double seconds = all;
    row.stated_error = std::max(row.stated_error, std::abs(geodesic.length / pairs.exact[p] - 1));
    if (method == "georce") {
      for (options.max_iterations = 1; options.max_iterations < 200; ++options.max_iterations) {
        geodesic = find_geodesics(problem, options).geodesics[0];
        if (error(geodesic) <= kTarget) break;
      }
      if (options.max_iterations < 200) seconds = timed(geodesic);
    }
    row.true_error = std::max(row.true_error, error(geodesic));
    row.seconds += seconds / static_cast<double>(pairs.count);
    row.seconds_all += all / static_cast<double>(pairs.count);
  }
  if (row.true_error > kTarget) row.seconds = -1;
  return row;
}

/// The library's path search on tensors, with every iterate evaluated.
Row run_tensor(const Pairs& pairs, const std::string& method) {
  Row row;
  bool missed = false;
  for (std::size_t p = 0; p < pairs.count; ++p) {
    const GeodesicProblem dense = problem_of(pairs, p, 1);
    PathProblem problem;
    problem.embedding = as_embedding(dense.metric.chart_pointer());
    problem.quality = as_quality(analytic_constant(0.5));
    const auto dim = static_cast<int64_t>(pairs.dim);
    problem.start = at::tensor(dense.start, at::kDouble).view({1, dim});
    problem.end = at::tensor(dense.end, at::kDouble).view({1, dim});
    PathOptions options;
    options.segments = kSegments;
    options.epsilon = 0;
    options.method = method;
    options.init = "linear";
    options.tolerance = 1e-8;
    options.max_iterations = method == "lbfgs" ? 300 : 1000;
    double paused = 0, reached = -1, error = 1;
    Clock::time_point begin;
    // Algorithm 1 shows 50 random times of its curve at a time, too few to tell: it is evaluated when it
    // stops.
    if (method == "lbfgs")
      options.snapshot = [&](const PathSnapshot& snapshot) {
        if (reached >= 0 || snapshot.nodes.size(1) <= kSegments / 2) return;
        const auto pause = Clock::now();
        const Tensor nodes = snapshot.nodes[0].to(at::kDouble).contiguous();
        const double length =
            dense.metric.length({nodes.data_ptr<double>(), static_cast<std::size_t>(nodes.numel())}, 1e-6)
                .length;
        error = std::abs(length / pairs.exact[p] - 1);
        if (error <= kTarget) reached = std::chrono::duration<double>(pause - begin).count() - paused;
        paused += since(pause);
      };
    begin = Clock::now();
    const PathResult result = find_path(problem, options);
    const double all = result.seconds - paused;
    if (method != "lbfgs") {
      const Tensor nodes = result.nodes[0].contiguous();
      const double length =
          dense.metric.length({nodes.data_ptr<double>(), static_cast<std::size_t>(nodes.numel())}, 1e-6)
              .length;
      error = std::abs(length / pairs.exact[p] - 1);
      if (error <= kTarget) reached = all;
    }
    missed = missed || reached < 0;
    row.seconds += reached / static_cast<double>(pairs.count);
    row.seconds_all += all / static_cast<double>(pairs.count);
    row.true_error = std::max(row.true_error, error);
    row.stated_error =
        std::max(row.stated_error, std::abs(std::sqrt(result.path.cost.item<double>()) / pairs.exact[p] - 1));
  }
  if (missed) row.seconds = -1;
  return row;
}

}  // namespace

int main(int argc, char** argv) {
  int repetitions = 20;
  std::size_t batch = 10000;
  std::vector<std::size_t> dims = {2, 10, 100};
  bool baselines = true;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i], value = argv[i + 1];
    if (option == "--repetitions") repetitions = std::atoi(value.c_str());
    if (option == "--batch") batch = static_cast<std::size_t>(std::atoll(value.c_str()));
    if (option == "--baselines") baselines = value == "on";
    if (option == "--dims") {
      dims.clear();
      std::stringstream list(value);
      for (std::string item; std::getline(list, item, ',');)
        dims.push_back(static_cast<std::size_t>(std::stoul(item)));
    }
  }
  const int threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  at::set_num_threads(1);
  for (const std::size_t dim : dims) {
    const std::size_t count = dim >= 50 ? 2 : 5;
    const int rounds = dim >= 50 ? std::min(repetitions, 5) : repetitions;
    const Pairs pairs = random_pairs(dim, count, dim);
    std::printf("S^%zu, %d segments, %zu pairs, one thread, least time of %d\n", dim, kSegments, count,
                rounds);
    print_row("ours (auto)", run_dense(pairs, "auto", rounds));
    if (dim <= 16) print_row("ours (newton)", run_dense(pairs, "newton", rounds));
    if (dim <= 16) print_row("ours (newton-cg)", run_dense(pairs, "newton-cg", rounds));
    print_row("GEORCE", run_dense(pairs, "georce", dim >= 50 ? 1 : std::min(rounds, 5)));
    if (!baselines) continue;
    print_row("L-BFGS (find_path)", run_tensor(pairs, "lbfgs"));
    print_row("Algorithm 1 (Adam)", run_tensor(pairs, "adam"));
  }
  if (batch == 0) return 0;
  GeodesicOptions all_threads;
  all_threads.threads = threads;
  const Pairs pairs = random_pairs(2, batch, 77);
  const GeodesicResult result = find_geodesics(problem_of(pairs, 0, batch), all_threads);
  std::size_t exact_ends = 0, minima = 0;
  double worst = 0, worst_extrapolated = 0;
  for (std::size_t p = 0; p < batch; ++p) {
    const Geodesic& g = result.geodesics[p];
    exact_ends += g.nodes[0] == pairs.start[2 * p] && g.nodes[1] == pairs.start[2 * p + 1] &&
                  g.nodes[2 * kSegments] == pairs.end[2 * p] &&
                  g.nodes[2 * kSegments + 1] == pairs.end[2 * p + 1];
    minima += g.certificate.minimum;
    worst = std::max(worst, std::abs(g.refined_length / pairs.exact[p] - 1));
    worst_extrapolated = std::max(worst_extrapolated, std::abs(g.extrapolated_length / pairs.exact[p] - 1));
  }
  std::printf(
      "%zu random pairs of S^2 in one call: %.3f s with %d threads; ends exact to the bit %zu, certified "
      "minima %zu, worst true error %.1e, extrapolated %.1e\n",
      batch, result.seconds, threads, exact_ends, minima, worst, worst_extrapolated);
  return 0;
}
