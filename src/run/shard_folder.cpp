#include "run/shard_folder.h"

#include <system_error>

#include "latentpath/core/error.h"
#include "latentpath/core/option_table.h"
#include "latentpath/io/file.h"
#include "latentpath/io/json.h"

namespace latentpath {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

WarningKind kind_of(const std::string& name) {
  for (const WarningKind kind : {WarningKind::kSpeed, WarningKind::kScope, WarningKind::kTold})
    if (name == warning_kind_name(kind)) return kind;
  return WarningKind::kFigures;
}

json sets_json(const ShardRecord& record) {
  json sets = json::array();
  for (size_t i = 0; i < record.sets.size(); ++i)
    sets.push_back({{"feature", record.sets[i].feature},
                    {"method", record.sets[i].method},
                    {"epsilon", record.sets[i].epsilon},
                    {"favored", record.sets[i].favored},
                    {"pairs", record.pairs_of_sets[i]}});
  return sets;
}

/// A record that says of itself that it is whole may still contradict itself.
bool consistent(const ShardRecord& record) {
  const auto [index, of] = record.shard;
  bool good = 1 <= index && index <= of && record.pairs >= 1 && record.batch >= 1 && record.methods >= 1 &&
              record.epsilons >= 1 && !record.sets.empty() && record.sets.size() % record.methods == 0;
  for (const int64_t pairs : record.pairs_of_sets) good = good && 1 <= pairs && pairs <= record.pairs;
  return good;
}

/// What a folder without a shard's run.json is instead.
[[noreturn]] void refuse_folder(const fs::path& folder) {
  std::error_code code;
  const fs::path partial = folder.string() + ".partial";
  if (fs::is_regular_file(folder / "options.json", code))
    throw Error(
        ErrorKind::kInput,
        join_message(folder.string(), " holds the finished batches of an unfinished run: the command ",
                     "that began it goes on with `resume`"));
  if (fs::is_regular_file(partial / "options.json", code))
    throw Error(ErrorKind::kInput,
                join_message("the shard ", folder.string(), " is unfinished, its finished batches are in ",
                             partial.string(), ": the command that began it goes on with `resume`"));
  if (!fs::exists(folder, code))
    throw Error(ErrorKind::kInput, join_message("there is no folder ", folder.string()));
  throw Error(ErrorKind::kInput, join_message(folder.string(), " is not a run folder: it has no run.json"));
}

}  // namespace

json ShardRecord::json() const {
  using nlohmann::json;
  json used_figures = json::array(), told = json::array();
  for (size_t i = 0; i < kPathFigures; ++i)
    if (used[i]) used_figures.push_back(path_figure_descriptions()[i].id);
  for (const Warning& warning : warnings)
    told.push_back({{"text", static_cast<const std::string&>(warning)},
                    {"kind", warning_kind_name(warning.kind)},
                    {"pair", warning.pair}});
  return {{"index", shard.index},
          {"of", shard.of},
          {"pairs", pairs},
          {"batch", batch},
          {"fingerprint", fingerprint},
          {"rows", sets_json(*this)},
          {"methods", methods},
          {"epsilons", epsilons},
          {"figures", used_figures},
          {"warnings", told},
          {"share_of_prior", shares},
          {"classifier", classifier},
          {"facts", facts},
          {"local_paths", local_paths}};
}

ShardRecord ShardRecord::from_json(const nlohmann::json& object, const std::string& file) {
  using nlohmann::json;
  ShardRecord record;
  try {
    record.shard = {object.at("index").get<int64_t>(), object.at("of").get<int64_t>()};
    record.pairs = object.at("pairs").get<int64_t>();
    record.batch = object.at("batch").get<int64_t>();
    record.fingerprint = object.at("fingerprint");
    for (const json& row : object.at("rows")) {
      record.sets.push_back({.feature = row.at("feature").get<std::string>(),
                             .method = row.at("method").get<std::string>(),
                             .epsilon = row.at("epsilon").get<double>(),
                             .favored = row.at("favored").get<bool>()});
      record.pairs_of_sets.push_back(row.at("pairs").get<int64_t>());
    }
    record.methods = object.at("methods").get<size_t>();
    record.epsilons = object.at("epsilons").get<size_t>();
    record.used.assign(kPathFigures, false);
    for (const json& id : object.at("figures"))
      for (size_t i = 0; i < kPathFigures; ++i)
        if (id.get<std::string>() == path_figure_descriptions()[i].id) record.used[i] = true;
    for (const json& warning : object.at("warnings"))
      record.warnings.push_back({warning.at("text").get<std::string>(),
                                 kind_of(warning.at("kind").get<std::string>()),
                                 warning.at("pair").get<int64_t>()});
    record.shares = object.at("share_of_prior");
    record.classifier = object.at("classifier");
    record.facts = object.at("facts");
    record.local_paths = object.at("local_paths").get<std::vector<std::string>>();
  } catch (const json::exception&) {
    record.sets.clear();
  }
  LATENTPATH_CHECK(consistent(record) && record.fingerprint.is_object() &&
                       record.fingerprint.value("options", json()).is_object() &&
                       record.fingerprint.value("files", json()).is_object() && record.facts.is_object() &&
                       record.shares.is_object(),
                   kInput, file, " is damaged, or of another version: its \"shard\" is not what `latentpath ",
                   "evaluate` writes");
  return record;
}

std::string ShardFolder::line_of(size_t set, int64_t batch, const EvaluatedBatch& evaluated) {
  json line = evaluated_batch_json(evaluated);
  line["row"] = set;
  line["batch"] = batch;
  return line.dump() + "\n";
}

ShardFolder::ShardFolder(const fs::path& folder) : path_(folder) {
  std::error_code code;
  const fs::path file = folder / "run.json";
  if (!fs::is_regular_file(file, code)) refuse_folder(folder);
  document_ = parse_json(read_file(file));
  LATENTPATH_CHECK(document_.is_object(), kInput, file.string(), " is not valid JSON");
  const json kind = document_.value("subcommand", json());
  LATENTPATH_CHECK(kind == "evaluate", kInput, folder.string(), " is no shard of a table, but ",
                   kind.is_string() ? "the run of `latentpath " + kind.get<std::string>() + "`"
                                    : "a folder of something else");
  LATENTPATH_CHECK(document_.contains("shard"), kInput, folder.string(),
                   " is a whole table: there is nothing to merge it with");
  record_ = ShardRecord::from_json(document_["shard"], file.string());
  LATENTPATH_CHECK(document_.value("options", json()).is_object() &&
                       document_.value("seed", json()).is_number_unsigned() &&
                       document_.value("threads", json()).is_number_integer() &&
                       document_.value("assumptions", json()).is_array(),
                   kInput, file.string(), " is damaged: options, seed, threads or assumptions are missing");
}

void ShardFolder::forget_document() {
  document_ = json();
  const ShardRecord all = std::move(record_);
  record_ = ShardRecord();
  record_.shard = all.shard;
}

std::string ShardFolder::next_line() {
  if (!lines_.is_open()) {
    lines_.open(path_ / kBatches, std::ios::binary);
    LATENTPATH_CHECK(lines_.good(), kInput, "cannot read ", (path_ / kBatches).string(),
                     ": copy the shard again, or compute it again");
    lines_.seekg(place_);
  }
  std::string line;
  std::getline(lines_, line);
  return line;
}

EvaluatedBatch ShardFolder::next(size_t set, int64_t batch, int64_t first, int64_t count, bool close) {
  const json object = parse_json(next_line());
  std::optional<EvaluatedBatch> found;
  if (object.is_object() && object.value("row", json()) == set && object.value("batch", json()) == batch)
    found = evaluated_batch_from_json(object, first, count);
  LATENTPATH_CHECK(found, kInput, (path_ / kBatches).string(), " is damaged or cut short: batch ", batch + 1,
                   " of row ", set + 1, " is missing; copy the shard again, or compute it again");
  if (close) {
    place_ = lines_.tellg();
    lines_.close();
  }
  return *std::move(found);
}

void ShardFolder::check_end() {
  LATENTPATH_CHECK(next_line().empty() && lines_.eof(), kInput, (path_ / kBatches).string(),
                   " has more batches than its run.json tells of: copy the shard again, or compute it again");
  lines_.close();
}

}  // namespace latentpath
