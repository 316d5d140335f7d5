#pragma once
// What a run was about.
//
//   RunKind kind = RunKind::kGeodesic;

namespace latentpath {

enum class RunKind { kInterpolate, kGeodesic, kMeasures };

}  // namespace latentpath
