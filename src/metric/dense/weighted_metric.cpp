#include "latentpath/metric/weighted_metric.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <unordered_map>

#include "latentpath/metric/epsilon.h"
#include "latentpath/metric/topology.h"
#include "metric/dense/weight_field.h"

namespace latentpath {

WeightedMetric::WeightedMetric(ChartPointer chart, AnalyticQualityPointer quality, double epsilon,
                               AnalyticMetricPointer target)
    : chart_(std::move(chart)),
      quality_(quality ? std::move(quality) : no_quality()),
      epsilon_(quality_ == no_quality() ? 0 : epsilon),
      target_(std::move(target)) {
  LATENTPATH_CHECK(chart_ != nullptr, kArgument, "a metric needs a chart");
  check_epsilon(epsilon);
  LATENTPATH_CHECK(quality_->latent_dim() < 0 || quality_->latent_dim() == chart_->latent_dim(), kArgument,
                   "chart ", chart_->describe(), " has latent dimension ", chart_->latent_dim(), ", quality ",
                   quality_->describe(), " has ", quality_->latent_dim(), ": they must agree");
  LATENTPATH_CHECK(target_ == nullptr || target_->dim() == chart_->output_dim(), kArgument, "chart ",
                   chart_->describe(), " maps to R^", chart_->output_dim(), ", metric ",
                   target_ ? target_->describe() : "", " is of R^", target_ ? target_->dim() : 0,
                   ": they must agree");
}

std::string WeightedMetric::describe() const {
  const std::string space = target_ == nullptr      ? chart_->describe()
                            : chart_->is_identity() ? target_->describe()
                                                    : chart_->describe() + " in " + target_->describe();
  return quality_ == no_quality() ? space : join_message(space, " with ", quality_->describe());
}

bool WeightedMetric::concurrent() const {
  return chart_->concurrent() && (quality_->map() == nullptr || quality_->map()->concurrent()) &&
         (target_ == nullptr || target_->packed().concurrent());
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
  const std::size_t packed = outputs * (outputs + 1) / 2;
  std::vector<double> target, lowered;  // G, packed; G J, or J itself
  if (target_) {
    target.resize(count * packed);
    target_->packed().values(count, expansion->values(), nullptr, target.data());
    lowered.resize(outputs * dim);
  }
  for (std::size_t p = 0; p < count; ++p, jacobian += outputs * dim, g += dim * dim) {
    const double* other = jacobian;
    if (target_) {
      std::fill(lowered.begin(), lowered.end(), 0.0);
      const double* entry = target.data() + p * packed;
      for (std::size_t a = 0; a < outputs; ++a)
        for (std::size_t b = a; b < outputs; ++b, ++entry)
          for (std::size_t i = 0; i < dim; ++i) {
            lowered[a * dim + i] += *entry * jacobian[b * dim + i];
            if (a != b) lowered[b * dim + i] += *entry * jacobian[a * dim + i];
          }
      other = lowered.data();
    }
    for (std::size_t i = 0; i < dim; ++i)
      for (std::size_t j = 0; j <= i; ++j) {
        double sum = 0;
        for (std::size_t k = 0; k < outputs; ++k) sum += jacobian[k * dim + i] * other[k * dim + j];
        g[i * dim + j] = g[j * dim + i] = n[p] * n[p] * sum;
      }
  }
}

void WeightedMetric::squared_chords(std::size_t count, const double* x, double* squares) const {
  const auto outputs = static_cast<std::size_t>(chart_->output_dim());
  if (!target_) {
    for (std::size_t p = 0; p < count; ++p, x += outputs) {
      double square = 0;
      for (std::size_t k = 0; k < outputs; ++k) square += (x[outputs + k] - x[k]) * (x[outputs + k] - x[k]);
      squares[p] = square;
    }
    return;
  }
  std::vector<double> middles(count * outputs), chords(count * outputs);
  for (std::size_t e = 0; e < count * outputs; ++e) {
    middles[e] = 0.5 * (x[e] + x[e + outputs]);
    chords[e] = x[e + outputs] - x[e];
  }
  target_->squared_norms(count, middles.data(), chords.data(), squares);
}

namespace {

/// Images of points, of which every second one, from the first on, is known.
void fill_images(const AnalyticMap& chart, const std::vector<double>& points,
                 const std::vector<double>& known, std::vector<double>& x) {
  const auto dim = static_cast<std::size_t>(chart.latent_dim()),
             outputs = static_cast<std::size_t>(chart.output_dim());
  const std::size_t fresh = points.size() / dim / 2;
  std::vector<double> odd(fresh * dim), images(fresh * outputs);
  for (std::size_t p = 0; p < fresh; ++p) std::copy_n(&points[(2 * p + 1) * dim], dim, &odd[p * dim]);
  chart.values(fresh, odd.data(), nullptr, images.data());
  for (std::size_t p = 0; p < fresh; ++p) {
    std::copy_n(&known[p * outputs], outputs, &x[2 * p * outputs]);
    std::copy_n(&images[p * outputs], outputs, &x[(2 * p + 1) * outputs]);
  }
  std::copy_n(&known[fresh * outputs], outputs, &x[2 * fresh * outputs]);
}

// Lengths of the polyline with each segment cut into `subdivisions`. `images`, where it is given, holds those
// of the points of half as many, or none yet, and then those of these.
CurveFigures<double> cut_length(const WeightedMetric& metric, std::span<const double> nodes, int subdivisions,
                                std::vector<double>* images = nullptr) {
  const auto dim = static_cast<std::size_t>(metric.latent_dim());
  const auto outputs = static_cast<std::size_t>(metric.chart().output_dim());
  const std::size_t segments = nodes.size() / dim - 1, cuts = static_cast<std::size_t>(subdivisions);
  const std::size_t total = segments * cuts;
  std::vector<double> points((total + 1) * dim), middles(total * dim), times(total), x((total + 1) * outputs),
      n(total), squares(total);
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
  if (images != nullptr && 2 * images->size() == (total + 2) * outputs)
    fill_images(metric.chart(), points, *images, x);
  else
    metric.chart().values(total + 1, points.data(), nullptr, x.data());
  metric.weights(total, middles.data(), times.data(), n.data());
  metric.squared_chords(total, x.data(), squares.data());
  CurveFigures<double> figures;
  figures.subdivisions = subdivisions;
  figures.length = figures.embedding_length = figures.cost_refined = 0;
  figures.min_weight = std::numeric_limits<double>::infinity();
  for (std::size_t p = 0; p < total; ++p) {
    const double square = squares[p], chord = std::sqrt(square);
    figures.embedding_length += chord;
    if (chord > 0 || !std::isfinite(n[p])) {
      figures.length += n[p] * chord;
      figures.cost_refined += n[p] * n[p] * square * static_cast<double>(total);
    }
    figures.min_weight = std::min(figures.min_weight, n[p]);
  }
  if (images != nullptr) *images = std::move(x);
  return figures;
}

/// The length of a polyline whose segments are cut where it needs it: a piece is halved until its own length
/// changes by less than its share of the tolerance. Even cuts miss what weights do that grow without bound
/// towards a rim.
double graded_length(const WeightedMetric& metric, std::span<const double> nodes, double tolerance,
                     double about) {
  constexpr int kFirstCuts = 64, kMostHalvings = 48;
  constexpr std::size_t kMostIntervals = 50'000;  ///< of one round
  const auto dim = static_cast<std::size_t>(metric.latent_dim());
  const std::size_t segments = nodes.size() / dim - 1;
  std::vector<double> from, to;
  const auto add = [&](const double* a, const double* b, double u, double v) {
    for (std::size_t i = 0; i < dim; ++i) {
      from.push_back(a[i] + u * (b[i] - a[i]));
      to.push_back(v == 1 ? b[i] : a[i] + v * (b[i] - a[i]));
    }
  };
  for (std::size_t s = 0; s < segments; ++s)
    for (int c = 0; c < kFirstCuts; ++c)
      add(nodes.data() + s * dim, nodes.data() + (s + 1) * dim, static_cast<double>(c) / kFirstCuts,
          static_cast<double>(c + 1) / kFirstCuts);
  const double share = tolerance * about / static_cast<double>(kFirstCuts * segments);
  double length = 0;
  for (int halving = 0; !from.empty(); ++halving) {
    const std::size_t count = from.size() / dim;
    std::vector<double> whole(count), halves(count);
    metric.segment_lengths(count, from.data(), to.data(), 1, whole.data());
    metric.segment_lengths(count, from.data(), to.data(), 2, halves.data());
    const std::vector<double> begins = std::move(from), ends = std::move(to);
    from.clear();
    to.clear();
    for (std::size_t p = 0; p < count; ++p) {
      const double *a = begins.data() + p * dim, *b = ends.data() + p * dim;
      // Twice the change: what is left is about a third of it where the rule is of second order.
      if (halving == kMostHalvings || count > kMostIntervals ||
          !(std::abs(halves[p] - whole[p]) > 2 * share)) {
        length += halves[p];
        continue;
      }
      add(a, b, 0, 0.5);
      add(a, b, 0.5, 1);
    }
  }
  return length;
}

/// Into how many segments are cut first, and at least before a length counts as settled.
constexpr int kCoarsestCuts = 2, kFewestCuts = 8;

/// Lengths of a polyline, extrapolated from a grid and one half as fine: of smooth weights their errors fall
/// by 4 from grid to grid, and extrapolated once, by 16.
struct Extrapolated {
  double length, embedding_length;
};
Extrapolated extrapolate(const CurveFigures<double>& coarse, const CurveFigures<double>& fine) {
  return {fine.length + (fine.length - coarse.length) / 3,
          fine.embedding_length + (fine.embedding_length - coarse.embedding_length) / 3};
}

}  // namespace

double WeightedMetric::segment_length(const double* a, const double* b, int subdivisions) const {
  const auto dim = static_cast<std::size_t>(latent_dim());
  std::vector<double> nodes(a, a + dim);
  nodes.insert(nodes.end(), b, b + dim);
  return cut_length(*this, nodes, std::max(subdivisions, 1)).length;
}

CurveFigures<double> WeightedMetric::length(std::span<const double> nodes, double tolerance,
                                            int max_subdivisions) const {
  const auto dim = static_cast<std::size_t>(latent_dim());
  LATENTPATH_CHECK(nodes.size() >= 2 * dim && nodes.size() % dim == 0, kArgument, "a polyline in dimension ",
                   dim, " needs at least 2 nodes of ", dim, " coordinates, not ", nodes.size(), " numbers");
  // Values that are rounded to single precision settle no further than a few of their last digits.
  tolerance =
      std::max({tolerance, 10 * chart_->rounding(), quality_->map() ? 10 * quality_->map()->rounding() : 0});
  // Of a formula every image is computed once. A model's last digits may depend on the batch that it is
  // given.
  std::vector<double> known;
  std::vector<double>* const images = chart_->concurrent() ? &known : nullptr;
  CurveFigures<double> figures = cut_length(*this, nodes, std::min(kCoarsestCuts, max_subdivisions), images);
  std::optional<Extrapolated> before;
  bool settled = false;
  const auto close = [&](double a, double b) { return std::abs(a - b) <= tolerance * std::abs(b); };
  while (!settled && std::isfinite(figures.length) && figures.subdivisions < max_subdivisions) {
    CurveFigures<double> finer = cut_length(*this, nodes, 2 * figures.subdivisions, images);
    const Extrapolated once = extrapolate(figures, finer);
    if (finer.subdivisions >= kFewestCuts) {
      settled = close(figures.length, finer.length);
      if (!settled && before && close(before->length, once.length)) {
        settled = true;
        finer.length = once.length + (once.length - before->length) / 15;
        finer.embedding_length =
            once.embedding_length + (once.embedding_length - before->embedding_length) / 15;
      }
    }
    before = once;
    figures = finer;
  }
  if (!settled && std::isfinite(figures.length) && !quality_->depends_on_time())
    figures.length = graded_length(*this, nodes, tolerance, figures.length);
  return figures;
}

CurveFigures<double> WeightedMetric::measure(std::span<const double> nodes) const {
  CurveFigures<double> figures = length(nodes);
  figures.cost = cut_length(*this, nodes, 1).cost_refined;
  figures.subdivisions = 4;
  figures.cost_refined = cut_length(*this, nodes, figures.subdivisions).cost_refined;
  figures.quality_of_curve = std::exp(-figures.length);
  const auto dim = static_cast<std::size_t>(latent_dim());
  std::vector<double> points(nodes.begin(), nodes.end());
  for (std::size_t i = dim; i < nodes.size(); ++i) points.push_back(0.5 * (nodes[i - dim] + nodes[i]));
  std::vector<double> n(points.size() / dim);
  weights(n.size(), points.data(), nullptr, n.data());
  figures.mean_quality = 0;
  figures.min_quality = 1;
  for (const double weight : n) {
    const double q = unregularised(std::exp(-weight), epsilon_);
    figures.mean_quality += q / static_cast<double>(n.size());
    figures.min_quality = std::min(figures.min_quality, q);
  }
  return figures;
}

std::optional<double> WeightedMetric::closed_form_distance(std::span<const double> a,
                                                           std::span<const double> b) const {
  if (target_ != nullptr) return std::nullopt;
  const detail::WeightField field(*quality_, epsilon_);
  const bool conformal =
      chart_->is_identity() && epsilon_ == 0 && quality_->form() == AnalyticQuality::Form::kNegativeLog;
  if (!field.constant() && !conformal) return std::nullopt;
  std::optional<double> least;
  const auto to_lifts_of = [&](std::span<const double> from, std::span<const double> to) {
    for (const Lift& lift : lifts_near(topology(), from, to)) {
      const auto one = conformal ? quality_->map()->closed_form_distance(from.data(), lift.point.data())
                                 : chart_->closed_form_distance(from.data(), lift.point.data());
      if (!one) return false;
      const double length = conformal ? *one : field.constant_weight() * *one;
      least = std::min(least.value_or(length), length);
    }
    return true;
  };
  if (!to_lifts_of(a, b)) return std::nullopt;
  if (topology().antipodal) to_lifts_of(b, a);  // the origin's antipode, at infinity, is no lift
  return least;
}

double WeightedMetric::lower_bound(const double* a, const double* b) const {
  double bound = 0;
  lower_bounds(1, a, b, &bound);
  return bound;
}

void WeightedMetric::lower_bounds(std::size_t count, const double* a, const double* b, double* bounds) const {
  const auto outputs = static_cast<std::size_t>(chart_->output_dim());
  const double least = std::max(0.0, least_weight()) * (target_ ? std::sqrt(target_->least_eigenvalue()) : 1);
  if (least == 0) {
    std::fill(bounds, bounds + count, 0.0);
    return;
  }
  // Many segments share their ends, and a model is costly: every point once.
  const auto dim = static_cast<std::size_t>(latent_dim());
  std::unordered_map<std::string_view, std::size_t> known;
  std::vector<double> points;
  std::vector<std::size_t> place(2 * count);
  known.reserve(count);
  for (std::size_t e = 0; e < 2 * count; ++e) {
    const double* z = e < count ? a + e * dim : b + (e - count) * dim;
    const auto [entry, fresh] =
        known.emplace(std::string_view(reinterpret_cast<const char*>(z), dim * sizeof(double)), known.size());
    if (fresh) points.insert(points.end(), z, z + dim);
    place[e] = entry->second;
  }
  std::vector<double> x(known.size() * outputs);
  chart_->values(known.size(), points.data(), nullptr, x.data());
  for (std::size_t p = 0; p < count; ++p) {
    const double *from = x.data() + place[p] * outputs, *to = x.data() + place[count + p] * outputs;
    double square = 0;
    for (std::size_t k = 0; k < outputs; ++k) square += (from[k] - to[k]) * (from[k] - to[k]);
    bounds[p] = least * std::sqrt(square);
  }
}

void WeightedMetric::segment_lengths(std::size_t count, const double* a, const double* b, int subdivisions,
                                     double* lengths) const {
  const auto dim = static_cast<std::size_t>(latent_dim()),
             outputs = static_cast<std::size_t>(chart_->output_dim());
  const std::size_t cuts = static_cast<std::size_t>(std::max(subdivisions, 1));
  std::vector<double> points(count * (cuts + 1) * dim), middles(count * cuts * dim), n(count * cuts),
      x(count * (cuts + 1) * outputs), squares(count * (cuts + 1));
  for (std::size_t s = 0; s < count; ++s)
    for (std::size_t i = 0; i < dim; ++i) {
      const double from = a[s * dim + i], step = (b[s * dim + i] - from) / static_cast<double>(cuts);
      for (std::size_t c = 0; c <= cuts; ++c) {
        points[(s * (cuts + 1) + c) * dim + i] =
            c == cuts ? b[s * dim + i] : from + static_cast<double>(c) * step;
        if (c < cuts) middles[(s * cuts + c) * dim + i] = from + (static_cast<double>(c) + 0.5) * step;
      }
    }
  chart_->values(count * (cuts + 1), points.data(), nullptr, x.data());
  weights(count * cuts, middles.data(), nullptr, n.data());
  // One batch; the chord from each segment's end to the next one's start is not looked at.
  squared_chords(count * (cuts + 1) - 1, x.data(), squares.data());
  for (std::size_t s = 0; s < count; ++s) {
    lengths[s] = 0;
    for (std::size_t c = 0; c < cuts; ++c) {
      const double weight = n[s * cuts + c], chord = std::sqrt(squares[s * (cuts + 1) + c]);
      if (chord > 0 || !std::isfinite(weight)) lengths[s] += weight * chord;
    }
  }
}

}  // namespace latentpath
