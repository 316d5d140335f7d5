#include "latentpath/path/route_starts.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "latentpath/core/device.h"
#include "latentpath/core/error.h"
#include "latentpath/numerics/roadmap.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/path/points.h"
#include "path/row_memory.h"

namespace latentpath {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// Edges whose images are compared at once.
constexpr int64_t kEdgesAtOnce = 4096;
/// Edges of one question from which on it is that of a whole graph, which every pair asks.
constexpr int64_t kWholeGraph = 1024;

VectorXd to_vector(const Tensor& values) {
  const Tensor whole = values.to(at::kCPU, at::kDouble).contiguous();
  return Eigen::Map<const VectorXd>(whole.data_ptr<double>(), whole.numel());
}

/// Both ends of each segment in one row, [n, 2 D].
Tensor rows_of(const MatrixXd& from, const MatrixXd& to) {
  return at::cat({tensor_of_points(from), tensor_of_points(to)}, 1);
}

/// What points and edges are worth to all energies that differ in cost and in the weight μ of density
/// regularisation alone. The potential's columns are 0 without one.
class MeasuredRoadmap {
 public:
  MeasuredRoadmap(PathEnergy energy, Tensor samples, const RouteStartOptions& options,
                  EvaluationCounter* counter)
      : energy_(std::move(energy)), samples_(std::move(samples)), options_(options), counter_(counter) {}

  const Tensor& samples() const { return samples_; }
  const RouteStartOptions& options() const { return options_; }
  EvaluationCounter::Scope count_shared() const {
    return counter_ != nullptr ? counter_->count_shared() : EvaluationCounter::Scope();
  }

  /// Decodes points [n, D], which are nodes from then on.
  void add(const Tensor& points) { points_.find(points); }

  /// ½(n_a + n_b) ‖Φ_b − Φ_a‖ of edges between nodes in `energy`'s weights: cheap, and short of the edge's
  /// true length wherever images do not move along a straight line.
  Tensor chords(const PathEnergy& energy, const Tensor& edges) {
    const Found found = find(edges);
    const Tensor weights = points_.column(kWeight) * energy.density_factor(points_.column(kPotential));
    return chords_.column(0).index_select(0, found.places) * 0.5 *
           (weights.index_select(0, found.from) + weights.index_select(0, found.to));
  }

  /// n √c of each of the edge_points − 1 subdivisions of every straight edge in `energy`'s weights, [edges,
  /// edge_points − 1], from its start on. An edge is measured once for both directions.
  Tensor subdivisions(const PathEnergy& energy, const Tensor& edges) {
    const Tensor backwards = first_difference(from(edges) - to(edges)).gt(0).unsqueeze(1);
    const Tensor forwards = at::where(backwards, at::cat({to(edges), from(edges)}, 1), edges);
    const Tensor subdivisions = subdivisions_forwards(energy, forwards);
    return at::where(backwards, subdivisions.flip(1), subdivisions);
  }

 private:
  enum PointColumn : size_t { kImage, kWeight, kPotential };

  /// Where edges [n, 2 D] stand among the chords, and their ends among the points.
  struct Found {
    Tensor edges, places, from, to;
  };
  Found find(const Tensor& edges) {
    const bool whole = edges.size(0) >= kWholeGraph;
    if (whole)
      for (const Found& before : whole_)
        if (before.edges.equal(edges)) return before;
    Found found{edges, chords_.find(edges), points_.find(from(edges)), points_.find(to(edges))};
    if (whole) whole_.push_back(found);
    return found;
  }

  /// The first number of each row that is not 0; 0 where all are.
  static Tensor first_difference(const Tensor& rows) {
    return rows.gather(1, rows.ne(0).to(at::kLong).argmax(1, true)).squeeze(1);
  }

  Tensor subdivisions_forwards(const PathEnergy& energy, const Tensor& edges) {
    const Tensor places = edges_.find(edges);
    Tensor lengths = edges_.column(0).index_select(0, places);
    if (!energy.has_potential()) return lengths;
    const auto potential = [&](const Tensor& points) {
      return points_.column(kPotential).index_select(0, points_.find(points));
    };
    const Tensor known = energy.density_factor(at::stack(
        {potential(from(edges)), edges_.column(1).index_select(0, places), potential(to(edges))}, 1));
    // Between its values at both ends and half-way.
    const int64_t subdivisions = options_.edge_points - 1;
    const Tensor place = (at::arange(subdivisions, at::kDouble) + 0.5) / static_cast<double>(subdivisions);
    const Tensor factors = interpolate_polyline(known.unsqueeze(2), uniform_times(2), place).squeeze(2);
    return at::nan_to_num(lengths * factors, 1e300, 1e300);
  }

  int64_t dim() const { return samples_.size(1); }
  Tensor from(const Tensor& edges) const { return edges.narrow(1, 0, dim()); }
  Tensor to(const Tensor& edges) const { return edges.narrow(1, dim(), dim()); }

  Tensor potential_of(const Tensor& points) const {
    const Tensor potential = energy_.unweighted_potential(points);
    return potential.defined() ? potential : at::zeros({points.size(0)}, at::kDouble);
  }

  std::vector<Tensor> measure_points(const Tensor& points) const {
    const Tensor decoded = energy_.decode(points);
    const Tensor quality = energy_.evaluate_quality(points, decoded, 0.5).to(at::kDouble);
    return {decoded.flatten(1), -at::log(regularise(quality, energy_.options().epsilon)),
            potential_of(points)};
  }

  /// ‖Φ_b − Φ_a‖.
  std::vector<Tensor> measure_chords(const Tensor& edges) {
    const Tensor a = points_.find(from(edges)), b = points_.find(to(edges));
    const Tensor& images = points_.column(kImage);
    const Tensor squared = energy_.squared_distance(select_rows(images, a), select_rows(images, b));
    return {squared.to(at::kDouble).clamp_min(0).sqrt()};
  }

  /// n √c of the subdivisions, without the potential, and the potential half-way. The quality of a
  /// subdivision is the mean of its ends' (paper B, Eq. 3), which are decoded anyway.
  std::vector<Tensor> measure_edges(const Tensor& edges) const {
    const int64_t count = edges.size(0), places = options_.edge_points;
    const Tensor fraction = at::linspace(0, 1, places, at::kDouble).view({1, -1, 1});
    const Tensor a = from(edges).unsqueeze(1), b = to(edges).unsqueeze(1);
    const Tensor points = (a + fraction * (b - a)).reshape({-1, dim()});
    const Tensor decoded = energy_.decode(points);
    const Tensor chord = energy_.squared_chords(decoded.flatten(1).view({count, places, -1}));
    const Tensor quality =
        energy_.evaluate_quality(points, decoded, 0.5).to(at::kDouble).view({count, places});
    const Tensor between = 0.5 * (quality.narrow(1, 0, places - 1) + quality.narrow(1, 1, places - 1));
    const Tensor length =
        -at::log(regularise(between, energy_.options().epsilon)) * chord.clamp_min(0).sqrt();
    return {at::nan_to_num(length, 1e300, 1e300), potential_of(0.5 * (from(edges) + to(edges)))};
  }

  PathEnergy energy_;
  Tensor samples_;  // [N, D] float64
  RouteStartOptions options_;
  EvaluationCounter* counter_;
  const int64_t at_once_ = energy_.options().points_per_batch;
  std::vector<Found> whole_;
  RowMemory points_{[this](const Tensor& points) { return measure_points(points); }, at_once_};
  RowMemory chords_{[this](const Tensor& edges) { return measure_chords(edges); },
                    std::min(kEdgesAtOnce, energy_.embedding().batch_limits().images)};
  RowMemory edges_{[this](const Tensor& edges) { return measure_edges(edges); },
                   std::max<int64_t>(1, at_once_ / options_.edge_points)};
};

}  // namespace

struct RouteStarts::Impl {
  PathEnergy energy;
  std::shared_ptr<MeasuredRoadmap> roadmap;
  RouteGraph graph;

  Impl(const PathEnergy& given, std::shared_ptr<MeasuredRoadmap> measured)
      : energy(given), roadmap(std::move(measured)), graph(make_graph()) {}

  RouteGraph make_graph() {
    const at::NoGradGuard no_gradient;
    const auto scope = roadmap->count_shared();
    roadmap->add(roadmap->samples());
    return {matrix_of_points(roadmap->samples()),
            [this](const MatrixXd& from, const MatrixXd& to) {
              const auto edges = roadmap->count_shared();
              return to_vector(roadmap->subdivisions(energy, rows_of(from, to)).sum(1));
            },
            [this](const MatrixXd& from, const MatrixXd& to) {
              return to_vector(roadmap->chords(energy, rows_of(from, to)));
            }};
  }

  /// A route's nodes at `times`, run at constant weighted speed: [n + 1, D].
  Tensor timed(const Route& route, const Tensor& times) const;
};

RouteStarts::RouteStarts(const PathEnergy& energy, const Tensor& samples, const RouteStartOptions& options,
                         EvaluationCounter* counter) {
  LATENTPATH_CHECK(!energy.quality().depends_on_time(), kArgument, "routes through a graph need a quality ",
                   "that does not depend on time; ", energy.quality().describe(), " does");
  impl_ = std::make_unique<Impl>(energy, std::make_shared<MeasuredRoadmap>(
                                             energy, samples.to(at::kDouble).contiguous(), options, counter));
}

RouteStarts::RouteStarts(const PathEnergy& energy, const RouteStarts& measured) {
  LATENTPATH_CHECK(measured.measures_quality_of(energy), kArgument,
                   "a roadmap measured with another quality cannot serve this one");
  LATENTPATH_CHECK(
      energy.has_potential() == measured.impl_->energy.has_potential(), kArgument,
      "a roadmap measured with density regularisation cannot serve without it, nor the other way");
  impl_ = std::make_unique<Impl>(energy, measured.impl_->roadmap);
}

bool RouteStarts::measures_quality_of(const PathEnergy& energy) const {
  return &impl_->energy.quality() == &energy.quality();
}

RouteStarts::~RouteStarts() = default;

Tensor RouteStarts::Impl::timed(const Route& route, const Tensor& times) const {
  const int64_t steps = roadmap->options().edge_points - 1;
  const Tensor corners = tensor_of_points(route.nodes);
  const int64_t edges = corners.size(0) - 1;
  const Tensor lengths =
      roadmap->subdivisions(energy, at::cat({corners.narrow(0, 0, edges), corners.narrow(0, 1, edges)}, 1));
  const Tensor fraction = at::arange(steps, at::kDouble).div(steps).view({1, -1, 1});
  const Tensor first = corners.narrow(0, 0, edges).unsqueeze(1);
  const Tensor points =
      at::cat({(first + fraction * (corners.narrow(0, 1, edges).unsqueeze(1) - first)).flatten(0, 1),
               corners.narrow(0, edges, 1)});
  const Tensor pace = lengths.flatten() + roadmap->options().least_share * lengths.mean() + 1e-12;
  const Tensor reached = at::constant_pad_nd(pace.cumsum(0), {1, 0}).div(pace.sum());
  return interpolate_polyline(points.unsqueeze(0), reached, times)[0];
}

Tensor RouteStarts::paths(const Tensor& start, const Tensor& end, const Tensor& times, int64_t count) {
  const at::NoGradGuard no_gradient;
  const Tensor from = start.to(at::kDouble).contiguous(), to = end.to(at::kDouble).contiguous();
  impl_->roadmap->add(at::cat({from, to}));
  const MatrixXd starts = matrix_of_points(from), ends = matrix_of_points(to);
  RouteOptions options;
  options.routes = static_cast<int>(count);
  std::vector<Tensor> all;  // each [n + 1, D]
  for (int64_t pair = 0; pair < from.size(0); ++pair) {
    std::vector<Tensor> found;
    for (const Route& route : impl_->graph.routes(starts.col(pair), ends.col(pair), options)) {
      const Tensor inner = impl_->timed(route, times);
      found.push_back(
          at::cat({from.narrow(0, pair, 1), inner.narrow(0, 1, times.size(0) - 2), to.narrow(0, pair, 1)}));
    }
    if (found.empty()) found.push_back(linear_path(from.narrow(0, pair, 1), to.narrow(0, pair, 1), times)[0]);
    for (int64_t k = 0; k < count; ++k)
      all.push_back(found[k < static_cast<int64_t>(found.size()) ? static_cast<size_t>(k) : 0]);
  }
  return at::stack(all).view({from.size(0), count, times.size(0), from.size(1)});
}

}  // namespace latentpath
