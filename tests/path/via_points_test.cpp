#include "latentpath/path/via_points.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "contract/test_models.h"
#include "latentpath/core/error.h"
#include "latentpath/curve/curve.h"
#include "latentpath/path/initial_path.h"

namespace latentpath::testing {
namespace {

/// A bump around (0, 2) that the straight line between (−1, 0) and (1, 0) does not feel.
QualityPointer bump() {
  return function_quality(
      [](const Tensor& z) {
        const Tensor away = z - at::tensor({0.0, 2.0}, z.options().requires_grad(false));
        return at::exp(-away.square().sum(1) / (2 * 0.4 * 0.4));
      },
      "bump");
}

PathEnergy bump_energy() {
  EnergyOptions options;
  options.cost = dynamic_cost(10);
  return {identity_embedding(2), time_ramp(bump()), options};
}

const double kEnds[2][2] = {{-1, 0}, {1, 0}};
Tensor end_point(int which, int64_t pairs) {
  return at::from_blob(const_cast<double*>(kEnds[which]), {1, 2}, at::kDouble).repeat({pairs, 1});
}

}  // namespace

TEST(Candidates, AreGoodPointsOfThePrior) {
  const PathEnergy energy = bump_energy();
  CandidateOptions options;
  options.keep = 10;
  auto generator = make_generator(1);
  const CandidatePool pool = draw_candidates(energy, normal_sampler(2), options, generator);
  ASSERT_GE(pool.latent.size(0), 1);
  ASSERT_LE(pool.latent.size(0), 10);
  EXPECT_LE(pool.drawn, options.max_draws);
  const int64_t m = pool.latent.size(0);
  const Tensor q = bump()->evaluate({pool.latent, at::full({m}, 0.5, at::kDouble), {}});
  EXPECT_GE(q.min().item<double>(), options.min_quality);
  EXPECT_TRUE(at::allclose(pool.weight, -at::log(0.1 + 0.8 * q), 0, 1e-12));
  EXPECT_TRUE(at::allclose(pool.images, pool.latent, 0, 0));
  const Tensor gap = (pool.latent.unsqueeze(1) - pool.latent.unsqueeze(0)).norm(2, {2});
  // cdist may use ‖a‖² + ‖b‖² − 2ab: rounding 1e-16 in the square, 1e-8 in its root.
  EXPECT_TRUE(at::allclose(pool.distance, gap, 0, 1e-7));
  // E‖a − b‖² = 2D for two standard normal samples; 256 of them average to within ± 0.25.
  EXPECT_NEAR(pool.typical_squared_distance, 4, 1);
}

TEST(Candidates, AreTheBestThereAreWhereNoneIsGood) {
  const auto poor =
      function_quality([](const Tensor& z) { return 0.1 * at::sigmoid(z.select(1, 0)); }, "poor");
  const PathEnergy energy(identity_embedding(2), poor, {});
  CandidateOptions options;
  options.max_draws = 512;
  auto generator = make_generator(1);
  const CandidatePool pool = draw_candidates(energy, normal_sampler(2), options, generator);
  EXPECT_EQ(pool.drawn, 512);
  ASSERT_GE(pool.latent.size(0), 1);
  // The best of some hundred normal samples lies beyond 1.5.
  EXPECT_GT(pool.latent.select(1, 0).max().item<double>(), 1.5);
}

TEST(Candidates, DrawingStopsWhenItIsCancelled) {
  const auto poor = function_quality([](const Tensor& z) { return 0 * z.select(1, 0) + 0.1; }, "poor");
  const PathEnergy energy(identity_embedding(2), poor, {});
  int64_t asked = 0;
  const CancellationToken token;
  const LatentSampler sampler = [&](int64_t count, at::Generator& generator) {
    if (++asked == 2) token.cancel();
    return normal_sampler(2)(count, generator);
  };
  auto generator = make_generator(1);
  const CandidatePool pool = draw_candidates(energy, sampler, {}, generator, token);
  EXPECT_EQ(asked, 2);
  EXPECT_EQ(pool.drawn, 256 + 64);
  EXPECT_EQ(pool.latent.size(0), 1 + 1) << "the best of each draw";
}

TEST(Candidates, SeedDecidesThem) {
  const PathEnergy energy = bump_energy();
  const auto draw = [&](uint64_t seed) {
    auto generator = make_generator(seed);
    return draw_candidates(energy, normal_sampler(2), {}, generator).latent;
  };
  EXPECT_TRUE(at::equal(draw(3), draw(3)));
  EXPECT_FALSE(at::equal(draw(3), draw(4)));
}

TEST(Candidates, BadOptionsAreArgumentErrors) {
  CandidateOptions options;
  options.keep = 0;
  auto generator = make_generator(1);
  EXPECT_THROW(draw_candidates(bump_energy(), normal_sampler(2), options, generator), Error);
}

TEST(ViaPaths, RunThroughGoodPointsBestFirst) {
  const PathEnergy energy = bump_energy();
  auto generator = make_generator(1);
  const CandidatePool pool = draw_candidates(energy, normal_sampler(2), {}, generator);
  const Tensor times = graded_times(16, 0.8);
  const Tensor start = end_point(0, 2), end = end_point(1, 2);
  const Tensor paths = via_paths(pool, energy, start, end, times, 3);
  ASSERT_EQ(paths.sizes(), (std::vector<int64_t>{2, 3, 17, 2}));
  const auto cost = [&](const Tensor& nodes) {
    const Tensor middles = 0.5 * (nodes.narrow(1, 0, 16) + nodes.narrow(1, 1, 16));
    return energy.cost(CurvePoints{nodes, middles, times});
  };
  const Tensor straight = cost(linear_path(start, end, times));
  for (int64_t pair = 0; pair < 2; ++pair) {
    const Tensor costs = cost(paths[pair]);
    // Paths are ranked by costs estimated at the points of their legs, which differ a little from those on
    // `times`.
    EXPECT_LE(costs[0].item<double>(), costs[1].item<double>() * 1.02);
    EXPECT_LE(costs[1].item<double>(), costs[2].item<double>() * 1.02);
    EXPECT_LT(costs[0].item<double>(), straight[pair].item<double>());
    for (int64_t k = 0; k < 3; ++k) {
      EXPECT_TRUE(same_bits(paths[pair][k][0], start[pair]));
      // The path comes to the bump: within two of its widths of the centre.
      const Tensor gap = (paths[pair][k] - at::tensor({0.0, 2.0}, at::kDouble)).norm(2, {1});
      EXPECT_LT(gap.min().item<double>(), 0.8);
    }
  }
  // The same pair twice gets the same paths.
  EXPECT_TRUE(at::allclose(paths[0], paths[1], 0, 1e-14));
}

TEST(ViaPaths, NoTwoAreTheSame) {
  const PathEnergy energy = bump_energy();
  auto generator = make_generator(1);
  CandidateOptions few;
  few.keep = 3;
  const CandidatePool pool = draw_candidates(energy, normal_sampler(2), few, generator);
  ASSERT_EQ(pool.latent.size(0), 3);
  // Three points have nine ways (w, w'), more than the best through each first and each last point.
  const Tensor paths = via_paths(pool, energy, end_point(0, 2), end_point(1, 2), uniform_times(12), 6);
  ASSERT_EQ(paths.size(1), 6);
  for (int64_t a = 0; a < 6; ++a)
    for (int64_t b = 0; b < a; ++b)
      EXPECT_GT((paths[0][a] - paths[0][b]).abs().max().item<double>(), 1e-6) << a << " and " << b;
}

TEST(ViaPaths, EndsAreExact) {
  const PathEnergy energy = bump_energy();
  auto generator = make_generator(1);
  const CandidatePool pool = draw_candidates(energy, normal_sampler(2), {}, generator);
  const Tensor start = random_normal({3, 2}, 5) + 1.0 / 3, end = random_normal({3, 2}, 6) - 1e-9;
  const Tensor paths = via_paths(pool, energy, start, end, uniform_times(12), 2);
  for (int64_t k = 0; k < 2; ++k) {
    // Corner arithmetic may round the last node; the curve puts the ends back.
    EXPECT_TRUE(at::allclose(paths.select(1, k).select(1, 0), start, 0, 1e-15));
    EXPECT_TRUE(at::allclose(paths.select(1, k).select(1, 12), end, 0, 1e-15));
  }
}

}  // namespace latentpath::testing
