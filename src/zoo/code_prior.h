#pragma once
// Where an autoencoder's decoder has learned to draw: the distribution of its codes over the training images,
// as a Gaussian mixture.
//
// A variational autoencoder's decoder is trained on q(z) = E_x q(z|x), not on the prior that q is pulled
// towards. Its encoder file gives the means alone; the variances are those that the training's objective has
// its maximum at (Opper & Archambeau, Neural Computation 21(3), 2009, eq. 7): of Bernoulli pixels x̂ = Φ(z),
//
//   1/σ_d² = 1 + Σ_p (∂x̂_p/∂z_d)² / (x̂_p (1 − x̂_p)).
//
// A Wasserstein autoencoder has no noise: its codes are the distribution.

#include <torch/script.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "latentpath/zoo/data_set.h"

namespace latentpath {

struct CodePriorOptions {
  bool noise = true;        ///< of a variational autoencoder
  int64_t images = 10'000;  ///< drawn from the training part
  uint64_t seed = 1;
};

/// Draws of q(z): [n, D] float64. decoder [n, D] → pixels in [0, 1], encoder images → codes [n, D].
Tensor draw_codes(torch::jit::Module& decoder, torch::jit::Module& encoder, const DataSet& data,
                  const CodePriorOptions& options);

/// Fits a mixture to draw_codes() of `model` = NAME.pt and its NAME-encoder.pt and writes NAME-prior.json, of
/// 100 kB at most: numbers of five digits, and as many components as that leaves room for. Returns what the
/// card says of it: {"file", "sha256", "components", "samples", "seed", "noise", "held_out_nats": {name:
/// value}}; null, and no file, where there are too few images for a density.
nlohmann::json write_code_prior(const std::filesystem::path& model, const DataSet& data,
                                const CodePriorOptions& options);

}  // namespace latentpath
