#include "latentpath/core/error.h"

#include <gtest/gtest.h>

#include "latentpath/core/progress.h"
#include "latentpath/core/tensor.h"

namespace latentpath {

TEST(Error, CarriesKindAndSentence) {
  const double epsilon = 0.7;
  try {
    LATENTPATH_CHECK(epsilon < 0.5, kArgument, "--epsilon is ", epsilon, ": it must be below 0.5");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kArgument);
    EXPECT_STREQ(error.what(), "--epsilon is 0.7: it must be below 0.5");
  }
  EXPECT_NO_THROW(LATENTPATH_CHECK(epsilon > 0.5, kArgument, "never said"));
}

TEST(Error, KindsAreTheExitCodes) {
  EXPECT_EQ(static_cast<int>(ErrorKind::kArgument), 2);
  EXPECT_EQ(static_cast<int>(ErrorKind::kInput), 3);
  EXPECT_EQ(static_cast<int>(ErrorKind::kNumerical), 4);
  EXPECT_EQ(static_cast<int>(ErrorKind::kInterrupted), 130);
}

TEST(Error, BrokenInvariantsAreNotUserErrors) {
  EXPECT_THROW(LATENTPATH_ASSERT(1 == 2), InternalError);
  try {
    LATENTPATH_ASSERT(1 == 2);
  } catch (const std::exception& error) {
    EXPECT_EQ(dynamic_cast<const Error*>(&error), nullptr);
    EXPECT_NE(std::string(error.what()).find("1 == 2"), std::string::npos);
  }
}

TEST(Tensor, ShapesAreShownAsPeopleWriteThem) {
  EXPECT_EQ(shape_string({3, 64, 64}), "[3, 64, 64]");
  EXPECT_EQ(shape_string({}), "[]");
}

TEST(CancellationToken, CopiesShareOneFlag) {
  const CancellationToken token;
  const CancellationToken copy = token, other;  // NOLINT(performance-unnecessary-copy-initialization)
  EXPECT_FALSE(copy.cancelled());
  token.cancel();
  EXPECT_TRUE(copy.cancelled());
  EXPECT_FALSE(other.cancelled());
}

}  // namespace latentpath
