#include "latentpath/metric/typicality_guard.h"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/metric/norm_rank.h"
#include "metric/guard_formula.h"

namespace latentpath {
namespace {

void check_points(const Tensor& z, int64_t dim, const std::string& rank) {
  LATENTPATH_CHECK(z.dim() == 2 && z.size(1) == dim, kArgument, "the ", rank, " takes points of shape [n, ",
                   dim, "], not ", shape_string(z.sizes()));
}

/// log r of the norm as a table of cubics with the exact values and slopes of norm_rank() at their ends,
/// which autograd can differentiate twice; beyond its end it falls as the logarithm of the norm's density.
class NormalTypicality final : public TypicalityRank {
 public:
  explicit NormalTypicality(int64_t dim) : dim_(dim) {
    LATENTPATH_CHECK(dim >= 1, kArgument, "a normal prior needs a latent size of at least 1, not ", dim);
    // The corner at rank 1 is a knot, with a slope on each side. A cubic errs by h⁴/384 times a fourth
    // derivative of order 1: 1e-9.
    const double best = least_strange_norm(dim), step = 0.025, reach = 14;
    const auto below = static_cast<int64_t>(std::ceil(best / step));
    const auto above = static_cast<int64_t>(std::ceil(reach / step));
    const double inner = below > 0 ? best / static_cast<double>(below) : 0;
    std::vector<double> knot, value, slope;
    for (int64_t i = 0; i <= below + above; ++i) {
      const double at =
          i < below ? inner * static_cast<double>(i) : best + step * static_cast<double>(i - below);
      const NormRank here = norm_rank(dim, at);
      knot.push_back(at);
      value.push_back(here.log_rank);
      slope.push_back(i == below ? -std::abs(here.slope) : here.slope);
    }
    knot_ = at::tensor(knot, at::kDouble);
    value_ = at::tensor(value, at::kDouble);
    from_ = at::tensor(slope, at::kDouble);
    if (below > 0) slope[static_cast<size_t>(below)] *= -1;  // seen from inside
    to_ = at::tensor(slope, at::kDouble);
  }

  Tensor log_rank(const Tensor& z) const override {
    check_points(z, dim_, describe());
    // The floor keeps the derivative of the root finite at the origin.
    const Tensor norm = z.to(at::kDouble).square().sum(1).clamp_min(1e-24).sqrt();
    const int64_t last = knot_.size(0) - 1;
    const Tensor end = knot_[last];
    const Tensor inside = at::minimum(norm, end);
    const Tensor left =
        (at::searchsorted(knot_, inside.detach().contiguous(), /*out_int32=*/false, /*right=*/true) - 1)
            .clamp(0, last - 1);
    const auto at_left = [&](const Tensor& values) { return values.index_select(0, left); };
    const auto at_right = [&](const Tensor& values) { return values.index_select(0, left + 1); };
    const Tensor width = at_right(knot_) - at_left(knot_);
    const Tensor s = (inside - at_left(knot_)) / width;
    const Tensor rise = at_right(value_) - at_left(value_);
    const Tensor m0 = at_left(from_) * width, m1 = at_right(to_) * width;
    const Tensor cubic =
        at_left(value_) + s * (m0 + s * ((3 * rise - 2 * m0 - m1) + s * (m0 + m1 - 2 * rise)));
    // As the norm's own density falls, with the slope that the table ends with.
    const double last_knot = end.item<double>(), power = static_cast<double>(dim_ - 2);
    const double rest = from_[last].item<double>() - (power / last_knot - last_knot);
    const Tensor far = at::maximum(norm, end);
    const Tensor beyond = power * (far / last_knot).log() - 0.5 * (far.square() - last_knot * last_knot) +
                          rest * (far - last_knot);
    return (cubic + beyond).clamp_max(0);
  }
  int64_t dim() const override { return dim_; }
  std::string describe() const override { return join_message("rank of the norm, normal prior, D = ", dim_); }

 private:
  int64_t dim_;
  Tensor knot_, value_, from_, to_;  // slopes on each knot's far side and near side
};

class DensityTypicality final : public TypicalityRank {
 public:
  DensityTypicality(DensityPointer density, std::shared_ptr<const LogDensityDistribution> distribution)
      : density_(std::move(density)), distribution_(std::move(distribution)) {}
  Tensor log_rank(const Tensor& z) const override {
    return distribution_->log_value(density_->log_density(z));
  }
  int64_t dim() const override { return density_->dim(); }
  std::string describe() const override { return "rank of the " + density_->describe(); }

 private:
  DensityPointer density_;
  std::shared_ptr<const LogDensityDistribution> distribution_;
};

class UniformTypicality final : public TypicalityRank {
 public:
  explicit UniformTypicality(DensityPointer density)
      : density_(std::move(density)), support_(density_->level_support()) {}
  Tensor log_rank(const Tensor& z) const override {
    check_points(z, dim(), describe());
    // The set's quality is 1/(1 + (d/s)²).
    const Tensor inside = support_->evaluate({z.to(at::kDouble), {}, {}});
    return std::log(100.0) * (1 - 1 / inside).clamp_max(0);
  }
  int64_t dim() const override { return density_->dim(); }
  std::string describe() const override { return "rank of the " + density_->describe(); }

 private:
  DensityPointer density_;
  QualityPointer support_;
};

class TypicalityGuard final : public Quality {
 public:
  TypicalityGuard(TypicalityRankPointer rank, double samples)
      : rank_(std::move(rank)), k_(samples), formula_(samples) {
    LATENTPATH_CHECK(rank_ != nullptr, kArgument, "a typicality guard needs a rank (it is null)");
    LATENTPATH_CHECK(k_ >= 1 && std::isfinite(k_), kArgument,
                     "the samples of a typicality guard must be a number of at least 1, not ", k_);
  }
  Tensor evaluate(const QualityPoints& points) const override {
    return formula_(rank_->log_rank(points.latent)).to(points.latent.scalar_type());
  }
  bool concurrent() const override { return true; }
  std::string describe() const override {
    return join_message("guard (no stranger than one of ", k_, " samples, ", rank_->describe(), ")");
  }

 private:
  TypicalityRankPointer rank_;
  double k_;
  detail::GuardFormula formula_;
};

}  // namespace

Tensor TypicalityRank::rank(const Tensor& z) const {
  const at::NoGradGuard no_gradient;
  return at::exp(log_rank(z));
}

TypicalityRankPointer normal_typicality(int64_t latent_dim) {
  return std::make_shared<NormalTypicality>(latent_dim);
}

TypicalityRankPointer density_typicality(DensityPointer density,
                                         std::shared_ptr<const LogDensityDistribution> distribution) {
  LATENTPATH_CHECK(density != nullptr, kArgument, "a typicality rank needs a density (it is null)");
  if (density->level_support()) return std::make_shared<UniformTypicality>(std::move(density));
  if (!distribution) distribution = std::make_shared<LogDensityDistribution>(*density);
  return std::make_shared<DensityTypicality>(std::move(density), std::move(distribution));
}

QualityPointer typicality_guard(TypicalityRankPointer rank, const GuardOptions& options) {
  return std::make_shared<TypicalityGuard>(std::move(rank), options.samples);
}

}  // namespace latentpath
