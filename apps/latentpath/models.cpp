// latentpath models: lists the shipped models and shows their cards.

#include <algorithm>
#include <iomanip>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "latentpath/zoo/model_store.h"
#include "program.h"

namespace latentpath::program {
namespace {

struct ModelsOptions {
  std::string name;
  bool json = false;
};

std::string percent(const nlohmann::json& share) {
  std::ostringstream text;
  text << std::setprecision(4) << 100 * share.get<double>() << " %";
  return text.str();
}

/// What a reader of the list wants to know, from the card.
std::string one_line(const nlohmann::json& card) {
  std::ostringstream text;
  text << card.value("kind", "");
  if (card.contains("latent_dim")) text << ", " << card["latent_dim"] << " latents";
  if (const std::string prior = card.value("prior", "normal"); prior != "normal")
    text << " (" << prior << ")";
  if (card.contains("output_range"))
    text << ", output in [" << card["output_range"][0].get<double>() << ", "
         << card["output_range"][1].get<double>() << "]";
  const auto figures = card.value("figures", nlohmann::json::object());
  if (figures.contains("test_accuracy")) text << ", test accuracy " << percent(figures["test_accuracy"]);
  if (figures.contains("microseconds_per_image"))
    text << ", " << figures["microseconds_per_image"] << " us an image";
  return text.str();
}

void show_value(const std::string& key, const nlohmann::json& value, int indent) {
  std::cout << std::string(static_cast<size_t>(indent), ' ') << key << ": ";
  if (value.is_object()) {
    std::cout << "\n";
    for (const auto& [inner, part] : value.items()) show_value(inner, part, indent + 2);
  } else if (value.is_string()) {
    std::cout << value.get<std::string>() << "\n";
  } else {
    std::cout << value.dump() << "\n";
  }
}

void run_models(const ModelsOptions& options) {
  if (!options.name.empty()) {
    const auto file = find_model(options.name, model_folders());
    const auto card = read_card(file);
    if (options.json) {
      std::cout << card.dump(2) << "\n";
      return;
    }
    std::cout << "path: " << file.string() << "\n";
    for (const auto& [key, value] : card.items()) show_value(key, value, 0);
    return;
  }
  nlohmann::json all = nlohmann::json::array();
  const auto files = list_models(model_folders());
  size_t width = 0;
  for (const auto& file : files) width = std::max(width, file.stem().string().size());
  for (const auto& file : files) {
    nlohmann::json card;
    try {
      card = read_card(file);
    } catch (const Error& error) {
      // One damaged card must not hide the other models.
      card = {{"name", file.stem().string()}, {"kind", "without a readable card"}};
    }
    if (options.json) {
      card["path"] = file.string();
      all.push_back(card);
    } else {
      std::cout << std::left << std::setw(static_cast<int>(width)) << file.stem().string() << "  "
                << one_line(card) << "\n";
    }
  }
  if (options.json) std::cout << all.dump(2) << "\n";
}

}  // namespace

void setup_models(CLI::App& program) {
  auto options = std::make_shared<ModelsOptions>();
  CLI::App* command = program.add_subcommand("models", "List the shipped models, or show the card of one");
  command->add_option("name", options->name, "Model whose card to show");
  command->add_flag("--json", options->json, "Print JSON and nothing else");
  command->callback([options] { run_models(*options); });
}

}  // namespace latentpath::program
