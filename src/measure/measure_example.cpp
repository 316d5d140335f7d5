// The papers' three examples (Fig. 9).

#include <ATen/ATen.h>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/measure/interpolate_measures.h"

namespace latentpath {

MeasureProblem measure_example(int example, int64_t points, uint64_t seed) {
  LATENTPATH_CHECK(example >= 1 && example <= 3, kArgument, "the examples are 1, 2 and 3, not ", example);
  LATENTPATH_CHECK(points >= 1 && points <= 10000000, kArgument,
                   "the number of points must lie between 1 and 10000000, not at ", points);
  auto generator = make_generator(seed);
  const auto draw = [&](std::initializer_list<std::pair<double, double>> means) {
    Tensor sample = at::randn({points, 2}, generator, at::kDouble);
    const auto count = static_cast<int64_t>(means.size());
    int64_t part = 0;
    for (const auto& [x, y] : means) {
      const int64_t first = part * points / count, last = (part + 1) * points / count;
      sample.narrow(0, first, last - first) += at::tensor({x, y}, at::kDouble);
      ++part;
    }
    // In random order, so that the i-th points of two samples have nothing to do with each other.
    return sample.index_select(0, at::randperm(points, generator, at::kLong)).contiguous();
  };
  MeasureProblem problem;
  problem.start = example == 2 ? draw({{-5, 0}, {5, 0}}) : draw({{0, 0}});
  problem.end = example == 3 ? draw({{-5, -5}, {5, 5}}) : draw({{0, -5}, {0, 5}});
  problem.kernel = RadialKernel::gaussian({0.125});
  return problem;
}

}  // namespace latentpath
