#include "latentpath/metric/quality.h"
#include "latentpath/metric/typicality_guard.h"

#include "contract/quality_contract.h"
#include "latentpath/core/error.h"
#include "latentpath/metric/convex_set.h"
#include "latentpath/metric/cycle_quality.h"
#include "latentpath/metric/density_rank.h"
#include "latentpath/metric/kept_features.h"
#include "latentpath/models/classifier.h"
#include "latentpath/models/torchscript_decoder.h"

namespace latentpath::testing {

std::shared_ptr<Embedding> small_decoder() {
  const TemporaryFolder folder;
  DecoderOptions options;
  options.latent_dim = 3;
  return load_decoder(save_script(folder / "decoder.pt", kFlatDecoder, 3, 6, at::kDouble), options);
}

/// Reads six numbers a point, however shaped; `ending` turns the scores into what the file returns.
std::shared_ptr<Classifier> small_classifier(int64_t classes, const std::string& ending, bool latent = false,
                                             ClassifierOutput output = ClassifierOutput::kDetect) {
  const TemporaryFolder folder;
  const std::string source =
      "def forward(self, x):\n"
      "    scores = torch.matmul(torch.tanh(torch.matmul(x.flatten(1), self.first)), self.second)\n"
      "    return " +
      ending + "\n";
  const auto file = save_script(folder / "classifier.pt", source, latent ? 3 : 6, classes, at::kDouble, 21);
  ClassifierOptions options;
  options.input_is_latent = latent;
  options.output = output;
  auto classifier = load_classifier(file, options);
  classifier->connect(*small_decoder(), random_normal({16, 3}, 5), {});
  return classifier;
}

QualityPointer softmax_class() { return class_probability(small_classifier(4, "2 * scores"), 2); }
Tensor distance_to_circle(const Tensor& z) { return (z.square().sum(-1) - 1).square(); }
QualityPointer circle() { return level_set(distance_to_circle, 0.3); }

/// Features of what a place decodes to, kept near those of one of two ends.
QualityPointer kept_near_ends() {
  PointFeatures features;
  features.name = "tanh";
  features.of = [](const QualityPoints& points) { return at::tanh(points.decoded.flatten(1)); };
  return between_ends(keep_features(features, 1.5), at::tensor({-1.0, 0.0, 0.5, 1.0, 0.5, 0.0}).view({2, 3}),
                      *small_decoder());
}

/// Half of what a place decodes to comes back.
QualityPointer given_back() {
  auto generator = make_generator(3);
  const Tensor errors = at::exp(0.2 * at::randn({500}, generator, at::kDouble));
  return cycle_quality(
      nullptr, {small_decoder(), [](const Tensor& x) { return x.flatten(1).narrow(1, 0, 3); }, true}, errors);
}

INSTANTIATE_TEST_SUITE_P(
    Qualities, QualityContract,
    ::testing::Values(
        QualityCase{"Constant", 3, [] { return constant_quality(0.3); }, {}},
        QualityCase{"LevelSet", 2, circle, {}},
        QualityCase{"NormalPrior1", 1, [] { return normal_prior(1); }, {}},
        QualityCase{"NormalPrior2", 2, [] { return normal_prior(2); }, {}},
        QualityCase{"NormalPrior8", 8, [] { return normal_prior(8); }, {}},
        QualityCase{"NormalPrior100", 100, [] { return normal_prior(100); }, {}},
        QualityCase{"NormalPriorAsymptotic", 8, [] { return normal_prior_asymptotic(8); }, {}},
        QualityCase{"Softmax", 3, softmax_class, small_decoder},
        QualityCase{"KeptFeatures", 3, kept_near_ends, small_decoder},
        QualityCase{"Cycle", 3, given_back, small_decoder},
        QualityCase{"Sigmoid", 3, [] { return class_probability(small_classifier(1, "scores"), 0); },
                    small_decoder},
        QualityCase{"Probabilities", 3,
                    [] { return class_probability(small_classifier(4, "torch.softmax(scores, 1)"), 1); },
                    small_decoder},
        QualityCase{"LatentClassifier",
                    3,
                    [] { return class_probability(small_classifier(4, "scores", true), 1); },
                    {}},
        QualityCase{"Attributes", 3,
                    [] {
                      return feature_quality(small_classifier(4, "scores", false, ClassifierOutput::kSigmoid),
                                             {0, 2}, {3});
                    },
                    small_decoder},
        QualityCase{"AvoidedClasses", 3,
                    [] {
                      return feature_quality(small_classifier(4, "scores"), {}, {0, 1});
                    },
                    small_decoder},
        QualityCase{"Complement", 2, [] { return complement(normal_prior(2)); }, {}},
        QualityCase{"TimeRamp", 2, [] { return time_ramp(normal_prior(2)); }, {}},
        QualityCase{"TimeRampOfClass", 3, [] { return time_ramp(softmax_class()); }, small_decoder},
        QualityCase{"Product",
                    2,
                    [] {
                      return product({normal_prior(2), circle(), constant_quality(0.9)});
                    },
                    {}},
        QualityCase{"RankOfNormal2", 2, [] { return density_rank(normal_density(2), {20000}); }, {}},
        QualityCase{"RankOfNormal8", 8, [] { return density_rank(normal_density(8), {20000}); }, {}},
        QualityCase{"RankOfSemicircle2", 2, [] { return density_rank(semicircle(2), {20000}); }, {}},
        QualityCase{"RankOfSemicircle8", 8, [] { return density_rank(semicircle(8), {20000}); }, {}},
        QualityCase{"PapersRank2", 2, [] { return density_rank_paper(semicircle(2), {500}); }, {}},
        QualityCase{"PapersRank8", 8, [] { return density_rank_paper(normal_density(8), {500}); }, {}},
        QualityCase{"Ball", 2, [] { return uniform_ball(at::zeros({2}), 0.8, 0.3); }, {}},
        QualityCase{"Box", 3, [] { return uniform_box(-at::ones({3}), 0.5 * at::ones({3}), 0.4); }, {}},
        QualityCase{"HalfSpaces",
                    2,
                    [] {
                      return uniform_half_spaces(random_normal({3, 2}, 4), 0.2 * at::ones({3}), 0.5);
                    },
                    {}},
        // Of few samples: with a hundred it is 1 to many digits at most of the suite's points.
        QualityCase{"Guard1", 1, [] { return typicality_guard(normal_typicality(1), {.samples = 3}); }, {}},
        QualityCase{"Guard2", 2, [] { return typicality_guard(normal_typicality(2), {.samples = 3}); }, {}},
        QualityCase{"Guard8", 8, [] { return typicality_guard(normal_typicality(8), {.samples = 3}); }, {}},
        QualityCase{"GuardOfAMixture",
                    8,
                    [] { return typicality_guard(density_typicality(semicircle(8)), {.samples = 3}); },
                    {}},
        QualityCase{"Scaled", 2, [] { return scaled(normal_prior(2), 0.7); }, {}},
        QualityCase{"Power", 2, [] { return power(normal_prior(2), 0.5); }, {}},
        QualityCase{"PowerAboveOne", 2, [] { return power(circle(), 3); }, {}},
        QualityCase{"Odds", 2, [] { return shift_odds(normal_prior(2), 4); }, {}},
        QualityCase{"OddsBelowOne", 2, [] { return shift_odds(circle(), 0.25); }, {}}),
    quality_case_name);

double value(const QualityPointer& quality, const Tensor& z, double t = 0.5) {
  return quality->evaluate({z, at::full({1}, t, at::kDouble), {}}).item<double>();
}
Tensor one_point(std::initializer_list<double> z) {
  return at::tensor(std::vector<double>(z), at::kDouble).unsqueeze(0);
}

TEST(Quality, LevelSetIsHalfOnTheSetAndDecaysAway) {
  EXPECT_DOUBLE_EQ(value(circle(), one_point({0.6, 0.8})), 0.5);
  EXPECT_DOUBLE_EQ(value(circle(), one_point({2, 0})), 0.5 * std::exp(-0.3 * 9));
}

TEST(Quality, TimeRampAsksNothingAtTheEndsAndEverythingInTheMiddle) {
  const auto inner = normal_prior(2);
  const auto ramp = time_ramp(inner);
  const Tensor z = one_point({1.3, -0.7});
  const double q = value(inner, z);
  EXPECT_EQ(value(ramp, z, 0), 1);
  EXPECT_EQ(value(ramp, z, 1), 1);
  EXPECT_NEAR(value(ramp, z, 0.5), q, 1e-15);  // 1 − (1 − q) rounds once
  EXPECT_NEAR(value(ramp, z, 0.25), 1 - 0.75 * (1 - q), 1e-15);
}

TEST(Quality, Compositions) {
  const Tensor z = one_point({0.4, 0.9});
  const double q = value(normal_prior(2), z), c = value(circle(), z);
  EXPECT_NEAR(value(complement(normal_prior(2)), z), 1 - q, 1e-15);
  EXPECT_NEAR(value(product({normal_prior(2), circle()}), z), q * c, 1e-15);
  EXPECT_NEAR(value(power(normal_prior(2), 2.5), z), std::pow(q, 2.5), 1e-15);
  EXPECT_NEAR(value(complement(complement(circle())), z), c, 1e-15);
}

TEST(Quality, ShiftedOddsAreOfALoweredLogit) {
  const auto logit = [](double q) { return std::log(q / (1 - q)); };
  for (const double c : {1e-6, 0.1, 0.5, 0.8, 0.999}) {
    const double q = value(shift_odds(constant_quality(c), 9), one_point({0, 0}));
    EXPECT_NEAR(logit(q), logit(c) - std::log(9), 1e-9) << c;
  }
  EXPECT_NEAR(value(shift_odds(constant_quality(0.8), 4), one_point({0, 0})), 0.5, 1e-15);
  EXPECT_EQ(shift_odds(circle(), 1)->describe(), circle()->describe());  // and nothing to compute
}

TEST(Quality, ShiftedOddsAreNotDeafWhereAPowerIs) {
  // Q = exp(−25): the slope is a quarter of Q's, that of Q⁴ is 4 Q³ of it.
  const auto slope = [](const QualityPointer& quality) {
    const Tensor z = one_point({5, 5}).requires_grad_();
    quality->evaluate({z, at::full({1}, 0.5, at::kDouble), {}}).sum().backward();
    return z.grad().norm().item<double>();
  };
  const double plain = slope(normal_prior(2));
  EXPECT_NEAR(slope(shift_odds(normal_prior(2), 4)) / plain, 0.25, 1e-6);
  EXPECT_LT(slope(power(normal_prior(2), 4)) / plain, 1e-20);
}

TEST(Quality, CompositionsPassOnWhatTheirPartsNeed) {
  const auto timed = time_ramp(normal_prior(2));
  EXPECT_TRUE(product({circle(), timed})->depends_on_time());
  EXPECT_TRUE(complement(timed)->depends_on_time());
  EXPECT_TRUE(power(timed, 2)->depends_on_time());
  EXPECT_TRUE(shift_odds(timed, 2)->depends_on_time());
  EXPECT_FALSE(product({circle(), normal_prior(2)})->depends_on_time());
  EXPECT_FALSE(timed->needs_decoded());
  EXPECT_TRUE(product({normal_prior(3), time_ramp(softmax_class())})->needs_decoded());
}

TEST(Quality, RegulariseKeepsItsBounds) {
  const Tensor q = at::tensor({0.0, 0.25, 1.0}, at::kDouble);
  EXPECT_TRUE(at::allclose(regularise(q, 0.1), at::tensor({0.1, 0.3, 0.9}, at::kDouble), 0, 1e-15));
  EXPECT_TRUE(at::equal(regularise(q, 0), q));
  EXPECT_TRUE(at::equal(regularise(q, 0.5), at::full({3}, 0.5, at::kDouble)));
  for (const double epsilon : {-1e-9, 0.5000001, 1.0, std::nan("")}) {
    try {
      regularise(q, epsilon);
      ADD_FAILURE() << "epsilon " << epsilon;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kArgument);
      EXPECT_NE(std::string(error.what()).find("epsilon"), std::string::npos);
    }
  }
}

TEST(Quality, BadArgumentsAreErrors) {
  for (const double c : {0.0, 1.0, -0.1, std::nan("")}) EXPECT_THROW(constant_quality(c), Error) << c;
  EXPECT_THROW(level_set(distance_to_circle, 0), Error);
  EXPECT_THROW(normal_prior(0), Error);
  EXPECT_THROW(normal_prior_asymptotic(-2), Error);
  EXPECT_THROW(product({}), Error);
  EXPECT_THROW(product({circle(), nullptr}), Error);
  EXPECT_THROW(product({nullptr}), Error);
  EXPECT_THROW(complement(nullptr), Error);
  EXPECT_THROW(time_ramp(nullptr), Error);
  EXPECT_THROW(power(circle(), 0), Error);
  EXPECT_THROW(shift_odds(circle(), 0), Error);
  EXPECT_THROW(shift_odds(circle(), std::nan("")), Error);
  EXPECT_THROW(shift_odds(nullptr, 1), Error);
}

TEST(ClassProbability, SoftmaxSigmoidAndProbabilitiesAgreeWithTheFormula) {
  const Tensor z = random_normal({6, 3}, 8), t = at::full({6}, 0.5, at::kDouble);
  const Tensor image = (*small_decoder())(z);
  const auto scores = [&](int64_t classes) {
    const Tensor first = random_normal({6, 8}, 21, 0.6), second = random_normal({8, classes}, 22, 0.6);
    return at::matmul(at::tanh(at::matmul(image.flatten(1), first)), second);
  };
  const auto asked = [&](const QualityPointer& quality) { return quality->evaluate({z, t, image}); };
  const Tensor p = at::softmax(scores(4), 1);
  // The same operations in float64.
  EXPECT_TRUE(
      at::allclose(asked(class_probability(small_classifier(4, "scores"), 2)), p.select(1, 2), 0, 1e-14));
  EXPECT_TRUE(at::allclose(asked(class_probability(small_classifier(4, "torch.softmax(scores, 1)"), 2)),
                           p.select(1, 2), 0, 1e-14));
  EXPECT_TRUE(at::allclose(asked(class_probability(small_classifier(1, "scores"), 0)),
                           at::sigmoid(scores(1)).select(1, 0), 0, 1e-14));
  // Any favoured class counts, and no avoided one.
  EXPECT_TRUE(at::allclose(asked(feature_quality(small_classifier(4, "scores"), {0, 2}, {})),
                           p.select(1, 0) + p.select(1, 2), 0, 1e-14));
  EXPECT_TRUE(at::allclose(asked(feature_quality(small_classifier(4, "scores"), {}, {1})), 1 - p.select(1, 1),
                           0, 1e-14));
}

TEST(ClassProbability, UnknownClassesAreArgumentErrors) {
  const auto classifier = small_classifier(4, "scores");
  EXPECT_EQ(classifier->classes(), 4);
  EXPECT_EQ(classifier->class_index("3"), 3);
  for (const auto index : {-1, 4}) {
    try {
      class_probability(classifier, index);
      ADD_FAILURE() << index;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kArgument);
    }
  }
  for (const char* name : {"4", "-1", "eight", "", "2.0", "2x"})
    EXPECT_THROW(classifier->class_index(name), Error) << name;
  EXPECT_THROW(feature_quality(classifier, {}, {}), Error);
}

}  // namespace latentpath::testing
