#pragma once
// From what Python asks for, as JSON, to the library's jobs: options by the names of their tables, models as
// functions, qualities as expressions.
//
//   {"search": 17, "options": {"segments": 64, "prune-late-lead": 1.5},
//    "decoder": {"function": 3, "name": "Generator", …}, "classifier": {"file": "classifier.pt"},
//    "judge": {…}, "favor": ["8"],
//    "feature": {"kind": "product", "of": [{"kind": "function", "function": 5, "name": "near_zero"}, …]}}

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "latentpath/core/option_table.h"
#include "latentpath/run/evaluate_job.h"
#include "latentpath/run/geodesic_job.h"
#include "latentpath/run/interpolate_job.h"
#include "latentpath/run/measures_job.h"

namespace latentpath::python {

/// Sets options from {"name": value}. Throws Error(kArgument) for a name that is none, a value of another
/// type, and one outside of its range.
void set_options(const std::vector<BoundOption>& options, const nlohmann::json& values);

/// Jobs for groups of pairs that ask for different things, with the pairs' numbers; one job without for all.
struct InterpolateJobs {
  std::vector<InterpolateJob> jobs;
  std::vector<std::vector<int64_t>> pairs;
};
/// Tensors: start and end [pairs, D], and first paths [pairs, nodes, D] where they are given. Where the
/// request has "groups", [{"pairs": [0, 2], "classifier": …, "favor": …}, …], each says what it asks for.
InterpolateJobs interpolate_jobs(const nlohmann::json& request, at::TensorList tensors);
/// "features": [{"kind": …}, …], qualities, are rows beside those of "favor" and "avoid". Tensors: the pairs
/// [pairs, 2, D], where they are given.
EvaluateJob evaluate_job(const nlohmann::json& request, at::TensorList tensors);
GeodesicJob geodesic_job(const nlohmann::json& request, at::TensorList tensors);
/// Maps, means, distances and curvature: `tensors` of the request names what each tensor is.
GeodesicJob geodesic_maps_job(const nlohmann::json& request, at::TensorList tensors);
/// Tensors: x, y, and the weights that the request says are there.
MeasuresJob measures_job(const nlohmann::json& request, at::TensorList tensors);

}  // namespace latentpath::python
