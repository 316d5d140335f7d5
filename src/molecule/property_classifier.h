#pragma once
// The property model of the papers (Struski et al. 2023, §7): a classifier of latents, which says how likely
// the molecule of a latent passes the threshold. It stands beside the regressors of PropertyModel to be
// compared with: it sees far fewer molecules, draws of N(0, I) where real ones hardly are, and of each only
// whether it passes.
//
//   const MoleculeDraws draws = draw_molecules(vae, normal_sampler(vae.latent_dim()), kPapersDraws, seed);
//   const ClassifiedProperty low = classified_property("logp", 0, false, draws, accessibility, seed);

#include <cstdint>
#include <string>

#include "latentpath/molecule/sought_property.h"

namespace latentpath {

constexpr int64_t kPapersDraws = 5000;

struct ClassifiedProperty {
  SoughtProperty property;  ///< whose `predict` is the probability P(z), and `reaches` the same at any width
  double roc_area = 0;      ///< over draws that it has not seen
  int64_t passing = 0, seen = 0, held_out = 0;  ///< draws; those of all that pass
};

/// P(z) of four layers D → 256 → 256 → 256 → 1 with ReLU, batch norm and dropout (0.2), fitted by Adam to
/// whether what draws decode to passes; a tenth is held out. By one thread: the same draws and seed give the
/// same. Throws Error(kInput) where fewer than twenty pass, or fewer than twenty do not.
/// @param name  "logp", "qed" or "sa"
ClassifiedProperty classified_property(const std::string& name, double threshold, bool above,
                                       const MoleculeDraws& draws,
                                       const SyntheticAccessibility& accessibility, uint64_t seed,
                                       const ProgressObserver& progress = {},
                                       const CancellationToken& token = {});

}  // namespace latentpath
