#pragma once
// A Riemannian metric in a TorchScript file: forward(z [n, D]) → G(z) [n, D, D], symmetric positive definite,
// differentiable. An attribute `least_eigenvalue` of the file, where there is one, bounds the eigenvalues of
// G from below everywhere: lower bounds of lengths rest on it.
//
//   auto metric = latentpath::load_metric("fisher.pt", 2);
//   PathProblem problem{.embedding = riemannian_space(metric),
//                       .quality = constant_quality(std::exp(-1.0)),  // n = -log Q = 1
//                       .start = z0, .end = z1};

#include <cstdint>
#include <filesystem>
#include <string>

#include "latentpath/metric/metric_tensor.h"

namespace latentpath {

/// `dtype` "": the file's own. Throws Error(kInput) for a file that is no such thing; check_metric_tensor()
/// looks at its values.
MetricTensorPointer load_metric(const std::filesystem::path& file, int64_t latent_dim,
                                const std::string& dtype = "");

}  // namespace latentpath
