#pragma once
// A path between measures as JSON and as a picture.
//
//   nlohmann::json summary = measure_summary(result);   // {"pairs": [{"path": {…}, "mixture": {…}, …}], …}
//   write_picture("strip", draw_measure_strip(problem, result, {.frames = 11}));
//
// Figures that do not apply are absent; NaN and infinity are null, with a sentence in "warnings".

#include <nlohmann/json_fwd.hpp>

#include "latentpath/measure/interpolate_measures.h"
#include "latentpath/report/picture.h"

namespace latentpath {

/// What report.html shows of it: the points of every method on their way (kind "measures" in
/// docs/report.md), in the first two coordinates, at most 1000 of them.
nlohmann::json measure_report_data(const MeasureResult& result);

struct MeasurePictureOptions {
  int64_t frames = 11;    ///< in each row, evenly picked from the path's samples
  bool baselines = true;  ///< rows for the other starts, the mixture and the displacement
};

/// Rows of scatter pictures in the style of Fig. 9; with a quality in the plane, darker
/// where it is low.
Picture draw_measure_strip(const MeasureProblem& problem, const MeasureResult& result,
                           const MeasurePictureOptions& options = {});

}  // namespace latentpath
