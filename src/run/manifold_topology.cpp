#include "run/manifold_topology.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "latentpath/core/error.h"
#include "latentpath/core/point_string.h"
#include "latentpath/core/read_number.h"
#include "latentpath/models/torchscript_module.h"
#include "latentpath/path/points.h"
#include "latentpath/run/text_values.h"

namespace latentpath::detail {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<std::string> items_of(const std::string& text) {
  std::vector<std::string> items;
  if (text.empty()) return items;
  for (std::string item : split_at_commas(text)) {
    item.erase(0, item.find_first_not_of(' '));
    item.erase(item.find_last_not_of(' ') + 1);
    items.push_back(item);
  }
  return items;
}

/// Starts, ends and middles of the first pairs: [points, D].
std::vector<double> sample_points(const ManifoldProblem& problem) {
  const int64_t pairs = std::min<int64_t>(problem.start.size(0), 4);
  const Tensor start = problem.start.narrow(0, 0, pairs), end = problem.end.narrow(0, 0, pairs);
  return row_major(at::cat({start, end, 0.25 * start + 0.75 * end}));
}

/// How far g is from being an isometry at a point, relative to the metric there.
double broken_by(const WeightedMetric& metric, const Identification& g, const double* z) {
  const auto dim = static_cast<size_t>(metric.latent_dim());
  std::vector<double> points(z, z + dim), values(2 * dim * dim), sign(dim, 1.0);
  points.insert(points.end(), z, z + dim);
  g.apply(1, points.data() + dim);
  for (const auto& [other, centre] : g.reversed) sign[static_cast<size_t>(other)] = -1;
  metric.metrics(2, points.data(), values.data());
  double difference = 0, size = 0;
  for (size_t i = 0; i < dim; ++i)
    for (size_t j = 0; j < dim; ++j) {
      const double here = values[i * dim + j], there = values[(dim + i) * dim + j] * sign[i] * sign[j];
      difference += std::pow(here - there, 2);
      size += std::pow(here, 2);
    }
  return std::sqrt(difference / std::max(size, 1e-300));
}

double broken_by_antipode(const WeightedMetric& metric, const double* z) {
  const auto dim = static_cast<size_t>(metric.latent_dim());
  double square = 0;
  for (size_t d = 0; d < dim; ++d) square += z[d] * z[d];
  if (square == 0) return 0;
  std::vector<double> antipode(dim);
  for (size_t d = 0; d < dim; ++d) antipode[d] = -z[d] / square;
  const double here = metric.weight(z), there = metric.weight(antipode.data());
  return std::abs(here - there) / std::max(std::abs(here), 1e-300);
}

void check_domain(const GeodesicJob& job, const ManifoldProblem& problem) {
  const Topology& topology = problem.chart->topology();
  // The hyperbolic spaces are the plane with a quality that ends with them.
  const bool by_quality = problem.quality && problem.quality->form() == AnalyticQuality::Form::kNegativeLog;
  const auto dim = static_cast<size_t>(problem.start.size(1));
  const std::string name = job.manifold.empty() ? problem.chart->describe() : job.manifold;
  for (const auto& [what, ends] : {std::pair("start", problem.start), std::pair("end", problem.end)}) {
    const std::vector<double> points = row_major(ends);
    for (size_t at = 0; at < points.size(); at += dim)
      if (!topology.contains({points.data() + at, dim}))
        throw Error(
            by_quality ? ErrorKind::kNumerical : ErrorKind::kArgument,
            join_message("the ", what, " ", point_string({points.data() + at, dim}), " lies outside of ",
                         name, by_quality ? ", where its quality is 0: " : ": ", topology.describe()));
  }
}

}  // namespace

std::vector<Identification> parse_periods(const std::string& field, const std::string& text, int dim) {
  const std::vector<std::string> items = items_of(text);
  LATENTPATH_CHECK(items.size() == static_cast<size_t>(dim), kArgument, "`", field,
                   "` takes a period, or none, for each of the ", dim, " coordinates; '", text, "' has ",
                   items.size());
  std::vector<Identification> identifications;
  for (size_t axis = 0; axis < items.size(); ++axis) {
    if (items[axis] == "none" || items[axis] == "0") continue;
    std::stringstream parts(items[axis]);
    std::string part;
    std::getline(parts, part, ':');
    Identification g{.axis = static_cast<int>(axis), .period = parse_finite_numbers(field, part)[0]};
    LATENTPATH_CHECK(g.period > 0, kArgument, "`", field, "`: the period of coordinate ", axis + 1, " is ",
                     g.period, ", and must be above 0, or none");
    while (std::getline(parts, part, ':')) {
      const double other = parse_finite_numbers(field, part)[0];
      LATENTPATH_CHECK(other == std::round(other) && other <= -1 && other >= -dim &&
                           -other != static_cast<double>(axis + 1),
                       kArgument, "`", field, "`: '", items[axis],
                       "' must name another coordinate that changes its sign on the way round, like :-2");
      g.reversed.emplace_back(static_cast<int>(-other) - 1, 0.0);
    }
    identifications.push_back(std::move(g));
  }
  return identifications;
}

void parse_domain(const std::string& field, const std::string& text, int dim, Topology& topology) {
  const std::vector<std::string> items = items_of(text);
  LATENTPATH_CHECK(items.size() == 2 * static_cast<size_t>(dim), kArgument, "`", field,
                   "` takes low,high of each of the ", dim, " coordinates, ", 2 * dim,
                   " numbers or none, not ", items.size());
  topology.lower.clear();
  topology.upper.clear();
  for (size_t i = 0; i < items.size(); ++i) {
    const bool low = i % 2 == 0;
    const double bound =
        items[i] == "none" ? (low ? -kInfinity : kInfinity) : parse_numbers(field, items[i])[0];
    (low ? topology.lower : topology.upper).push_back(bound);
    LATENTPATH_CHECK(low || topology.lower.back() < topology.upper.back(), kArgument, "`", field,
                     "`: the low end ", topology.lower.back(), " of coordinate ", i / 2 + 1,
                     " is not below the high end ", topology.upper.back());
  }
}

StatedTopology stated_topology(const std::string& file, const std::string& role,
                               const ModelSignature& signature) {
  const TorchScriptModule module(file, role, "", "cpu", signature);
  const auto text_of = [&](const char* name) {
    if (const auto text = module.string_attribute(name)) return *text;
    std::string text;
    for (const double number : module.numbers_attribute(name).value_or(std::vector<double>())) {
      std::ostringstream digits;
      digits.precision(17);
      digits << number;
      const bool none = !std::isfinite(number) || (number == 0 && std::string(name) == "periods");
      text += (text.empty() ? "" : ",") + (none ? std::string("none") : digits.str());
    }
    return text;
  };
  return {text_of("periods"), text_of("domain")};
}

namespace {

/// Parses what an option says, or, with a name, what the file of that name states as an attribute: the
/// refusal then names the file, and not an option that nobody gave.
template <class Parse>
auto parse_stated(const std::string& file, const char* field, const Parse& parse) {
  try {
    return parse();
  } catch (const Error& error) {
    if (file.empty()) throw;
    std::string sentence = error.what();
    const std::string quoted = std::string("`") + field + "`";
    for (size_t at = sentence.find(quoted); at != std::string::npos; at = sentence.find(quoted))
      sentence.replace(at, quoted.size(), join_message("the attribute ", field, " of ", file));
    throw Error(ErrorKind::kInput, sentence);
  }
}

}  // namespace

void set_topology(const GeodesicJob& job, const StatedTopology& stated, ManifoldProblem& problem) {
  const std::string& periods = job.periods.empty() ? stated.periods : job.periods;
  const std::string& domain = job.domain.empty() ? stated.domain : job.domain;
  problem.periods_given = !periods.empty();
  if (periods.empty() && domain.empty()) return;
  const int dim = problem.chart->latent_dim();
  Topology topology = problem.chart->topology();
  if (!periods.empty()) {
    topology.identifications =
        parse_stated(job.periods.empty() ? problem.chart->describe() : std::string(), "periods",
                     [&] { return parse_periods("periods", periods, dim); });
    topology.antipodal = false;
  }
  if (!domain.empty())
    parse_stated(job.domain.empty() ? problem.chart->describe() : std::string(), "domain", [&] {
      parse_domain("domain", domain, dim, topology);
      return 0;
    });
  problem.chart = with_topology(problem.chart, std::move(topology));
}

namespace {

/// Whether the chart shows the same points a period further in one coordinate, and not all along it.
bool repeats(const AnalyticMap& chart, const std::vector<double>& points, size_t axis, double period) {
  const auto dim = static_cast<size_t>(chart.latent_dim()), size = static_cast<size_t>(chart.output_dim());
  const size_t count = points.size() / dim;
  std::vector<double> moved = points;  // as they are, a period further, and somewhere between
  for (const double step : {period, 0.37 * period}) {
    moved.insert(moved.end(), points.begin(), points.end());
    for (size_t i = moved.size() - points.size(); i < moved.size(); i += dim) moved[i + axis] += step;
  }
  std::vector<double> x(3 * count * size), t(3 * count, 0.5);
  chart.values(3 * count, moved.data(), t.data(), x.data());
  double apart = 0, between = 0;
  for (size_t i = 0; i < count * size; ++i) {
    apart += std::pow(x[count * size + i] - x[i], 2);
    between += std::pow(x[2 * count * size + i] - x[i], 2);
  }
  // Of float32, and of a period that is a float32, the fifth digit says nothing.
  return std::isfinite(between) && between > 0 && apart <= 1e-8 * between;
}

/// A chart of one's own that says nothing of periods, has some, and has ends that are nearer the other way
/// round: what is found is then the shortest path of a surface that the chart has cut open.
void warn_of_unstated_periods(const GeodesicJob& job, ManifoldProblem& problem) {
  constexpr int64_t kMostCoordinates = 4;
  const int64_t dim = problem.start.size(1);
  if (job.embedding.empty() || problem.periods_given || dim > kMostCoordinates) return;
  const Tensor apart = std::get<0>((problem.end - problem.start).abs().max(0));
  const std::vector<double> points = sample_points(problem);
  for (int64_t axis = 0; axis < dim; ++axis)
    for (const double period : {1.0, M_PI, 2 * M_PI, 180.0, 360.0}) {
      if (apart[axis].item<double>() <= 0.5 * period ||
          !repeats(*problem.chart, points, static_cast<size_t>(axis), period))
        continue;
      std::ostringstream periods;
      periods.precision(16);
      for (int64_t other = 0; other < dim; ++other) {
        periods << (other == 0 ? "" : ",");
        other == axis ? periods << period : periods << "none";
      }
      problem.warnings.push_back(
          join_message(problem.chart->describe(), " has the same images ", period, " further in coordinate ",
                       axis + 1, ", where ends are up to ", apart[axis].item<double>(),
                       " apart: paths are not led the other way round, which may be shorter; with `periods` ",
                       periods.str(), " they are"));
      break;
    }
}

}  // namespace

void check_topology(const GeodesicJob& job, ManifoldProblem& problem) {
  check_domain(job, problem);
  const Topology& topology = problem.chart->topology();
  if (!topology.is_quotient()) return warn_of_unstated_periods(job, problem);
  const WeightedMetric metric(problem.chart, problem.quality, job.epsilon, problem.target);
  const auto dim = static_cast<size_t>(metric.latent_dim());
  const std::vector<double> points = sample_points(problem);
  // A period that was typed with three digits is still meant.
  constexpr double kTolerance = 1e-2;
  std::string broken;
  for (size_t at = 0; at < points.size() && broken.empty(); at += dim) {
    const double* z = points.data() + at;
    for (const Identification& g : topology.identifications)
      if (!(broken_by(metric, g, z) <= kTolerance))
        broken = join_message("period ", g.period, " of coordinate ", g.axis + 1,
                              " at z = ", point_string({z, dim}));
    if (topology.antipodal && !(broken_by_antipode(metric, z) <= kTolerance))
      broken = join_message("antipode of z = ", point_string({z, dim}));
  }
  if (broken.empty()) return;
  if (problem.periods_given) {
    const bool option = !job.periods.empty();
    throw Error(option ? ErrorKind::kArgument : ErrorKind::kInput,
                join_message(option ? "`periods`" : "the attribute periods of " + problem.chart->describe(),
                             ": lengths in ", metric.describe(),
                             " are not the same one period further, by the ", broken));
  }
  problem.warnings.push_back(join_message("points that ", problem.chart->describe(),
                                          " identifies are kept apart: ", problem.quality->describe(),
                                          " is another one by the ", broken));
  Topology plain = topology;
  plain.identifications.clear();
  plain.antipodal = false;
  problem.chart = with_topology(problem.chart, std::move(plain));
}

}  // namespace latentpath::detail
