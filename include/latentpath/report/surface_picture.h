#pragma once
// Curves on surfaces in space, as seen from a point far away: shaded surfaces, and the curves drawn over what
// lies behind them and hidden by what lies in front.
//
//   SurfacePicture picture{.title = "Great circle", .patches = {sphere_points}};    // [rows, columns, 3]
//   picture.curves = {{"geodesic", kPathColour, points}};                            // [n, 3]
//   write_picture("surface", draw_surface(picture));

#include <string>
#include <vector>

#include "latentpath/core/tensor.h"
#include "latentpath/report/picture.h"

namespace latentpath {

struct SurfaceCurve {
  std::string name = {};  ///< in the legend; none: not listed
  Colour colour = kPathColour;
  Tensor points = {};  ///< [n, 3], floating
  double width = 2.2;
};

struct SurfacePicture {
  std::string title = {};
  std::string note = {};             ///< below, small
  std::vector<Tensor> patches = {};  ///< each [rows, columns, 3]: the corners of a net of quadrangles
  std::vector<Tensor> values =
      {};  ///< none, or [rows, columns] for each patch: quality in [0, 1], as its colour
  std::vector<SurfaceCurve> curves = {};
  /// The ends of the last curve, marked and labelled; both empty: no marker. A loop has one marker.
  std::string start_label = "start", end_label = "end";
  double azimuth = -50;   ///< degrees: where the viewer stands, from the first axis towards the second
  double elevation = 28;  ///< degrees above the plane of the first two axes
  double size = 560;      ///< of the drawing's longer side
  double pixel_ratio = 2;
};

/// Throws Error kArgument where a shape does not fit or nothing finite is there to draw.
Picture draw_surface(const SurfacePicture& picture);

}  // namespace latentpath
