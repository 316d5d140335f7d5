#include "run/evaluation_state.h"

#include <algorithm>
#include <system_error>

#include "latentpath/core/error.h"
#include "latentpath/io/file.h"
#include "latentpath/io/json.h"
#include "latentpath/run/evaluation_table.h"

namespace latentpath {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// "runs/table/" → "/…/runs/table", as RunFolder has it.
fs::path normalised(const fs::path& run) {
  const fs::path path = fs::absolute(run).lexically_normal();
  return path.has_filename() ? path : path.parent_path();
}

std::string field_of(std::string option) {
  std::replace(option.begin(), option.end(), '-', '_');
  return "`" + option + "`";
}

}  // namespace

json evaluated_batch_json(const EvaluatedBatch& batch) {
  json paths = json::array();
  for (const EvaluatedPath& path : batch.paths) paths.push_back(evaluated_path_json(path));
  return {{"paths", paths}, {"warnings", batch.warnings}};
}

std::optional<EvaluatedBatch> evaluated_batch_from_json(const json& object, int64_t first, int64_t count) {
  if (!object.is_object()) return std::nullopt;
  if (!object.contains("paths") || !object.contains("warnings")) return std::nullopt;
  const json &paths = object["paths"], &warnings = object["warnings"];
  if (!paths.is_array() || static_cast<int64_t>(paths.size()) != count || !warnings.is_array())
    return std::nullopt;
  EvaluatedBatch batch;
  try {
    for (const json& path : paths) batch.paths.push_back(evaluated_path_from_json(path));
  } catch (const Error&) {
    return std::nullopt;
  }
  for (const json& sentence : warnings) {
    if (!sentence.is_string()) return std::nullopt;
    batch.warnings.push_back(sentence.get<std::string>());
  }
  for (int64_t i = 0; i < count; ++i)
    if (batch.paths[static_cast<size_t>(i)].pair != first + i) return std::nullopt;
  return batch;
}

std::string differences(const json& ours, const json& theirs) {
  std::string names;
  const auto add = [&](const std::string& name) { names += (names.empty() ? "" : ", ") + name; };
  if (ours["version"] != theirs.value("version", json())) add("the version");
  if (ours.value("libtorch", json()) != theirs.value("libtorch", json())) add("LibTorch's version");
  for (const char* part : {"options", "files"}) {
    json all = ours[part];
    const json other = theirs.value(part, json::object());
    if (other.is_object()) all.update(other);
    for (const auto& [name, value] : all.items())
      if (!ours[part].contains(name) || !other.contains(name) || ours[part][name] != other[name])
        add(std::string(part) == "options" ? field_of(name) : "the " + name + "'s bytes");
  }
  return names.empty() ? "its form" : names;
}

EvaluationState::EvaluationState(const fs::path& run, const json& fingerprint, bool resume, bool overwrite)
    : folder_(normalised(run).string() + ".partial") {
  std::error_code code;
  const bool exists = fs::exists(fs::symlink_status(folder_, code));
  if (exists) {
    LATENTPATH_CHECK(fs::is_regular_file(folder_ / "options.json", code), kArgument, folder_.string(),
                     " is in the way: unfinished batches are kept there, and it is not such a folder");
    LATENTPATH_CHECK(resume || overwrite, kArgument, "an unfinished run is in ", folder_.string(),
                     ": `resume` goes on with it, `overwrite` starts anew");
  }
  if (exists && resume) {
    const json theirs = parse_json(read_file(folder_ / "options.json"));
    LATENTPATH_CHECK(theirs.is_object(), kInput, (folder_ / "options.json").string(), " is not valid JSON");
    LATENTPATH_CHECK(theirs == fingerprint, kArgument, "the unfinished run in ", folder_.string(),
                     " differs in ", differences(fingerprint, theirs),
                     ": give the same options, or `overwrite` without `resume`");
    return;
  }
  if (exists) fs::remove_all(folder_, code);
  fs::create_directories(folder_, code);
  LATENTPATH_CHECK(!code, kArgument, "cannot create the folder ", folder_.string(),
                   " for unfinished batches: ", code.message());
  write_file_atomic(folder_ / "options.json", fingerprint.dump(2) + "\n");
}

EvaluationState::~EvaluationState() {
  std::error_code ignored;
  int64_t batches = -1;  // options.json is none
  for (const auto& entry : fs::directory_iterator(folder_, ignored))
    batches += entry.is_regular_file(ignored);
  if (batches == 0) remove();
}

std::optional<EvaluatedBatch> EvaluationState::load(const std::string& key, int64_t first,
                                                    int64_t count) const {
  const fs::path file = folder_ / (key + ".json");
  std::error_code code;
  if (!fs::is_regular_file(file, code)) return std::nullopt;
  // What is damaged is evaluated again, as if it had never been.
  return evaluated_batch_from_json(parse_json(read_file(file)), first, count);
}

void EvaluationState::store(const std::string& key, const EvaluatedBatch& batch) const {
  write_file_atomic(folder_ / (key + ".json"), evaluated_batch_json(batch).dump());
}

void EvaluationState::remove() const {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

}  // namespace latentpath
