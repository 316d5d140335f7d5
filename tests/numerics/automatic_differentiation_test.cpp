// Jets and tapes: every function, against Taylor's theorem and against each other.

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "contract/plain_numbers.h"
#include "latentpath/numerics/jet.h"
#include "latentpath/numerics/smoothed.h"
#include "latentpath/numerics/tape.h"

namespace latentpath::testing {
namespace {

// One function of two variables for each operation, smooth near the point below.
struct Operation {
  std::string name;
  std::function<double(double, double)> plain;
  std::function<Jet<2>(Jet<2>, Jet<2>)> jet;
  std::function<Taped(Taped, Taped)> taped;
};

template <class F>
Operation operation(std::string name, F f) {
  return {std::move(name), f, f, f};
}

// The standard functions are found for plain numbers, ours by their argument.
std::vector<Operation> operations() {
  using std::abs, std::acos, std::acosh, std::asin, std::asinh, std::atan, std::atan2, std::atanh, std::cos,
      std::cosh, std::erf, std::exp, std::expm1, std::hypot, std::log, std::log1p, std::max, std::min,
      std::pow, std::sin, std::sinh, std::sqrt, std::tan, std::tanh;
  return {operation("sum", [](auto x, auto y) { return x + y * 2.0 - 1.0; }),
          operation("product", [](auto x, auto y) { return x * y * x; }),
          operation("square of itself", [](auto x, auto y) { return (x + y) * (x + y); }),
          operation("quotient", [](auto x, auto y) { return x / (y + 2.0); }),
          operation("reciprocal", [](auto x, auto y) { return 1.5 / (x * y); }),
          operation("division by a number", [](auto x, auto y) { return (x * x - y) / 3.0; }),
          operation("sqrt", [](auto x, auto y) { return sqrt(x * x + y); }),
          operation("exp", [](auto x, auto y) { return exp(x * y); }),
          operation("expm1", [](auto x, auto y) { return expm1(x * y); }),
          operation("log", [](auto x, auto y) { return log(x + y * y); }),
          operation("log1p", [](auto x, auto y) { return log1p(x * y); }),
          operation("sin", [](auto x, auto y) { return sin(x * y); }),
          operation("cos", [](auto x, auto y) { return cos(x * y); }),
          operation("tan", [](auto x, auto y) { return tan(x * y); }),
          operation("asin", [](auto x, auto y) { return asin(x * y); }),
          operation("acos", [](auto x, auto y) { return acos(x * y); }),
          operation("atan", [](auto x, auto y) { return atan(x * y); }),
          operation("atan2", [](auto x, auto y) { return atan2(x, y * y); }),
          operation("sinh", [](auto x, auto y) { return sinh(x * y); }),
          operation("cosh", [](auto x, auto y) { return cosh(x * y); }),
          operation("tanh", [](auto x, auto y) { return tanh(x * y); }),
          operation("asinh", [](auto x, auto y) { return asinh(x * y); }),
          operation("acosh", [](auto x, auto y) { return acosh(2.0 + x * y); }),
          operation("atanh", [](auto x, auto y) { return atanh(x * y); }),
          operation("erf", [](auto x, auto y) { return erf(x * y); }),
          operation("power", [](auto x, auto y) { return pow(x + y, 2.5) + pow(x, 3); }),
          operation("general power", [](auto x, auto y) { return pow(x, y); }),
          operation("hypot", [](auto x, auto y) { return hypot(x, y); }),
          operation("abs", [](auto x, auto y) { return abs(x * x - 2.0 * y); }),
          operation("max", [](auto x, auto y) { return max(x * x, y * y); }),
          operation("min", [](auto x, auto y) { return min(x * x, y * y); }),
          operation("compound", [](auto x, auto y) {
            auto s = x;
            s += y;
            s *= x;
            s -= 0.5;
            s /= y;
            return s < 0.0 ? -s : +s;
          })};
}

constexpr double kX = 0.6, kY = 0.8;

}  // namespace

TEST(Jet, EveryFunctionPassesTheTaylorTest) {
  const double u = 0.8, v = -0.5;
  for (const Operation& op : operations()) {
    const Jet<2> f = op.jet(Jet<2>::variable(kX, 0), Jet<2>::variable(kY, 1));
    EXPECT_NEAR(f.value(), op.plain(kX, kY), 1e-15) << op.name;
    const double slope = f.gradient(0) * u + f.gradient(1) * v;
    const double bend = f.hessian(0, 0) * u * u + 2 * f.hessian(0, 1) * u * v + f.hessian(1, 1) * v * v;
    const auto first = [&](double h) {
      return std::abs(op.plain(kX + h * u, kY + h * v) - f.value() - h * slope) + 1e-18;
    };
    const auto second = [&](double h) {
      return std::abs(op.plain(kX + h * u, kY + h * v) - f.value() - h * slope - 0.5 * h * h * bend) + 1e-18;
    };
    const bool linear = op.name == "sum";
    const bool quadratic = op.name == "square of itself" || op.name == "division by a number" ||
                           op.name == "abs" || op.name == "max" || op.name == "min";
    if (linear) {
      EXPECT_LT(first(0.1), 1e-15);
      continue;
    }
    EXPECT_NEAR(observed_order(first, 1e-2), 2, 0.1) << op.name;
    // Nothing is left of a quadratic; elsewhere third order, up to rounding at the smallest steps.
    if (quadratic)
      EXPECT_LT(second(0.01), 1e-15) << op.name;
    else
      EXPECT_GT(observed_order(second, 4e-2), 2.85) << op.name;
  }
}

TEST(Jet, TaylorTestCatchesAWrongDerivative) {
  const Jet<2> f = sin(Jet<2>::variable(kX, 0));
  const auto wrong = [&](double h) {
    return std::abs(std::sin(kX + h) - f.value() - h * 1.01 * f.gradient(0));
  };
  EXPECT_NEAR(observed_order(wrong), 1, 0.1);
}

TEST(Tape, AgreesWithJets) {
  Tape::Scratch scratch;
  for (const Operation& op : operations()) {
    const Jet<2> f = op.jet(Jet<2>::variable(kX, 0), Jet<2>::variable(kY, 1));
    Tape tape;
    {
      const Taped x = tape.variable(kX), y = tape.variable(kY);
      tape.output(op.taped(x, y));
    }
    EXPECT_NEAR(tape.output_value(0), f.value(), 1e-15) << op.name;
    double jacobian[2], block[4], pulled[2], pushed = 0, product[2];
    const double u[2] = {0.3, -1.7}, r[1] = {1.9};
    tape.jacobian(jacobian, scratch);
    tape.curvature(r, block, scratch);
    tape.pull(r, pulled, scratch);
    tape.push(u, &pushed, scratch);
    tape.curvature_product(r, u, product, scratch);
    const auto near = [&](double a, double b) { EXPECT_NEAR(a, b, 1e-13 * (1 + std::abs(b))) << op.name; };
    double along = 0;
    for (std::size_t i = 0; i < 2; ++i) {
      near(jacobian[i], f.gradient(i));
      near(pulled[i], 1.9 * f.gradient(i));
      along += f.gradient(i) * u[i];
      near(product[i], 1.9 * (f.hessian(i, 0) * u[0] + f.hessian(i, 1) * u[1]));
      for (std::size_t j = 0; j < 2; ++j) near(block[2 * i + j], 1.9 * f.hessian(i, j));
    }
    near(pushed, along);
  }
}

TEST(Tape, HandlesMoreVariablesThanLanes) {
  // f_k = Σ_j sin(z_j z_{j+k}), 19 variables: two full groups of lanes and a part of one.
  constexpr std::size_t kDim = 19, kOutputs = 3;
  const auto z = normal_numbers(kDim, 1), u = normal_numbers(kDim, 2), r = normal_numbers(kOutputs, 3);
  const auto f = [](const auto* p, auto* out) {
    using std::sin;
    for (std::size_t k = 0; k < kOutputs; ++k) {
      out[k] = p[0] * 0.0;
      for (std::size_t j = 0; j < kDim; ++j) out[k] += sin(p[j] * p[(j + k) % kDim]);
    }
  };
  Tape tape;
  {
    std::vector<Taped> p, out(kOutputs);
    for (const double v : z) p.push_back(tape.variable(v));
    f(p.data(), out.data());
    for (const Taped& x : out) tape.output(x);
  }
  Tape::Scratch scratch;
  std::vector<double> jacobian(kOutputs * kDim), block(kDim * kDim), pulled(kDim), pushed(kOutputs),
      product(kDim);
  tape.jacobian(jacobian.data(), scratch);
  tape.curvature(r.data(), block.data(), scratch);
  tape.pull(r.data(), pulled.data(), scratch);
  tape.push(u.data(), pushed.data(), scratch);
  tape.curvature_product(r.data(), u.data(), product.data(), scratch);
  const double h = 1e-5;
  for (std::size_t j = 0; j < kDim; ++j) {
    auto up = z, down = z;
    up[j] += h;
    down[j] -= h;
    double a[kOutputs], b[kOutputs];
    f(up.data(), a);
    f(down.data(), b);
    double sum = 0;
    for (std::size_t k = 0; k < kOutputs; ++k) {
      // Central differences: h² and rounding over h.
      EXPECT_NEAR(jacobian[k * kDim + j], (a[k] - b[k]) / (2 * h), 1e-8);
      sum += r[k] * jacobian[k * kDim + j];
    }
    EXPECT_NEAR(pulled[j], sum, 1e-12);
    double row = 0;
    for (std::size_t i = 0; i < kDim; ++i) {
      row += block[j * kDim + i] * u[i];
      EXPECT_NEAR(block[j * kDim + i], block[i * kDim + j], 1e-13);
    }
    EXPECT_NEAR(product[j], row, 1e-12);
  }
  for (std::size_t k = 0; k < kOutputs; ++k) {
    double sum = 0;
    for (std::size_t j = 0; j < kDim; ++j) sum += jacobian[k * kDim + j] * u[j];
    EXPECT_NEAR(pushed[k], sum, 1e-12);
  }
}

TEST(Tape, ConstantOutputsHaveNoDerivatives) {
  Tape tape;
  {
    const Taped x = tape.variable(2);
    tape.output(Taped(7.0));
    tape.output(x);
  }
  Tape::Scratch scratch;
  double jacobian[2];
  tape.jacobian(jacobian, scratch);
  EXPECT_EQ(jacobian[0], 0);
  EXPECT_EQ(jacobian[1], 1);
}

TEST(Kinks, AreSharpOnJetsAndSmoothOnNumbersWithAWidth) {
  const auto sharp = [](double x) { return abs(Jet<1>::variable(x, 0)); };
  EXPECT_EQ(sharp(0.3).value(), 0.3);
  EXPECT_EQ(sharp(-0.3).gradient(0), -1);
  EXPECT_EQ(sharp(0.3).hessian(0, 0), 0);
  const auto variable = [](double x, double width) { return Smoothed(Jet<1>::variable(x, 0), width); };
  const auto at = [&](double x) { return abs(variable(x, 0.1)).plain(); };
  EXPECT_EQ(at(0).value(), 0);
  EXPECT_NEAR(at(0).hessian(0, 0), 10, 1e-12);
  for (const double x : {-1.0, -0.05, 0.02, 3.0}) {
    EXPECT_LE(std::abs(at(x).value() - std::abs(x)), 0.1);
    const double h = 1e-6;
    EXPECT_NEAR(at(x).gradient(0), (at(x + h).value() - at(x - h).value()) / (2 * h), 1e-8);
  }
  const Smoothed<Jet<1>> m = max(variable(1, 0.1), 0.9);
  EXPECT_GT(m.value(), 1);
  EXPECT_LT(m.value(), 1.05);
  using std::abs;
  EXPECT_EQ(abs(-2.0), 2.0);  // plain numbers are what they are
}

TEST(Kinks, WidthsOfTwoSearchesInOneThreadDoNotMeet) {
  // Whatever is computed in between, and in whatever order: each number has the width it was made with.
  const auto fine = [](double x) { return Smoothed(Jet<1>::variable(x, 0), 0.01); };
  const auto coarse = [](double x) { return Smoothed(Jet<1>::variable(x, 0), 0.5); };
  const Smoothed<Jet<1>> a = fine(0.3) * 2.0 - 0.6, b = coarse(0.3) * 2.0 - 0.6;
  EXPECT_NEAR(abs(b).plain().hessian(0, 0), 4 / 0.5, 1e-9);
  EXPECT_NEAR(abs(a).plain().hessian(0, 0), 4 / 0.01, 1e-9);
  EXPECT_EQ(abs(Smoothed<Jet<1>>(-0.25)).value(), 0.25);
}

TEST(Kinks, TapesAndJetsSmoothAlike) {
  Tape tape;
  using Number = Smoothed<Taped>;
  const Number x(tape.variable(0.3), 0.2), y(tape.variable(0.4), 0.2);
  tape.output((max(x, y) * abs(x - y)).plain());
  const Smoothed<Jet<2>> u(Jet<2>::variable(0.3, 0), 0.2), v(Jet<2>::variable(0.4, 1), 0.2);
  const Jet<2> f = (max(u, v) * abs(u - v)).plain();
  Tape::Scratch scratch;
  double jacobian[2], block[4];
  const double one = 1;
  tape.jacobian(jacobian, scratch);
  tape.curvature(&one, block, scratch);
  EXPECT_NEAR(tape.output_value(0), f.value(), 1e-15);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(jacobian[i], f.gradient(i), 1e-14);
    for (std::size_t j = 0; j < 2; ++j) EXPECT_NEAR(block[2 * i + j], f.hessian(i, j), 1e-13);
  }
}

}  // namespace latentpath::testing
