#include "latentpath/explore/explore_job.h"

namespace latentpath {

ExploreJob::ExploreJob() {
  search.ends.from = "seed:0";
  search.ends.to = "seed:1";
}

const OptionTable<ExploreJob>& explore_option_table() {
  using J = ExploreJob;
  // One pair at a time, and nothing that takes longer than somebody at a page waits.
  static const OptionTable<J> table =
      OptionTable<J>()
          .include(&J::search, interpolate_option_table()
                                   .without({"pairs", "loop", "through", "closed", "tours", "corners",
                                             "tour-allowance", "certify", "out", "overwrite"})
                                   .without_section("nearest"))
          .group("Page")
          .add("port", &J::port)
          .help("Port of the page on this machine")
          .range(1, 65535)
          .zero("any free one")
          .not_recorded()
          .add("out", &J::out)
          .help("Folder that run folders are exported to")
          .names_file()
          .not_recorded();
  return table;
}

}  // namespace latentpath
