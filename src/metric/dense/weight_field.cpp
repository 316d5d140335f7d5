#include "metric/dense/weight_field.h"

#include <cmath>
#include <limits>

#include "latentpath/metric/epsilon.h"

namespace latentpath::detail {

WeightField::WeightField(const AnalyticQuality& quality, double epsilon)
    : quality_(quality),
      epsilon_(epsilon),
      stiffness_(quality.stiffness()),
      constant_weight_(-std::log(regularised(quality.value(), epsilon))) {
  set_kink_width(0);
}

void WeightField::set_kink_width(double width) {
  if (constant() || (expansion_ && width == kink_width_)) return;
  kink_width_ = width;
  map_ = width > 0 ? quality_.map()->smoothed(width) : quality_.map();
  if (!map_) map_ = quality_.map();  // known by tensors alone: its kinks stay sharp
  expansion_ = map_->make_expansion();
}

// n and its derivatives in f, what the quality's map returns.
WeightField::Chain WeightField::chain(double f) const {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  const double share = 1 - 2 * epsilon_;
  if (quality_.form() == AnalyticQuality::Form::kQuality) {
    // A quality computed in floating point may leave [0, 1] by rounding.
    if (!(f >= -1e-12 && f <= 1 + 1e-12)) return {kNaN, kNaN, kNaN};
    const double q = epsilon_ + share * std::fmin(std::fmax(f, 0), 1), d = share / q;
    return {-std::log(q), -d, d * d};
  }
  double scale = 1;
  if (level_set()) {
    if (!(f >= -1e-12)) {
      // A smoothed distance may be a little below 0; a true one never.
      if (!(f >= -kink_width_ * 4)) return {kNaN, kNaN, kNaN};
    }
    scale = stiffness_;
    f = quality_.set_weight() + stiffness_ * f;
  }
  if (!(f >= 0)) return {kNaN, kNaN, kNaN};
  if (epsilon_ == 0) return {f, scale, 0};
  const double e = share * std::exp(-f), q = epsilon_ + e, d = e / q;
  return {-std::log(q), scale * d, scale * scale * (d * d - d)};
}

void WeightField::weights(std::size_t count, const double* z, const double* t, double* n) const {
  if (constant()) {
    std::fill(n, n + count, constant_weight_);
    return;
  }
  map_->values(count, z, t, n);
  for (std::size_t p = 0; p < count; ++p) n[p] = chain(n[p]).n;
}

void WeightField::expand(std::size_t count, const double* z, const double* t) {
  const auto dim = static_cast<std::size_t>(quality_.map()->latent_dim());
  count_ = count;
  expansion_->expand(count, z, t);
  squares_.resize(count);
  first_.resize(count);
  second_.resize(count);
  gradients_.resize(count * dim);
  const double *f = expansion_->values(), *df = expansion_->jacobians();
  for (std::size_t p = 0; p < count; ++p) {
    const Chain c = chain(f[p]);
    squares_[p] = c.n * c.n;
    first_[p] = 2 * c.n * c.n1;
    second_[p] = 2 * (c.n1 * c.n1 + c.n * c.n2);
    for (std::size_t i = 0; i < dim; ++i) gradients_[p * dim + i] = first_[p] * df[p * dim + i];
  }
}

const std::vector<double>& WeightField::hessians() {
  const auto dim = static_cast<std::size_t>(quality_.map()->latent_dim());
  hessians_.resize(count_ * dim * dim);
  expansion_->curvatures(first_.data(), hessians_.data());
  const double* df = expansion_->jacobians();
  double* h = hessians_.data();
  for (std::size_t p = 0; p < count_; ++p, df += dim)
    for (std::size_t i = 0; i < dim; ++i)
      for (std::size_t j = 0; j < dim; ++j) *h++ += second_[p] * df[i] * df[j];
  return hessians_;
}

void WeightField::hessian_products(const double* u, double* product) {
  const auto dim = static_cast<std::size_t>(quality_.map()->latent_dim());
  expansion_->curvature_products(first_.data(), u, product);
  const double* df = expansion_->jacobians();
  for (std::size_t p = 0; p < count_; ++p, df += dim, u += dim, product += dim) {
    double along = 0;
    for (std::size_t i = 0; i < dim; ++i) along += df[i] * u[i];
    for (std::size_t i = 0; i < dim; ++i) product[i] += second_[p] * along * df[i];
  }
}

}  // namespace latentpath::detail
