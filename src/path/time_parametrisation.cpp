#include "latentpath/path/time_parametrisation.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "latentpath/numerics/optimal_timing.h"

namespace latentpath {

bool has_optimal_times(const PathEnergy& energy) {
  const Cost& cost = *energy.options().cost;
  // Where a potential is added, the best times are not those of the weighted length.
  return !energy.has_potential() && cost.is_energy() &&
         (energy.quality().depends_on_time() || !cost.fixes_speed());
}

TimeParametrisations optimal_times(const PathEnergy& energy, const Tensor& curves, const Tensor& times) {
  const at::NoGradGuard no_gradient;
  const int64_t rows = curves.size(0), chord_count = curves.size(1) - 1, n = times.size(0) - 1;
  const Tensor grid = times.to(at::kDouble).contiguous();
  TimeParametrisations best{at::empty({rows, n + 1}, at::kDouble), at::empty({rows}, at::kDouble)};
  const auto finite = [](const Tensor& values, double otherwise) {
    return at::nan_to_num(values, otherwise, otherwise, 0)
        .clamp_min(0)
        .to(at::kCPU, at::kDouble)
        .contiguous();
  };
  for (int64_t row = 0; row < rows; ++row) {
    const Tensor decoded = energy.decode(curves[row]);
    const Tensor chords = energy.squared_chords(decoded.flatten(1).unsqueeze(0))[0];
    const Tensor seen = energy.weights_at_times(curves[row], decoded, middle_times(grid)).t();
    const bool sound = at::isfinite(chords).all().item<bool>() && at::isfinite(seen).all().item<bool>();
    const Tensor arc = finite(chords, 0).sqrt(), weights = finite(seen, 1e3);
    const OptimalTiming timing = optimal_timing(
        {arc.data_ptr<double>(), static_cast<size_t>(chord_count)},
        {weights.data_ptr<double>(), static_cast<size_t>(n * (chord_count + 1))},
        {grid.data_ptr<double>(), static_cast<size_t>(n + 1)}, energy.options().cost->time_weight());
    std::copy(timing.positions.begin(), timing.positions.end(),
              best.positions.data_ptr<double>() + row * (n + 1));
    best.cost[row] = sound ? timing.cost : 1e300;
  }
  return best;
}

}  // namespace latentpath
