#pragma once
// Numbers for people: one rounding and one median for everything that is told in words, wherever it is told.
// The page (viewer/src/format.ts) has the same rule, and its tests the same examples.
//
//   figure_text(8520.4);              // "8520": three significant digits, or all of the integer part
//   figure_text(1.65e8);              // "1.65e8": so from a million on, and below a thousandth
//   fixed_text(-0.004, 2);            // "0.00": as many decimals, and no sign of a zero
//   share_text(0.884);                // "0.88": qualities and probabilities, two decimals
//   percent_text(0.0248);             // "2.5 %"
//   median_of({1, 2, 3, 10});         // 2.5: the mean of the two in the middle

#include <string>
#include <vector>

namespace latentpath {

/// `value` to `digits` significant digits, halves away from zero, without zeros at the end; "NaN" and
/// "infinite" for what is no number.
std::string figure_text(double value, int digits = 3);

/// `value` with that many decimals, halves away from zero; what rounds to zero has no sign, and what is no
/// finite number is as in figure_text().
std::string fixed_text(double value, int decimals);

/// `value` with two decimals: a quality, a probability.
std::string share_text(double value);

/// A share in per cent, two digits; "under 0.001 %" for less.
std::string percent_text(double share);

/// How a cost compares with another: "52 times less", "3.2 % less", "the same", "4 % more".
std::string compared_text(double ours, double theirs);

/// The middle one of the finite values, the mean of the two in the middle where they are even in number; NaN
/// of none.
double median_of(std::vector<double> values);

}  // namespace latentpath
