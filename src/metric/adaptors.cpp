#include "latentpath/metric/adaptors.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <functional>

#include "latentpath/core/error.h"

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
    const Tensor f =
        apply_map(map, z, map->depends_on_time() ? points.time : at::empty({0}, at::kDouble)).squeeze(1);
    switch (quality_->form()) {
      case AnalyticQuality::Form::kNegativeLog:
        return at::exp(-f);
      case AnalyticQuality::Form::kLevelSet:
        return 0.5 * at::exp(-quality_->stiffness() * f);
      default:
        return f;
    }
  }
  bool depends_on_time() const override { return quality_->depends_on_time(); }
  std::string describe() const override { return quality_->describe(); }

 private:
  AnalyticQualityPointer quality_;
};

// The other way: tensors behind an AnalyticMap.

using TensorCall = std::function<Tensor(const Tensor& z, const Tensor& time)>;  ///< [n, D], [n] → [n, M]

class TensorExpansion final : public MapExpansion {
 public:
  TensorExpansion(const TensorCall& call, int64_t dim, int64_t outputs)
      : call_(call), dim_(dim), outputs_(outputs) {}

  void expand(std::size_t count, const double* z, const double* t) override {
    const at::AutoGradMode enabled(true);
    count_ = static_cast<int64_t>(count);
    z_ = wrap(z, dim_).requires_grad_(true);
    x_ = call_(z_, t ? wrap(t, 1).squeeze(1) : at::full({count_}, 0.5, at::kDouble));
    values_ = x_.detach().to(at::kDouble).contiguous();
    jacobian_ = Tensor();
  }
  const double* values() const override { return values_.data_ptr<double>(); }
  const double* jacobians() override {
    if (!jacobian_.defined()) {
      if (outputs_ <= dim_) {
        // One reverse pass an output.
        std::vector<Tensor> rows;
        for (int64_t k = 0; k < outputs_; ++k) {
          Tensor unit = at::zeros({count_, outputs_}, x_.options());
          unit.select(1, k).fill_(1);
          rows.push_back(pulled(unit, false));
        }
        jacobian_ = at::stack(rows, 1).to(at::kDouble).contiguous();
      } else {
        std::vector<Tensor> columns;
        for (int64_t j = 0; j < dim_; ++j) {
          Tensor unit = at::zeros({count_, dim_}, at::kDouble);
          unit.select(1, j).fill_(1);
          columns.push_back(pushed(unit));
        }
        jacobian_ = at::stack(columns, 2).to(at::kDouble).contiguous();
      }
    }
    return jacobian_.data_ptr<double>();
  }
  void push(const double* u, double* out) override { write(pushed(wrap(u, dim_)), out); }
  void pull(const double* v, double* out) override { write(pulled(wrap(v, outputs_), false), out); }
  void curvature_products(const double* r, const double* u, double* out) override {
    const at::AutoGradMode enabled(true);
    write(bent(pulled(wrap(r, outputs_), true), wrap(u, dim_)), out);
  }
  void curvatures(const double* r, double* out) override {
    const at::AutoGradMode enabled(true);
    const Tensor gradient = pulled(wrap(r, outputs_), true);
    std::vector<Tensor> rows;
    for (int64_t j = 0; j < dim_; ++j) {
      Tensor unit = at::zeros({count_, dim_}, at::kDouble);
      unit.select(1, j).fill_(1);
      rows.push_back(bent(gradient, unit));
    }
    const Tensor block = at::stack(rows, 1);
    write(0.5 * (block + block.transpose(1, 2)), out);  // rounding breaks the symmetry
  }

 private:
  Tensor wrap(const double* data, int64_t width) const {
    return at::from_blob(const_cast<double*>(data), {count_, width}, at::kDouble).clone();
  }
  static void write(const Tensor& from, double* to) {
    const Tensor c = from.detach().to(at::kDouble).contiguous();
    std::copy_n(c.data_ptr<double>(), c.numel(), to);
  }
  Tensor pulled(const Tensor& v, bool graph) const {
    if (!x_.requires_grad()) return at::zeros({count_, dim_}, at::kDouble);
    const Tensor g = torch::autograd::grad({x_}, {z_}, {v.to(x_.scalar_type())}, true, graph, true)[0];
    return g.defined() ? g : at::zeros({count_, dim_}, at::kDouble);
  }
  Tensor pushed(const Tensor& u) const {
    const at::AutoGradMode enabled(true);
    if (!x_.requires_grad()) return at::zeros({count_, outputs_}, at::kDouble);
    const Tensor dummy = at::zeros_like(x_).requires_grad_(true);
    const Tensor g = torch::autograd::grad({x_}, {z_}, {dummy}, true, true, true)[0];
    if (!g.defined() || !g.requires_grad()) return at::zeros({count_, outputs_}, at::kDouble);
    const Tensor p = torch::autograd::grad({g}, {dummy}, {u}, false, false, true)[0];
    return p.defined() ? p : at::zeros({count_, outputs_}, at::kDouble);
  }
  Tensor bent(const Tensor& gradient, const Tensor& u) const {
    if (!gradient.requires_grad()) return at::zeros({count_, dim_}, at::kDouble);  // linear in z
    const Tensor h = torch::autograd::grad({gradient}, {z_}, {u}, true, false, true)[0];
    return h.defined() ? h : at::zeros({count_, dim_}, at::kDouble);
  }

  const TensorCall& call_;
  int64_t dim_, outputs_, count_ = 0;
  Tensor z_, x_, values_, jacobian_;
};

class TensorMap final : public AnalyticMap {
 public:
  TensorMap(TensorCall call, int latent_dim, int output_dim, std::string name, bool time,
            bool single_precision)
      : AnalyticMap(latent_dim, output_dim, std::move(name)),
        call_(std::move(call)),
        time_(time),
        single_precision_(single_precision) {
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
    return std::make_unique<TensorExpansion>(call_, latent_dim(), output_dim());
  }

 private:
  TensorCall call_;
  bool time_, single_precision_, has_curvatures_ = true;
};

int known_latent_dim(const Embedding& embedding, int latent_dim) {
  const auto own = static_cast<int>(embedding.latent_dim());
  LATENTPATH_CHECK(latent_dim >= 0 && (own < 0 || latent_dim == 0 || own == latent_dim), kArgument,
                   embedding.describe(), " has latent dimension ", own, ", not ", latent_dim);
  LATENTPATH_CHECK(own > 0 || latent_dim > 0, kArgument, "the latent dimension of ", embedding.describe(),
                   " must be given");
  return latent_dim > 0 ? latent_dim : own;
}

}  // namespace

std::shared_ptr<Embedding> chart_embedding(ChartPointer chart) {
  LATENTPATH_CHECK(chart != nullptr, kArgument, "chart_embedding needs a chart");
  return std::make_shared<ChartEmbedding>(std::move(chart));
}

QualityPointer tensor_quality(AnalyticQualityPointer quality) {
  LATENTPATH_CHECK(quality != nullptr, kArgument, "tensor_quality needs a quality");
  return std::make_shared<TensorQuality>(std::move(quality));
}

ChartPointer embedding_chart(std::shared_ptr<const Embedding> embedding, int latent_dim) {
  LATENTPATH_CHECK(embedding != nullptr, kArgument, "embedding_chart needs an embedding");
  const int dim = known_latent_dim(*embedding, latent_dim);
  const Tensor probe = (*embedding)(at::zeros({1, dim}, at::kDouble));
  const std::string name = embedding->describe();
  return std::make_shared<TensorMap>(
      [embedding](const Tensor& z, const Tensor&) { return (*embedding)(z).flatten(1); }, dim,
      static_cast<int>(probe.numel()), name, false, probe.scalar_type() != at::kDouble);
}

AnalyticQualityPointer quality_function(QualityPointer quality, int latent_dim,
                                        std::shared_ptr<const Embedding> decoder) {
  LATENTPATH_CHECK(quality != nullptr, kArgument, "quality_function needs a quality");
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

AnalyticQualityPointer level_set_function(std::shared_ptr<const Embedding> distance, double stiffness,
                                          int latent_dim) {
  auto map = embedding_chart(std::move(distance), latent_dim);
  std::string name = map->describe();
  return std::make_shared<AnalyticQuality>(AnalyticQuality::Form::kLevelSet, std::move(map), stiffness,
                                           std::move(name));
}

}  // namespace latentpath
