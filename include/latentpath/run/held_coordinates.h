#pragma once
// Parts of a latent that a path is not to choose: a condition, the fine layers of a style, noise.
//
//   Tensor held = held_coordinates("8-17", {{18, 512}});       // bool [9216]: rows 8 to 17
//   check_held_ends(held, "stay", start, end);

#include <cstdint>
#include <string>
#include <vector>

#include "latentpath/core/tensor.h"
#include "latentpath/metric/typicality_guard.h"

namespace latentpath {

/// @param text    numbers from 0 and ranges of them, "0,8-17": of a latent of several tensors these tensors,
/// of one
///                of shape [A, B, …] its rows along the first axis longer than 1, of a row its coordinates
/// @param shapes  of the latent's tensors, without the batch dimension
/// @return bool [D]; undefined for an empty text. Throws Error(kArgument) naming `freeze`.
Tensor held_coordinates(const std::string& text, const std::vector<std::vector<int64_t>>& shapes);

/// Throws Error(kArgument) naming `freeze` where `move` is "stay" and the ends [pairs, D] of a pair differ in
/// what is held.
void check_held_ends(const Tensor& held, const std::string& move, const Tensor& start, const Tensor& end);

/// Of a rank over N(0, I_D): that of the coordinates that are free, whatever is held.
TypicalityRankPointer normal_typicality_of_free(const Tensor& held);

/// The tensors of a latent that is a list of them, by number from 0, that are the same at start and end
/// [pairs, D] of every pair, where others are not; none of a latent that is one tensor.
std::vector<int64_t> equal_parts(const std::vector<std::vector<int64_t>>& shapes, const Tensor& start,
                                 const Tensor& end);

}  // namespace latentpath
