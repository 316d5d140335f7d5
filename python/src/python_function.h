#pragma once
// Functions of the caller's Python, called through LibTorch's dispatcher: the operators latentpath::call and
// latentpath::report are declared here and implemented in python/latentpath/_calls.py. So the core needs
// neither Python.h nor libtorch_python, and one build serves every Python.
//
// A function is known by its number. What it raises is kept by Python, which raises it again when the search
// has ended; here it is a FunctionFailure, with the same text.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/core/tensor.h"
#include "latentpath/metric/embedding.h"
#include "latentpath/metric/metric_tensor.h"
#include "latentpath/metric/quality.h"
#include "latentpath/models/model_function.h"

namespace latentpath::python {

class FunctionFailure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The function's result, differentiable where the function is. Takes the GIL for as long as Python runs:
/// whoever calls does not hold it. Throws FunctionFailure.
Tensor call(int64_t function, const std::vector<Tensor>& inputs);

/// Tells the search's Python how far it is.
ProgressObserver progress_to(int64_t search);

/// {"function": 3, "name": "Generator", "dtype": "float32", "dtype_known": true, "weights": 7, "attributes":
/// {…}, "convolution_channels": 3}
ModelFunction model_function(const nlohmann::json& described);

/// A function of points, [n, D] → [n, …], as a map; or [n, D] → [n, D, D], as a metric.
std::shared_ptr<Embedding> map_of(const nlohmann::json& described, int64_t dim);
MetricTensorPointer metric_of(const nlohmann::json& described, int64_t dim);

/// {"function": 3, "name": "near_zero", "of": "latent"}, or of "decoded": [n, …] → [n].
QualityPointer quality_of(const nlohmann::json& described);

}  // namespace latentpath::python
