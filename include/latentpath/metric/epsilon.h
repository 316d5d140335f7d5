#pragma once
// ε, the regularisation of a quality: Q_ε = (1 − 2ε) Q + ε (paper A, Eq. 10), 0 <= ε <= ½. With ε = 0 a bad
// place costs infinity; at ½ all places would be alike. Its constraint and its words stand here and nowhere
// else.
//
//   check_epsilon(0.7);            // Error: `epsilon` must lie between 0 and 0.5
//   regularised(0.8, 0.1);         // 0.74

#include <cmath>

#include "latentpath/core/option_table.h"

namespace latentpath {

/// The row `epsilon` without a value.
const OptionRow& epsilon_row();

/// Throws Error(kArgument) for a number that cannot be ε.
void check_epsilon(double epsilon);

/// The same where a quality is asked for, to which ε = ½ would be deaf: 0 <= ε < ½.
void check_epsilon_of_a_quality(double epsilon);

/// Q_ε of Q, a number or a tensor.
template <class Number>
Number regularised(const Number& quality, double epsilon) {
  return epsilon + (1 - 2 * epsilon) * quality;
}
/// Q of Q_ε, ε < ½.
inline double unregularised(double regularised_quality, double epsilon) {
  return (regularised_quality - epsilon) / (1 - 2 * epsilon);
}
/// n = −log Q_ε of the best place there is, Q = 1.
inline double least_weight(double epsilon) { return -std::log1p(-epsilon); }

/// Adds the row of an ε, or of a list of them.
template <class Options, class Field>
OptionTable<Options>& add_epsilon(OptionTable<Options>& table, Field Options::*field) {
  const OptionRow& row = epsilon_row();
  return table.add(row.name, field).help(row.help).range(row.least, row.most);
}

}  // namespace latentpath
