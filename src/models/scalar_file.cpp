#include "latentpath/models/scalar_file.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"
#include "latentpath/models/torchscript_module.h"

namespace latentpath {

std::shared_ptr<Embedding> scalar_function(std::function<Tensor(const Tensor&)> function,
                                           const std::string& what, int64_t dim) {
  return function_embedding(
      [function = std::move(function), what](const Tensor& z) {
        const Tensor value = function(z);
        LATENTPATH_CHECK(value.numel() == z.size(0) && value.dim() >= 1 && value.size(0) == z.size(0), kInput,
                         "the ", what, " gives ", shape_string(value.sizes()), " for ", z.size(0),
                         " points: it must give one number each");
        return value.reshape({z.size(0), 1});
      },
      dim, what);
}

std::shared_ptr<Embedding> scalar_file(const std::string& file, const char* role, int64_t dim,
                                       const std::string& dtype) {
  auto module = std::make_shared<TorchScriptModule>(file, role, dtype, "cpu");
  return scalar_function([module](const Tensor& z) { return module->forward(z); },
                         join_message(role, " ", file), dim);
}

void check_has_gradient(const Tensor& values, const std::string& name) {
  LATENTPATH_CHECK(values.requires_grad(), kInput, name,
                   " has no gradient: its values must depend on the latents by differentiable operations");
}

}  // namespace latentpath
