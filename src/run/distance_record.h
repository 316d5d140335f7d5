#pragma once
// A table of distances, as a record tells it: distances.npy, distances.csv, summary and text. Internal.

#include <string>
#include <vector>

#include "latentpath/run/geodesic_job.h"

namespace latentpath::detail {

struct DistanceRecord {
  int64_t points = 0;
  std::vector<double> distances = {};  ///< [points, points]
  int64_t not_converged = 0, shortened = 0;
  bool sought = true;  ///< false: in closed form
  double seconds = 0;
  std::string title = {}, topology = {};
};

/// With the run's method, its reason, precision, and whether lengths are weighted.
void record_distances(const DistanceRecord& record, GeodesicRun& run);

}  // namespace latentpath::detail
