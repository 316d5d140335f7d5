#include "path/dense/metric_chords.h"

namespace latentpath::detail {

MetricChords::MetricChords(const AnalyticMetric& metric)
    : dim_(static_cast<std::size_t>(metric.dim())),
      packed_(dim_ * (dim_ + 1) / 2),
      expansion_(metric.packed().make_expansion()) {}

void MetricChords::expand(std::size_t count, const double* x) {
  const std::size_t m = dim_;
  count_ = count;
  middles_.resize(count * m);
  chords_.resize(count * m);
  for (std::size_t e = 0; e < count * m; ++e) {
    middles_[e] = 0.5 * (x[e] + x[e + m]);
    chords_[e] = x[e + m] - x[e];
  }
  expansion_->expand(count, middles_.data(), nullptr);
  values_ = expansion_->values();
  factors_.resize(count * packed_);
  double* factor = factors_.data();
  for (std::size_t s = 0; s < count; ++s) {
    const double* d = chords_.data() + s * m;
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t j = i; j < m; ++j) *factor++ = (i == j ? 1 : 2) * d[i] * d[j];
  }
  slopes_.resize(count * m);
  expansion_->pull(factors_.data(), slopes_.data());
  squares_.resize(count);
  first_.resize(count * m);
  second_.resize(count * m);
  for (std::size_t s = 0; s < count; ++s) {
    const double *d = chords_.data() + s * m, *q = slopes_.data() + s * m;
    double square = 0;
    for (std::size_t i = 0; i < m; ++i) {
      double lowered = 0;
      for (std::size_t j = 0; j < m; ++j) lowered += entry(s, i, j) * d[j];
      square += lowered * d[i];
      first_[s * m + i] = lowered - 0.25 * q[i];
      second_[s * m + i] = 0.25 * q[i] + lowered;
    }
    squares_[s] = square;
  }
}

void MetricChords::make_blocks(bool newton) {
  const std::size_t m = dim_, mm = m * m;
  blocks_.resize(count_ * 3 * mm);
  const double* jacobians = nullptr;
  if (newton) {
    curvatures_.resize(count_ * mm);
    expansion_->curvatures(factors_.data(), curvatures_.data());
    jacobians = expansion_->jacobians();  // ∂G [count, packed, M]
  }
  for (std::size_t s = 0; s < count_; ++s) {
    double* aa = blocks_.data() + s * 3 * mm;
    double *ab = aa + mm, *bb = ab + mm;
    const double* d = chords_.data() + s * m;
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t j = 0; j < m; ++j) {
        const double g = entry(s, i, j);
        aa[i * m + j] = bb[i * m + j] = g;
        ab[i * m + j] = -g;
      }
    if (!newton) continue;
    const double* slopes = jacobians + s * packed_ * m;
    // A quarter of B, into its places.
    for (std::size_t i = 0, e = 0; i < m; ++i)
      for (std::size_t k = i; k < m; ++k, ++e)
        for (std::size_t j = 0; j < m; ++j) {
          const auto add = [&](std::size_t row,
                               double value) {  // value: ½ of a term of B_{row, j}, halved again
            aa[row * m + j] -= value;
            aa[j * m + row] -= value;
            bb[row * m + j] += value;
            bb[j * m + row] += value;
            ab[j * m + row] += value;
            ab[row * m + j] -= value;
          };
          add(i, 0.5 * slopes[e * m + j] * d[k]);
          if (i != k) add(k, 0.5 * slopes[e * m + j] * d[i]);
        }
    for (std::size_t e = 0; e < mm; ++e) {
      const double bend = 0.125 * curvatures_[s * mm + e];
      aa[e] += bend;
      ab[e] += bend;
      bb[e] += bend;
    }
  }
}

MetricChords::Blocks MetricChords::blocks(std::size_t segment) const {
  const std::size_t mm = dim_ * dim_;
  const double* first = blocks_.data() + segment * 3 * mm;
  return {first, first + mm, first + 2 * mm};
}

}  // namespace latentpath::detail
