#pragma once
// Between the two realisations of a problem: analytic maps, qualities and metrics on tensors, so that
// everything that takes an Embedding and a Quality takes them; and tensors (TorchScript files) as analytic
// maps, so that Newton's method takes those. as_embedding(), as_quality() and as_metric_tensor() give
// tensors, as_chart(), as_analytic() and as_level_set() give analytic ones. What was made of the other kind
// gives that back, so no map is wrapped twice.
//
//   PathProblem problem{.embedding = as_embedding(stereographic_chart(2)), .start = z0, .end = z1};
//   auto map = as_chart(load_decoder("decoder.pt"), 2);

#include <memory>
#include <numbers>

#include "latentpath/metric/analytic_quality.h"
#include "latentpath/metric/embedding.h"
#include "latentpath/metric/metric_tensor.h"
#include "latentpath/metric/quality.h"

namespace latentpath {

/// Φ on tensors [n, D] → [n, M]. First and second derivatives by reverse mode go through the map's own code.
std::shared_ptr<Embedding> as_embedding(ChartPointer chart);

/// Q on tensors.
QualityPointer as_quality(AnalyticQualityPointer quality);

/// G on tensors, with derivatives of first and second order.
MetricTensorPointer as_metric_tensor(AnalyticMetricPointer metric);

/// An embedding as a chart: its own analytic map where it has one, else values, Jacobians and curvatures
/// through LibTorch, all points of a path in one batch: the model is run on M or D copies of every point,
/// whichever are fewer passes, and curvatures differentiate a reverse pass (has_curvatures() is false where
/// the model cannot do that). `latent_dim` 0: the embedding's own. The embedding's metric is not part of the
/// chart: as_analytic(metric).
ChartPointer as_chart(std::shared_ptr<const Embedding> embedding, int latent_dim = 0);

/// A quality as an analytic one: its own where it has one, else AnalyticQuality::Form::kQuality through
/// LibTorch. `decoder` is needed where the quality looks at decoded points.
AnalyticQualityPointer as_analytic(QualityPointer quality, int latent_dim,
                                   std::shared_ptr<const Embedding> decoder = {});

/// A metric as an analytic one: its own where it has one, else through LibTorch. `dim` 0: the metric's own.
AnalyticMetricPointer as_analytic(MetricTensorPointer metric, int dim = 0);

/// d_M from any embedding with one output a point: Q = exp(−n_M − K d_M), n_M the weight on the set.
AnalyticQualityPointer as_level_set(std::shared_ptr<const Embedding> distance, double stiffness,
                                    int latent_dim = 0, double set_weight = std::numbers::ln2);

}  // namespace latentpath
