#include "latentpath/metric/output_contract.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"

namespace latentpath {

void check_output(const Tensor& output, int64_t points, const std::string& name) {
  LATENTPATH_CHECK(output.defined() && output.dim() >= 2 && output.size(0) == points &&
                       (points == 0 || output.numel() > 0),
                   kInput, name, " must map ", points, " points to [", points, ", …], not to ",
                   output.defined() ? shape_string(output.sizes()) : std::string("nothing"));
  const char* type = c10::toString(output.scalar_type());
  LATENTPATH_CHECK(!output.is_complex(), kInput, name, " gives complex numbers (", type,
                   "), whose distances are not those of real outputs: return real and imaginary part as "
                   "channels, as torch.view_as_real does");
  LATENTPATH_CHECK(output.scalar_type() != at::kBool, kInput, name,
                   " gives truth values (Bool), which have no derivative: return the numbers before they are "
                   "compared, such as logits or probabilities");
  LATENTPATH_CHECK(at::isFloatingType(output.scalar_type()), kInput, name, " gives whole numbers (", type,
                   "), which have no derivative: return the values before they are rounded, or the logits "
                   "before argmax");
}

}  // namespace latentpath
