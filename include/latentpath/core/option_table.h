#pragma once
// OptionTable: all that there is to say about the fields of an options struct, said once. From the table come
// the checks, the command line, settings files, the `options` of run.json and the tables of docs/program.md.
//
//   struct TeaOptions {
//     int64_t minutes = 4;          // the default stands here and nowhere else
//     std::string milk = "none";
//   };
//   const OptionTable<TeaOptions>& tea_options() {
//     static const auto table = OptionTable<TeaOptions>()
//         .group("Brewing")
//         .add("minutes", &TeaOptions::minutes).help("How long the leaves stay in").unit("min").range(1, 60)
//         .add("milk", &TeaOptions::milk).help("Milk").choices({{"none"}, {"first", "before the tea"}});
//     return table;
//   }
//   tea_options().validate({.minutes = 90});   // Error: `minutes` must lie between 1 and 60, not at 90
//
// One rule for names: the option `time-weight` is the field `time_weight`. The library's sentences name
// fields, in backquotes; whoever speaks another language translates them (option_names_as_dashes() for the
// command line).
//
// A struct that holds another one includes its table: .include(&Job::path, path_option_table()). Settings
// that few will touch are a section of their own, .include(&PathOptions::prune, prune_table(), "prune"): the
// field `prune.late_lead` is the option --prune-late-lead, and late-lead in the section [prune] of a settings
// file.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace latentpath {

/// The value of any option; std::monostate where an optional one is not set.
using OptionValue = std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string,
                                 std::vector<double>, std::vector<std::string>>;

struct OptionChoice {
  std::string name;
  std::string meaning = {};  ///< in a word or two; may be empty
};

/// What is known of one option, whatever struct it stands in.
struct OptionRow {
  std::string name;   ///< "time-weight"
  std::string group;  ///< the heading it stands under
  std::string section =
      {};  ///< of a settings file, the first word of `name`: "prune"; help shows it when asked
  std::string help;
  std::string unit;           ///< empty for pure numbers and texts
  std::string zero_meaning;   ///< what 0 means where that lies outside of the range
  std::string unset_meaning;  ///< what is taken where nothing is given
  std::vector<OptionChoice> choices;
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  bool above_least = false, below_most = false;  ///< the bound itself is outside
  bool power_of_two = false;
  bool positional = false;  ///< given without its name
  bool required = false;
  bool separated = false;   ///< a list may be one text, its items separated by commas
  bool recorded = true;     ///< in run.json; not what says only where results go and how much is printed
  bool names_file = false;  ///< may hold a path of this machine

  /// "time_weight", "prune.late_lead": as in C++.
  std::string field() const;
  /// Throws Error(kArgument) with one sentence for a value outside of range or choices.
  void check(const OptionValue& value) const;
  /// "0 <= epsilon < 0.5", "1 to 60", "0 or more"; empty without a range.
  std::string range_text() const;
  /// Help, choices, range and what unset means, as one text.
  std::string help_text() const;
};

/// A row together with the struct that its value stands in.
struct BoundOption {
  const OptionRow* row;
  std::function<OptionValue()> get;
  std::function<void(const OptionValue&)> set;
  OptionValue sample;  ///< some value of its type, for options that are not set
};

/// "64", "0.1", "on", "8, 9"; empty for what is not set.
std::string option_text(const OptionValue& value);

/// The sentence with every field in backquotes as an option: "`time_weight` is" → "--time-weight is".
std::string option_names_as_dashes(const std::string& sentence);

namespace detail {

// Fields of these types become values, and values fields. Whole numbers of other types pass as int64_t.
template <class Field>
OptionValue value_of(const Field& field) {
  if constexpr (std::is_same_v<Field, std::filesystem::path>)
    return field.string();
  else if constexpr (std::is_same_v<Field, int>)
    return static_cast<int64_t>(field);
  else if constexpr (std::is_same_v<Field, std::vector<std::filesystem::path>>)
    return std::vector<std::string>(field.begin(), field.end());
  else
    return field;
}
template <class Item>
OptionValue value_of(const std::optional<Item>& field) {
  return field ? value_of(*field) : OptionValue();
}
template <class Field>
void set_field(Field& field, const OptionValue& value) {
  if constexpr (std::is_same_v<Field, std::filesystem::path>)
    field = std::get<std::string>(value);
  else if constexpr (std::is_same_v<Field, int>)
    field = static_cast<int>(std::get<int64_t>(value));
  else if constexpr (std::is_same_v<Field, std::vector<std::filesystem::path>>)
    field.assign(std::get<std::vector<std::string>>(value).begin(),
                 std::get<std::vector<std::string>>(value).end());
  else
    field = std::get<Field>(value);
}
template <class Item>
void set_field(std::optional<Item>& field, const OptionValue& value) {
  if (std::holds_alternative<std::monostate>(value)) {
    field.reset();
  } else {
    field.emplace();
    set_field(*field, value);
  }
}
/// A value of a field's type, for those who must know it where the field is not set.
template <class Field>
OptionValue sample_of(const Field& field) {
  return value_of(field);
}
template <class Item>
OptionValue sample_of(const std::optional<Item>&) {
  return value_of(Item());
}

}  // namespace detail

template <class Options>
class OptionTable {
 public:
  struct Entry {
    OptionRow row;
    std::function<OptionValue(const Options&)> get;
    std::function<void(Options&, const OptionValue&)> set;
    OptionValue sample;  ///< tells the type
  };

  // Rows, in the order of --help. What follows `add` says more about that row.
  OptionTable& group(std::string heading) {
    group_ = std::move(heading);
    return *this;
  }
  template <class Field>
  OptionTable& add(std::string name, Field Options::*field) {
    OptionRow row;
    row.name = std::move(name);
    row.group = group_;
    entries_.push_back({std::move(row), [field](const Options& o) { return detail::value_of(o.*field); },
                        [field](Options& o, const OptionValue& v) { detail::set_field(o.*field, v); },
                        detail::sample_of(Options().*field)});
    current_ = entries_.size() - 1;
    return *this;
  }
  /// A field of an enumeration: its values by their names. Setting another name changes nothing: check first.
  template <class Enum>
  OptionTable& add(std::string name, Enum Options::*field,
                   std::vector<std::pair<OptionChoice, Enum>> values) {
    OptionRow row;
    row.name = std::move(name);
    row.group = group_;
    for (const auto& [choice, value] : values) row.choices.push_back(choice);
    entries_.push_back({std::move(row),
                        [field, values](const Options& o) -> OptionValue {
                          for (const auto& [choice, value] : values)
                            if (o.*field == value) return choice.name;
                          return std::string("none of them");
                        },
                        [field, values](Options& o, const OptionValue& v) {
                          for (const auto& [choice, value] : values)
                            if (choice.name == std::get<std::string>(v)) o.*field = value;
                        },
                        std::string()});
    current_ = entries_.size() - 1;
    return *this;
  }
  /// The rows and rules of a struct that this one holds. Rows keep their headings. With a section, which is
  /// then the member's name, they are named after it.
  template <class Inner>
  OptionTable& include(Inner Options::*member, const OptionTable<Inner>& table,
                       const std::string& section = {}) {
    for (const auto& entry : table.entries()) {
      OptionRow row = entry.row;
      if (row.group.empty()) row.group = group_;
      if (!section.empty()) {
        row.section = section;
        row.name = section + "-" + row.name;
      }
      entries_.push_back(
          {std::move(row), [member, get = entry.get](const Options& o) { return get(o.*member); },
           [member, set = entry.set](Options& o, const OptionValue& v) { set(o.*member, v); }, entry.sample});
    }
    for (const auto& rule : table.rules())
      rules_.push_back([member, rule](const Options& o) { rule(o.*member); });
    return *this;
  }
  /// What follows says more about that row, which must be there.
  OptionTable& edit(const std::string& name) {
    current_ = index_of(name);
    return *this;
  }
  /// The table without these rows: their fields keep their defaults.
  OptionTable without(std::initializer_list<std::string> names) const {
    OptionTable fewer = *this;
    for (const std::string& name : names)
      fewer.entries_.erase(fewer.entries_.begin() + static_cast<std::ptrdiff_t>(fewer.index_of(name)));
    return fewer;
  }

  /// The table without the rows of a section, whose fields keep their defaults.
  OptionTable without_section(const std::string& section) const {
    OptionTable fewer = *this;
    std::erase_if(fewer.entries_, [&](const auto& entry) { return entry.row.section == section; });
    return fewer;
  }

  OptionTable& help(std::string text) { return change(&OptionRow::help, std::move(text)); }
  OptionTable& unit(std::string text) { return change(&OptionRow::unit, std::move(text)); }
  /// 0 is allowed beside the range, and means this.
  OptionTable& zero(std::string meaning) { return change(&OptionRow::zero_meaning, std::move(meaning)); }
  /// An empty text or an optional that is not set is allowed beside the choices, and means this.
  OptionTable& unset(std::string meaning) { return change(&OptionRow::unset_meaning, std::move(meaning)); }
  OptionTable& choices(std::vector<OptionChoice> list) {
    return change(&OptionRow::choices, std::move(list));
  }
  OptionTable& choice(std::string name, std::string meaning) {
    current().choices.push_back({std::move(name), std::move(meaning)});
    return *this;
  }
  OptionTable& range(double least, double most) { return at_least(least).at_most(most); }
  OptionTable& at_least(double least) { return change(&OptionRow::least, least); }
  OptionTable& at_most(double most) { return change(&OptionRow::most, most); }
  OptionTable& above(double least) { return at_least(least).change(&OptionRow::above_least, true); }
  OptionTable& below(double most) { return at_most(most).change(&OptionRow::below_most, true); }
  OptionTable& power_of_two() { return change(&OptionRow::power_of_two, true); }
  OptionTable& positional() { return change(&OptionRow::positional, true); }
  OptionTable& required() { return change(&OptionRow::required, true); }
  OptionTable& separated() { return change(&OptionRow::separated, true); }
  OptionTable& not_recorded() { return change(&OptionRow::recorded, false); }
  OptionTable& names_file() { return change(&OptionRow::names_file, true); }

  /// A constraint on several fields: throws Error(kArgument) where it does not hold.
  OptionTable& rule(std::function<void(const Options&)> check) {
    rules_.push_back(std::move(check));
    return *this;
  }

  /// Throws Error(kArgument) for the first row, then the first rule, that does not hold.
  void validate(const Options& options) const {
    for (const Entry& entry : entries_) entry.row.check(entry.get(options));
    for (const auto& rule : rules_) rule(options);
  }

  /// The rows with their values in `options`, which must outlive them, as must the table.
  std::vector<BoundOption> bind(Options& options) const {
    std::vector<BoundOption> bound;
    for (const Entry& entry : entries_)
      bound.push_back({&entry.row, [&entry, &options] { return entry.get(options); },
                       [&entry, &options](const OptionValue& value) { entry.set(options, value); },
                       entry.sample});
    return bound;
  }

  const std::vector<Entry>& entries() const { return entries_; }
  const std::vector<std::function<void(const Options&)>>& rules() const { return rules_; }

 private:
  OptionRow& current() { return entries_.at(current_).row; }
  template <class Value>
  OptionTable& change(Value OptionRow::*member, Value value) {
    current().*member = std::move(value);
    return *this;
  }
  size_t index_of(const std::string& name) const {
    size_t index = 0;
    while (entries_.at(index).row.name != name) ++index;  // std::out_of_range: our own mistake
    return index;
  }

  std::vector<Entry> entries_;
  std::vector<std::function<void(const Options&)>> rules_;
  std::string group_;
  size_t current_ = 0;
};

}  // namespace latentpath
