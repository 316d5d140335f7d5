// How right, and how fast, are the two ranks of a density? The default against the papers' estimator: the
// largest error against the exact χ² form and against 10⁶ samples of the semicircle; the time of 10 000
// points with their gradient, tiled and with all points × samples in memory at once.

#include <torch/csrc/autograd/autograd.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>

#include "latentpath/core/random.h"
#include "latentpath/metric/density_rank.h"

namespace {

using latentpath::QualityPointer;
using latentpath::Tensor;

Tensor value(const QualityPointer& quality, const Tensor& z) { return quality->evaluate({z, {}, {}}); }

double largest(const Tensor& difference) { return difference.abs().max().item<double>(); }

/// The least of several runs, in milliseconds.
double milliseconds(const std::function<void()>& run) {
  double best = 1e300;
  for (int k = 0; k < 5; ++k) {
    const auto begin = std::chrono::steady_clock::now();
    run();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  return 1e3 * best;
}

void with_gradient(const std::function<Tensor(const Tensor&)>& f, const Tensor& z) {
  const Tensor leaf = z.clone().requires_grad_(true);
  torch::autograd::grad({f(leaf).sum()}, {leaf});
}

}  // namespace

int main() {
  using namespace latentpath;
  std::printf("largest error against the exact form, N(0, I)\n%6s %12s %12s %14s %14s\n", "D", "default",
              "paper", "default, mode", "paper, mode");
  for (const int64_t dim : {2, 8, 20, 64}) {
    auto generator = make_generator(3);
    Tensor direction = at::randn({1, dim}, generator, at::kDouble);
    direction = direction / direction.norm();
    const Tensor z =
        at::linspace(0, std::sqrt(static_cast<double>(dim)) + 6, 4000, at::kDouble).unsqueeze(1) * direction;
    const Tensor exact = value(normal_prior(dim), z);
    const Tensor ours = value(density_rank(normal_density(dim)), z) - exact;
    const Tensor paper = value(density_rank_paper(normal_density(dim)), z) - exact;
    std::printf("%6ld %12.4f %12.4f %14.2g %14.2g\n", static_cast<long>(dim), largest(ours), largest(paper),
                std::abs(ours[0].item<double>()), std::abs(paper[0].item<double>()));
  }

  std::printf(
      "\nlargest error against 10^6 samples of the semicircle, at 4000 of its samples\n%6s %12s %12s\n", "D",
      "default", "paper");
  for (const int64_t dim : {2, 8, 20}) {
    const auto density = semicircle(dim);
    auto generator = make_generator(99);
    std::vector<Tensor> parts;
    for (int i = 0; i < 50; ++i) parts.push_back(density->log_density(density->sample(20000, generator)));
    const Tensor sorted = std::get<0>(at::cat(parts).sort());
    const Tensor z = density->sample(4000, generator);
    const Tensor reference = at::searchsorted(sorted, density->log_density(z)).to(at::kDouble) / 1e6;
    std::printf("%6ld %12.4f %12.4f\n", static_cast<long>(dim),
                largest(value(density_rank(density), z) - reference),
                largest(value(density_rank_paper(density), z) - reference));
  }

  std::printf("\nsemicircle: milliseconds to make the quality, and for 10 000 points with gradient\n");
  std::printf("%6s %14s %14s %14s %22s\n", "D", "make default", "default", "paper, tiled",
              "paper, 400 MB at once");
  for (const int64_t dim : {8, 64}) {
    const auto density = semicircle(dim);
    auto generator = make_generator(5);
    const Tensor z = density->sample(10000, generator);
    const Tensor l = density->log_density(density->sample(5000, generator));
    const double width = std::pow(4.0 / 15000, 0.2) * l.std().item<double>();
    const auto ours = density_rank(density), paper = density_rank_paper(density);
    const auto all_at_once = [&](const Tensor& leaf) {
      return (0.5 * at::erfc((l - density->log_density(leaf).unsqueeze(1)) / (width * M_SQRT2))).mean(1);
    };
    std::printf("%6ld %14.0f %14.1f %14.0f %22.0f\n", static_cast<long>(dim),
                milliseconds([&] { density_rank(density); }),
                milliseconds([&] { with_gradient([&](const Tensor& x) { return value(ours, x); }, z); }),
                milliseconds([&] { with_gradient([&](const Tensor& x) { return value(paper, x); }, z); }),
                milliseconds([&] { with_gradient(all_at_once, z); }));
  }
  return 0;
}
