#pragma once
// Decoding and evaluating many points at once, on all threads: the part of an energy that costs time.

#include "latentpath/metric/embedding.h"
#include "latentpath/metric/quality.h"

namespace latentpath {

struct PointValues {
  Tensor images;   ///< Φ(nodes) [a, …]
  Tensor quality;  ///< Q_t(middles) [b]
};

/// Differentiable once with respect to nodes [a, D] and middles [b, D]. Where embedding and quality allow it,
/// every thread takes its share of the points through the whole model, forwards and backwards. Where there
/// are more points than the embedding's batch_limits() allow, shares that fit are mapped one after the other
/// and forgotten, and mapped again on the way back: each point then counts twice. Both must live until then.
PointValues evaluate_points(const Embedding& embedding, const Quality& quality, const Tensor& nodes,
                            const Tensor& middles, const Tensor& middle_time);

/// Φ(points), [n, D] → [n, …], without gradient.
Tensor decode_points(const Embedding& embedding, const Tensor& points);

/// Q_t of points [n, D] at times [n], decoded [n, …] where the quality needs it, without gradient.
Tensor evaluate_quality(const Quality& quality, const QualityPoints& points);

/// Q_t of points [n, D] at every one of `times` [T], [n, T], decoded where needed, without gradient.
Tensor evaluate_quality_at_times(const Quality& quality, const QualityPoints& points, const Tensor& times);

}  // namespace latentpath
