#pragma once
// The table of solvers: a line each. Internal; include/latentpath/solver/methods.h is its public side.

#include <functional>

#include "latentpath/core/error.h"
#include "solver/dense/georce.h"
#include "solver/dense/newton.h"
#include "solver/dense/newton_cg.h"
#include "solver/generic/first_order.h"
#include "solver/generic/lbfgs.h"
#include "solver/generic/rowwise.h"
#include "solver/generic/spectral_gradient.h"

namespace latentpath {
namespace detail {

template <class Rows>
struct MethodEntry {
  SolverMethod method;
  std::function<std::unique_ptr<BasicSolver<Rows>>(const SolverMethod&, const SolverOptions&)> make;
};

/// An entry whose solver moves one row at a time.
template <class Rows, class Make>
auto rowwise(const char* title, Make make) {
  return [title, make](const SolverMethod& method, const SolverOptions& options) {
    return std::make_unique<RowwiseSolver<Rows>>(method, title, [make, options] { return make(options); });
  };
}

template <class Rows>
const std::vector<MethodEntry<Rows>>& method_table() {
  using enum SolverNeeds;
  using Options = SolverOptions;
  static const std::vector<MethodEntry<Rows>> table = {
      {{"lbfgs", "limited-memory BFGS", kGradient},
       [](const auto&, const Options& o) { return std::make_unique<LbfgsSolver<Rows>>(o.lbfgs); }},
      {{"spectral-gradient", "gradient descent by Barzilai and Borwein's step lengths", kGradient},
       [](const auto&, const Options& o) {
         return std::make_unique<SpectralGradientSolver<Rows>>(o.spectral_gradient);
       }},
      {{"newton", "Newton's method, damped, with inertia", kCurvatures},
       rowwise<Rows>(
           "Newton",
           [](const Options& o) { return std::make_unique<NewtonMethod>(HessianKind::kNewton, o.newton); })},
      {{"gauss-newton", "Newton's method without second derivatives", kBlocks},
       rowwise<Rows>("Gauss–Newton",
                     [](const Options& o) {
                       return std::make_unique<NewtonMethod>(HessianKind::kGaussNewton, o.newton);
                     })},
      {{"newton-cg", "Newton's method by Hessian products, for many latent dimensions", kProducts},
       rowwise<Rows>("Newton–CG",
                     [](const Options& o) { return std::make_unique<NewtonCgMethod>(o.newton); })},
      {{"georce", "GEORCE as published (Rygaard & Hauberg, 2025)", kCurveMetric},
       rowwise<Rows>("GEORCE", [](const Options&) { return std::make_unique<GeorceMethod>(); })},
      {{"adam", "Adam (Kingma & Ba, 2015)", kGradient, true},
       [](const auto&, const Options& o) { return std::make_unique<AdamSolver<Rows>>(o.adam); }},
      {{"sgd", "gradient descent with momentum", kGradient, true},
       [](const auto&, const Options& o) { return std::make_unique<SgdSolver<Rows>>(o.sgd); }},
  };
  return table;
}

}  // namespace detail

template <class Rows>
std::unique_ptr<BasicSolver<Rows>> make_solver(const std::string& name, const SolverOptions& options) {
  const SolverMethod& method = solver_method(name);
  for (const auto& entry : detail::method_table<Rows>())
    if (entry.method.name == name) return entry.make(method, options);
  throw InternalError("a method without a maker");
}

}  // namespace latentpath
