#include "latentpath/metric/adaptors.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <functional>
#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/metric/charts.h"
#include "metric/unfused_attention.h"

namespace latentpath {
namespace {

/// Keeps a map alive in the graph of a result.
struct MapHolder : torch::CustomClassHolder {
  explicit MapHolder(std::shared_ptr<const AnalyticMap> m) : map(std::move(m)) {}
  std::shared_ptr<const AnalyticMap> map;
};

Tensor doubles(const Tensor& t) { return t.detach().to(at::kCPU, at::kDouble).contiguous(); }

/// Autograd takes no undefined tensors: an empty one says that there are no times.
const double* data_or_null(const Tensor& t) { return t.numel() > 0 ? t.data_ptr<double>() : nullptr; }

/// An expansion at the rows of z.
std::unique_ptr<MapExpansion> expand(const AnalyticMap& map, const Tensor& z, const Tensor& time) {
  auto expansion = map.make_expansion();
  expansion->expand(static_cast<std::size_t>(z.size(0)), z.data_ptr<double>(), data_or_null(time));
  return expansion;
}

// f, Jᵀv and their derivatives: each is the backward pass of the one before.

class PullFunction final : public torch::autograd::Function<PullFunction> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& z, const Tensor& v,
                        const Tensor& time, c10::intrusive_ptr<MapHolder> holder) {
    const Tensor points = doubles(z), covectors = doubles(v);
    const Tensor at_times = doubles(time);
    Tensor pulled = at::empty_like(points);
    if (z.size(0) > 0)
      expand(*holder->map, points, at_times)->pull(covectors.data_ptr<double>(), pulled.data_ptr<double>());
    context->save_for_backward({z, v, time});
    context->saved_data["map"] = c10::IValue::make_capsule(holder);
    return pulled.to(z.scalar_type());
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto holder = c10::static_intrusive_pointer_cast<MapHolder>(context->saved_data["map"].toCapsule());
    const Tensor points = doubles(saved[0]), covectors = doubles(saved[1]), u = doubles(gradients[0]);
    const Tensor at_times = doubles(saved[2]);
    Tensor bent = at::empty_like(points), pushed = at::empty_like(covectors);
    if (points.size(0) > 0) {
      const auto expansion = expand(*holder->map, points, at_times);
      expansion->curvature_products(covectors.data_ptr<double>(), u.data_ptr<double>(),
                                    bent.data_ptr<double>());
      expansion->push(u.data_ptr<double>(), pushed.data_ptr<double>());
    }
    return {bent.to(saved[0].scalar_type()), pushed.to(saved[1].scalar_type()), Tensor(), Tensor()};
  }
};

class MapFunction final : public torch::autograd::Function<MapFunction> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& z, const Tensor& time,
                        c10::intrusive_ptr<MapHolder> holder) {
    const Tensor points = doubles(z);
    const Tensor at_times = doubles(time);
    Tensor x = at::empty({z.size(0), holder->map->output_dim()}, at::kDouble);
    holder->map->values(static_cast<std::size_t>(z.size(0)), points.data_ptr<double>(),
                        data_or_null(at_times), x.data_ptr<double>());
    context->save_for_backward({z, time});
    context->saved_data["map"] = c10::IValue::make_capsule(holder);
    return x.to(z.scalar_type());
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    auto holder = c10::static_intrusive_pointer_cast<MapHolder>(context->saved_data["map"].toCapsule());
    return {PullFunction::apply(saved[0], gradients[0], saved[1], std::move(holder)), Tensor(), Tensor()};
  }
};

Tensor apply_map(const std::shared_ptr<const AnalyticMap>& map, const Tensor& z, const Tensor& time) {
  return MapFunction::apply(z, time, c10::make_intrusive<MapHolder>(map));
}

class ChartEmbedding final : public Embedding {
 public:
  explicit ChartEmbedding(ChartPointer chart) : chart_(std::move(chart)) {}
  int64_t latent_dim() const override { return chart_->latent_dim(); }
  bool is_identity() const override { return chart_->is_identity(); }
  ChartPointer analytic() const override { return chart_; }
  std::string describe() const override { return "chart " + chart_->describe(); }

 protected:
  Tensor map(const Tensor& z) const override { return apply_map(chart_, z, at::empty({0}, at::kDouble)); }

 private:
  ChartPointer chart_;
};

class TensorQuality final : public Quality {
 public:
  explicit TensorQuality(AnalyticQualityPointer quality) : quality_(std::move(quality)) {}
  Tensor evaluate(const QualityPoints& points) const override {
    const Tensor& z = points.latent;
    if (quality_->form() == AnalyticQuality::Form::kConstant)
      return at::full({z.size(0)}, quality_->value(), z.options());
    const auto& map = quality_->map();
    LATENTPATH_CHECK(z.size(1) == map->latent_dim(), kInput, quality_->describe(), " takes latents of size ",
                     map->latent_dim(), ", not ", z.size(1));
    Tensor f =
        apply_map(map, z, map->depends_on_time() ? points.time : at::empty({0}, at::kDouble)).squeeze(1);
    switch (quality_->form()) {
      case AnalyticQuality::Form::kNegativeLog:
        return at::exp(-f);
      case AnalyticQuality::Form::kLevelSet:
        return std::exp(-quality_->set_weight()) * at::exp(-quality_->stiffness() * f);
      default:
        return f;
    }
  }
  bool depends_on_time() const override { return quality_->depends_on_time(); }
  AnalyticQualityPointer analytic() const override { return quality_; }
  std::string describe() const override { return quality_->describe(); }

 private:
  AnalyticQualityPointer quality_;
};

class AnalyticMetricTensor final : public MetricTensor {
 public:
  explicit AnalyticMetricTensor(AnalyticMetricPointer metric)
      : metric_(std::move(metric)), map_(std::shared_ptr<const AnalyticMap>(metric_, &metric_->packed())) {
    const int64_t m = metric_->dim();
    std::vector<int64_t> where(static_cast<size_t>(m * m));
    for (int64_t i = 0, entry = 0; i < m; ++i)
      for (int64_t j = i; j < m; ++j, ++entry)
        where[static_cast<size_t>(i * m + j)] = where[static_cast<size_t>(j * m + i)] = entry;
    where_ = at::tensor(where, at::kLong);
  }
  int64_t dim() const override { return metric_->dim(); }
  std::string describe() const override { return metric_->describe(); }
  double least_eigenvalue() const override { return metric_->least_eigenvalue(); }
  AnalyticMetricPointer analytic() const override { return metric_; }

 protected:
  Tensor evaluate(const Tensor& x) const override {
    return apply_map(map_, x, at::empty({0}, at::kDouble))
        .index_select(1, where_)
        .view({x.size(0), dim(), dim()});
  }

 private:
  AnalyticMetricPointer metric_;
  std::shared_ptr<const AnalyticMap> map_;
  Tensor where_;  // of each entry of the matrix in the upper triangle
};

// The other way: tensors behind an AnalyticMap.

using TensorCall = std::function<Tensor(const Tensor& z, const Tensor& time)>;  ///< [n, D], [n] → [n, M]

/// Points that a model is run on at once where copies of a path's points stand for one pass each.
constexpr int64_t kMostCopies = 8192;
/// Points of which one batch takes hardly longer than of a single point.
constexpr int64_t kFewPoints = 4096;
/// Latent sizes up to which products with the Jacobian are made from the whole of it.
constexpr int64_t kSmallLatent = 8;

class TensorExpansion final : public MapExpansion {
 public:
  TensorExpansion(const TensorCall& call, int64_t dim, int64_t outputs, bool curvatures)
      : call_(call), dim_(dim), outputs_(outputs), has_curvatures_(curvatures) {}

  void expand(std::size_t count, const double* z, const double* t) override {
    count_ = static_cast<int64_t>(count);
    z_ = wrap(z, dim_);
    t_ = t ? wrap(t, 1).squeeze(1) : at::full({count_}, 0.5, at::kDouble);
    jacobian_ = x_ = Tensor();
    rows_.clear();
    second_order_copies_.clear();
    if (all_at_once()) {
      // Small batches cost by the call and not by the point: one pass serves values and all derivatives.
      second_order_copies_ = replicate(outputs_ * dim_);
      values_ = second_order_copies_[0].x.detach().narrow(0, 0, count_).to(at::kDouble).contiguous();
    } else {
      const at::NoGradGuard no_gradient;
      values_ = call_(z_, t_).to(at::kDouble).contiguous();
    }
  }
  const double* values() const override { return values_.data_ptr<double>(); }
  const double* jacobians() override {
    if (!jacobian_.defined())
      jacobian_ = all_at_once() ? jacobian_at_once() : by_rows() ? jacobian_by_rows() : jacobian_by_columns();
    return jacobian_.data_ptr<double>();
  }
  void push(const double* u, double* out) override {
    if (small()) {
      jacobians();
      write(at::matmul(jacobian_, wrap(u, dim_).unsqueeze(2)), out);
    } else {
      write(pushed(wrap(u, dim_)), out);
    }
  }
  void pull(const double* v, double* out) override {
    if (small()) {
      jacobians();
      write(at::matmul(wrap(v, outputs_).unsqueeze(1), jacobian_), out);
    } else {
      write(pulled(wrap(v, outputs_), false), out);
    }
  }
  void curvature_products(const double* r, const double* u, double* out) override {
    const at::AutoGradMode enabled(true);
    write(bent(pulled(wrap(r, outputs_), true), wrap(u, dim_)), out);
  }
  void curvatures(const double* r, double* out) override {
    const at::AutoGradMode enabled(true);
    const Tensor factors = wrap(r, outputs_);
    const Tensor block = all_at_once()            ? bent_at_once(factors)
                         : by_rows() && dim_ <= 3 ? bent_rows(factors)
                                                  : bent_columns(factors);
    write(0.5 * (block + block.transpose(1, 2)), out);  // rounding breaks the symmetry
  }

 private:
  /// Copies of all points, side by side in one batch: [copies · n, D].
  struct Copies {
    int64_t first, count;
    Tensor z, x;
  };
  /// The gradients of the outputs first … first + count − 1, with their graph: [count · n, D].
  struct Rows {
    Copies copies;
    Tensor gradients;
  };

  Tensor wrap(const double* data, int64_t width) const {
    return at::from_blob(const_cast<double*>(data), {count_, width}, at::kDouble).clone();
  }
  static void write(const Tensor& from, double* to) {
    const Tensor c = from.detach().to(at::kDouble).contiguous();
    std::copy_n(c.data_ptr<double>(), c.numel(), to);
  }
  bool small() const { return dim_ <= kSmallLatent; }
  /// Whether a copy of every point for each entry of J is few points still.
  bool all_at_once() const {
    return has_curvatures_ && by_rows() && count_ > 0 && outputs_ * dim_ * count_ <= kFewPoints;
  }
  /// A row of J is one reverse pass, a column two.
  bool by_rows() const { return outputs_ <= 2 * dim_; }

  /// The model on `copies` copies of the points, in as few batches as their size allows.
  std::vector<Copies> replicate(int64_t copies) const {
    const at::AutoGradMode enabled(true);
    const int64_t at_once = std::clamp<int64_t>(kMostCopies / std::max<int64_t>(count_, 1), 1, copies);
    std::vector<Copies> all;
    for (int64_t first = 0; first < copies; first += at_once) {
      const int64_t count = std::min(at_once, copies - first);
      Tensor z = z_.repeat({count, 1}).requires_grad_(true);
      const UnfusedAttention twice;
      Tensor x = call_(z, t_.repeat({count}));
      all.push_back({first, count, std::move(z), std::move(x)});
    }
    return all;
  }
  /// e_first, e_{first + 1}, … in R^width, each for all points: [copies.count · n, width].
  Tensor units(const Copies& copies, int64_t width, const at::TensorOptions& options) const {
    return at::eye(width, options).narrow(0, copies.first, copies.count).repeat_interleave(count_, 0);
  }
  /// ∂⟨y, v⟩/∂z, zero where y does not depend on z.
  static Tensor gradient(const Tensor& y, const Tensor& z, const Tensor& v, bool graph) {
    if (!y.requires_grad()) return at::zeros_like(z).detach();
    const Tensor g = torch::autograd::grad({y}, {z}, {v.to(y.scalar_type())}, true, graph, true)[0];
    return g.defined() ? g : at::zeros_like(z).detach();
  }

  /// Copy k·D + j of the points holds the gradient of output k; its coordinate j is bent by bent_at_once().
  Tensor jacobian_at_once() {
    const at::AutoGradMode enabled(true);
    Copies& copies = second_order_copies_[0];
    const auto options = copies.x.options().requires_grad(false);
    const Tensor which = at::eye(outputs_, options).repeat_interleave(dim_ * count_, 0);
    Tensor g = gradient(copies.x, copies.z, which, true);
    const Tensor first = g.detach().view({outputs_, dim_, count_, dim_}).select(1, 0);
    rows_.push_back({std::move(copies), std::move(g)});
    return first.transpose(0, 1).to(at::kDouble).contiguous();
  }
  /// Σ_k r_k ∇²f_k in one pass.
  Tensor bent_at_once(const Tensor& r) {
    jacobians();
    const Rows& rows = rows_[0];
    const Tensor unit = at::eye(dim_, at::kDouble).view({1, dim_, 1, dim_});
    const Tensor factors = (r.t().view({outputs_, 1, count_, 1}) * unit).reshape({-1, dim_});
    return gradient(rows.gradients, rows.copies.z, factors, false)
        .view({outputs_, dim_, count_, dim_})
        .sum(0)
        .transpose(0, 1);
  }
  Tensor jacobian_by_rows() {
    const at::AutoGradMode enabled(true);
    std::vector<Tensor> blocks;
    for (Copies& copies : replicate(outputs_)) {
      Tensor g = gradient(copies.x, copies.z,
                          units(copies, outputs_, copies.x.options().requires_grad(false)), has_curvatures_);
      blocks.push_back(g.detach().view({copies.count, count_, dim_}));
      rows_.push_back({std::move(copies), std::move(g)});
    }
    return at::cat(blocks).transpose(0, 1).to(at::kDouble).contiguous();
  }
  Tensor jacobian_by_columns() const {
    const at::AutoGradMode enabled(true);
    std::vector<Tensor> blocks;
    for (const Copies& copies : replicate(dim_)) {
      const Tensor covector = at::zeros_like(copies.x).detach().requires_grad_(true);
      const Tensor pulled = gradient(copies.x, copies.z, covector, true);
      const Tensor pushed = gradient(pulled, covector, units(copies, dim_, copies.z.options()), false);
      blocks.push_back(pushed.detach().view({copies.count, count_, outputs_}));
    }
    return at::cat(blocks).permute({1, 2, 0}).to(at::kDouble).contiguous();
  }
  /// Σ_k r_k ∇²f_k from the rows of J, one pass for each coordinate: [n, D, D].
  Tensor bent_rows(const Tensor& r) {
    jacobians();
    Tensor sum = at::zeros({count_, dim_, dim_}, at::kDouble);
    for (const Rows& rows : rows_) {
      const Copies& copies = rows.copies;
      const Tensor factors = r.narrow(1, copies.first, copies.count).t().reshape({-1});
      for (int64_t j = 0; j < dim_; ++j)
        sum.select(1, j).add_(gradient(rows.gradients.select(1, j), copies.z, factors, false)
                                  .view({copies.count, count_, dim_})
                                  .sum(0));
    }
    return sum;
  }
  /// The same in one pass over D copies of the points.
  Tensor bent_columns(const Tensor& r) const {
    std::vector<Tensor> blocks;
    for (const Copies& copies : replicate(dim_)) {
      const Tensor pulled = gradient(copies.x, copies.z, r.repeat({copies.count, 1}), true);
      blocks.push_back(gradient(pulled, copies.z, units(copies, dim_, copies.z.options()), false)
                           .detach()
                           .view({copies.count, count_, dim_}));
    }
    return at::cat(blocks).transpose(0, 1);
  }

  /// One graph for products one after the other, made when first asked for.
  const Tensor& graph() {
    if (!x_.defined()) {
      const at::AutoGradMode enabled(true);
      leaf_ = z_.detach().requires_grad_(true);
      const UnfusedAttention twice;
      x_ = call_(leaf_, t_);
    }
    return x_;
  }
  Tensor pulled(const Tensor& v, bool keep_graph) { return gradient(graph(), leaf_, v, keep_graph); }
  Tensor pushed(const Tensor& u) {
    const at::AutoGradMode enabled(true);
    const Tensor covector = at::zeros_like(graph()).detach().requires_grad_(true);
    return gradient(gradient(graph(), leaf_, covector, true), covector, u, false);
  }
  Tensor bent(const Tensor& slope, const Tensor& u) const { return gradient(slope, leaf_, u, false); }

  const TensorCall& call_;
  int64_t dim_, outputs_, count_ = 0;
  bool has_curvatures_;
  Tensor z_, t_, values_, jacobian_;
  std::vector<Copies> second_order_copies_;
  std::vector<Rows> rows_;
  Tensor leaf_, x_;
};

class TensorMap final : public AnalyticMap {
 public:
  /// `counted`: the model whose points are counted, or null.
  TensorMap(TensorCall call, int latent_dim, int output_dim, std::string name, bool time,
            bool single_precision, std::shared_ptr<const Embedding> counted = nullptr)
      : AnalyticMap(latent_dim, output_dim, std::move(name)),
        call_(std::move(call)),
        time_(time),
        single_precision_(single_precision),
        counted_(std::move(counted)) {
    // Not every operation can be differentiated twice.
    try {
      const auto expansion = make_expansion();
      const std::vector<double> z(static_cast<std::size_t>(latent_dim), 0.1),
          r(static_cast<std::size_t>(output_dim), 1);
      std::vector<double> out(static_cast<std::size_t>(latent_dim));
      expansion->expand(1, z.data(), nullptr);
      expansion->curvature_products(r.data(), z.data(), out.data());
    } catch (const c10::Error&) {
      has_curvatures_ = false;
    }
  }
  bool depends_on_time() const override { return time_; }
  bool has_curvatures() const override { return has_curvatures_; }
  double rounding() const override { return single_precision_ ? 1e-6 : 1e-15; }
  int64_t evaluations() const override { return counted_ ? counted_->evaluations() : 0; }
  /// LibTorch uses all threads by itself.
  bool concurrent() const override { return false; }
  void values(std::size_t count, const double* z, const double* t, double* x) const override {
    const at::NoGradGuard no_gradient;
    const auto n = static_cast<int64_t>(count);
    const Tensor points = at::from_blob(const_cast<double*>(z), {n, latent_dim()}, at::kDouble);
    const Tensor times =
        t ? at::from_blob(const_cast<double*>(t), {n}, at::kDouble) : at::full({n}, 0.5, at::kDouble);
    const Tensor out = call_(points, times).to(at::kDouble).contiguous();
    std::copy_n(out.data_ptr<double>(), out.numel(), x);
  }
  std::unique_ptr<MapExpansion> make_expansion() const override {
    return std::make_unique<TensorExpansion>(call_, latent_dim(), output_dim(), has_curvatures_);
  }

 private:
  TensorCall call_;
  bool time_, single_precision_, has_curvatures_ = true;
  std::shared_ptr<const Embedding> counted_;
};

/// The dimension that was given, or else the one that the thing called `name` has itself.
int known_dim(const std::string& name, int64_t own, int given) {
  LATENTPATH_CHECK(given >= 0 && (own < 0 || given == 0 || own == given), kArgument, name, " has dimension ",
                   own, ", not ", given);
  LATENTPATH_CHECK(own > 0 || given > 0, kArgument, "the dimension of ", name, " must be given");
  return given > 0 ? given : static_cast<int>(own);
}

}  // namespace

std::shared_ptr<Embedding> as_embedding(ChartPointer chart) {
  LATENTPATH_CHECK(chart != nullptr, kArgument, "as_embedding needs a chart");
  return std::make_shared<ChartEmbedding>(std::move(chart));
}

QualityPointer as_quality(AnalyticQualityPointer quality) {
  LATENTPATH_CHECK(quality != nullptr, kArgument, "as_quality needs a quality");
  return std::make_shared<TensorQuality>(std::move(quality));
}

MetricTensorPointer as_metric_tensor(AnalyticMetricPointer metric) {
  LATENTPATH_CHECK(metric != nullptr, kArgument, "as_metric_tensor needs a metric");
  return std::make_shared<AnalyticMetricTensor>(std::move(metric));
}

ChartPointer as_chart(std::shared_ptr<const Embedding> embedding, int latent_dim) {
  LATENTPATH_CHECK(embedding != nullptr, kArgument, "as_chart needs an embedding");
  const int dim = known_dim(embedding->describe(), embedding->latent_dim(), latent_dim);
  if (auto own = embedding->analytic()) return own;
  if (embedding->is_identity()) return plane_chart(dim);
  const Tensor probe = (*embedding)(at::zeros({1, dim}, at::kDouble));
  const std::string name = embedding->describe();
  return std::make_shared<TensorMap>(
      [embedding](const Tensor& z, const Tensor&) { return (*embedding)(z).flatten(1).to(at::kCPU); }, dim,
      static_cast<int>(probe.numel()), name, false, probe.scalar_type() != at::kDouble, embedding);
}

AnalyticQualityPointer as_analytic(QualityPointer quality, int latent_dim,
                                   std::shared_ptr<const Embedding> decoder) {
  LATENTPATH_CHECK(quality != nullptr, kArgument, "as_analytic needs a quality");
  if (auto own = quality->analytic()) return own;
  const bool decodes = quality->needs_decoded();
  LATENTPATH_CHECK(!decodes || decoder != nullptr, kArgument, "quality ", quality->describe(),
                   " looks at decoded points: a decoder must be given");
  const auto call = [quality, decoder, decodes](const Tensor& z, const Tensor& t) {
    return quality->evaluate({z, t, decodes ? (*decoder)(z) : Tensor()}).unsqueeze(1);
  };
  const Tensor probe = call(at::zeros({1, latent_dim}, at::kDouble), at::full({1}, 0.5, at::kDouble));
  auto map = std::make_shared<TensorMap>(call, latent_dim, 1, quality->describe(), quality->depends_on_time(),
                                         probe.scalar_type() != at::kDouble);
  return std::make_shared<AnalyticQuality>(AnalyticQuality::Form::kQuality, std::move(map), 0.0,
                                           quality->describe());
}

AnalyticMetricPointer as_analytic(MetricTensorPointer metric, int dim) {
  LATENTPATH_CHECK(metric != nullptr, kArgument, "as_analytic needs a metric");
  dim = known_dim(metric->describe(), metric->dim(), dim);
  if (auto own = metric->analytic()) return own;
  std::vector<int64_t> upper;
  for (int64_t i = 0; i < dim; ++i)
    for (int64_t j = i; j < dim; ++j) upper.push_back(i * dim + j);
  const Tensor which = at::tensor(upper, at::kLong);
  const auto call = [metric, which](const Tensor& x, const Tensor&) {
    const Tensor g = (*metric)(x);
    return (0.5 * (g + g.transpose(1, 2))).flatten(1).index_select(1, which);
  };
  auto map = std::make_shared<TensorMap>(call, dim, static_cast<int>(upper.size()), metric->describe(), false,
                                         metric->rounding() > 1e-12);
  return std::make_shared<AnalyticMetric>(std::move(map), metric->least_eigenvalue());
}

AnalyticQualityPointer as_level_set(std::shared_ptr<const Embedding> distance, double stiffness,
                                    int latent_dim, double set_weight) {
  auto map = as_chart(std::move(distance), latent_dim);
  std::string name = map->describe();
  return std::make_shared<AnalyticQuality>(AnalyticQuality::Form::kLevelSet, std::move(map), stiffness,
                                           std::move(name), set_weight);
}

}  // namespace latentpath
