#include "option_values.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "latentpath/core/error.h"

namespace latentpath::program {

std::vector<double> parse_numbers(const std::string& option, const std::string& text) {
  std::vector<double> numbers;
  std::stringstream stream(text);
  for (std::string word; std::getline(stream, word, ',');) {
    size_t used = 0;
    double value = 0;
    try {
      value = std::stod(word, &used);
    } catch (const std::exception&) {
      used = 0;
    }
    LATENTPATH_CHECK(used > 0 && word.find_first_not_of(' ', used) == std::string::npos, kArgument, option,
                     " takes numbers separated by commas; '", text, "' is not");
    numbers.push_back(value);
  }
  LATENTPATH_CHECK(!numbers.empty(), kArgument, option, " takes numbers separated by commas; it is empty");
  return numbers;
}

void check_choice(const char* option, const std::string& value, const std::vector<std::string>& allowed) {
  std::string list;
  for (const auto& name : allowed) {
    if (name == value) return;
    list += (list.empty() ? "" : ", ") + name;
  }
  throw Error(ErrorKind::kArgument, join_message(option, " '", value, "' is not one of ", list));
}

void add_seed_and_threads(CLI::App& command, uint64_t& seed, int& threads, const char* group) {
  command.add_option("--seed", seed, "Seed of everything random")->capture_default_str()->group(group);
  command.add_option("--threads", threads, "Threads; 0: all cores")->capture_default_str()->group(group);
}

void add_quiet_and_json(CLI::App& command, bool& quiet, bool& print_json, const char* group) {
  command.add_flag("--quiet", quiet, "No progress, notes or warnings on stderr")->group(group);
  command.add_flag("--json", print_json, "Print the summary as JSON and nothing else")->group(group);
}

void add_picture_format(CLI::App& command, std::vector<std::string>& names, const char* group) {
  command
      .add_option(
          "--picture-format", names,
          "Formats of the pictures in frames/: png, which is always written, svg, pdf; several: svg,pdf")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"png", "svg", "pdf"}))
      ->capture_default_str()
      ->group(group);
}

void use_threads(int threads) {
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  at::set_num_threads(threads > 0 ? threads : cores);
}

void add_texts(nlohmann::json& object,
               std::initializer_list<std::pair<const char*, const std::string*>> texts) {
  for (const auto& [name, value] : texts)
    if (!value->empty()) object[name] = *value;
}

}  // namespace latentpath::program
