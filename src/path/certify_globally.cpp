#include "latentpath/path/certify_globally.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "latentpath/core/device.h"
#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/metric/metric_tensor.h"
#include "latentpath/path/global_geodesics.h"
#include "latentpath/path/points.h"
#include "latentpath/path/quality_of_pair.h"
#include "metric/evaluate_points.h"

namespace latentpath {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

/// To which the length of a path is known itself.
constexpr double kLengthRounding = 1e-6;
/// A reference whose estimated error is a larger share of it proves nothing.
constexpr double kCertainShare = 0.01;

/// Of a box's longest side, for differences of a map.
constexpr double kStepOfSide = 5e-4;
/// A reference may fall below a lower bound by this share, which is rounding.
constexpr double kBelowBound = 1e-9;

/// The path's own extent, widened on each side by half its diagonal.
SearchBox box_around(const MatrixXd& path) {
  return surrounding_box({path.data(), path.data() + path.size()}, static_cast<int>(path.rows()));
}

/// ∂Φ/∂z of points [n, D] by central differences: [n, D, M].
Tensor central_differences(const Embedding& embedding, const Tensor& z, double step) {
  const int64_t count = z.size(0), dim = z.size(1);
  std::vector<Tensor> slopes;
  for (int64_t d = 0; d < dim; ++d) {
    Tensor shift = at::zeros({dim}, at::kDouble);
    shift[d] = step;
    // Both sides in one batch, so that the model rounds them alike.
    const Tensor both = decode_points(embedding, at::cat({z + shift, z - shift})).flatten(1).to(at::kDouble);
    slopes.push_back((both.narrow(0, 0, count) - both.narrow(0, count, count)).div_(2 * step));
  }
  return at::stack(slopes, 1);
}

}  // namespace

GlobalCertificate certify_against(EikonalDistance reference, double length, double lower_bound) {
  GlobalCertificate certificate;
  certificate.length = length;
  certificate.marching = std::move(reference);
  const EikonalDistance& marching = certificate.marching;
  certificate.reference = marching.distance;
  certificate.reference_error = marching.error_estimate;
  certificate.gap = marching.distance > 0 ? length / marching.distance - 1 : 0;
  certificate.box_suffices = marching.leaving_bound >= length;
  const double share = marching.distance > 0 ? marching.error_estimate / marching.distance : 0;
  certificate.lower_bound = lower_bound;
  const bool below = marching.distance + marching.error_estimate < lower_bound * (1 - kBelowBound);
  certificate.uncertain = below || !(share <= kCertainShare);
  std::ostringstream text;
  if (below)
    text << "no comparison with the global optimum: the reference by fast marching, " << marching.distance
         << ", is below the lower bound of " << lower_bound << " and so wrong";
  else if (certificate.uncertain && certificate.gap > -share)
    text << "no sure comparison with the global optimum: the reference by fast marching is "
         << marching.distance << " with an estimated error of " << percent_text(share);
  else if (std::abs(certificate.gap) <= share + kLengthRounding)
    text << "as short as the global optimum by fast marching, to within that reference's own estimated error "
            "of "
         << percent_text(share);
  else if (certificate.gap > 0)
    text << "at most " << percent_text(certificate.gap)
         << " longer than the global optimum by fast marching (estimated error of that reference: "
         << percent_text(share) << ")";
  else
    text << percent_text(-certificate.gap)
         << " shorter than the optimum by fast marching, whose estimated error of " << percent_text(share)
         << " is then too small";
  text << (certificate.box_suffices ? "; paths that leave the box searched are longer"
                                    : "; among paths inside the box searched");
  certificate.sentence = text.str();
  return certificate;
}

GlobalCertificate certify_globally(const MetricField& metric, const MatrixXd& path, double length,
                                   EikonalDistanceOptions options, const CancellationToken& cancellation,
                                   double lower_bound) {
  LATENTPATH_CHECK(path.cols() >= 2 && path.rows() >= 1 && path.rows() <= 3, kArgument,
                   "a global certificate exists for paths in 1 to 3 dimensions, not in ", path.rows());
  if (options.box.lower.empty() && path.col(0) != path.col(path.cols() - 1)) options.box = box_around(path);
  for (size_t d = 0; d < options.space.lower.size() && !options.box.lower.empty(); ++d) {
    options.box.lower[d] = std::max(options.box.lower[d], options.space.lower[d]);
    options.box.upper[d] = std::min(options.box.upper[d], options.space.upper[d]);
  }
  return certify_against(
      eikonal_distance(metric, path.col(0), path.col(path.cols() - 1), options, cancellation), length,
      lower_bound);
}

double difference_step(const SearchBox& box) {
  double side = 0;
  for (size_t d = 0; d < box.lower.size(); ++d) side = std::max(side, box.upper[d] - box.lower[d]);
  return kStepOfSide * side;
}

MetricField tensor_metric_field(std::shared_ptr<const Embedding> embedding, QualityPointer quality,
                                double epsilon, OutputNorm norm, double step, int64_t points_per_batch) {
  LATENTPATH_CHECK(embedding && quality, kArgument, "a metric needs an embedding and a quality");
  LATENTPATH_CHECK(!quality->depends_on_time(), kArgument, "the quality ", quality->describe(),
                   " depends on the curve time: it makes no metric of the latent space alone");
  LATENTPATH_CHECK(step > 0 && points_per_batch >= 1, kArgument,
                   "the step of a difference and the points of a batch must be positive");
  const MetricTensorPointer target = embedding->metric();
  // The identity needs no differences, and without a metric of its own it is conformal: one row.
  const bool identity = embedding->is_identity() && norm == OutputNorm::kSum;
  return [=](const MatrixXd& points) {
    const at::NoGradGuard no_gradient;
    const int64_t dim = points.rows(), rows = identity && !target ? 1 : dim * (dim + 1) / 2;
    MatrixXd metric(rows, points.cols());
    for (int64_t begin = 0; begin < points.cols(); begin += points_per_batch) {
      const int64_t count = std::min<int64_t>(points_per_batch, points.cols() - begin);
      const Tensor z = tensor_of_points(points.middleCols(begin, count));
      QualityPoints at{z, at::full({count}, 0.5, at::kDouble), {}};
      if (quality->needs_decoded()) at.decoded = decode_points(*embedding, z);
      const Tensor n_squared =
          regularise(evaluate_quality(*quality, at).to(at::kDouble), epsilon).log().square();
      Tensor entries;  // of the metric of the images, pulled back: [count, D, D]
      if (identity) {
        entries = target ? (*target)(z).to(at::kDouble) : at::ones({1, 1, 1}, at::kDouble);
      } else {
        const Tensor slopes = central_differences(*embedding, z, step);  // [count, D, M]
        const Tensor lowered =
            target ? at::bmm(slopes, (*target)(decode_points(*embedding, z).flatten(1)).to(at::kDouble))
                   : slopes;
        entries = at::bmm(lowered, slopes.transpose(1, 2));
        if (norm == OutputNorm::kMean) entries = entries / slopes.size(2);
      }
      entries = (on_host(entries) * n_squared.view({-1, 1, 1})).contiguous();
      const double* values = entries.data_ptr<double>();
      const int64_t side = entries.size(1);
      for (int64_t i = 0; i < count; ++i, values += side * side)
        for (int64_t a = 0, row = 0; a < side; ++a)
          for (int64_t b = a; b < side; ++b, ++row) metric(row, begin + i) = values[a * side + b];
    }
    return metric;
  };
}

std::string global_certificate_needs(const PathProblem& problem, const PathOptions& options, int64_t dim) {
  if (dim > kMostGridDimensions)
    return join_message("a latent space of 1 to ", kMostGridDimensions, " dimensions, not of ", dim);
  if (problem.quality->depends_on_time()) return "a quality that is the same at all times: `ramp` off";
  // Where λ is left open, it is the search that says how large it is: above 0.
  const bool has_time_term =
      options.cost != "auto" && make_cost(options.cost, options.time_weight.value_or(1))->time_weight() > 0;
  if (has_time_term) return "a cost without a time term: `cost` chord, not " + options.cost;
  if (options.kernel) return "lengths in the space itself, not in that of a kernel";
  if (regularises_density(options))
    return "length and quality alone to be sought: not with `density_regularisation` " +
           options.density_regularisation;
  return {};
}

GlobalCertificate certify_globally(const PathProblem& problem, const PathOptions& path_options,
                                   const Tensor& nodes, double length, EikonalDistanceOptions options,
                                   const CancellationToken& cancellation) {
  LATENTPATH_CHECK(nodes.defined() && nodes.dim() == 2 && nodes.size(0) >= 2, kArgument,
                   "a path has the shape [nodes, D] here, not ",
                   nodes.defined() ? shape_string(nodes.sizes()) : std::string("undefined"));
  const std::string needed = global_certificate_needs(problem, path_options, nodes.size(1));
  LATENTPATH_CHECK(needed.empty(), kArgument, "a global certificate needs ", needed);
  const MatrixXd path = matrix_of_points(nodes);
  if (options.box.lower.empty()) options.box = box_around(path);
  return certify_globally(tensor_metric_field(problem.embedding, problem.quality, path_options.epsilon,
                                              path_options.norm, difference_step(options.box)),
                          path, length, options, cancellation);
}

std::vector<GlobalCertificate> certify_and_improve(const PathProblem& problem,
                                                   const PathOptions& path_options, PathResult& result,
                                                   const EikonalDistanceOptions& options,
                                                   const ProgressObserver& progress,
                                                   const CancellationToken& cancellation) {
  const int64_t pairs = problem.start.size(0);
  std::vector<GlobalCertificate> certificates;
  std::vector<int64_t> beaten;
  std::vector<Tensor> shortest;
  for (int64_t pair = 0; pair < pairs; ++pair) {
    if (progress)
      progress({.stage = "fast marching", .done = pair, .total = pairs, .activity = Activity::kCheck});
    PathProblem of_pair = problem;
    of_pair.quality = quality_of_pair(problem, pair);
    try {
      certificates.push_back(certify_globally(of_pair, path_options, result.nodes[pair],
                                              result.path.length[pair].item<double>(), options,
                                              cancellation));
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kInterrupted) return certificates;
      throw;
    }
    const GlobalCertificate& certificate = certificates.back();
    if (certificate.gap * certificate.reference <= certificate.reference_error) continue;
    beaten.push_back(pair);
    shortest.push_back(
        tensor_of_points(resample_polyline(certificate.marching.path, 4 * path_options.segments + 1)));
  }
  if (beaten.empty()) return certificates;
  const Tensor rows = at::tensor(beaten, at::kLong);
  PathProblem again = problem;
  again.start = problem.start.index_select(0, rows);
  again.end = problem.end.index_select(0, rows);
  PathOptions from_reference = path_options;
  from_reference.init = "given";
  from_reference.first_paths = at::stack(shortest);
  const PathResult found = find_path(again, from_reference, progress, cancellation);
  result.seconds += found.seconds;
  result.verification_seconds += found.verification_seconds;
  result.verification_evaluations += found.verification_evaluations;
  result.candidate_evaluations += found.candidate_evaluations;
  for (size_t i = 0; i < beaten.size(); ++i) {
    const int64_t pair = beaten[i], row = static_cast<int64_t>(i);
    const auto index = static_cast<size_t>(pair);
    result.decoder_evaluations[index] += found.decoder_evaluations[i];
    result.iterations[index] += found.iterations[i];
    if (!(found.path.length[row].item<double>() < result.path.length[pair].item<double>())) continue;
    result.take(pair, found, row);
    certificates[index] =
        certify_against(std::move(certificates[index].marching), result.path.length[pair].item<double>());
  }
  return certificates;
}

}  // namespace latentpath
