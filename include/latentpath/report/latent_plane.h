#pragma once
// A plane of the latent space seen from above: how good the decoded images are (a heat map), where the prior
// puts its mass (contours), and the paths that cross it.
//
//   LatentPlane plane{.title = "From 3 to 5 through eights", .values = probability, .value_label = "P(8)",
//                     .x0 = -4, .x1 = 4, .y0 = -4, .y1 = 4};
//   plane.contours = {{1.18, "50 %"}, {2.15, "90 %"}, {3.03, "99 %"}};
//   plane.curves = {{"straight line", kLinearColour, line, true}, {"LatentPath", kPathColour, path}};
//   write_picture("plane", draw_latent_plane(plane));

#include <string>
#include <vector>

#include "latentpath/core/tensor.h"
#include "latentpath/report/picture.h"

namespace latentpath {

struct PlaneContour {
  double radius = 1;
  std::string label = {};  ///< for example "90 %", the prior's mass within
  Point centre = {};
};

struct PlaneCurve {
  std::string name = {};  ///< in the legend; none: not listed
  Colour colour = kPathColour;
  Tensor points = {};  ///< [n, 2], floating
  bool dashed = false;
  bool thin = false;  ///< for a curve that may lie exactly on another, which stays visible under it
};

struct LatentPlane {
  std::string title = {};
  Tensor values =
      {};  ///< [rows, columns]: at x = x0 … x1, y = y0 … y1, ends included, so row 0 is y0; may be undefined
  std::string value_label = {};  ///< beside the colour bar
  double x0 = -1, x1 = 1, y0 = -1, y1 = 1;
  double value_min = 0, value_max = 1;  ///< values outside take the end colours, NaN is grey
  std::string x_label = "latent 1", y_label = "latent 2";
  std::string contour_label = "prior mass";  ///< the contours' entry in the legend
  Tensor samples = {};                   ///< [n, 2]: small discs below contours and curves; may be undefined
  Tensor sample_values = {};             ///< [n], coloured on the same scale as `values`; undefined: grey
  std::string sample_label = "samples";  ///< their entry in the legend
  std::vector<PlaneContour> contours = {};
  std::vector<PlaneCurve> curves = {};  ///< the last lies on top
  /// The ends of the curves, marked and labelled where the first curve begins and ends; empty: no marker. A
  /// loop has one marker with both labels.
  std::string start_label = "start", end_label = "end";
  double size = 560;  ///< length of the plot's longer side
  double pixel_ratio = 2;
};

/// Whether colours by these values tell anything: not where all finite ones are the same.
bool vary(const Tensor& values);

/// Both axes have the same scale unless one is over four times as long as the other.
/// Throws Error kArgument when extents, the value range or a shape make no sense.
Picture draw_latent_plane(const LatentPlane& plane);

}  // namespace latentpath
