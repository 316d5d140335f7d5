#include "config_file.h"

#include <algorithm>

#include "latentpath/core/error.h"
#include "latentpath/io/settings_file.h"

namespace latentpath::program {
namespace {

const CLI::App* find_subcommand(const CLI::App& program, const std::string& name) {
  const auto found =
      program.get_subcommands([&](const CLI::App* command) { return command->get_name() == name; });
  return found.empty() ? nullptr : found.front();
}

bool is_given(const std::vector<std::string>& arguments, const std::string& option) {
  return std::any_of(arguments.begin(), arguments.end(), [&](const std::string& argument) {
    return argument == option || argument.rfind(option + "=", 0) == 0;
  });
}

/// The option that a setting names, without dashes: late-lead of the section [prune], or [interpolate.prune],
/// is prune-late-lead. Empty for a setting of another subcommand.
std::string option_name(const CLI::App& command, const Setting& setting, const std::string& file) {
  const auto has = [&](const std::string& prefix) {
    const auto all = command.get_options();
    return std::any_of(all.begin(), all.end(), [&](const CLI::Option* option) {
      // get_name() keeps silent about what the help does not show.
      const auto& names = option->get_lnames();
      return !names.empty() && names[0].rfind(prefix + "-", 0) == 0;
    });
  };
  const size_t dot = setting.section.find('.');
  const std::string first = setting.section.substr(0, dot);
  const bool names_command = find_subcommand(*command.get_parent(), first) != nullptr;
  if (names_command && first != command.get_name()) return {};
  const std::string stage = !names_command             ? setting.section
                            : dot == std::string::npos ? std::string()
                                                       : setting.section.substr(dot + 1);
  if (stage.empty()) return setting.name;
  LATENTPATH_CHECK(has(stage), kArgument, "the settings file ", file, " has a section [", setting.section,
                   "] in line ", setting.line,
                   "; there is no such subcommand, nor such a stage of latentpath ", command.get_name());
  return stage + "-" + setting.name;
}

void add_file(const CLI::App& command, const std::string& file, const std::vector<std::string>& given,
              std::vector<std::string>& arguments) {
  for (const Setting& setting : read_settings(file)) {
    const std::string plain = option_name(command, setting, file);
    if (plain.empty()) continue;
    const std::string name = setting.section.empty() ? setting.name : setting.section + "." + setting.name;
    const std::string flag = "--" + plain;
    const CLI::Option* option = command.get_option_no_throw(flag);
    const bool of_all = plain == "config" || plain == "help" || plain == "help-all";
    LATENTPATH_CHECK(option != nullptr && !of_all, kArgument, "the settings file ", file, " sets '", name,
                     "' in line ", setting.line, "; latentpath ", command.get_name(), " has no such option");
    if (is_given(given, flag)) continue;
    if (option->get_expected_min() == 0) {  // a flag
      LATENTPATH_CHECK(setting.is_boolean && setting.values.size() == 1, kArgument, "the settings file ",
                       file, ": ", name, " in line ", setting.line, " must be true or false");
      arguments.push_back(flag + "=" + setting.values[0]);
      continue;
    }
    for (const std::string& value : setting.values) arguments.push_back(flag + "=" + value);
  }
}

}  // namespace

void add_config_option(CLI::App& command) {
  // expand_config() has read the file by the time that CLI11 parses.
  command.add_option("--config", "Read options from a TOML file; the command line wins")->type_name("FILE");
}

std::vector<std::string> expand_config(const CLI::App& program, const std::vector<std::string>& arguments) {
  const CLI::App* command = arguments.empty() ? nullptr : find_subcommand(program, arguments[0]);
  if (command == nullptr || command->get_option_no_throw("--config") == nullptr) return arguments;
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
  for (const std::string& file : files) add_file(*command, file, given, expanded);
  return expanded;
}

}  // namespace latentpath::program
