#pragma once
// measured_by: the same problem, with lengths measured by a metric of the latent space, or in the space of
// another embedding, in place of the decoder's.
//
// Qualities and features that look at decoded points still do: they decode for themselves. Via points are
// drawn from where they were drawn before.
//
//   PathProblem problem{.embedding = decoder, .quality = time_ramp(class_probability(classifier, 8)), …};
//   PathResult result = find_path(measured_by(problem, load_metric("learned.pt", 8)), options);

#include "latentpath/metric/metric_tensor.h"
#include "latentpath/path/find_path.h"

namespace latentpath {

/// Throws Error(kArgument) where the metric is of another dimension than the end points.
PathProblem measured_by(PathProblem problem, MetricTensorPointer metric);

/// The same with lengths in the space of `embedding`: of features of what the decoder makes, say
/// (embedding_in(), models/feature_model.h).
PathProblem measured_by(PathProblem problem, std::shared_ptr<const Embedding> embedding);

}  // namespace latentpath
