#include "latentpath/path/smooth_length.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

constexpr int kPoints = 3;
constexpr double kAbscissa[kPoints] = {0.11270166537925831, 0.5, 0.88729833462074169};
constexpr double kWeight[kPoints] = {5.0 / 18, 8.0 / 18, 5.0 / 18};
constexpr int kMostHalvings = 50;  ///< a rim at which lengths grow like 1/distance is reached to the last bit
constexpr std::size_t kMostIntervals = 200'000;

/// Slopes per segment at the nodes [count, D], of the quartic through the five nodes nearest to each.
std::vector<double> slopes_of(std::span<const double> nodes, std::size_t dim) {
  constexpr double kStencils[5][5] = {{-25, 48, -36, 16, -3},
                                      {-3, -10, 18, -6, 1},
                                      {1, -8, 0, 8, -1},
                                      {-1, 6, -18, 10, 3},
                                      {3, -16, 36, -48, 25}};
  const std::size_t count = nodes.size() / dim;
  std::vector<double> slopes(nodes.size(), 0.0);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t first = std::min(i < 2 ? 0 : i - 2, count - 5);
    for (std::size_t k = 0; k < 5; ++k)
      for (std::size_t d = 0; d < dim; ++d)
        slopes[i * dim + d] += kStencils[i - first][k] / 12 * nodes[(first + k) * dim + d];
  }
  return slopes;
}

/// A part [from, from + width] of a segment, and the length that Gauss's rule gives it.
struct Interval {
  std::size_t segment;
  double from, width, length = 0;
};

class Curve {
 public:
  Curve(const WeightedMetric& metric, std::span<const double> nodes, bool smooth)
      : metric_(metric),
        nodes_(nodes),
        dim_(static_cast<std::size_t>(metric.latent_dim())),
        outputs_(static_cast<std::size_t>(metric.chart().output_dim())),
        expansion_(metric.chart().make_expansion()) {
    if (smooth) slopes_ = slopes_of(nodes, dim_);
  }

  SmoothLength length(double tolerance) {
    const std::size_t segments = nodes_.size() / dim_ - 1;
    std::vector<Interval> open(segments);
    for (std::size_t s = 0; s < segments; ++s) open[s] = {s, 0, 1};
    double total = measure(open);
    SmoothLength found;
    found.smooth = !slopes_.empty();
    for (int halvings = 0; !open.empty(); ++halvings) {
      if (!std::isfinite(total)) return {total, false, found.smooth};
      std::vector<Interval> halves;
      for (const Interval& whole : open)
        for (const double from : {whole.from, whole.from + whole.width / 2})
          halves.push_back({whole.segment, from, whole.width / 2});
      measure(halves);
      const double share = tolerance * total / static_cast<double>(segments);
      std::vector<Interval> next;
      double rest = 0;
      for (std::size_t i = 0; i < open.size(); ++i) {
        const double both = halves[2 * i].length + halves[2 * i + 1].length;
        const double change = std::abs(both - open[i].length);
        const bool agree = change <= std::max(share, tolerance * both);
        if (agree || halvings >= kMostHalvings || open.size() > kMostIntervals) {
          found.length += both + (agree ? 0 : change);
          found.settled = found.settled && agree;
        } else {
          next.insert(next.end(), {halves[2 * i], halves[2 * i + 1]});
          rest += both;
        }
      }
      total = found.length + rest;
      open = std::move(next);
    }
    return found;
  }

 private:
  /// Lengths of intervals by Gauss's rule, and their sum.
  double measure(std::vector<Interval>& intervals) {
    const std::size_t count = kPoints * intervals.size();
    z_.resize(count * dim_);
    u_.resize(count * dim_);
    n_.resize(count);
    for (std::size_t i = 0; i < intervals.size(); ++i)
      for (std::size_t k = 0; k < kPoints; ++k)
        at(intervals[i].segment, intervals[i].from + kAbscissa[k] * intervals[i].width,
           z_.data() + (kPoints * i + k) * dim_, u_.data() + (kPoints * i + k) * dim_);
    metric_.weights(count, z_.data(), nullptr, n_.data());
    speeds(count);
    double sum = 0;
    for (std::size_t i = 0; i < intervals.size(); ++i) {
      intervals[i].length = 0;
      for (std::size_t k = 0; k < kPoints; ++k)
        intervals[i].length += kWeight[k] * intervals[i].width * n_[kPoints * i + k];
      sum += intervals[i].length;
    }
    return sum;
  }

  /// γ and γ' (per segment) at s of a segment.
  void at(std::size_t segment, double s, double* z, double* u) const {
    const double* a = nodes_.data() + segment * dim_;
    const double* b = a + dim_;
    for (std::size_t d = 0; d < dim_; ++d) {
      const double rise = b[d] - a[d];
      if (slopes_.empty()) {
        z[d] = a[d] + s * rise;
        u[d] = rise;
        continue;
      }
      // Hermite: the straight line, and what the slopes add to it.
      const double p = slopes_[segment * dim_ + d] - rise, q = slopes_[(segment + 1) * dim_ + d] - rise;
      z[d] = a[d] + s * (rise + (1 - s) * (p * (1 - s) - q * s));
      u[d] = rise + p * (1 - s) * (1 - 3 * s) - q * s * (2 - 3 * s);
    }
  }

  /// Multiplies n_ by ‖J u‖.
  void speeds(std::size_t count) {
    if (metric_.target()) {
      g_.resize(count * dim_ * dim_);
      metric_.metrics(count, z_.data(), g_.data());  // n² times that of the target, weighted
      for (std::size_t p = 0; p < count; ++p) {
        double square = 0;
        for (std::size_t i = 0; i < dim_; ++i)
          for (std::size_t j = 0; j < dim_; ++j)
            square += u_[p * dim_ + i] * g_[(p * dim_ + i) * dim_ + j] * u_[p * dim_ + j];
        n_[p] = std::sqrt(square);
      }
      return;
    }
    const double* pushed = u_.data();
    if (!metric_.chart().is_identity()) {
      expansion_->expand(count, z_.data(), nullptr);
      pushed_.resize(count * outputs_);
      expansion_->push(u_.data(), pushed_.data());
      pushed = pushed_.data();
    }
    for (std::size_t p = 0; p < count; ++p) {
      double square = 0;
      for (std::size_t k = 0; k < outputs_; ++k)
        square += pushed[p * outputs_ + k] * pushed[p * outputs_ + k];
      n_[p] *= std::sqrt(square);
    }
  }

  const WeightedMetric& metric_;
  std::span<const double> nodes_;
  std::size_t dim_, outputs_;
  std::unique_ptr<MapExpansion> expansion_;
  std::vector<double> slopes_;  ///< [count, D]; empty: straight
  std::vector<double> z_, u_, n_, g_, pushed_;
};

}  // namespace

SmoothLength smooth_length(const WeightedMetric& metric, std::span<const double> nodes, double tolerance) {
  const auto dim = static_cast<std::size_t>(metric.latent_dim());
  LATENTPATH_CHECK(nodes.size() >= 2 * dim && nodes.size() % dim == 0, kArgument, "a path in dimension ", dim,
                   " needs at least 2 nodes of ", dim, " coordinates, not ", nodes.size(), " numbers");
  LATENTPATH_CHECK(tolerance > 0, kArgument, "the tolerance of a length must be above 0, not ", tolerance);
  if (nodes.size() >= 5 * dim) {
    const SmoothLength found = Curve(metric, nodes, true).length(tolerance);
    // Where the nodes turn sharply, cubics swing out, and the polyline is the shorter curve.
    if (std::isfinite(found.length) && found.settled) {
      const std::size_t segments = nodes.size() / dim - 1;
      std::vector<double> chords(segments);
      metric.segment_lengths(segments, nodes.data(), nodes.data() + dim, 1, chords.data());
      if (found.length <= 1.001 * std::accumulate(chords.begin(), chords.end(), 0.0)) return found;
    }
  }
  return Curve(metric, nodes, false).length(tolerance);
}

}  // namespace latentpath
