#include "command_line.h"

#include <nlohmann/json.hpp>
#include <type_traits>
#include <variant>

#include "latentpath/run/option_values.h"

namespace latentpath::program {
namespace {

std::string flag_of(const OptionRow& row) { return row.positional ? row.name : "--" + row.name; }

CLI::Option* add_flag(CLI::App& command, const BoundOption& option) {
  const auto neither = [](const std::string& given) {
    const bool known = given == "true" || given == "false";
    return known ? std::string() : "'" + given + "' is neither true nor false; the option alone is true";
  };
  return command
      .add_flag_function(
          flag_of(*option.row), [option](int64_t count) { option.set(count > 0); }, option.row->help_text())
      ->check(CLI::Validator(neither, ""));
}

/// By text, which the table's own readers turn into values: CLI11's run over without a word, and do not say
/// the name of an option that is not in the help.
template <class Text>
CLI::Option* add_value(CLI::App& command, const BoundOption& option, const char* type) {
  CLI::Option* added = command.add_option_function<Text>(
      flag_of(*option.row), [option](const Text& text) { set_by_text(option, text); },
      option.row->help_text());
  added->type_name(type);
  if constexpr (!std::is_same_v<Text, std::string>) {
    added->allow_extra_args(option.row->positional);  // A B C, and --favor 8 --favor 9
    if (option.row->separated) added->delimiter(',');
  }
  if (const std::string text = option_text(option.get()); !text.empty()) added->default_str(text);
  return added;
}

CLI::Option* add_option(CLI::App& command, const BoundOption& option) {
  constexpr const char* kTypes[] = {"",      "",     "INT",   "UINT",
                                    "FLOAT", "TEXT", "FLOAT", "TEXT"};  // of OptionValue
  const char* type = kTypes[option.sample.index()];
  if (std::holds_alternative<bool>(option.sample)) return add_flag(command, option);
  const bool list = std::holds_alternative<std::vector<double>>(option.sample) ||
                    std::holds_alternative<std::vector<std::string>>(option.sample);
  return list ? add_value<std::vector<std::string>>(command, option, type)
              : add_value<std::string>(command, option, type);
}

}  // namespace

void add_to_command_line(CLI::App& program, const Subcommand& subcommand, bool all) {
  CLI::App* command = program.add_subcommand(subcommand.name, subcommand.summary);
  command->footer(subcommand.footer);
  int64_t in_sections = 0;
  for (const BoundOption& option : subcommand.options) {
    CLI::Option* added = add_option(*command, option);
    if (!option.row->group.empty()) added->group(option.row->group);
    if (option.row->required) added->required();
    if (option.row->section.empty()) continue;
    ++in_sections;
    if (!all) added->group("");  // not in the help
  }
  // expand_config() has read the file by the time that CLI11 parses.
  command->add_option("--config", "Read options from a TOML file; the command line wins")->type_name("FILE");
  if (in_sections > 0) {
    const std::string sentence = "Print this help with " + std::to_string(in_sections) +
                                 " further settings, of the stages of the search, and exit";
    command->add_flag("--help-all", sentence);
  }
  command->callback(subcommand.run);
}

std::string unexpected_sentence(const std::vector<Subcommand>& subcommands, const std::string& subcommand,
                                const std::string& message) {
  const size_t at = message.find("--");
  if (at == std::string::npos) return message;
  const std::string flag = message.substr(at, message.find_first_of(" =", at) - at);
  std::string others;
  for (const Subcommand& other : subcommands)
    for (const BoundOption& option : other.options)
      if (flag_of(*option.row) == flag)
        others += (others.empty() ? "latentpath " : ", latentpath ") + other.name;
  if (others.empty()) return message;
  return subcommand + " has no option " + flag + ", which is one of " + others;
}

bool take_help_all(std::vector<std::string>& arguments) {
  bool found = false;
  for (std::string& argument : arguments) {
    if (argument != "--help-all") continue;
    argument = "--help";
    found = true;
  }
  return found;
}

nlohmann::json describe_subcommands(const std::vector<Subcommand>& subcommands) {
  nlohmann::json all = nlohmann::json::object();
  for (const Subcommand& subcommand : subcommands)
    all[subcommand.name] = {{"summary", subcommand.summary},
                            {"options", describe_options(subcommand.options)}};
  return all;
}

std::vector<std::string> expand_config(const std::vector<Subcommand>& subcommands,
                                       const std::vector<std::string>& arguments) {
  SettingsReader reader;
  for (const Subcommand& subcommand : subcommands) {
    reader.subcommands.push_back(subcommand.name);
    if (arguments.empty() || arguments[0] != subcommand.name) continue;
    reader.subcommand = subcommand.name;
    reader.options = subcommand.options;
  }
  if (reader.subcommand.empty()) return arguments;
  std::vector<std::string> given, files;
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--config" && i + 1 < arguments.size())
      files.push_back(arguments[++i]);
    else if (arguments[i].rfind("--config=", 0) == 0)
      files.push_back(arguments[i].substr(9));
    else
      given.push_back(arguments[i]);
  }
  std::vector<std::string> expanded = given;
  for (const std::string& file : files)
    for (std::string& argument : settings_arguments(file, reader, given))
      expanded.push_back(std::move(argument));
  return expanded;
}

}  // namespace latentpath::program
