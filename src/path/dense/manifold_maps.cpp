#include "latentpath/path/manifold_maps.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "latentpath/core/error.h"
#include "latentpath/core/point_string.h"
#include "latentpath/metric/sectional_curvature.h"
#include "latentpath/metric/topology.h"
#include "latentpath/path/global_geodesics.h"
#include "path/dense/geodesic_motion.h"

namespace latentpath {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class ChartMaps final : public ManifoldMaps {
 public:
  explicit ChartMaps(WeightedMetric metric) : metric_(std::move(metric)) {
    const detail::GeodesicMotion refuses_what_has_none(metric_);
  }

  std::string describe() const override { return metric_.describe(); }
  std::string how() const override {
    return "geodesics by integration, logarithms by Newton's method along paths that were found";
  }
  int size() const override { return metric_.latent_dim(); }

  void check_point(std::span<const double> z, const std::string& what) const override {
    check_size(z, what);
    LATENTPATH_CHECK(metric_.topology().contains(z), kArgument, what, " ", point_string(z),
                     " lies outside of ", metric_.chart().describe(), ": ", metric_.topology().describe());
  }
  void check_tangent(std::span<const double>, std::span<const double> v,
                     const std::string& what) const override {
    check_size(v, what);
  }

  double inner(std::span<const double> z, std::span<const double> u,
               std::span<const double> v) const override {
    const auto dim = static_cast<size_t>(size());
    std::vector<double> g(dim * dim);
    metric_.metrics(1, z.data(), g.data());
    double sum = 0;
    for (size_t i = 0; i < dim; ++i)
      for (size_t j = 0; j < dim; ++j) sum += u[i] * g[i * dim + j] * v[j];
    return sum;
  }

  Exponential exponential(std::span<const double> z, std::span<const double> v, int segments) const override {
    return exponential_map(metric_, z, v, segments);
  }
  Logarithm logarithm(std::span<const double> a, std::span<const double> b) const override;
  Logarithm logarithm_near(std::span<const double> a, std::span<const double> b,
                           std::span<const double> velocity) const override {
    if (metric_.topology().is_quotient()) {
      // The copy of the end to which that velocity leads.
      const Exponential moved = exponential_map(metric_, a, velocity, 1, 1e-8);
      if (!moved.complete) return logarithm(a, b);
      return logarithm_from_velocity(metric_, a, lifts_near(metric_.topology(), moved.point(), b)[0].point,
                                     velocity);
    }
    return logarithm_from_velocity(metric_, a, b, velocity);
  }
  Transport transport(std::span<const double> z, std::span<const double> v, std::span<const double> w,
                      int segments) const override {
    return transport_along_geodesic(metric_, z, v, w, segments);
  }
  double convexity_radius(std::span<const double> z) const override;

 private:
  void check_size(std::span<const double> numbers, const std::string& what) const {
    LATENTPATH_CHECK(static_cast<int>(numbers.size()) == size(), kArgument, what, " has ", numbers.size(),
                     " coordinates, and ", metric_.chart().describe(), " ", size());
    LATENTPATH_CHECK(std::all_of(numbers.begin(), numbers.end(), [](double x) { return std::isfinite(x); }),
                     kArgument, what, " has a coordinate that is NaN or infinite");
  }

  WeightedMetric metric_;
};

Logarithm ChartMaps::logarithm(std::span<const double> a, std::span<const double> b) const {
  constexpr int kSegments = 16;  // a path that Newton's method makes exact afterwards
  GeodesicOptions options{.segments = kSegments, .coarsest_segments = kSegments, .threads = 1};
  options.subdivisions = search_subdivisions(metric_, options);
  const GeodesicProblem problem{
      .metric = metric_, .start = {a.begin(), a.end()}, .end = {b.begin(), b.end()}};
  if (!metric_.topology().is_quotient())
    return logarithm_map(metric_, a, b, find_geodesics(problem, options).geodesics[0].nodes);
  GlobalGeodesicOptions global{.geodesic = options, .samples = 0};
  global.every_geodesic = false;
  const GlobalGeodesics ways = find_global_geodesics(problem, global);
  constexpr double kSame = 1e-9, kNotable = 1.02;  // of refined lengths on so few segments
  Logarithm shortest;
  std::vector<double> lengths;
  for (const FoundGeodesic& way : ways.pairs[0].found) {
    if (way.geodesic.refined_length > kNotable * ways.pairs[0].found[0].geodesic.refined_length) continue;
    const std::vector<double>& nodes = way.geodesic.nodes;
    const std::span<const double> end = std::span(nodes).last(a.size());
    Logarithm other = logarithm_map(metric_, a, end, nodes);
    const bool better = shortest.velocity.empty() || (other.converged && !shortest.converged) ||
                        (other.converged == shortest.converged && other.length < shortest.length);
    if (other.converged) lengths.push_back(other.length);
    if (better) shortest = std::move(other);
  }
  shortest.unique = std::count_if(lengths.begin(), lengths.end(), [&](double length) {
                      return length <= shortest.length * (1 + kSame);
                    }) <= 1;
  return shortest;
}

double ChartMaps::convexity_radius(std::span<const double> z) const {
  double radius = kInfinity;
  try {
    const Curvature curvature = curvature_at(metric_, z);
    const double most = *std::max_element(curvature.sectional.begin(), curvature.sectional.end());
    if (most > 1e-12) radius = M_PI / (2 * std::sqrt(most));
  } catch (const Error&) {
    // A line, or a point where the metric is singular: nothing is known by curvature.
  }
  if (metric_.topology().is_quotient())
    for (const Lift& lift : lifts_near(metric_.topology(), z, z)) {
      if (std::all_of(lift.winding.begin(), lift.winding.end(), [](int g) { return g == 0; })) continue;
      radius = std::min(radius, metric_.segment_length(z.data(), lift.point.data(), 32) / 4);
    }
  return radius;
}

}  // namespace

ManifoldMapsPointer chart_maps(WeightedMetric metric) {
  return std::make_shared<ChartMaps>(std::move(metric));
}

}  // namespace latentpath
