#include "latentpath/path/parallel_transport.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "latentpath/core/error.h"
#include "path/dense/geodesic_motion.h"

namespace latentpath {
namespace {

using detail::GeodesicMotion;
using detail::vector_of;
using Eigen::Index;
using Eigen::VectorXd;

constexpr const char* kWhat = "transported vectors";

/// A tolerance, and into how many parts every segment is cut.
struct Steps {
  double tolerance;
  int parts = 1;
  /// Finer ones: a smaller tolerance takes shorter steps or more columns, and no step is longer than a part.
  Steps finer() const { return {tolerance / 32, 2 * parts}; }

  template <class System>
  bool advance(detail::BulirschStoer& method, System& system, VectorXd& state, double duration) const {
    bool complete = true;
    for (int part = 0; part < parts && complete; ++part)
      complete = method.advance(system, state, duration / parts, tolerance);
    return complete;
  }
};

/// (z, p, w) along a geodesic.
struct AlongGeodesic {
  GeodesicMotion& motion;

  bool derivative(const VectorXd& state, VectorXd& slope) {
    const Index dim = motion.dim();
    if (!state.allFinite() || !motion.derivative(state, slope)) return false;
    slope.tail(dim).noalias() = -(motion.connection(motion.velocity()) * state.tail(dim));
    return slope.allFinite();
  }
  double size_of(const VectorXd& error, const VectorXd& state, const VectorXd& slope) const {
    const Index dim = motion.dim();
    return std::max(motion.size_of(error, state, slope),
                    error.tail(dim).norm() / std::max(1e-300, state.tail(dim).norm()));
  }
};

/// (z, w) along a straight line of the chart, z' = step.
struct AlongLine {
  GeodesicMotion& motion;
  VectorXd step;

  bool derivative(const VectorXd& state, VectorXd& slope) {
    const Index dim = motion.dim();
    if (!state.allFinite()) return false;
    motion.metric_at(state.head(dim));
    if (!motion.factorise()) return false;
    slope.head(dim) = step;
    slope.tail(dim).noalias() = -(motion.connection(step) * state.tail(dim));
    return slope.allFinite();
  }
  double size_of(const VectorXd& error, const VectorXd& state, const VectorXd&) const {
    return error.tail(motion.dim()).norm() / std::max(1e-300, state.tail(motion.dim()).norm());
  }
};

void append(std::vector<double>& rows, const VectorXd& row) {
  rows.insert(rows.end(), row.data(), row.data() + row.size());
}

Transport start_of(const VectorXd& z, const VectorXd& w) {
  Transport found;
  found.dim = static_cast<std::size_t>(z.size());
  append(found.nodes, z);
  append(found.vectors, w);
  return found;
}

/// Error and drift of the finer of two transports.
Transport compared(GeodesicMotion& motion, Transport coarse, Transport fine) {
  const auto dim = static_cast<Index>(fine.dim);
  const auto map = [&](const std::vector<double>& row) -> VectorXd {
    return Eigen::Map<const VectorXd>(row.data(), dim);
  };
  const VectorXd z = map(fine.point()), w = map(fine.vector());
  const double size = motion.speed(map(fine.nodes), map(fine.vectors));
  fine.complete = fine.complete && coarse.complete && coarse.vectors.size() == fine.vectors.size();
  if (size > 0) {
    fine.error = motion.speed(z, w - map(coarse.vector())) / size;
    fine.drift = std::abs(motion.speed(z, w) / size - 1);
  }
  return fine;
}

Transport along_geodesic(GeodesicMotion& motion, const VectorXd& z, const VectorXd& v, const VectorXd& w,
                         int segments, const Steps& steps) {
  const Index dim = motion.dim();
  Transport found = start_of(z, w);
  VectorXd state(3 * dim);
  state << z, motion.metric_at(z) * v, w;
  LATENTPATH_CHECK(state.allFinite(), kNumerical,
                   "the metric is NaN or infinite where a geodesic is to start");
  const bool moves = v.squaredNorm() > 0 && w.squaredNorm() > 0;
  AlongGeodesic system{motion};
  detail::BulirschStoer method;
  for (int s = 0; s < segments && found.complete; ++s) {
    found.complete = !moves || steps.advance(method, system, state, 1.0 / segments);
    append(found.nodes, state.head(dim));
    append(found.vectors, state.tail(dim));
  }
  return found;
}

Transport along_polyline(GeodesicMotion& motion, std::span<const double> nodes, const VectorXd& w,
                         const Steps& steps) {
  const Index dim = motion.dim(), count = static_cast<Index>(nodes.size()) / dim;
  const Eigen::Map<const Eigen::MatrixXd> columns(nodes.data(), dim, count);
  Transport found = start_of(columns.col(0), w);
  VectorXd state(2 * dim);
  state << columns.col(0), w;
  detail::BulirschStoer method;
  for (Index s = 0; s + 1 < count && found.complete; ++s) {
    AlongLine system{motion, columns.col(s + 1) - columns.col(s)};
    if (system.step.squaredNorm() > 0 && w.squaredNorm() > 0)
      found.complete = steps.advance(method, system, state, 1);
    if (found.complete) state.head(dim) = columns.col(s + 1);
    append(found.nodes, state.head(dim));
    append(found.vectors, state.tail(dim));
  }
  return found;
}

void check_tolerance(double tolerance) {
  LATENTPATH_CHECK(tolerance > 0, kArgument, "the tolerance of a parallel transport must be above 0, not ",
                   tolerance);
}

}  // namespace

Transport transport_along_geodesic(const WeightedMetric& metric, std::span<const double> z,
                                   std::span<const double> v, std::span<const double> w, int segments,
                                   double tolerance) {
  LATENTPATH_CHECK(segments >= 1, kArgument, "a parallel transport takes 1 segment or more, not ", segments);
  check_tolerance(tolerance);
  GeodesicMotion motion(metric, kWhat);
  const VectorXd start = vector_of(z, motion.dim(), "the point"),
                 velocity = vector_of(v, motion.dim(), "the velocity"),
                 carried = vector_of(w, motion.dim(), "the vector to carry");
  const Steps steps{tolerance};
  const Transport coarse = along_geodesic(motion, start, velocity, carried, segments, steps);
  return compared(motion, coarse, along_geodesic(motion, start, velocity, carried, segments, steps.finer()));
}

Transport transport_along(const WeightedMetric& metric, std::span<const double> nodes,
                          std::span<const double> w, double tolerance) {
  check_tolerance(tolerance);
  GeodesicMotion motion(metric, kWhat);
  const auto dim = static_cast<std::size_t>(motion.dim());
  LATENTPATH_CHECK(nodes.size() >= 2 * dim && nodes.size() % dim == 0, kArgument, "a polyline in dimension ",
                   dim, " needs at least 2 nodes of ", dim, " coordinates, not ", nodes.size(), " numbers");
  const VectorXd carried = vector_of(w, motion.dim(), "the vector to carry");
  const Steps steps{tolerance};
  const Transport coarse = along_polyline(motion, nodes, carried, steps);
  return compared(motion, coarse, along_polyline(motion, nodes, carried, steps.finer()));
}

}  // namespace latentpath
