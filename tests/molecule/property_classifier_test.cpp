#include "molecule/property_classifier.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/molecule/molecule_models.h"
#include "latentpath/molecule/molecules_job.h"
#include "molecule/molecules_job_refusal.h"

namespace latentpath {
namespace {

using testing::HasSubstr;

/// Where z1 + z2 > 0 a sugar (log P below 0), else decane; every tenth latent stands for no molecule.
MoleculeDraws sugars(int64_t count) {
  auto generator = make_generator(3);
  MoleculeDraws draws{at::randn({count, 4}, generator, at::kDouble), {}};
  const Molecule sugar = parse_molecule("OCC1OC(O)C(O)C(O)C1O", "a molecule").molecule,
                 decane = parse_molecule("CCCCCCCCCC", "a molecule").molecule;
  for (int64_t i = 0; i < count; ++i)
    if (i % 10 == 9)
      draws.decoded.emplace_back();
    else
      draws.decoded.push_back(
          DecodedMolecule{(draws.codes[i][0] + draws.codes[i][1]).item<double>() > 0 ? sugar : decane});
  return draws;
}

ClassifiedProperty low_logp(const MoleculeDraws& draws, uint64_t seed = 1) {
  return classified_property("logp", 0, false, draws, SyntheticAccessibility(find_fragment_scores()), seed);
}

TEST(PropertyClassifier, SeesWhatPassesAndStandsWhereTheSidesMeet) {
  const ClassifiedProperty low = low_logp(sugars(2000));
  EXPECT_GT(low.roc_area, 0.97);
  EXPECT_EQ(low.seen + low.held_out, 1800);
  EXPECT_NEAR(static_cast<double>(low.passing), 900, 90);
  const Tensor z = at::tensor({1.0, 1.0, 0.0, 0.0, -1.0, -1.0, 0.0, 0.0}, at::kDouble).view({2, 4});
  const Tensor p = low.property.predict(z);
  EXPECT_GT(p[0].item<double>(), 0.9);
  EXPECT_LT(p[1].item<double>(), 0.1);
  // The same probability is what leads a path, however soft it is asked for, with its gradient.
  const QualityPointer quality = low.property.reaches(0, false, 5);
  EXPECT_TRUE(at::equal(quality->evaluate({z, {}, {}}), p));
  // ReLU has kinks, which a step of 1e-6 seldom meets.
  const auto f = [&](const Tensor& x) { return quality->evaluate({x, {}, {}}); };
  const Tensor there = at::tensor({0.3, -0.2, 0.5, 0.1}, at::kDouble).view({1, 4}).requires_grad_(true);
  const Tensor gradient = torch::autograd::grad({f(there)}, {there})[0];
  const at::NoGradGuard no_gradient;
  const Tensor step = at::tensor({1e-6, -2e-6, 0.5e-6, 1e-6}, at::kDouble).view({1, 4});
  const double difference = (f(there + step) - f(there - step)).item<double>() / 2;
  EXPECT_NEAR((gradient * step).sum().item<double>(), difference, 1e-6 * std::abs(difference));
  EXPECT_NE(difference, 0);
}

TEST(PropertyClassifier, TheSameDrawsAndSeedGiveTheSame) {
  const MoleculeDraws draws = sugars(600);
  const Tensor z = draws.codes.narrow(0, 0, 50);
  const Tensor one = low_logp(draws).property.predict(z);
  EXPECT_TRUE(at::equal(one, low_logp(draws).property.predict(z)));
  EXPECT_FALSE(at::equal(one, low_logp(draws, 2).property.predict(z)));
}

TEST(PropertyClassifier, NeedsSomeOfEither) {
  const MoleculeDraws draws = sugars(600);
  const SyntheticAccessibility accessibility(find_fragment_scores());
  try {
    classified_property("logp", -30, false, draws, accessibility, 1);
    FAIL() << "no molecule passes, and a classifier was made";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_THAT(error.what(), HasSubstr("0 of 540 molecules that were drawn pass `threshold` -30"));
  }
}

TEST(PropertyClassifier, IsForWhatItKnows) {
  MoleculesJob job{.from = "CCO", .to = "CCN"};
  job.property_model = "paper";
  job.property_command = "cat";
  job.threshold = 1;
  EXPECT_THAT(refusal_of(job), HasSubstr("`property_model` paper is for logp, qed and sa"));
}

}  // namespace
}  // namespace latentpath
