#pragma once
// What should not change on the way: qualities that compare a place with the two ends of its path.
//
//   keep_features:       Q(z) = 1 / (1 + (d/s)²),  d = min(‖f(z) − f(z0)‖, ‖f(z) − f(z1)‖)
//   keep_probabilities:  Q(z) = max over both ends e of Π_c (1 − |p_c(z) − p_c(e)|)
//
// f are features of what a place decodes to, s is the distance that counts as half good: a place as far as
// that from the nearer end. p_c are probabilities that are to stay as they are at the ends. Both are 1 at the
// ends themselves, so they need no time ramp. A path whose ends differ has to change somewhere, and does so
// once.
//
// They are other qualities for each pair of ends. Paths of several pairs are sought one pair at a time
// (quality_of_pair(), path/quality_of_pair.h); asked of a place by itself, such a quality is 1.
//
//   const auto features = [&](const QualityPoints& points) { return network(points.decoded); };
//   auto identity = latentpath::keep_features({.of = features, .name = "identity"}, 4.0);
//   problem.quality = product({time_ramp(glasses), identity});

#include <functional>
#include <string>

#include "latentpath/metric/quality.h"

namespace latentpath {

/// What places are compared by.
struct PointFeatures {
  std::function<Tensor(const QualityPoints& points)> of;  ///< [n, F], differentiable
  std::string name;
  bool needs_decoded = true;         ///< looks at QualityPoints::decoded
  bool concurrent = false;           ///< several threads may call it at once
  int64_t operations_per_point = 0;  ///< as Quality has it
};

/// Throws Error(kArgument) for a scale that is not a number above 0.
QualityPointer keep_features(PointFeatures features, double scale);

/// `probabilities.of` gives those that are to stay, [n, C] in [0, 1].
QualityPointer keep_probabilities(PointFeatures probabilities);

/// Distance of places from the nearer of two: features [n, F], ends [2, F] → [n].
Tensor distance_to_nearer(const Tensor& features, const Tensor& ends);
/// 1 − Q of keep_probabilities(): probabilities [n, C], ends [2, C] → [n] in [0, 1].
Tensor change_from_nearer(const Tensor& probabilities, const Tensor& ends);

/// A quality that is another one for each pair of ends.
class EndQuality : public Quality {
 public:
  /// The quality of the paths between two points; `ends` are both, decoded where needs_decoded().
  virtual QualityPointer between(const QualityPoints& ends) const = 0;
};

/// Whether it is an EndQuality, or made of one.
bool depends_on_ends(const Quality& quality);

/// The same quality with each EndQuality that it is made of replaced by that of these ends, [2, D]; one that
/// depends on none is returned as it is. `embedding` decodes them where that is needed.
QualityPointer between_ends(const QualityPointer& quality, const Tensor& ends, const Embedding& embedding);

}  // namespace latentpath
