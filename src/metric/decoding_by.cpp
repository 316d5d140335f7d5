#include "latentpath/metric/decoding_by.h"

#include <vector>

#include "metric/composite_quality.h"

namespace latentpath {

QualityPointer decoding_by(const QualityPointer& quality, const std::shared_ptr<const Embedding>& decoder,
                           const std::shared_ptr<const Embedding>& by) {
  const auto* composite = dynamic_cast<const CompositeQuality*>(quality.get());
  if (composite == nullptr) return quality;
  bool changed = false;
  std::vector<QualityPointer> parts;
  for (const QualityPointer& part : composite->inner()) {
    parts.push_back(decoding_by(part, decoder, by));
    changed = changed || parts.back() != part;
  }
  if (composite->decodes_by() == decoder) return composite->remade_by(by, std::move(parts));
  return changed ? composite->made_of(std::move(parts)) : quality;
}

}  // namespace latentpath
