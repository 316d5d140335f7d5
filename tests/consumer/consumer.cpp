// Uses the installed library: calls that reach into LibTorch, OpenCV and Pango, whose libraries a static
// LatentPath leaves to be found again.

#include <ATen/ATen.h>

#include <iostream>

#include "latentpath/core/error.h"
#include "latentpath/core/version.h"
#include "latentpath/io/image.h"
#include "latentpath/metric/embedding.h"
#include "latentpath/report/picture.h"

int main() {
  namespace lp = latentpath;
  const auto sphere = lp::function_embedding(
      [](const lp::Tensor& z) {
        return at::cat({at::cos(z), at::sin(z)}, 1);
      },
      1, "circle");
  const lp::Tensor point = at::zeros({1, 1}, at::kDouble);
  const lp::Tensor speed = sphere->jvp(point, at::ones({1, 1}, at::kDouble));  // (−sin 0, cos 0)
  LATENTPATH_CHECK(at::allclose(speed, at::tensor({0.0, 1.0}, at::kDouble).view({1, 2})), kNumerical,
                   "the speed of a circle's point at angle 0 must be (0, 1)");
  const std::string picture = lp::encode_png(at::zeros({4, 4}, at::kByte));
  lp::Picture figure(80, 30);
  figure.draw_text({5, 20}, "Φ(z)");
  std::cout << "latentpath " << lp::kVersion << ", an image of " << picture.size() << " bytes, a picture of "
            << figure.svg().size() << "\n";
  return 0;
}
