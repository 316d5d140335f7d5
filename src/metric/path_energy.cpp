#include "latentpath/metric/path_energy.h"

#include <ATen/ATen.h>

#include <cmath>

#include "latentpath/core/device.h"
#include "latentpath/core/error.h"
#include "latentpath/metric/density_regularisation.h"
#include "latentpath/metric/epsilon.h"
#include "latentpath/metric/metric_tensor.h"
#include "latentpath/metric/quality_range.h"
#include "metric/evaluate_points.h"

namespace latentpath {
namespace {

/// a_0, b_0, a_1, b_1, …, a_n: the old nodes with the old midpoints between them, along dimension 1.
Tensor interleave(const Tensor& nodes, const Tensor& middles) {
  const int64_t n = middles.size(1);
  const Tensor head = at::stack({nodes.narrow(1, 0, n), middles}, 2).flatten(1, 2);
  return at::cat({head, nodes.narrow(1, n, 1)}, 1);
}

/// Q at the nodes [pairs, n + 1] → the mean of each segment's two ends [pairs, n] (paper B, Eq. 3).
Tensor mean_of_ends(const Tensor& quality) {
  const int64_t n = quality.size(1) - 1;
  return 0.5 * (quality.narrow(1, 0, n) + quality.narrow(1, 1, n));
}

/// Q_t of the points of several paths at common times: points [pairs, T, D] at times [T], their images
/// flattened, each of the shape `image_shape` (its first number is not read) → [pairs, T] float64.
Tensor quality_of_paths(const Quality& quality, const Tensor& points, const Tensor& times,
                        const Tensor& images, std::vector<int64_t> image_shape, int64_t points_per_batch) {
  const Tensor latent = points.flatten(0, 1);
  const Tensor time = times.to(latent.options()).repeat(points.size(0));
  const int64_t total = latent.size(0);
  Tensor decoded;
  if (quality.needs_decoded()) {
    image_shape[0] = total;
    decoded = images.reshape(image_shape);
  }
  std::vector<Tensor> values;
  for (int64_t at = 0; at < total; at += points_per_batch) {
    const int64_t count = std::min(points_per_batch, total - at);
    values.push_back(
        evaluate_quality(quality, {latent.narrow(0, at, count), time.narrow(0, at, count),
                                   decoded.defined() ? decoded.narrow(0, at, count) : Tensor()}));
  }
  return at::cat(values).reshape({points.size(0), -1}).to(at::kDouble);
}

}  // namespace

PathEnergy::PathEnergy(std::shared_ptr<const Embedding> embedding, QualityPointer quality,
                       EnergyOptions options)
    : embedding_(std::move(embedding)), quality_(std::move(quality)), options_(std::move(options)) {
  LATENTPATH_CHECK(embedding_ != nullptr && quality_ != nullptr && options_.cost != nullptr, kArgument,
                   "a path energy needs an embedding, a quality and a cost");
  check_epsilon(options_.epsilon);
  metric_ = embedding_->metric();
  options_.points_per_batch = std::min(options_.points_per_batch, embedding_->batch_limits().points);
  LATENTPATH_CHECK(metric_ == nullptr || (options_.kernel == nullptr && options_.norm == OutputNorm::kSum),
                   kArgument, "lengths are measured by ", metric_ ? metric_->describe() : "",
                   ": a kernel, or a mean over outputs, cannot be given with it");
  LATENTPATH_CHECK(options_.density_weight >= 0, kArgument,
                   "the weight of density regularisation must not be ", "negative, and is ",
                   options_.density_weight);
  LATENTPATH_CHECK(!options_.density_weights.defined() || options_.density_weights.dim() == 1, kArgument,
                   "density_weights has one number a path, [rows], not the shape ",
                   shape_string(options_.density_weights.sizes()));
}

Tensor PathEnergy::squared_distance(const Tensor& a, const Tensor& b) const {
  if (metric_) {
    const Tensor x = a.flatten(1), y = b.flatten(1);
    return metric_->squared_norm(0.5 * (x + y), x - y).to(at::kCPU);
  }
  if (options_.kernel) return options_.kernel->squared_distance(a.flatten(1), b.flatten(1)).to(at::kCPU);
  const Tensor sum = (a - b).flatten(1).square().sum(1).to(at::kCPU);
  return options_.norm == OutputNorm::kSum ? sum : sum / static_cast<double>(a[0].numel());
}

Tensor PathEnergy::cost(const SegmentTerms& terms) const {
  const Tensor cost = options_.cost->segments(terms).sum(1);
  return terms.potential.defined() ? cost + (terms.potential * terms.duration).sum(1) : cost;
}

Tensor PathEnergy::unweighted_potential(const Tensor& points) const {
  return has_potential() ? options_.potential->evaluate(points) : Tensor();
}

Tensor PathEnergy::density_weights() const {
  return options_.density_weights.defined() ? options_.density_weights
                                            : at::full({1}, options_.density_weight, at::kDouble);
}

namespace {

/// P/U = 2μ log²2 of weights μ [rows] or [1], with `more` dimensions of size 1 behind.
Tensor potential_weight(const Tensor& density_weights, int64_t more) {
  const double log_two = std::log(2.0);
  std::vector<int64_t> shape(static_cast<size_t>(more + 1), 1);
  shape[0] = density_weights.size(0);
  return (2 * log_two * log_two * density_weights).view(shape);
}

}  // namespace

PathEnergy PathEnergy::of_rows(const Tensor& rows) const {
  PathEnergy part = *this;
  Tensor& weights = part.options_.density_weights;
  if (weights.defined()) weights = weights.index_select(0, rows);
  return part;
}

PathEnergy PathEnergy::of_rows(int64_t first, int64_t count) const {
  PathEnergy part = *this;
  Tensor& weights = part.options_.density_weights;
  if (weights.defined()) weights = weights.narrow(0, first, count);
  return part;
}

Tensor PathEnergy::potential(const Tensor& points) const {
  const Tensor potential = unweighted_potential(points.reshape({-1, points.size(2)}));
  if (!potential.defined()) return {};
  return potential_weight(density_weights(), 1) * potential.view({points.size(0), points.size(1)});
}

Tensor PathEnergy::density_factor(const Tensor& unweighted_potential) const {
  if (!unweighted_potential.defined()) return at::ones({1}, at::kDouble);
  const Tensor share = potential_weight(density_weights(), unweighted_potential.dim() - 1) /
                       options_.density_scale * unweighted_potential;
  return at::nan_to_num((1 + share).sqrt(), 1e150, 1e150);
}

Tensor PathEnergy::squared_chords(const Tensor& images) const {
  const int64_t rows = images.size(0), n = images.size(1) - 1;
  const auto flat = [&](int64_t first) { return images.narrow(1, first, n).reshape({rows * n, -1}); };
  return squared_distance(flat(1), flat(0)).reshape({rows, n}).to(at::kDouble);
}

SegmentTerms PathEnergy::terms(const CurvePoints& points) const {
  const int64_t pairs = points.nodes.size(0), n = points.middles.size(1), dim = points.nodes.size(2);
  const Tensor nodes = points.nodes.reshape({-1, dim});
  const Tensor duration = points.times.narrow(0, 1, n) - points.times.narrow(0, 0, n);
  const Tensor middles = points.middles.reshape({-1, dim});
  const Tensor potential = this->potential(points.middles);
  if (options_.cost->averages_end_qualities()) {
    const Tensor all = (*embedding_)(nodes);
    const Tensor time = points.times.to(nodes.options().requires_grad(false)).repeat(pairs);
    const Tensor quality = quality_->evaluate({nodes, time, quality_->needs_decoded() ? all : Tensor()});
    const Tensor mean = mean_of_ends(quality.reshape({pairs, n + 1}).to(at::kDouble));
    return {squared_chords(all.reshape({pairs, n + 1, -1})), -at::log(regularise(mean, options_.epsilon)),
            duration, potential};
  }
  const Tensor middle_time =
      middle_times(points.times).to(nodes.options().requires_grad(false)).repeat(pairs);
  const PointValues values = evaluate_points(*embedding_, *quality_, nodes, middles, middle_time);
  const Tensor chord = squared_chords(values.images.reshape({pairs, n + 1, -1}));
  const Tensor weight = -at::log(regularise(values.quality, options_.epsilon));
  return {chord, weight.reshape({pairs, n}).to(at::kDouble), duration, potential};
}

Tensor PathEnergy::lower_bound(const Tensor& start, const Tensor& end) const {
  const at::NoGradGuard no_gradient;
  const Tensor from = (*embedding_)(start), to = (*embedding_)(end);
  const Tensor squared =
      metric_ ? on_host((to - from).flatten(1).square().sum(1)) : squared_distance(to, from);
  const double least =
      least_weight(options_.epsilon) * (metric_ ? std::sqrt(metric_->least_eigenvalue()) : 1);
  return least * squared.clamp_min(0).sqrt().to(at::kDouble);
}

Tensor PathEnergy::decode(const Tensor& points) const { return decode_points(*embedding_, points); }

Tensor PathEnergy::evaluate_quality(const Tensor& points, const Tensor& decoded, double time) const {
  return latentpath::evaluate_quality(*quality_, {points, at::full({points.size(0)}, time, points.options()),
                                                  quality_->needs_decoded() ? decoded : Tensor()});
}

Tensor PathEnergy::weights_at_times(const Tensor& points, const Tensor& decoded, const Tensor& times) const {
  const Tensor quality = evaluate_quality_at_times(
      *quality_, {points, Tensor(), quality_->needs_decoded() ? decoded : Tensor()}, times);
  return -at::log(regularise(quality.to(at::kDouble), options_.epsilon));
}

/// Flattened images of paths [rows, n, D]: [rows, n, M].
Tensor PathEnergy::decode_paths(const Tensor& points) const {
  const int64_t dim = points.size(2);
  std::vector<Tensor> parts;
  for (const Tensor& chunk : points.reshape({-1, dim}).split(options_.points_per_batch))
    parts.push_back(decode_points(*embedding_, chunk).flatten(1));
  return at::cat(parts).reshape({points.size(0), points.size(1), -1});
}

CurveFigures<Tensor> PathEnergy::measure(const std::function<Tensor(const Tensor&)>& curve, int64_t pairs,
                                         const Tensor& times, const QualityPointer& feature, double tolerance,
                                         int64_t max_subdivisions) const {
  const at::NoGradGuard no_gradient;
  // A few pairs at a time: the decoded points of one pair stay in memory through all subdivisions.
  const int64_t images = embedding_->batch_limits().images;
  const int64_t per_chunk = std::max<int64_t>(1, std::min<int64_t>(8192, images) / (8 * times.size(0)));
  while (max_subdivisions > 1 && max_subdivisions * times.size(0) > images) max_subdivisions /= 2;
  std::vector<CurveFigures<Tensor>> parts;
  for (int64_t first = 0; first < pairs; first += per_chunk) {
    const int64_t count = std::min(per_chunk, pairs - first);
    const PathEnergy part = of_rows(first, count);
    parts.push_back(part.measure_chunk([&](const Tensor& t) { return curve(t).narrow(0, first, count); },
                                       times, feature, tolerance, max_subdivisions));
  }
  CurveFigures<Tensor> all;
  for_each_figure<Tensor>([&](auto figure) {
    std::vector<Tensor> values;
    for (const CurveFigures<Tensor>& part : parts)
      if ((part.*figure).defined()) values.push_back(part.*figure);
    if (!values.empty()) all.*figure = at::cat(values);
  });
  return all;
}

CurveFigures<Tensor> PathEnergy::measure_chunk(const std::function<Tensor(const Tensor&)>& curve,
                                               const Tensor& initial_times, const QualityPointer& feature,
                                               double tolerance, int64_t max_subdivisions) const {
  Tensor times = initial_times;
  Tensor nodes = curve(times);
  const int64_t pairs = nodes.size(0);
  CurveFigures<Tensor> figures;
  for (const CurveFigure<Tensor>& figure : kCurveFigures<Tensor>)
    if (feature || figure.of != FigureOf::kFeature) figures.*figure.value = at::zeros({pairs}, at::kDouble);
  figures.subdivisions = at::zeros({pairs}, at::kLong);

  Tensor open = at::arange(pairs, at::kLong);  // the rows whose figures still change
  Tensor images = decode_paths(nodes);
  std::vector<int64_t> image_shape;
  const bool decoded_needed = quality_->needs_decoded() || (feature && feature->needs_decoded());
  if (decoded_needed) image_shape = (*embedding_)(nodes[0].narrow(0, 0, 1)).sizes().vec();
  Tensor previous;
  for (int64_t subdivisions = 1;; subdivisions *= 2) {
    const int64_t rows = open.size(0), n = times.size(0) - 1;
    const Tensor middle_time = middle_times(times);
    const Tensor middles = curve(middle_time).index_select(0, open);
    const bool last_possible = subdivisions * 2 > max_subdivisions;
    // Midpoints become nodes of the next level, so their images are kept.
    const Tensor middle_images = decoded_needed || !last_possible ? decode_paths(middles) : Tensor();
    const auto at_middles = [&](const Quality& quality) {
      return quality_of_paths(quality, middles, middle_time, middle_images, image_shape,
                              options_.points_per_batch);
    };
    const Tensor quality = at_middles(*quality_);
    check_quality_range(quality, *quality_, "on a path");
    const Tensor duration = times.narrow(0, 1, n) - times.narrow(0, 0, n);
    const Tensor chord = squared_chords(images);
    const Tensor potential = of_rows(open).potential(middles);
    const SegmentTerms terms{chord, -at::log(regularise(quality, options_.epsilon)), duration, potential};
    Tensor cost;
    if (options_.cost->averages_end_qualities()) {
      // The cost is its own; all other figures are taken at midpoints, and compare with any other cost's.
      const Tensor at_nodes = quality_of_paths(*quality_, curve(times).index_select(0, open), times, images,
                                               image_shape, options_.points_per_batch);
      cost = this->cost(
          {chord, -at::log(regularise(mean_of_ends(at_nodes), options_.epsilon)), duration, potential});
    } else {
      cost = this->cost(terms);
    }
    const Tensor root = chord.sqrt();
    const auto store = [&](Tensor& field, const Tensor& value) { field.index_copy_(0, open, value); };
    if (subdivisions == 1) store(figures.cost, cost);
    store(figures.cost_refined, cost);
    store(figures.length, (terms.weight * root).sum(1));
    store(figures.embedding_length, root.sum(1));
    store(figures.mean_quality, (quality * duration).sum(1));
    store(figures.min_quality, quality.amin(1));
    store(figures.min_weight, terms.weight.amin(1));
    figures.subdivisions.index_fill_(0, open, subdivisions);
    Tensor changing = at::ones({rows}, at::kBool);
    if (subdivisions >= 4) changing = (cost - previous).abs() > tolerance * cost.abs();
    if (last_possible) changing = at::zeros({rows}, at::kBool);
    const Tensor settled = changing.logical_not();
    if (feature && settled.any().item<bool>()) {
      const Tensor mean = (at_middles(*feature) * duration).sum(1);
      const Tensor which = settled.nonzero().squeeze(1);
      figures.mean_feature.index_copy_(0, open.index_select(0, which), mean.index_select(0, which));
    }
    if (!changing.any().item<bool>()) break;
    const Tensor keep = changing.nonzero().squeeze(1);
    images = interleave(select_rows(images, keep), select_rows(middle_images, keep));
    previous = cost.index_select(0, keep);
    open = open.index_select(0, keep);
    times = interleave(times.unsqueeze(0), middle_time.unsqueeze(0)).squeeze(0);
  }
  figures.quality_of_curve = at::exp(-figures.length);
  return figures;
}

}  // namespace latentpath
