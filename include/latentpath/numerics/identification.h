#pragma once
// Identification: the rule by which two points of R^D are one point of a quotient space.
//
// Along one axis by its period, and on the way round some other axes may turn over:
//
//     z ~ g z,   (g z)_axis = z_axis + period,   (g z)_r = 2 c_r − z_r for each reversed axis r.
//
// A torus has one of them for each angle, the Möbius strip (u, v) ~ (u + 2π, −v) one that reverses v.
//
//   Identification moebius{.axis = 0, .period = 2 * M_PI, .reversed = {{1, 0.0}}};
//   double z[2] = {0.1, 0.3};
//   moebius.apply(-1, z);      // (0.1 − 2π, −0.3)

#include <utility>
#include <vector>

namespace latentpath {

struct Identification {
  int axis = 0;
  double period = 0;                                  ///< above 0
  std::vector<std::pair<int, double>> reversed = {};  ///< axes that turn over, each with its centre c

  /// z ↦ g^times z, z [D].
  void apply(int times, double* z) const {
    z[axis] += times * period;
    if (times % 2 != 0)
      for (const auto& [other, centre] : reversed) z[other] = 2 * centre - z[other];
  }
};

}  // namespace latentpath
