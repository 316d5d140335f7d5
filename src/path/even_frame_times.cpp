#include "latentpath/path/even_frame_times.h"

#include <ATen/ATen.h>

#include "latentpath/core/device.h"
#include "latentpath/curve/curve.h"

namespace latentpath {

Tensor even_frame_times(const Embedding& embedding, const Tensor& nodes, const Tensor& times, int64_t frames,
                        int64_t subdivisions) {
  Tensor uniform = uniform_times(frames - 1);
  if (frames < 3) return uniform;
  const at::NoGradGuard no_gradient;
  const Tensor fine = uniform_times(subdivisions * (times.size(0) - 1));
  const Tensor z = interpolate_polyline(nodes.unsqueeze(0).to(at::kDouble), times, fine)[0];
  const Tensor images = embedding(z.to(nodes.scalar_type())).flatten(1).to(at::kDouble);
  const int64_t n = fine.size(0) - 1;
  const Tensor steps = on_host((images.narrow(0, 1, n) - images.narrow(0, 0, n)).norm(2, {1}));
  const Tensor arc = at::constant_pad_nd(steps.cumsum(0), {1, 0});
  const double total = arc[n].item<double>();
  if (!(total > 0)) return uniform;
  Tensor result =
      interpolate_polyline(fine.view({1, -1, 1}), arc.unsqueeze(0), (total * uniform).unsqueeze(0)).flatten();
  result[0] = 0.0;
  result[frames - 1] = 1.0;
  return result;
}

}  // namespace latentpath
