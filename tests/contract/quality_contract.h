#pragma once
// What every Quality promises: values in [0, 1], derivatives that pass a Taylor test, rows that do not see
// each other, and truth about what it depends on.

#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "contract/test_models.h"
#include "latentpath/metric/derivative_check.h"
#include "latentpath/metric/quality.h"

namespace latentpath::testing {

struct QualityCase {
  std::string name;
  int64_t latent_dim;
  std::function<QualityPointer()> make;
  std::function<std::shared_ptr<Embedding>()> decoder;  ///< for a quality that looks at decoded points
};
inline void PrintTo(const QualityCase& value, std::ostream* out) { *out << value.name; }

class QualityContract : public ::testing::TestWithParam<QualityCase> {
 protected:
  void SetUp() override {
    quality_ = GetParam().make();
    if (quality_->needs_decoded()) decoder_ = GetParam().decoder();
  }
  QualityPoints ask(const Tensor& z, const Tensor& t) const {
    return {z, t, decoder_ ? (*decoder_)(z) : Tensor()};
  }
  Tensor points(int64_t count, uint64_t seed = 1) const {
    return random_normal({count, GetParam().latent_dim}, seed);
  }
  static Tensor times(int64_t count) {
    auto generator = make_generator(77);
    return at::rand({count}, generator, at::kDouble);
  }
  QualityPointer quality_;
  std::shared_ptr<Embedding> decoder_;
};

#ifndef LATENTPATH_CONTRACT_TESTS_ELSEWHERE
TEST_P(QualityContract, LiesBetweenZeroAndOne) {
  for (const double scale : {0.0, 1e-3, 1.0, 4.0, 40.0}) {
    const Tensor q = quality_->evaluate(ask(scale * points(50), times(50)));
    ASSERT_EQ(q.sizes(), (std::vector<int64_t>{50}));
    ASSERT_TRUE(at::isfinite(q).all().item<bool>()) << "scale " << scale;
    EXPECT_GE(q.min().item<double>(), 0) << "scale " << scale;
    EXPECT_LE(q.max().item<double>(), 1) << "scale " << scale;
  }
}

TEST_P(QualityContract, GradientPassesTheTaylorTest) {
  const Tensor t = times(6);
  const auto f = [&](const Tensor& z) { return quality_->evaluate(ask(z, t)).sum(); };
  const Tensor z = points(6), leaf = z.clone().requires_grad_(true);
  const Tensor value = f(leaf);
  Tensor gradient = at::zeros_like(z);
  if (value.requires_grad()) gradient = torch::autograd::grad({value}, {leaf})[0];
  // Steps small enough for the third-order term not to matter where the second derivatives of the rows
  // nearly cancel.
  EXPECT_NEAR(taylor_slope(f, z, gradient, points(6, 2), 1e-3), 2, 0.1);
}

TEST_P(QualityContract, GradientIsFiniteEverywhere) {
  for (const double scale : {0.0, 1e-9, 1.0, 30.0}) {
    const Tensor leaf = (scale * points(5)).requires_grad_(true);
    const Tensor value = quality_->evaluate(ask(leaf, times(5))).sum();
    if (!value.requires_grad()) continue;
    EXPECT_TRUE(at::isfinite(torch::autograd::grad({value}, {leaf})[0]).all().item<bool>())
        << "scale " << scale;
  }
}

TEST_P(QualityContract, AllTimesAtOnceAreEachTimeByItself) {
  const at::NoGradGuard no_gradient;
  const Tensor z = points(7), t = times(5);
  QualityPoints timeless = ask(z, {});
  const Tensor all = quality_->at_times(timeless, t);
  ASSERT_EQ(all.sizes(), (std::vector<int64_t>{7, 5}));
  for (int64_t i = 0; i < 5; ++i)
    EXPECT_TRUE(at::allclose(all.select(1, i), quality_->evaluate(ask(z, t[i].expand({7}))), 1e-9, 1e-12))
        << i;
}

TEST_P(QualityContract, RowsAreIndependent) {
  const Tensor z = points(9), t = times(9);
  const Tensor together = quality_->evaluate(ask(z, t));
  for (int64_t row = 0; row < 9; ++row) {
    const Tensor alone = quality_->evaluate(ask(z.narrow(0, row, 1), t.narrow(0, row, 1)));
    // One matrix product may sum in another order for another batch size.
    EXPECT_NEAR(alone.item<double>(), together[row].item<double>(), 1e-13);
  }
}

TEST_P(QualityContract, TellsWhetherItDependsOnTime) {
  const Tensor z = points(9);
  const Tensor early = quality_->evaluate(ask(z, at::full({9}, 0.1, at::kDouble)));
  const Tensor late = quality_->evaluate(ask(z, at::full({9}, 0.5, at::kDouble)));
  EXPECT_EQ(at::equal(early, late), !quality_->depends_on_time());
}

TEST_P(QualityContract, WorksInSinglePrecision) {
  const Tensor z = points(9), t = times(9);
  const Tensor full = quality_->evaluate(ask(z, t));
  const Tensor single = quality_->evaluate(ask(z.to(at::kFloat), t.to(at::kFloat)));
  EXPECT_LT((full - single).abs().max().item<double>(), 1e-5);  // some float32 operations of order 1
}

TEST_P(QualityContract, HasADescription) { EXPECT_FALSE(quality_->describe().empty()); }

#endif  // LATENTPATH_CONTRACT_TESTS_ELSEWHERE

inline std::string quality_case_name(const ::testing::TestParamInfo<QualityCase>& info) {
  return info.param.name;
}

}  // namespace latentpath::testing
