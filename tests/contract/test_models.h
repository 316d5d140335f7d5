#pragma once
// Small models made on the spot for the tests: analytic embeddings with known derivatives, and TorchScript
// files written through torch::jit::Module.

#include <torch/script.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "latentpath/core/random.h"
#include "latentpath/metric/embedding.h"

namespace latentpath::testing {

inline Tensor random_normal(at::IntArrayRef shape, uint64_t seed, double scale = 1) {
  auto generator = make_generator(seed);
  return scale * at::randn(shape, generator, at::kDouble);
}

/// The same bits, the sign of zero included.
inline bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.scalar_type() != b.scalar_type() || a.sizes() != b.sizes()) return false;
  const auto bits = a.scalar_type() == at::kDouble ? at::kLong : at::kInt;
  return at::equal(a.contiguous().view(bits), b.contiguous().view(bits));
}

/// The unit sphere by stereographic projection from the north pole: z [n, 2] → [n, 3].
inline std::shared_ptr<Embedding> stereographic_sphere() {
  return function_embedding(
      [](const Tensor& z) {
        const Tensor square = z.square().sum(1, true);
        return at::cat({2 * z, square - 1}, 1) / (1 + square);
      },
      2, "stereographic sphere");
}

/// The unit sphere around (0, 0, 1) by central projection of the plane (z, 0): Example 2 of the papers.
inline std::shared_ptr<Embedding> gnomonic_sphere() {
  return function_embedding(
      [](const Tensor& z) {
        const Tensor ray = at::cat({z, -at::ones({z.size(0), 1}, z.options())}, 1);
        return ray / ray.norm(2, {1}, true);
      },
      2, "gnomonic sphere");
}

/// A random two-layer perceptron with tanh, [n, D] → [n, 2, 3]: a decoder in miniature.
inline std::shared_ptr<Embedding> perceptron(int64_t latent_dim, uint64_t seed) {
  const Tensor first = random_normal({latent_dim, 16}, seed, 0.7), bias = random_normal({16}, seed + 1, 0.3);
  const Tensor second = random_normal({16, 6}, seed + 2, 0.5);
  return function_embedding(
      [=](const Tensor& z) {
        const auto like = z.options().requires_grad(false);
        const Tensor hidden = at::tanh(at::matmul(z, first.to(like)) + bias.to(like));
        return at::matmul(hidden, second.to(like)).reshape({z.size(0), 2, 3});
      },
      latent_dim, "perceptron");
}

/// A folder that goes away with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "latentpath-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Saves a TorchScript module with float parameters `first` [D, 8] and `second` [8, columns], whose source is
/// `forward` (it may use self.first and self.second).
inline std::filesystem::path save_script(const std::filesystem::path& file, const std::string& forward,
                                         int64_t latent_dim, int64_t columns, at::ScalarType dtype,
                                         uint64_t seed = 11) {
  torch::jit::Module module("TestModel");
  module.register_parameter("first", random_normal({latent_dim, 8}, seed, 0.6).to(dtype), false);
  module.register_parameter("second", random_normal({8, columns}, seed + 1, 0.6).to(dtype), false);
  module.define(forward);
  module.save(file.string());
  return file;
}

/// z [n, D] → [n, 1, 2, 3]; 6 columns.
inline const char* const kFlatDecoder = R"(
def forward(self, z):
    return torch.tanh(torch.matmul(torch.tanh(torch.matmul(z, self.first)), self.second)).reshape([z.size(0), 1, 2, 3])
)";

/// [n, 2, 2] and [n, 3] → [n, columns].
inline const char* const kListDecoder = R"(
def forward(self, parts: List[Tensor]):
    z = torch.cat([parts[0].flatten(1), parts[1]], 1)
    return torch.tanh(torch.matmul(torch.tanh(torch.matmul(z, self.first)), self.second))
)";

}  // namespace latentpath::testing
