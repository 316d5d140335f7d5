// Wasserstein autoencoder with the MMD penalty (Tolstikhin et al. 2018, arXiv 1711.01558, algorithm 2):
// minimise
//   E ‖x − G(E(x))‖² + λ MMD²_k({E(x_i)}, {w_i}),   w_i ~ N(0, I_D),
// with the unbiased estimate over the batch and k a sum of inverse multiquadrics C/(C + ‖z − w‖²),
// C = 2 D s for several scales s. The codes as a whole become normal; no single code is made noisy.

#include "zoo/autoencoder.h"

namespace latentpath {
namespace {

constexpr double kRate = 2e-3;
constexpr double kPenalty = 1000;
constexpr std::array<double, 7> kScales{0.1, 0.2, 0.5, 1, 2, 5, 10};

/// Σ_s C_s/(C_s + ‖a_i − b_j‖²): [n, D], [m, D] → [n, m]
Tensor kernel(const Tensor& a, const Tensor& b) {
  const Tensor squared =
      (a.square().sum(1, true) + b.square().sum(1).unsqueeze(0) - 2 * at::matmul(a, b.t())).clamp_min(0);
  Tensor sum = at::zeros_like(squared);
  for (const double scale : kScales) {
    const double c = 2 * static_cast<double>(a.size(1)) * scale;
    sum = sum + c / (c + squared);
  }
  return sum;
}

/// Unbiased: pairs of a point with itself are left out.
Tensor squared_mmd(const Tensor& a, const Tensor& b) {
  const double n = static_cast<double>(a.size(0));
  const auto within = [&](const Tensor& points) {
    const Tensor k = kernel(points, points);
    return (k.sum() - k.diagonal().sum()) / (n * (n - 1));
  };
  return within(a) + within(b) - 2 * kernel(a, b).mean();
}

class WaeTrainer : public AutoencoderTrainer {
 public:
  WaeTrainer(const ModelTask& task, at::Generator random)
      : AutoencoderTrainer(task, task.latent_dim, random) {}

  double step(const Tensor& images, const Tensor&, double progress, at::Generator random) override {
    const Tensor real = unit_images(images);
    const Tensor codes = encoder_.forward(real, true);
    const Tensor output = decoder_.forward(codes, true);
    const Tensor reconstruction = (output - real).square().flatten(1).sum(1).mean();
    const Tensor mmd = squared_mmd(codes, at::randn(codes.sizes(), random, at::kFloat));
    const Tensor loss = reconstruction + kPenalty * mmd;
    minimise(loss, kRate * cosine_schedule(progress));
    mmd_ = mmd.item<double>();
    return loss.item<double>();
  }

  std::string status() const override { return "squared MMD of the codes " + std::to_string(mmd_); }

 private:
  double mmd_ = 0;
};

}  // namespace

std::unique_ptr<Trainer> make_wae_trainer(const ModelTask& task, at::Generator generator) {
  return std::make_unique<WaeTrainer>(task, generator);
}

}  // namespace latentpath
