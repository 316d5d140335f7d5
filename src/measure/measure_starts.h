#pragma once
// First paths of the kind mmd: one row a start, which is what names, choices, refusals and the search come
// from. Internal.

#include <string>
#include <vector>

#include "latentpath/measure/measure_result.h"

namespace latentpath {

enum class MeasureStart { kRandom, kMatched, kStraight, kSmooth };

struct MeasureStartRow {
  MeasureStart start;
  std::string name;
  std::string help;
  bool needs_matching;          ///< by an exact transport
  bool needs_equal_sizes;       ///< and no weights: it joins the i-th points of both samples
  bool needs_points;            ///< it moves points, and is no start of a neural curve
  bool between;                 ///< it has points between its ends, so that a few steps show the way for more
  const char* title = nullptr;  ///< of its candidate, for people; null: "mmd, NAME start"
};

/// In the order in which `start` auto tries them.
const std::vector<MeasureStartRow>& measure_starts();

/// Both ends as particles: the same number of points, each with one weight from start to end.
struct Particles {
  Tensor from, to;  ///< [N, d]
  Tensor weights;   ///< [N]
  bool uniform = false;
};

MeasurePath straight_path(const Particles& particles, int64_t steps);
/// Points jump from start to end one by one, evenly over time, in random order: the sampled mixture.
MeasurePath jumping_path(const Particles& particles, int64_t steps, at::Generator generator);
/// The polyline through the samples of a path, at more steps; its particles keep their weights.
MeasurePath refine(const MeasurePath& path, int64_t steps);

}  // namespace latentpath
