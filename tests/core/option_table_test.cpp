#include "latentpath/core/option_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "latentpath/core/error.h"

namespace latentpath::testing {
namespace {

using ::testing::HasSubstr;

enum class Leaf { kGreen, kBlack };

struct Brewing {
  int64_t minutes = 4;
  double strength = 0.5;
  std::optional<double> sugar = {};
};

struct Tea {
  Brewing brewing = {};
  std::string milk = "none";
  std::vector<std::string> guests = {};
  std::vector<double> cups = {1};
  Leaf leaf = Leaf::kBlack;
  bool iced = false;
};

const OptionTable<Brewing>& brewing_table() {
  static const OptionTable<Brewing> table = OptionTable<Brewing>()
                                                .group("Brewing")
                                                .add("minutes", &Brewing::minutes)
                                                .help("How long the leaves stay in")
                                                .unit("min")
                                                .range(1, 60)
                                                .zero("until it is dark")
                                                .add("strength", &Brewing::strength)
                                                .at_least(0)
                                                .below(1)
                                                .add("sugar", &Brewing::sugar)
                                                .unit("g")
                                                .at_least(0)
                                                .unset("ask");
  return table;
}

OptionTable<Tea> tea_table() {
  return OptionTable<Tea>()
      .include(&Tea::brewing, brewing_table())
      .group("Serving")
      .add("milk", &Tea::milk)
      .help("Milk")
      .choices({{"none"}, {"first", "before the tea"}})
      .add("guests", &Tea::guests)
      .add("cups", &Tea::cups)
      .above(0)
      .add("leaf", &Tea::leaf, {{{"green"}, Leaf::kGreen}, {{"black"}, Leaf::kBlack}})
      .add("iced", &Tea::iced)
      .not_recorded()
      .rule([](const Tea& tea) {
        LATENTPATH_CHECK(!tea.iced || tea.milk == "none", kArgument, "`iced` tea takes no `milk`");
      });
}

std::string refusal(const Tea& tea) {
  try {
    tea_table().validate(tea);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kArgument);
    return error.what();
  }
  return "accepted";
}

TEST(OptionTable, RefusesWithFieldValueAndConstraint) {
  EXPECT_EQ(refusal({}), "accepted");
  EXPECT_EQ(refusal({.brewing = {.minutes = 90}}),
            "`minutes` must lie between 1 and 60, or be 0 (until it is dark), not at 90");
  EXPECT_EQ(refusal({.brewing = {.minutes = 0}}), "accepted");
  EXPECT_EQ(refusal({.brewing = {.strength = 1}}), "`strength` must satisfy 0 <= strength < 1, not 1");
  EXPECT_THAT(refusal({.brewing = {.strength = std::nan("")}}), HasSubstr("`strength`"));
  EXPECT_EQ(refusal({.brewing = {.sugar = -1}}), "`sugar` must not be negative, and is -1");
  EXPECT_EQ(refusal({.milk = "last"}), "`milk` 'last' is not one of none, first");
  EXPECT_EQ(refusal({.cups = {1, 0}}), "`cups` must be positive, not 0");
  EXPECT_EQ(refusal({.milk = "first", .iced = true}), "`iced` tea takes no `milk`");
}

TEST(OptionTable, ReadsAndSetsEveryKindOfField) {
  const OptionTable<Tea> table = tea_table();
  Tea tea;
  std::string names;
  for (const BoundOption& option : table.bind(tea)) {
    const std::string& name = option.row->name;
    names += name + " ";
    if (name == "minutes") option.set(int64_t{7});
    if (name == "sugar") {
      EXPECT_EQ(option_text(option.get()), "");
      EXPECT_TRUE(std::holds_alternative<double>(option.sample));
      option.set(2.5);
    }
    if (name == "guests") option.set(std::vector<std::string>{"Alice", "Hatter"});
    if (name == "leaf") option.set(std::string("green"));
    if (name == "iced") option.set(true);
  }
  EXPECT_EQ(names, "minutes strength sugar milk guests cups leaf iced ");
  EXPECT_EQ(tea.brewing.minutes, 7);
  EXPECT_EQ(tea.brewing.sugar, 2.5);
  EXPECT_THAT(tea.guests, ::testing::ElementsAre("Alice", "Hatter"));
  EXPECT_EQ(tea.leaf, Leaf::kGreen);
  EXPECT_TRUE(tea.iced);
}

TEST(OptionTable, DescribesARowInOneText) {
  Tea tea;
  const OptionTable<Tea> table = tea_table();
  const auto rows = table.bind(tea);
  EXPECT_EQ(rows[0].row->help_text(), "How long the leaves stay in; 1 to 60, in min; 0: until it is dark");
  EXPECT_EQ(rows[0].row->group, "Brewing");
  EXPECT_EQ(rows[3].row->help_text(), "Milk: none, first (before the tea)");
  EXPECT_EQ(rows[3].row->group, "Serving");
  EXPECT_EQ(option_text(rows[6].get()), "black");
}

TEST(OptionTable, ASectionNamesItsRowsAndFields) {
  struct Party {
    Brewing brewing = {};
  };
  OptionTable<Brewing> brewing = brewing_table();
  brewing.edit("minutes").power_of_two();
  const auto table = OptionTable<Party>().include(&Party::brewing, brewing, "brewing");
  Party party;
  const auto rows = table.bind(party);
  EXPECT_EQ(rows[0].row->name, "brewing-minutes");
  EXPECT_EQ(rows[0].row->field(), "brewing.minutes");
  EXPECT_EQ(rows[0].row->section, "brewing");
  rows[0].set(int64_t{8});
  EXPECT_EQ(party.brewing.minutes, 8);
  EXPECT_THAT(rows[0].row->help_text(), HasSubstr("1 to 60, a power of 2"));
  const auto refused = [&](const Party& guest) {
    try {
      table.validate(guest);
    } catch (const Error& error) {
      return option_names_as_dashes(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(refused({{.minutes = 16}}), "accepted");
  EXPECT_EQ(refused({{.minutes = 6}}), "--brewing-minutes must be a power of 2, not 6");
  EXPECT_THAT(refused({{.minutes = 90}}), HasSubstr("--brewing-minutes must lie between 1 and 60"));
}

TEST(OptionTable, LeavesOutAndChangesRows) {
  OptionTable<Tea> table = tea_table().without({"minutes", "guests"});
  table.edit("milk").choice("last", "after the tea");
  Tea tea{.brewing = {.minutes = 1000}, .milk = "last"};
  EXPECT_NO_THROW(table.validate(tea));
  EXPECT_EQ(table.bind(tea).size(), 6u);
}

TEST(OptionTable, NamesFieldsAsOptionsForTheCommandLine) {
  EXPECT_EQ(option_names_as_dashes("`time_weight` must not be negative; `init` graph needs `prior`"),
            "--time-weight must not be negative; --init graph needs --prior");
  EXPECT_EQ(option_names_as_dashes("a file `My File.pt` and a lone ` stay"),
            "a file `My File.pt` and a lone ` stay");
}

}  // namespace
}  // namespace latentpath::testing
