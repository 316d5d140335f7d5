#include "latentpath/metric/density.h"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/metric/convex_set.h"

namespace latentpath {
namespace {

constexpr double kLogTwoPi = 1.8378770664093454836;

void check_points(const Tensor& z, int64_t dim, const std::string& density) {
  LATENTPATH_CHECK(z.dim() == 2 && z.size(1) == dim, kArgument, density, " takes points of shape [n, ", dim,
                   "], not ", shape_string(z.sizes()));
}

class NormalDensity final : public Density {
 public:
  explicit NormalDensity(int64_t dim) : dim_(dim) {}
  Tensor log_density(const Tensor& z) const override {
    check_points(z, dim_, "a normal density");
    return -0.5 * z.to(at::kDouble).square().sum(1) + *log_maximum();
  }
  Tensor sample(int64_t count, at::Generator& generator) const override {
    return at::randn({count, dim_}, generator, at::kDouble);
  }
  int64_t dim() const override { return dim_; }
  std::optional<double> log_maximum() const override { return -0.5 * kLogTwoPi * static_cast<double>(dim_); }
  std::string describe() const override { return join_message("normal density, D = ", dim_); }
  bool is_standard_normal() const override { return true; }

 private:
  int64_t dim_;
};

}  // namespace

DensityPointer normal_density(int64_t latent_dim) {
  LATENTPATH_CHECK(latent_dim >= 1, kArgument, "a normal density needs a latent size of at least 1, not ",
                   latent_dim);
  return std::make_shared<NormalDensity>(latent_dim);
}

GaussianMixture::GaussianMixture(const Tensor& weights, const Tensor& means, const Tensor& covariances,
                                 std::string name)
    : name_(std::move(name)) {
  LATENTPATH_CHECK(means.dim() == 2 && means.numel() > 0, kArgument,
                   "the means of a Gaussian mixture must have the shape [k, D], not ",
                   shape_string(means.sizes()));
  const int64_t k = means.size(0), dim = means.size(1);
  LATENTPATH_CHECK(weights.dim() == 1 && weights.size(0) == k, kArgument,
                   "the weights of a Gaussian mixture of ", k, " components must have the shape [", k,
                   "], not ", shape_string(weights.sizes()));
  LATENTPATH_CHECK(covariances.sizes() == at::IntArrayRef({k, dim, dim}), kArgument, "the covariances of ", k,
                   " Gaussians in ", dim, " dimensions must have the shape [", k, ", ", dim, ", ", dim,
                   "], not ", shape_string(covariances.sizes()));
  const at::NoGradGuard no_gradient;
  weights_ = weights.to(at::kDouble).contiguous();
  means_ = means.to(at::kDouble).contiguous();
  covariances_ = covariances.to(at::kDouble).contiguous();
  LATENTPATH_CHECK(at::isfinite(weights_).all().item<bool>() && (weights_ > 0).all().item<bool>(), kArgument,
                   "the weights of a Gaussian mixture must be positive numbers");
  LATENTPATH_CHECK(at::isfinite(means_).all().item<bool>(), kArgument,
                   "the means of a Gaussian mixture must be finite numbers");
  weights_ = weights_ / weights_.sum();
  std::vector<Tensor> factors, whitening, shift;
  for (int64_t j = 0; j < k; ++j) {
    const Tensor& covariance = covariances_[j];
    LATENTPATH_CHECK(
        at::isfinite(covariance).all().item<bool>() && at::allclose(covariance, covariance.t(), 1e-6, 0),
        kArgument, "the covariance of component ", j, " is not a symmetric matrix of numbers");
    const auto [factor, info] = at::linalg_cholesky_ex(covariance);
    LATENTPATH_CHECK(info.item<int>() == 0, kArgument, "the covariance of component ", j,
                     " is not positive definite");
    const Tensor inverse =
        at::linalg_solve_triangular(factor, at::eye(dim, at::kDouble), /*upper=*/false, /*left=*/true);
    factors.push_back(factor);
    whitening.push_back(inverse);
    shift.push_back(-inverse.mv(means_[j]));
  }
  factors_ = at::stack(factors);
  whitening_ = at::cat(whitening).t().contiguous();
  shift_ = at::cat(shift);
  log_constants_ =
      weights_.log() - factors_.diagonal(0, 1, 2).log().sum(1) - 0.5 * kLogTwoPi * static_cast<double>(dim);
}

Tensor GaussianMixture::component_log_densities(const Tensor& z) const {
  check_points(z, dim(), name_);
  const Tensor whitened = at::addmm(shift_, z.to(at::kDouble), whitening_);
  return log_constants_ - 0.5 * whitened.view({z.size(0), components(), dim()}).square().sum(2);
}

Tensor GaussianMixture::log_density(const Tensor& z) const {
  return at::logsumexp(component_log_densities(z), 1);
}

Tensor GaussianMixture::sample(int64_t count, at::Generator& generator) const {
  const Tensor choice = at::rand({count}, generator, at::kDouble);
  const Tensor noise = at::randn({count, dim()}, generator, at::kDouble);
  const Tensor cumulative = weights_.cumsum(0);
  Tensor points = at::empty({count, dim()}, at::kDouble);
  double below = 0;
  for (int64_t j = 0; j < components(); ++j) {
    const bool last = j + 1 == components();  // takes what rounding leaves above the sum of all weights
    const double above = last ? 2 : cumulative[j].item<double>();
    const Tensor rows = at::logical_and(choice >= below, choice < above).nonzero().squeeze(1);
    points.index_copy_(0, rows, at::addmm(means_[j], noise.index_select(0, rows), factors_[j].t()));
    below = above;
  }
  return points;
}

std::optional<double> GaussianMixture::log_maximum() const {
  const at::NoGradGuard no_gradient;
  const int64_t k = components(), d = dim();
  const Tensor inverse = whitening_.t().view({k, d, d});
  const Tensor precision = at::matmul(inverse.transpose(1, 2), inverse);        // [k, D, D]
  const Tensor pulled = at::matmul(precision, means_.unsqueeze(2)).squeeze(2);  // [k, D]
  Tensor z = means_, value = log_density(z);
  // Convergence is linear, and slow only where two modes are about to merge: there f is flat.
  for (int iteration = 0; iteration < 500; ++iteration) {
    const Tensor posterior = at::softmax(component_log_densities(z), 1);  // [n, k]
    const Tensor matrix = posterior.matmul(precision.view({k, d * d})).view({-1, d, d});
    z = at::linalg_solve(matrix, posterior.matmul(pulled).unsqueeze(2)).squeeze(2);
    const Tensor next = log_density(z);
    const double gain = (next - value).max().item<double>();
    value = at::maximum(value, next);
    if (gain < 1e-14) break;
  }
  return value.max().item<double>();
}

std::string GaussianMixture::describe() const {
  return join_message(name_, ", D = ", dim(), ", ", components(),
                      components() == 1 ? " component" : " components");
}

std::shared_ptr<const GaussianMixture> semicircle(int64_t latent_dim) {
  LATENTPATH_CHECK(latent_dim >= 2, kArgument, "the semicircle needs a latent size of at least 2, not ",
                   latent_dim);
  const double mean[3][2] = {{2, 6}, {0, 0}, {2, -6}};
  const double block[3][2][2] = {{{5, 2}, {2, 2}}, {{1, 0}, {0, 3}}, {{5, -2}, {-2, 2}}};
  const Tensor means = at::zeros({3, latent_dim}, at::kDouble);
  const Tensor covariances = at::zeros({3, latent_dim, latent_dim}, at::kDouble);
  auto mu = means.accessor<double, 2>();
  auto sigma = covariances.accessor<double, 3>();
  for (int64_t j = 0; j < 3; ++j) {
    for (int64_t a = 2; a < latent_dim; ++a) sigma[j][a][a] = 0.5;
    for (int64_t a = 0; a < 2; ++a) {
      mu[j][a] = mean[j][a];
      for (int64_t b = 0; b < 2; ++b) sigma[j][a][b] = block[j][a][b];
    }
  }
  return std::make_shared<GaussianMixture>(at::ones({3}, at::kDouble), means, covariances, "semicircle");
}

UniformDensity::UniformDensity(const Tensor& low, const Tensor& high, double softness)
    : low_(low.detach().to(at::kDouble).contiguous()),
      high_(high.detach().to(at::kDouble).contiguous()),
      box_(uniform_box(low_, high_, softness)) {}

Tensor UniformDensity::log_density(const Tensor& z) const {
  check_points(z, dim(), "a uniform density");
  return box_->evaluate({z.to(at::kDouble), {}, {}}).log() + *log_maximum();
}

Tensor UniformDensity::sample(int64_t count, at::Generator& generator) const {
  return low_ + (high_ - low_) * at::rand({count, dim()}, generator, at::kDouble);
}

std::optional<double> UniformDensity::log_maximum() const {
  return -(high_ - low_).log().sum().item<double>();
}

std::string UniformDensity::describe() const {
  const auto side = [this](int64_t j) {
    return join_message("[", low_[j].item<double>(), ", ", high_[j].item<double>(), "]");
  };
  const bool cube = (low_ == low_[0]).all().item<bool>() && (high_ == high_[0]).all().item<bool>();
  return join_message("uniform density on ", cube ? side(0) : "a box", cube ? "^D" : "", ", D = ", dim());
}

std::shared_ptr<const UniformDensity> uniform_density(int64_t latent_dim, double low, double high) {
  LATENTPATH_CHECK(latent_dim >= 1, kArgument, "a uniform density needs a latent size of at least 1, not ",
                   latent_dim);
  LATENTPATH_CHECK(std::isfinite(low) && std::isfinite(high) && low < high, kArgument,
                   "a uniform density needs finite bounds low < high, not ", low, " and ", high);
  const Tensor corner = at::ones({latent_dim}, at::kDouble);
  return std::make_shared<UniformDensity>(low * corner, high * corner, (high - low) / 20);
}

DensityPointer density_by_name(const std::string& name, int64_t latent_dim) {
  if (name == "normal") return normal_density(latent_dim);
  if (name == "semicircle") return semicircle(latent_dim);
  if (name == "uniform") return uniform_density(latent_dim);
  return nullptr;
}

}  // namespace latentpath
