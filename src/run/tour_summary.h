#pragma once
// What is told of tours.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "latentpath/path/tour.h"

namespace latentpath {

/// Puts tours of so many legs, the pairs of the run in turn, into its summary ("tours", and the "name" of
/// each pair, "leg 3", or "tour 2, leg 1" of several); `smooth`: whether they were to be bent, recorded with
/// them.
void add_tour_figures(const std::vector<Tour>& tours, int64_t legs, bool smooth, nlohmann::json& summary);

/// What a summary calls one of its pairs: by its "name", or "pair 3", the first being 1.
std::string pair_name(const nlohmann::json& pairs, size_t pair);

/// What a summary's "tours", one or more, come to: "tour of 3 legs: cost 12.1 (its legs 12), smooth at its
/// points: …". Neither a capital nor a full stop: for the terminal and the verdict alike.
std::string tours_text(const nlohmann::json& tours);

/// That a smooth tour was asked for and no bend was cheap enough for it.
bool keeps_corners(const nlohmann::json& tour);

}  // namespace latentpath
