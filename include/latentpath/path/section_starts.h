#pragma once
// A first path for what is asked in parts of the time: to a place that has what the first section asks, there
// for as long as the section lasts, on to one that has what the second asks, and so on.
//
// For each section good points are drawn from the prior (via_points.h); of all chains z0 → w_1 → … → w_K → z1
// the one that is shortest in the space of images is taken, by dynamic programming.
//
//   options.section_paths = section_paths(problem, asked, options);      // [pairs, nodes, D]

#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/metric/quality_sections.h"
#include "latentpath/path/path_options.h"

namespace latentpath {

/// `decoded`, where given, is told how many points were decoded. Of no prior N(0, I) is taken.
Tensor section_paths(const PathProblem& problem, const std::vector<QualitySection>& asked,
                     const PathOptions& options, const CancellationToken& cancellation = {},
                     int64_t* decoded = nullptr);

}  // namespace latentpath
