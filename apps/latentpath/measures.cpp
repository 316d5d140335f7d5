// latentpath measures: a path between two samples.

#include "run_job.h"

namespace latentpath::program {

Subcommand measures() {
  return job_subcommand(
      "measures", "A path between two samples",
      "Examples:\n"
      "  latentpath measures --example 1 --out runs/example1\n"
      "  latentpath measures --from a.csv --to b.csv --kind displacement --steps 20 --out runs/transport\n",
      measures_option_table());
}

}  // namespace latentpath::program
