#pragma once
// Random problems in the plane, on which a descent from the straight line often ends in the wrong valley: 2
// to 6 obstacles of low quality, wells of high quality, both, or impenetrable discs, between random ends.

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "latentpath/metric/charts.h"
#include "latentpath/path/find_geodesics.h"

namespace latentpath::planar {

struct Problem {
  std::string kind;  ///< "obstacles", "wells", "both", "discs"
  GeodesicProblem geodesic;
};

/// Half the side of the square in which everything happens.
constexpr double kHalfSide = 2;

struct Bump {
  double x, y, width, height;
};

/// Problem number `index`; the same number, the same problem.
inline Problem make_problem(uint64_t index) {
  std::mt19937_64 generator(index * 0x9E3779B97F4A7C15ULL + 1);
  // Not std::uniform_real_distribution, whose values are the library's own affair.
  const auto uniform = [&](double low, double high) {
    return low + (high - low) * (static_cast<double>(generator() >> 11) * 0x1p-53);
  };
  const int kind = static_cast<int>(index % 4);
  const int count = 2 + static_cast<int>(generator() % 5);
  const auto ends = [&](auto&& allowed) {
    std::vector<double> a(2), b(2);
    do {
      for (double* x : {&a[0], &a[1], &b[0], &b[1]}) *x = uniform(-1.6, 1.6);
    } while (std::hypot(a[0] - b[0], a[1] - b[1]) < 1.5 || !allowed(a) || !allowed(b));
    return std::pair{a, b};
  };
  if (kind == 3) {
    std::vector<Disc> discs;
    while (static_cast<int>(discs.size()) < count) {
      const Disc disc{{uniform(-1.2, 1.2), uniform(-1.2, 1.2)}, uniform(0.2, 0.6)};
      discs.push_back(disc);
    }
    const auto [a, b] = ends([&](const std::vector<double>& z) {
      for (const Disc& disc : discs)
        if (std::hypot(z[0] - disc.centre[0], z[1] - disc.centre[1]) < disc.radius + 0.05) return false;
      return true;
    });
    return {"discs",
            {.metric = WeightedMetric(plane_chart(2), cut_out_discs(discs, 50)), .start = a, .end = b}};
  }
  std::vector<Bump> bumps;
  for (int i = 0; i < count; ++i) {
    const bool well = kind == 1 || (kind == 2 && i % 2 == 1);
    bumps.push_back({uniform(-1.3, 1.3), uniform(-1.3, 1.3), uniform(0.15, 0.5),
                     well ? -uniform(0.5, 0.9) : uniform(1, 6)});
  }
  const auto [a, b] = ends([](const std::vector<double>&) { return true; });
  // n = Π (1 + h exp(−‖z − c‖²/2s²)): between 10^-6 and 7^6, smooth.
  auto weight = analytic_weight(
      [bumps](const auto* z) {
        using std::exp;
        auto n = 1.0 + 0.0 * z[0];
        for (const Bump& bump : bumps) {
          const auto x = z[0] - bump.x, y = z[1] - bump.y;
          n = n * (1.0 + bump.height * exp(-(x * x + y * y) / (2 * bump.width * bump.width)));
        }
        return n;
      },
      2, "bumps");
  const char* names[] = {"obstacles", "wells", "both"};
  return {names[kind], {.metric = WeightedMetric(plane_chart(2), weight), .start = a, .end = b}};
}

}  // namespace latentpath::planar
