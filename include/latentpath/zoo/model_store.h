#pragma once
// Where shipped models are, and their cards.
//
//   auto file = find_model("mnist-vae-8", {"models"});   // models/mnist-vae-8.pt
//   auto other = find_model("my/own.pt", {"models"});    // my/own.pt

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

namespace latentpath {

/// The file itself where `name_or_file` is an existing file, else NAME.pt in the first folder that has it;
/// else nothing.
std::optional<std::filesystem::path> find_model_if_any(const std::string& name_or_file,
                                                       const std::vector<std::filesystem::path>& folders);
/// The same; where there is none, Error(kInput) with the names that exist.
std::filesystem::path find_model(const std::string& name_or_file,
                                 const std::vector<std::filesystem::path>& folders);

/// All models of the folders, sorted by name; the first folder wins where a name occurs twice.
std::vector<std::filesystem::path> list_models(const std::vector<std::filesystem::path>& folders);

/// The card NAME.json beside NAME.pt; Error(kInput) when it is missing or malformed.
nlohmann::json read_card(const std::filesystem::path& model);

/// Writes the card beside the model, whole or not at all.
void write_card(const std::filesystem::path& model, const nlohmann::json& card);

/// SHA-256 of a file in lower-case hexadecimal (by the system's `sha256sum`).
std::string file_sha256(const std::filesystem::path& file);

}  // namespace latentpath
