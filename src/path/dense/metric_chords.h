#pragma once
// MetricChords: squared chords of a polyline's images in a metric G of the space they lie in, with
// derivatives. Internal.
//
//   c_i = d_iᵀ G(m_i) d_i,   d_i = x_{i+1} − x_i,   m_i = (x_i + x_{i+1})/2
//
// With q = ∂c/∂m, B = ∂²c/∂d∂m (B_ij = 2 Σ_k ∂_j G_ik d_k) and H = ∂²c/∂m², and a, b the ends of a segment:
//   ∂c/∂b = ½q + 2Gd,               ∂c/∂a = ½q − 2Gd,
//   ∂²c/∂b² = 2G + ½(B + Bᵀ) + ¼H,  ∂²c/∂a² = 2G − ½(B + Bᵀ) + ¼H,  ∂²c/∂a∂b = −2G + ½(Bᵀ − B) + ¼H.
// Gauss-Newton keeps 2G alone.

#include <cstddef>
#include <memory>
#include <vector>

#include "latentpath/metric/analytic_metric.h"

namespace latentpath::detail {

class MetricChords {
 public:
  explicit MetricChords(const AnalyticMetric& metric);

  /// At images x [count + 1, M].
  void expand(std::size_t count, const double* x);

  /// c [count].
  const std::vector<double>& squares() const { return squares_; }
  /// −½ ∂c/∂a and ½ ∂c/∂b [count, M]: both are d where G is the identity.
  const std::vector<double>& covectors_at_first() const { return first_; }
  const std::vector<double>& covectors_at_second() const { return second_; }

  struct Blocks {
    const double *aa, *ab,
        *bb;  ///< ½ ∂²c/∂a², ½ ∂²c/∂a∂b, ½ ∂²c/∂b² [M, M]: I, −I, I where G is the identity
  };
  /// Makes the blocks of all segments, for Newton's method or for Gauss–Newton.
  void make_blocks(bool newton);
  Blocks blocks(std::size_t segment) const;

 private:
  double entry(std::size_t segment, std::size_t i, std::size_t j) const {
    return values_[segment * packed_ +
                   (i <= j ? i * dim_ - i * (i + 1) / 2 + j : j * dim_ - j * (j + 1) / 2 + i)];
  }

  std::size_t dim_, packed_, count_ = 0;
  std::unique_ptr<MapExpansion> expansion_;
  const double* values_ = nullptr;
  std::vector<double> middles_, chords_, factors_, slopes_,
      curvatures_;  ///< factors: d_i d_j, off the diagonal twice
  std::vector<double> squares_, first_, second_, blocks_;
};

}  // namespace latentpath::detail
