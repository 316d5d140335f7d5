#pragma once
// What is asked in parts of the time: "first an eight, then a three".
//
//   Q_t(z) = 1 − r(t) (1 − Q_k(z))   while t is in section k,   1 between sections,
//
// r = 1 but for the first and the last quarter of what lies at an end of the path, where it rises from 0 if
// `ramp` asks for it: the ends are given, and may lack what is asked.
//
//   const std::vector<QualitySection> asked{{0, 0.4, eights}, {0.6, 1, threes}};
//   problem.quality = in_sections(asked, /*ramp=*/true);
//   problem.feature = feature_of_sections(asked);

#include <vector>

#include "latentpath/metric/quality.h"

namespace latentpath {

/// One quality, which does not depend on time, and when it is asked for.
struct QualitySection {
  double from = 0, to = 1;
  QualityPointer quality;
};

/// Throws Error(kArgument) unless sections lie within [0, 1], in order, and none is empty or overlaps the
/// next.
void check_sections(const std::vector<QualitySection>& sections);

QualityPointer in_sections(std::vector<QualitySection> sections, bool ramp);

/// At each time the quality of the nearest section: what is to be looked at along a path.
QualityPointer feature_of_sections(std::vector<QualitySection> sections);

}  // namespace latentpath
