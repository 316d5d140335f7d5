#pragma once
// The pictures of a path: strips of frames along the three curves, and, for a latent plane (D = 2), the plane
// itself.
//
//   write_picture("strip", draw_path_strip(problem, result, 0, {.frames = 12, .by_arc_length = true}));

#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/value_range.h"
#include "latentpath/path/find_path.h"
#include "latentpath/report/picture.h"

namespace latentpath {

struct PictureOptions {
  int64_t frames = 12;
  bool by_arc_length = false;              ///< frames evenly spaced in image space instead of in time
  std::optional<ValueRange> output_range;  ///< the decoder's values; none: each strip's own extremes
  std::string feature_name;                ///< "P(8)"; printed under frames
  std::vector<std::string> rows{"linear", "spherical", "ours"};  ///< of a strip, from top to bottom
  Tensor reference = {};  ///< [m, 2]: the globally shortest path, drawn in the plane
};

/// Curve times at which the frames stand: uniform, or evenly spaced in decoded length. nodes [n + 1, D],
/// times [n + 1] → [frames].
Tensor frame_times(const Embedding& embedding, const Tensor& nodes, const Tensor& times,
                   const PictureOptions& options);

/// True when decoded points are images [C, H, W] with C = 1 or 3 (or [H, W]).
bool decodes_images(const Embedding& embedding, int64_t latent_dim);

/// Rows (straight line, spherical, ours) of one pair, the feature under every frame; nothing where the
/// problem has neither feature nor quality.
Picture draw_path_strip(const PathProblem& problem, const PathResult& result, int64_t pair,
                        const PictureOptions& options);

/// What happens along the curves of one pair, over time: squared steps in image space, and the feature.
Picture draw_path_curves(const PathProblem& problem, const PathResult& result, int64_t pair,
                         const PictureOptions& options);

/// The square −reach … reach of a latent plane (D = 2) and what each of its points is worth.
struct PathPlane {
  double reach = 1;
  Tensor values = {};  ///< float64 [side, side]: the feature, or the quality at t = ½; row 0 is −reach
};

/// Decodes a grid that holds every pair's three curves, and the prior's mass when it is normal. It costs
/// side² decoder evaluations, so pictures and report share one.
PathPlane evaluate_path_plane(const PathProblem& problem, const PathResult& result, bool normal_prior,
                              int64_t side = 65);

/// The latent plane of a D = 2 model coloured by the feature (or the quality at t = ½), prior contours and
/// the three paths of one pair.
Picture draw_path_plane(const PathProblem& problem, const PathResult& result, int64_t pair,
                        const PathPlane& plane, bool normal_prior, const PictureOptions& options);

}  // namespace latentpath
