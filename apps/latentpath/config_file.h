#pragma once
// Settings files (--config FILE): a subcommand's options as TOML. What stands on the command line wins.
//
//   decoder = "mnist-vae-8"          # the option's name without dashes
//   favor = [8, 9]                   # an option that may be repeated
//   loop = true                      # a flag
//
// Options may also stand under a section named after the subcommand; other subcommands' sections are ignored.

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace latentpath::program {

/// Gives a subcommand its --config option.
void add_config_option(CLI::App& command);

/// The arguments with --config FILE replaced by what the file says and the command line does not. Throws
/// Error: kInput for a missing or malformed file, kArgument for an option that the subcommand does not have.
std::vector<std::string> expand_config(const CLI::App& program, const std::vector<std::string>& arguments);

}  // namespace latentpath::program
