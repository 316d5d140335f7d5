#pragma once
// Topology of a geodesic job: what options and files say of periods and domain, and whether the metric
// agrees. Internal.

#include <string>
#include <vector>

#include "latentpath/metric/topology.h"
#include "latentpath/run/geodesic_job.h"

namespace latentpath::detail {

/// "6.283185307,none": the period of each coordinate; "6.283185307:-2,none": on the way round the second one
/// changes its sign. Throws Error(kArgument) that names `field`.
std::vector<Identification> parse_periods(const std::string& field, const std::string& text, int dim);

/// "-1,1,none,none": low and high end of each coordinate. Throws as above.
void parse_domain(const std::string& field, const std::string& text, int dim, Topology& topology);

/// Attributes `periods` and `domain` of a chart's file, numbers or a text as above; empty where it has none.
struct StatedTopology {
  std::string periods, domain;
};
StatedTopology stated_topology(const std::string& file, const std::string& role,
                               const ModelSignature& signature = {});

/// The chart of the problem with what options, else the file, say of its topology.
void set_topology(const GeodesicJob& job, const StatedTopology& stated, ManifoldProblem& problem);

/// Ends that the chart does not cover are refused. So are periods that the metric does not have, if they were
/// given; those of a shipped chart that a quality breaks are left out with a warning. A chart of one's own
/// that repeats itself without saying so is warned of, where that is the nearer way.
void check_topology(const GeodesicJob& job, ManifoldProblem& problem);

}  // namespace latentpath::detail
