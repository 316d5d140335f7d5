#include "latentpath/metric/embedding.h"

#include "contract/embedding_contract.h"
#include "latentpath/models/torchscript_decoder.h"

namespace latentpath::testing {

/// A decoder saved by save_script and loaded again; the file is only needed while it is read.
std::shared_ptr<Embedding> saved_decoder(at::ScalarType dtype, bool list) {
  const TemporaryFolder folder;
  DecoderOptions options;
  if (list)
    options.layout = LatentLayout({{2, 2}, {3}});
  else
    options.latent_dim = 3;
  return load_decoder(save_script(folder / "decoder.pt", list ? kListDecoder : kFlatDecoder, list ? 7 : 3,
                                  list ? 5 : 6, dtype),
                      options);
}

INSTANTIATE_TEST_SUITE_P(
    Embeddings, EmbeddingContract,
    ::testing::Values(
        EmbeddingCase{"Identity", 3, [] { return identity_embedding(3); }},
        EmbeddingCase{"IdentityOfAnySize", 4, [] { return identity_embedding(); }, at::kDouble, false},
        EmbeddingCase{"StereographicSphere", 2, stereographic_sphere},
        EmbeddingCase{"GnomonicSphere", 2, gnomonic_sphere},
        EmbeddingCase{"Perceptron", 5, [] { return perceptron(5, 3); }},
        EmbeddingCase{"TorchScriptDouble", 3, [] { return saved_decoder(at::kDouble, false); }},
        EmbeddingCase{"TorchScriptFloat", 3, [] { return saved_decoder(at::kFloat, false); }, at::kFloat},
        EmbeddingCase{"TorchScriptListDouble", 7, [] { return saved_decoder(at::kDouble, true); }},
        EmbeddingCase{"TorchScriptListFloat", 7, [] { return saved_decoder(at::kFloat, true); }, at::kFloat}),
    embedding_case_name);

TEST(Embedding, ConstantMapHasZeroDerivatives) {
  const auto constant = function_embedding([](const Tensor& z) { return at::ones({z.size(0), 4}); });
  const Tensor z = random_normal({3, 2}, 1);
  EXPECT_TRUE(at::equal(constant->vjp(z, at::ones({3, 4})), at::zeros_like(z)));
  EXPECT_TRUE(at::equal(constant->jvp(z, z), at::zeros({3, 4})));
  EXPECT_EQ(constant->jacobian(z).abs().max().item<double>(), 0);
}

TEST(Embedding, LinearMapHasItsMatrixAsJacobian) {
  const Tensor matrix = random_normal({3, 4}, 1);
  const auto map = function_embedding([matrix](const Tensor& z) { return at::matmul(z, matrix); }, 3);
  const Tensor jacobian = map->jacobian(random_normal({2, 3}, 2));
  for (int64_t row = 0; row < 2; ++row)
    // Products with unit vectors: exact up to the order of summation of zeros.
    EXPECT_LT((jacobian[row] - matrix.t()).abs().max().item<double>(), 1e-15);
}

TEST(Embedding, SphereHasItsRoundMetric) {
  // Stereographic projection is conformal: JᵀJ = (2 / (1 + ‖z‖²))² I.
  const Tensor z = random_normal({5, 2}, 4);
  const Tensor jacobian = stereographic_sphere()->jacobian(z);
  const Tensor metric = at::bmm(jacobian.transpose(1, 2), jacobian);
  const Tensor factor = (2 / (1 + z.square().sum(1))).square();
  EXPECT_LT((metric - factor.view({-1, 1, 1}) * at::eye(2, at::kDouble)).abs().max().item<double>(), 1e-14);
}

}  // namespace latentpath::testing
