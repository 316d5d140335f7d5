#pragma once
// Between the two worlds: analytic maps as Embedding and Quality, so that find_path and everything else works
// on them; embeddings and qualities on tensors (TorchScript files) as analytic maps, so that the fast
// geodesic solvers work on those.
//
//   PathProblem problem{.embedding = chart_embedding(stereographic_chart(2)), .start = z0, .end = z1};
//   auto map = embedding_chart(load_decoder("decoder.pt"), 2);

#include <memory>

#include "latentpath/metric/analytic_quality.h"
#include "latentpath/metric/embedding.h"
#include "latentpath/metric/quality.h"

namespace latentpath {

/// Φ on tensors [n, D] → [n, M]. First and second derivatives by reverse mode go through the map's own code.
std::shared_ptr<Embedding> chart_embedding(ChartPointer chart);

/// Q on tensors.
QualityPointer tensor_quality(AnalyticQualityPointer quality);

/// An embedding as a chart: values, Jacobians and curvatures in batches through LibTorch, curvatures by
/// differentiating a reverse pass (has_curvatures() is false where the model cannot do that). `latent_dim` 0:
/// the embedding's own.
ChartPointer embedding_chart(std::shared_ptr<const Embedding> embedding, int latent_dim = 0);

/// A quality as an analytic one, AnalyticQuality::Form::kQuality. `decoder` is needed where the quality looks
/// at decoded points.
AnalyticQualityPointer quality_function(QualityPointer quality, int latent_dim,
                                        std::shared_ptr<const Embedding> decoder = {});

/// d_M from any embedding with one output a point: Q = ½ exp(−K d_M).
AnalyticQualityPointer level_set_function(std::shared_ptr<const Embedding> distance, double stiffness,
                                          int latent_dim = 0);

}  // namespace latentpath
