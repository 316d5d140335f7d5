#include "latentpath/metric/analytic_metric.h"

#include <cmath>
#include <vector>

namespace latentpath {

AnalyticMetric::AnalyticMetric(std::shared_ptr<const AnalyticMap> packed, double least_eigenvalue)
    : packed_(std::move(packed)), least_eigenvalue_(least_eigenvalue) {
  LATENTPATH_CHECK(packed_ != nullptr, kArgument, "a metric needs a map");
  const int m = packed_->latent_dim();
  LATENTPATH_CHECK(packed_->output_dim() == m * (m + 1) / 2, kArgument, "metric ", packed_->describe(),
                   " gives ", packed_->output_dim(), " numbers for a point of R^", m,
                   ": its upper triangle has ", m * (m + 1) / 2);
  LATENTPATH_CHECK(std::isfinite(least_eigenvalue_) && least_eigenvalue_ >= 0, kArgument,
                   "the least eigenvalue of metric ", packed_->describe(), " is ", least_eigenvalue_,
                   ": it must be at least 0");
}

void AnalyticMetric::squared_norms(std::size_t count, const double* x, const double* v,
                                   double* squares) const {
  const auto m = static_cast<std::size_t>(dim()), packed = m * (m + 1) / 2;
  std::vector<double> g(count * packed);
  packed_->values(count, x, nullptr, g.data());
  const double* entry = g.data();
  for (std::size_t p = 0; p < count; ++p, v += m) {
    double sum = 0;
    for (std::size_t i = 0; i < m; ++i)
      for (std::size_t j = i; j < m; ++j) sum += (i == j ? 1 : 2) * *entry++ * v[i] * v[j];
    squares[p] = sum;
  }
}

}  // namespace latentpath
