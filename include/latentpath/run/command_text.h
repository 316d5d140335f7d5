#pragma once
// The command that asks for what a run was asked for, as one line for a shell.
//
//   const RunRecord record = execute(job);
//   command_text("interpolate", interpolate_option_table(), record.options);
//   // latentpath interpolate --decoder mnist-dcgan-8 --favor 8 --from seed:18 --to seed:6
//
// It is made of the recorded options that differ from their defaults, wherever they came from: the same run
// has the same line, whether it was asked for on the command line, by a settings file, or in shards.

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "latentpath/core/option_table.h"

namespace latentpath {

/// A text as a shell takes it for one word.
std::string shell_word(const std::string& text);

/// `defaults` are bound to a struct that nobody has changed; `options` as in run.json.
std::string command_text(const std::string& subcommand, const std::vector<BoundOption>& defaults,
                         const nlohmann::json& options);

template <class Options>
std::string command_text(const std::string& subcommand, const OptionTable<Options>& table,
                         const nlohmann::json& options) {
  Options defaults;
  return command_text(subcommand, table.bind(defaults), options);
}

}  // namespace latentpath
