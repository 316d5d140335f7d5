#include "latentpath/models/latent_layout.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "contract/test_models.h"
#include "latentpath/core/error.h"

namespace latentpath::testing {

TEST(LatentLayout, SplitsAndJoins) {
  const LatentLayout layout({{2, 3}, {4}});
  EXPECT_EQ(layout.size(), 10);
  const Tensor flat = random_normal({5, 10}, 1);
  const auto parts = layout.split(flat);
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].sizes(), (std::vector<int64_t>{5, 2, 3}));
  EXPECT_EQ(parts[1].sizes(), (std::vector<int64_t>{5, 4}));
  EXPECT_EQ(parts[0][2][1][0].item<double>(), flat[2][3].item<double>());  // row-major within a part
  EXPECT_EQ(parts[1][2][0].item<double>(), flat[2][6].item<double>());
  EXPECT_TRUE(at::equal(layout.join(parts), flat));
}

TEST(LatentLayout, ParsesText) {
  const LatentLayout layout = LatentLayout::parse("2x3,4");
  EXPECT_EQ(layout.shapes(), (std::vector<std::vector<int64_t>>{{2, 3}, {4}}));
}

TEST(LatentLayout, RefusesWhatIsNoLayout) {
  for (const char* text : {"", "2x", "2x0", "x", "2xa", "-3", "2,,3", "2.5", ",", "2,"}) {
    try {
      LatentLayout::parse(text);
      ADD_FAILURE() << "accepted '" << text << "'";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kArgument) << text;
    }
  }
}

TEST(LatentLayout, WrongSizesAreInputErrors) {
  const LatentLayout layout({{2, 3}, {4}});
  EXPECT_THROW(layout.split(at::zeros({5, 9})), Error);
  EXPECT_THROW(layout.split(at::zeros({10})), Error);
  EXPECT_THROW(layout.join({at::zeros({5, 6})}), Error);
}

}  // namespace latentpath::testing
