#include "latentpath/metric/derivative_check.h"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

namespace latentpath {

double taylor_slope(const std::function<Tensor(const Tensor&)>& f, const Tensor& x, const Tensor& gradient,
                    const Tensor& direction, double h0) {
  const double base = f(x).item<double>();
  const double slope = (gradient * direction).sum().item<double>();
  const double rounding = 1e-13 * (std::abs(base) + std::abs(slope) + 1e-300);
  std::vector<double> log_h, log_r;
  double h = h0;
  for (int k = 0; k < 6; ++k, h *= 0.5) {
    const double remainder = std::abs(f(x + h * direction).item<double>() - base - h * slope);
    if (remainder < 10 * rounding) continue;
    log_h.push_back(std::log(h));
    log_r.push_back(std::log(remainder));
  }
  if (log_h.size() < 3) return 2;
  double mean_h = 0, mean_r = 0;
  for (size_t i = 0; i < log_h.size(); ++i) mean_h += log_h[i], mean_r += log_r[i];
  mean_h /= static_cast<double>(log_h.size());
  mean_r /= static_cast<double>(log_h.size());
  double above = 0, below = 0;
  for (size_t i = 0; i < log_h.size(); ++i) {
    above += (log_h[i] - mean_h) * (log_r[i] - mean_r);
    below += (log_h[i] - mean_h) * (log_h[i] - mean_h);
  }
  return above / below;
}

}  // namespace latentpath
