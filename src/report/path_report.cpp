#include "latentpath/report/path_report.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>

#include "frames.h"
#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/path/quality_of_pair.h"
#include "latentpath/report/html_report.h"
#include "latentpath/report/path_pictures.h"
#include "latentpath/run/path_summary.h"
#include "latentpath/run/verdict.h"
#include "report/curve_title.h"
#include "run/json_numbers.h"
#include "sheet.h"

namespace latentpath {
namespace {

using detail::encode_sheet;
using detail::Sheet;
using detail::SheetFormat;
using nlohmann::json;

constexpr int64_t kPointsPerBatch = 512;
constexpr int64_t kPriorSamples = 300;
constexpr int64_t kMostComponents = 64;       // of a decoded vector that are shown
constexpr int64_t kMostPointBytes = 4 << 20;  // of all pairs' nodes; beyond that path.npy has to do

const char* const kCurves[] = {"linear", "spherical", "path"};

/// A row of numbers; NaN and infinity as null.
json numbers(const Tensor& values, int digits = 4) {
  const Tensor flat = values.to(at::kDouble).contiguous();
  const double* data = flat.data_ptr<double>();
  json list = json::array();
  for (int64_t i = 0; i < flat.numel(); ++i) list.push_back(detail::short_number(data[i], digits));
  return list;
}

/// `count` of the samples 0 … m − 1 with their ends: half of them evenly spaced in time, half in arc length,
/// so that a scrubber finds a near frame by either.
std::vector<int64_t> choose_frames(const std::vector<double>& times, const std::vector<double>& arc,
                                   int64_t count) {
  const auto m = static_cast<int64_t>(times.size());
  if (count == 1) return {m / 2};
  std::vector<bool> chosen(static_cast<size_t>(m), false);
  chosen.front() = chosen.back() = true;
  const auto mark = [&](const std::vector<double>& scale, int64_t parts) {
    if (!(scale.back() > 0)) return;
    for (int64_t k = 1; k < parts; ++k) {
      const double wanted = scale.back() * static_cast<double>(k) / static_cast<double>(parts);
      const auto right = std::lower_bound(scale.begin(), scale.end(), wanted);
      auto index = right - scale.begin();
      if (index > 0 && wanted - scale[static_cast<size_t>(index - 1)] < *right - wanted) --index;
      chosen[static_cast<size_t>(index)] = true;
    }
  };
  const int64_t half = std::max<int64_t>(1, count / 2);
  mark(times, half);
  mark(arc, std::max<int64_t>(1, count - half));
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < m; ++i)
    if (chosen[static_cast<size_t>(i)]) indices.push_back(i);
  // Both families have frames in common: the widest gaps get what is left.
  while (static_cast<int64_t>(indices.size()) < std::min(count, m)) {
    size_t widest = 0;
    for (size_t i = 1; i + 1 < indices.size(); ++i)
      if (indices[i + 1] - indices[i] > indices[widest + 1] - indices[widest]) widest = i;
    if (indices[widest + 1] - indices[widest] < 2) break;
    indices.insert(indices.begin() + static_cast<std::ptrdiff_t>(widest) + 1,
                   (indices[widest] + indices[widest + 1]) / 2);
  }
  return indices;
}

/// The orthonormal basis [2, D] of the plane that z0 and z1 span (paper A, Eq. 15). Where they span a line
/// only, as for a loop, the path's own widest excursion gives the other direction; none for D < 2.
Tensor plane_basis(const Tensor& z0, const Tensor& z1, const Tensor& nodes) {
  const int64_t dim = z0.size(0);
  if (dim < 2) return {};
  if (dim == 2) return at::eye(2, at::kDouble);
  const double scale =
      std::max({z0.norm().item<double>(), z1.norm().item<double>(), nodes.norm(2, {1}).max().item<double>()});
  if (!(scale > 0) || !std::isfinite(scale)) return {};
  const auto usable = [&](const Tensor& v) { return v.norm().item<double>() > 1e-6 * scale; };
  Tensor first = usable(z0) ? z0 : usable(z1) ? z1 : nodes[nodes.norm(2, {1}).argmax().item<int64_t>()];
  first = first / first.norm();
  const auto rest = [&](const Tensor& v) { return v - at::matmul(v, first).unsqueeze(-1) * first; };
  Tensor second = rest(z1);
  if (!usable(second)) {
    const Tensor all = rest(nodes);
    second = all[all.norm(2, {1}).argmax().item<int64_t>()];
  }
  if (!usable(second)) second = rest(at::eye(dim, at::kDouble)[first.abs().argmin().item<int64_t>()]);
  return at::stack({first, second / second.norm()});
}

/// One pair decoded along its three curves.
struct PairCurves {
  std::vector<Tensor> latents;  ///< [m, D] a curve
  std::vector<Tensor> decoded;  ///< [m, …]
  std::vector<std::vector<double>> arc;
  std::vector<json> figures;
};

class PathReport {
 public:
  PathReport(const PathProblem& problem, const PathResult& result, const PathReportOptions& options)
      : problem_(problem),
        result_(result),
        options_(options),
        pairs_(result.nodes.size(0)),
        dim_(problem.start.size(1)) {
    images_ = decodes_images(*problem.embedding, dim_);
    const int64_t samples = pairs_ <= 32 ? 129 : 65;
    times_ = at::linspace(0, 1, samples, at::kDouble);
    // Few pairs: also at the nodes, which are dense where the path is fast.
    if (pairs_ <= 32 && result.times.size(0) <= 257) {
      times_ = std::get<0>(at::sort(at::cat({times_, result.times.to(at::kDouble)})));
      const int64_t m = times_.size(0);
      const Tensor gap = times_.narrow(0, 1, m - 1) - times_.narrow(0, 0, m - 1);
      const Tensor kept = at::cat({at::ones({1}, at::kBool), gap > 1e-6});
      times_ = times_.masked_select(kept).contiguous();
    }
    time_list_.assign(times_.data_ptr<double>(), times_.data_ptr<double>() + times_.size(0));
    prior_ = options.prior_rank;
    if (!prior_ && options.normal_prior) prior_ = normal_prior(dim_);
  }

  json document(json data, const ReportFileWriter& write_file, const ProgressObserver& progress,
                const CancellationToken& cancellation);

 private:
  Tensor quality(const QualityPointer& which, const Tensor& z, const Tensor& decoded,
                 const Tensor& times) const {
    return which->evaluate({z, times.to(z.options()), decoded}).to(at::kDouble);
  }
  PairCurves decode(int64_t pair) const;
  Tensor frame_bytes(const PairCurves& curves, const std::vector<std::vector<int64_t>>& frames) const;
  SheetFormat choose_format(const PairCurves& first) const;
  std::vector<std::vector<int64_t>> frames_of(const PairCurves& curves, int64_t count) const;
  json vectors(const Tensor& decoded, const std::vector<int64_t>& frames) const;
  json samples() const;
  json heat_map() const;
  void add_overview(json& data, const json& summary) const;
  json curve_entry(const PairCurves& curves, size_t curve, const std::vector<int64_t>& frames,
                   const Tensor& basis) const;
  int64_t write_pictures(const ReportFileWriter& write_file, int64_t pair, const Tensor& frames,
                         const SheetFormat& format, json& entry, json& data) const;

  const PathProblem& problem_;
  const PathResult& result_;
  const PathReportOptions& options_;
  int64_t pairs_, dim_;
  bool images_ = false;
  Tensor times_;
  std::vector<double> time_list_;
  QualityPointer prior_;
};

PairCurves PathReport::decode(int64_t pair) const {
  const Tensor start = problem_.start.narrow(0, pair, 1).to(at::kDouble),
               end = problem_.end.narrow(0, pair, 1).to(at::kDouble);
  PairCurves curves;
  curves.latents = {
      linear_path(start, end, times_)[0], spherical_path(start, end, times_)[0],
      interpolate_polyline(result_.nodes.narrow(0, pair, 1).to(at::kDouble), result_.times, times_)[0]};
  const int64_t m = times_.size(0);
  const Tensor z = at::cat(curves.latents), t = times_.repeat({3});
  std::vector<Tensor> decoded, quality_values, feature_values;
  const QualityPointer of_pair = quality_of_pair(problem_, pair);
  for (int64_t at = 0; at < z.size(0); at += kPointsPerBatch) {
    const int64_t count = std::min(kPointsPerBatch, z.size(0) - at);
    const Tensor points = z.narrow(0, at, count), when = t.narrow(0, at, count);
    decoded.push_back((*problem_.embedding)(points));
    quality_values.push_back(quality(of_pair, points, decoded.back(), when));
    if (problem_.feature) feature_values.push_back(quality(problem_.feature, points, decoded.back(), when));
  }
  const Tensor all = at::cat(decoded).to(at::kCPU), qualities = at::cat(quality_values);
  const Tensor features = problem_.feature ? at::cat(feature_values) : Tensor();
  const Tensor density = prior_ ? quality(prior_, z, {}, t) : Tensor();
  const Tensor duration = times_.narrow(0, 1, m - 1) - times_.narrow(0, 0, m - 1);
  for (int64_t curve = 0; curve < 3; ++curve) {
    const Tensor mine = all.narrow(0, curve * m, m);
    const Tensor flat = mine.flatten(1).to(at::kDouble);
    Tensor steps = (flat.narrow(0, 1, m - 1) - flat.narrow(0, 0, m - 1)).norm(2, {1});
    if (options_.norm == OutputNorm::kMean)
      steps = steps / std::sqrt(static_cast<double>(std::max<int64_t>(1, flat.size(1))));
    const Tensor arc = at::constant_pad_nd(at::nan_to_num(steps, 0, 0, 0).cumsum(0), {1, 0}).contiguous();
    curves.decoded.push_back(mine);
    curves.arc.emplace_back(arc.data_ptr<double>(), arc.data_ptr<double>() + m);
    json figures{{"quality", numbers(qualities.narrow(0, curve * m, m))},
                 {"speed", numbers(steps / duration)}};
    if (features.defined()) figures["feature"] = numbers(features.narrow(0, curve * m, m));
    if (density.defined()) figures["prior"] = numbers(density.narrow(0, curve * m, m));
    curves.figures.push_back(std::move(figures));
  }
  return curves;
}

std::vector<std::vector<int64_t>> PathReport::frames_of(const PairCurves& curves, int64_t count) const {
  std::vector<std::vector<int64_t>> frames;
  for (const auto& arc : curves.arc) frames.push_back(choose_frames(time_list_, arc, count));
  return frames;
}

/// The frames of all three curves, one after the other: uint8 [n, h, w, 3].
Tensor PathReport::frame_bytes(const PairCurves& curves,
                               const std::vector<std::vector<int64_t>>& frames) const {
  std::vector<Tensor> chosen;
  for (size_t curve = 0; curve < 3; ++curve)
    chosen.push_back(
        curves.decoded[curve].index_select(0, at::tensor(frames[curve], at::kLong)).to(at::kFloat));
  Tensor images = at::cat(chosen);
  if (images.dim() == 3) images = images.unsqueeze(1);
  double low = 0, high = 1;
  if (options_.output_range) {
    low = options_.output_range->low, high = options_.output_range->high;
  } else if (const Tensor finite = images.masked_select(at::isfinite(images)); finite.numel() > 0) {
    low = finite.min().item<double>(), high = finite.max().item<double>();
  }
  return detail::frames_to_bytes((images - low) / std::max(high - low, 1e-12), "the report");
}

/// The best pictures that the allowance lets every pair have, by the size of the first pair's.
SheetFormat PathReport::choose_format(const PairCurves& first) const {
  const int64_t most = static_cast<int64_t>(time_list_.size());
  const int64_t wanted = std::min(most, options_.frames > 0 ? options_.frames
                                        : pairs_ == 1       ? 49
                                        : pairs_ <= 16      ? 33
                                        : pairs_ <= 100     ? 25
                                                            : 17);
  const int64_t fewer = std::min<int64_t>(wanted, 9);
  const SheetFormat ladder[] = {{wanted, 512, 101}, {wanted, 256, 90},
                                {wanted, 128, 80},  {fewer, 96, 75},
                                {fewer, 64, 70},    {std::min<int64_t>(wanted, 5), 32, 70}};
  for (const SheetFormat& format : ladder) {
    const Sheet sheet = encode_sheet(frame_bytes(first, frames_of(first, format.frames)), format);
    const double margin = pairs_ == 1 ? 1.0 : 1.2;  // other pairs' pictures may be larger
    if (margin * static_cast<double>(sheet.bytes.size()) *
            static_cast<double>(std::min(pairs_, options_.detailed_pairs)) <=
        static_cast<double>(options_.picture_bytes))
      return format;
  }
  return ladder[std::size(ladder) - 1];
}

json PathReport::vectors(const Tensor& decoded, const std::vector<int64_t>& frames) const {
  const Tensor flat = decoded.flatten(1);
  const Tensor chosen = flat.index_select(0, at::tensor(frames, at::kLong))
                            .narrow(1, 0, std::min(flat.size(1), kMostComponents));
  json list = json::array();
  for (int64_t i = 0; i < chosen.size(0); ++i) list.push_back(numbers(chosen[i], 3));
  return list;
}

/// Draws of the prior, with the feature or quality that each decodes to.
json PathReport::samples() const {
  if (!problem_.prior || dim_ < 2) return nullptr;
  auto generator = make_generator(options_.seed + 17);
  // Of a very large latent few draws say enough, and each costs its size in the page.
  const int64_t count = std::clamp<int64_t>(200'000 / dim_, 20, kPriorSamples);
  const Tensor z = problem_.prior(count, generator).to(at::kDouble);
  std::vector<Tensor> values;
  for (const Tensor& part : z.split(kPointsPerBatch))
    values.push_back(quality(problem_.feature ? problem_.feature : problem_.quality, part,
                             (*problem_.embedding)(part), at::full({part.size(0)}, 0.5, at::kDouble)));
  return {{"count", count}, {"latents", numbers(z, 3)}, {"values", numbers(at::cat(values), 3)}};
}

/// The latent plane of a D = 2 model, coloured by the feature (or the quality at t = ½).
json PathReport::heat_map() const {
  const PathPlane plane =
      options_.plane ? *options_.plane : evaluate_path_plane(problem_, result_, options_.normal_prior);
  return {{"low", -plane.reach},
          {"high", plane.reach},
          {"side", plane.values.size(0)},
          {"values", numbers(plane.values, 3)}};
}

/// What the page says of the whole run.
void PathReport::add_overview(json& data, const json& summary) const {
  data["kind"] = "interpolate";
  data["format"] = 1;
  data["verdict"] = run_verdict(summary, RunKind::kInterpolate);
  data["latent_dim"] = dim_;
  data["times"] = numbers(times_, 6);
  if (!options_.feature_name.empty() && problem_.feature) data["feature"] = options_.feature_name;
  data["curves"] = json::array();
  for (const char* curve : kCurves)
    data["curves"].push_back({{"id", curve}, {"name", detail::curve_title(curve)}});
  // Places have no time: what is asked in sections is shown of them as at this one.
  if (problem_.feature && problem_.feature->depends_on_time()) data["values_at"] = 0.5;
  if (dim_ == 2)
    data["heat_map"] = heat_map();
  else if (json drawn = samples(); !drawn.is_null())
    data["samples"] = drawn;
  data["normal_prior"] = options_.normal_prior;
}

/// The figures of a curve with the frames that show it and its place in the plane `basis` (may be undefined).
json PathReport::curve_entry(const PairCurves& curves, size_t curve, const std::vector<int64_t>& frames,
                             const Tensor& basis) const {
  json figures = curves.figures[curve];
  figures["frames"] = frames;
  if (basis.defined()) {
    const Tensor plane = at::matmul(curves.latents[curve], basis.t());
    figures["u"] = numbers(plane.select(1, 0));
    figures["v"] = numbers(plane.select(1, 1));
  }
  if (!images_) {
    figures["vectors"] = vectors(curves.decoded[curve], frames);
    return figures;
  }
  const Tensor finite = at::isfinite(curves.decoded[curve]).flatten(1).all(1);
  json broken = json::array();
  for (size_t i = 0; i < frames.size(); ++i)
    if (!finite[frames[i]].item<bool>()) broken.push_back(i);
  if (!broken.empty()) figures["broken"] = broken;
  return figures;
}

/// Writes the frames of a pair as one picture; its size in bytes.
int64_t PathReport::write_pictures(const ReportFileWriter& write_file, int64_t pair, const Tensor& frames,
                                   const SheetFormat& format, json& entry, json& data) const {
  const Sheet sheet = encode_sheet(frames, format);
  const std::string name = join_message("pair-", pair, ".webp");
  write_file(name, sheet.bytes);
  entry["pictures"] = name;
  entry["columns"] = sheet.columns;
  data["output"] = {
      {"type", "image"},        {"format", "image/webp"},           {"width", sheet.width},
      {"height", sheet.height}, {"original_width", frames.size(2)}, {"original_height", frames.size(1)}};
  return static_cast<int64_t>(sheet.bytes.size());
}

json PathReport::document(json data, const ReportFileWriter& write_file, const ProgressObserver& progress,
                          const CancellationToken& cancellation) {
  const at::NoGradGuard no_gradient;
  if (!data.contains("summary")) {
    data["summary"] = path_summary(result_);
    if (!options_.feature_name.empty()) data["summary"]["feature"] = options_.feature_name;
  }
  const json summary = data["summary"];
  add_overview(data, summary);
  const int64_t detailed =
      cancellation.cancelled() ? 1 : std::min(pairs_, std::max<int64_t>(1, options_.detailed_pairs));
  const Tensor nodes = result_.nodes.contiguous();
  const int64_t node_bytes = nodes.numel() / pairs_ * nodes.element_size();
  const bool with_points = node_bytes * detailed <= kMostPointBytes;
  if (with_points)
    data["points"] = {{"dtype", nodes.scalar_type() == at::kDouble ? "float64" : "float32"},
                      {"nodes", nodes.size(1)},
                      {"times", numbers(result_.times, 9)}};

  SheetFormat format{0, 0, 0};
  json pairs = json::array();
  int64_t written = 0;
  for (int64_t pair = 0; pair < pairs_; ++pair) {
    json entry{{"verdict", pair_verdict(summary, static_cast<size_t>(pair), RunKind::kInterpolate)}};
    if (pair >= detailed || (pair > 0 && cancellation.cancelled())) {
      pairs.push_back(std::move(entry));
      continue;
    }
    if (progress)
      progress({.stage = "report", .done = pair, .total = detailed, .activity = Activity::kPictures});
    const PairCurves curves = decode(pair);
    const Tensor basis = plane_basis(problem_.start[pair].to(at::kDouble), problem_.end[pair].to(at::kDouble),
                                     nodes[pair].to(at::kDouble));
    if (basis.defined() && dim_ > 2) entry["basis"] = numbers(basis, 5);
    if (format.frames == 0) {
      if (images_) {
        format = choose_format(curves);
      } else {
        format.frames = options_.frames > 0 ? options_.frames : pairs_ == 1 ? 49 : 17;
        data["output"] = {{"type", "vector"}, {"size", curves.decoded[0].flatten(1).size(1)}};
      }
    }
    const auto frames = frames_of(curves, format.frames);
    for (size_t curve = 0; curve < 3; ++curve)
      entry[kCurves[curve]] = curve_entry(curves, curve, frames[curve], basis);
    if (images_ && written < options_.picture_bytes + options_.picture_bytes / 4)
      written += write_pictures(write_file, pair, frame_bytes(curves, frames), format, entry, data);
    if (with_points) {
      const std::string name = join_message("pair-", pair, ".points");
      write_file(name, {static_cast<const char*>(nodes[pair].data_ptr()), static_cast<size_t>(node_bytes)});
      entry["points"] = name;
    }
    pairs.push_back(std::move(entry));
  }
  data["pairs"] = std::move(pairs);
  return data;
}

}  // namespace

json path_report(const PathProblem& problem, const PathResult& result, const PathReportOptions& options,
                 json data, const ReportFileWriter& write_file, const ProgressObserver& progress,
                 const CancellationToken& cancellation) {
  return PathReport(problem, result, options).document(std::move(data), write_file, progress, cancellation);
}

void write_path_report(const std::filesystem::path& run, const PathProblem& problem, const PathResult& result,
                       const PathReportOptions& options, json data, const ProgressObserver& progress,
                       const CancellationToken& cancellation) {
  const auto write_file = [&run](const std::string& name, std::string_view bytes) {
    write_report_file(run, name, bytes);
  };
  write_report_data(
      run, path_report(problem, result, options, std::move(data), write_file, progress, cancellation),
      options.words);
}

}  // namespace latentpath
