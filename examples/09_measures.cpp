// From one sample to another: three kinds of path, and how far each is from the shortest there is.
//
// Two hundred points of a ring go to two hundred points of a cross. The squared MMD of the samples over the
// number of steps bounds the cost of every path from below (docs/algorithms/measures.md).

#include <ATen/ATen.h>

#include <cstdio>
#include <numbers>

#include "latentpath/core/random.h"
#include "latentpath/measure/interpolate_measures.h"

namespace lp = latentpath;

int main() {
  auto generator = lp::make_generator(1);
  const lp::Tensor angle = 2 * std::numbers::pi * at::rand({200}, generator, at::kDouble);
  const lp::Tensor ring = 3 * at::stack({angle.cos(), angle.sin()}, 1);
  const lp::Tensor along = 8 * at::rand({200, 1}, generator, at::kDouble) - 4;
  const lp::Tensor cross =
      at::cat({at::cat({along.narrow(0, 0, 100), at::zeros({100, 1}, at::kDouble)}, 1),
               at::cat({at::zeros({100, 1}, at::kDouble), along.narrow(0, 100, 100)}, 1)});

  const lp::MeasureProblem problem{.start = ring, .end = cross};  // the kernel's width: the median distance
  const lp::MeasureResult result = lp::interpolate_measures(problem, {.steps = 8});
  std::printf("%s", result.brief_report().c_str());

  // The mixture is the geodesic; moving points come within a per cent of it; optimal transport minimises
  // another length.
  const bool right = result.mixture_figures->cost_over_bound < 1 + 1e-10 &&
                     result.figures.cost_over_bound >= 1 && result.figures.cost_over_bound < 1.01 &&
                     result.displacement_figures->cost_over_bound > result.figures.cost_over_bound;
  return right ? 0 : 1;
}
