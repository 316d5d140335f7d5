#pragma once
// Small problems whose elementary functions give every point the same bits wherever it stands in a batch.

#include <ATen/ATen.h>

#include <atomic>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "contract/test_models.h"
#include "latentpath/metric/adaptors.h"
#include "latentpath/metric/charts.h"
#include "latentpath/metric/delegating_map.h"
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

/// A chart in both realisations, and how many points either was asked for: those that pass Φ as tensors, and
/// those at which the analytic map is evaluated or expanded.
class CountedChart final : public Embedding {
 public:
  explicit CountedChart(ChartPointer chart)
      : tensors_(as_embedding(chart)), analytic_(std::make_shared<Map>(std::move(chart), asked_)) {}
  int64_t latent_dim() const override { return tensors_->latent_dim(); }
  std::string describe() const override { return "counted chart"; }
  ChartPointer analytic() const override { return analytic_; }
  int64_t asked() const { return asked_.load(); }

 protected:
  Tensor map(const Tensor& z) const override {
    asked_ += z.size(0);
    return (*tensors_)(z);
  }

 private:
  using Count = std::atomic<int64_t>;
  class Expansion final : public MapExpansion {
   public:
    Expansion(std::unique_ptr<MapExpansion> inner, Count& asked) : inner_(std::move(inner)), asked_(asked) {}
    void expand(std::size_t count, const double* z, const double* t) override {
      asked_ += static_cast<int64_t>(count);
      inner_->expand(count, z, t);
    }
    const double* values() const override { return inner_->values(); }
    const double* jacobians() override { return inner_->jacobians(); }
    void push(const double* u, double* out) override { inner_->push(u, out); }
    void pull(const double* v, double* out) override { inner_->pull(v, out); }
    void curvatures(const double* r, double* out) override { inner_->curvatures(r, out); }
    void curvature_products(const double* r, const double* u, double* out) override {
      inner_->curvature_products(r, u, out);
    }

   private:
    std::unique_ptr<MapExpansion> inner_;
    Count& asked_;
  };
  class Map final : public DelegatingMap {
   public:
    Map(ChartPointer inner, Count& asked) : DelegatingMap(std::move(inner)), asked_(asked) {}
    void values(std::size_t count, const double* z, const double* t, double* x) const override {
      asked_ += static_cast<int64_t>(count);
      DelegatingMap::values(count, z, t, x);
    }
    std::unique_ptr<MapExpansion> make_expansion() const override {
      return std::make_unique<Expansion>(DelegatingMap::make_expansion(), asked_);
    }

   private:
    Count& asked_;
  };

  std::shared_ptr<const Embedding> tensors_;
  mutable Count asked_{0};
  ChartPointer analytic_;
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

/// Nodes at these times of a great circle of the stereographic sphere, from one angle to another from its
/// pole, ‖z‖ = tan(θ/2): [n + 1, 2]. On even times no polyline of as many segments has less energy.
inline Tensor great_circle(const Tensor& times, double first, double last, double direction) {
  const Tensor radius = (0.5 * (first + (last - first) * times)).tan();
  return at::stack({std::cos(direction) * radius, std::sin(direction) * radius}, 1);
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
