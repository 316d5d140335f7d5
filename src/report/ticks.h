#pragma once
// Round numbers for the axis of a picture. Cairo has no axes, and those of the page are made by its own
// library.

#include <string>
#include <vector>

namespace latentpath::detail {

struct Ticks {
  std::vector<double> values;
  std::vector<std::string> labels;
};

/// 1, 2 or 5 times a power of ten: the distance at which [low, high] has about `wanted` ticks, or fewer
/// (P. S. Heckbert, "Nice numbers for graph labels", Graphics Gems, 1990). low < high.
double tick_distance(double low, double high, double wanted);

/// The multiples of that distance within [low, high], with the digits that tell them apart; at most 50.
Ticks make_ticks(double low, double high, double wanted);

}  // namespace latentpath::detail
