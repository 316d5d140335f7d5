#pragma once
// Leaving a saddle along a direction of negative curvature. Internal.

#include <vector>

#include "latentpath/solver/second_order.h"

namespace latentpath::detail {

/// A first guess of the lowest mode, of `blocks` nodes of `size` coordinates: smooth, with something of every
/// coordinate and no symmetry, since low modes are long waves.
void fill_long_wave(std::vector<double>& mode, std::size_t blocks, std::size_t size);

/// The best point out along ±mode from x [N] of cost `cost`, in doubling steps as far as the cost falls.
/// False, and x as it was, where it does not. The model must be linearised anew afterwards.
bool descend_along(SecondOrderModel& model, const std::vector<double>& mode, double cost,
                   std::vector<double>& x);

}  // namespace latentpath::detail
