#include "latentpath/models/torchscript_metric.h"

#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/models/torchscript_module.h"

namespace latentpath {
namespace {

class TorchScriptMetric final : public MetricTensor {
 public:
  TorchScriptMetric(const std::filesystem::path& file, int64_t dim, const std::string& dtype)
      : module_(file, "metric", dtype, "cpu"), dim_(dim), name_("the metric " + file.filename().string()) {
    LATENTPATH_CHECK(!module_.takes_list(), kInput, name_,
                     " takes a list of tensors: it must take one, [n, D]");
    const auto stated = module_.integer_attribute("latent_dim");
    LATENTPATH_CHECK(!stated || *stated == dim_, kInput, name_, " has latent size ", stated.value_or(0),
                     "; the end points have size ", dim_);
    if (const auto least = module_.numbers_attribute("least_eigenvalue")) {
      LATENTPATH_CHECK(least->size() == 1 && std::isfinite((*least)[0]) && (*least)[0] >= 0, kInput, name_,
                       ": attribute least_eigenvalue must be one number, 0 or more");
      least_ = (*least)[0];
    }
  }
  int64_t dim() const override { return dim_; }
  std::string describe() const override { return name_; }
  double least_eigenvalue() const override { return least_; }
  double rounding() const override { return module_.dtype() == "float64" ? 1e-15 : 1e-6; }

 protected:
  Tensor evaluate(const Tensor& x) const override { return module_.forward(x); }

 private:
  TorchScriptModule module_;
  int64_t dim_;
  std::string name_;
  double least_ = 0;
};

}  // namespace

MetricTensorPointer load_metric(const std::filesystem::path& file, int64_t latent_dim,
                                const std::string& dtype) {
  return std::make_shared<TorchScriptMetric>(file, latent_dim, dtype);
}

}  // namespace latentpath
