// Finish: what a search has found is moved to a stationary point by the second-order method asked for.

#include <ATen/ATen.h>

#include "latentpath/core/error.h"
#include "latentpath/path/initial_path.h"
#include "path/path_methods.h"
#include "path/search.h"

namespace latentpath {
namespace {

SecondOrderPaths by_second_order(Search& search, const Tensor& nodes, const Tensor& times,
                                 int64_t iterations) {
  const auto scope = search.count_for_all();
  SecondOrderOptions options;
  options.method = search.options.method;
  options.max_iterations = iterations;
  options.tolerance = search.options.tolerance.value_or(options.tolerance);
  options.max_seconds = search.seconds_left();
  options.finest = search.options.finish.finest;
  options.compare_subdivisions = search.options.finish.compare_subdivisions;
  options.preconditioner = search.options.preconditioner;
  options.counter = &search.counter;
  options.pairs = search.pairs;
  return finish_by_second_order(search.energy, search.start, search.end, nodes, times, options,
                                search.progress, search.cancellation);
}

}  // namespace

void check_second_order(Search& search) {
  const Tensor few = search.grid(3);  // the fewest segments whose times may be uneven
  by_second_order(search, linear_path(search.start, search.end, few), few, 0);
}

void finish(Search& search, FoundPaths& found) {
  const int64_t asked = search.options.max_iterations;
  const SecondOrderPaths moved =
      by_second_order(search, found.nodes, found.times, asked > 0 ? asked : search.options.finish.iterations);
  if (moved.method.empty()) return;  // a single segment
  found.nodes = moved.nodes;
  found.termination = moved.termination;
  found.certificates = moved.certificates;
  found.method = join_message(found.method, ", then ", moved.method);
  for (size_t pair = 0; pair < moved.iterations.size(); ++pair) {
    found.iterations[pair] += moved.iterations[pair];
    found.subdivisions[pair] = moved.certificates[pair].subdivisions;
  }
}

}  // namespace latentpath
