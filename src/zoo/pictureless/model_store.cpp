#include "latentpath/zoo/model_store.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <system_error>

#include "io/subprocess.h"
#include "latentpath/core/error.h"
#include "latentpath/io/file.h"

namespace latentpath {
namespace {

std::filesystem::path card_of(std::filesystem::path model) { return model.replace_extension(".json"); }

}  // namespace

std::vector<std::filesystem::path> list_models(const std::vector<std::filesystem::path>& folders) {
  std::map<std::string, std::filesystem::path> found;
  for (const auto& folder : folders) {
    std::error_code unreadable;
    for (const auto& entry : std::filesystem::directory_iterator(folder, unreadable)) {
      const auto& file = entry.path();
      // Names that start with a dot are files being written.
      if (file.extension() == ".pt" && file.stem().string().front() != '.')
        found.emplace(file.stem().string(), file);
    }
  }
  std::vector<std::filesystem::path> files;
  for (const auto& [name, file] : found) files.push_back(file);
  return files;
}

std::optional<std::filesystem::path> find_model_if_any(const std::string& name_or_file,
                                                       const std::vector<std::filesystem::path>& folders) {
  std::error_code ignored;
  if (std::filesystem::is_regular_file(name_or_file, ignored)) return name_or_file;
  for (const auto& file : list_models(folders))
    if (file.stem() == name_or_file) return file;
  return std::nullopt;
}

std::filesystem::path find_model(const std::string& name_or_file,
                                 const std::vector<std::filesystem::path>& folders) {
  if (auto file = find_model_if_any(name_or_file, folders)) return *std::move(file);
  std::string names;
  for (const auto& file : list_models(folders)) names += (names.empty() ? "" : ", ") + file.stem().string();
  throw Error(ErrorKind::kInput,
              "there is no file and no shipped model '" + name_or_file + "' (" +
                  (names.empty() ? "no models are installed" : "shipped models: " + names) + ")");
}

nlohmann::json read_card(const std::filesystem::path& model) {
  const auto file = card_of(model);
  std::ifstream stream(file);
  LATENTPATH_CHECK(stream, kInput, "the model ", model.string(), " has no card ", file.string());
  try {
    auto card = nlohmann::json::parse(stream);
    LATENTPATH_CHECK(card.is_object() && card.contains("name") && card.contains("kind"), kInput,
                     file.string(),
                     " is not a model card: it must be an object with the members name and kind");
    return card;
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::kInput, join_message(file.string(), " is not valid JSON: ", error.what()));
  }
}

void write_card(const std::filesystem::path& model, const nlohmann::json& card) {
  write_atomically(card_of(model), [&](const std::filesystem::path& file) {
    std::ofstream stream(file);
    stream << card.dump(2) << "\n";
    stream.close();
    LATENTPATH_CHECK(stream, kArgument, "cannot write ", file.string());
  });
}

std::string file_sha256(const std::filesystem::path& file) {
  LATENTPATH_CHECK(std::filesystem::is_regular_file(file), kInput, "there is no file ", file.string());
  // From the absolute path: a name that starts with a dash would be taken for an option.
  const ProcessResult result = run_process({"sha256sum", std::filesystem::absolute(file).string()});
  const auto start = result.output.find_first_not_of('\\');
  LATENTPATH_CHECK(result.exit_code == 0 && result.output.size() >= 64, kInput, "sha256sum cannot read ",
                   file.string());
  return result.output.substr(start, 64);
}

}  // namespace latentpath
