#pragma once
// The picture of a tour: a row of frames for each of its legs.
//
//   write_picture("tour", draw_tour_strip(problem, tour, 4, {.frames = 12}));

#include "latentpath/path/tour.h"
#include "latentpath/report/path_pictures.h"

namespace latentpath {

/// A row for each of `legs`: frames of the tour from one of its points to the next, evenly spaced in image
/// space, both points among them; the feature, where there is one, under every frame.
Picture draw_tour_strip(const PathProblem& problem, const Tour& tour, int64_t legs,
                        const PictureOptions& options);

}  // namespace latentpath
