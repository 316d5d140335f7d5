// latentpath evaluate: many pairs by features by methods, in one table.

#include "run_job.h"

namespace latentpath::program {

Subcommand evaluate() {
  return job_subcommand(
      "evaluate", "A table over many pairs: methods by features, as in the papers",
      "Examples:\n"
      "  latentpath evaluate --decoder mnist-dcgan-8 --classifier mnist-classifier --favor 8 --avoid 8 \\\n"
      "      --pairs 200 --methods linear,spherical,paper,ours --out runs/eights\n"
      "  latentpath evaluate --decoder mnist-dcgan-8 --prior normal --epsilon 0.001,0.01,0.1,0.25 --pairs "
      "20\n"
      "Finished batches of an interrupted run are kept for --resume.\n",
      evaluate_option_table());
}

}  // namespace latentpath::program
