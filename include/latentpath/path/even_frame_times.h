#pragma once
// Frames as people show a morph: at equal steps of the images, wherever the path itself hurries or waits.

#include "latentpath/metric/embedding.h"

namespace latentpath {

/// Times t_0 = 0 … t_{F−1} = 1 that share the length of Φ(γ) out evenly: ∫_0^{t_k} ‖(Φγ)'‖ dt =
/// k/(F − 1) ∫_0^1 ‖(Φγ)'‖ dt, with γ the polyline through `nodes` [n + 1, D] at `times` [n + 1]. The length
/// is that of chords on a grid `subdivisions` times finer than the nodes. F uniform times where Φ(γ) has no
/// length.
Tensor even_frame_times(const Embedding& embedding, const Tensor& nodes, const Tensor& times, int64_t frames,
                        int64_t subdivisions = 4);

}  // namespace latentpath
