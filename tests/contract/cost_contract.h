#pragma once
// What every Cost promises: its formula, a derivative, and no cost of standing still in a perfect
// place.

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <functional>
#include <ostream>
#include <string>

#include "contract/test_models.h"
#include "latentpath/metric/cost.h"
#include "latentpath/metric/derivative_check.h"

namespace latentpath::testing {

struct CostCase {
  std::string name;
  CostPointer cost;
  std::function<double(double w, double c, double duration)> formula;
};
inline void PrintTo(const CostCase& value, std::ostream* out) { *out << value.name; }

class CostContract : public ::testing::TestWithParam<CostCase> {
 protected:
  static SegmentTerms terms(int64_t pairs, int64_t n) {
    const Tensor raw = random_normal({n}, 3).exp();
    return {random_normal({pairs, n}, 1).square() + 0.1, random_normal({pairs, n}, 2).abs() + 0.1,
            raw / raw.sum()};
  }
};

TEST_P(CostContract, IsItsFormula) {
  const SegmentTerms t = terms(3, 5);
  const Tensor cost = GetParam().cost->segments(t);
  ASSERT_EQ(cost.sizes(), (std::vector<int64_t>{3, 5}));
  for (int64_t pair = 0; pair < 3; ++pair)
    for (int64_t i = 0; i < 5; ++i) {
      const double expected =
          GetParam().formula(t.weight[pair][i].item<double>(), t.squared_chord[pair][i].item<double>(),
                             t.duration[i].item<double>());
      EXPECT_NEAR(cost[pair][i].item<double>(), expected, 1e-14 * expected);  // a few roundings
    }
}

TEST_P(CostContract, DerivativesPassTheTaylorTest) {
  const SegmentTerms t = terms(2, 4);
  const auto f = [&](const Tensor& x) { return GetParam().cost->segments({x[0], x[1], t.duration}).sum(); };
  const Tensor x = at::stack({t.squared_chord, t.weight});
  const Tensor leaf = x.clone().requires_grad_(true);
  const Tensor gradient = torch::autograd::grad({f(leaf)}, {leaf})[0];
  EXPECT_NEAR(taylor_slope(f, x, gradient, random_normal(x.sizes(), 7), 1e-3), 2, 0.1);
}

TEST_P(CostContract, IsFreeWhereNothingIsWrong) {
  SegmentTerms t = terms(2, 4);
  t.weight = at::zeros_like(t.weight);  // Q = 1
  EXPECT_EQ(GetParam().cost->segments(t).abs().max().item<double>(), 0);
}

TEST_P(CostContract, IsDifferentiableWhereNodesCoincide) {
  const SegmentTerms t = terms(2, 4);
  const Tensor chord = at::zeros_like(t.squared_chord).requires_grad_(true);
  const Tensor cost = GetParam().cost->segments({chord, t.weight, t.duration}).sum();
  EXPECT_TRUE(at::isfinite(torch::autograd::grad({cost}, {chord})[0]).all().item<bool>());
}

inline std::string cost_case_name(const ::testing::TestParamInfo<CostCase>& info) { return info.param.name; }

}  // namespace latentpath::testing
