#pragma once
// How the ends of a curve are marked in pictures: the start hollow, the end full, a loop once.

#include <cmath>
#include <string>
#include <vector>

#include "latentpath/report/picture.h"

namespace latentpath::detail {

struct EndMarker {
  Point at;  ///< in the picture
  std::string label;
  Colour fill = kWhite;
};

/// Of a curve from `first` to `last`; an empty label: no marker. Ends nearer than three pixels have one.
inline std::vector<EndMarker> end_markers(const Point& first, const Point& last, const std::string& start,
                                          const std::string& end) {
  if (std::hypot(first.x - last.x, first.y - last.y) < 3 && !start.empty() && !end.empty())
    return {{first, start + " = " + end}};
  std::vector<EndMarker> markers;
  if (!start.empty()) markers.push_back({first, start});
  if (!end.empty()) markers.push_back({last, end, kBlack});
  return markers;
}

}  // namespace latentpath::detail
