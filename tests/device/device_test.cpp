// A decoder on a device that is not the host: the same paths to the last bit, and images that stay where they
// are made.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>

#include "contract/test_models.h"
#include "device/stand_in_device.h"
#include "latentpath/core/device.h"
#include "latentpath/kernel/kernel.h"
#include "latentpath/metric/cycle_quality.h"
#include "latentpath/metric/density.h"
#include "latentpath/metric/kept_features.h"
#include "latentpath/metric/quality_sections.h"
#include "latentpath/models/classifier.h"
#include "latentpath/path/certify_globally.h"
#include "latentpath/path/find_path.h"
#include "latentpath/path/nearest_end.h"

namespace latentpath::testing {
namespace {

/// `inner`, as a model on `device`.
std::shared_ptr<Embedding> decoder_on(at::Device device, const std::shared_ptr<Embedding>& inner) {
  return function_embedding([inner, device](const Tensor& z) { return (*inner)(z.to(device)); },
                            inner->latent_dim(), "decoder");
}

/// How bright images are, as a classifier on their device tells.
class Brightness final : public Quality {
 public:
  Tensor evaluate(const QualityPoints& points) const override {
    return at::sigmoid(2 * points.decoded.flatten(1).mean(1)).to(points.latent.device());
  }
  bool needs_decoded() const override { return true; }
  std::string describe() const override { return "bright"; }
};
QualityPointer bright() { return std::make_shared<Brightness>(); }

PathProblem problem_on(at::Device device) {
  PathProblem problem;
  problem.embedding = decoder_on(device, perceptron(2, 5));
  problem.quality = time_ramp(product({bright(), normal_prior(2)}));
  problem.feature = bright();
  problem.start = random_normal({3, 2}, 1);
  problem.end = random_normal({3, 2}, 2);
  return problem;
}

PathOptions few_segments() {
  PathOptions options;
  options.segments = 16;
  return options;
}

using FindOn = std::function<PathResult(at::Device)>;

/// Where three gradients or more of one point meet, they do so in an order of their own, and are added in it.
void expect_nearly_same_paths(const FindOn& find) {
  const PathResult here = find(at::kCPU), there = find(stand_in_device());
  EXPECT_TRUE(there.nodes.is_cpu());
  EXPECT_TRUE(at::allclose(here.nodes, there.nodes, 1e-6, 1e-6));
  EXPECT_TRUE(at::allclose(here.path.cost_refined, there.path.cost_refined, 1e-6));
}

void expect_same_paths(const FindOn& find) {
  const PathResult here = find(at::kCPU), there = find(stand_in_device());
  EXPECT_TRUE(there.nodes.is_cpu());
  EXPECT_TRUE(same_bits(here.nodes, there.nodes));
  EXPECT_TRUE(same_bits(here.path.cost_refined, there.path.cost_refined));
  EXPECT_TRUE(same_bits(here.linear.length, there.linear.length));
  EXPECT_EQ(here.decoder_evaluations, there.decoder_evaluations);
  EXPECT_EQ(here.warnings, there.warnings);
}

void expect_same_paths(const PathOptions& options, const QualityPointer& quality = nullptr) {
  expect_same_paths([&](at::Device device) {
    PathProblem problem = problem_on(device);
    if (quality) problem.quality = quality;
    return find_path(problem, options);
  });
}

}  // namespace

TEST(StandInDevice, RefusesTensorsOfTheHost) {
  const Tensor there = at::ones({3}).to(stand_in_device()), here = at::ones({3});
  EXPECT_THROW(there + here, c10::Error);
  EXPECT_THROW(there.index_select(0, at::zeros({1}, at::kLong)), c10::Error);
  EXPECT_TRUE(at::equal((2 * there + at::ones({})).to(at::kCPU), 2 * here + 1));
}

TEST(Device, PathsAreTheSame) { expect_same_paths(few_segments()); }

TEST(Device, EveryCostFindsTheSame) {
  for (const char* cost : {"chord", "dynamic", "length", "endpoint-mean"}) {
    SCOPED_TRACE(cost);
    PathOptions options = few_segments();
    options.cost = cost;
    expect_same_paths(options);
  }
}

TEST(Device, EveryStartFindsTheSame) {
  for (const char* init : {"spherical", "via", "graph"}) {
    SCOPED_TRACE(init);
    PathOptions options = few_segments();
    options.init = init;
    expect_same_paths(options, product({bright(), normal_prior(2)}));
  }
}

TEST(Device, EveryMethodFindsTheSame) {
  for (const char* method : {"adam", "newton", "georce", "paper2019", "kim-zhang"}) {
    SCOPED_TRACE(method);
    PathOptions options = few_segments();
    options.method = method;
    options.max_iterations = 20;
    const bool plain = options.method == "kim-zhang" || options.method == "georce";
    expect_same_paths(options, plain ? constant_quality(0.5) : nullptr);
  }
}

TEST(Device, NewtonCgFindsNearlyTheSame) {
  PathOptions options = few_segments();
  options.method = "newton-cg";
  expect_nearly_same_paths([&](at::Device device) { return find_path(problem_on(device), options); });
}

TEST(Device, OtherLengthsAreTheSame) {
  PathOptions options = few_segments();
  options.norm = OutputNorm::kMean;
  expect_same_paths(options);
  options = few_segments();
  options.kernel = gaussian_kernel(0.5);
  expect_same_paths(options);
}

TEST(Device, DensityOfImagesIsTheSame) {
  PathOptions options = few_segments();
  options.density_regularisation = "auto";
  expect_same_paths([&](at::Device device) {
    PathProblem problem = problem_on(device);
    problem.quality = constant_quality(0.5);
    problem.feature = nullptr;
    problem.density = normal_density(2);
    return find_path(problem, options);
  });
}

TEST(Device, WhatIsKeptIsTheSame) {
  PointFeatures features;
  features.of = [](const QualityPoints& points) { return points.decoded.flatten(1).tanh(); };
  features.name = "tanh";
  expect_same_paths(few_segments(), product({normal_prior(2), keep_features(features, 1)}));
}

TEST(Device, SectionsAreTheSame) {
  const auto asked = in_sections({{0, 0.3, bright()}, {0.5, 1, complement(bright())}}, true);
  expect_same_paths(few_segments(), product({asked, normal_prior(2)}));
}

TEST(Device, CyclesAreNearlyTheSame) {
  expect_nearly_same_paths([](at::Device device) {
    PathProblem problem = problem_on(device);
    const Tensor back = random_normal({6, 2}, 9);
    Cycle cycle;
    cycle.decoder = problem.embedding;
    cycle.encode = [back](const Tensor& images) {
      return at::matmul(images.flatten(1), back.to(images.device())).to(at::kCPU);
    };
    const Tensor errors = cycle_errors(cycle, random_normal({30, 2}, 8));
    problem.quality = time_ramp(cycle_quality(bright(), cycle, errors, {}));
    return find_path(problem, few_segments());
  });
}

TEST(Device, CertificatesAreTheSame) {
  double references[2] = {};
  for (const at::Device device : {at::Device(at::kCPU), stand_in_device()}) {
    PathProblem problem = problem_on(device);
    problem.quality = bright();
    PathOptions options = few_segments();
    options.cost = "chord";
    const PathResult result = find_path(problem, options);
    references[device.is_cpu() ? 0 : 1] =
        certify_globally(problem, options, result.nodes[0], result.path.length[0].item<double>()).reference;
  }
  EXPECT_EQ(references[0], references[1]);
}

TEST(Device, NearestEndsAreTheSame) {
  Tensor ends[2];
  for (const at::Device device : {at::Device(at::kCPU), stand_in_device()}) {
    EnergyOptions energy_options;
    energy_options.cost = make_cost("chord", 0);
    const PathEnergy energy(decoder_on(device, perceptron(2, 5)), constant_quality(0.5), energy_options);
    NearestEndOptions options;
    options.certainty = 0.6;
    ends[device.is_cpu() ? 0 : 1] =
        nearest_ends(energy, *bright(), normal_sampler(2), random_normal({2, 2}, 1), options).ends;
  }
  EXPECT_TRUE(same_bits(ends[0], ends[1]));
}

/// "It is bright", by a module in memory that computes on the stand-in.
std::shared_ptr<Classifier> classifier_there(const Embedding& decoder) {
  ModelFunction function;
  function.name = "brightness";
  function.forward = [](const Tensor& images) {
    return 4 * images.to(stand_in_device()).flatten(1).mean(1, true);
  };
  auto classifier =
      std::make_shared<Classifier>(TorchScriptModule(function, "classifier"), ClassifierOptions());
  classifier->connect(decoder, random_normal({8, 2}, 4), ValueRange{-1, 1});
  return classifier;
}

TEST(Device, ImagesStayThere) {
  constexpr int64_t kSide = 64;
  const Tensor weights = random_normal({2, kSide * kSide}, 3);
  const auto large = function_embedding(
      [weights](const Tensor& z) {
        const auto like = z.options().requires_grad(false);
        return at::tanh(at::matmul(z, weights.to(like))).view({z.size(0), 1, kSide, kSide});
      },
      2, "large");
  PathProblem problem = problem_on(at::kCPU);
  problem.embedding = decoder_on(stand_in_device(), large);
  problem.feature = class_probability(classifier_there(*problem.embedding), 0);
  problem.quality = time_ramp(product({problem.feature, normal_prior(2)}));
  PathOptions options = few_segments();
  const int64_t before = bytes_to_host();
  const PathResult result = find_path(problem, options);
  double points = static_cast<double>(result.verification_evaluations + result.candidate_evaluations);
  for (const int64_t each : result.decoder_evaluations) points += static_cast<double>(each);
  // Of a point its gradient, quality and lengths come back.
  EXPECT_LT(static_cast<double>(bytes_to_host() - before), 200 * points);
}

}  // namespace latentpath::testing
