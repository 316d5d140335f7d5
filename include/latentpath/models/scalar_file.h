#pragma once
// A function of points, one number a point, that a model file or the caller has: a distance, what is 0 on a
// set, a property.
//
//   const auto distance = scalar_file("torus.pt", "level set", 3, "");
//   (*distance)(z);                                                            // [n, D] -> [n, 1]

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "latentpath/metric/embedding.h"

namespace latentpath {

/// `role`: what its errors call it; `dtype`: that it is evaluated in, "" for its own. Throws
/// Error(kInput) for a file that cannot be read and, when called, for values that are not one a point.
std::shared_ptr<Embedding> scalar_file(const std::string& file, const char* role, int64_t dim,
                                       const std::string& dtype);

/// The same of the caller's function, `what` its errors call it.
std::shared_ptr<Embedding> scalar_function(std::function<Tensor(const Tensor&)> function,
                                           const std::string& what, int64_t dim);

/// Throws Error(kInput) where `values`, which `name` gives for latents that want a gradient, have none.
void check_has_gradient(const Tensor& values, const std::string& name);

}  // namespace latentpath
