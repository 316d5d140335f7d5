#include "path/dense/polyline.h"

#include <algorithm>
#include <cmath>

namespace latentpath::detail {

std::vector<double> straight_polyline(const double* start, const double* end, std::size_t dim,
                                      std::size_t segments) {
  std::vector<double> nodes((segments + 1) * dim);
  for (std::size_t i = 0; i <= segments; ++i) {
    const double t = static_cast<double>(i) / static_cast<double>(segments);
    for (std::size_t j = 0; j < dim; ++j) nodes[i * dim + j] = (1 - t) * start[j] + t * end[j];
  }
  std::copy_n(start, dim, nodes.begin());
  std::copy_n(end, dim, nodes.end() - static_cast<std::ptrdiff_t>(dim));
  return nodes;
}

std::vector<double> refine_polyline(const std::vector<double>& nodes, std::size_t dim, bool cubic) {
  const std::size_t n = nodes.size() / dim - 1;
  std::vector<double> fine((2 * n + 1) * dim);
  const auto at = [&](std::size_t i, std::size_t j) { return nodes[i * dim + j]; };
  for (std::size_t i = 0; i <= n; ++i)
    for (std::size_t j = 0; j < dim; ++j) {
      fine[2 * i * dim + j] = at(i, j);
      if (i == n) continue;
      double middle = 0.5 * (at(i, j) + at(i + 1, j));
      if (cubic && n >= 3) {
        if (i == 0)
          middle = (5 * at(0, j) + 15 * at(1, j) - 5 * at(2, j) + at(3, j)) / 16;
        else if (i + 1 == n)
          middle = (5 * at(n, j) + 15 * at(n - 1, j) - 5 * at(n - 2, j) + at(n - 3, j)) / 16;
        else
          middle = (9 * (at(i, j) + at(i + 1, j)) - at(i - 1, j) - at(i + 2, j)) / 16;
      }
      fine[(2 * i + 1) * dim + j] = middle;
    }
  return fine;
}

std::vector<double> reparametrise_polyline(const WeightedMetric& metric, const std::vector<double>& nodes,
                                           std::size_t segments) {
  const auto dim = static_cast<std::size_t>(metric.latent_dim());
  const std::size_t n = nodes.size() / dim - 1;
  std::vector<double> reached(n + 1, 0), lengths(n);
  metric.segment_lengths(n, nodes.data(), nodes.data() + dim, 8, lengths.data());
  for (std::size_t i = 0; i < n; ++i)
    reached[i + 1] = reached[i] + (std::isfinite(lengths[i]) ? lengths[i] : 0);
  std::vector<double> out((segments + 1) * dim);
  std::size_t segment = 0;
  for (std::size_t i = 0; i <= segments; ++i) {
    const double target = reached[n] * static_cast<double>(i) / static_cast<double>(segments);
    while (segment + 1 < n && reached[segment + 1] < target) ++segment;
    const double span = reached[segment + 1] - reached[segment];
    const double u = span > 0 ? std::clamp((target - reached[segment]) / span, 0.0, 1.0) : 0;
    for (std::size_t j = 0; j < dim; ++j)
      out[i * dim + j] = (1 - u) * nodes[segment * dim + j] + u * nodes[(segment + 1) * dim + j];
  }
  std::copy_n(nodes.begin(), dim, out.begin());
  std::copy_n(nodes.end() - static_cast<std::ptrdiff_t>(dim), dim,
              out.end() - static_cast<std::ptrdiff_t>(dim));
  return out;
}

}  // namespace latentpath::detail
