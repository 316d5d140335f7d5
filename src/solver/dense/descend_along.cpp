#include "solver/dense/descend_along.h"

#include <cmath>
#include <numbers>

namespace latentpath::detail {

void fill_long_wave(std::vector<double>& mode, std::size_t blocks, std::size_t size) {
  mode.resize(blocks * size);
  for (std::size_t i = 0; i < blocks; ++i) {
    const double t = static_cast<double>(i + 1) / static_cast<double>(blocks + 1);
    for (std::size_t j = 0; j < size; ++j) {
      const double phase = 2.399963 * static_cast<double>(j);  // the golden angle: no two coordinates alike
      mode[i * size + j] = std::sin(std::numbers::pi * t) * std::cos(phase + 0.3) +
                           0.4 * std::sin(2 * std::numbers::pi * t) * std::sin(phase + 1.1);
    }
  }
}

bool descend_along(SecondOrderModel& model, const std::vector<double>& mode, double cost,
                   std::vector<double>& x) {
  std::vector<double> best = x, trial;
  double best_cost = cost;
  for (const double sign : {1.0, -1.0}) {
    double length = 0.02 * std::sqrt(2 * std::abs(cost)) * sign, before = cost;
    for (int k = 0; k < 12; ++k, length *= 2) {
      trial = x;
      for (std::size_t e = 0; e < mode.size(); ++e) trial[e] += length * mode[e];
      const double trial_cost = model.evaluate(trial.data());
      if (!(trial_cost < before)) break;
      before = trial_cost;
      // The two ways are often mirror images: rounding must not choose between them.
      if (trial_cost < best_cost * (1 - 1e-9)) {
        best = trial;
        best_cost = trial_cost;
      }
    }
  }
  x = best;
  return best_cost < cost;
}

}  // namespace latentpath::detail
