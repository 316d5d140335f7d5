#include "latentpath/metric/epsilon.h"

#include "latentpath/core/error.h"

namespace latentpath {

const OptionRow& epsilon_row() {
  static const OptionRow row = [] {
    OptionRow r;
    r.name = "epsilon";
    r.help =
        "Regularisation of the quality: the weight of a place runs from -log(1 - epsilon) where it is good "
        "to -log(epsilon) where it is bad; at 0.5, for geodesics without a quality alone, it is the same "
        "everywhere";
    r.least = 0;
    r.most = 0.5;
    return r;
  }();
  return row;
}

void check_epsilon(double epsilon) { epsilon_row().check(epsilon); }

void check_epsilon_of_a_quality(double epsilon) {
  check_epsilon(epsilon);
  LATENTPATH_CHECK(epsilon < epsilon_row().most, kArgument, "`epsilon` ", epsilon,
                   " makes every place equally good: a path with a quality needs one below");
}

}  // namespace latentpath
