#pragma once
// The film of a path between two measures: its points on their way, on axes that stay, over the two samples
// that they lead from and to.
//
//   write_measure_film({result.path, result.times}, {.video = "points.mp4", .seconds = 3});

#include "latentpath/measure/measure_result.h"
#include "latentpath/report/film.h"

namespace latentpath {

struct FilmedMeasures {
  MeasurePath path;
  Tensor times;  ///< [K + 1]
};

/// Refuses what is about images and several curves. Throws Error(kArgument).
void check_film_of_measures(const FilmOptions& options);

/// Frames at even times, squares of `size` pixels (0: 512). Throws Error as write_film() does.
FilmFacts write_measure_film(const FilmedMeasures& measures, const FilmOptions& options, int threads = 1,
                             const ProgressObserver& progress = {},
                             const CancellationToken& cancellation = {});

}  // namespace latentpath
