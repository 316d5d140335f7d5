#include "latentpath/run/merge_job.h"

#include <torch/version.h>

#include <algorithm>
#include <map>
#include <memory>
#include <system_error>

#include "latentpath/core/error.h"
#include "latentpath/core/version.h"
#include "latentpath/io/file_writer.h"
#include "latentpath/io/npy_stream.h"
#include "run/evaluation_record.h"
#include "run/shard_folder.h"

namespace latentpath {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// More shards than that are opened and closed for each batch: a process may have some thousand files open.
constexpr size_t kMostOpen = 200;
constexpr size_t kMostNamed = 10;

void check_job(const MergeJob& job) {
  LATENTPATH_CHECK(!job.shards.empty(), kArgument, "`shards` names no folder");
  std::error_code code;
  for (const std::string& shard : job.shards)
    LATENTPATH_CHECK(
        job.out.empty() || fs::weakly_canonical(shard, code) != fs::weakly_canonical(job.out, code),
        kArgument, "`out` ", job.out, " is one of the shards: choose another folder");
}

/// A fingerprint without the paths of files whose bytes it knows.
json comparable(json fingerprint) {
  for (const auto& [name, hash] : fingerprint["files"].items()) fingerprint["options"].erase(name);
  return fingerprint;
}

class Merger {
 public:
  Merger(const MergeJob& job, fs::path folder, const RunObserver& observer,
         const CancellationToken& cancellation)
      : job_(job), folder_(std::move(folder)), observer_(observer), cancellation_(cancellation) {}
  EvaluateRun run();

 private:
  const ShardFolder& first() const { return *shards_.at(1); }
  const ShardRecord& record() const { return first().record(); }
  void open();
  void compare(const ShardFolder& shard, const ShardFolder& other) const;
  void check_complete(int64_t of) const;
  void merge_rows();
  EvaluationRow merge_row(size_t set, FileWriter& paths, FileWriter& frames);
  void merge_ends();
  void warn(const std::string& sentence);

  const MergeJob& job_;
  fs::path folder_;
  const RunObserver& observer_;
  CancellationToken cancellation_;
  EvaluateRun run_;
  std::map<int64_t, std::unique_ptr<ShardFolder>> shards_;  ///< by index
  std::vector<bool> used_ = std::vector<bool>(kPathFigures, false);
  std::vector<Warning> warnings_;
  int64_t curves_ = 0, done_ = 0, total_ = 0;  ///< pairs in frames.csv; batches
};

/// Opens every shard, and makes sure that they are the parts of one table.
void Merger::open() {
  std::unique_ptr<ShardFolder> reference;  // keeps its document until the first shard is known
  for (const std::string& folder : job_.shards) {
    auto shard = std::make_unique<ShardFolder>(folder);
    const auto same = shards_.find(shard->shard().index);
    if (reference) compare(*shard, *reference);
    LATENTPATH_CHECK(same == shards_.end(), kInput, same->second->path().string(), " and ", folder,
                     " are both the shard ", shard->shard().index, " of ", shard->shard().of,
                     ": give one of them");
    for (size_t i = 0; i < kPathFigures; ++i) used_[i] = used_[i] || shard->record().used[i];
    run_.local_paths.insert(run_.local_paths.end(), shard->record().local_paths.begin(),
                            shard->record().local_paths.end());
    run_.local_paths.push_back(folder);
    if (!reference) reference = std::make_unique<ShardFolder>(folder);
    if (shard->shard().index != 1) shard->forget_document();
    shards_.emplace(shard->shard().index, std::move(shard));
  }
  check_complete(reference->shard().of);
}

void Merger::compare(const ShardFolder& shard, const ShardFolder& other) const {
  const std::string ours = shard.path().string(), theirs = other.path().string();
  LATENTPATH_CHECK(shard.shard().of == other.shard().of, kInput, ours, " is one of ", shard.shard().of,
                   " shards, and ", theirs, " one of ", other.shard().of, ": they do not make a table");
  const json a = comparable(shard.record().fingerprint), b = comparable(other.record().fingerprint);
  const bool same = a == b && shard.record().pairs == other.record().pairs &&
                    shard.record().batch == other.record().batch &&
                    shard.record().pairs_of_sets == other.record().pairs_of_sets;
  LATENTPATH_CHECK(same, kInput, "the shards ", theirs, " and ", ours, " differ in ", differences(a, b),
                   ": they are not parts of one table; compute one of them again");
}

void Merger::check_complete(int64_t of) const {
  std::string missing;
  size_t named = 0;
  const int64_t count = of - static_cast<int64_t>(shards_.size());
  for (int64_t index = 1; index <= of && named < kMostNamed; ++index) {
    if (shards_.count(index) != 0) continue;
    missing += (named++ == 0 ? "" : ", ") + std::to_string(index);
  }
  const int64_t more = count - static_cast<int64_t>(named);
  LATENTPATH_CHECK(count == 0, kInput, count == 1 ? "the shard " : "the shards ", missing,
                   more > 0 ? join_message(" and ", more, " more") : std::string(), " of ", of,
                   count == 1 ? " is missing" : " are missing", ": a table needs them all");
}

void Merger::warn(const std::string& sentence) {
  if (std::find(warnings_.begin(), warnings_.end(), sentence) != warnings_.end()) return;
  warnings_.emplace_back(sentence);
}

EvaluationRow Merger::merge_row(size_t set, FileWriter& paths, FileWriter& frames) {
  const EvaluatedSet& named = record().sets[set];
  const int64_t pairs = record().pairs_of_sets[set], size = record().batch;
  const auto shards = static_cast<int64_t>(shards_.size());
  EvaluationRowBuilder builder;
  for (int64_t batch = 0; batch * size < pairs; ++batch) {
    LATENTPATH_CHECK(!cancellation_.cancelled(), kInterrupted,
                     "interrupted: nothing is written, and the shards are as they were");
    const int64_t begin = batch * size, count = std::min(size, pairs - begin);
    const EvaluatedBatch found =
        shards_.at(batch % shards + 1)->next(set, batch, begin, count, shards_.size() > kMostOpen);
    for (const EvaluatedPath& path : found.paths) {
      builder.add(path);
      paths.append(evaluation_paths_line(named, path, used_));
      if (path.pair < curves_) frames.append(evaluation_frames_lines(named, path));
    }
    for (const std::string& sentence : found.warnings) warn(sentence);
    if (observer_.progress) observer_.progress({"merging", ++done_, total_, 0});
  }
  EvaluationRow row = builder.row();
  row.feature = named.feature;
  row.method = named.method;
  row.epsilon = named.epsilon;
  row.favored = named.favored;
  return row;
}

void Merger::merge_rows() {
  FileWriter paths(folder_ / "paths.csv"), frames(folder_ / "frames.csv");
  paths.append(evaluation_paths_heading(used_));
  frames.append(evaluation_frames_heading());
  for (const int64_t pairs : record().pairs_of_sets) total_ += (pairs + record().batch - 1) / record().batch;
  for (size_t set = 0; set < record().sets.size(); ++set) run_.rows.push_back(merge_row(set, paths, frames));
  for (const auto& [index, shard] : shards_) shard->check_end();
  paths.close();
  frames.close();
}

/// Of shards that may all be open at once, else of one after the other.
class EndsOfShards {
 public:
  explicit EndsOfShards(const std::map<int64_t, std::unique_ptr<ShardFolder>>& shards) : shards_(shards) {}
  NpyReader& of(int64_t index) {
    if (open_.size() >= kMostOpen && open_.count(index) == 0) open_.clear();
    return open_.try_emplace(index, shards_.at(index)->path() / "ends.npy").first->second;
  }

 private:
  const std::map<int64_t, std::unique_ptr<ShardFolder>>& shards_;
  std::map<int64_t, NpyReader> open_;
};

void Merger::merge_ends() {
  const int64_t pairs = record().pairs, size = record().batch, shards = static_cast<int64_t>(shards_.size());
  EndsOfShards ends(shards_);
  std::vector<int64_t> shape = ends.of(1).shape();
  const at::ScalarType dtype = ends.of(1).dtype();
  for (const auto& [index, shard] : shards_) {
    const std::vector<int64_t>& stored = ends.of(index).shape();
    const auto own = static_cast<int64_t>(shard->shard().pairs(pairs, size).size());
    const bool good = stored.size() == 4 && ends.of(index).dtype() == dtype && stored[0] == shape[0] &&
                      stored[1] == own && stored[2] == 2 && stored[3] == shape[3];
    LATENTPATH_CHECK(good, kInput, (shard->path() / "ends.npy").string(), " holds an array ",
                     shape_string(stored), ", and the ends of ", own,
                     " pairs belong there: copy the shard again, or compute it again");
  }
  const int64_t features = shape[0], numbers = 2 * shape[3];  // of a pair
  shape[1] = pairs;
  NpyWriter all(folder_ / "ends.npy", dtype, shape);
  for (int64_t feature = 0; feature < features; ++feature)
    for (int64_t batch = 0; batch * size < pairs; ++batch) {
      NpyReader& part = ends.of(batch % shards + 1);
      const int64_t begin = feature * part.shape()[1] + batch / shards * size;
      const int64_t count = std::min(size, pairs - batch * size);
      all.append(part.read(begin * numbers, count * numbers));
    }
  all.close();
}

EvaluateRun Merger::run() {
  open();
  const json& document = first().document();
  LATENTPATH_CHECK(
      record().fingerprint["version"] == kVersion && record().fingerprint["libtorch"] == TORCH_VERSION,
      kInput, "the shards were made by LatentPath ", record().fingerprint["version"].dump(),
      " with LibTorch ", record().fingerprint["libtorch"].dump(), ", and this is ", kVersion, " with ",
      TORCH_VERSION, ": merge them with the program that made them");
  run_.subcommand = "evaluate";
  run_.methods = record().methods;
  run_.epsilons = record().epsilons;
  run_.shares = record().shares;
  run_.facts = record().facts;
  warnings_ = record().warnings;
  try {
    run_.options = document.at("options");
    run_.options["shard"] = nullptr;
    run_.seed = document.at("seed").get<uint64_t>();
    run_.threads = document.at("threads").get<int64_t>();
    run_.assumptions = document.at("assumptions").get<std::vector<std::string>>();
    curves_ = run_.options.at("curves").get<int64_t>();
    run_.options.at("picture-format").get<std::vector<std::string>>();
  } catch (const json::exception&) {
    throw Error(ErrorKind::kInput, join_message((first().path() / "run.json").string(),
                                                " is damaged: its options are not those of a table"));
  }
  merge_rows();
  merge_ends();
  run_.warnings = warnings_;
  for (const std::string& sentence : run_.warnings)
    if (observer_.warning) observer_.warning(sentence);
  tell_table(run_.rows, warnings_, run_.shares, record().classifier, run_);
  return std::move(run_);
}

OptionTable<MergeJob> make_table() {
  using J = MergeJob;
  OptionTable<J> t;
  t.add("SHARDS", &J::shards)
      .help("Run folders of `latentpath evaluate --shard`, all of one table, in any order")
      .names_file()
      .positional()
      .required();
  add_output(
      t, &J::out, &J::overwrite,
      "run.json, table.csv, paths.csv, frames.csv, ends.npy, report.html, as one run would have written "
      "them")
      .edit("out")
      .required();
  return t.rule(check_job);
}

}  // namespace

const OptionTable<MergeJob>& merge_option_table() {
  static const OptionTable<MergeJob> table = make_table();
  return table;
}

EvaluateRun merge_shards(const MergeJob& job, const fs::path& folder, const RunObserver& observer,
                         const CancellationToken& cancellation) {
  merge_option_table().validate(job);
  return Merger(job, folder, observer, cancellation).run();
}

}  // namespace latentpath
