// PathObjective's second-order models: a tensor embedding and quality behind the maps of the dense solvers,
// so that one ChordObjective holds gradient, Hessian and Hessian products of both.

#include <ATen/ATen.h>

#include <cmath>
#include <utility>
#include <vector>

#include "latentpath/metric/adaptors.h"
#include "latentpath/path/path_objective.h"
#include "path/dense/chord_objective.h"

namespace latentpath {
namespace {

/// Blocks of D² numbers a node, from D derivatives of every output: beyond this they cost more than they
/// save.
constexpr int64_t kLargestBlock = 64;

/// Does not own what it points to: the energy outlives its objectives.
template <class T>
std::shared_ptr<const T> borrowed(const T& object) {
  return {std::shared_ptr<const T>(), &object};
}

/// The chart of an energy: Φ, scaled where ‖·‖² is a mean.
ChartPointer chart_of(const PathEnergy& energy, int dim) {
  const auto embedding = borrowed(energy.embedding());
  if (energy.options().norm == OutputNorm::kSum) return as_chart(embedding, dim);
  const auto scaled = [embedding](const Tensor& z) {
    const Tensor images = (*embedding)(z).flatten(1);
    return images / std::sqrt(static_cast<double>(images.size(1)));
  };
  return as_chart(function_embedding(scaled, dim, embedding->describe()), dim);
}

WeightedMetric metric_of(const PathEnergy& energy, int dim) {
  const MetricTensorPointer target = energy.embedding().metric();
  return WeightedMetric(chart_of(energy, dim),
                        as_analytic(borrowed(energy.quality()), dim, borrowed(energy.embedding())),
                        energy.options().epsilon, target ? as_analytic(target) : nullptr);
}

std::vector<double> numbers(const Tensor& values) {
  const Tensor host = values.detach().to(at::kCPU, at::kDouble).contiguous();
  return {host.data_ptr<double>(), host.data_ptr<double>() + host.numel()};
}

bool evenly_spaced(const std::vector<double>& times) {
  const double n = static_cast<double>(times.size() - 1);
  for (std::size_t i = 0; i < times.size(); ++i)
    if (std::abs(times[i] - static_cast<double>(i) / n) > 1e-12) return false;
  return true;
}

}  // namespace

/// One row's model and curve metric, whose points are counted for that row.
class PathObjective::RowModel final : public SecondOrderModel, public CurveMetric {
 public:
  RowModel(const PathObjective& objective, int64_t row, const WeightedMetric& metric)
      : objective_(objective),
        row_(at::full({1}, row, at::kLong)),
        chords_(metric, objective.energy_.options().cost->time_weight()) {
    const std::vector<double> times = numbers(objective.times_);
    const auto subdivisions = static_cast<std::size_t>(objective.subdivisions_),
               n = (times.size() - 1) / subdivisions;
    if (evenly_spaced(times))
      chords_.set_grid(n, subdivisions);
    else
      chords_.set_grid(n, subdivisions, times);
    chords_.set_ends(numbers(objective.start_[row]).data(), numbers(objective.end_[row]).data());
    curve_ = chords_.curve_metric(0);
  }
  CurveMetric* curve() { return curve_ ? this : nullptr; }
  std::string why_first_order() const { return chords_.why_first_order(); }

  // SecondOrderModel.
  std::size_t size() const override { return chords_.size(); }
  std::size_t block_size() const override { return chords_.block_size(); }
  double rounding() const override { return chords_.rounding(); }
  bool has_curvatures() const override { return chords_.has_curvatures(); }
  double evaluate(const double* x) override {
    const auto scope = counting();
    return chords_.evaluate(x);
  }
  double linearise(const double* x) override {
    const auto scope = counting();
    return chords_.linearise(x);
  }
  void gradient(double* g) override {
    const auto scope = counting();
    chords_.gradient(g);
  }
  void hessian(HessianKind kind, BlockTridiagonal& h) override {
    const auto scope = counting();
    chords_.hessian(kind, h);
  }
  void laplacian(BlockTridiagonal& b) override {
    const auto scope = counting();
    chords_.laplacian(b);
  }
  void hessian_product(const double* u, double* product) override {
    const auto scope = counting();
    chords_.hessian_product(u, product);
  }
  void build_preconditioner() override {
    const auto scope = counting();
    chords_.build_preconditioner();
  }
  void update_preconditioner() override {
    const auto scope = counting();
    chords_.update_preconditioner();
  }
  void solve_preconditioner(double* x) const override { chords_.solve_preconditioner(x); }
  void multiply_preconditioner(const double* x, double* y) const override {
    chords_.multiply_preconditioner(x, y);
  }

  // CurveMetric.
  std::size_t segments() const override { return curve_->segments(); }
  std::size_t dim() const override { return curve_->dim(); }
  const double* start() const override { return curve_->start(); }
  const double* end() const override { return curve_->end(); }
  double energy(const double* z, const double* u) override {
    const auto scope = counting();
    return curve_->energy(z, u);
  }
  void derivatives(const double* u, double* g, double* nu) override {
    const auto scope = counting();
    curve_->derivatives(u, g, nu);
  }

 private:
  EvaluationCounter::Scope counting() const { return objective_.counting(row_); }

  const PathObjective& objective_;
  Tensor row_;
  detail::ChordObjective chords_;
  CurveMetric* curve_ = nullptr;
};

struct PathObjective::ChordModels {
  WeightedMetric metric;
  std::vector<std::unique_ptr<RowModel>> rows;
};

/// Why there is no second-order model; empty where there is one.
std::string PathObjective::why_no_model() const {
  const EnergyOptions& options = energy_.options();
  if (!preconditioned_) return "the curve is no polyline on its own nodes";
  if (energy_.has_potential()) return "density regularisation has no second derivatives here";
  if (options.held.defined()) return "some coordinates of the latent are held";
  if (options.kernel) return "images are compared by a kernel, which is no sum of squares";
  if (options.cost->averages_end_qualities() || !options.cost->is_energy())
    return "the " + options.cost->describe() + " cost is no sum of squares over segments";
  if (start_.size(1) > kLargestBlock)
    return "the latent size " + std::to_string(start_.size(1)) + " is above " + std::to_string(kLargestBlock);
  return {};
}

std::string PathObjective::why_first_order() const {
  if (std::string why = why_no_model(); !why.empty()) return why;
  return RowModel(*this, 0, metric_of(energy_, static_cast<int>(start_.size(1)))).why_first_order();
}

PathObjective::ChordModels& PathObjective::chord_models() {
  if (!chord_models_) {
    const auto dim = static_cast<int>(start_.size(1));
    chord_models_ = std::make_shared<ChordModels>(ChordModels{metric_of(energy_, dim), {}});
    chord_models_->rows.resize(static_cast<std::size_t>(problems()));
  }
  return *chord_models_;
}

PathObjective::RowModel* PathObjective::row_model(int64_t row) {
  if (!why_no_model().empty()) return nullptr;
  ChordModels& models = chord_models();
  auto& model = models.rows[static_cast<std::size_t>(row)];
  if (!model) model = std::make_unique<RowModel>(*this, row, models.metric);
  return model.get();
}

SecondOrderModel* PathObjective::second_order(int64_t row) { return row_model(row); }

CurveMetric* PathObjective::curve_metric(int64_t row) {
  RowModel* model = row_model(row);
  return model ? model->curve() : nullptr;
}

}  // namespace latentpath
