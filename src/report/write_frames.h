#pragma once
// How a film's frames become its files, whatever they show: the one loop over frames, those that stand still
// at the ends included.

#include <functional>
#include <vector>

#include "latentpath/report/film.h"

namespace latentpath::detail {

struct FilmFrames {
  int64_t width = 0, height = 0;
  int64_t at_once = 1;  ///< frames that are drawn at once
  /// Whole frames, uint8 [height, width, 3], of these numbers [n], 0 … moving_frames() − 1.
  std::function<std::vector<Tensor>(const Tensor& numbers)> draw = {};
};

/// Writes the files that `options` names. Throws Error as write_film() does.
FilmFacts write_frames(const FilmFrames& frames, const FilmOptions& options, int threads,
                       const ProgressObserver& progress, const CancellationToken& cancellation);

void check_film_not_cancelled(const CancellationToken& cancellation);

/// Numbers of so many of `all` frames, from the first to the last.
Tensor evenly(int64_t count, int64_t all);

}  // namespace latentpath::detail
