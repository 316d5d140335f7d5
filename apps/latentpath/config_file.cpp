#include "config_file.h"

#include <algorithm>
#include <cctype>

#include "latentpath/core/error.h"
#include "latentpath/io/file.h"

namespace latentpath::program {
namespace {

struct Setting {
  std::string section, name;
  std::vector<std::string> values;
  bool is_boolean = false;
  int64_t line = 0;
};

/// The part of TOML that options need: keys, strings, numbers, booleans, arrays of these, sections, comments.
class Reader {
 public:
  Reader(const std::string& text, std::string file) : text_(text), file_(std::move(file)) {}

  std::vector<Setting> read() {
    std::vector<Setting> settings;
    std::string section;
    for (skip_blank(true); !at_end(); skip_blank(true)) {
      if (take('[')) {
        section = key();
        for (; take('.'); section += "." + key()) {
        }
        require(take(']'), "a section is written [name]");
      } else {
        Setting setting;
        setting.section = section;
        setting.line = line_;
        setting.name = key();
        require(take('='), "a setting is written name = value");
        skip_blank(false);
        if (take('[')) {
          for (skip_blank(true); !take(']'); skip_blank(true)) {
            setting.values.push_back(value(setting));
            skip_blank(true);
            if (take(',')) continue;
            require(take(']'), "an array is written [value, value]");
            break;
          }
        } else {
          setting.values.push_back(value(setting));
        }
        settings.push_back(std::move(setting));
      }
      skip_blank(false);
      require(at_end() || text_[place_] == '\n', "a line holds one setting");
    }
    return settings;
  }

 private:
  bool at_end() const { return place_ >= text_.size(); }

  bool take(char wanted) {
    if (at_end() || text_[place_] != wanted) return false;
    ++place_;
    return true;
  }

  void skip_blank(bool lines_too) {
    for (; !at_end(); ++place_) {
      const char c = text_[place_];
      if (c == '#') {
        while (!at_end() && text_[place_] != '\n') ++place_;
        if (at_end()) return;
      }
      if (text_[place_] == '\n') {
        if (!lines_too) return;
        ++line_;
      } else if (c != ' ' && c != '\t' && c != '\r') {
        return;
      }
    }
  }

  std::string key() {
    skip_blank(false);
    std::string name;
    if (!at_end() && (text_[place_] == '"' || text_[place_] == '\'')) {
      name = quoted();
    } else {
      while (!at_end() && (std::isalnum(static_cast<unsigned char>(text_[place_])) || text_[place_] == '-' ||
                           text_[place_] == '_'))
        name += text_[place_++];
    }
    require(!name.empty(), "a setting is written name = value");
    skip_blank(false);
    return name;
  }

  std::string value(Setting& setting) {
    if (!at_end() && (text_[place_] == '"' || text_[place_] == '\'')) return quoted();
    std::string word;
    while (!at_end() && std::string(" \t\r\n,]#").find(text_[place_]) == std::string::npos)
      word += text_[place_++];
    require(!word.empty(), "the value is missing");
    if (word == "true" || word == "false") {
      setting.is_boolean = true;
      return word;
    }
    const std::string known = "0123456789+-.eE_";
    const bool number = word.find_first_not_of(known) == std::string::npos || word == "inf" || word == "nan";
    require(number, "text needs quotes, as in name = \"" + word + "\"");
    word.erase(std::remove(word.begin(), word.end(), '_'), word.end());
    return word;
  }

  std::string quoted() {
    const char quote = text_[place_++];
    std::string word;
    while (!at_end() && text_[place_] != quote && text_[place_] != '\n') {
      char c = text_[place_++];
      if (quote == '"' && c == '\\' && !at_end()) {
        c = text_[place_++];
        if (c == 'n') c = '\n';
        if (c == 't') c = '\t';
      }
      word += c;
    }
    require(take(quote), "a quote is not closed");
    return word;
  }

  void require(bool condition, const std::string& rule) const {
    LATENTPATH_CHECK(condition, kInput, "the settings file ", file_, " is not valid TOML in line ", line_,
                     ": ", rule);
  }

  const std::string& text_;
  std::string file_;
  size_t place_ = 0;
  int64_t line_ = 1;
};

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
  const std::string text = read_file(file);
  for (const Setting& setting : Reader(text, file).read()) {
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
