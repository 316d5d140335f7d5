#pragma once
// From option tables to the command line: every row becomes an option of CLI11, with its help, default and
// check.

#include <CLI/CLI.hpp>

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "program.h"

namespace latentpath::program {

/// Registers a subcommand with its options and --config. Options of a section (OptionRow::section) are in its
/// help with `all` alone.
void add_to_command_line(CLI::App& program, const Subcommand& subcommand, bool all);

/// CLI11's sentence about arguments that `subcommand` has not; of an option that others have, whose:
/// "evaluate has no option --keep, which is one of latentpath interpolate, latentpath explore".
std::string unexpected_sentence(const std::vector<Subcommand>& subcommands, const std::string& subcommand,
                                const std::string& message);

/// Whether --help-all is among the arguments, which becomes --help: for add_to_command_line().
bool take_help_all(std::vector<std::string>& arguments);

/// All that the tables say (describe_options()), for documentation and tests: {"interpolate": {"summary",
/// "options": [{"name", "help", …}]}, …}.
nlohmann::json describe_subcommands(const std::vector<Subcommand>& subcommands);

/// The arguments with --config FILE replaced by what the file says and the command line does not
/// (settings_arguments()).
std::vector<std::string> expand_config(const std::vector<Subcommand>& subcommands,
                                       const std::vector<std::string>& arguments);

}  // namespace latentpath::program
