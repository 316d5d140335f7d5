#pragma once
// ManifoldMaps: a Riemannian manifold as its maps: exponential, logarithm, parallel transport, inner product.
// What is made of these alone (means, tables of distances) is made alike on charts and on the manifolds that
// have closed forms (matrix_manifolds.h). Points and tangent vectors are rows of size() numbers. Free of
// LibTorch.
//
//   const auto maps = chart_maps(WeightedMetric(torus_chart(2, 1)));
//   maps->logarithm(a, b).velocity;

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "latentpath/metric/weighted_metric.h"
#include "latentpath/path/geodesic_maps.h"
#include "latentpath/path/parallel_transport.h"

namespace latentpath {

class ManifoldMaps {
 public:
  virtual ~ManifoldMaps() = default;

  virtual std::string describe() const = 0;
  /// How its maps are computed, one sentence: "closed forms: …".
  virtual std::string how() const = 0;
  /// Numbers of a point, and of a tangent vector.
  virtual int size() const = 0;
  /// Throws Error(kArgument), which opens with `what`, for a point that is none of the manifold.
  virtual void check_point(std::span<const double> z, const std::string& what) const = 0;
  /// The same of a vector that is not tangent at z.
  virtual void check_tangent(std::span<const double> z, std::span<const double> v,
                             const std::string& what) const = 0;
  /// ⟨u, v⟩ at z.
  virtual double inner(std::span<const double> z, std::span<const double> u,
                       std::span<const double> v) const = 0;
  virtual Exponential exponential(std::span<const double> z, std::span<const double> v,
                                  int segments = 1) const = 0;
  /// Of the shortest geodesic that is found.
  virtual Logarithm logarithm(std::span<const double> a, std::span<const double> b) const = 0;
  /// The same, of the geodesic near a velocity that is about right.
  virtual Logarithm logarithm_near(std::span<const double> a, std::span<const double> b,
                                   std::span<const double> /*velocity*/) const {
    return logarithm(a, b);
  }
  /// w along t → exp_z(tv).
  virtual Transport transport(std::span<const double> z, std::span<const double> v, std::span<const double> w,
                              int segments = 1) const = 0;
  /// Points of a ball of this radius around z have one mean, as far as is known; infinity where any have.
  virtual double convexity_radius(std::span<const double> z) const = 0;
};

using ManifoldMapsPointer = std::shared_ptr<const ManifoldMaps>;

/// Those of a chart's metric: geodesics by integration, logarithms along the shortest of the paths that
/// find_geodesics() finds, on quotients to the copies of the end. The convexity radius is π/(2√K), K the
/// largest curvature at z, or a quarter of the shortest way round. Throws Error(kArgument) as
/// exponential_map() does.
ManifoldMapsPointer chart_maps(WeightedMetric metric);

}  // namespace latentpath
