// How long does exact transport take, and what does it cost? One line of JSON for two samples of equal size,
// read as raw float64, [2][points][dimension]; benchmarks/rivals/transport.py runs it beside POT.
//
//   benchmark_transport FILE POINTS DIMENSION

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <vector>

#include "latentpath/measure/transport.h"

namespace {

double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "benchmark_transport FILE POINTS DIMENSION\n";
    return 2;
  }
  const int64_t points = std::atoll(argv[2]), dim = std::atoll(argv[3]);
  std::vector<double> numbers(static_cast<size_t>(2 * points * dim));
  std::ifstream file(argv[1], std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(numbers.data()),
                 static_cast<std::streamsize>(numbers.size() * sizeof(double)))) {
    std::cerr << argv[1] << " does not hold 2 x " << points << " x " << dim << " numbers\n";
    return 3;
  }
  const std::span<const double> all(numbers);
  const double begin = processor_seconds();
  const latentpath::TransportPlan plan =
      latentpath::exact_transport({all.first(all.size() / 2), dim}, {all.last(all.size() / 2), dim});
  std::printf(
      "{\"cost\": %.17g, \"seconds\": %.4f, \"duality_gap\": %.3g, \"violation\": %.3g, \"slackness\": "
      "%.3g}\n",
      plan.cost, processor_seconds() - begin, plan.duality_gap, plan.violation, plan.slackness);
  return 0;
}
