// clang-format off
// What the documentation's samples use and do not declare: samples.py puts these lines before them. First what all may
// use, then, after a line `//// FILE`, what the samples of one header or page use.
#include <torch/script.h>

#include <iostream>
#include <nlohmann/json.hpp>

namespace lp = latentpath;
using namespace latentpath;

extern const Tensor z, z0, z1, start, end, times, nodes, points, curves, weights, x0;
extern const std::shared_ptr<TorchScriptDecoder> decoder;
extern const std::shared_ptr<Classifier> classifier;
extern const QualityPointer quality, feature;
extern at::Generator generator;
extern const int64_t m, n, pairs;
extern const std::filesystem::path folder, run;

//// core/error.h
extern const double epsilon;
//// core/parallel.h
std::vector<Tensor> images, parts;
Tensor decode(const Tensor& latents);
//// curve/curve.h
//// explore/explore_server.h
extern ExploreSession session;
extern const CancellationToken cancellation;
//// explore/explore_session.h
extern const ExploreJob job;
//// io/file.h
extern const std::string text;
//// io/image.h
extern const Tensor frame;
//// io/npy.h
extern const PathResult result;
//// kernel/kernel.h
extern const Tensor x, y;
//// kernel/mmd.h
extern const std::vector<double> x, y;
//// measure/interpolate_measures.h
extern const Tensor x, y;
//// measure/measure_problem.h
extern const Tensor x, y;
//// measure/measure_result.h
extern const MeasureResult result;
//// measure/transport.h
extern const std::vector<double> x, y;
//// metric/analytic_map.h
extern const double* z;
extern double* x;
//// metric/cost.h
extern const SegmentTerms terms;
//// metric/curve_figures.h
extern const PathEnergy energy;
extern const WeightedMetric metric;
extern const std::vector<double> nodes;
extern const std::function<Tensor(const Tensor&)> curve_at;
//// metric/cycle_quality.h
extern const QualityPointer eights;
extern const std::function<Tensor(const Tensor&)> encode;
extern const Tensor codes;
//// metric/decoding_by.h
extern PathProblem problem;
//// metric/density_regularisation.h
extern const Tensor samples;
//// metric/derivative_check.h
extern const std::function<Tensor(const Tensor&)> f;
extern const Tensor x, gradient, direction;
//// metric/kept_features.h
extern const std::function<Tensor(const Tensor&)> network;
extern const QualityPointer glasses;
extern PathProblem problem;
//// metric/path_energy.h
extern const CurvePoints points;
extern const std::function<Tensor(const Tensor&)> curve_at;
//// metric/quality_sections.h
extern const QualityPointer eights, threes;
extern PathProblem problem;
//// metric/sample_density.h
extern const Tensor codes;
//// metric/weighted_metric.h
extern const std::vector<double> nodes;
//// models/feature_model.h
extern const PathProblem problem;
//// molecule/drawing.h
extern const Molecule from, to;
//// molecule/jtvae.h
extern const Molecule from, to;
//// molecule/molecule_decoder.h
extern const JunctionTreeVae vae;
//// molecule/command_decoder.h
extern const Molecule from, to;
//// molecule/encoded_molecules.h
extern const JunctionTreeVae vae;
extern const SyntheticAccessibility accessibility;
//// molecule/molecule_requirements.h
extern const Molecule from, to;
//// molecule/molecule_path.h
extern const Molecule from, to;
extern const JunctionTreeVae vae;
extern const PropertyModel model;
extern const SyntheticAccessibility accessibility;
//// molecule/property_command.h
extern const Molecule from, to;
extern const JunctionTreeVae vae;
extern const PropertyModel model;
//// molecule/property_model.h
extern const Tensor codes;
//// numerics/block_tridiagonal.h
extern const std::size_t m, D;
extern double* x;
//// numerics/eikonal.h
extern const Eigen::VectorXd start, end;
//// numerics/optimal_timing.h
extern const std::vector<double> arc, weights, times;
extern const double lambda;
//// numerics/roadmap.h
extern const SegmentFunction segment_length;
extern const Eigen::VectorXd start, end;
void refine(const Eigen::MatrixXd& nodes);
//// path/certify.h
extern const PathEnergy energy;
//// path/certify_globally.h
extern const PathProblem problem;
extern const PathOptions options;
extern const PathResult result;
extern const double length;
//// path/evaluation_counter.h
extern const EnergyOptions options;
extern const Tensor rows;
extern const CurvePoints points;
//// path/gauss_newton_model.h
extern const PathEnergy energy;
extern const Tensor pull, stiffness, action;
extern double* gradient;
//// metric/sectional_curvature.h
extern const std::vector<double> z, u, v;
//// path/frechet_mean.h
extern const WeightedMetric metric;
extern const std::vector<double> points;
//// path/manifold_maps.h
extern const std::vector<double> a, b;
//// path/matrix_manifolds.h
extern const std::vector<double> p, q;
//// path/parallel_transport.h
extern const WeightedMetric metric;
extern const std::vector<double> z, v, w;
//// path/geodesic_maps.h
extern const WeightedMetric metric;
extern const std::vector<double> a, v;
//// path/global_geodesics.h
extern const std::vector<Disc> discs;
//// path/path_options.h
//// path/path_result.h
extern const PathResult result;
//// path/path_set.h
extern const Tensor starts;
//// path/points.h
extern const EikonalDistance marching;
//// path/prune.h
extern StoppingOptions stopping;
extern const PathSet paths;
extern const bool sparse;
extern const PathOptions options;
//// path/quality_of_pair.h
extern const PathProblem problem;
//// path/nearest_end.h
extern const PathEnergy energy;
extern const QualityPointer eights;
extern PathProblem problem;
extern PathOptions options;
//// path/section_starts.h
extern const PathProblem problem;
extern PathOptions options;
extern const std::vector<QualitySection> asked;
//// path/published_methods.h
extern const PathProblem problem;
//// path/refine.h
//// path/reparametrise.h
extern const PathEnergy energy;
extern const PathSet paths;
extern const Tensor finer;
extern const PathOptions options;
//// path/route_starts.h
extern const PathEnergy energy;
extern const LatentSampler prior;
//// path/tour.h
extern const PathProblem problem;
extern const PathOptions options;
extern const PathEnergy energy;
//// path/second_order_path.h
extern const PathEnergy energy;
//// path/select.h
extern const PathEnergy energy;
extern const PathSet paths;
//// path/smooth_length.h
extern const WeightedMetric metric;
extern const std::vector<double> nodes;
//// path/time_parametrisation.h
extern const PathEnergy energy;
//// path/tridiagonal.h
extern const Tensor diagonal, off_diagonal, b;
//// path/via_points.h
extern const PathEnergy energy;
//// run/data_density.h
extern const Prior prior;
extern nlohmann::json summary;
extern const PathProblem problem;
extern const PathResult result;
//// run/convergence_record.h
extern const PathProblem problem;
extern PathOptions options;
//// report/grid.h
extern const Tensor decoder_output;
//// report/html_report.h
extern const nlohmann::json data;
extern const std::string bytes;
//// report/latent_plane.h
extern const Tensor probability, line, path;
//// report/measure_report.h
extern const MeasureProblem problem;
extern const MeasureResult result;
//// report/film_of_run.h
extern const InterpolateJob job;
//// report/measure_film.h
extern const MeasureResult result;
//// report/path_pictures.h
extern const PathProblem problem;
extern const PathResult result;
//// report/tour_pictures.h
extern const PathProblem problem;
extern const Tour tour;
//// report/path_report.h
extern const PathProblem problem;
extern const PathResult result;
extern const nlohmann::json data;
//// core/warning.h
extern std::vector<Warning> warnings;
//// run/encoder.h
extern const ModelOptions files;
extern Models models;
extern PathProblem problem;
extern const QualityPointer eights;
extern const std::string cycle;
extern const std::function<Tensor(const Tensor&)> encode;
extern const std::function<Tensor()> known;
//// run/kept.h
extern const ModelOptions options;
extern const ModelOptions files;
extern Models models;
extern const Prior prior;
extern const uint64_t seed;
extern PathProblem problem;
//// run/second_opinion.h
extern nlohmann::json summary;
extern const PathProblem problem;
extern const PathResult result;
extern const Guard guard;
extern const SecondOpinion second;
//// run/path_summary.h
extern const PathResult result;
//// report/projection.h
extern const PathProblem problem;
extern const PathResult result;
extern const Tensor path;
extern const Density& density;
extern const Quality& rank;
//// report/strip.h
extern const Tensor frames;
extern const StripRow linear_row;
//// report/surface_picture.h
extern const Tensor sphere_points;
//// run/classifier_check.h
extern const LatentSampler prior;
extern const uint64_t seed;
//// run/evaluation_row.h
extern PathEvaluator evaluator;
//// run/evaluation_method.h
extern PathOptions options;
//// run/evaluate_paths.h
extern const PathProblem problem;
extern const std::function<Tensor(const Tensor&, const Tensor&)> is_an_eight;
//// run/verdict.h
extern const PathResult result;
//// run/run_progress.h
extern const InterpolateJob job;
extern RunObserver observer;
//// solver/dense_solver.h
extern DenseObjective& objective;
extern const DenseRows x0;
//// solver/methods.h
extern DenseObjective& objective;
extern const DenseRows x0;
//// solver/solver.h
extern Objective& objective;
//// zoo/network.h
extern const Tensor latents;
//// README.md
extern const std::filesystem::path models;
extern const Tensor ends;
extern const PathOptions options;
//// core/thread_pool.h
std::vector<double> sums, parts;
double sum_of(double part);
//// metric/metric_tensor.h
//// path/analytic_realisation.h
extern const PathProblem problem;
extern const PathOptions options;
//// path/evaluation_counter.h
extern const EnergyOptions options;
extern const Tensor rows;
extern const CurvePoints points;
//// path/measured_by.h
extern const PathOptions options;
//// path/probe.h
extern const PathProblem problem;
//// path/path_set.h
extern const Tensor starts;
//// path/prune.h
extern StoppingOptions stopping;
extern const PathSet paths;
extern const PathOptions options;
extern const bool sparse;
//// path/published_methods.h
extern const PathProblem problem;
//// path/reparametrise.h
extern const PathEnergy energy;
extern const PathSet paths;
extern const PathOptions options;
extern const Tensor finer;
//// path/select.h
extern const PathEnergy energy;
extern const PathSet paths;
//// path/time_parametrisation.h
extern const PathEnergy energy;
//// report/illustrate.h
extern const InterpolateJob job;
extern RunFolder& folder;
//// run/convergence_record.h
extern const PathProblem problem;
extern PathOptions options;
//// run/end_points.h
extern const EndPointContext context;
//// run/measure_summary.h
extern const MeasureResult result;
//// run/models.h
extern const uint64_t seed;
//// run/nearest.h
extern const Models models;
//// run/path_summary.h
extern const PathResult result;
//// run/prior.h
extern const Models models;
extern const int64_t latent_dim;
extern const uint64_t seed;
extern PathProblem problem;
//// run/run_record.h
extern const InterpolateJob job;
//// solver/dense_solver.h
extern BasicObjective<DenseRows>& objective;
extern const DenseRows x0;
//// solver/methods.h
extern BasicObjective<DenseRows>& objective;
extern const DenseRows x0;
//// io/film.h
extern const std::vector<Tensor> frames;
//// report/film.h
extern const PathProblem problem;
extern const PathResult result;
//// run/command_text.h
extern const InterpolateJob job;
//// docs/algorithms/tour.md
extern const PathProblem problem;
extern const PathOptions options;
