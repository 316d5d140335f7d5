#pragma once
// Shortest paths on manifolds, with certificates: the job of `latentpath geodesic`.
//
//   GeodesicJob job{.manifold = "torus", .parameters = "2,1", .from = "0,0", .to = "2.5,2.5"};
//   GeodesicRun run = execute(job);
//   run.answers[0].length;

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "latentpath/metric/analytic_metric.h"
#include "latentpath/metric/embedding.h"
#include "latentpath/metric/metric_tensor.h"
#include "latentpath/metric/quality.h"
#include "latentpath/metric/weighted_metric.h"
#include "latentpath/models/model_signature.h"
#include "latentpath/path/certify_globally.h"
#include "latentpath/path/find_geodesics.h"
#include "latentpath/path/global_geodesics.h"
#include "latentpath/run/run_record.h"
#include "latentpath/solver/termination.h"

namespace latentpath {

struct GeodesicJob {
  /// Where `init` auto has routes over samples, and `reference` auto a global optimum to compare with: both
  /// take longer than the path itself beyond.
  static constexpr int64_t kGraphPairs = 64, kGraphDimensions = 8, kReferencePairs = 16,
                           kReferenceDimensions = 2;

  std::string manifold = {};      ///< a chart or quality by name
  std::string parameters = {};    ///< its numbers, separated by commas
  std::string embedding = {};     ///< a chart as a TorchScript file, [n, D] → [n, …]
  ModelSignature signature = {};  ///< how the embedding is called
  std::string metric = {};        ///< a metric G(z) as a TorchScript file, [n, D] → [n, D, D]
  std::string level_set = {};     ///< TorchScript file, [n, D] → [n]: the distance to a set to stay on
  double stiffness = 50;          ///< K of Q = ½ exp(−K d)
  std::string quality = {};       ///< TorchScript file, [n, D] → [n] in [0, 1]
  std::optional<double> constant_quality = {};
  double epsilon = 0;
  std::string periods = {};  ///< of each coordinate: "6.283185307,none"
  std::string domain = {};   ///< low,high of each coordinate, or none
  std::string dtype = {};    ///< of files: "", "float32" or "float64"
  int64_t latent_dim = 0;
  int64_t example = 0;  ///< 1 to 4: the papers'; manifold and ends at once

  std::string from = {}, to = {}, pairs = {};
  std::string matrix = {};     ///< FILE.npy [n, D]: the distances of all pairs of these points, and no paths
  std::string exp = {};        ///< tangent vectors at `from`, numbers or FILE.npy: geodesics that start so
  bool log = false;            ///< the vectors at `from` whose geodesics lead to `to`
  std::string transport = {};  ///< tangent vectors at `from`, likewise: carried along geodesics, or `along`
  std::string along = {};      ///< FILE.npy [nodes, D]: the polyline along which `transport` goes
  std::string mean = {};       ///< FILE.npy [n, D]: the Fréchet mean of these points
  std::string weights = {};    ///< of the points of `mean`, numbers or FILE.npy [n]
  bool curvature = false;      ///< sectional curvature at `from`

  GeodesicOptions search = {};  ///< its `method` may also be lbfgs or adam: find_path()
  std::string init = "auto";
  std::string first_path = {};  ///< FILE.npy
  int64_t samples = 1500, routes = 4;
  RivalOptions rivals = {};
  std::string box = {};  ///< low,high of each coordinate
  std::string reference = "auto";
  uint64_t seed = 0;

  std::string out = {};
  bool overwrite = false;
  int64_t pictures = 16;
  std::vector<std::string> picture_format{"png"};  ///< png, svg, pdf

  // What a caller has in memory, in the place of files and of numbers as text. No options: where one is
  // given, the field above that names its file (`embedding`, `metric`, `quality`; `from`, `to`) holds what it
  // is called.
  std::shared_ptr<const Embedding> own_embedding = {};
  MetricTensorPointer own_metric = {};
  QualityPointer own_quality = {};
  Tensor start = {}, end = {}, own_first_path = {};  ///< [pairs, D]; [pairs, nodes, D]
  Tensor own_vectors = {}, own_carried = {};         ///< of `exp` and `transport`, [pairs, D]
  Tensor own_polyline = {};                          ///< of `along`, [nodes, D]
  Tensor own_points = {}, own_weights = {};          ///< of `mean` or `matrix`, [n, D]; [n]
};
const OptionTable<GeodesicJob>& geodesic_job_option_table();

/// What is asked, in the forms that both kinds of solver take.
struct ManifoldProblem {
  ChartPointer chart;
  AnalyticMetricPointer target;  ///< of the space that the chart maps to; null: Euclidean
  AnalyticQualityPointer quality;
  std::shared_ptr<const Embedding> embedding;  ///< of find_path
  QualityPointer tensor_quality;
  Tensor start, end;            ///< [pairs, D] float64
  Tensor first_path;            ///< [pairs, m + 1, D] or undefined
  std::optional<double> exact;  ///< the length of the first pair's geodesic, where it is known
  std::string exact_formula;
  bool from_files = false;        ///< a TorchScript file takes part
  bool weighted = false;          ///< by a quality that was asked for; else lengths are distances
  bool periods_given = false;     ///< by option or file, and not known of a shipped chart
  std::string dtype = "float64";  ///< the least precise that takes part
  std::vector<Warning> warnings;  ///< of what was given
  bool cube = false;              ///< the surface of the cube in space
};

/// One pair's answer, however it was found.
struct GeodesicAnswer {
  Tensor nodes;  ///< [n + 1, D]
  Termination termination = Termination::kRunning;
  std::string start;
  int64_t iterations = 0, evaluations = 0;
  double seconds = 0;
  double length = 0;  ///< refined
  std::optional<double> extrapolated, extrapolation_change, gradient_residual, least_curvature;
  std::optional<int> negative_directions;
  std::optional<bool> minimum;
  bool under_resolved = false;
  double lower_bound = 0;
  std::vector<int> winding;  ///< Lift::winding of the last node, on quotients
  std::vector<Warning> warnings;
  std::vector<std::pair<std::string, double>> others;  ///< other geodesics: start and length
  std::vector<std::vector<int>> other_windings;        ///< of each of them
  std::vector<Tensor> other_nodes;
  std::vector<std::pair<std::string, Tensor>> stages;
  std::optional<GlobalCertificate> certificate;
};

struct GeodesicRun : RunRecord {
  ManifoldProblem problem;
  std::optional<WeightedMetric> metric;  ///< of the problem
  std::vector<GeodesicAnswer> answers;   ///< [pairs]
  std::string method, reason;            ///< as used, and why "auto" chose it
  int64_t graph_edges = 0, evaluated_edges = 0;
  Tensor distances;  ///< [n, n], where a matrix was asked for; there are then no answers
  double search_seconds = 0;
};

GeodesicRun execute(const GeodesicJob& job, const RunObserver& observer = {},
                    const CancellationToken& cancellation = {});

/// Manifold, quality and end points of a job, whose example has been applied: apply_example().
ManifoldProblem make_manifold_problem(const GeodesicJob& job);
/// The papers' examples as options.
GeodesicJob apply_example(GeodesicJob job);

/// Fills summary, warnings and text from the answers.
void summarise(GeodesicRun& run);

/// A job on a manifold of matrices, by its closed forms; false where its manifold is another one. Points are
/// [n, rows, columns] or [n, rows · columns]; arrays come out as the latter.
bool execute_on_matrices(const GeodesicJob& job, GeodesicRun& run, const CancellationToken& cancellation);
/// What a job asks for in the place of paths, of the run's metric and problem: distances, maps and figures of
/// points. False where it asks for paths.
bool answer_in_place_of_paths(const GeodesicJob& job, GeodesicRun& run, const RunObserver& observer,
                              const CancellationToken& cancellation);
/// The velocities whose geodesics are the paths [pairs, nodes, D], and what is carried along these, beside
/// what is recorded of them; log.npy, transport.npy.
void add_logarithms(const GeodesicJob& job, const Tensor& paths, GeodesicRun& run);

/// The distances of a job with a `matrix`, whose problem has the pairs of pairs_of_matrix(); with summary,
/// text, arrays and files.
void find_distance_matrix(const GeodesicJob& job, GeodesicRun& run, const RunObserver& observer,
                          const CancellationToken& cancellation);
/// Of n points [n, D] the pairs i < j, row after row: starts and ends, [n (n − 1)/2, D] each.
std::pair<Tensor, Tensor> pairs_of_matrix(const Tensor& points);

}  // namespace latentpath
