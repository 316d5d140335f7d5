#include "latentpath/run/command_text.h"

#include "latentpath/run/run_record.h"

namespace latentpath {
namespace {

using nlohmann::json;

std::string text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  std::string text = value.dump();
  if (value.is_number_float() && text.size() > 2 && text.substr(text.size() - 2) == ".0")
    text.resize(text.size() - 2);
  return text;
}

std::string given(const OptionRow& row, const json& value) {
  const std::string text = text_of(value);
  if (row.positional) return " " + shell_word(text);
  // What begins with a dash would be taken for an option.
  return " --" + row.name + (text.rfind('-', 0) == 0 ? "=" : " ") + shell_word(text);
}

}  // namespace

std::string shell_word(const std::string& text) {
  constexpr const char* kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./:,=+-@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string command_text(const std::string& subcommand, const std::vector<BoundOption>& defaults,
                         const json& options) {
  const json usual = options_json(defaults);
  std::string text = "latentpath " + subcommand;
  for (const BoundOption& option : defaults) {
    const OptionRow& row = *option.row;
    const auto value = options.find(row.name);
    if (!row.recorded || value == options.end() || value->is_null() || *value == usual[row.name]) continue;
    if (value->is_boolean()) {
      text += " --" + row.name + (value->get<bool>() ? "" : "=false");
    } else if (!value->is_array()) {
      text += given(row, *value);
    } else if (row.separated) {
      std::string list;
      for (const json& item : *value) list += (list.empty() ? "" : ",") + text_of(item);
      text += given(row, list);
    } else {
      for (const json& item : *value) text += given(row, item);
    }
  }
  return text;
}

}  // namespace latentpath
