#include "latentpath/path/route_starts.h"

#include <ATen/ATen.h>

#include <string>
#include <unordered_map>

#include "latentpath/core/error.h"
#include "latentpath/numerics/roadmap.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/path/points.h"

namespace latentpath {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

VectorXd to_vector(const Tensor& values) {
  const Tensor whole = values.to(at::kCPU, at::kDouble).contiguous();
  return Eigen::Map<const VectorXd>(whole.data_ptr<double>(), whole.numel());
}

/// What points decode to, kept for as long as the graph asks for them again and again.
class PointCache {
 public:
  explicit PointCache(const PathEnergy& energy) : energy_(energy) {}

  void add(const Tensor& points) {
    const Tensor rows = points.to(at::kDouble).contiguous();
    std::vector<Tensor> images, weights;
    for (const Tensor& part : rows.split(energy_.options().points_per_batch)) {
      const Tensor decoded = energy_.decode(part);
      images.push_back(decoded.flatten(1));
      const Tensor quality = energy_.evaluate_quality(part, decoded, 0.5).to(at::kDouble);
      weights.push_back(-at::log(regularise(quality, energy_.options().epsilon)) *
                        energy_.density_factor(part));
    }
    if (images_.defined()) {
      images.insert(images.begin(), images_);
      weights.insert(weights.begin(), weights_);
    }
    images_ = at::cat(images);
    weights_ = at::cat(weights);
    for (int64_t i = 0; i < rows.size(0); ++i)
      index_.emplace(key(rows.data_ptr<double>() + i * rows.size(1), rows.size(1)), size_++);
  }

  /// ½(n_a + n_b) ‖Φ_b − Φ_a‖ between points that were added: cheap, and short of the edge's true length
  /// wherever images do not move along a straight line.
  VectorXd chords(const MatrixXd& from, const MatrixXd& to) const {
    const Tensor a = rows_of(from), b = rows_of(to);
    const Tensor squared =
        energy_.squared_distance(images_.index_select(0, a), images_.index_select(0, b)).to(at::kDouble);
    const Tensor weight = 0.5 * (weights_.index_select(0, a) + weights_.index_select(0, b));
    return to_vector(weight * squared.clamp_min(0).sqrt());
  }

 private:
  static std::string key(const double* point, int64_t dim) {
    return {reinterpret_cast<const char*>(point), static_cast<size_t>(dim) * sizeof(double)};
  }
  Tensor rows_of(const MatrixXd& points) const {
    Tensor rows = at::empty({points.cols()}, at::kLong);
    for (Eigen::Index i = 0; i < points.cols(); ++i) {
      const auto found = index_.find(key(points.data() + i * points.rows(), points.rows()));
      LATENTPATH_ASSERT(found != index_.end());
      rows.data_ptr<int64_t>()[i] = found->second;
    }
    return rows;
  }

  const PathEnergy& energy_;
  std::unordered_map<std::string, int64_t> index_;
  int64_t size_ = 0;
  Tensor images_;   // [N, M]
  Tensor weights_;  // [N]
};

}  // namespace

struct RouteStarts::Impl {
  PathEnergy energy;
  PointCache cache;
  RouteStartOptions options;
  EvaluationCounter* counter;
  std::unique_ptr<RouteGraph> graph;

  Impl(const PathEnergy& given, const RouteStartOptions& chosen, EvaluationCounter* counts)
      : energy(given), cache(energy), options(chosen), counter(counts) {}

  EvaluationCounter::Scope count_shared() const {
    return counter != nullptr ? counter->count_shared() : EvaluationCounter::Scope();
  }

  /// A route's nodes at `times`, run at constant weighted speed: [n + 1, D].
  Tensor timed(const Route& route, const Tensor& times) const;

  /// PathEnergy::density_factor() of the pieces of edges, between its values at both ends and half-way.
  Tensor density_factors(const Tensor& from, const Tensor& to) const {
    const int64_t count = from.size(0);
    const Tensor known = energy.density_factor(at::cat({from, 0.5 * (from + to), to})).view({3, count});
    const Tensor place = (at::arange(options.edge_points - 1, at::kDouble) + 0.5) /
                         static_cast<double>(options.edge_points - 1);
    return interpolate_polyline(known.t().unsqueeze(2).contiguous(), uniform_times(2), place).squeeze(2);
  }

  /// n √c of each of the edge_points − 1 pieces of every straight edge; the quality of a piece is the mean of
  /// its ends' (paper B, Eq. 3), which are decoded anyway.
  Tensor pieces(const Tensor& from, const Tensor& to) const {
    const int64_t dim = from.size(1), edge_points = options.edge_points;
    const Tensor fraction = at::linspace(0, 1, edge_points, at::kDouble).view({1, -1, 1});
    const int64_t per_batch = std::max<int64_t>(1, energy.options().points_per_batch / edge_points);
    std::vector<Tensor> lengths;
    for (int64_t first = 0; first < from.size(0); first += per_batch) {
      const int64_t count = std::min(per_batch, from.size(0) - first);
      const Tensor a = from.narrow(0, first, count).unsqueeze(1), b = to.narrow(0, first, count).unsqueeze(1);
      const Tensor points = (a + fraction * (b - a)).reshape({-1, dim});
      const Tensor decoded = energy.decode(points);
      const Tensor chord = energy.squared_chords(decoded.flatten(1).view({count, edge_points, -1}));
      const Tensor quality =
          energy.evaluate_quality(points, decoded, 0.5).to(at::kDouble).view({count, edge_points});
      const Tensor between =
          0.5 * (quality.narrow(1, 0, edge_points - 1) + quality.narrow(1, 1, edge_points - 1));
      lengths.push_back(-at::log(regularise(between, energy.options().epsilon)) * chord.clamp_min(0).sqrt());
      if (energy.has_potential())
        lengths.back() =
            lengths.back() * density_factors(from.narrow(0, first, count), to.narrow(0, first, count));
    }
    return at::nan_to_num(at::cat(lengths), 1e300, 1e300);
  }
};

RouteStarts::RouteStarts(const PathEnergy& energy, const Tensor& samples, const RouteStartOptions& options,
                         EvaluationCounter* counter)
    : impl_(std::make_unique<Impl>(energy, options, counter)) {
  LATENTPATH_CHECK(!energy.quality().depends_on_time(), kArgument, "routes through a graph need a quality ",
                   "that does not depend on time; ", energy.quality().describe(), " does");
  const at::NoGradGuard no_gradient;
  const auto scope = impl_->count_shared();
  impl_->cache.add(samples);
  impl_->graph = std::make_unique<RouteGraph>(
      matrix_of_points(samples),
      [this](const MatrixXd& from, const MatrixXd& to) {
        const auto edges = impl_->count_shared();
        return to_vector(impl_->pieces(tensor_of_points(from), tensor_of_points(to)).sum(1));
      },
      [this](const MatrixXd& from, const MatrixXd& to) { return impl_->cache.chords(from, to); });
}

RouteStarts::~RouteStarts() = default;

Tensor RouteStarts::Impl::timed(const Route& route, const Tensor& times) const {
  const int64_t steps = options.edge_points - 1;
  const Tensor corners = tensor_of_points(route.nodes);
  const int64_t edges = corners.size(0) - 1;
  const Tensor lengths = pieces(corners.narrow(0, 0, edges), corners.narrow(0, 1, edges));
  const Tensor fraction = at::arange(steps, at::kDouble).div(steps).view({1, -1, 1});
  const Tensor first = corners.narrow(0, 0, edges).unsqueeze(1);
  const Tensor points =
      at::cat({(first + fraction * (corners.narrow(0, 1, edges).unsqueeze(1) - first)).flatten(0, 1),
               corners.narrow(0, edges, 1)});
  const Tensor pace = lengths.flatten() + options.least_share * lengths.mean() + 1e-12;
  const Tensor reached = at::constant_pad_nd(pace.cumsum(0), {1, 0}).div(pace.sum());
  return interpolate_polyline(points.unsqueeze(0), reached, times)[0];
}

Tensor RouteStarts::paths(const Tensor& start, const Tensor& end, const Tensor& times, int64_t count) {
  const at::NoGradGuard no_gradient;
  const Tensor from = start.to(at::kDouble).contiguous(), to = end.to(at::kDouble).contiguous();
  impl_->cache.add(at::cat({from, to}));
  const MatrixXd starts = matrix_of_points(from), ends = matrix_of_points(to);
  RouteOptions options;
  options.routes = static_cast<int>(count);
  std::vector<Tensor> all;  // each [n + 1, D]
  for (int64_t pair = 0; pair < from.size(0); ++pair) {
    std::vector<Tensor> found;
    for (const Route& route : impl_->graph->routes(starts.col(pair), ends.col(pair), options)) {
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
