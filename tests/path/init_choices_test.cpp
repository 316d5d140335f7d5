// What each word of `init` names.

#include "path/init_choices.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "latentpath/core/error.h"
#include "latentpath/path/path_option_table.h"

namespace latentpath::testing {
namespace {

using Names = std::vector<std::string>;

/// The first paths that a word names.
Names named_by(const std::string& word) {
  PathOptions options;
  options.init = word;
  const InitChoice& init = init_choice(options);
  EXPECT_EQ(init.choice.name, word);
  Names names;
  if (init.straight) names.emplace_back("straight");
  if (init.spherical) names.emplace_back("spherical");
  if (init.via) names.emplace_back("via");
  if (init.routes) names.emplace_back("routes");
  return names;
}

Names words() {
  Names all;
  for (const InitChoice& init : init_choices()) all.push_back(init.choice.name);
  return all;
}

}  // namespace

TEST(InitChoices, EveryWordNamesItsFirstPaths) {
  EXPECT_EQ(words(), (Names{"auto", "linear", "spherical", "via", "graph", "given"}));
  EXPECT_EQ(named_by("auto"), (Names{"straight", "via", "routes"}));
  EXPECT_EQ(named_by("linear"), (Names{"straight"}));
  EXPECT_EQ(named_by("spherical"), (Names{"spherical"}));
  EXPECT_EQ(named_by("via"), (Names{"via"}));
  EXPECT_EQ(named_by("graph"), (Names{"routes"}));
  EXPECT_EQ(named_by("given"), Names{});
}

TEST(InitChoices, AutoAloneLeavesTheChoiceAndIsTheDefault) {
  for (const InitChoice& init : init_choices()) EXPECT_EQ(init.left, init.choice.name == "auto");
  EXPECT_TRUE(init_choice({}).left);
}

TEST(InitChoices, RoutesAndGivenPathsAloneDoNotGoFromCoarseToFine) {
  for (const InitChoice& init : init_choices())
    EXPECT_EQ(init.from_coarse(), init.choice.name != "graph" && init.choice.name != "given")
        << init.choice.name;
}

TEST(InitChoices, AnotherWordIsADefectOfWhoeverDidNotValidate) {
  for (const char* const word : {"", "Auto", "linear ", "routes", "straight", "auto,linear"}) {
    PathOptions options;
    options.init = word;
    EXPECT_THROW(init_choice(options), InternalError) << word;
    EXPECT_THROW(path_option_table().validate(options), Error) << word;
  }
}

TEST(InitChoices, TheOptionOffersTheseWordsInThisOrder) {
  const std::vector<OptionChoice> offered = init_option_choices();
  ASSERT_EQ(offered.size(), init_choices().size());
  for (size_t k = 0; k < offered.size(); ++k) {
    EXPECT_EQ(offered[k].name, init_choices()[k].choice.name);
    EXPECT_EQ(offered[k].meaning, init_choices()[k].choice.meaning);
    PathOptions options;
    options.init = offered[k].name;
    EXPECT_NO_THROW(path_option_table().validate(options)) << offered[k].name;
  }
}

}  // namespace latentpath::testing
