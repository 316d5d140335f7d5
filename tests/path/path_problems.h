#pragma once
// Small problems whose elementary functions give every point the same bits wherever it stands in a batch.

#include <ATen/ATen.h>

#include <atomic>
#include <memory>
#include <utility>

#include "contract/test_models.h"
#include "latentpath/path/find_path.h"

namespace latentpath::testing {

/// A quality computed from Φ(z) only, as a classifier's is: a hill around (0.5, 1) of the first two outputs.
class HillOfImages final : public Quality {
 public:
  Tensor evaluate(const QualityPoints& points) const override {
    const Tensor x = points.decoded.select(1, 0) - 0.5, y = points.decoded.select(1, 1) - 1.0;
    return at::exp(-(x * x + y * y) / 0.5);
  }
  bool needs_decoded() const override { return true; }
  bool concurrent() const override { return true; }
  std::string describe() const override { return "hill"; }
};

/// The plane bent into R³, and how many points it was asked for.
class CountedSurface final : public Embedding {
 public:
  int64_t latent_dim() const override { return 2; }
  bool concurrent() const override { return true; }
  std::string describe() const override { return "counted surface"; }
  int64_t asked() const { return asked_.load(); }

 protected:
  Tensor map(const Tensor& z) const override {
    asked_ += z.size(0);
    const Tensor x = z.select(1, 0), y = z.select(1, 1);
    return at::stack({x, y, 0.3 * at::sin(x + y)}, 1);
  }

 private:
  mutable std::atomic<int64_t> asked_{0};
};

/// A low ridge of quality near the origin: a smooth detour is better.
inline QualityPointer ridge() {
  return function_quality(
      [](const Tensor& z) {
        const Tensor x = z.select(1, 0), y = z.select(1, 1) - 0.15;
        return 0.9 - 0.8 * at::exp(-(x * x + y * y) / 0.32);
      },
      "ridge");
}

/// Random ends left and right of the origin.
inline PathProblem many_pairs(std::shared_ptr<const Embedding> embedding, QualityPointer quality,
                              int64_t pairs) {
  PathProblem problem;
  problem.embedding = std::move(embedding);
  problem.quality = std::move(quality);
  problem.start = random_normal({pairs, 2}, 1, 0.3) - at::tensor({1.0, 0.0}, at::kDouble);
  problem.end = random_normal({pairs, 2}, 2, 0.3) + at::tensor({1.0, 0.0}, at::kDouble);
  return problem;
}

inline PathProblem part_of(const PathProblem& problem, int64_t first, int64_t count) {
  PathProblem part = problem;
  part.start = problem.start.narrow(0, first, count);
  part.end = problem.end.narrow(0, first, count);
  return part;
}

/// The same with a loop before it.
inline PathProblem beside_a_loop(const PathProblem& problem) {
  PathProblem both = problem;
  const Tensor home = problem.start.narrow(0, 0, 1) + 0.1;
  both.start = at::cat({home, problem.start});
  both.end = at::cat({home, problem.end});
  return both;
}

}  // namespace latentpath::testing
