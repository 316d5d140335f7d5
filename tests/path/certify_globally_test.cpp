// Certificates against the global optimum, on tensors.

#include "latentpath/path/certify_globally.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "latentpath/core/error.h"
#include "path/wall.h"

namespace latentpath {
namespace {

PathProblem gnomonic(const Tensor& start, const Tensor& end) {
  PathProblem problem;
  problem.embedding = function_embedding(
      [](const Tensor& z) {
        const Tensor x = at::cat({z, -at::ones_like(z.narrow(1, 0, 1))}, 1);
        return x / x.norm(2, {1}, true);
      },
      2, "half-sphere");
  problem.quality = constant_quality(0.5);
  problem.start = start;
  problem.end = end;
  return problem;
}

}  // namespace

TEST(CertifyGlobally, GreatCircle) {
  const Tensor start = at::tensor({0.0, 1.0}, at::kDouble).unsqueeze(0),
               end = at::tensor({1.0, 0.0}, at::kDouble).unsqueeze(0);
  const PathProblem problem = gnomonic(start, end);
  PathOptions options;
  options.epsilon = 0;
  const double exact = M_PI / 3 * std::log(2.0);
  const Tensor nodes = at::cat({start, end});
  const GlobalCertificate good = certify_globally(problem, options, nodes, exact);
  EXPECT_NEAR(good.reference, exact, 1e-4 * exact);
  EXPECT_LT(std::abs(good.gap), 1e-4);
  EXPECT_TRUE(good.box_suffices);
  EXPECT_NE(good.sentence.find("as short as the global optimum"), std::string::npos) << good.sentence;
  // A path a tenth too long is told so.
  const GlobalCertificate bad = certify_globally(problem, options, nodes, 1.1 * exact);
  EXPECT_NEAR(bad.gap, 0.1, 1e-3);
  EXPECT_NE(bad.sentence.find("longer than the global optimum"), std::string::npos) << bad.sentence;
}

TEST(CertifyGlobally, MetricOfTensors) {
  const Tensor point = at::tensor({0.4, -0.7}, at::kDouble).unsqueeze(0);
  const PathProblem problem = gnomonic(point, point);
  Eigen::MatrixXd z(2, 1);
  z << 0.4, -0.7;
  const double r = 1 + z.squaredNorm(), n = std::log(2) * std::log(2);
  for (const OutputNorm norm : {OutputNorm::kSum, OutputNorm::kMean}) {
    const Eigen::MatrixXd g = tensor_metric_field(problem.embedding, problem.quality, 0, norm, 1e-4)(z);
    const double scale = norm == OutputNorm::kMean ? 1.0 / 3 : 1;  // three output coordinates
    // Central differences: the error is of the order of the step's square.
    EXPECT_NEAR(g(0, 0), scale * n * (r - 0.16) / (r * r), 1e-7);
    EXPECT_NEAR(g(1, 0), scale * n * 0.28 / (r * r), 1e-7);
    EXPECT_NEAR(g(2, 0), scale * n * (r - 0.49) / (r * r), 1e-7);
  }
}

TEST(CertifyGlobally, GoesOnFromAShorterReference) {
  // Pair 0 has a wall between its ends, which the straight start runs through; pair 1 has none.
  PathProblem problem;
  problem.embedding = identity_embedding(2);
  problem.quality = testing::wall();
  problem.start = at::tensor({-1.0, 0.0, -1.0, 2.0}, at::kDouble).view({2, 2});
  problem.end = at::tensor({1.0, 0.0, 1.0, 2.0}, at::kDouble).view({2, 2});
  PathOptions options;
  options.epsilon = 1e-3;
  options.init = "linear";
  options.segments = 32;
  PathResult result = find_path(problem, options);
  const PathResult before = result;
  const Tensor length = result.path.length.clone(), nodes = result.nodes.clone();
  const auto certificates = certify_and_improve(problem, options, result,
                                                {.coarsest = 101, .tolerance = 1e-3, .most_nodes = 50'000});
  ASSERT_EQ(certificates.size(), 2u);
  EXPECT_LT(result.path.length[0].item<double>(), 0.8 * length[0].item<double>());
  EXPECT_EQ(result.start[0], "given");
  EXPECT_TRUE(at::equal(result.nodes.select(1, 0), problem.start));
  EXPECT_TRUE(at::equal(result.nodes.select(1, -1), problem.end));
  EXPECT_GT(result.decoder_evaluations[0], before.decoder_evaluations[0]);
  // The other is as short as can be, and is left alone.
  EXPECT_TRUE(at::equal(result.nodes[1], nodes[1]));
  EXPECT_EQ(result.decoder_evaluations[1], before.decoder_evaluations[1]);
  for (int64_t pair = 0; pair < 2; ++pair) {
    const GlobalCertificate& c = certificates[static_cast<size_t>(pair)];
    EXPECT_EQ(c.length, result.path.length[pair].item<double>());
    EXPECT_LT(c.gap, 0.005);
  }
  // The figures are those of the nodes.
  options.init = "given";
  options.first_paths = result.nodes;
  options.max_iterations = 1;
  const PathResult again = find_path(problem, options);
  EXPECT_NEAR(again.path.length[0].item<double>(), result.path.length[0].item<double>(),
              0.01 * result.path.length[0].item<double>());
  options.first_paths = Tensor();
  EXPECT_THROW(find_path(problem, options), Error);
}

TEST(CertifyGlobally, TakesCostsThatWeighNoTimeAlone) {
  const Tensor point = at::zeros({1, 2}, at::kDouble);
  const PathProblem problem = gnomonic(point, point);
  PathOptions options;
  const auto needs = [&](const std::string& cost, std::optional<double> time_weight) {
    options.cost = cost;
    options.time_weight = time_weight;
    return global_certificate_needs(problem, options, 2);
  };
  EXPECT_EQ(needs("auto", {}), "");
  EXPECT_EQ(needs("chord", {}), "");
  for (const char* cost : {"length", "dynamic"}) {
    EXPECT_EQ(needs(cost, 0), "") << cost;
    EXPECT_NE(needs(cost, 1), "") << cost;
    EXPECT_NE(needs(cost, {}), "") << cost;  // the search finds λ above 0
  }
}

TEST(CertifyGlobally, RefusesWhatMakesNoMetric) {
  const Tensor ends = at::tensor({0.0, 1.0, 1.0, 0.0}, at::kDouble).view({2, 2});
  PathProblem problem = gnomonic(ends.narrow(0, 0, 1), ends.narrow(0, 1, 1));
  PathOptions options;
  problem.quality = time_ramp(constant_quality(0.5));
  EXPECT_THROW(certify_globally(problem, options, ends, 1), Error);
  problem.quality = constant_quality(0.5);
  EXPECT_THROW(certify_globally(problem, options, at::zeros({2, 4}, at::kDouble), 1), Error);
  EXPECT_THROW(certify_globally(problem, options, Tensor(), 1), Error);
  options.cost = "dynamic";
  EXPECT_THROW(certify_globally(problem, options, ends, 1), Error);
}

}  // namespace latentpath
