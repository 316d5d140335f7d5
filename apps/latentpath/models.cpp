// latentpath models: lists the shipped models and shows their cards.

#include <iostream>

#include "latentpath/run/zoo_jobs.h"
#include "program.h"

namespace latentpath::program {
namespace {

struct ModelsCall {
  ModelsJob job;
  bool json = false;
};

const OptionTable<ModelsCall>& table() {
  static const auto instance = OptionTable<ModelsCall>()
                                   .include(&ModelsCall::job, models_option_table())
                                   .add("json", &ModelsCall::json)
                                   .help("Print JSON and nothing else");
  return instance;
}

}  // namespace

Subcommand models() {
  return declare<ModelsCall>("models", "List the shipped models, or show the card of one", "", table(),
                             [](ModelsCall& call) {
                               call.job.folders = model_folders();
                               const RunRecord record = execute(call.job);
                               std::cout << (call.json ? record.summary.dump(2) + "\n" : record.text);
                               check_standard_output();
                             });
}

}  // namespace latentpath::program
