#pragma once
// What is told of tours.

#include <cstdint>
#include <vector>

#include "latentpath/path/tour.h"
#include "latentpath/run/run_record.h"

namespace latentpath {

/// Puts tours of so many legs, the pairs of the run in turn, into its summary ("tours"), text and arrays
/// (tour.npy, tour_times.npy). Where smooth ones were asked for, what lets one with corners be bent is said.
void add_tour_figures(const std::vector<Tour>& tours, int64_t legs, bool smooth, RunRecord& run);

}  // namespace latentpath
