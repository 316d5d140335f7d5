#include <ATen/ATen.h>

#include "latentpath/core/error.h"
#include "latentpath/curve/curve.h"

namespace latentpath {
namespace {

class PolylineCurve final : public Curve {
 public:
  PolylineCurve(const Tensor& times, int64_t latent_dim) : times_(times), latent_dim_(latent_dim) {
    LATENTPATH_CHECK(times.dim() == 1 && times.size(0) >= 2 && times[0].item<double>() == 0 &&
                         times[-1].item<double>() == 1,
                     kArgument, "the times of a polyline must run from 0 to 1");
    LATENTPATH_CHECK(
        (times.narrow(0, 1, times.size(0) - 1) > times.narrow(0, 0, times.size(0) - 1)).all().item<bool>(),
        kArgument, "the times of a polyline must increase");
  }

  Tensor fit(const Tensor& nodes, const Tensor& times) override {
    const Tensor all = interpolate_polyline(nodes, times, times_);
    return all.narrow(1, 1, times_.size(0) - 2).flatten(1).contiguous();
  }
  int64_t parameter_count() const override { return (times_.size(0) - 2) * latent_dim_; }
  std::string describe() const override {
    return join_message("polyline of ", times_.size(0) - 1, " segments");
  }

 protected:
  Tensor evaluate(const Tensor& parameters, const Tensor& start, const Tensor& end,
                  const Tensor& times) const override {
    const auto dtype = parameters.scalar_type();
    const Tensor interior = parameters.view({parameters.size(0), times_.size(0) - 2, latent_dim_});
    const Tensor nodes = at::cat({start.to(dtype).unsqueeze(1), interior, end.to(dtype).unsqueeze(1)}, 1);
    return interpolate_polyline(nodes, times_, times);
  }

 private:
  Tensor times_;
  int64_t latent_dim_;
};

}  // namespace

std::shared_ptr<Curve> polyline_curve(const Tensor& times, int64_t latent_dim) {
  return std::make_shared<PolylineCurve>(times, latent_dim);
}

}  // namespace latentpath
