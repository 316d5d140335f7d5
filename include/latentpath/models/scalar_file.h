#pragma once
// A function of points that a model file holds, one number a point: a quality, a distance, what is 0 on a
// set.
//
//   const auto distance = scalar_file("torus.pt", "level set", 3, "");
//   (*distance)(z);                                                            // [n, D] -> [n, 1]

#include <cstdint>
#include <memory>
#include <string>

#include "latentpath/metric/embedding.h"

namespace latentpath {

/// `role`: what its errors call it; `dtype`: that it is evaluated in, "" for its own. Throws
/// Error(kInput) for a file that cannot be read and, when called, for values that are not one a point.
std::shared_ptr<Embedding> scalar_file(const std::string& file, const char* role, int64_t dim,
                                       const std::string& dtype);

}  // namespace latentpath
