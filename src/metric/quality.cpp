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

/// A quality made of others passes on what they need.
class CompositeQuality : public Quality {
 public:
  explicit CompositeQuality(std::vector<QualityPointer> parts) : parts_(std::move(parts)) {
    for (const auto& part : parts_)
      LATENTPATH_CHECK(part != nullptr, kArgument, "a quality is missing (null)");
  }
  bool depends_on_time() const override {
    for (const auto& part : parts_)
      if (part->depends_on_time()) return true;
    return false;
  }
  bool needs_decoded() const override {
    for (const auto& part : parts_)
      if (part->needs_decoded()) return true;
    return false;
  }
  bool concurrent() const override {
    for (const auto& part : parts_)
      if (!part->concurrent()) return false;
    return true;
  }
  int64_t operations_per_point() const override {
    int64_t sum = 0;
    for (const auto& part : parts_) sum += part->operations_per_point();
    return sum;
  }
  std::vector<QualityPointer> parts() const override { return parts_; }

 protected:
  std::vector<QualityPointer> parts_;
};

class Complement final : public CompositeQuality {
 public:
  using CompositeQuality::CompositeQuality;
  Tensor evaluate(const QualityPoints& points) const override { return 1 - parts_[0]->evaluate(points); }
  Tensor at_times(const QualityPoints& points, const Tensor& times) const override {
    return 1 - parts_[0]->at_times(points, times);
  }
  std::string describe() const override { return "1 - " + parts_[0]->describe(); }
};

class TimeRamp final : public CompositeQuality {
 public:
  using CompositeQuality::CompositeQuality;
  Tensor evaluate(const QualityPoints& points) const override {
    return 1 - 4 * points.time * (1 - points.time) * (1 - parts_[0]->evaluate(points));
  }
  Tensor at_times(const QualityPoints& points, const Tensor& times) const override {
    const Tensor quality = parts_[0]->at_times(points, times), t = times.to(quality.options());
    return 1 - 4 * t * (1 - t) * (1 - quality);
  }
  bool depends_on_time() const override { return true; }
  std::string describe() const override { return "time ramp of " + parts_[0]->describe(); }
};

class Product final : public CompositeQuality {
 public:
  using CompositeQuality::CompositeQuality;
  Tensor evaluate(const QualityPoints& points) const override {
    Tensor value = parts_[0]->evaluate(points);
    for (size_t i = 1; i < parts_.size(); ++i) value = value * parts_[i]->evaluate(points);
    return value;
  }
  Tensor at_times(const QualityPoints& points, const Tensor& times) const override {
    Tensor value = parts_[0]->at_times(points, times);
    for (size_t i = 1; i < parts_.size(); ++i) value = value * parts_[i]->at_times(points, times);
    return value;
  }
  std::string describe() const override {
    std::string text;
    for (const auto& part : parts_) text += (text.empty() ? "" : " x ") + part->describe();
    return text;
  }
};

class Power final : public CompositeQuality {
 public:
  Power(QualityPointer quality, double exponent)
      : CompositeQuality({std::move(quality)}), exponent_(exponent) {}
  Tensor evaluate(const QualityPoints& points) const override {
    // The floor keeps the derivative finite where Q = 0 and the exponent is below 1.
    return parts_[0]->evaluate(points).clamp_min(1e-30).pow(exponent_);
  }
  Tensor at_times(const QualityPoints& points, const Tensor& times) const override {
    return parts_[0]->at_times(points, times).clamp_min(1e-30).pow(exponent_);
  }
  std::string describe() const override { return join_message("(", parts_[0]->describe(), ")^", exponent_); }

 private:
  double exponent_;
};

class ShiftedOdds final : public CompositeQuality {
 public:
  ShiftedOdds(QualityPointer quality, double odds) : CompositeQuality({std::move(quality)}), odds_(odds) {}
  Tensor evaluate(const QualityPoints& points) const override { return shifted(parts_[0]->evaluate(points)); }
  Tensor at_times(const QualityPoints& points, const Tensor& times) const override {
    return shifted(parts_[0]->at_times(points, times));
  }
  std::string describe() const override {
    return join_message(parts_[0]->describe(), " at odds of ", odds_, " to 1");
  }

 private:
  Tensor shifted(const Tensor& quality) const { return quality / (quality + odds_ * (1 - quality)); }
  double odds_;
};

void check_latent_dim(int64_t latent_dim) {
  LATENTPATH_CHECK(latent_dim >= 1, kArgument, "a normal prior needs a latent size of at least 1, not ",
                   latent_dim);
}

void check_size(const Tensor& z, int64_t latent_dim) {
  LATENTPATH_CHECK(z.size(-1) == latent_dim, kArgument, "the normal prior of latent size ", latent_dim,
                   " is asked about points of size ", z.size(-1), ": it must be made for that size");
}

class AtDecoded final : public CompositeQuality {
 public:
  AtDecoded(QualityPointer quality, std::shared_ptr<const Embedding> decoder)
      : CompositeQuality({std::move(quality)}), decoder_(std::move(decoder)) {}
  Tensor evaluate(const QualityPoints& points) const override { return parts_[0]->evaluate(decoded(points)); }
  Tensor at_times(const QualityPoints& points, const Tensor& times) const override {
    return parts_[0]->at_times(decoded(points), times);
  }
  bool needs_decoded() const override { return false; }
  bool concurrent() const override { return parts_[0]->concurrent() && decoder_->concurrent(); }
  int64_t operations_per_point() const override {
    return parts_[0]->operations_per_point() + decoder_->operations_per_point();
  }
  std::vector<QualityPointer> parts() const override { return {}; }  // of another decoder, maybe
  std::string describe() const override { return parts_[0]->describe(); }

 private:
  QualityPoints decoded(const QualityPoints& points) const {
    return {points.latent, points.time, (*decoder_)(points.latent)};
  }
  std::shared_ptr<const Embedding> decoder_;
};

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

QualityPointer complement(QualityPointer quality) {
  return std::make_shared<Complement>(std::vector<QualityPointer>{std::move(quality)});
}

QualityPointer time_ramp(QualityPointer quality) {
  return std::make_shared<TimeRamp>(std::vector<QualityPointer>{std::move(quality)});
}

QualityPointer product(std::vector<QualityPointer> factors) {
  LATENTPATH_CHECK(!factors.empty(), kArgument, "a product of qualities needs at least one factor");
  LATENTPATH_CHECK(factors[0] != nullptr, kArgument, "a quality is missing (null)");
  if (factors.size() == 1) return factors[0];
  return std::make_shared<Product>(std::move(factors));
}

QualityPointer power(QualityPointer quality, double exponent) {
  LATENTPATH_CHECK(exponent > 0, kArgument, "the exponent of a quality must be positive, not ", exponent);
  return std::make_shared<Power>(std::move(quality), exponent);
}

QualityPointer shift_odds(QualityPointer quality, double odds) {
  LATENTPATH_CHECK(odds > 0, kArgument, "the odds of a quality must be positive, not ", odds);
  LATENTPATH_CHECK(quality != nullptr, kArgument, "a quality is missing (null)");
  if (odds == 1) return quality;
  return std::make_shared<ShiftedOdds>(std::move(quality), odds);
}

QualityPointer at_decoded(QualityPointer quality, std::shared_ptr<const Embedding> decoder) {
  LATENTPATH_CHECK(quality != nullptr && decoder != nullptr, kArgument,
                   "at_decoded needs a quality and a decoder");
  if (!quality->needs_decoded()) return quality;
  return std::make_shared<AtDecoded>(std::move(quality), std::move(decoder));
}

Tensor regularise(const Tensor& quality, double epsilon) {
  check_epsilon(epsilon);
  return epsilon + (1 - 2 * epsilon) * quality;
}

}  // namespace latentpath
