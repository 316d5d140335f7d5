#include "latentpath/molecule/property_model.h"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "latentpath/metric/derivative_check.h"
#include "latentpath/zoo/model_store.h"
#include "molecule/small_models.h"

namespace latentpath {
namespace {

TEST(RocArea, IsTheChanceThatATrueOneScoresHigher) {
  const Tensor scores = at::tensor({0.1, 0.4, 0.35, 0.8}), truths = at::tensor({0, 0, 1, 1});
  EXPECT_DOUBLE_EQ(roc_area(scores, truths), 0.75);
  EXPECT_DOUBLE_EQ(roc_area(-scores, truths), 0.25);
  EXPECT_DOUBLE_EQ(roc_area(at::zeros({4}), truths), 0.5);
  EXPECT_TRUE(std::isnan(roc_area(scores, at::ones({4}))));
}

TEST(PropertyModel, LearnsWhatLatentsSay) {
  const PropertyModel model(published_property_file(small_models()));
  const nlohmann::json card = read_card(published_property_file(small_models()));
  // Even a random encoder's codes tell chains of one to ten carbons apart.
  EXPECT_GT(card["figures"]["logp"]["r2"].get<double>(), 0.5);
  EXPECT_EQ(card["molecules"].get<int64_t>() + card["held_out"].get<int64_t>(), 150);
  const JunctionTreeVae vae(published_jtvae_file(small_models()));
  const auto molecule = [](const char* smiles) { return parse_molecule(smiles, "a molecule").molecule; };
  const Tensor predicted = model.predict(vae.encode({molecule("CO"), molecule("CCCCCCCCCO")}));
  EXPECT_EQ(predicted.sizes(), at::IntArrayRef({2, 2, 3}));
  EXPECT_LT(predicted[0][0][0].item<double>(), predicted[1][0][0].item<double>());
}

TEST(PropertyModel, QualitiesLieBetween0And1AndHaveTheirDerivatives) {
  const PropertyModel model(published_property_file(small_models()));
  at::Generator generator = make_generator(4);
  const Tensor z = model.sampler()(6, generator);
  for (const QualityPointer& quality :
       {model.reaches("logp", 0, false, 1), model.reaches("qed", 0.9, true, 5), model.typical()}) {
    const auto value = [&](const Tensor& at) {
      return quality->evaluate({at, at::zeros({at.size(0)}, at::kDouble), {}});
    };
    const Tensor far = value(z * 100), here = value(z);
    for (const Tensor& q : {far, here}) {
      EXPECT_TRUE((q >= 0).all().item<bool>() && (q <= 1).all().item<bool>()) << quality->describe();
      EXPECT_TRUE((q > 0).all().item<bool>()) << quality->describe() << ": a slope needs a value";
    }
    const Tensor point = z.clone().requires_grad_(true);
    const Tensor gradient = torch::autograd::grad({value(point).sum()}, {point})[0];
    const auto f = [&](const Tensor& at) { return value(at).sum(); };
    EXPECT_NEAR(taylor_slope(f, z, gradient, at::randn(z.sizes(), generator, z.options())), 2, 0.1)
        << quality->describe();
  }
}

TEST(PropertyModel, ThresholdsAndDirectionsMeanWhatTheySay) {
  const PropertyModel model(published_property_file(small_models()));
  at::Generator generator = make_generator(4);
  const Tensor z = model.sampler()(20, generator), times = at::zeros({20}, at::kDouble);
  const Tensor predicted = model.predict(z).select(2, 0);
  const Tensor below = model.reaches("logp", 1.0, false, 1)->evaluate({z, times, {}});
  const Tensor above = model.reaches("logp", 1.0, true, 1)->evaluate({z, times, {}});
  const Tensor both_below = std::get<0>(predicted.max(1)) < 1.0;
  EXPECT_TRUE((below.masked_select(both_below) > 0.25).all().item<bool>());
  EXPECT_TRUE((above.masked_select(both_below) < 0.25).all().item<bool>());
  EXPECT_THROW(model.reaches("taste", 1, true, 1), Error);
}

}  // namespace
}  // namespace latentpath
