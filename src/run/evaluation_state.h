#pragma once
// What an interrupted evaluation leaves behind: the folder RUN.partial beside the run folder, a file for each
// finished batch, and options.json, which says what run it belongs to. Files are written whole or not at all.

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/run/evaluate_paths.h"

namespace latentpath {

/// A batch of one row, evaluated.
struct EvaluatedBatch {
  std::vector<EvaluatedPath> paths;
  std::vector<std::string> warnings;  ///< of its searches, each once
};
nlohmann::json evaluated_batch_json(const EvaluatedBatch& batch);
/// None where it is no batch of the pairs first … first + count − 1.
std::optional<EvaluatedBatch> evaluated_batch_from_json(const nlohmann::json& object, int64_t first,
                                                        int64_t count);

/// The names of what differs between two fingerprints, for people: {"version", "libtorch", "options": {…},
/// "files": {option: hash}}.
std::string differences(const nlohmann::json& ours, const nlohmann::json& theirs);

class EvaluationState {
 public:
  /// `fingerprint` is everything that decides a batch's result. With `resume` an earlier folder is gone on
  /// with; throws Error(kArgument) when its fingerprint differs, naming where. Without `resume` an earlier
  /// folder is refused, or with `overwrite` emptied.
  EvaluationState(const std::filesystem::path& run, const nlohmann::json& fingerprint, bool resume,
                  bool overwrite);
  /// Removes the folder where no batch has been finished: it would say nothing.
  ~EvaluationState();
  EvaluationState(const EvaluationState&) = delete;
  EvaluationState& operator=(const EvaluationState&) = delete;

  /// A finished batch, pairs first … first + count − 1; none where it is missing or damaged.
  std::optional<EvaluatedBatch> load(const std::string& key, int64_t first, int64_t count) const;
  void store(const std::string& key, const EvaluatedBatch& batch) const;
  /// Removes the folder: the run is complete.
  void remove() const;

  const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

}  // namespace latentpath
