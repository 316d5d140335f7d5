#pragma once
// A run folder, read again.
//
//   StoredRun run = read_run("runs/eights");
//   ModelOptions models;
//   set_options(model_option_table().bind(models), run.options);   // as they were

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "latentpath/core/option_table.h"
#include "latentpath/core/tensor.h"

namespace latentpath {

struct StoredRun {
  std::filesystem::path folder;
  std::string subcommand;   ///< "interpolate"
  nlohmann::json document;  ///< all of run.json
  nlohmann::json options;   ///< its options, by name
  /// path.npy [pairs, n + 1, D], of measures [1, K + 1, points, d], and times.npy [n + 1]; undefined where
  /// there are none.
  Tensor nodes, times;
};

/// Throws Error(kInput), naming the file, for what is no run folder or a damaged one.
StoredRun read_run(const std::filesystem::path& folder);

/// Gives options the values that options_json() wrote; those that are not there, or null, stay. Throws
/// Error(kInput) for a value of another type.
void set_options(const std::vector<BoundOption>& options, const nlohmann::json& values);

}  // namespace latentpath
