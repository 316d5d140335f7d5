#pragma once
// The squared maximum mean discrepancy (MMD) of two samples, with exact gradients. Free of LibTorch.
//
// For samples X = (x_i) and Y = (y_j) in R^d with weights w and v that sum to 1,
//
//   MMD²(X, Y) = Σ w_i w_i' k(x_i, x_i') − 2 Σ w_i v_j k(x_i, y_j) + Σ v_j v_j' k(y_j, y_j')
//
// (paper A, Eq. 13; Gretton et al., "A kernel two-sample test", JMLR 2012, the biased estimate). It is
// computed as −Σ s_a s_b g(‖z_a − z_b‖²) over the atoms z_a of the signed measure X − Y, each with its net
// weight s_a: points that both samples share cancel before anything is rounded, so samples that are equal as
// sets have distance exactly 0, and the order of the points changes no bit of the result.
//
//   const SquaredMmd mmd = squared_mmd(RadialKernel::gaussian({0.125}), {x, 2}, {y, 2});   // x, y row by row
//   std::cout << mmd.value << ", " << mmd.first_gradient[0];   // the gradient is [n · d], like x
//
// Pairs are visited once, in tiles, on all OpenMP threads, with the widest vector instructions that the
// processor has. Memory is O((n + m) d) for each thread. Equal input and threads give equal bytes.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "latentpath/kernel/radial_kernel.h"

namespace latentpath {

/// A weighted sample, seen and not owned: n points of R^d row by row.
struct SampleView {
  std::span<const double> points;        ///< [n · d]
  int64_t dim = 0;                       ///< d
  std::span<const double> weights = {};  ///< [n], not negative, scaled to sum 1; empty: all 1/n
  int64_t count() const { return dim > 0 ? static_cast<int64_t>(points.size()) / dim : 0; }
};

struct SquaredMmd {
  double value = 0;                     ///< never negative
  double rounding = 0;                  ///< estimated rounding error of the sum that `value` is
  double clamped = 0;                   ///< what was cut off a sum that rounding had made negative, else 0
  std::vector<double> first_gradient;   ///< ∂value/∂x [n · d]; empty unless asked for
  std::vector<double> second_gradient;  ///< ∂value/∂y [m · d]
};

struct MmdOptions {
  bool gradients = true;
  int threads = 0;                    ///< 0: as OpenMP is set
  std::string instructions = "auto";  ///< one of available_instructions(), for tests and benchmarks
};

/// Throws Error(kArgument) when a sample is empty, sizes do not fit, a weight is negative or all are 0;
/// Error(kNumerical) when a coordinate is not finite.
SquaredMmd squared_mmd(const RadialKernel& kernel, const SampleView& first, const SampleView& second,
                       const MmdOptions& options = {});

/// The squared MMDs of neighbours in a chain of samples, [samples − 1]: many small ones side by side, or
/// large ones one after the other on all threads.
std::vector<SquaredMmd> neighbour_mmds(const RadialKernel& kernel, const std::vector<SampleView>& chain,
                                       const MmdOptions& options = {});

/// The vector instructions that this processor can run, fastest first: "avx512", "avx2", "baseline".
std::vector<std::string> available_instructions();

/// The median of ‖z_a − z_b‖ over pairs of the pooled sample, the usual default for a kernel's width (Gretton
/// et al. 2012, §8); of at most 1000 points, evenly picked. 1 when all points coincide.
double median_distance(const SampleView& first, const SampleView& second);

struct RandomFeatureMmd {
  double value = 0;                                     ///< an unbiased estimate of MMD², never negative
  double standard_error = 0;                            ///< of `value`, from the spread over the features
  std::vector<double> first_gradient, second_gradient;  ///< exact gradients of `value`
};

struct RandomFeatureOptions {
  int64_t features = 2048;
  uint64_t seed = 0;
  bool gradients = true;
  int threads = 0;
  std::string instructions = "auto";
};

/// For samples too large for all pairs (about 10⁵ points): O((n + m) d · features) by Bochner's theorem,
/// MMD² = k(0) E_ω |Σ_a s_a exp(i⟨ω, z_a⟩)|², with frequencies ω drawn from the kernel's spectral measure
/// (Rahimi and Recht 2007): normal for gaussian, Cauchy for laplace, a gamma mixture of normals for imq. The
/// energy distance is estimated by sorted projections on random lines, linear is exact.
RandomFeatureMmd random_feature_mmd(const RadialKernel& kernel, const SampleView& first,
                                    const SampleView& second, const RandomFeatureOptions& options = {});

}  // namespace latentpath
