#pragma once
// The jobs around the zoo: training a model, fetching a data set, and looking at the shipped models.
//
//   std::cout << execute(DataJob{.name = "mnist"}).text;
//   execute(TrainJob{.name = "mnist-vae-8", .training = {.out = "vae.pt"}});
//   nlohmann::json cards = execute(ModelsJob{.folders = {"models"}}).summary;

#include <filesystem>
#include <string>
#include <vector>

#include "latentpath/run/run_record.h"
#include "latentpath/zoo/training.h"

namespace latentpath {

struct TrainJob {
  std::string name;  ///< trainable_models()
  TrainingOptions training = {};
  bool card_only = false;                           ///< measure the finished model again and rewrite its card
  std::vector<std::filesystem::path> folders = {};  ///< where names of models are sought
};
const OptionTable<TrainJob>& train_option_table();
RunRecord execute(const TrainJob& job, const RunObserver& observer = {},
                  const CancellationToken& cancellation = {});

struct DataJob {
  std::string name;
  std::string out = {};
};
const OptionTable<DataJob>& data_option_table();
RunRecord execute(const DataJob& job, const RunObserver& observer = {},
                  const CancellationToken& cancellation = {});

struct ModelsJob {
  std::string name = {};                            ///< whose card to show; empty: a list of all
  std::vector<std::filesystem::path> folders = {};  ///< where models are sought
};
const OptionTable<ModelsJob>& models_option_table();
RunRecord execute(const ModelsJob& job);

}  // namespace latentpath
