// PathResult: its parts put together, and a paragraph for people.

#include <ATen/ATen.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <utility>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/path/path_result.h"

namespace latentpath {
namespace {

/// "converged 18, stalled 2", or "converged" for one pair.
std::string tally(const std::vector<std::string>& names) {
  std::vector<std::pair<std::string, int64_t>> counts;
  for (const auto& name : names) {
    const auto place =
        std::find_if(counts.begin(), counts.end(), [&](const auto& c) { return c.first == name; });
    if (place != counts.end())
      ++place->second;
    else
      counts.emplace_back(name, 1);
  }
  std::string text;
  for (const auto& [name, count] : counts) {
    text += (text.empty() ? "" : ", ") + name;
    if (names.size() > 1) text += " " + std::to_string(count);
  }
  return text;
}

}  // namespace

void PathResult::take(int64_t pair, const PathResult& other, int64_t row) {
  LATENTPATH_CHECK(nodes.sizes().slice(1) == other.nodes.sizes().slice(1), kArgument, "paths of ",
                   shape_string(other.nodes.sizes()), " cannot take the place of paths of ",
                   shape_string(nodes.sizes()));
  const auto copy = [&](Tensor& to, const Tensor& from) {
    if (to.defined()) to[pair].copy_(from[row]);
  };
  copy(nodes, other.nodes);
  for_each_figure<Tensor>([&](auto figure) { copy(path.*figure, other.path.*figure); });
  copy(gradient_residual, other.gradient_residual);
  const auto to = static_cast<size_t>(pair), from = static_cast<size_t>(row);
  termination[to] = other.termination[from];
  start[to] = other.start[from];
  under_resolved[to] = other.under_resolved[from];
  if (!certificates.empty())
    certificates[to] = other.certificates.empty() ? PathCertificate() : other.certificates[from];
}

void PathResult::place(const PathResult& part, const Tensor& pairs, int64_t count) {
  if (pairs.size(0) == count) {
    *this = part;
    return;
  }
  const bool first = !nodes.defined();
  const auto put = [&](Tensor& to, const Tensor& from) {
    if (!from.defined()) return;
    if (!to.defined()) {
      std::vector<int64_t> shape = from.sizes().vec();
      shape[0] = count;
      to = at::zeros(shape, from.options());
    }
    to.index_copy_(0, pairs, from);
  };
  const auto put_each = [&](auto& to, const auto& from) {
    to.resize(static_cast<size_t>(count));
    for (int64_t row = 0; row < pairs.size(0); ++row)
      to[static_cast<size_t>(pairs[row].item<int64_t>())] = from[static_cast<size_t>(row)];
  };
  put(nodes, part.nodes);
  put(gradient_residual, part.gradient_residual);
  put(lower_bound, part.lower_bound);
  put(ends_output_distance, part.ends_output_distance);
  for_each_figure<Tensor>([&](auto figure) {
    put(path.*figure, part.path.*figure);
    put(linear.*figure, part.linear.*figure);
    put(spherical.*figure, part.spherical.*figure);
  });
  put_each(termination, part.termination);
  put_each(start, part.start);
  put_each(iterations, part.iterations);
  put_each(under_resolved, part.under_resolved);
  if (!part.certificates.empty()) put_each(certificates, part.certificates);
  put_each(cost, part.cost);
  put_each(time_weight, part.time_weight);
  put_each(density_regularisation, part.density_regularisation);
  history.insert(history.end(), part.history.begin(), part.history.end());
  verification_seconds += part.verification_seconds;
  if (!first) {
    const std::string between = " and, for other pairs, ";
    const bool told = (between + method + between).find(between + part.method + between) != std::string::npos;
    if (!told) method += between + part.method;
    return;
  }
  times = part.times;
  weighted = part.weighted;
  method = part.method;
  curve = part.curve;
}

std::string PathResult::cost_summary() const {
  std::string text;
  for (const auto& name : std::set<std::string>(cost.begin(), cost.end()))
    text += (text.empty() ? "" : " and ") + name;
  return text;
}

double PathResult::largest_time_weight() const {
  return time_weight.empty() ? 0 : *std::max_element(time_weight.begin(), time_weight.end());
}

std::string PathResult::brief_report() const {
  std::ostringstream text;
  const int64_t pairs = nodes.size(0);
  const auto median = [](const Tensor& values) {
    const Tensor flat = values.to(at::kDouble).contiguous();
    return median_of({flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()});
  };
  const auto figure = [&](const Tensor& values) { return figure_text(median(values)); };
  const auto share = [&](const Tensor& values) { return share_text(median(values)); };
  int64_t decoded = candidate_evaluations;
  for (const int64_t count : decoder_evaluations) decoded += count;
  text << pairs << (pairs == 1 ? " path" : " paths") << ", " << nodes.size(1) - 1 << " segments, "
       << cost_summary() << " cost, " << method << "\n";
  const char* label = pairs == 1 ? "" : "median ";
  text << label << "cost (refined grid): " << figure(path.cost_refined) << " (straight line "
       << figure(linear.cost_refined) << ", great circle " << figure(spherical.cost_refined) << ")\n";
  const auto told = weighted ? &CurveFigures<Tensor>::length : &CurveFigures<Tensor>::embedding_length;
  text << label << (weighted ? "weighted length: " : "length: ") << figure(path.*told) << " (straight line "
       << figure(linear.*told) << ", great circle " << figure(spherical.*told) << "; no path is shorter than "
       << figure(weighted ? lower_bound : ends_output_distance) << ")\n";
  if (path.mean_feature.defined())
    text << label << "mean class probability: " << share(path.mean_feature) << " (straight line "
         << share(linear.mean_feature) << ", great circle " << share(spherical.mean_feature) << ")\n";
  if (const auto [least, most] =
          std::minmax_element(density_regularisation.begin(), density_regularisation.end());
      most != density_regularisation.end() && *most > 0)
    text << "density regularisation: mu = " << figure_text(*least)
         << (*least < *most ? " to " + figure_text(*most) : std::string()) << "\n";
  std::vector<std::string> endings;
  for (const Termination why : termination) endings.push_back(termination_name(why));
  text << "ended: " << tally(endings);
  // Neither is told alone: an ending says nothing of how near a stationary point it is.
  if (gradient_residual.defined() && at::isfinite(gradient_residual).all().item<bool>())
    text << (pairs == 1 ? ", gradient residual " : "; largest gradient residual ")
         << figure_text(gradient_residual.max().item<double>(), 2);
  text << "\nbest start: " << tally(start) << "\n";
  const auto unresolved = std::count(under_resolved.begin(), under_resolved.end(), true);
  if (unresolved > 0)
    text << "under-resolved: " << unresolved << " of " << pairs
         << " (cost on the nodes and on the refined grid differ by over 5 %; more `segments` help)\n";
  text << "spent: " << decoded << " decoder evaluations in " << figure_text(seconds) << " s, and "
       << verification_evaluations << " in " << figure_text(verification_seconds)
       << " s to check on refined grids\n";
  return text.str();
}

}  // namespace latentpath
