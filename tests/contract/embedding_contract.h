#pragma once
// What every Embedding promises: value, Jᵀv, J u and J agree with each other and with finite differences,
// rows do not see each other, and every point is counted.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "contract/test_models.h"
#include "latentpath/core/error.h"
#include "latentpath/metric/embedding.h"

namespace latentpath::testing {

struct EmbeddingCase {
  std::string name;
  int64_t latent_dim;
  std::function<std::shared_ptr<Embedding>()> make;
  at::ScalarType dtype = at::kDouble;  ///< the precision of the model's own arithmetic
  bool fixes_dim = true;               ///< false where any latent size is accepted
};
inline void PrintTo(const EmbeddingCase& value, std::ostream* out) { *out << value.name; }

class EmbeddingContract : public ::testing::TestWithParam<EmbeddingCase> {
 protected:
  void SetUp() override { embedding_ = GetParam().make(); }
  Tensor points(int64_t count, uint64_t seed = 1) const {
    return random_normal({count, GetParam().latent_dim}, seed);
  }
  /// Two ways of computing one number differ by rounding alone: some hundred operations of order 1.
  double rounding() const { return GetParam().dtype == at::kFloat ? 2e-5 : 1e-12; }
  std::shared_ptr<Embedding> embedding_;
};

#ifndef LATENTPATH_CONTRACT_TESTS_ELSEWHERE
TEST_P(EmbeddingContract, TakesEitherPrecision) {
  // Functions work in the caller's precision, models in their own; differentials come in the caller's.
  const bool model = GetParam().name.rfind("TorchScript", 0) == 0;
  for (const auto dtype : {at::kFloat, at::kDouble}) {
    const Tensor z = points(3).to(dtype);
    const Tensor image = (*embedding_)(z);
    EXPECT_EQ(image.scalar_type(), model ? GetParam().dtype : dtype);
    EXPECT_EQ(embedding_->jacobian(z).scalar_type(), dtype);
    EXPECT_EQ(embedding_->vjp(z, image.to(dtype)).scalar_type(), dtype);
    EXPECT_EQ(image.size(0), 3);
    EXPECT_TRUE(at::isfinite(image).all().item<bool>());
  }
}

TEST_P(EmbeddingContract, JacobianMatchesFiniteDifferences) {
  const Tensor z = points(4);
  const Tensor jacobian = embedding_->jacobian(z);
  const bool single = GetParam().dtype == at::kFloat;
  // Central differences: truncation h²/6 |Φ'''| with |Φ'''| of order 10, and rounding eps / h. For float64
  // h = 1e-5 gives 2e-10 + 1e-11; in float32 h = 1e-2 gives 2e-4 + 1e-5.
  const double h = single ? 1e-2 : 1e-5, tolerance = single ? 2e-3 : 1e-8;
  for (int64_t k = 0; k < z.size(1); ++k) {
    Tensor step = at::zeros_like(z);
    step.select(1, k).fill_(h);
    const Tensor difference =
        (((*embedding_)(z + step) - (*embedding_)(z - step)) / (2 * h)).reshape({z.size(0), -1});
    EXPECT_LT((jacobian.select(2, k) - difference).abs().max().item<double>(), tolerance) << "column " << k;
  }
  EXPECT_GT(jacobian.abs().max().item<double>(), 0.1);  // or the comparison above is between zeros
}

TEST_P(EmbeddingContract, ProductsMatchTheJacobian) {
  const Tensor z = points(5);
  const Tensor jacobian = embedding_->jacobian(z);
  const Tensor image = (*embedding_)(z);
  ASSERT_EQ(jacobian.sizes(), (std::vector<int64_t>{5, image[0].numel(), z.size(1)}));
  const Tensor u = points(5, 2), v = random_normal(image.sizes(), 3);
  const Tensor pushed = embedding_->jvp(z, u), pulled = embedding_->vjp(z, v);
  ASSERT_EQ(pushed.sizes(), image.sizes());
  ASSERT_EQ(pulled.sizes(), z.sizes());
  const Tensor expected_push = at::bmm(jacobian, u.unsqueeze(2)).squeeze(2).reshape(image.sizes());
  const Tensor expected_pull = at::bmm(jacobian.transpose(1, 2), v.reshape({5, -1, 1})).squeeze(2);
  EXPECT_LT((pushed - expected_push).abs().max().item<double>(), rounding());
  EXPECT_LT((pulled - expected_pull).abs().max().item<double>(), rounding());
  // ⟨v, J u⟩ = ⟨Jᵀv, u⟩
  EXPECT_NEAR((v * pushed).sum().item<double>(), (pulled * u).sum().item<double>(), 20 * rounding());
}

TEST_P(EmbeddingContract, RowsAreIndependent) {
  const Tensor z = points(6);
  const Tensor together = (*embedding_)(z);
  const Tensor jacobian = embedding_->jacobian(z);
  for (int64_t row = 0; row < 6; ++row) {
    const Tensor alone = (*embedding_)(z.narrow(0, row, 1));
    EXPECT_LT((together[row] - alone[0]).abs().max().item<double>(), rounding()) << "row " << row;
    EXPECT_LT((jacobian[row] - embedding_->jacobian(z.narrow(0, row, 1))[0]).abs().max().item<double>(),
              rounding());
  }
}

TEST_P(EmbeddingContract, CountsEveryPoint) {
  const int64_t before = embedding_->evaluations();
  (*embedding_)(points(7));
  EXPECT_EQ(embedding_->evaluations() - before, 7);
  embedding_->vjp(points(2), at::zeros_like((*embedding_)(points(2))));
  EXPECT_EQ(embedding_->evaluations() - before, 7 + 2 + 2);
}

TEST_P(EmbeddingContract, ActsOnNoPoints) {
  const Tensor image = (*embedding_)(points(1).narrow(0, 0, 0));
  EXPECT_EQ(image.size(0), 0);
}

TEST_P(EmbeddingContract, WrongLatentSizeIsAnInputError) {
  EXPECT_THROW((*embedding_)(at::zeros({GetParam().latent_dim}, at::kDouble)), Error);
  if (!GetParam().fixes_dim) {
    EXPECT_EQ(embedding_->latent_dim(), -1);
    return;
  }
  EXPECT_EQ(embedding_->latent_dim(), GetParam().latent_dim);
  try {
    (*embedding_)(at::zeros({3, GetParam().latent_dim + 1}, at::kDouble));
    FAIL() << "a wrong latent size was accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    // The sentence names what it was given and what it wants.
    const std::string message = error.what();
    EXPECT_NE(message.find(std::to_string(GetParam().latent_dim)), std::string::npos) << message;
    EXPECT_NE(message.find(std::to_string(GetParam().latent_dim + 1)), std::string::npos) << message;
  }
}

#endif  // LATENTPATH_CONTRACT_TESTS_ELSEWHERE

inline std::string embedding_case_name(const ::testing::TestParamInfo<EmbeddingCase>& info) {
  return info.param.name;
}

}  // namespace latentpath::testing
