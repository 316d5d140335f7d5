// latentpath interpolate: a path, or a batch of paths, in a model's latent space.

#include "film_call.h"

namespace latentpath::program {

Subcommand interpolate() {
  return filmed_subcommand(
      "interpolate", "A path, or a batch of paths, in a model's latent space",
      "Examples:\n"
      "  latentpath interpolate --decoder mnist-dcgan-2 --classifier mnist-classifier --favor 8 \\\n"
      "      --from seed:23 --to seed:30 --out runs/eights --video morph.mp4\n"
      "  latentpath interpolate --decoder my.pt --prior normal --pairs pairs.npy --out runs/mine\n",
      interpolate_option_table(), film_option_table());
}

}  // namespace latentpath::program
