#include "latentpath/path/select.h"

#include <gtest/gtest.h>

#include <ATen/ATen.h>

#include <cmath>

#include "latentpath/metric/embedding.h"
#include "latentpath/metric/quality.h"

namespace latentpath::testing {
namespace {

PathSet five_paths() {
  return {at::arange(5, at::kDouble).view({5, 1, 1}).expand({5, 3, 2}).contiguous(),
          at::tensor({1, 0, 1, 1, 0}, at::kLong),
          {{StartKind::kVia, 1},
           {StartKind::kStraight},
           {StartKind::kStraight},
           {StartKind::kVia, 2},
           {StartKind::kRoute, 3}}};
}

using Rows = std::vector<int64_t>;

}  // namespace

TEST(PathSet, StartsHaveTheNamesThatResultsReport) {
  EXPECT_EQ(Start{}.name(), "linear");
  EXPECT_EQ((Start{StartKind::kVia, 2}.name()), "via-2");
  EXPECT_EQ((Start{StartKind::kSpherical}.name()), "spherical");
  for (const Start& start : {Start{}, Start{StartKind::kVia, 12}, Start{StartKind::kRoute, 1},
                             Start{StartKind::kSections}, Start{StartKind::kGiven}}) {
    const auto read = Start::named(start.name());
    ASSERT_TRUE(read) << start.name();
    EXPECT_EQ(read->kind, start.kind);
    EXPECT_EQ(read->number, start.number);
  }
  for (const char* other : {"", "via-", "via-0", "via-2b", "straight line"})
    EXPECT_FALSE(Start::named(other)) << other;
  EXPECT_FALSE(Start{}.is_detour());
  EXPECT_TRUE((Start{StartKind::kSpherical}.is_detour()));
  const PathSet all = path_set(at::zeros({2, 3, 4, 2}), numbered_starts(StartKind::kRoute, 3));
  EXPECT_EQ(all.rows(), 6);
  EXPECT_EQ(all.pair_of(4), 1);
  EXPECT_EQ(all.start[4].name(), "route-2");
}

TEST(Select, TheCheapestOfEachPairAndOfEachKind) {
  const PathSet paths = five_paths();
  const Tensor cost = at::tensor({3.0, 5.0, 4.0, 2.0, 1.0}, at::kDouble);
  EXPECT_EQ(cheapest_rows(paths, cost, false), (Rows{4, 3}));
  EXPECT_EQ(cheapest_rows(paths, cost, true), (Rows{1, 4, 2, 3}));
  EXPECT_EQ(cheapest_rows(paths, at::ones({5}, at::kDouble), false), (Rows{1, 0}));  // of equals the first
  EXPECT_EQ(contested_rows(paths, false), (Rows{0, 1, 2, 3, 4}));
  EXPECT_EQ(contested_rows(paths, true), (Rows{0, 3}));
  EXPECT_EQ(paths.select({4, 0}).start[0].name(), "route-3");
}

TEST(Select, CostsAreTakenOnTheGridAsked) {
  const PathEnergy energy(function_embedding([](const Tensor& z) { return z; }, 2), constant_quality(0.5),
                          {});
  const Tensor times = uniform_times(2);
  const Tensor nodes = at::tensor({0.0, 0.0, 1.0, 0.0, 2.0, 0.0}, at::kDouble).view({1, 3, 2});
  // Constant weight log 2 and speed 2: the chord cost is (2 log 2)² on every grid.
  const double exact = 4 * std::log(2) * std::log(2);
  for (const int64_t factor : {1, 4})
    EXPECT_NEAR(polyline_cost(energy, nodes, times, refine_times(times, factor)).item<double>(), exact,
                1e-12);
  EXPECT_EQ(refine_times(times, 4).size(0), 9);
  EXPECT_TRUE(at::allclose(refine_times(times, 4), uniform_times(8)));
}

}  // namespace latentpath::testing
