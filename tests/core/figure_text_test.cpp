// One rounding, one median: what is told in words.
#include "latentpath/core/figure_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace latentpath {

TEST(FigureText, HasThreeDigitsAndNoExponentBelowAMillion) {
  for (const auto& [value, text] : std::vector<std::pair<double, const char*>>{{0, "0"},
                                                                               {0.8839, "0.884"},
                                                                               {36.09, "36.1"},
                                                                               {8520.4, "8520"},
                                                                               {99.96, "100"},
                                                                               {999.7, "1000"},
                                                                               {34814.3, "34814"},
                                                                               {999999.7, "1.00e6"},
                                                                               {1.65e8, "1.65e8"},
                                                                               {-4.5e41, "-4.50e41"},
                                                                               {0.00123, "0.00123"},
                                                                               {3e-7, "3.00e-7"},
                                                                               {0.5, "0.5"},
                                                                               {1.125, "1.13"},
                                                                               {-1.125, "-1.13"}})
    EXPECT_EQ(figure_text(value), text) << value;
  // "1e+02 times less" stood on a page.
  EXPECT_EQ(figure_text(99.7, 2), "100");
  EXPECT_EQ(figure_text(104, 2), "104");
  EXPECT_EQ(figure_text(std::nan("")), "NaN");
  EXPECT_EQ(figure_text(std::numeric_limits<double>::infinity()), "infinite");
}

TEST(FigureText, SharesHaveTwoDecimalsRoundedOnce) {
  EXPECT_EQ(share_text(0.884), "0.88");
  EXPECT_EQ(share_text(0.88496), "0.88");  // 0.885 to three digits, and 0.89 if that were rounded again
  EXPECT_EQ(share_text(0.125), "0.13");
  EXPECT_EQ(share_text(-0.004), "0.00");
  EXPECT_EQ(percent_text(0.0248), "2.5 %");
  EXPECT_EQ(percent_text(0.13), "13 %");
  EXPECT_EQ(percent_text(1.8e-15), "under 0.001 %");
  EXPECT_EQ(percent_text(1600), "160000 %");
}

TEST(FigureText, WhatRoundsToZeroHasNoSign) {
  EXPECT_EQ(fixed_text(-0.004, 2), "0.00");
  EXPECT_EQ(fixed_text(-0.0, 1), "0.0");
  EXPECT_EQ(fixed_text(-0.4, 0), "0");
  EXPECT_EQ(fixed_text(-0.006, 2), "-0.01");
  EXPECT_EQ(fixed_text(-12.345, 1), "-12.3");
  EXPECT_EQ(fixed_text(std::nan(""), 2), "NaN");
}

TEST(FigureText, ComparesCosts) {
  EXPECT_EQ(compared_text(1, 52.3), "52 times less");
  EXPECT_EQ(compared_text(1, 99.7), "100 times less");
  EXPECT_EQ(compared_text(97, 100), "3 % less");
  EXPECT_EQ(compared_text(1, 1.001), "the same");
  EXPECT_EQ(compared_text(104, 100), "4 % more");
  EXPECT_EQ(compared_text(33, 1), "33 times as much");
  EXPECT_EQ(compared_text(0, 0), "the same");
}

TEST(MedianOf, IsTheMeanOfTheTwoInTheMiddle) {
  EXPECT_EQ(median_of({3, 1, 2}), 2);
  EXPECT_EQ(median_of({10, 1, 2, 3}), 2.5);
  EXPECT_EQ(median_of({std::nan(""), 4, 2}), 3) << "what is no number is no value";
  EXPECT_TRUE(std::isnan(median_of({})));
}

}  // namespace latentpath
