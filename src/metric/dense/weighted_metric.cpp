#include "latentpath/metric/weighted_metric.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "latentpath/metric/epsilon.h"
#include "metric/dense/weight_field.h"

namespace latentpath {

WeightedMetric::WeightedMetric(ChartPointer chart, AnalyticQualityPointer quality, double epsilon)
    : chart_(std::move(chart)),
      quality_(quality ? std::move(quality) : analytic_constant()),
      epsilon_(epsilon) {
  LATENTPATH_CHECK(chart_ != nullptr, kArgument, "a metric needs a chart");
  check_epsilon(epsilon_);
  LATENTPATH_CHECK(quality_->latent_dim() < 0 || quality_->latent_dim() == chart_->latent_dim(), kArgument,
                   "chart ", chart_->describe(), " has latent dimension ", chart_->latent_dim(), ", quality ",
                   quality_->describe(), " has ", quality_->latent_dim(), ": they must agree");
}

std::string WeightedMetric::describe() const {
  return join_message(chart_->describe(), " with ", quality_->describe());
}

void WeightedMetric::weights(std::size_t count, const double* z, const double* t, double* n) const {
  detail::WeightField(*quality_, epsilon_).weights(count, z, t, n);
}

double WeightedMetric::weight(const double* z, double t) const {
  double n = 0;
  weights(1, z, &t, &n);
  return n;
}

void WeightedMetric::metrics(std::size_t count, const double* z, double* g) const {
  const auto dim = static_cast<std::size_t>(latent_dim()),
             outputs = static_cast<std::size_t>(chart_->output_dim());
  std::vector<double> n(count);
  weights(count, z, nullptr, n.data());
  const auto expansion = chart_->make_expansion();
  expansion->expand(count, z, nullptr);
  const double* jacobian = expansion->jacobians();
  for (std::size_t p = 0; p < count; ++p, jacobian += outputs * dim, g += dim * dim)
    for (std::size_t i = 0; i < dim; ++i)
      for (std::size_t j = 0; j <= i; ++j) {
        double sum = 0;
        for (std::size_t k = 0; k < outputs; ++k) sum += jacobian[k * dim + i] * jacobian[k * dim + j];
        g[i * dim + j] = g[j * dim + i] = n[p] * n[p] * sum;
      }
}

namespace {

// Lengths of the polyline with each segment cut into `pieces`.
LengthFigures cut_length(const WeightedMetric& metric, std::span<const double> nodes, int pieces) {
  const auto dim = static_cast<std::size_t>(metric.latent_dim());
  const auto outputs = static_cast<std::size_t>(metric.chart().output_dim());
  const std::size_t segments = nodes.size() / dim - 1, cuts = static_cast<std::size_t>(pieces);
  const std::size_t total = segments * cuts;
  std::vector<double> points((total + 1) * dim), middles(total * dim), times(total), x((total + 1) * outputs),
      n(total);
  for (std::size_t s = 0; s < segments; ++s)
    for (std::size_t c = 0; c < cuts; ++c) {
      const std::size_t p = s * cuts + c;
      const double u = static_cast<double>(c) / static_cast<double>(cuts),
                   v = u + 0.5 / static_cast<double>(cuts);
      times[p] = (static_cast<double>(p) + 0.5) / static_cast<double>(total);
      for (std::size_t i = 0; i < dim; ++i) {
        const double a = nodes[s * dim + i], b = nodes[(s + 1) * dim + i];
        points[p * dim + i] = a + u * (b - a);
        middles[p * dim + i] = a + v * (b - a);
      }
    }
  std::copy(nodes.end() - static_cast<std::ptrdiff_t>(dim), nodes.end(),
            points.end() - static_cast<std::ptrdiff_t>(dim));
  metric.chart().values(total + 1, points.data(), nullptr, x.data());
  metric.weights(total, middles.data(), times.data(), n.data());
  LengthFigures figures;
  figures.refinement = pieces;
  figures.least_weight = std::numeric_limits<double>::infinity();
  for (std::size_t p = 0; p < total; ++p) {
    double square = 0;
    for (std::size_t k = 0; k < outputs; ++k) {
      const double d = x[(p + 1) * outputs + k] - x[p * outputs + k];
      square += d * d;
    }
    const double chord = std::sqrt(square);
    figures.embedding_length += chord;
    if (chord > 0 || !std::isfinite(n[p])) {
      figures.length += n[p] * chord;
      figures.chord_cost += n[p] * n[p] * square * static_cast<double>(total);
    }
    figures.least_weight = std::min(figures.least_weight, n[p]);
    figures.greatest_weight = std::max(figures.greatest_weight, n[p]);
  }
  return figures;
}

}  // namespace

double WeightedMetric::segment_length(const double* a, const double* b, int pieces) const {
  const auto dim = static_cast<std::size_t>(latent_dim());
  std::vector<double> nodes(a, a + dim);
  nodes.insert(nodes.end(), b, b + dim);
  return cut_length(*this, nodes, std::max(pieces, 1)).length;
}

LengthFigures WeightedMetric::length(std::span<const double> nodes, double tolerance,
                                     int max_refinement) const {
  const auto dim = static_cast<std::size_t>(latent_dim());
  LATENTPATH_CHECK(nodes.size() >= 2 * dim && nodes.size() % dim == 0, kArgument, "a polyline in dimension ",
                   dim, " needs at least 2 nodes of ", dim, " coordinates, not ", nodes.size(), " numbers");
  // Values that are rounded to single precision settle no further than a few of their last digits.
  tolerance =
      std::max({tolerance, 10 * chart_->rounding(), quality_->map() ? 10 * quality_->map()->rounding() : 0});
  LengthFigures figures = cut_length(*this, nodes, std::min(4, max_refinement));
  while (figures.refinement < max_refinement) {
    const LengthFigures finer = cut_length(*this, nodes, 2 * figures.refinement);
    const bool settled = std::abs(finer.length - figures.length) <= tolerance * std::abs(finer.length);
    figures = finer;
    if (settled || !std::isfinite(figures.length)) break;
  }
  return figures;
}

double WeightedMetric::lower_bound(const double* a, const double* b) const {
  const auto outputs = static_cast<std::size_t>(chart_->output_dim());
  std::vector<double> x(outputs), y(outputs);
  chart_->value(a, x.data());
  chart_->value(b, y.data());
  double square = 0;
  for (std::size_t k = 0; k < outputs; ++k) square += (x[k] - y[k]) * (x[k] - y[k]);
  const double least = least_weight();
  return least > 0 ? least * std::sqrt(square) : 0;
}

}  // namespace latentpath
