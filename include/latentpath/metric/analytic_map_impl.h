#pragma once
// Templates of analytic_map.h: how a generic callable becomes an AnalyticMap.

#include <utility>

namespace latentpath::detail {

/// Adds t and the output pointer to whatever form a callable has.
template <class Function>
struct ChartCall {
  Function f;
  static constexpr bool kTime = false;
  static constexpr bool kSmoothable = false;
  static constexpr bool kIdentity = [] {
    if constexpr (requires { Function::kIdentity; })
      return Function::kIdentity;
    else
      return false;
  }();
  template <class T>
  void operator()(const T* z, double, T* x) const {
    f(z, x);
  }
};

template <class Function>
struct ScalarCall {
  Function f;
  static constexpr bool kTime = std::is_invocable_v<const Function&, const double*, double>;
  static constexpr bool kIdentity = false;
  static constexpr bool kSmoothable = true;
  template <class T>
  void operator()(const T* z, [[maybe_unused]] double t, T* x) const {
    if constexpr (kTime)
      x[0] = T(f(z, t));
    else
      x[0] = T(f(z));
  }
};

/// A variable of a map, in the scalar that it is evaluated with; and what a result is without its width.
template <class Scalar, class Plain>
Scalar with_width(const Plain& variable, double kink_width) {
  if constexpr (std::is_same_v<Scalar, Plain>)
    return variable;
  else
    return Scalar(variable, kink_width);
}
template <class Scalar>
const auto& without_width(const Scalar& x) {
  if constexpr (requires { x.plain(); })
    return x.plain();
  else
    return x;
}

/// Second derivatives stored: for few variables. The scalar is Jet<N>, or Smoothed<Jet<N>>.
template <int N, class Call, class Scalar = Jet<N>>
class JetExpansion final : public MapExpansion {
 public:
  JetExpansion(std::shared_ptr<const Call> call, std::size_t outputs, double kink_width)
      : call_(std::move(call)), outputs_(outputs), kink_width_(kink_width), z_(N), x_(outputs) {}
  void expand(std::size_t count, const double* z, const double* t) override {
    constexpr std::size_t dim = N, packed = Jet<N>::kPacked;
    count_ = count;
    values_.resize(count * outputs_);
    jacobians_.resize(count * outputs_ * dim);
    hessians_.resize(count * outputs_ * packed);
    double *value = values_.data(), *jacobian = jacobians_.data(), *hessian = hessians_.data();
    for (std::size_t p = 0; p < count; ++p) {
      for (std::size_t i = 0; i < dim; ++i)
        z_[i] = with_width<Scalar>(Jet<N>::variable(z[p * dim + i], static_cast<int>(i)), kink_width_);
      (*call_)(static_cast<const Scalar*>(z_.data()), t ? t[p] : 0.5, x_.data());
      for (const Scalar& result : x_) {
        const Jet<N>& x = without_width(result);
        *value++ = x.value();
        for (std::size_t i = 0; i < dim; ++i) *jacobian++ = x.gradient_data()[i];
        for (std::size_t i = 0; i < packed; ++i) *hessian++ = x.hessian_data()[i];
      }
    }
  }
  const double* values() const override { return values_.data(); }
  const double* jacobians() override { return jacobians_.data(); }
  void push(const double* u, double* pushed) override {
    const double* row = jacobians_.data();
    for (std::size_t p = 0; p < count_; ++p)
      for (std::size_t k = 0; k < outputs_; ++k, row += N) {
        double sum = 0;
        for (std::size_t i = 0; i < N; ++i) sum += row[i] * u[p * N + i];
        *pushed++ = sum;
      }
  }
  void pull(const double* v, double* pulled) override {
    const double* row = jacobians_.data();
    for (std::size_t p = 0; p < count_; ++p) {
      double sum[N] = {};
      for (std::size_t k = 0; k < outputs_; ++k, row += N, ++v)
        for (std::size_t i = 0; i < N; ++i) sum[i] += row[i] * *v;
      for (std::size_t i = 0; i < N; ++i) *pulled++ = sum[i];
    }
  }
  void curvatures(const double* r, double* blocks) override {
    const double* hessian = hessians_.data();
    for (std::size_t p = 0; p < count_; ++p, blocks += N * N) {
      double sum[Jet<N>::kPacked] = {};
      for (std::size_t k = 0; k < outputs_; ++k, hessian += Jet<N>::kPacked, ++r)
        for (std::size_t i = 0; i < Jet<N>::kPacked; ++i) sum[i] += *r * hessian[i];
      for (std::size_t i = 0; i < N; ++i)
        for (std::size_t j = 0; j <= i; ++j)
          blocks[i * N + j] = blocks[j * N + i] = sum[Jet<N>::packed(i, j)];
    }
  }
  void curvature_products(const double* r, const double* u, double* product) override {
    blocks_.resize(count_ * N * N);
    curvatures(r, blocks_.data());
    const double* row = blocks_.data();
    for (std::size_t p = 0; p < count_; ++p)
      for (std::size_t i = 0; i < N; ++i, row += N) {
        double sum = 0;
        for (std::size_t j = 0; j < N; ++j) sum += row[j] * u[p * N + j];
        *product++ = sum;
      }
  }

 private:
  std::shared_ptr<const Call> call_;
  std::size_t outputs_, count_ = 0;
  double kink_width_;
  std::vector<double> values_, jacobians_, hessians_, blocks_;
  std::vector<Scalar> z_, x_;
};

/// One tape a point: for many variables.
class TapeExpansion : public MapExpansion {
 public:
  TapeExpansion(std::size_t dim, std::size_t outputs) : dim_(dim), outputs_(outputs) {}
  void expand(std::size_t count, const double* z, const double* t) override;
  const double* values() const override { return values_.data(); }
  const double* jacobians() override;
  void push(const double* u, double* pushed) override;
  void pull(const double* v, double* pulled) override;
  void curvatures(const double* r, double* blocks) override;
  void curvature_products(const double* r, const double* u, double* product) override;
  void pull_changes(const double* r, const double* u, const double* v, double* product, double* scratch,
                    std::size_t size) override;

 protected:
  /// Evaluates the map on `tape`, whose variables are z.
  virtual void record(const std::vector<Taped>& z, double t, std::vector<Taped>& x) = 0;

 private:
  std::size_t dim_, outputs_, count_ = 0;
  bool have_jacobians_ = false;
  std::vector<Tape> tapes_;
  std::vector<double> values_, jacobians_;
  std::vector<Taped> z_, x_;
  Tape::Scratch scratch_;
};

template <class Call, class Scalar = Taped>
class TapedCall final : public TapeExpansion {
 public:
  TapedCall(std::shared_ptr<const Call> call, std::size_t dim, std::size_t outputs, double kink_width)
      : TapeExpansion(dim, outputs), call_(std::move(call)), kink_width_(kink_width) {}

 private:
  void record(const std::vector<Taped>& z, double t, std::vector<Taped>& x) override {
    if constexpr (std::is_same_v<Scalar, Taped>) {
      (*call_)(z.data(), t, x.data());
    } else {
      z_.clear();
      for (const Taped& variable : z) z_.emplace_back(variable, kink_width_);
      x_.resize(x.size());
      (*call_)(static_cast<const Scalar*>(z_.data()), t, x_.data());
      for (std::size_t k = 0; k < x.size(); ++k) x[k] = x_[k].plain();
    }
  }
  std::shared_ptr<const Call> call_;
  double kink_width_;
  std::vector<Scalar> z_, x_;
};

template <class Call>
class FunctionMap final : public AnalyticMap {
 public:
  FunctionMap(std::shared_ptr<const Call> call, int latent_dim, int output_dim, std::string name,
              double kink_width = 0)
      : AnalyticMap(latent_dim, output_dim, std::move(name)),
        call_(std::move(call)),
        kink_width_(kink_width) {}
  bool depends_on_time() const override { return Call::kTime; }
  bool is_identity() const override { return Call::kIdentity; }
  std::optional<double> closed_form_distance(const double* a, const double* b) const override {
    if constexpr (requires { call_->f.distance(a, b); })
      return call_->f.distance(a, b);
    else
      return std::nullopt;
  }

  void values(std::size_t count, const double* z, const double* t, double* x) const override {
    const auto dim = static_cast<std::size_t>(latent_dim()), outputs = static_cast<std::size_t>(output_dim());
    if constexpr (Call::kSmoothable) {
      if (kink_width_ > 0) {  // as the expansions see it
        using Scalar = Smoothed<Jet<0>>;
        std::vector<Scalar> in(dim), out(outputs);
        for (std::size_t p = 0; p < count; ++p) {
          for (std::size_t i = 0; i < dim; ++i) in[i] = Scalar(Jet<0>(z[p * dim + i]), kink_width_);
          (*call_)(static_cast<const Scalar*>(in.data()), t ? t[p] : 0.5, out.data());
          for (std::size_t k = 0; k < outputs; ++k) x[p * outputs + k] = out[k].value();
        }
        return;
      }
    }
    for (std::size_t p = 0; p < count; ++p) (*call_)(z + p * dim, t ? t[p] : 0.5, x + p * outputs);
  }
  std::unique_ptr<MapExpansion> make_expansion() const override {
    switch (latent_dim()) {
      case 1:
        return expansion<JetExpansion<1, Call>, JetExpansion<1, Call, Smoothed<Jet<1>>>>();
      case 2:
        return expansion<JetExpansion<2, Call>, JetExpansion<2, Call, Smoothed<Jet<2>>>>();
      case 3:
        return expansion<JetExpansion<3, Call>, JetExpansion<3, Call, Smoothed<Jet<3>>>>();
      default:
        return expansion<TapedCall<Call>, TapedCall<Call, Smoothed<Taped>>>(
            static_cast<std::size_t>(latent_dim()));
    }
  }
  std::shared_ptr<const AnalyticMap> smoothed(double kink_width) const override {
    if constexpr (Call::kSmoothable)
      return std::make_shared<FunctionMap>(call_, latent_dim(), output_dim(), describe(), kink_width);
    else
      return nullptr;
  }

 private:
  template <class Sharp, class Smooth, class... Size>
  std::unique_ptr<MapExpansion> expansion(Size... size) const {
    const auto outputs = static_cast<std::size_t>(output_dim());
    if constexpr (Call::kSmoothable)
      if (kink_width_ > 0) return std::make_unique<Smooth>(call_, size..., outputs, kink_width_);
    return std::make_unique<Sharp>(call_, size..., outputs, 0.0);
  }

  std::shared_ptr<const Call> call_;  ///< shared with what is smoothed
  double kink_width_;
};

}  // namespace latentpath::detail

namespace latentpath {

template <class Function>
ChartPointer chart(Function f, int latent_dim, int embedding_dim, std::string name) {
  using Call = detail::ChartCall<Function>;
  return std::make_shared<detail::FunctionMap<Call>>(std::make_shared<const Call>(Call{std::move(f)}),
                                                     latent_dim, embedding_dim, std::move(name));
}

template <class Function>
std::shared_ptr<const AnalyticMap> scalar_map(Function f, int latent_dim, std::string name) {
  using Call = detail::ScalarCall<Function>;
  return std::make_shared<detail::FunctionMap<Call>>(std::make_shared<const Call>(Call{std::move(f)}),
                                                     latent_dim, 1, std::move(name));
}

}  // namespace latentpath
