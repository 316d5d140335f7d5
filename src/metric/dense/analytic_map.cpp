#include "latentpath/metric/analytic_map.h"

#include <algorithm>

namespace latentpath {

AnalyticMap::AnalyticMap(int latent_dim, int output_dim, std::string name)
    : latent_dim_(latent_dim), output_dim_(output_dim), name_(std::move(name)) {
  LATENTPATH_CHECK(latent_dim >= 1 && output_dim >= 1, kArgument, name_, " maps R^", latent_dim, " to R^",
                   output_dim, ": both dimensions must be at least 1");
}

void AnalyticMap::jacobian(const double* z, double* x, double* jacobian) const {
  const auto expansion = make_expansion();
  expansion->expand(1, z, nullptr);
  const auto outputs = static_cast<std::size_t>(output_dim_), dim = static_cast<std::size_t>(latent_dim_);
  std::copy_n(expansion->values(), outputs, x);
  std::copy_n(expansion->jacobians(), outputs * dim, jacobian);
}

namespace detail {

void TapeExpansion::expand(std::size_t count, const double* z, const double* t) {
  count_ = count;
  have_jacobians_ = false;
  if (tapes_.size() < count) tapes_.resize(count);
  values_.resize(count * outputs_);
  z_.resize(dim_);
  x_.resize(outputs_);
  for (std::size_t p = 0; p < count; ++p) {
    Tape& tape = tapes_[p];
    tape.clear();
    for (std::size_t i = 0; i < dim_; ++i) z_[i] = tape.variable(z[p * dim_ + i]);
    record(z_, t ? t[p] : 0.5, x_);
    for (std::size_t k = 0; k < outputs_; ++k) {
      tape.output(x_[k]);
      values_[p * outputs_ + k] = x_[k].value();
    }
  }
}

const double* TapeExpansion::jacobians() {
  if (!have_jacobians_) {
    jacobians_.resize(count_ * outputs_ * dim_);
    for (std::size_t p = 0; p < count_; ++p)
      tapes_[p].jacobian(jacobians_.data() + p * outputs_ * dim_, scratch_);
    have_jacobians_ = true;
  }
  return jacobians_.data();
}

void TapeExpansion::push(const double* u, double* pushed) {
  for (std::size_t p = 0; p < count_; ++p) tapes_[p].push(u + p * dim_, pushed + p * outputs_, scratch_);
}

void TapeExpansion::pull(const double* v, double* pulled) {
  for (std::size_t p = 0; p < count_; ++p) tapes_[p].pull(v + p * outputs_, pulled + p * dim_, scratch_);
}

void TapeExpansion::curvatures(const double* r, double* blocks) {
  for (std::size_t p = 0; p < count_; ++p)
    tapes_[p].curvature(r + p * outputs_, blocks + p * dim_ * dim_, scratch_);
}

void TapeExpansion::curvature_products(const double* r, const double* u, double* product) {
  for (std::size_t p = 0; p < count_; ++p)
    tapes_[p].curvature_product(r + p * outputs_, u + p * dim_, product + p * dim_, scratch_);
}

void TapeExpansion::pull_changes(const double* r, const double* u, const double* v, double* product, double*,
                                 std::size_t) {
  for (std::size_t p = 0; p < count_; ++p)
    tapes_[p].pull_change(r + p * outputs_, u + p * dim_, v + p * outputs_, product + p * dim_, scratch_);
}

}  // namespace detail
}  // namespace latentpath
