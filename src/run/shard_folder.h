#pragma once
// What `latentpath evaluate --shard` leaves for `latentpath merge`: a run folder whose run.json has a "shard"
// with a ShardRecord, batches.jsonl with a line for each of its batches, row by row of the table, and
// ends.npy with its pairs' ends [features, own pairs, 2, D].

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "latentpath/core/warning.h"
#include "latentpath/run/evaluation_table.h"
#include "latentpath/run/shard.h"
#include "run/evaluation_state.h"

namespace latentpath {

/// The table that a shard belongs to, and what has to be known of it beyond options and paths.
struct ShardRecord {
  Shard shard;
  int64_t pairs = 0, batch = 1;        ///< pairs of the table; of a batch
  nlohmann::json fingerprint;          ///< what must be equal in all shards (differences())
  std::vector<EvaluatedSet> sets;      ///< the rows of the table, without paths
  std::vector<int64_t> pairs_of_sets;  ///< of each row
  size_t methods = 0, epsilons = 0;
  std::vector<bool> used;         ///< figures_in_use() of this shard
  std::vector<Warning> warnings;  ///< those that no search made
  nlohmann::json shares = nlohmann::json::object(), classifier;
  nlohmann::json facts = nlohmann::json::object();  ///< further entries of the table's run.json
  std::vector<std::string> local_paths;

  nlohmann::json json() const;
  /// Throws Error(kInput), naming `file`.
  static ShardRecord from_json(const nlohmann::json& object, const std::string& file);
};

class ShardFolder {
 public:
  static constexpr const char* kBatches = "batches.jsonl";
  static std::string line_of(size_t set, int64_t batch, const EvaluatedBatch& evaluated);

  /// Reads run.json. Throws Error(kInput) with one sentence for what is no finished shard.
  explicit ShardFolder(const std::filesystem::path& folder);

  const std::filesystem::path& path() const { return path_; }
  const ShardRecord& record() const { return record_; }
  const nlohmann::json& document() const { return document_; }  ///< run.json
  Shard shard() const { return record_.shard; }
  /// Keeps the shard's place among the others, and nothing else of run.json: of many, one is enough.
  void forget_document();

  /// The next line, which must be that batch, pairs first … first + count − 1. With `close` the file is
  /// opened anew at the next call: more shards than files may be open. Throws Error(kInput).
  EvaluatedBatch next(size_t set, int64_t batch, int64_t first, int64_t count, bool close);
  /// Throws Error(kInput) where there are more lines.
  void check_end();

 private:
  std::string next_line();

  std::filesystem::path path_;
  nlohmann::json document_;
  ShardRecord record_;
  std::ifstream lines_;
  std::streamoff place_ = 0;
};

}  // namespace latentpath
