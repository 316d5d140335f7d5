#pragma once
// A guard that keeps paths where the model was trained: a place is to be no stranger than the strangest of a
// handful of samples of the prior.
//
//   Q_guard(z) = 1 − (1 − r(z))^k,
//
// r(z) the share of the prior in places no likelier than z: the chance that of k samples of the prior one at
// least lies in a place as unlikely. With k = 100, rank 0.05 has 0.99, 0.01 has 0.63, 1e-4 has 0.01. The
// papers' rank (density_rank.h) is r itself, which is uniform on [0, 1] over samples and so thinks little of
// half of all good places. Below rank 0.01/k the guard falls like 1/(1 + log(0.01/(k r))), so that it has a
// slope where r is zero in any arithmetic. docs/algorithms/typicality_guard.md.
//
//   auto rank  = latentpath::normal_typicality(512);
//   auto guard = latentpath::typicality_guard(rank);
//   auto both  = latentpath::product({latentpath::time_ramp(feature), guard});

#include <cstdint>
#include <memory>
#include <string>

#include "latentpath/metric/density.h"
#include "latentpath/metric/density_rank.h"
#include "latentpath/metric/quality.h"

namespace latentpath {

/// The rank r(z) of places by a prior, as its logarithm.
class TypicalityRank {
 public:
  virtual ~TypicalityRank() = default;
  /// z [n, D] floating → log r(z) [n] float64 ≤ 0, finite wherever z is, differentiable.
  virtual Tensor log_rank(const Tensor& z) const = 0;
  virtual int64_t dim() const = 0;
  virtual std::string describe() const = 0;

  /// r(z) [n] float64, without gradient.
  Tensor rank(const Tensor& z) const;
};
using TypicalityRankPointer = std::shared_ptr<const TypicalityRank>;

/// Of N(0, I_D): two-sided in high dimension (norm_rank.h). Throws Error(kArgument) for D < 1.
TypicalityRankPointer normal_typicality(int64_t latent_dim);

/// Of a density: the share of it in places of no higher density. A place at distance d from a uniform
/// density's box of softness s has the rank 100^{−(d/s)²}.
/// @param distribution of log f, where it has been computed already
TypicalityRankPointer density_typicality(
    DensityPointer density, std::shared_ptr<const LogDensityDistribution> distribution = nullptr);

struct GuardOptions {
  double samples = 100;  ///< k: a place may be as strange as the strangest of so many
};

/// Throws Error(kArgument) for a missing rank and for less than one sample.
QualityPointer typicality_guard(TypicalityRankPointer rank, const GuardOptions& options = {});

}  // namespace latentpath
