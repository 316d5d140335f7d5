#pragma once
// Samples for tests that need no LibTorch.

#include <cstdint>
#include <random>
#include <vector>

namespace latentpath::testing {

/// Normal points [count, dim], row by row, around (shift, …, shift).
inline std::vector<double> random_points(int64_t count, int64_t dim, uint64_t seed, double shift = 0) {
  std::mt19937_64 engine(seed);
  std::normal_distribution<double> normal;
  std::vector<double> points(static_cast<size_t>(count * dim));
  for (double& x : points) x = normal(engine) + shift;
  return points;
}

}  // namespace latentpath::testing
