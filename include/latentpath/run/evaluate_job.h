#pragma once
// A table over many pairs, features by methods, as in paper A's Tables 1 and 2: the job of `latentpath
// evaluate`.
//
//   EvaluateJob job{.models = {.decoder = "mnist-dcgan-8", .classifier = "mnist-classifier"},
//                   .favor = {"8"}, .pairs = "200", .methods = {"linear", "ours"}};
//   EvaluateRun run = execute(job);
//   std::cout << run.text;

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/path/find_path.h"
#include "latentpath/run/encoder.h"
#include "latentpath/run/evaluation_table.h"
#include "latentpath/run/models.h"
#include "latentpath/run/prior.h"
#include "latentpath/run/run_record.h"

namespace latentpath {

struct EvaluateJob {
  ModelOptions models;
  EncoderOptions encoding;                ///< for `cycle`
  std::vector<std::string> favor, avoid;  ///< each is a row for each method
  PriorOptions prior;
  double odds = 4;       ///< s of the favoured probability P: P/(P + s (1 − P)); 1: P itself
  double sharpness = 1;  ///< p, to the power of which that is taken
  std::string ramp = "on";
  std::string guard = "on";    ///< as in InterpolateJob
  std::string cycle = "auto";  ///< likewise
  std::string judge;           ///< likewise
  std::string data_density =
      "auto";  ///< likewise; auto: where `methods` or `density_regularisation` are about it
  std::vector<double> epsilon{0.1};  ///< rows for each; path.epsilon is not looked at

  std::string pairs = "100";             ///< how many are drawn, or FILE.npy [pairs, 2, D]
  std::string ends;                      ///< which draws may be ends: "not", "opposite", "any"; empty: chosen
  std::string start_region, end_region;  ///< "0>4,1<-5"

  std::vector<std::string> methods{"linear", "spherical", "ours"};  ///< evaluation_method(), or NAME:PAIRS
  PathOptions path;
  int64_t batch = 10;  ///< pairs sought together, and kept when a run is interrupted
  int64_t threads = 0;
  std::string shard;           ///< "3/7": the third of seven parts (run/shard.h); empty: the whole table
  std::string seconds = "on";  ///< "off": the figure is left out, and the same job gives the same bytes

  int64_t frames = 50;                             ///< of each path
  int64_t curves = 16;                             ///< pairs of each row whose frames stand in frames.csv
  std::vector<std::string> picture_format{"png"};  ///< png, svg, pdf
  std::string out;  ///< finished batches are kept in OUT.partial until the run is complete
  bool resume = false, overwrite = false;

  // What a caller has in memory, and no options:
  /// Rows of the caller's own, after those of `favor` and `avoid`, made when the models are loaded.
  std::function<std::vector<Feature>(Models&)> own_features = {};
  Tensor own_pairs = {};  ///< [pairs, 2, D], in the place of `pairs`
  /// A cancelled run is the record of the batches finished until then, with a failure, where there are any.
  bool keep_finished = false;
};
const OptionTable<EvaluateJob>& evaluate_option_table();

/// Of a shard, the sets are its part, there are no rows, and the files are what merge_shards() reads.
struct EvaluateRun : RunRecord {
  std::vector<EvaluatedSet> sets;   ///< by feature, then ε, then method; empty where shards were merged
  std::vector<EvaluationRow> rows;  ///< of the table, likewise
  size_t methods = 0, epsilons = 0;
  nlohmann::json shares = nlohmann::json::object();  ///< of prior samples that have each class
  std::filesystem::path
      kept;  ///< where finished batches are, until the run folder is written; empty: nowhere
};

/// Throws Error(kInterrupted) when cancelled, but for `keep_finished`: a search cut short belongs into no
/// table.
EvaluateRun execute(const EvaluateJob& job, const RunObserver& observer = {},
                    const CancellationToken& cancellation = {});

/// Removes the finished batches of a run whose folder has been written.
void forget_batches(const EvaluateRun& run);

}  // namespace latentpath
