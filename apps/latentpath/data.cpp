// latentpath data NAME: fetches or draws a data set, and checks it.

#include <iostream>

#ifdef LATENTPATH_MOLECULES
#include "latentpath/molecule/published_jtvae.h"
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

/// What is no data set of images: molecules, and a model of them with what it needs.
std::string fetch_molecules(const DataJob& job, const RunObserver& observer) {
#ifdef LATENTPATH_MOLECULES
  const std::string out = job.out.empty() ? "data/" + job.name : job.out;
  return job.name == "moses" ? fetch_moses(out, observer.progress, interrupt_token())
                             : fetch_published_models(out, observer.progress, interrupt_token());
#else
  throw Error(ErrorKind::kArgument, job.name +
                                        " is about molecules, and this program was built without them: " +
                                        "install librdkit-dev and libboost-dev and build it again");
#endif
}

void run(const DataCall& call) {
  RunObserver observer;
  if (!call.quiet)
    observer.progress = [&](const Progress& progress) {
      std::cerr << call.job.name << ": " << progress.stage;
      if (progress.total > 0) std::cerr << " " << progress.done << " of " << progress.total;
      std::cerr << "\n";
    };
  if (call.job.name == "jtvae-zinc" || call.job.name == "moses")
    std::cout << fetch_molecules(call.job, observer);
  else
    std::cout << execute(call.job, observer, interrupt_token()).text;
  check_standard_output();
}

}  // namespace

Subcommand data() {
  return declare<DataCall>("data", "Fetch or draw a data set, and check it", "", table(), run);
}

}  // namespace latentpath::program
