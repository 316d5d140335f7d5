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
