#include "metric/composite_quality.h"

#include <ATen/ATen.h>

#include <string>

#include "latentpath/metric/embedding.h"

namespace latentpath {
namespace {

class Complement final : public CompositeQuality {
 public:
  using CompositeQuality::CompositeQuality;
  Tensor evaluate(const QualityPoints& points) const override { return 1 - parts_[0]->evaluate(points); }
  Tensor at_times(const QualityPoints& points, const Tensor& times) const override {
    return 1 - parts_[0]->at_times(points, times);
  }
  std::string describe() const override { return "1 - " + parts_[0]->describe(); }

  QualityPointer made_of(std::vector<QualityPointer> parts) const override { return complement(parts[0]); }
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

  QualityPointer made_of(std::vector<QualityPointer> parts) const override { return time_ramp(parts[0]); }
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

  QualityPointer made_of(std::vector<QualityPointer> parts) const override {
    return product(std::move(parts));
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

  QualityPointer made_of(std::vector<QualityPointer> parts) const override {
    return power(parts[0], exponent_);
  }

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

  QualityPointer made_of(std::vector<QualityPointer> parts) const override {
    return shift_odds(parts[0], odds_);
  }

 private:
  Tensor shifted(const Tensor& quality) const { return quality / (quality + odds_ * (1 - quality)); }
  double odds_;
};

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

  std::shared_ptr<const Embedding> own_decoder() const override { return decoder_; }
  QualityPointer made_of(std::vector<QualityPointer> parts) const override {
    return remade_by(decoder_, std::move(parts));
  }
  QualityPointer remade_by(const std::shared_ptr<const Embedding>& decoder,
                           std::vector<QualityPointer> parts) const override {
    return at_decoded(parts[0], decoder);
  }

 private:
  QualityPoints decoded(const QualityPoints& points) const {
    return {points.latent, points.time, (*decoder_)(points.latent)};
  }
  std::shared_ptr<const Embedding> decoder_;
};

}  // namespace

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

}  // namespace latentpath
