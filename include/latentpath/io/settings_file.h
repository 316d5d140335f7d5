#pragma once
// Settings files: the part of TOML that options need, which is keys, strings, numbers, booleans, arrays of
// these, sections and comments.
//
//   for (const Setting& setting : read_settings("run.toml")) std::cout << setting.name << "\n";

#include <cstdint>
#include <string>
#include <vector>

namespace latentpath {

/// name = value under [section], or name = [value, value].
struct Setting {
  std::string section, name;
  std::vector<std::string> values;  ///< as text, without quotes, and numbers without their underscores
  bool is_boolean = false;
  int64_t line = 0;
};

/// In the order of the file. Throws Error(kInput) for a file that is missing or is none, naming the line.
std::vector<Setting> read_settings(const std::string& file);

}  // namespace latentpath
