#include "latentpath/metric/cost.h"

#include "contract/cost_contract.h"
#include "latentpath/core/error.h"

namespace latentpath::testing {

double chord(double w, double c, double d) { return w * w * c / d; }

INSTANTIATE_TEST_SUITE_P(
    Costs, CostContract,
    ::testing::Values(CostCase{"Chord", chord_cost(), chord},
                      CostCase{"EndpointMean", endpoint_mean_cost(), chord},
                      CostCase{"Dynamic", dynamic_cost(1),
                               [](double w, double c, double d) { return w * w * (d + c / d); }},
                      CostCase{"HeavyDynamic", dynamic_cost(7.5),
                               [](double w, double c, double d) { return w * w * (7.5 * d + c / d); }},
                      CostCase{"DynamicWithoutTime", dynamic_cost(0), chord},
                      CostCase{"Length", length_cost(1),
                               [](double w, double c, double d) { return w * std::sqrt(d * d + c); }},
                      CostCase{"LengthWithoutTime", length_cost(0),
                               [](double w, double c, double) { return w * std::sqrt(c); }}),
    cost_case_name);

TEST(Cost, TimeWeights) {
  EXPECT_EQ(chord_cost()->time_weight(), 0);
  EXPECT_EQ(dynamic_cost(2.5)->time_weight(), 2.5);
  EXPECT_EQ(length_cost(0.5)->time_weight(), 0.5);
  EXPECT_TRUE(chord_cost()->fixes_speed());
  EXPECT_TRUE(chord_cost()->is_energy() && dynamic_cost(2)->is_energy());
  EXPECT_FALSE(length_cost(2)->is_energy() || endpoint_mean_cost()->is_energy());
  EXPECT_FALSE(length_cost(0)->fixes_speed());  // a length is the same at any speed
  for (const double bad : {-1e-9, std::nan("")}) {
    EXPECT_THROW(dynamic_cost(bad), Error);
    EXPECT_THROW(length_cost(bad), Error);
  }
}

TEST(Cost, IsMadeByName) {
  for (const char* name : {"chord", "dynamic", "length", "endpoint-mean"})
    EXPECT_EQ(make_cost(name, 1)->describe(), name);
  try {
    make_cost("shortest", 1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kArgument);
    const std::string message = error.what();
    for (const char* word : {"shortest", "chord", "dynamic", "length", "endpoint-mean"})
      EXPECT_NE(message.find(word), std::string::npos) << word;
  }
}

}  // namespace latentpath::testing
