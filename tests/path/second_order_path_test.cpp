// Second-order methods for paths by tensors.

#include "latentpath/path/second_order_path.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "contract/test_models.h"
#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/kernel/kernel.h"
#include "latentpath/path/find_path.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/path/path_objective.h"
#include "latentpath/path/select.h"
#include "path/geodesic_test_tools.h"

namespace latentpath::testing {
namespace {

EnergyOptions options_of(const CostPointer& cost, OutputNorm norm = OutputNorm::kSum) {
  EnergyOptions options;
  options.cost = cost;
  options.norm = norm;
  return options;
}

QualityPointer wavy() {
  return time_ramp(function_quality(
      [](const Tensor& z) { return 0.5 + 0.4 * at::sin(2 * z.select(1, 0) + z.sum(1)); }, "wavy"));
}

}  // namespace

TEST(SecondOrderObjective, ItsModelIsTheCostAndTheGradientOfTheTensors) {
  // Graded times, a quality that depends on time, both norms, subdivided segments.
  for (const OutputNorm norm : {OutputNorm::kSum, OutputNorm::kMean})
    for (const int64_t subdivisions : {1, 2}) {
      const PathEnergy energy(perceptron(3, 8), wavy(), options_of(dynamic_cost(1.3), norm));
      const Tensor knots = graded_times(6, 0.8);
      const Tensor middle = middle_times(knots);
      const Tensor times =
          subdivisions == 1
              ? knots
              : at::cat({at::stack({knots.narrow(0, 0, 6), middle}, 1).flatten(), knots.narrow(0, 6, 1)});
      const auto curve = polyline_curve(knots, 3);
      const Tensor start = random_normal({2, 3}, 1), end = random_normal({2, 3}, 2);
      PathObjective objective(energy, curve, start, end, times, true, subdivisions);
      const Tensor x = random_normal({2, 15}, 4, 0.7).contiguous(), rows = at::arange(2, at::kLong);
      const ObjectiveValue at = objective.evaluate(x, rows);
      for (int64_t row = 0; row < 2; ++row) {
        SecondOrderModel* model = objective.second_order(row);
        ASSERT_NE(model, nullptr);
        const Tensor point = x[row].contiguous();
        const double value = model->linearise(point.data_ptr<double>());
        EXPECT_NEAR(value, at.value[row].item<double>(), 1e-12 * value);
        std::vector<double> gradient(15), product(15), by_blocks(15), ahead(15), behind(15);
        model->gradient(gradient.data());
        for (int64_t k = 0; k < 15; ++k)
          EXPECT_NEAR(gradient[static_cast<size_t>(k)], at.gradient[row][k].item<double>(), 1e-10 * value);
        // The Hessian against central differences of the gradient.
        const auto u = normal_numbers(15, 9);
        BlockTridiagonal hessian;
        model->hessian(HessianKind::kNewton, hessian);
        hessian.multiply(u.data(), by_blocks.data());
        model->hessian_product(u.data(), product.data());
        const double h = 1e-5;
        const Tensor direction = at::tensor(u, at::kDouble);
        model->linearise((point + h * direction).contiguous().data_ptr<double>());
        model->gradient(ahead.data());
        model->linearise((point - h * direction).contiguous().data_ptr<double>());
        model->gradient(behind.data());
        for (size_t k = 0; k < 15; ++k) {
          const double difference = (ahead[k] - behind[k]) / (2 * h);
          // Differences of third order, h² times third derivatives, and rounding over h.
          EXPECT_NEAR(by_blocks[k], difference, 1e-5 * (1 + std::abs(difference)));
          EXPECT_NEAR(product[k], by_blocks[k], 1e-10 * (1 + std::abs(difference)));
        }
      }
    }
}

struct Refused {
  std::string why;  ///< "" where it is not
  EnergyOptions options = options_of(chord_cost());
  int64_t dim = 2;
  Tensor times = uniform_times(4);
  bool polyline = true;
  int64_t subdivisions = 1;
  QualityPointer quality = constant_quality(0.5);
  bool random_times = false;
};

/// What `method` says of the objective; "" where it solves it.
std::string refusal(const Refused& of, const std::string& method) {
  const PathEnergy energy(function_embedding([](const Tensor& z) { return z.sin(); }, of.dim, "sines"),
                          of.quality, of.options);
  const Tensor start = at::zeros({1, of.dim}, at::kDouble), end = at::ones({1, of.dim}, at::kDouble);
  const Tensor knots = of.times.slice(0, 0, {}, of.subdivisions);
  const auto curve = polyline_curve(knots, of.dim);
  std::unique_ptr<PathObjective> objective;
  if (of.random_times)
    objective = std::make_unique<RandomTimesObjective>(energy, curve, start, end, 8, make_generator(1));
  else
    objective =
        std::make_unique<PathObjective>(energy, curve, start, end, of.times, of.polyline, of.subdivisions);
  try {
    solve(*objective, curve->fit(linear_path(start, end, knots), knots), *make_solver<Tensor>(method),
          {.max_iterations = 1});
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kArgument);
    return error.what();
  }
  return {};
}

TEST(SecondOrderObjective, WhatItDoesNotOfferIsSaid) {
  EnergyOptions kernel = options_of(chord_cost()), held = options_of(chord_cost());
  kernel.kernel = gaussian_kernel(0.5);
  held.held = at::tensor({1, 0}, at::kLong).to(at::kBool);
  for (const Refused& of :
       std::vector<Refused>{{.why = length_cost(1)->describe() + " cost is no sum of squares",
       .options = options_of(length_cost(1))},
                            {.why = "compared by a kernel", .options = kernel},
                            {.why = "some coordinates of the latent are held", .options = held},
                            {.why = "no polyline on its own nodes", .polyline = false},
                            {.why = "no polyline on its own nodes", .random_times = true},
                            {.why = "the latent size 65 is above 64", .dim = 65}})
    for (const char* method : {"gauss-newton", "newton", "newton-cg", "georce"}) {
      const std::string said = refusal(of, method);
      EXPECT_NE(said.find(of.why), std::string::npos) << method << ": " << said;
      EXPECT_NE(said.find(std::string("method ") + method + " needs"), std::string::npos) << said;
    }
}

TEST(SecondOrderObjective, GeorceTakesTheLengthOfEvenlyTimedChordsAlone) {
  const Tensor uneven = at::tensor({0.0, 0.1, 0.4, 0.7, 1.0}, at::kDouble);
  for (const Refused& of : std::vector<Refused>{
           {.why = ""},
           {.why = "its cost weighs time", .options = options_of(dynamic_cost(1))},
           {.why = "its times are not evenly spaced", .times = uneven},
           {.why = "its segments are subdivided", .times = uniform_times(8), .subdivisions = 2},
           {.why = "its quality depends on time", .quality = time_ramp(constant_quality(0.5))}}) {
    const std::string said = refusal(of, "georce");
    if (of.why.empty())
      EXPECT_EQ(said, "");
    else
      EXPECT_NE(said.find(of.why), std::string::npos) << said;
    EXPECT_EQ(refusal(of, "newton"), "") << of.why;
  }
}

TEST(SecondOrderPath, GreatCirclesWithTheirCertificates) {
  const Tensor start = at::tensor({0.2, 0.1, -0.5, 0.4}, at::kDouble).view({2, 2}),
               end = at::tensor({-0.9, 1.1, 0.8, 0.7}, at::kDouble).view({2, 2});
  EnergyOptions options;
  options.epsilon = 0;
  const PathEnergy energy(stereographic_sphere(), constant_quality(0.5), options);
  const Tensor times = uniform_times(40);
  for (const char* method : {"newton", "gauss-newton", "newton-cg"}) {
    const SecondOrderPaths found =
        finish_by_second_order(energy, start, end, linear_path(start, end, times), times,
                               {.method = method, .max_iterations = 200, .tolerance = 1e-9});
    const CurveFigures<Tensor> figures =
        energy.measure([&](const Tensor& t) { return interpolate_polyline(found.nodes, times, t); }, 2, times,
                       nullptr, 1e-4);
    for (int64_t pair = 0; pair < 2; ++pair) {
      const double arc =
          arc_between(*stereographic_chart(2), start[pair].data_ptr<double>(), end[pair].data_ptr<double>());
      const auto& certificate = found.certificates[static_cast<size_t>(pair)];
      EXPECT_EQ(found.termination[static_cast<size_t>(pair)], Termination::kConverged) << method;
      // A polyline of 40 pieces, in the chart: O(1/n²).
      EXPECT_NEAR(figures.length[pair].item<double>(), arc * std::numbers::ln2, 1e-3 * arc) << method;
      EXPECT_EQ(certificate.negative_directions, 0);
      EXPECT_TRUE(certificate.minimum);
      EXPECT_LT(certificate.gradient_residual, 1e-8);
      EXPECT_EQ(certificate.subdivisions, 1);
      // Approached from above: 1 − (θ/π)² on an arc θ of the unit sphere, discretised.
      EXPECT_GT(certificate.least_curvature, 1 - std::pow(arc / std::numbers::pi, 2) - 0.02) << method;
      EXPECT_LT(certificate.least_curvature, 1) << method;
    }
  }
}

TEST(SecondOrderPath, ASaddleIsLeft) {
  // A hill between the ends, whose top lies on the straight line: by symmetry the gradient never leaves the
  // line, along which there is a stationary path; on either side a shorter one.
  const Tensor start = at::tensor({-1.0, 0.0}, at::kDouble).unsqueeze(0),
               end = at::tensor({1.0, 0.0}, at::kDouble).unsqueeze(0), times = uniform_times(40);
  const QualityPointer hill = function_quality(
      [](const Tensor& z) { return 0.9 - 0.8 * at::exp(-z.square().sum(1) / 0.32); }, "hill");
  for (const CostPointer& cost : {chord_cost(), dynamic_cost(0.5)}) {
    const PathEnergy energy(identity_embedding(2), hill, options_of(cost));
    const auto cost_of = [&](const Tensor& nodes) {
      return polyline_cost(energy, nodes, times, refine_times(times, 8)).item<double>();
    };
    const Tensor line = linear_path(start, end, times);
    for (const char* method : {"newton", "newton-cg"}) {
      const SecondOrderPaths found = finish_by_second_order(
          energy, start, end, line, times, {.method = method, .max_iterations = 200, .tolerance = 1e-8});
      const std::string what = std::string(method) + ", " + cost->describe();
      EXPECT_EQ(termination_name(found.termination[0]), "converged") << what;
      EXPECT_TRUE(found.certificates[0].minimum) << what;
      EXPECT_EQ(found.certificates[0].negative_directions, 0) << what;
      EXPECT_GT(found.nodes.select(2, 1).abs().max().item<double>(), 0.3) << what;
      EXPECT_LT(cost_of(found.nodes), 0.8 * cost_of(line)) << what;
    }
    // Gauss–Newton knows no negative curvature: it stays, and the certificate says what that is.
    const SecondOrderPaths stays =
        finish_by_second_order(energy, start, end, line, times,
                               {.method = "gauss-newton", .max_iterations = 200, .tolerance = 1e-8});
    EXPECT_EQ(termination_name(stays.termination[0]), "converged");
    EXPECT_GE(stays.certificates[0].negative_directions, 1);
    EXPECT_FALSE(stays.certificates[0].minimum);
  }
}

TEST(SecondOrderPath, FindPathEndsByTheMethodAskedFor) {
  // Among 65 outputs, for which Newton's method does not pay from the start.
  const auto among_many = [sphere = stereographic_sphere()](const Tensor& z) {
    return at::pad((*sphere)(z), {0, 62});
  };
  PathProblem problem{.embedding = function_embedding(among_many, 2, "sphere among many outputs"),
                      .quality = constant_quality(0.5),
                      .start = at::tensor({0.2, 0.1, -0.5, 0.4}, at::kDouble).view({2, 2}),
                      .end = at::tensor({-0.9, 1.1, 0.8, 0.7}, at::kDouble).view({2, 2})};
  PathOptions options;
  options.segments = 40;
  options.epsilon = 0;
  options.method = "lbfgs";
  const PathResult plain = find_path(problem, options);
  EXPECT_TRUE(plain.certificates.empty());
  options.method = "newton";
  const PathResult found = find_path(problem, options);
  EXPECT_EQ(found.method, "L-BFGS, coarse to fine, then Newton");
  ASSERT_EQ(found.certificates.size(), 2u);
  for (int64_t pair = 0; pair < 2; ++pair) {
    const auto index = static_cast<size_t>(pair);
    EXPECT_EQ(found.termination[index], Termination::kConverged);
    EXPECT_TRUE(found.certificates[index].minimum);
    EXPECT_LT(found.certificates[index].gradient_residual, 1e-6);
    EXPECT_LE(found.path.cost_refined[pair].item<double>(),
              plain.path.cost_refined[pair].item<double>() * (1 + 1e-9));
  }
  // A residual that is asked for is the one at which it ends, be it the share of first-order methods.
  options.tolerance = options.relative_decrease();
  const PathResult rough = find_path(problem, options);
  for (size_t pair = 0; pair < 2; ++pair) {
    EXPECT_LT(rough.certificates[pair].gradient_residual, 1e-3);
    EXPECT_GT(rough.certificates[pair].gradient_residual, 2 * found.certificates[pair].gradient_residual);
  }
  options.tolerance.reset();
  // Refused before the search, by what is missing.
  options.cost = "length";
  try {
    find_path(problem, options);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("method newton needs a block-tridiagonal Hessian"),
              std::string::npos);
  }
  options.cost = "auto";
  options.curve = "neural";
  EXPECT_THROW(find_path(problem, options), Error);
}

}  // namespace latentpath::testing
