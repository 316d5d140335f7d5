#include "latentpath/metric/epsilon.h"

namespace latentpath {

const OptionRow& epsilon_row() {
  static const OptionRow row = [] {
    OptionRow r;
    r.name = "epsilon";
    r.help =
        "Regularisation of the quality: the weight of a place runs from -log(1 - epsilon) where it is good "
        "to -log(epsilon) where it is bad; at 0.5 it is the same everywhere, the plain geodesic";
    r.least = 0;
    r.most = 0.5;
    return r;
  }();
  return row;
}

void check_epsilon(double epsilon) { epsilon_row().check(epsilon); }

}  // namespace latentpath
