#pragma once
// Sums of squares ‖r(x)‖² + c with known minima and everything a solver may ask for, as one dense block: for
// dense rows and for tensors.

#include <torch/csrc/autograd/autograd.h>

#include <array>
#include <cmath>
#include <memory>
#include <vector>

#include "contract/run_solver.h"

namespace latentpath::testing {

/// A sum of squares in N variables; r, J and Σ_k r_k ∇²r_k written down.
struct SquaresFunction {
  std::size_t variables = 2, residuals = 2;
  double offset = 0;
  std::function<void(const double* x, double* r, double* jacobian, double* curvature)> expand;
};

/// Rosenbrock's valley (1 − u)² + b (v − u²)² + 1, moved to (p, q).
inline SquaresFunction rosenbrock_squares(double steep, double p, double q) {
  return {2, 2, 1, [=](const double* x, double* r, double* j, double* h) {
            const double u = x[0] - p, v = x[1] - q, root = std::sqrt(steep);
            r[0] = 1 - u;
            r[1] = root * (v - u * u);
            j[0] = -1, j[1] = 0, j[2] = -2 * root * u, j[3] = root;
            h[0] = -2 * root * r[1], h[1] = h[2] = h[3] = 0;
          }};
}

/// Σ a_k (x_k − c_k)² + 1.
inline SquaresFunction quadratic_squares(std::vector<double> a, std::vector<double> c) {
  const std::size_t n = a.size();
  return {n, n, 1, [=](const double* x, double* r, double* j, double* h) {
            std::fill(j, j + n * n, 0.0);
            std::fill(h, h + n * n, 0.0);
            for (std::size_t k = 0; k < n; ++k) {
              r[k] = std::sqrt(a[k]) * (x[k] - c[k]);
              j[k * n + k] = std::sqrt(a[k]);
            }
          }};
}

class SquaresModel final : public SecondOrderModel {
 public:
  explicit SquaresModel(SquaresFunction function)
      : f_(std::move(function)),
        r_(f_.residuals),
        j_(f_.residuals * f_.variables),
        h_(f_.variables * f_.variables) {}
  std::size_t size() const override { return f_.variables; }
  std::size_t block_size() const override { return f_.variables; }
  double evaluate(const double* x) override {
    std::vector<double> r(r_.size()), j(j_.size()), h(h_.size());
    f_.expand(x, r.data(), j.data(), h.data());
    return sum(r);
  }
  double linearise(const double* x) override {
    f_.expand(x, r_.data(), j_.data(), h_.data());
    return sum(r_);
  }
  void gradient(double* g) override {
    for (std::size_t k = 0; k < f_.variables; ++k) {
      g[k] = 0;
      for (std::size_t i = 0; i < f_.residuals; ++i) g[k] += 2 * j_[i * f_.variables + k] * r_[i];
    }
  }
  bool has_curvatures() const override { return true; }
  void hessian(HessianKind kind, BlockTridiagonal& h) override {
    const std::size_t n = f_.variables;
    h.resize(1, n);
    for (std::size_t a = 0; a < n; ++a)
      for (std::size_t b = 0; b < n; ++b) {
        double product = kind == HessianKind::kNewton ? h_[a * n + b] : 0;
        for (std::size_t i = 0; i < f_.residuals; ++i) product += j_[i * n + a] * j_[i * n + b];
        h.diagonal(0)[a * n + b] = 2 * product;
      }
  }
  void laplacian(BlockTridiagonal& b) override {
    hessian(HessianKind::kGaussNewton, b);
    for (std::size_t k = 0; k < f_.variables; ++k) b.diagonal(0)[k * f_.variables + k] += 1;
  }

 private:
  double sum(const std::vector<double>& r) const {
    double s = f_.offset;
    for (const double v : r) s += v * v;
    return s;
  }
  SquaresFunction f_;
  std::vector<double> r_, j_, h_;
};

/// The functions as rows of a batch: dense or tensors.
template <class Rows>
class SquaresRows;

template <>
class SquaresRows<DenseRows> final : public DenseObjective {
 public:
  explicit SquaresRows(const std::vector<SquaresFunction>& functions) {
    for (const auto& function : functions) models_.push_back(std::make_unique<SquaresModel>(function));
  }
  int64_t problems() const override { return static_cast<int64_t>(models_.size()); }
  int64_t variables() const override { return static_cast<int64_t>(models_[0]->size()); }
  DenseObjectiveValue evaluate(const DenseRows& x, const Indices& rows) override {
    DenseObjectiveValue at{std::vector<double>(rows.size()), DenseRows(x.rows(), x.cols())};
    for (std::size_t i = 0; i < rows.size(); ++i) {
      SecondOrderModel& model = *models_[static_cast<std::size_t>(rows[i])];
      at.value[i] = model.linearise(x.row(static_cast<Eigen::Index>(i)).data());
      model.gradient(at.gradient.row(static_cast<Eigen::Index>(i)).data());
    }
    return at;
  }
  SecondOrderModel* second_order(int64_t row) override {
    return models_[static_cast<std::size_t>(row)].get();
  }

 private:
  std::vector<std::unique_ptr<SquaresModel>> models_;
};

template <>
class SquaresRows<Tensor> final : public Objective {
 public:
  explicit SquaresRows(const std::vector<SquaresFunction>& functions) : dense_(functions) {}
  int64_t problems() const override { return dense_.problems(); }
  int64_t variables() const override { return dense_.variables(); }
  ObjectiveValue evaluate(const Tensor& x, const Tensor& rows) override {
    const std::vector<double> numbers = plain_numbers(x);
    const DenseRows plain = Eigen::Map<const DenseRows>(numbers.data(), x.size(0), x.size(1));
    const Tensor list = rows.contiguous();
    const auto at =
        dense_.evaluate(plain, {list.data_ptr<int64_t>(), list.data_ptr<int64_t>() + list.numel()});
    return {at::tensor(at.value, at::kDouble),
            at::tensor(plain_numbers(at.gradient), at::kDouble).view(x.sizes())};
  }
  SecondOrderModel* second_order(int64_t row) override { return dense_.second_order(row); }

 private:
  SquaresRows<DenseRows> dense_;
};

inline DenseRows rows_of(const std::vector<double>& numbers, std::size_t rows, const DenseRows*) {
  return Eigen::Map<const DenseRows>(numbers.data(), static_cast<Eigen::Index>(rows),
                                     static_cast<Eigen::Index>(numbers.size() / rows));
}
inline Tensor rows_of(const std::vector<double>& numbers, std::size_t rows, const Tensor*) {
  return at::tensor(numbers, at::kDouble).view({static_cast<int64_t>(rows), -1});
}

/// `starts` [rows · N]; the least value of each is its offset.
template <class Rows>
ContractProblem squares_problem(std::string name, std::vector<SquaresFunction> functions,
                                std::vector<double> starts, double learning_rate) {
  ContractProblem problem;
  problem.name = std::move(name);
  problem.offers = {SolverNeeds::kBlocks, SolverNeeds::kCurvatures, SolverNeeds::kProducts};
  problem.variables = static_cast<int64_t>(functions[0].variables);
  problem.learning_rate = learning_rate;
  const std::size_t n = functions[0].variables;
  for (std::size_t row = 0; row < functions.size(); ++row) {
    SquaresModel model(functions[row]);
    problem.start_value.push_back(model.evaluate(starts.data() + row * n));
    problem.least_value.push_back(functions[row].offset);
  }
  problem.run = [functions, starts, n](const std::string& method, const SolverOptions& options,
                                       const PlainStopping& stopping) {
    std::vector<SquaresFunction> some;
    std::vector<double> x;
    for (std::size_t row = 0; row < functions.size(); ++row) {
      const auto& rows = stopping.rows;
      if (!rows.empty() && std::find(rows.begin(), rows.end(), static_cast<int64_t>(row)) == rows.end())
        continue;
      some.push_back(functions[row]);
      x.insert(x.end(), starts.begin() + static_cast<std::ptrdiff_t>(row * n),
               starts.begin() + static_cast<std::ptrdiff_t>((row + 1) * n));
    }
    SquaresRows<Rows> objective(some);
    return run_solver<Rows>(objective, rows_of(x, some.size(), static_cast<const Rows*>(nullptr)), method,
                            options, stopping);
  };
  return problem;
}

template <class Rows>
std::vector<ContractProblem> function_problems(const std::string& kind) {
  return {squares_problem<Rows>(
              "quadratics_" + kind,
              {quadratic_squares({1, 3, 0.4}, {1, -2, 0.5}), quadratic_squares({2, 0.3, 5}, {0, 1, 1})},
              {0.1, 0.2, 0.3, -1, 2, 0.7}, 0.01),
          squares_problem<Rows>(
              "Rosenbrock_" + kind,
              {rosenbrock_squares(5, 0, 0), rosenbrock_squares(30, 0.3, -0.2), rosenbrock_squares(100, 1, 1)},
              {-1.2, 1, -0.9, 0.8, -0.2, 2}, 1e-4)};
}

}  // namespace latentpath::testing
