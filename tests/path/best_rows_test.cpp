// Selection within a search: by costs on the finer grid, of those alone that have a rival.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "latentpath/path/select.h"
#include "path/stage_search.h"

namespace latentpath::testing {
namespace {

using Rows = std::vector<int64_t>;

/// Bad in a strip around x = 0 that ends at y = ½; between midpoints ±¼ it is not seen.
QualityPointer strip() {
  return function_quality(
      [](const Tensor& z) {
        const Tensor inside = (z.select(1, 0).abs() < 0.05).logical_and(z.select(1, 1).abs() < 0.5);
        return at::where(inside, at::full({}, 0.1, at::kDouble), at::full({}, 0.9, at::kDouble));
      },
      "strip");
}

PathProblem two_pairs() { return in_plane(strip(), {-1, 0, -1, 5}, {1, 0, 1, 5}); }

/// A straight path of each pair, and for pair 0 one round the strip by (0, 0.6).
PathSet straight_and_round(StartKind straight) {
  const Tensor line = points_of_plane({-1, 0, -0.5, 0, 0, 0, 0.5, 0, 1, 0}),
               round = points_of_plane({-1, 0, -0.5, 0.3, 0, 0.6, 0.5, 0.3, 1, 0}),
               other = line + points_of_plane({0, 5});
  return {at::stack({line, other, round}),
          at::tensor({0, 1, 0}, at::kLong),
          {{straight, 1}, {StartKind::kStraight}, {StartKind::kVia, 2}}};
}

}  // namespace

TEST(BestRows, AreTheCheapestWhereTheFinerGridLooks) {
  StageSearch stage(two_pairs(), {});
  const Tensor times = uniform_times(4);
  const PathSet paths = straight_and_round(StartKind::kStraight);
  EXPECT_EQ(best_rows(stage.search, paths, times, times, false), (Rows{0, 1}));
  EXPECT_EQ(best_rows(stage.search, paths, times, refine_times(times, 16), false), (Rows{2, 1}));
}

TEST(BestRows, KindsApartLetBothGoOn) {
  StageSearch stage(two_pairs(), {});
  const Tensor times = uniform_times(4), fine = refine_times(times, 16);
  EXPECT_EQ(best_rows(stage.search, straight_and_round(StartKind::kStraight), times, fine, true),
            (Rows{0, 2, 1}));
  EXPECT_EQ(stage.counter.of_pairs(), (Rows{0, 0}));  // none has a rival
  EXPECT_EQ(best_rows(stage.search, straight_and_round(StartKind::kVia), times, fine, true), (Rows{2, 1}));
}

TEST(BestRows, ThoseWithoutARivalAreNotMeasured) {
  StageSearch stage(two_pairs(), {});
  const Tensor times = uniform_times(4);
  PathSet paths = straight_and_round(StartKind::kStraight);
  paths.nodes[1].fill_(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(best_rows(stage.search, paths, times, refine_times(times, 16), false), (Rows{2, 1}));
  EXPECT_EQ(stage.counter.of_pairs(), (Rows{2 * 65, 0}));  // the nodes of that grid, of two paths
}

TEST(BestRows, APathThatIsNoNumberLosesToAnyOther) {
  StageSearch stage(two_pairs(), {});
  const Tensor times = uniform_times(4);
  PathSet paths = straight_and_round(StartKind::kStraight);
  paths.nodes[0][2].fill_(std::numeric_limits<double>::quiet_NaN());
  EXPECT_EQ(best_rows(stage.search, paths, times, times, false), (Rows{2, 1}));
}

}  // namespace latentpath::testing
