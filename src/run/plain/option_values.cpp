#include "latentpath/run/option_values.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "latentpath/core/error.h"
#include "latentpath/core/read_number.h"
#include "latentpath/io/settings_file.h"

namespace latentpath {

using nlohmann::json;

const char* option_type_name(const OptionValue& sample) {
  constexpr const char* kNames[] = {
      "nothing",  "true or false", "a whole number",    "a whole number, 0 or more",
      "a number", "a text",        "a list of numbers", "a list of texts"};
  return kNames[sample.index()];
}

json option_json(const OptionValue& value) {
  return std::visit(
      [](const auto& v) -> json {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::monostate>)
          return nullptr;
        else
          return v;
      },
      value);
}

json describe_options(const std::vector<BoundOption>& options) {
  json rows = json::array();
  for (const BoundOption& option : options) {
    const OptionRow& row = *option.row;
    json choices = json::array();
    for (const OptionChoice& choice : row.choices) choices.push_back(choice.name);
    rows.push_back({{"name", row.name},
                    {"field", row.field()},
                    {"group", row.group},
                    {"section", row.section},
                    {"help", row.help_text()},
                    {"type", option_type_name(option.sample)},
                    {"default", option_json(option.get())},
                    {"default_text", option_text(option.get())},
                    {"choices", choices},
                    {"positional", row.positional},
                    {"required", row.required},
                    {"flag", std::holds_alternative<bool>(option.sample)},
                    {"least", std::isfinite(row.least) ? json(row.least) : json()},
                    {"recorded", row.recorded}});
  }
  return rows;
}

std::string no_number_sentence(const BoundOption& option, const std::string& text) {
  const bool whole =
      std::holds_alternative<int64_t>(option.sample) || std::holds_alternative<uint64_t>(option.sample);
  const std::string range = option.row->range_text();
  return join_message("`", option.row->field(), "` takes a ", whole ? "whole number" : "number",
                      range.empty() ? "" : ", ", range, "; '", text, "' is not");
}

namespace {

template <class Number>
Number number_of(const BoundOption& option, const std::string& text) {
  const std::optional<Number> value = read_number<Number>(text);
  LATENTPATH_CHECK(value, kArgument, no_number_sentence(option, text));
  return *value;
}

void set_checked(const BoundOption& option, const OptionValue& value) {
  option.row->check(value);
  option.set(value);
}

}  // namespace

void set_by_text(const BoundOption& option, const std::string& text) {
  if (std::holds_alternative<int64_t>(option.sample))
    return set_checked(option, number_of<int64_t>(option, text));
  if (std::holds_alternative<uint64_t>(option.sample))
    return set_checked(option, number_of<uint64_t>(option, text));
  if (std::holds_alternative<double>(option.sample))
    return set_checked(option, number_of<double>(option, text));
  set_checked(option, text);
}

void set_by_text(const BoundOption& option, const std::vector<std::string>& texts) {
  if (!std::holds_alternative<std::vector<double>>(option.sample)) return set_checked(option, texts);
  std::vector<double> numbers;
  for (const std::string& text : texts) numbers.push_back(number_of<double>(option, text));
  set_checked(option, numbers);
}

namespace {

bool is_given(const std::vector<std::string>& arguments, const std::string& option) {
  return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& argument) {
    return argument == option || argument.rfind(option + "=", 0) == 0;
  });
}

/// The option that a setting names: late-lead of the section [prune], or [interpolate.prune], is
/// prune-late-lead. Empty for a setting of another subcommand.
std::string option_name(const SettingsReader& reader, const Setting& setting, const std::string& file) {
  const auto has_stage = [&](const std::string& stage) {
    return std::any_of(reader.options.begin(), reader.options.end(), [&](const BoundOption& option) {
      return option.row->name.rfind(stage + "-", 0) == 0;
    });
  };
  const size_t dot = setting.section.find('.');
  const std::string first = setting.section.substr(0, dot);
  const auto& names = reader.subcommands;
  const bool names_command = std::find(names.begin(), names.end(), first) != names.end();
  if (names_command && first != reader.subcommand) return {};
  const std::string stage = !names_command             ? setting.section
                            : dot == std::string::npos ? std::string()
                                                       : setting.section.substr(dot + 1);
  if (stage.empty()) return setting.name;
  LATENTPATH_CHECK(has_stage(stage), kArgument, "the settings file ", file, " has a section [",
                   setting.section, "] in line ", setting.line,
                   "; there is no such subcommand, nor such a stage of latentpath ", reader.subcommand);
  return stage + "-" + setting.name;
}

}  // namespace

std::vector<std::string> settings_arguments(const std::string& file, const SettingsReader& reader,
                                            const std::vector<std::string>& given) {
  std::vector<std::string> arguments;
  for (const Setting& setting : read_settings(file)) {
    const std::string plain = option_name(reader, setting, file);
    if (plain.empty()) continue;
    const std::string name = setting.section.empty() ? setting.name : setting.section + "." + setting.name;
    const auto option = std::find_if(reader.options.begin(), reader.options.end(), [&](const BoundOption& o) {
      return o.row->name == plain && !o.row->positional;
    });
    LATENTPATH_CHECK(option != reader.options.end(), kArgument, "the settings file ", file, " sets '", name,
                     "' in line ", setting.line, "; latentpath ", reader.subcommand, " has no such option");
    const std::string flag = "--" + plain;
    if (is_given(given, flag)) continue;
    if (std::holds_alternative<bool>(option->sample))
      LATENTPATH_CHECK(setting.is_boolean && setting.values.size() == 1, kArgument, "the settings file ",
                       file, ": ", name, " in line ", setting.line, " must be true or false");
    for (const std::string& value : setting.values) arguments.push_back(flag + "=" + value);
  }
  return arguments;
}

}  // namespace latentpath
