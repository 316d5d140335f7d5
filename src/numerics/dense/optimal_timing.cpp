#include "latentpath/numerics/optimal_timing.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// min_j (height_j + steepness (x − x_j)²) for all x = x_0 ≤ x_1 ≤ …, and where it is taken.
class ParabolaEnvelope {
 public:
  void build(const std::vector<double>& x, const std::vector<double>& height, double steepness) {
    lowest_.clear();
    from_.clear();
    steepness_ = steepness;
    for (size_t j = 0; j < x.size(); ++j) {
      if (!(height[j] < kInfinity)) continue;
      double from = -kInfinity;
      bool hidden = false;
      while (!lowest_.empty()) {
        const size_t last = lowest_.back();
        const double apart = x[j] - x[last];
        if (apart <= 0) {
          hidden = height[j] >= height[last];
          if (hidden) break;
        } else {
          from = 0.5 * (x[j] + x[last]) + (height[j] - height[last]) / (2 * steepness * apart);
          if (from > from_.back()) break;
        }
        lowest_.pop_back();
        from_.pop_back();
        from = -kInfinity;
      }
      if (hidden) continue;
      lowest_.push_back(j);
      from_.push_back(from);
    }
  }
  void query(const std::vector<double>& x, const std::vector<double>& height, std::vector<double>& value,
             int32_t* taken) const {
    size_t chord = 0;
    for (size_t k = 0; k < x.size(); ++k) {
      while (chord + 1 < lowest_.size() && from_[chord + 1] <= x[k]) ++chord;
      const size_t j = lowest_[chord];
      value[k] = height[j] + steepness_ * (x[k] - x[j]) * (x[k] - x[j]);
      taken[k] = static_cast<int32_t>(j);
    }
  }

 private:
  std::vector<size_t> lowest_;  ///< the parabolas of the envelope, from left to right
  std::vector<double> from_;    ///< where each begins
  double steepness_ = 1;
};

}  // namespace

OptimalTiming optimal_timing(std::span<const double> arc, std::span<const double> weights,
                             std::span<const double> times, double time_weight, int substeps) {
  LATENTPATH_CHECK(!arc.empty() && times.size() >= 2 &&
                       weights.size() == (times.size() - 1) * (arc.size() + 1) && substeps >= 1 &&
                       time_weight >= 0,
                   kArgument, "a timing takes arcs [m], weights [n, m + 1] and times [n + 1]; it was given ",
                   arc.size(), ", ", weights.size(), " and ", times.size());
  const size_t chords = arc.size(), segments = times.size() - 1, sub = static_cast<size_t>(substeps);
  const size_t positions = chords * sub + 1;
  std::vector<double> way(positions), square(positions), height(positions), least(positions, kInfinity);
  std::vector<int32_t> taken(segments * positions);
  least[0] = 0;
  ParabolaEnvelope envelope;
  for (size_t i = 0; i < segments; ++i) {
    const double* n = weights.data() + i * (chords + 1);
    const double duration = times[i + 1] - times[i];
    way[0] = 0;
    square[0] = n[0] * n[0];
    for (size_t chord = 0; chord < chords; ++chord)
      for (size_t k = 1; k <= sub; ++k) {
        const size_t at = chord * sub + k;
        const double u = static_cast<double>(k) / static_cast<double>(sub);
        // ∫ n dA with n linear in A over the chord.
        way[at] = way[chord * sub] + arc[chord] * u * (n[chord] + 0.5 * u * (n[chord + 1] - n[chord]));
        const double here = n[chord] + u * (n[chord + 1] - n[chord]);
        square[at] = here * here;
      }
    const double waiting = 0.5 * time_weight * duration;
    for (size_t j = 0; j < positions; ++j) height[j] = least[j] + waiting * square[j];
    envelope.build(way, height, 1 / duration);
    envelope.query(way, height, least, taken.data() + i * positions);
    for (size_t k = 0; k < positions; ++k) least[k] += waiting * square[k];
  }
  OptimalTiming timing;
  timing.cost = least.back();
  timing.positions.resize(segments + 1);
  size_t at = positions - 1;
  for (size_t i = segments; i > 0; --i) {
    timing.positions[i] = static_cast<double>(at) / static_cast<double>(sub);
    at = static_cast<size_t>(taken[(i - 1) * positions + at]);
  }
  timing.positions[0] = static_cast<double>(at) / static_cast<double>(sub);
  return timing;
}

}  // namespace latentpath
