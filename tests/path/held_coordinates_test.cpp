// Coordinates that are held: no variables of a path, exact where both ends agree, straight where they do not.

#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include "latentpath/core/error.h"
#include "latentpath/path/initial_path.h"
#include "path/path_problems.h"

namespace latentpath::testing {
namespace {

Tensor bump(const Tensor& x, const Tensor& y) {
  return at::exp(-((x - 0.5).square() + (y - 1.0).square()) / 0.5);
}

/// R³ with good places around (0.5, 1, 2): a path that may, goes up to 2 in the third coordinate.
PathProblem in_space(const Tensor& third_of_start, const Tensor& third_of_end) {
  PathProblem problem;
  problem.embedding = function_embedding([](const Tensor& z) { return z; }, 3, "space");
  problem.quality = function_quality(
      [](const Tensor& z) {
        const Tensor good = bump(z.select(1, 0), z.select(1, 1));
        return 0.02 + 0.98 * good * at::exp(-(z.select(1, 2) - 2).square() / 4);
      },
      "hill in space");
  const Tensor start = at::tensor({-1.0, 0.0}, at::kDouble), end = at::tensor({1.5, -0.25}, at::kDouble);
  problem.start = at::cat({start, third_of_start}).unsqueeze(0);
  problem.end = at::cat({end, third_of_end}).unsqueeze(0);
  problem.held = at::tensor({0, 0, 1}, at::kLong).to(at::kBool);
  return problem;
}

PathOptions some_options() {
  PathOptions options;
  options.segments = 32;
  options.tolerance = 1e-6;
  options.max_iterations = 300;
  return options;
}

const Tensor kThird = at::tensor({0.1}, at::kDouble);

}  // namespace

TEST(HeldCoordinates, APathInSpaceWithOneHeldIsThePathInThePlane) {
  const PathProblem space = in_space(kThird, kThird);
  PathProblem plane;
  plane.embedding = function_embedding([](const Tensor& z) { return z; }, 2, "plane");
  plane.quality = function_quality(
      [](const Tensor& z) {
        const double factor = std::exp(-(0.1 - 2) * (0.1 - 2) / 4);
        return 0.02 + 0.98 * factor * bump(z.select(1, 0), z.select(1, 1));
      },
      "hill in the plane");
  plane.start = space.start.narrow(1, 0, 2);
  plane.end = space.end.narrow(1, 0, 2);
  PathOptions options = some_options();
  options.init = "linear";
  for (const char* method : {"auto", "spectral-gradient"}) {
    options.method = method;
    const PathResult held = find_path(space, options), truth = find_path(plane, options);
    EXPECT_TRUE((held.nodes.select(2, 2) == 0.1).all().item<bool>()) << method;
    EXPECT_NEAR(held.path.cost_refined[0].item<double>() / truth.path.cost_refined[0].item<double>(), 1, 1e-4)
        << method;
    EXPECT_LT((held.nodes.narrow(2, 0, 2) - truth.nodes).abs().max().item<double>(), 0.02) << method;
    // Free, it goes where it is better.
    PathProblem free = space;
    free.held = Tensor();
    const PathResult found = find_path(free, options);
    EXPECT_GT(found.nodes.select(2, 2).max().item<double>(), 0.3) << method;
    EXPECT_LT(found.path.cost_refined[0].item<double>(), held.path.cost_refined[0].item<double>()) << method;
  }
}

TEST(HeldCoordinates, AllStartsKeepThem) {
  PathProblem problem = in_space(kThird, at::tensor({1.3}, at::kDouble));
  problem.prior = normal_sampler(3);
  PathOptions options = some_options();
  options.candidates.keep = 16;
  options.route_samples = 128;
  for (const char* init : {"auto", "linear", "spherical", "via", "graph", "given"}) {
    options.init = init;
    if (options.init == "given") options.first_paths = at::randn({1, 9, 3}, at::kDouble);
    const PathResult found = find_path(problem, options);
    const Tensor third = found.nodes.select(2, 2)[0];
    EXPECT_EQ(third[0].item<double>(), 0.1) << init;
    EXPECT_EQ(third[-1].item<double>(), 1.3) << init;
    // On the way from one to the other, and never back.
    EXPECT_GE((third.slice(0, 1) - third.slice(0, 0, -1)).min().item<double>(), -1e-12) << init;
    EXPECT_LE(found.path.cost_refined[0].item<double>(),
              found.linear.cost_refined[0].item<double>() * (1 + 1e-9))
        << init;
  }
}

TEST(HeldCoordinates, HoldIsExactWhereEndsAgree) {
  const Tensor held = at::tensor({1, 0}, at::kLong).to(at::kBool);
  const Tensor value = at::tensor({0.1}, at::kFloat).to(at::kDouble);
  Tensor nodes = at::randn({2, 7, 2}, at::kDouble);
  nodes.index_put_({at::indexing::Slice(), 0, 0}, value);
  nodes.index_put_({at::indexing::Slice(), 6, 0}, value);
  const Tensor kept = hold(nodes, held, uniform_times(6));
  EXPECT_TRUE((kept.select(2, 0) == value).all().item<bool>());
  EXPECT_TRUE(at::equal(kept.select(2, 1), nodes.select(2, 1)));
  EXPECT_TRUE(at::equal(hold(nodes, {}, uniform_times(6)), nodes));
}

TEST(HeldCoordinates, WhatMovesAllIsRefused) {
  const auto message = [](const std::function<void(PathProblem&, PathOptions&)>& change) {
    PathProblem problem = in_space(kThird, kThird);
    PathOptions options = some_options();
    change(problem, options);
    try {
      find_path(problem, options);
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kArgument);
      return std::string(error.what());
    }
    return std::string();
  };
  for (const char* method : {"newton", "georce", "adam", "kim-zhang"})
    EXPECT_NE(message([&](auto&, auto& o) { o.method = method; }).find("moves all coordinates"),
              std::string::npos)
        << method;
  EXPECT_NE(message([](auto&, auto& o) { o.curve = "neural"; }).find("moves all coordinates"),
            std::string::npos);
  EXPECT_NE(
      message([](auto& p, auto&) { p.held = at::ones({3}, at::kBool); }).find("all coordinates are held"),
      std::string::npos);
  EXPECT_NE(message([](auto& p, auto&) { p.held = at::ones({2}, at::kBool); }).find("shape [3]"),
            std::string::npos);
}

}  // namespace latentpath::testing
