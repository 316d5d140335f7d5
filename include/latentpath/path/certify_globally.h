#pragma once
// certify_globally: how far is a path from the globally shortest one? For D ≤ 3, against the distance by fast
// marching (numerics/eikonal.h) in the metric g = n² JᵀJ, on a box around the path.
//
// The reference is a numerical solution with an error estimate, not a bound: the sentence of the certificate
// says so. What it excludes is another valley: a path of the same ends, inside the box, that is shorter by
// more than the gap and the estimate.
//
//   GlobalCertificate certificate = certify_globally(problem, options, result.nodes[0], length);
//   std::cout << certificate.sentence;    // "within 0.12 % of the optimum by fast marching (±0.03 %), …"

#include <Eigen/Core>

#include <string>
#include <vector>

#include "latentpath/core/tensor.h"
#include "latentpath/numerics/eikonal.h"
#include "latentpath/path/find_path.h"

namespace latentpath {

struct GlobalCertificate {
  double length = 0;           ///< of our path, as given
  double reference = 0;        ///< the globally shortest length, by fast marching
  double reference_error = 0;  ///< its estimated error
  double gap = 0;              ///< length/reference − 1; slightly negative where the reference errs upwards
  bool box_suffices = false;   ///< every path that leaves the box is longer than ours
  double lower_bound = 0;      ///< that no path can beat, as given; 0: none is known
  /// The reference is no judge: its estimated error is above 1 %, or it lies below the lower bound.
  bool uncertain = false;
  std::string sentence;      ///< for people
  EikonalDistance marching;  ///< the reference in full: its path, its grids
};

/// What a reference says about a path of the given length, and whether it can be believed itself.
GlobalCertificate certify_against(EikonalDistance marching, double length, double lower_bound = 0);

/// `path` [D, m], D ≤ 3, of which only the ends and, where `options.box` is empty, the extent is used: the
/// box is then the path's own, widened on each side by half its diagonal, where `options.space` reaches so
/// far. Throws as eikonal_distance() does.
GlobalCertificate certify_globally(const MetricField& metric, const Eigen::MatrixXd& path, double length,
                                   EikonalDistanceOptions options = {},
                                   const CancellationToken& cancellation = {}, double lower_bound = 0);

/// g = n² JᵀJ of a decoder and a quality that does not depend on time: J by central differences of Φ over
/// `step`, in batches; 2D points are decoded for each one asked for, one more where the quality looks at
/// decoded points. Lengths in H are in the norm given. Throws Error(kArgument) for a quality that depends on
/// time.
MetricField tensor_metric_field(std::shared_ptr<const Embedding> embedding, QualityPointer quality,
                                double epsilon, OutputNorm norm, double step, int64_t points_per_batch = 256);

/// The `step` of the above for a field on this box: a share of its longest side well above the rounding of
/// float32 models and well below what changes over a cell of the grids.
double difference_step(const SearchBox& box);

/// What a path of find_path() must have for a certificate, and this has not, to follow "needs": "a quality
/// that is the same at all times: `ramp` off". Empty where it has all.
std::string global_certificate_needs(const PathProblem& problem, const PathOptions& options, int64_t dim);

/// The same for one path [n + 1, D] of find_path(), with the problem's quality and the options' epsilon and
/// norm. Throws Error(kArgument) where global_certificate_needs() names something.
GlobalCertificate certify_globally(const PathProblem& problem, const PathOptions& path_options,
                                   const Tensor& nodes, double length, EikonalDistanceOptions options = {},
                                   const CancellationToken& cancellation = {});

/// The same for every path of a result. Where the reference is shorter than a path by more than its own
/// error, the search goes on from the reference's path, and the result takes what is found there if that is
/// shorter: evaluations, iterations and seconds of the result then include it. Pairs that a cancellation
/// leaves without a certificate are missing at the end.
std::vector<GlobalCertificate> certify_and_improve(const PathProblem& problem,
                                                   const PathOptions& path_options, PathResult& result,
                                                   const EikonalDistanceOptions& options = {},
                                                   const ProgressObserver& progress = {},
                                                   const CancellationToken& cancellation = {});

}  // namespace latentpath
