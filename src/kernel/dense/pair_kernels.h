#pragma once
// The inner loops over pairs of points, compiled once for each set of vector instructions. Internal.
//
// The files pair_kernels_<set>.cpp include pair_kernels_body.h, which includes no standard header with inline
// functions: such a function compiled for AVX-512 could be the copy that the linker keeps for all callers.

#include <cstdint>

namespace latentpath::detail {

constexpr int kMostTile = 192;  ///< points in a tile, at most
constexpr int kGaussianFamily = 0, kInverseMultiquadricFamily = 1, kLaplaceFamily = 2, kEnergyFamily = 3;

struct KernelCoefficients {
  int family;
  int count;
  const double* values;
};

/// Points in tiles of `tile` (a multiple of 48), the last one padded with weight 0.
struct TiledPoints {
  int64_t tile;
  int64_t dim;                ///< at most kMostNarrowDim for narrow tiles
  const double* coordinates;  ///< [tiles][dim][tile]
  const double* weights;      ///< [tiles · tile], signed: s
  // For wide tiles alone:
  int64_t stride;               ///< dim rounded up to a multiple of 16
  const double* squared_norms;  ///< [tiles · tile]
  const double* weighted_rows;  ///< [tiles][tile][stride]: s_a z_a, padded with zeros
};

struct PairSums {
  double value;     ///< Σ s_a s_b g over unordered pairs
  double absolute;  ///< Σ |s_a s_b| g
};

struct PairKernels {
  const char* name;
  /// Adds the pairs of tiles a ≤ b to `sums`, and Σ_b s_b q(z_a − z_b) to force [tiles][dim][tile], with
  /// q = 2 dg/d(ρ²). For small dim: differences of coordinates.
  void (*narrow_tile)(const TiledPoints& points, const KernelCoefficients& kernel, int64_t a, int64_t b,
                      PairSums& sums, double* force);
  /// The same for any dim by matrix products: Σ_b q s_b z_b to rows [tiles][tile][stride] and Σ_b q s_b to
  /// coefficients [tiles · tile]. scratch: [tile · tile].
  void (*wide_tile)(const TiledPoints& points, const KernelCoefficients& kernel, int64_t a, int64_t b,
                    PairSums& sums, double* rows, double* coefficients, double* scratch);
  /// For `count` (a multiple of 8) points [dim][count] with weights s: adds Σ_a s_a cos⟨ω, z_a⟩ and
  /// Σ_a s_a sin⟨ω, z_a⟩ for each frequency [features][dim] to sums [features][2].
  void (*feature_sums)(const double* coordinates, const double* weights, int64_t count, int64_t dim,
                       const double* frequencies, int64_t features, double* sums);
  /// Adds Σ_f (im_f cos⟨ω_f, z_a⟩ − re_f sin⟨ω_f, z_a⟩) ω_f to gradient [dim][count].
  void (*feature_gradient)(const double* coordinates, int64_t count, int64_t dim, const double* frequencies,
                           const double* sums, int64_t features, double* gradient);
  /// log Σ_b exp(offset_b − scale ‖x − z_b‖²) over `count` (a multiple of 8) points [dim][count], for each of
  /// `targets` points [targets][dim]; offset −∞ leaves a point out. Where `mean` is not null, also the mean
  /// of z_b by those weights, [targets][dim].
  void (*log_sum_exp)(const double* targets, int64_t target_count, const double* coordinates,
                      const double* offsets, int64_t count, int64_t dim, double scale, double* result,
                      double* mean);
};

/// Up to here, narrow tiles are the faster ones (measured).
constexpr int64_t kMostNarrowDim = 4;

const PairKernels* pair_kernels_avx512();  ///< null where the compiler cannot make it
const PairKernels* pair_kernels_avx2();
const PairKernels* pair_kernels_baseline();

/// By name; "auto" is the best that this processor runs, null what it cannot run.
const PairKernels* find_pair_kernels(const char* instructions);

}  // namespace latentpath::detail
