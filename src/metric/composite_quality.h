#pragma once
// CompositeQuality: what qualities made of others have in common, and how the same is made of other parts.

#include <memory>
#include <utility>
#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/metric/quality.h"

namespace latentpath {

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

  const std::vector<QualityPointer>& inner() const { return parts_; }
  /// The decoder that it gives its parts the points of; null: that of whoever asks.
  virtual std::shared_ptr<const Embedding> own_decoder() const { return nullptr; }
  /// The decoder by which it decodes points itself; null: it decodes none.
  virtual std::shared_ptr<const Embedding> decodes_by() const { return own_decoder(); }
  /// The same made of other parts.
  virtual QualityPointer made_of(std::vector<QualityPointer> parts) const = 0;
  /// The same made of other parts and of another realisation of decodes_by(), which is there.
  virtual QualityPointer remade_by(const std::shared_ptr<const Embedding>& /*decoder*/,
                                   std::vector<QualityPointer> parts) const {
    return made_of(std::move(parts));
  }

 protected:
  std::vector<QualityPointer> parts_;
};

}  // namespace latentpath
