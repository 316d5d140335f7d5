// latentpath measures: a path between two samples.

#include "film_call.h"

namespace latentpath::program {

Subcommand measures() {
  return filmed_subcommand(
      "measures", "A path between two samples",
      "Examples:\n"
      "  latentpath measures --example 1 --out runs/example1 --video points.mp4\n"
      "  latentpath measures --from a.csv --to b.csv --kind displacement --steps 20 --out runs/transport\n",
      measures_option_table(),
      film_option_table().without({"rows", "arrange", "film-spacing", "film-pairs"}));
}

}  // namespace latentpath::program
