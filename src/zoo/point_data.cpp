#include "latentpath/zoo/point_data.h"

#include <ATen/ATen.h>

#include <numbers>

#include "latentpath/core/random.h"

namespace latentpath {

Tensor circle_points(bool training) {
  const int64_t count = training ? 10000 : 1000;
  at::Generator random = make_generator(training ? 1 : 2);
  const Tensor angle = 2 * std::numbers::pi * at::rand({count}, random, at::kDouble);
  const Tensor radius = 1 + kCircleDeviation * at::randn({count}, random, at::kDouble);
  return at::stack({radius * angle.cos(), radius * angle.sin()}, 1).to(at::kFloat);
}

}  // namespace latentpath
