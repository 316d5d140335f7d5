#include "latentpath/core/random.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace latentpath {

TEST(Random, SeedDecidesTheNumbersAndTheGlobalGeneratorDoesNot) {
  auto first = make_generator(5);
  const at::Tensor a = at::randn({16}, first, at::kDouble);
  at::manual_seed(99);
  auto second = make_generator(5);
  EXPECT_TRUE(at::equal(a, at::randn({16}, second, at::kDouble)));
  auto other = make_generator(6);
  EXPECT_FALSE(at::equal(a, at::randn({16}, other, at::kDouble)));
}

TEST(Random, DoesNotDisturbTheGlobalGenerator) {
  at::manual_seed(7);
  const at::Tensor expected = at::randn({4});
  at::manual_seed(7);
  auto own = make_generator(1);
  at::randn({100}, own, at::kDouble);
  EXPECT_TRUE(at::equal(at::randn({4}), expected));
}

}  // namespace latentpath
