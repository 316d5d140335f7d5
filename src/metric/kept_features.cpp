#include "latentpath/metric/kept_features.h"

#include <ATen/ATen.h>

#include <cmath>
#include <memory>
#include <utility>

#include "latentpath/core/error.h"
#include "latentpath/metric/embedding.h"
#include "metric/composite_quality.h"

namespace latentpath {
namespace {

Tensor squared_distance_to_nearer(const Tensor& features, const Tensor& ends) {
  return at::minimum((features - ends[0]).square().sum(1), (features - ends[1]).square().sum(1));
}

/// Π_c (1 − |p_c − q_c|), [n].
Tensor agreement(const Tensor& p, const Tensor& q) { return (1 - (p - q).abs()).clamp(0, 1).prod(1); }

/// How a place is compared with the ends: their features [n, F] and [2, F] → Q [n].
using Comparison = std::function<Tensor(const Tensor& features, const Tensor& ends)>;

struct Kept {
  PointFeatures features;
  Comparison compare;
  std::string name;

  Tensor of(const QualityPoints& points) const {
    Tensor values = features.of(points);
    LATENTPATH_CHECK(values.defined() && values.dim() == 2 && values.size(0) == points.latent.size(0), kInput,
                     features.name, " must map ", points.latent.size(0), " points to [",
                     points.latent.size(0), ", F], not to ",
                     values.defined() ? shape_string(values.sizes()) : std::string("nothing"));
    return values;
  }
};
using KeptPointer = std::shared_ptr<const Kept>;

/// What qualities of features have in common.
template <class Base>
class OfFeatures : public Base {
 public:
  explicit OfFeatures(KeptPointer kept) : kept_(std::move(kept)) {}
  bool needs_decoded() const override { return kept_->features.needs_decoded; }
  bool concurrent() const override { return kept_->features.concurrent; }
  int64_t operations_per_point() const override { return kept_->features.operations_per_point; }
  std::string describe() const override { return kept_->name; }

 protected:
  KeptPointer kept_;
};

/// Of one pair of ends, whose features are known.
class KeptBetween final : public OfFeatures<Quality> {
 public:
  KeptBetween(KeptPointer kept, Tensor ends) : OfFeatures(std::move(kept)), ends_(std::move(ends)) {}
  Tensor evaluate(const QualityPoints& points) const override {
    return kept_->compare(kept_->of(points), ends_).to(points.latent.device());
  }

 private:
  Tensor ends_;  // [2, F]
};

class KeptQuality final : public OfFeatures<EndQuality> {
 public:
  using OfFeatures::OfFeatures;
  Tensor evaluate(const QualityPoints& points) const override {
    return at::ones({points.latent.size(0)}, points.latent.options().requires_grad(false));
  }
  QualityPointer between(const QualityPoints& ends) const override {
    const at::NoGradGuard no_gradient;
    const Tensor features = kept_->of(ends);
    LATENTPATH_CHECK(at::isfinite(features).all().item<bool>(), kNumerical, kept_->features.name,
                     " gives NaN or infinite values at an end of the path");
    return std::make_shared<KeptBetween>(kept_, features);
  }
};

}  // namespace

Tensor distance_to_nearer(const Tensor& features, const Tensor& ends) {
  return squared_distance_to_nearer(features, ends).sqrt();
}

Tensor change_from_nearer(const Tensor& probabilities, const Tensor& ends) {
  return 1 - at::maximum(agreement(probabilities, ends[0]), agreement(probabilities, ends[1]));
}

QualityPointer keep_features(PointFeatures features, double scale) {
  LATENTPATH_CHECK(features.of != nullptr, kArgument, "features that are to be kept need a function");
  LATENTPATH_CHECK(scale > 0 && std::isfinite(scale), kArgument,
                   "the scale of features that are to be kept must be a number above 0, not ", scale);
  std::string name = join_message("keep ", features.name, " within ", scale);
  const double square = scale * scale;
  return std::make_shared<KeptQuality>(
      std::make_shared<const Kept>(Kept{std::move(features),
                                        [square](const Tensor& f, const Tensor& ends) {
                                          return square / (square + squared_distance_to_nearer(f, ends));
                                        },
                                        std::move(name)}));
}

QualityPointer keep_probabilities(PointFeatures probabilities) {
  LATENTPATH_CHECK(probabilities.of != nullptr, kArgument, "classes that are to be kept need a function");
  std::string name = "keep " + probabilities.name;
  return std::make_shared<KeptQuality>(std::make_shared<const Kept>(Kept{
      std::move(probabilities),
      [](const Tensor& p, const Tensor& ends) { return 1 - change_from_nearer(p, ends); }, std::move(name)}));
}

bool depends_on_ends(const Quality& quality) {
  if (dynamic_cast<const EndQuality*>(&quality) != nullptr) return true;
  const auto* composite = dynamic_cast<const CompositeQuality*>(&quality);
  if (composite == nullptr) return false;
  for (const QualityPointer& part : composite->inner())
    if (depends_on_ends(*part)) return true;
  return false;
}

QualityPointer between_ends(const QualityPointer& quality, const Tensor& ends, const Embedding& embedding) {
  LATENTPATH_CHECK(quality != nullptr, kArgument, "a quality is missing (null)");
  if (!depends_on_ends(*quality)) return quality;
  if (const auto* end_quality = dynamic_cast<const EndQuality*>(quality.get())) {
    const at::NoGradGuard no_gradient;
    const Tensor time = at::tensor({0.0, 1.0}, ends.options().requires_grad(false));
    return end_quality->between({ends, time, quality->needs_decoded() ? embedding(ends) : Tensor()});
  }
  const auto& composite = dynamic_cast<const CompositeQuality&>(*quality);
  const auto own = composite.own_decoder();
  std::vector<QualityPointer> parts;
  for (const QualityPointer& part : composite.inner())
    parts.push_back(between_ends(part, ends, own ? *own : embedding));
  return composite.made_of(std::move(parts));
}

}  // namespace latentpath
