#include "latentpath/core/memory.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <memory>

namespace latentpath {
namespace {

TEST(AllocationMeter, CountsWhatTensorsHoldAndHeld) {
  const at::Tensor before = at::zeros({1000}, at::kDouble);
  const AllocationMeter meter;
  EXPECT_EQ(meter.held(), 0);
  {
    const at::Tensor one = at::zeros({1000}, at::kDouble);
    const at::Tensor two = one + before;
    EXPECT_EQ(meter.held(), 16000);
  }
  EXPECT_EQ(meter.held(), 0);
  EXPECT_EQ(meter.peak(), 16000);
}

TEST(AllocationMeter, AnInnerMeterCountsForItself) {
  const AllocationMeter outer;
  auto inner = std::make_unique<AllocationMeter>();
  const at::Tensor one = at::zeros({10}, at::kDouble);
  EXPECT_EQ(inner->held(), 80);
  inner.reset();
  const at::Tensor two = at::zeros({10}, at::kDouble);
  EXPECT_EQ(outer.held(), 80);  // of the second alone
}

TEST(AvailableMemory, ALimitOfAddressSpaceIsHeeded) {
  const int64_t before = available_memory();
  EXPECT_GT(before, int64_t{1} << 20);
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_AS, &limit), 0);
  rlimit lower = limit;
  lower.rlim_cur = 1;  // below what is used already
  ASSERT_EQ(setrlimit(RLIMIT_AS, &lower), 0);
  const int64_t left = available_memory();
  ASSERT_EQ(setrlimit(RLIMIT_AS, &limit), 0);
  EXPECT_EQ(left, 0);
}

}  // namespace
}  // namespace latentpath
