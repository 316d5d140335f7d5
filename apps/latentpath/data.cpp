// latentpath data NAME: fetches or draws a data set, and checks it.

#include <iostream>

#ifdef LATENTPATH_MOLECULES
#include "latentpath/molecule/train_jtvae_job.h"
#endif
#include "latentpath/core/error.h"
#include "latentpath/run/zoo_jobs.h"
#include "program.h"

namespace latentpath::program {
namespace {

struct DataCall {
  DataJob job;
  bool quiet = false;
};

const OptionTable<DataCall>& table() {
  static const auto instance = OptionTable<DataCall>()
                                   .include(&DataCall::job, data_option_table())
                                   .add("quiet", &DataCall::quiet)
                                   .help("Show no progress");
  return instance;
}

void run(const DataCall& call) {
  RunObserver observer;
  if (!call.quiet)
    observer.progress = [&](const Progress& progress) {
      std::cerr << call.job.name << ": " << progress.stage;
      if (progress.total > 0) std::cerr << " " << progress.done << " of " << progress.total;
      std::cerr << "\n";
    };
  if (call.job.name != "jtvae-zinc" && call.job.name != "moses")
    std::cout << execute(call.job, observer, interrupt_token()).text;
  else
#ifdef LATENTPATH_MOLECULES
    std::cout << fetch_molecules(call.job, observer, interrupt_token());
#else
    throw Error(ErrorKind::kArgument, kWithoutMolecules);
#endif
  check_standard_output();
}

}  // namespace

Subcommand data() {
  return declare<DataCall>("data", "Fetch or draw a data set, and check it", "", table(), run);
}

}  // namespace latentpath::program
