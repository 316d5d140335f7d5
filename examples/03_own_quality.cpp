// A quality of one's own: a path across the plane that goes around a bad place.
//
// Q(z) = 1 − exp(−‖z − c‖² / 2σ²) is 0 at the centre c of an obstacle and 1 far from it. A quality is one
// class with one function; where it needs nothing but z, lp::function_quality takes that function alone.

#include <ATen/ATen.h>

#include <cstdio>

#include "latentpath/path/find_path.h"

namespace lp = latentpath;

class Obstacle final : public lp::Quality {
 public:
  Obstacle(double x, double y, double radius) : centre_(at::tensor({x, y}, at::kDouble)), radius_(radius) {}

  /// points.latent is [n, 2]; the answer [n] must be differentiable in it.
  lp::Tensor evaluate(const lp::QualityPoints& points) const override {
    const lp::Tensor square = (points.latent - centre_.to(points.latent.options())).square().sum(1);
    return 1 - at::exp(-square / (2 * radius_ * radius_));
  }
  std::string describe() const override { return "obstacle"; }
  lp::Tensor centre() const { return centre_; }

 private:
  lp::Tensor centre_;
  double radius_;
};

int main() {
  const auto obstacle = std::make_shared<Obstacle>(0.0, -0.2, 0.5);

  lp::PathProblem problem;
  problem.embedding = lp::identity_embedding(2);  // lengths are those of the plane
  problem.quality = obstacle;
  problem.start = at::tensor({-2.0, 0.0}, at::kDouble).unsqueeze(0);
  problem.end = at::tensor({2.0, 0.0}, at::kDouble).unsqueeze(0);

  const lp::PathResult result = lp::find_path(problem);

  const double ours = result.path.length.item<double>(), straight = result.linear.length.item<double>();
  const double nearest = (result.nodes[0] - obstacle->centre()).norm(2, {1}).min().item<double>();
  std::printf("weighted length  %.4f   straight line %.4f\n", ours, straight);
  std::printf("plain length     %.4f   straight line %.4f\n", result.path.embedding_length.item<double>(),
              result.linear.embedding_length.item<double>());
  std::printf("nearest to the obstacle's centre: %.3f, with quality %.3f or more all along\n", nearest,
              result.path.min_quality.item<double>());

  // The straight line passes the centre at 0.2; the path must keep clear, and be the better one for it.
  return nearest > 0.5 && ours < 0.8 * straight ? 0 : 1;
}
