// latentpath explore: a page on this machine, to look around in a latent space.

#include <iostream>

#include "latentpath/core/error.h"
#ifdef LATENTPATH_EXPLORE
#include "latentpath/explore/explore_job.h"
#include "latentpath/explore/explore_server.h"
#include "latentpath/explore/explore_session.h"
#endif
#include "open_file.h"
#include "run_job.h"

namespace latentpath::program {

#ifdef LATENTPATH_EXPLORE

namespace {

using ExploreCall = Call<ExploreJob>;

const OptionTable<ExploreCall>& explore_call_table() {
  static const OptionTable<ExploreCall> table =
      OptionTable<ExploreCall>()
          .include(&ExploreCall::job, explore_option_table())
          .include(&ExploreCall::shell, shell_option_table().without({"json"}))
          .edit("open")
          .help("Open the page in the browser");
  return table;
}

void run_explore(ExploreCall& call) {
  explore_call_table().validate(call);
  LATENTPATH_CHECK(has_explore_page(), kArgument,
                   "this program was built without its pages: install nodejs and npm and build it again");
  call.job.search.models.folders = model_folders();
  ProgressLine line("cost", call.shell.quiet);
  ExploreSession session(call.job, observer_for(call.shell, line), interrupt_token());
  line.finish();
  ExploreServer server(session, call.job.port);
  std::cout << server.address() << std::endl;
  check_standard_output();
  if (!call.shell.quiet)
    std::cerr << "The page is at this address, for this machine alone; Ctrl-C ends it.\n";
  if (call.shell.open) open_file(server.address());
  server.run(interrupt_token());
}

}  // namespace

Subcommand explore() {
  return declare<ExploreCall>(
      "explore", "A page to look around in a latent space: drag the ends, watch the path",
      "Examples:\n"
      "  latentpath explore --decoder mnist-vae-8 --classifier mnist-classifier --favor 8 --open\n"
      "  latentpath explore --decoder faces-dcgan-8 --classifier faces-attributes --port 8765\n"
      "Exit codes: 0 ended by Ctrl-C; 2 bad arguments; 3 bad input file; 4 numerical failure; 130 "
      "interrupted "
      "while the models were loaded.",
      explore_call_table(), run_explore);
}

#else

namespace {
struct NoOptions {};
}  // namespace

Subcommand explore() {
  static const OptionTable<NoOptions> table;
  return declare<NoOptions>(
      "explore", "A page to look around in a latent space (not in this build: it needs cpp-httplib)", "",
      table, [](NoOptions&) {
        throw Error(ErrorKind::kArgument,
                    "this program was built without its page: install libcpp-httplib-dev and build it again");
      });
}

#endif

}  // namespace latentpath::program
