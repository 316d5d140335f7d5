// The squared MMD with its gradients: our tiles against the same formula in plain LibTorch.
//
//   benchmark_mmd [--n 20000] [--dims 2,64] [--threads 2] [--repeats 3] [--no-libtorch]
//
// LibTorch computes the three means of k one after the other, each as ‖x‖² + ‖y‖² − 2⟨x, y⟩ by one matrix
// product, exponential and mean, and their gradients by autograd, so that it never holds more than one term's
// n × n arrays: the kindest plain way. Both run in float64 on the same threads, in turns, and the best time
// of each counts. Memory is the growth of the process's peak resident size over what it was before, read from
// /proc/self/status after writing 5 to /proc/self/clear_refs. --path times the papers' size: 100 points, 10
// steps.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "latentpath/core/random.h"
#include "latentpath/kernel/mmd.h"
#include "latentpath/measure/interpolate_measures.h"

using namespace latentpath;

namespace {

double status_megabytes(const char* key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.rfind(key, 0) == 0) return std::stod(line.substr(std::strlen(key) + 1)) / 1024;
  return 0;
}

struct Measured {
  double seconds = 1e300, megabytes = 1e300, value = 0;
  at::Tensor gradient;
};

template <typename Run>
void measure(const Run& run, Measured& best) {
  std::ofstream("/proc/self/clear_refs") << 5;
  const double before = status_megabytes("VmRSS:");
  const auto begin = std::chrono::steady_clock::now();
  run(best);
  best.seconds =
      std::min(best.seconds, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  best.megabytes = std::min(best.megabytes, status_megabytes("VmHWM:") - before);
}

at::Tensor mean_kernel(const at::Tensor& a, const at::Tensor& b, double gamma) {
  const at::Tensor squared = a.square().sum(1).unsqueeze(1) + b.square().sum(1) - 2 * a.mm(b.t());
  return (-gamma * squared).exp().mean();
}

void compare(int64_t n, int64_t dim, int repeats, bool libtorch) {
  auto generator = make_generator(1);
  const at::Tensor x = at::randn({n, dim}, generator, at::kDouble);
  const at::Tensor y = at::randn({n, dim}, generator, at::kDouble) + 0.1;
  const double gamma = 0.25 / static_cast<double>(dim);  // of the order of the median heuristic
  const RadialKernel kernel = RadialKernel::gaussian({gamma});
  const auto view = [&](const at::Tensor& t) {
    return SampleView{{t.data_ptr<double>(), static_cast<size_t>(t.numel())}, dim};
  };
  Measured ours, plain;
  for (int repeat = 0; repeat < repeats; ++repeat) {
    measure(
        [&](Measured& best) {
          const SquaredMmd mmd = squared_mmd(kernel, view(x), view(y));
          best.value = mmd.value;
          best.gradient = at::tensor(mmd.first_gradient, at::kDouble).view({n, dim});
        },
        ours);
    if (!libtorch) continue;
    measure(
        [&](Measured& best) {
          const at::Tensor a = x.detach().clone().requires_grad_(true),
                           b = y.detach().clone().requires_grad_(true);
          best.value = 0;
          const std::tuple<at::Tensor, at::Tensor, double> terms[] = {{a, a, 1}, {a, b, -2}, {b, b, 1}};
          for (const auto& [left, right, sign] : terms) {
            const at::Tensor term = sign * mean_kernel(left, right, gamma);
            term.backward();
            best.value += term.item<double>();
          }
          best.gradient = a.grad();
        },
        plain);
  }
  std::printf("n = m = %ld, d = %ld: ours %.3f s, %.1f MB, MMD2 %.10g\n", static_cast<long>(n),
              static_cast<long>(dim), ours.seconds, ours.megabytes, ours.value);
  if (!libtorch) return;
  std::printf("    plain LibTorch %.3f s, %.1f MB, MMD2 %.10g\n", plain.seconds, plain.megabytes,
              plain.value);
  std::printf("    %.1f times as fast, 1/%.0f of the memory; gradients differ by %.1e of the largest\n",
              plain.seconds / ours.seconds, plain.megabytes / std::max(ours.megabytes, 0.1),
              ((ours.gradient - plain.gradient).abs().max() / ours.gradient.abs().max()).item<double>());
  std::fflush(stdout);
}

void time_paths(int repeats) {
  for (const int example : {1, 2, 3}) {
    const MeasureProblem problem = measure_example(example, 100, 0);
    double all = 1e300, one = 1e300, ratio = 0, ratio_one = 0;
    for (int repeat = 0; repeat < repeats; ++repeat) {
      const MeasureResult every = interpolate_measures(problem);
      const MeasureResult random = interpolate_measures(problem, {.start = "random", .baselines = false});
      all = std::min(all, every.seconds);
      one = std::min(one, random.seconds);
      ratio = every.figures.cost_over_bound;
      ratio_one = random.figures.cost_over_bound;
    }
    std::printf(
        "example %d, 100 points, 10 steps: all starts and baselines %.3f s (K*cost/MMD2 %.5f), random start "
        "alone "
        "%.3f s (%.5f)\n",
        example, all, ratio, one, ratio_one);
  }
}

}  // namespace

int main(int argc, char** argv) {
  int64_t n = 20000;
  int repeats = 3, threads = 2;
  bool libtorch = true;
  std::string dims = "2,64";
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto next = [&] { return i + 1 < argc ? std::string(argv[++i]) : std::string("0"); };
    if (word == "--n") {
      n = std::stol(next());
    } else if (word == "--dims") {
      dims = next();
    } else if (word == "--threads") {
      threads = std::stoi(next());
    } else if (word == "--repeats") {
      repeats = std::stoi(next());
    } else if (word == "--no-libtorch") {
      libtorch = false;
    } else {
      std::fprintf(stderr, "unknown argument %s\n", word.c_str());
      return 2;
    }
  }
  at::set_num_threads(threads);
  std::printf("instructions: %s; %d threads\n", available_instructions().front().c_str(), threads);
  std::fflush(stdout);
  for (size_t at = 0; at < dims.size();) {
    size_t used = 0;
    compare(n, std::stol(dims.substr(at), &used), repeats, libtorch);
    at += used + 1;
  }
  time_paths(std::max(3, repeats));
  return 0;
}
