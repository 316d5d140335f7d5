// Newton's method in place of a search: what it finds, and what it leaves to tensors.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <numbers>

#include "latentpath/core/error.h"
#include "latentpath/kernel/kernel.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/path/select.h"
#include "path/path_problems.h"
#include "path/stage_search.h"

namespace latentpath::testing {
namespace {

using Names = std::vector<std::string>;
using Numbers = std::vector<int64_t>;

struct Arc {
  double first, last, direction;
  double angle() const { return last - first; }
};
const std::vector<Arc> kArcs{{-0.7, 1.9, 0.6}, {0.2, 1.6, -1.1}};

/// Ends of arcs of the stereographic sphere, a chart with exact derivatives.
PathProblem on_sphere(const std::vector<Arc>& arcs = kArcs) {
  std::vector<Tensor> start, end;
  for (const Arc& arc : arcs) {
    const Tensor ends = great_circle(uniform_times(1), arc.first, arc.last, arc.direction);
    start.push_back(ends[0]);
    end.push_back(ends[1]);
  }
  PathProblem problem;
  problem.embedding = as_embedding(stereographic_chart(2));
  problem.quality = constant_quality(0.5);
  problem.start = at::stack(start);
  problem.end = at::stack(end);
  return problem;
}

PathOptions straight(int64_t segments = 16) {
  PathOptions options;
  options.segments = segments;
  options.init = "linear";
  return options;
}

/// The plane with a bad place around (0, `y`); further bad ones, smaller, at (0, `other`).
PathProblem round_a_hill(double y, double other = 100) {
  const auto hills = [y, other](const auto* z) {
    using std::exp;
    const auto below = z[1] - y, above = z[1] - other;
    return 0.95 - 0.85 * exp((z[0] * z[0] + below * below) * -8.0) -
           0.75 * exp((z[0] * z[0] + above * above) * -8.0);
  };
  PathProblem problem =
      in_plane(as_quality(analytic_quality(hills, 2, "hills")), {-1, 0, -1, 0}, {1, 0, 1, 0});
  problem.embedding = as_embedding(plane_chart(2));
  return problem;
}

double height(const NewtonPaths& paths, int64_t row) {
  return paths.found.nodes[row][paths.found.nodes.size(1) / 2][1].item<double>();
}

}  // namespace

TEST(NewtonPaths, FindGreatCirclesWithTheirCertificates) {
  StageSearch stage(on_sphere(), straight(40));
  const NewtonPaths paths = newton_paths(stage.search);
  EXPECT_EQ(paths.solved, (Numbers{0, 1}));
  EXPECT_TRUE(paths.rest.empty());
  const FoundPaths& found = paths.found;
  EXPECT_TRUE(at::equal(found.times, uniform_times(40)));
  EXPECT_EQ(found.method, "Newton");
  EXPECT_EQ(found.curve, "polyline of 40 segments");
  EXPECT_EQ(names_of(found.start), (Names{"linear", "linear"}));
  EXPECT_TRUE(same_bits(found.nodes.select(1, 0), stage.problem.start));
  EXPECT_TRUE(same_bits(found.nodes.select(1, 40), stage.problem.end));
  for (size_t pair = 0; pair < 2; ++pair) {
    const Arc& arc = kArcs[pair];
    const Tensor exact = great_circle(found.times, arc.first, arc.last, arc.direction);
    EXPECT_LT((found.nodes[static_cast<int64_t>(pair)] - exact).abs().max().item<double>(), 1e-9);
    EXPECT_EQ(found.termination[pair], Termination::kConverged);
    EXPECT_GT(found.iterations[pair], 0);
    EXPECT_EQ(found.subdivisions[pair], 1);
    const PathCertificate& certificate = found.certificates[pair];
    EXPECT_TRUE(certificate.minimum);
    EXPECT_EQ(certificate.negative_directions, 0);
    EXPECT_LT(certificate.gradient_residual, 1e-9);
    EXPECT_EQ(certificate.subdivisions, 1);
    // Approached from above.
    const double least = 1 - std::pow(arc.angle() / std::numbers::pi, 2);
    EXPECT_GT(certificate.least_curvature, least - 0.01);
    EXPECT_LT(certificate.least_curvature, least + 0.05);
  }
}

TEST(NewtonPaths, WhatNewtonsMethodDoesNotFindIsLeft) {
  using P = PathProblem;
  using O = PathOptions;
  const auto left = [](const char* what, const std::function<void(P&, O&)>& change,
                       const char* cost = "chord") {
    PathProblem problem = on_sphere();
    PathOptions options = straight();
    change(problem, options);
    StageSearch stage(problem, options, {.pairs = {0, 1}, .cost = cost});
    const NewtonPaths paths = newton_paths(stage.search);
    EXPECT_EQ(paths.rest, (Numbers{0, 1})) << what;
    EXPECT_TRUE(paths.solved.empty()) << what;
    EXPECT_FALSE(paths.found.nodes.defined()) << what;
  };
  left(
      "another cost", [](P&, O&) {}, "dynamic");
  for (const char* const method : {"lbfgs", "adam", "paper2019"})
    left(method, [=](P&, O& o) { o.method = method; });
  left("a great circle to start with", [](P&, O& o) { o.init = "spherical"; });
  left("via points", [](P&, O& o) { o.init = "via"; });
  left("via points of a prior", [](P& p, O& o) {
    o.init = "auto";
    p.prior = normal_sampler(2);
  });
  left("the line and a given path",
       [](P& p, O& o) { o.first_paths = linear_path(p.start, p.end, uniform_times(3)); });
  left("a single segment", [](P&, O& o) { o.segments = 1; });
  left("graded times", [](P&, O& o) { o.grading = 0.5; });
  left("a limit of time", [](P&, O& o) { o.max_seconds = 60; });
  left("snapshots", [](P&, O& o) { o.snapshot = [](const PathSnapshot&) {}; });
  left("a quality of the time", [](P& p, O& o) {
    o.cost = "chord";
    p.quality = as_quality(analytic_quality([](const auto* z, double t) { return z[0] * 0.0 + 0.5 * t; }, 2));
  });
  left("a quality by tensors",
       [](P& p, O&) { p.quality = function_quality([](const Tensor& z) { return 0 * z.sum(1) + 0.5; }); });
  left("held coordinates", [](P& p, O&) { p.held = at::tensor({1, 0}, at::kLong).to(at::kBool); });
  left("a kernel", [](P&, O& o) { o.kernel = gaussian_kernel(0.5); });
}

TEST(NewtonPaths, MethodsOfSecondOrderAreTakenByName) {
  for (const auto& [method, name] : {std::pair{"newton", "Newton"}, std::pair{"gauss-newton", "Gauss–Newton"},
                                     std::pair{"newton-cg", "Newton–CG"}, std::pair{"georce", "GEORCE"}}) {
    PathOptions options = straight();
    options.method = method;
    options.tolerance = 1e-5;
    StageSearch stage(on_sphere(), options);
    const NewtonPaths paths = newton_paths(stage.search);
    EXPECT_EQ(paths.solved, (Numbers{0, 1})) << name;
    EXPECT_EQ(paths.found.method, name);
  }
  // A metric given directly is left by the one that cannot take it.
  PathProblem measured = on_sphere();
  measured.embedding = riemannian_space(as_metric_tensor(analytic_metric(
      [](const auto* p, auto* g) {
        const auto n = 2.0 / (p[0] * p[0] + p[1] * p[1] + 1.0);
        g[0] = g[2] = n * n;
        g[1] = 0.0;
      },
      2, "sphere")));
  for (const char* const method : {"newton", "georce"}) {
    PathOptions options = straight();
    options.method = method;
    StageSearch stage(measured, options);
    EXPECT_EQ(newton_paths(stage.search).solved.size(), options.method == "newton" ? 2u : 0u) << method;
  }
}

TEST(NewtonPaths, APairIsLeftWhereItDoesNotConvergeOrItsFirstPathIsNotFinite) {
  PathOptions options = straight();
  options.cost = "chord";  // whatever the ends
  options.max_iterations = 1;
  StageSearch stage(on_sphere({{0.3, 0.3, 0}, kArcs[0]}), options);  // a point, and an arc
  const NewtonPaths short_of_it = newton_paths(stage.search);
  EXPECT_EQ(short_of_it.solved, (Numbers{0}));
  EXPECT_EQ(short_of_it.rest, (Numbers{1}));
  EXPECT_EQ(short_of_it.found.nodes.size(0), 1);

  options.max_iterations = 0;
  options.epsilon = 0;
  PathProblem half_plane = in_plane(as_quality(half_space(2)), {-1, -1, -1, 1}, {1, -1, 1, 1});
  half_plane.embedding = as_embedding(plane_chart(2));
  StageSearch outside(half_plane, options);
  const NewtonPaths inside = newton_paths(outside.search);
  EXPECT_EQ(inside.solved, (Numbers{1}));
  EXPECT_EQ(inside.rest, (Numbers{0}));
  // Half of a circle around (0, 0).
  EXPECT_LT((inside.found.nodes[0].norm(2, {1}) - std::sqrt(2)).abs().max().item<double>(), 0.01);
}

TEST(NewtonPaths, AToleranceThatIsAskedForIsTheResidual) {
  PathOptions options = straight();
  StageSearch stage(on_sphere(), options);
  options.tolerance = 1e-2;
  StageSearch rough(on_sphere(), options);
  const NewtonPaths best = newton_paths(stage.search), paths = newton_paths(rough.search);
  EXPECT_LT(paths.found.iterations[0], best.found.iterations[0]);
  EXPECT_LT(paths.found.certificates[0].gradient_residual, 1e-2);
  EXPECT_GT(paths.found.certificates[0].gradient_residual, 1e-9);
}

TEST(NewtonPaths, AGivenPathLeadsItsOwnPairToItsSideOfAHill) {
  const PathProblem problem = round_a_hill(0);
  PathOptions options = straight();
  options.init = "given";
  options.first_paths = points_of_plane({-1, 0, 0, 0.7, 1, 0, -1, 0, 0, -0.7, 1, 0}).view({2, 3, 2});
  StageSearch stage(problem, options, {.pairs = {1, 0}, .cost = "chord"});
  const NewtonPaths paths = newton_paths(stage.search);
  ASSERT_EQ(paths.solved, (Numbers{0, 1}));
  EXPECT_EQ(names_of(paths.found.start), (Names{"given", "given"}));
  EXPECT_LT(height(paths, 0), -0.3);
  EXPECT_GT(height(paths, 1), 0.3);
  EXPECT_NEAR(height(paths, 0), -height(paths, 1), 1e-6);
  EXPECT_TRUE(paths.found.certificates[0].minimum);
  // Where a weight varies, no segment has a single midpoint.
  EXPECT_EQ(paths.found.subdivisions[0], 4);
  EXPECT_EQ(paths.found.certificates[0].subdivisions, 4);
}

TEST(NewtonPaths, ARouteWinsWhereTheStraightLineEndsOnTheLongerWay) {
  // The line is pushed up, where there is another hill.
  const PathProblem problem = round_a_hill(-0.05, 1);
  PathOptions options = straight(24);
  StageSearch line(problem, options);
  const NewtonPaths above = newton_paths(line.search);
  options.init = "auto";
  options.route_samples = 256;
  StageSearch routes(problem, options);
  const NewtonPaths below = newton_paths(routes.search);
  ASSERT_EQ(above.solved.size(), 2u);
  ASSERT_EQ(below.solved.size(), 2u);
  EXPECT_GT(height(above, 0), 0.1);
  EXPECT_LT(height(below, 0), -0.1);
  EXPECT_EQ(below.found.start[0].kind, StartKind::kRoute);
  const auto cost = [&](const NewtonPaths& paths) {
    return polyline_cost(line.search.energy, paths.found.nodes, paths.found.times,
                         refine_times(paths.found.times, 8))[0]
        .item<double>();
  };
  EXPECT_LT(cost(below), 0.95 * cost(above));
}

TEST(NewtonPaths, TheEndsOfAnAngleAreThePointsThatTheyAre) {
  // Round the back of a cylinder to the end's copy the way is shorter.
  PathProblem problem = in_plane(constant_quality(0.5), {-2.5, 0.2}, {2.5, 0.4});
  problem.embedding = as_embedding(cylinder_chart());
  for (const char* const init : {"linear", "auto"}) {
    PathOptions options = straight();
    options.init = init;
    options.route_samples = 100;
    StageSearch stage(problem, options);
    const NewtonPaths paths = newton_paths(stage.search);
    ASSERT_EQ(paths.solved, (Numbers{0}));
    EXPECT_TRUE(same_bits(paths.found.nodes.select(1, 16), problem.end)) << init;
    EXPECT_LT((paths.found.nodes - linear_path(problem.start, problem.end, uniform_times(16)))
                  .abs()
                  .max()
                  .item<double>(),
              1e-6)
        << init;
  }
}

TEST(NewtonPaths, WhatCannotBeIsRefusedAndNotLeft) {
  PathOptions options = straight();
  options.tolerance = -1;
  StageSearch stage(on_sphere(), options);
  try {
    newton_paths(stage.search);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kArgument);
  }
}

TEST(NewtonPaths, CancelledPairsAreNotLeftToAnotherSearch) {
  StageSearch stage(on_sphere(), straight());
  stage.cancellation.cancel();
  const NewtonPaths paths = newton_paths(stage.search);
  EXPECT_EQ(paths.solved, (Numbers{0, 1}));
  EXPECT_EQ(paths.found.termination[0], Termination::kInterrupted);
  EXPECT_EQ(paths.found.nodes.sizes(), (Numbers{2, 17, 2}));
}

TEST(NewtonPaths, PairsAreReportedAndCountedWhereNewtonsMethodIsTaken) {
  PathProblem problem = on_sphere({kArcs[0], kArcs[1], kArcs[1]});
  problem.embedding = std::make_shared<CountedChart>(stereographic_chart(2));
  std::vector<Progress> told;
  const auto run = [&](const PathOptions& options) {
    told.clear();
    StageSearch stage(problem, options, {.pairs = {2, 0}, .cost = "chord"}, nullptr,
                      [&](const Progress& now) { told.push_back(now); });
    newton_paths(stage.search);
    return stage.counter.of_pairs();
  };
  const Numbers counted = run(straight());
  EXPECT_GT(counted[0], 0);
  EXPECT_EQ(counted[1], 0);
  EXPECT_GT(counted[2], 0);
  ASSERT_EQ(told.size(), 2u);
  for (size_t k = 0; k < 2; ++k) {
    EXPECT_EQ(told[k].stage, "second-order steps");
    EXPECT_EQ(told[k].done, static_cast<int64_t>(k));
    EXPECT_EQ(told[k].total, 2);
  }
  PathOptions other = straight();
  other.method = "lbfgs";
  EXPECT_EQ(run(other), (Numbers{0, 0, 0}));
  EXPECT_TRUE(told.empty());
}

}  // namespace latentpath::testing
