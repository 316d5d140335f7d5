#pragma once
// CurveFigures, tensor by tensor.

#include "latentpath/metric/path_energy.h"

namespace latentpath {

/// Calls `use` with a pointer to each of its tensors.
template <class Use>
void for_each_figure(Use use) {
  for (auto figure : {&CurveFigures::cost, &CurveFigures::cost_refined, &CurveFigures::length,
                      &CurveFigures::quality_of_curve, &CurveFigures::mean_quality,
                      &CurveFigures::min_quality, &CurveFigures::min_weight, &CurveFigures::embedding_length,
                      &CurveFigures::mean_feature, &CurveFigures::subdivisions})
    use(figure);
}

}  // namespace latentpath
