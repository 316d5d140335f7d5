#include "latentpath/metric/quality.h"

#include <ATen/ATen.h>

#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/metric/analytic_quality.h"
#include "latentpath/metric/embedding.h"
#include "latentpath/metric/epsilon.h"

namespace latentpath {
namespace {

class ConstantQuality final : public Quality {
 public:
  explicit ConstantQuality(double c) : c_(c) {}
  Tensor evaluate(const QualityPoints& points) const override {
    return at::full({points.latent.size(0)}, c_, points.latent.options().requires_grad(false));
  }
  bool concurrent() const override { return true; }
  AnalyticQualityPointer analytic() const override { return analytic_constant(c_); }
  std::string describe() const override { return join_message("constant ", c_); }

 private:
  double c_;
};

class FunctionQuality final : public Quality {
 public:
  FunctionQuality(std::function<Tensor(const Tensor&)> function, std::string name, bool concurrent)
      : function_(std::move(function)), name_(std::move(name)), concurrent_(concurrent) {}
  Tensor evaluate(const QualityPoints& points) const override { return function_(points.latent); }
  bool concurrent() const override { return concurrent_; }
  std::string describe() const override { return name_; }

 private:
  std::function<Tensor(const Tensor&)> function_;
  std::string name_;
  bool concurrent_;
};

void check_latent_dim(int64_t latent_dim) {
  LATENTPATH_CHECK(latent_dim >= 1, kArgument, "a normal prior needs a latent size of at least 1, not ",
                   latent_dim);
}

void check_size(const Tensor& z, int64_t latent_dim) {
  LATENTPATH_CHECK(z.size(-1) == latent_dim, kArgument, "the normal prior of latent size ", latent_dim,
                   " is asked about points of size ", z.size(-1), ": it must be made for that size");
}

}  // namespace

Tensor Quality::at_times(const QualityPoints& points, const Tensor& times) const {
  const int64_t count = points.latent.size(0);
  if (!depends_on_time()) return evaluate(points).unsqueeze(1).expand({count, times.size(0)});
  std::vector<Tensor> columns;
  for (int64_t i = 0; i < times.size(0); ++i) {
    QualityPoints now = points;
    now.time = times[i].to(points.latent.options()).expand({count});
    columns.push_back(evaluate(now));
  }
  return at::stack(columns, 1);
}

QualityPointer constant_quality(double c) {
  LATENTPATH_CHECK(c > 0 && c < 1, kArgument, "a constant quality must lie strictly between 0 and 1, not at ",
                   c);
  return std::make_shared<ConstantQuality>(c);
}

QualityPointer level_set(std::function<Tensor(const Tensor&)> distance, double stiffness, std::string name) {
  LATENTPATH_CHECK(stiffness > 0, kArgument, "the stiffness K of a level set must be positive, not ",
                   stiffness);
  return function_quality([distance = std::move(distance),
                           stiffness](const Tensor& z) { return 0.5 * at::exp(-stiffness * distance(z)); },
                          std::move(name));
}

QualityPointer function_quality(std::function<Tensor(const Tensor&)> function, std::string name) {
  return std::make_shared<FunctionQuality>(std::move(function), std::move(name), /*concurrent=*/false);
}

QualityPointer normal_prior(int64_t latent_dim) {
  check_latent_dim(latent_dim);
  return std::make_shared<FunctionQuality>(
      [latent_dim](const Tensor& z) {
        check_size(z, latent_dim);
        // The floor keeps log(x) in igammac's derivative finite at the origin, where Q = 1 to rounding
        // anyway.
        const Tensor half_square = (0.5 * z.square().sum(-1)).clamp_min(1e-20);
        return at::special_gammaincc(
            at::full_like(half_square, 0.5 * static_cast<double>(latent_dim)).detach(), half_square);
      },
      join_message("normal prior, D = ", latent_dim), /*concurrent=*/true);
}

QualityPointer normal_prior_asymptotic(int64_t latent_dim) {
  check_latent_dim(latent_dim);
  const double radius = std::sqrt(static_cast<double>(latent_dim) - 0.5);
  return std::make_shared<FunctionQuality>(
      [latent_dim, radius](const Tensor& z) {
        check_size(z, latent_dim);
        const Tensor norm = (z.square().sum(-1) + 1e-20).sqrt();  // differentiable at the origin
        return 0.5 + 0.5 * at::erf(radius - norm);
      },
      join_message("normal prior (erf asymptote), D = ", latent_dim), /*concurrent=*/true);
}

Tensor regularise(const Tensor& quality, double epsilon) {
  check_epsilon(epsilon);
  return regularised(quality, epsilon);
}

}  // namespace latentpath
