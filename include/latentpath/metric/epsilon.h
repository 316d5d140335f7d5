#pragma once
// ε, the regularisation of a quality: Q_ε = (1 − 2ε) Q + ε (paper A, Eq. 10), 0 <= ε <= ½. With ε = 0 a bad
// place costs infinity; at ½ all places would be alike. Its constraint and its words stand here and nowhere
// else.
//
//   check_epsilon(0.7);   // Error: `epsilon` must lie between 0 and 0.5

#include "latentpath/core/option_table.h"

namespace latentpath {

/// The row `epsilon` without a value.
const OptionRow& epsilon_row();

/// Throws Error(kArgument) for a number that cannot be ε.
void check_epsilon(double epsilon);

/// The same where a quality is asked for, to which ε = ½ would be deaf: 0 <= ε < ½.
void check_epsilon_of_a_quality(double epsilon);

/// Adds the row of an ε, or of a list of them.
template <class Options, class Field>
OptionTable<Options>& add_epsilon(OptionTable<Options>& table, Field Options::*field) {
  const OptionRow& row = epsilon_row();
  return table.add(row.name, field).help(row.help).range(row.least, row.most);
}

}  // namespace latentpath
