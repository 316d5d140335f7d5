#include "latentpath/metric/density_rank.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"

namespace latentpath {
namespace {

/// log f at `count` draws of f, [count] float64, in ascending order.
Tensor sorted_log_densities(const Density& density, int64_t count, uint64_t seed) {
  const at::NoGradGuard no_gradient;
  auto generator = make_generator(seed);
  std::vector<Tensor> parts;
  const int64_t batch = 8192;  // bounds memory, whatever the density needs for a point
  for (int64_t done = 0; done < count; done += batch)
    parts.push_back(density.log_density(density.sample(std::min(batch, count - done), generator)));
  const Tensor all = at::cat(parts);
  LATENTPATH_CHECK(at::isfinite(all).all().item<bool>(), kNumerical, density.describe(),
                   " gives NaN or infinite log densities at its own samples");
  return std::get<0>(all.sort());
}

/// Probabilities of the knots: even in the middle, in geometric steps where G is small, since log G has to
/// follow it. Where 1 − G is small there are few: between closer knots the slope would follow the samples'
/// noise.
std::vector<double> knot_probabilities(int64_t samples, int64_t knots) {
  const double edge = 0.02, least = std::min(edge, 100.0 / static_cast<double>(samples)), ratio = 1.6;
  std::vector<double> p;
  for (double tail = least; tail < edge / std::sqrt(ratio); tail *= ratio) p.push_back(tail);
  for (int64_t k = 0; k < knots; ++k)
    p.push_back(edge + (1 - 2 * edge) * static_cast<double>(k) / static_cast<double>(knots - 1));
  for (int k = 0; k < 3; ++k) p.push_back(0.5 * (1 + p.back()));
  return p;
}

}  // namespace

LogDensityDistribution::LogDensityDistribution(const Density& density, const RankOptions& options) {
  LATENTPATH_CHECK(options.samples >= 1000 && options.knots >= 4, kArgument,
                   "a density rank needs at least 1000 samples and 4 knots, not ", options.samples, " and ",
                   options.knots);
  const Tensor sorted = sorted_log_densities(density, options.samples, options.seed);
  const double* l = sorted.data_ptr<double>();
  const auto n = static_cast<double>(options.samples);
  const double top = std::max(l[options.samples - 1], density.log_maximum().value_or(l[options.samples - 1]));
  // A knot each: where a share p of the samples lies below. Ties (log f constant on a set) leave the highest.
  const double apart = 1e-9 * (top - l[0]);
  LATENTPATH_CHECK(apart > 0, kNumerical, density.describe(),
                   " has the same density at all of its samples: it has no ranks");
  std::vector<double> x, y;
  for (const double p : knot_probabilities(options.samples, options.knots)) {
    const double at = p * n - 0.5;
    const auto below = static_cast<int64_t>(at);
    const double quantile = l[below] + (at - static_cast<double>(below)) * (l[below + 1] - l[below]);
    if (!x.empty() && quantile - x.back() < apart) {
      y.back() = std::log(p);
    } else if (top - quantile > apart) {
      x.push_back(quantile);
      y.push_back(std::log(p));
    }
  }
  LATENTPATH_CHECK(x.size() >= 2, kNumerical, density.describe(),
                   " has the same density at nearly all of its samples: it has no ranks");
  // Between the last sample and the supremum G is 1 to 1/n.
  x.push_back(top);
  y.push_back(0);

  // Slopes by Fritsch and Butland's weighted harmonic mean: the spline is increasing, with a continuous
  // derivative.
  const size_t last = x.size() - 1;
  std::vector<double> step(last), secant(last), slope(last + 1);
  for (size_t k = 0; k < last; ++k) {
    step[k] = x[k + 1] - x[k];
    secant[k] = (y[k + 1] - y[k]) / step[k];
  }
  for (size_t k = 1; k < last; ++k) {
    const double left = step[k] + 2 * step[k - 1], right = 2 * step[k] + step[k - 1];
    slope[k] = (left + right) / (left / secant[k - 1] + right / secant[k]);
  }
  const auto monotone = [](double wanted, double chord) { return std::clamp(wanted, 0.0, 3 * chord); };
  // The tail: the maximum-likelihood rate of an exponential through the samples below the first knot.
  double excess = 0;
  int64_t below = 0;
  while (l[below] < x[0]) excess += x[0] - l[below++];
  slope[0] = monotone(static_cast<double>(below) / excess, secant[0]);
  slope[last] = monotone(
      ((2 * step[last - 1] + step[last - 2]) * secant[last - 1] - step[last - 1] * secant[last - 2]) /
          (step[last - 1] + step[last - 2]),
      secant[last - 1]);
  knot_ = at::tensor(x, at::kDouble);
  value_ = at::tensor(y, at::kDouble);
  slope_ = at::tensor(slope, at::kDouble);
}

Tensor LogDensityDistribution::log_value(const Tensor& log_density) const {
  const Tensor l = log_density.to(at::kDouble).contiguous();
  const int64_t last = knot_.size(0) - 1;
  const double lowest = knot_[0].item<double>(), top = knot_[last].item<double>();
  const Tensor inside = l.clamp(lowest, top);
  const Tensor left =
      (at::searchsorted(knot_, inside.detach(), /*out_int32=*/false, /*right=*/true) - 1).clamp(0, last - 1);
  const auto at_left = [&](const Tensor& values) { return values.index_select(0, left); };
  const auto at_right = [&](const Tensor& values) { return values.index_select(0, left + 1); };
  const Tensor width = at_right(knot_) - at_left(knot_);
  const Tensor s = (inside - at_left(knot_)) / width;
  const Tensor rise = at_right(value_) - at_left(value_);
  const Tensor m0 = at_left(slope_) * width, m1 = at_right(slope_) * width;
  // Hermite's cubic with value 0 and `rise`, slopes m0 and m1.
  const Tensor cubic = at_left(value_) + s * (m0 + s * ((3 * rise - 2 * m0 - m1) + s * (m0 + m1 - 2 * rise)));
  const Tensor tail = value_[0] + slope_[0] * (l - lowest);
  return at::where(l < lowest, tail, cubic).clamp_max(0);  // the cubic may round to 1e-16 above
}

Tensor LogDensityDistribution::operator()(const Tensor& log_density) const {
  return at::exp(log_value(log_density));
}

namespace {

class DensityRank final : public Quality {
 public:
  DensityRank(DensityPointer density, std::shared_ptr<const LogDensityDistribution> distribution)
      : density_(std::move(density)), distribution_(std::move(distribution)) {}
  Tensor evaluate(const QualityPoints& points) const override {
    return (*distribution_)(density_->log_density(points.latent)).to(points.latent.scalar_type());
  }
  bool concurrent() const override { return true; }
  std::string describe() const override { return "rank of the " + density_->describe(); }

 private:
  DensityPointer density_;
  std::shared_ptr<const LogDensityDistribution> distribution_;
};

/// (1/n) Σ_i Φ_N((l − l_i)/h) for each l, and its derivative; a tile of points against all samples at a time.
class NormalKernelSum final : public torch::autograd::Function<NormalKernelSum> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& l, const Tensor& samples,
                        double width) {
    context->save_for_backward({l, samples});
    context->saved_data["width"] = width;
    return tiled(l, samples, [width](const Tensor& away) {
      // erfc(−x) and not 1 + erf(x), which has no digits left in the lower tail.
      return (0.5 * away.div_(-width * M_SQRT2).erfc_().mean(1)).clamp_max(1);
    });
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradient) {
    const auto saved = context->get_saved_variables();
    const double width = context->saved_data["width"].toDouble();
    // Made of differentiable operations, so that second derivatives exist for whoever asks.
    const Tensor density = tiled(saved[0], saved[1], [width](const Tensor& away) {
      return (away / width).square().mul(-0.5).exp().mean(1) / (width * std::sqrt(2 * M_PI));
    });
    return {gradient[0] * density, Tensor(), Tensor()};
  }

 private:
  template <typename Reduce>
  static Tensor tiled(const Tensor& l, const Tensor& samples, const Reduce& reduce) {
    std::vector<Tensor> parts;
    for (const Tensor& tile : l.split(64)) parts.push_back(reduce(tile.unsqueeze(1) - samples));
    return at::cat(parts);
  }
};

class PaperDensityRank final : public Quality {
 public:
  PaperDensityRank(DensityPointer density, const PaperRankOptions& options) : density_(std::move(density)) {
    LATENTPATH_CHECK(options.samples >= 2, kArgument, "a density rank needs at least 2 samples, not ",
                     options.samples);
    samples_ = sorted_log_densities(*density_, options.samples, options.seed);
    width_ =
        std::pow(4.0 / (3.0 * static_cast<double>(options.samples)), 0.2) * samples_.std().item<double>();
    LATENTPATH_CHECK(width_ > 0, kNumerical, density_->describe(),
                     " has the same density at all of its samples: it has no ranks");
  }
  Tensor evaluate(const QualityPoints& points) const override {
    return NormalKernelSum::apply(density_->log_density(points.latent), samples_, width_)
        .to(points.latent.scalar_type());
  }
  std::string describe() const override {
    return join_message("rank of the ", density_->describe(), ", kernel estimate from ", samples_.size(0),
                        " samples");
  }

 private:
  DensityPointer density_;
  Tensor samples_;
  double width_ = 0;
};

class Scaled final : public Quality {
 public:
  Scaled(QualityPointer quality, double alpha) : quality_(std::move(quality)), alpha_(alpha) {
    LATENTPATH_CHECK(quality_ != nullptr, kArgument, "a quality is missing (null)");
    LATENTPATH_CHECK(alpha_ > 0 && alpha_ <= 1, kArgument,
                     "the scale of a quality must satisfy 0 < alpha <= 1, not ", alpha_);
  }
  Tensor evaluate(const QualityPoints& points) const override { return alpha_ * quality_->evaluate(points); }
  bool depends_on_time() const override { return quality_->depends_on_time(); }
  bool needs_decoded() const override { return quality_->needs_decoded(); }
  bool concurrent() const override { return quality_->concurrent(); }
  int64_t operations_per_point() const override { return quality_->operations_per_point(); }
  std::string describe() const override { return join_message(alpha_, " x ", quality_->describe()); }

 private:
  QualityPointer quality_;
  double alpha_;
};

void check_density(const DensityPointer& density) {
  LATENTPATH_CHECK(density != nullptr, kArgument, "a density rank needs a density (it is null)");
}

}  // namespace

QualityPointer density_rank(DensityPointer density, const RankOptions& options) {
  check_density(density);
  if (QualityPointer support = density->level_support()) return support;
  auto distribution = std::make_shared<const LogDensityDistribution>(*density, options);
  return density_rank(std::move(density), std::move(distribution));
}

QualityPointer density_rank(DensityPointer density,
                            std::shared_ptr<const LogDensityDistribution> distribution) {
  check_density(density);
  LATENTPATH_CHECK(distribution != nullptr, kArgument, "a density rank needs a distribution (it is null)");
  return std::make_shared<DensityRank>(std::move(density), std::move(distribution));
}

QualityPointer density_rank_paper(DensityPointer density, const PaperRankOptions& options) {
  check_density(density);
  return std::make_shared<PaperDensityRank>(std::move(density), options);
}

QualityPointer scaled(QualityPointer quality, double alpha) {
  return std::make_shared<Scaled>(std::move(quality), alpha);
}

}  // namespace latentpath
