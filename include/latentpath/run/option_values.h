#pragma once
// The rows of an option table as JSON, and as what a settings file says.
//
//   InterpolateJob job;
//   const auto rows = interpolate_option_table().bind(job);
//   describe_options(rows);   // [{"name": "segments", "default": 64, …}, …]
//   settings_arguments("run.toml", {"interpolate", rows, {"interpolate"}}, {});   // {"--segments=32"}

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "latentpath/core/option_table.h"

namespace latentpath {

/// What values of an option's type are called, by its sample: "a whole number".
const char* option_type_name(const OptionValue& sample);

/// A value as JSON; null for an option that is not set.
nlohmann::json option_json(const OptionValue& value);

/// All that a table says of its rows, for documentation, Python and tests: [{"name", "field", "group",
/// "section", "help", "type", "default", "default_text", "choices", "positional", "required", "flag",
/// "least", "recorded"}, …]. "least" is null without a lower bound.
nlohmann::json describe_options(const std::vector<BoundOption>& options);

/// Why a text is no value of a numeric option: "`segments` takes a whole number, 1 to 100000; '2.5' is not".
std::string no_number_sentence(const BoundOption& option, const std::string& text);

/// Sets an option to what the command line says of it, checked: numbers are all of their text. Throws
/// Error(kArgument).
void set_by_text(const BoundOption& option, const std::string& text);
void set_by_text(const BoundOption& option, const std::vector<std::string>& texts);

/// Whose options a settings file gives.
struct SettingsReader {
  std::string subcommand;                ///< "interpolate"
  std::vector<BoundOption> options;      ///< its own
  std::vector<std::string> subcommands;  ///< the names of all: sections of other ones are theirs
};

/// What a settings file says, as arguments "--name=value", without what is among `given`:
///
///   decoder = "mnist-vae-8"          # the option's name without dashes
///   favor = [8, 9]                   # an option that may be repeated
///   loop = true                      # a flag
///   [prune]                          # settings of a stage; or [interpolate.prune]
///   late-lead = 1.5
///
/// Throws Error: kInput for a missing or malformed file, kArgument for an option that the subcommand does not
/// have.
std::vector<std::string> settings_arguments(const std::string& file, const SettingsReader& reader,
                                            const std::vector<std::string>& given);

}  // namespace latentpath
