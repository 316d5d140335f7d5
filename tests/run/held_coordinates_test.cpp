#include "latentpath/run/held_coordinates.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace latentpath {
namespace {

using Parts = std::vector<int64_t>;

Tensor rows(std::vector<double> numbers) { return at::tensor(numbers, at::kDouble).view({-1, 3}); }

}  // namespace

TEST(EqualParts, AreTensorsThatNoPairChanges) {
  const std::vector<std::vector<int64_t>> list{{2}, {1}}, one{{3}};
  const Tensor start = rows({1, 2, 7, 3, 4, 8}), end = rows({5, 2, 7, 3, 9, 8});
  EXPECT_EQ(equal_parts(list, start, end), (Parts{1}));
  EXPECT_EQ(equal_parts(list, start, rows({5, 2, 7, 3, 9, 0})), Parts()) << "the second pair changes it";
  EXPECT_EQ(equal_parts(list, start, start), Parts()) << "loops have nothing to hold";
  EXPECT_EQ(equal_parts(one, start, end), Parts());
}

}  // namespace latentpath
