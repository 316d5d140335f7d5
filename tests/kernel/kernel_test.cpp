#include "latentpath/kernel/kernel.h"

#include "contract/kernel_contract.h"
#include "latentpath/core/error.h"

namespace latentpath::testing {

INSTANTIATE_TEST_SUITE_P(Kernels, KernelContract,
                         ::testing::Values(KernelCase{"Linear", linear_kernel()},
                                           KernelCase{"Gaussian", gaussian_kernel(0.25)},
                                           KernelCase{"WideGaussian", gaussian_kernel(1.0 / 64)}),
                         kernel_case_name);

TEST(Kernel, ClosedForms) {
  const Tensor x = at::tensor({1.0, 2.0}, at::kDouble).unsqueeze(0),
               y = at::tensor({3.0, -1.0}, at::kDouble).unsqueeze(0);
  EXPECT_DOUBLE_EQ((*linear_kernel())(x, y).item<double>(), 1.0);
  EXPECT_DOUBLE_EQ(linear_kernel()->squared_distance(x, y).item<double>(), 13.0);
  EXPECT_DOUBLE_EQ((*gaussian_kernel(0.1))(x, y).item<double>(), std::exp(-1.3));
  EXPECT_DOUBLE_EQ(gaussian_kernel(0.1)->squared_distance(x, y).item<double>(), 2 - 2 * std::exp(-1.3));
}

TEST(Kernel, GaussianIsLocallyLinear) {
  // 2(1 − exp(−γ d²)) = 2γ d² (1 − γ d²/2 + …): at d = 1e-9 the naive 2 − 2k is exactly 0.
  const Tensor x = at::zeros({1, 1}, at::kDouble), y = at::full({1, 1}, 1e-9, at::kDouble);
  EXPECT_NEAR(gaussian_kernel(0.25)->squared_distance(x, y).item<double>() / (0.5e-18), 1, 1e-12);
}

TEST(Kernel, BadWidthIsAnArgumentError) {
  for (const double gamma : {0.0, -1.0, std::nan("")}) {
    try {
      gaussian_kernel(gamma);
      ADD_FAILURE() << gamma;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kArgument);
      EXPECT_NE(std::string(error.what()).find("gamma"), std::string::npos);
    }
  }
}

}  // namespace latentpath::testing
