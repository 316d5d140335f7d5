#pragma once
// Paths in many dimensions seen in one plane: that of their two ends and the origin (paper A, Eq. 15; paper
// B, Eq. 4). With X = [z0, z1], a point z is shown at z̃ = X (XᵀX)⁻¹ Xᵀ z = α z0 + β z1.
//
//   EndPlane plane(z0, z1);                                 // [D] each
//   Tensor alpha_beta = plane.coefficients(path);           // [n, D] → [n, 2]
//   write_picture("projection", draw_path_projection(problem, result, 0, density, rank, 1));

#include <cstdint>

#include "latentpath/metric/density.h"
#include "latentpath/path/find_path.h"
#include "latentpath/report/latent_plane.h"

namespace latentpath {

class EndPlane {
 public:
  /// start, end [D], D ≥ 2. Where the ends and the origin lie on one line (a loop, say) Eq. 15 has no plane:
  /// then the second direction is the one in which the points of `path` [n, D] vary most beside that line.
  /// Throws Error(kArgument) for shapes that do not fit.
  EndPlane(const Tensor& start, const Tensor& end, const Tensor& path = {});

  /// True when the ends span the plane, as in Eq. 15.
  bool spanned_by_ends() const { return spanned_; }
  /// α and β [n, 2] of points [n, D]. Throws Error(kArgument) unless spanned_by_ends().
  Tensor coefficients(const Tensor& points) const;
  /// The same projection in orthonormal coordinates [n, 2], so that lengths are true: x along z1 − z0, y away
  /// from the origin, which is at (0, 0).
  Tensor to_scale(const Tensor& points) const;

 private:
  Tensor ends_;  // X [D, 2]
  Tensor axes_;  // orthonormal [D, 2]
  bool spanned_ = true;
};

/// The straight line, the great circle and ours of one pair, over samples of the prior projected alike and
/// coloured by `rank` (a quality of latents).
Picture draw_path_projection(const PathProblem& problem, const PathResult& result, int64_t pair,
                             const Density& prior, const Quality& rank, uint64_t seed);

}  // namespace latentpath
