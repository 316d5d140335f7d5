#pragma once
// Random numbers and observed orders for tests that need no LibTorch.

#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <vector>

namespace latentpath::testing {

inline std::vector<double> normal_numbers(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<double> numbers(count);
  for (double& x : numbers) x = normal(engine);
  return numbers;
}

/// The least-squares slope of log remainder(h) against log h over h = h0·2^{-k}.
inline double observed_order(const std::function<double(double)>& remainder, double h0 = 1e-2) {
  double sx = 0, sy = 0, sxx = 0, sxy = 0;
  constexpr int kSteps = 6;
  for (int k = 0; k < kSteps; ++k) {
    const double x = std::log(h0 / std::pow(2, k)), y = std::log(remainder(h0 / std::pow(2, k)));
    sx += x, sy += y, sxx += x * x, sxy += x * y;
  }
  return (kSteps * sxy - sx * sy) / (kSteps * sxx - sx * sx);
}

}  // namespace latentpath::testing
