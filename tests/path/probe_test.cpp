#include "latentpath/path/probe.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "contract/test_models.h"
#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/path/find_path.h"
#include "path/path_problems.h"

namespace latentpath::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Function = std::function<Tensor(const Tensor&)>;

/// A decoder in miniature, in the dtype of the points: [n, 3] → [n, 24].
Tensor decoded(const Tensor& z) {
  const auto like = z.options().requires_grad(false);
  const Tensor hidden = at::tanh(at::matmul(z, random_normal({3, 16}, 5, 0.7).to(like)));
  return at::sigmoid(at::matmul(hidden, random_normal({16, 24}, 6, 0.8).to(like)));
}

PathProblem problem_of(const Function& map, int64_t pairs = 1) {
  PathProblem problem;
  problem.embedding = function_embedding(map, 3, "the map");
  problem.quality = constant_quality(0.5);
  problem.start = random_normal({pairs, 3}, 1);
  problem.end = random_normal({pairs, 3}, 2);
  return problem;
}

PathProblem judged_by(const Function& quality) {
  PathProblem problem = problem_of(decoded);
  problem.quality = function_quality(quality, "own");
  return problem;
}

/// The sentence with which the problem is refused, by the probe and by find_path() alike.
std::string refusal(const PathProblem& problem, ErrorKind kind = ErrorKind::kInput) {
  std::string sentence;
  try {
    probe_problem(problem);
    ADD_FAILURE() << problem.embedding->describe() << ", " << problem.quality->describe() << " was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind) << error.what();
    sentence = error.what();
  }
  EXPECT_THROW(find_path(problem), Error);
  EXPECT_EQ(sentence.find('\n'), std::string::npos) << sentence;
  return sentence;
}

std::string only_warning(const PathProblem& problem) {
  const auto warnings = probe_problem(problem);
  EXPECT_EQ(warnings.size(), 1U) << ::testing::PrintToString(warnings);
  return warnings.empty() ? "" : warnings[0];
}

/// Rounds to `bits` significant bits, as a layer in bfloat16 (8) or float16 (11) does; derivatives pass.
Tensor coarse(const Tensor& x, at::ScalarType type) {
  const Tensor rounded = x.detach().to(type).to(x.scalar_type());
  return x + (rounded - x.detach());
}

}  // namespace

TEST(Probe, SoundProblemsPassWithoutAWord) {
  const std::vector<std::pair<const char*, Function>> maps = {
      {"smooth", decoded},
      {"float32", [](const Tensor& z) { return decoded(z.to(at::kFloat)); }},
      {"relu",
       [](const Tensor& z) {
         return at::matmul(at::relu(at::matmul(z, random_normal({3, 5}, 7))), random_normal({5, 2}, 8));
       }},
      {"piecewise linear", [](const Tensor& z) { return at::abs(z); }},
      {"identity", [](const Tensor& z) { return z * 1; }},
      {"constant in two directions", [](const Tensor& z) { return z.narrow(1, 0, 1); }},
      {"saturated", [](const Tensor& z) { return at::sigmoid(60 * decoded(z.to(at::kFloat)) - 30); }},
      {"mostly clamped", [](const Tensor& z) { return at::clamp(3 * decoded(z) - 1, 0, 1); }},
      {"large", [](const Tensor& z) { return 1e6 * decoded(z); }},
      {"small", [](const Tensor& z) { return 1e-6 * decoded(z); }},
      {"fast", [](const Tensor& z) { return at::sin(200 * z); }},
      {"dropout that is off", [](const Tensor& z) { return at::dropout(decoded(z), 0.5, false); }}};
  for (const auto& [name, map] : maps) {
    for (const int64_t pairs : {1, 2, 40})
      EXPECT_THAT(probe_problem(problem_of(map, pairs)), IsEmpty()) << name << ", " << pairs;
    PathProblem loop = problem_of(map);
    loop.end = loop.start;
    EXPECT_THAT(probe_problem(loop), IsEmpty()) << name << ", a loop";
    PathProblem near = problem_of(map);
    near.end = near.start + 1e-8;
    EXPECT_THAT(probe_problem(near), IsEmpty()) << name << ", ends that are nearly equal";
    PathProblem origin = problem_of(map);
    origin.start = at::zeros_like(origin.start);
    EXPECT_THAT(probe_problem(origin), IsEmpty()) << name << ", from the origin";
  }
}

TEST(Probe, SoundQualitiesPassWithoutAWord) {
  PathProblem problem = problem_of(decoded);
  for (const QualityPointer& quality :
       {constant_quality(0.3), normal_prior(3), time_ramp(normal_prior(3)),
        level_set([](const Tensor& z) { return (z.norm(2, {1}) - 1).abs(); }, 1e4),
        function_quality(
            [](const Tensor& z) { return at::softmax(40 * decoded(z.to(at::kFloat)), 1).select(1, 0); }),
        function_quality([](const Tensor& z) { return at::sigmoid(1e3 * z.select(1, 0)); })}) {
    problem.quality = quality;
    EXPECT_THAT(probe_problem(problem), IsEmpty()) << quality->describe();
  }
}

TEST(Probe, OutputsWithoutADerivativeAreRefused) {
  EXPECT_THAT(
      refusal(problem_of([](const Tensor& z) { return (decoded(z) * 255).to(at::kByte); })),
      HasSubstr("whole numbers (Byte), which have no derivative: return the values before they are rounded"));
  EXPECT_THAT(refusal(problem_of([](const Tensor& z) {
                return decoded(z).reshape({-1, 4, 6}).argmax(2);
              })),
              HasSubstr("before argmax"));
  EXPECT_THAT(refusal(problem_of([](const Tensor& z) { return decoded(z) > 0.5; })),
              HasSubstr("truth values"));
  EXPECT_THAT(refusal(problem_of([](const Tensor& z) { return at::complex(decoded(z), decoded(z)); })),
              HasSubstr("view_as_real"));
  EXPECT_THAT(refusal(problem_of([](const Tensor& z) { return at::round(decoded(z) * 255); })),
              HasSubstr("its gradient is 0 at every point"));
  EXPECT_THAT(refusal(problem_of([](const Tensor& z) { return decoded(z).detach(); })),
              HasSubstr("its gradient is missing"));
  EXPECT_THAT(
      refusal(problem_of([](const Tensor& z) { return (decoded(z) > 0.5).to(at::kDouble) + 0 * z.sum(); })),
      HasSubstr("does not depend differentiably"));
}

TEST(Probe, RoundingWithinIsFoundByDifferences) {
  // A straight-through gradient hides it from whoever looks at gradients alone.
  EXPECT_THAT(refusal(problem_of([](const Tensor& z) { return coarse(decoded(z), at::kBFloat16); })),
              HasSubstr("move in steps of about 0.00"));
  EXPECT_THAT(
      refusal(problem_of([](const Tensor& z) {
        const auto like = at::TensorOptions(at::kFloat);
        const Tensor hidden = at::tanh(at::matmul(z.to(at::kFloat), random_normal({3, 16}, 5).to(like)));
        return at::matmul(coarse(hidden, at::kBFloat16), random_normal({16, 64}, 6).to(like));
      })),
      HasSubstr("bfloat16"));
  EXPECT_THAT(refusal(problem_of([](const Tensor& z) {
                const Tensor x = 255 * decoded(z);
                return x + (at::round(x) - x).detach();
              })),
              HasSubstr("move in steps"));
  // Float32 far from zero: at 1e5 its steps are 0.008, those of a refined segment some 1e-4.
  const auto offset = [](double by) {
    return [by](const Tensor& z) { return decoded(z.to(at::kFloat)) + by; };
  };
  EXPECT_THAT(probe_problem(problem_of(offset(10))), IsEmpty());
  EXPECT_THAT(only_warning(problem_of(offset(1e5))), HasSubstr("`dtype` float64 is finer"));
}

TEST(Probe, AGradientOfSomethingElseIsSaid) {
  EXPECT_THAT(only_warning(problem_of([](const Tensor& z) {
                return at::cat({decoded(z), 2 * decoded(z).detach()}, 1);
              })),
              HasSubstr("derivative that is not that of its outputs"));
}

TEST(Probe, AConstantMapIsSaid) {
  const auto constant = [](const Tensor& z) { return at::ones({z.size(0), 4}, z.options()); };
  EXPECT_THAT(only_warning(problem_of(constant)), HasSubstr("same output at all 8 points"));
  EXPECT_THAT(only_warning(problem_of([](const Tensor& z) { return 0 * z; })),
              HasSubstr("every path has length 0"));
  const PathResult result = find_path(problem_of(constant), {.segments = 8});
  ASSERT_EQ(result.warnings.size(), 1U);
  EXPECT_THAT(result.warnings[0], HasSubstr("the map gives the same output"));
}

TEST(Probe, BatchesThatMixAndNoiseAreRefused) {
  EXPECT_THAT(refusal(problem_of([](const Tensor& z) {
                const Tensor x = decoded(z);
                return (x - x.mean(0, true)) / (x.var(0, false, true) + 1e-5).sqrt();
              })),
              HasSubstr("points of one batch influence each other"));
  EXPECT_THAT(refusal(problem_of([](const Tensor& z) {
                return decoded(z) + 0.1 * at::randn({z.size(0), 24});
              })),
              HasSubstr("draws random numbers"));
  EXPECT_THAT(refusal(problem_of([](const Tensor& z) { return at::dropout(decoded(z), 0.5, true); })),
              HasSubstr("export the model after .eval()"));
  EXPECT_THAT(only_warning(problem_of([](const Tensor& z) {
                return decoded(z) + 1e-5 * at::randn({z.size(0), 24});
              })),
              HasSubstr("draws random numbers"));
}

TEST(Probe, ShapesAndFailuresBecomeSentences) {
  EXPECT_THAT(refusal(problem_of([](const Tensor& z) { return decoded(z).sum(1); })),
              HasSubstr("must map 8 points"));
  EXPECT_THAT(refusal(problem_of([](const Tensor& z) { return decoded(z).narrow(0, 0, 1); })),
              HasSubstr("[1, 24]"));
  EXPECT_THAT(refusal(problem_of([](const Tensor& z) {
                return at::matmul(z, at::ones({4, 2}, z.options()));
              })),
              HasSubstr("the map fails at points of the problem: "));
  EXPECT_THAT(refusal(judged_by([](const Tensor& z) { return z.select(1, 0).sigmoid().unsqueeze(1); })),
              HasSubstr("one number a point, [8], not [8, 1]"));
  EXPECT_THAT(refusal(judged_by([](const Tensor& z) { return at::matmul(z, at::ones({2}, z.options())); })),
              HasSubstr("the quality (own) fails"));
}

TEST(Probe, QualitiesThatAreNoneAreRefused) {
  EXPECT_THAT(refusal(judged_by([](const Tensor& z) { return 2 + z.select(1, 0).sigmoid(); })),
              HasSubstr("a quality lies in [0, 1]"));
  EXPECT_THAT(refusal(judged_by([](const Tensor& z) { return -z.select(1, 0).square(); })),
              HasSubstr("[0, 1]"));
  EXPECT_THAT(refusal(judged_by([](const Tensor& z) { return z.select(1, 0).detach().sigmoid(); })),
              HasSubstr("not differentiable"));
  EXPECT_THAT(refusal(judged_by([](const Tensor& z) { return z.select(1, 0) > 0; })),
              HasSubstr("truth value"));
  EXPECT_THAT(refusal(judged_by([](const Tensor& z) { return at::softmax(z.select(1, 0), 0); })),
              HasSubstr("one batch influence each other"));
  EXPECT_THAT(
      only_warning(judged_by([](const Tensor& z) { return at::round(20 * z.select(1, 0).sigmoid()) / 20; })),
      HasSubstr("piecewise constant"));
  EXPECT_THAT(
      only_warning(judged_by([](const Tensor& z) {
        return (z.select(1, 0).sigmoid() + 0.1 * at::rand({z.size(0)}, z.options().requires_grad(false)))
            .clamp(0, 1);
      })),
      HasSubstr("draws random numbers"));
}

TEST(Probe, EveryFactorOfAQualityIsAskedForItsGradient) {
  const auto detached =
      function_quality([](const Tensor& z) { return z.select(1, 0).detach().sigmoid(); }, "detached");
  PathProblem problem = problem_of(decoded);
  for (const QualityPointer& quality :
       {product({detached, normal_prior(3)}), product({normal_prior(3), time_ramp(complement(detached))}),
        time_ramp(product({power(detached, 2), normal_prior(3)}))}) {
    problem.quality = quality;
    EXPECT_THAT(refusal(problem), HasSubstr("the quality (detached) is not differentiable"))
        << quality->describe();
  }
  const auto steps = function_quality(
      [](const Tensor& z) { return at::round(20 * z.select(1, 0).sigmoid()) / 20; }, "in steps");
  problem.quality = product({steps, normal_prior(3)});
  EXPECT_THAT(only_warning(problem), HasSubstr("the quality (in steps) has gradient 0"));
}

TEST(Probe, NotFiniteIsSaidWithItsPlace) {
  PathProblem problem = judged_by([](const Tensor& z) { return 0 * z.select(1, 0).log() + 0.5; });
  problem.start = at::tensor({1.0, 0.0, 0.0}, at::kDouble).unsqueeze(0);
  problem.end = at::tensor({-1.0, 0.0, 0.0}, at::kDouble).unsqueeze(0);
  const auto warnings = probe_problem(problem);
  ASSERT_EQ(warnings.size(), 2U) << ::testing::PrintToString(warnings);
  EXPECT_THAT(warnings[0], HasSubstr("NaN or infinite at the end of pair 0"));
  EXPECT_THAT(warnings[1], HasSubstr("between the ends (at 0."));
}

TEST(Probe, APriorOfAnotherDimensionIsRefused) {
  PathProblem problem = problem_of(decoded);
  problem.prior = normal_sampler(4);
  EXPECT_THAT(refusal(problem, ErrorKind::kArgument), HasSubstr("[2, 4] where the end points have size 3"));
  problem.prior = {};
  problem.quality = normal_prior(4);
  EXPECT_THAT(refusal(problem, ErrorKind::kArgument),
              HasSubstr("latent size 4 is asked about points of size 3"));
  problem.quality = normal_prior_asymptotic(2);
  EXPECT_THAT(refusal(problem, ErrorKind::kArgument), HasSubstr("latent size 2"));
}

TEST(Probe, CostsSomeFiftyEvaluations) {
  const PathProblem problem = problem_of(decoded);
  probe_problem(problem);
  EXPECT_LE(problem.embedding->evaluations(), 50);
  const PathProblem many = problem_of(decoded, 200);
  probe_problem(many);
  EXPECT_LE(many.embedding->evaluations(), 80);
}

}  // namespace latentpath::testing
