// latentpath train NAME: trains a zoo model.

#include <iostream>

#include "latentpath/run/zoo_jobs.h"
#include "program.h"
#include "progress_line.h"

namespace latentpath::program {
namespace {

struct TrainCall {
  TrainJob job;
  bool quiet = false;
};

const OptionTable<TrainCall>& table() {
  static const auto instance = OptionTable<TrainCall>()
                                   .include(&TrainCall::job, train_option_table())
                                   .add("quiet", &TrainCall::quiet)
                                   .help("Show no progress");
  return instance;
}

void run(TrainCall& call) {
  call.job.folders = model_folders();
  ProgressLine line("loss", call.quiet);
  RunObserver observer;
  observer.progress = [&](const Progress& progress) { line(progress); };
  const RunRecord record = execute(call.job, observer, interrupt_token());
  line.finish();
  std::cout << record.text;
  check_standard_output();
}

}  // namespace

Subcommand train() {
  return declare<TrainCall>("train", "Train a model of the zoo and write it with its card", "", table(), run);
}

}  // namespace latentpath::program
