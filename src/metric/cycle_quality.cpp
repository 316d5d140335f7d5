#include "latentpath/metric/cycle_quality.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "latentpath/core/device.h"
#include "latentpath/core/error.h"
#include "metric/composite_quality.h"
#include "metric/guard_formula.h"

namespace latentpath {
namespace {

/// log ‖x' − x‖ [n] float64, on the host; the floor keeps the derivative of the root finite where an image
/// comes back exactly.
Tensor log_errors(const Tensor& again, const Tensor& decoded) {
  const Tensor apart = (again - decoded.to(again.device())).flatten(1).to(at::kDouble);
  return 0.5 * on_host(apart.square().sum(1)).clamp_min(1e-24).log();
}

class CycleQuality final : public CompositeQuality {
 public:
  CycleQuality(std::vector<QualityPointer> parts, Cycle cycle, double mean, double deviation,
               const CycleOptions& options)
      : CompositeQuality(std::move(parts)),
        cycle_(std::move(cycle)),
        mean_(mean),
        deviation_(deviation),
        options_(options),
        formula_(options.samples) {}
  Tensor evaluate(const QualityPoints& points) const override {
    Tensor q, image = points.decoded;
    for (int64_t round = 0; round < options_.cycles; ++round) {
      const Tensor codes = cycle_.encode(image), again = (*cycle_.decoder)(codes);
      if (round == 0) {
        const Tensor away = (log_errors(again, image) - mean_) / deviation_;
        q = formula_(at::special_log_ndtr(-away)).to(points.latent.device(), points.latent.scalar_type());
      }
      for (const QualityPointer& part : parts_) q = q * part->evaluate({codes, points.time, again});
      if (parts_.empty()) break;  // the error is that of the first
      image = again;
    }
    return q;
  }
  bool needs_decoded() const override { return true; }
  bool concurrent() const override { return cycle_.concurrent && CompositeQuality::concurrent(); }
  std::shared_ptr<const Embedding> decodes_by() const override { return cycle_.decoder; }
  QualityPointer made_of(std::vector<QualityPointer> parts) const override {
    return remade_by(cycle_.decoder, std::move(parts));
  }
  QualityPointer remade_by(const std::shared_ptr<const Embedding>& decoder,
                           std::vector<QualityPointer> parts) const override {
    const Cycle cycle{decoder, cycle_.encode, cycle_.concurrent};
    return std::make_shared<CycleQuality>(std::move(parts), cycle, mean_, deviation_, options_);
  }
  std::string describe() const override {
    return join_message("of what encoder and decoder give back (no worse than the worst of ",
                        options_.samples, " codes)", parts_.empty() ? "" : ": ",
                        parts_.empty() ? "" : parts_[0]->describe());
  }

 private:
  Cycle cycle_;
  double mean_, deviation_;  // of the logarithms of the errors of codes
  CycleOptions options_;
  detail::GuardFormula formula_;
};

void check(const Cycle& cycle) {
  LATENTPATH_CHECK(cycle.decoder != nullptr && cycle.encode != nullptr, kArgument,
                   "a cycle needs a decoder and an encoder");
}

}  // namespace

Tensor cycle_errors(const Cycle& cycle, const Tensor& latents) {
  check(cycle);
  const at::NoGradGuard no_gradient;
  std::vector<Tensor> parts;
  for (const Tensor& part : latents.split(128)) {
    const Tensor decoded = (*cycle.decoder)(part);
    parts.push_back(at::exp(log_errors((*cycle.decoder)(cycle.encode(decoded)), decoded)));
  }
  return at::cat(parts);
}

QualityPointer cycle_quality(QualityPointer quality, Cycle cycle, const Tensor& errors,
                             const CycleOptions& options) {
  check(cycle);
  LATENTPATH_CHECK(errors.dim() == 1 && errors.size(0) >= 20 && at::isfinite(errors).all().item<bool>(),
                   kArgument, "a cycle quality needs the errors of 20 codes or more, finite numbers");
  LATENTPATH_CHECK(options.samples >= 1 && std::isfinite(options.samples), kArgument,
                   "the samples of a cycle quality must be a number of at least 1, not ", options.samples);
  LATENTPATH_CHECK(options.cycles >= 1, kArgument, "a cycle quality needs at least 1 cycle, not ",
                   options.cycles);
  // What is a hundredth of the worst errors comes back exactly, and how exactly says nothing.
  const double worst = errors.to(at::kDouble).quantile(0.95).item<double>();
  const Tensor logarithms = errors.to(at::kDouble).clamp_min(std::max(1e-12, 0.01 * worst)).log();
  std::vector<QualityPointer> parts;
  if (quality) parts.push_back(std::move(quality));
  // Of errors that are all alike, as of an exact inverse, a percent more is no stranger.
  const double deviation = std::max(1e-2, logarithms.std().item<double>());
  return std::make_shared<CycleQuality>(std::move(parts), std::move(cycle), logarithms.mean().item<double>(),
                                        deviation, options);
}

}  // namespace latentpath
