#pragma once
// What the memory of a problem's points allows.
//
// A decoder of large pictures holds hundreds of megabytes for the derivative of each. So two points are
// mapped and differentiated once, what their tensors hold is counted, and a map that knows its limits is
// given no more at once: evaluate_points() maps, differentiates and drops shares of a path.
//
//   decoder->limit_batches(latentpath::find_batch_limits(*decoder, nullptr, z));   // z [2, D]

#include "latentpath/core/tensor.h"
#include "latentpath/metric/batch_limits.h"
#include "latentpath/metric/embedding.h"
#include "latentpath/metric/quality.h"

namespace latentpath {

/// What fits into so many gigabytes, 0: a half of available_memory() of the device of the outputs. A half of
/// them is for points that are differentiated, a half for outputs that are kept (a sum over a path holds
/// eight of each: nodes, midpoints, the next grid's, differences, squares). `quality` may be null; `points`
/// [2, D] are mapped and differentiated twice, since a scripted model settles at its first call. No limits
/// where nobody tells how much memory the device has. Throws Error(kInput) where two points do not fit: what
/// they take, and the remedy.
BatchLimits find_batch_limits(const Embedding& map, const Quality* quality, const Tensor& points,
                              double gigabytes = 0);

}  // namespace latentpath
