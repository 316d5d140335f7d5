#include "latentpath/models/scalar_file.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"
#include "latentpath/models/torchscript_module.h"

namespace latentpath {

std::shared_ptr<Embedding> scalar_file(const std::string& file, const char* role, int64_t dim,
                                       const std::string& dtype) {
  auto module = std::make_shared<TorchScriptModule>(file, role, dtype, "cpu");
  return function_embedding(
      [module, role, file](const Tensor& z) {
        const Tensor value = module->forward(z);
        LATENTPATH_CHECK(value.numel() == z.size(0), kInput, "the ", role, " ", file, " gives ",
                         shape_string(value.sizes()), " for ", z.size(0),
                         " points: it must give one number each");
        return value.reshape({z.size(0), 1});
      },
      dim, file);
}

}  // namespace latentpath
