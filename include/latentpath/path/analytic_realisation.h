#pragma once
// The analytic realisation of a path problem: the same map, quality, metric and ends on plain numbers with
// exact second derivatives, for Newton's method.
//
// A caller states a problem once, with what it has: charts and qualities made of scalar templates, or
// tensors, or both. What has an analytic realisation gives it (Embedding::analytic(), Quality::analytic(),
// MetricTensor::analytic()); tensors alone, a TorchScript file say, are differentiated through LibTorch
// (as_chart() and as_analytic() in adaptors.h), which pays for few coordinates and few outputs.
//
//   std::string why;
//   if (const auto dense = analytic_realisation(problem, options, &why))
//     GeodesicResult result = find_geodesics(*dense);
//   else
//     std::cout << "by tensors, since " << why << "\n";

#include <optional>
#include <string>

#include "latentpath/path/find_geodesics.h"
#include "latentpath/path/find_path.h"

namespace latentpath {

/// The problem for find_geodesics(), or nothing where there is none or it would not pay; `why` then says why,
/// to stand after "since". There is one for the chord cost and the dynamic cost with a given time weight, a
/// polyline, lengths in the sum over outputs or in the embedding's metric, and a quality that Newton's method
/// can take. Throws Error(kArgument) as WeightedMetric does.
std::optional<GeodesicProblem> analytic_realisation(const PathProblem& problem, const PathOptions& options,
                                                    std::string* why = nullptr);

/// Whether Newton's method pays for a metric, by what the metric can do: always where map, quality and metric
/// are analytic; where LibTorch differentiates them, for up to 8 coordinates and 64 outputs, with second
/// derivatives, and not for level sets, whose kinks tensors do not let go soft. `why` as above.
bool newton_pays(const WeightedMetric& metric, std::string* why = nullptr);

}  // namespace latentpath
