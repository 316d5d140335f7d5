#include "latentpath/core/read_number.h"

#include <gtest/gtest.h>

namespace latentpath {
namespace {

TEST(ReadNumber, IsAllOfTheText) {
  EXPECT_EQ(read_number<int>("12"), 12);
  EXPECT_EQ(read_number<int>("12a"), std::nullopt);
  EXPECT_EQ(read_number<int>(""), std::nullopt);
  EXPECT_EQ(read_number<int8_t>("300"), std::nullopt);
}

TEST(ReadNumber, ListsTakeSpacesAndSigns) {
  EXPECT_EQ(read_number_list("1.5"), std::vector({1.5}));
  EXPECT_EQ(read_number_list(" 1,\t+2e-3 , -0.5\n"), std::vector({1.0, 2e-3, -0.5}));
  for (const char* none : {"", ",", "1,", ",1", "1,,2", "1 2", "+-1", "++1", "0x10", "one"})
    EXPECT_EQ(read_number_list(none), std::nullopt) << none;
}

}  // namespace
}  // namespace latentpath
