#pragma once
// Options that several subcommands take, and their values: lists of numbers, choices, seed and threads; and
// how they are told in run.json.

#include <CLI/CLI.hpp>

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

namespace latentpath::program {

/// "1.0,2,-0.5" → numbers. Throws Error(kArgument) for anything else.
std::vector<double> parse_numbers(const std::string& option, const std::string& text);

/// Throws Error(kArgument), naming what is allowed, when `value` is none of it.
void check_choice(const char* option, const std::string& value, const std::vector<std::string>& allowed);

/// Registers --seed and --threads.
void add_seed_and_threads(CLI::App& command, uint64_t& seed, int& threads, const char* group);

/// Registers --quiet and --json.
void add_quiet_and_json(CLI::App& command, bool& quiet, bool& print_json, const char* group);

/// Registers --picture-format: png, svg, pdf, separated by commas or given several times.
void add_picture_format(CLI::App& command, std::vector<std::string>& names, const char* group);

/// LibTorch's threads: as many as asked, or one a core for 0.
void use_threads(int threads);

/// Adds to `object` the options that have a text.
void add_texts(nlohmann::json& object,
               std::initializer_list<std::pair<const char*, const std::string*>> texts);

}  // namespace latentpath::program
