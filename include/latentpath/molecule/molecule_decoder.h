#pragma once
// What a path between molecules needs of a model: the molecules of latents, and the latents of its ends. The
// junction tree VAE is one (jtvae.h), a program of one's own another (command_decoder.h).
//
//   const MoleculeDecoder& decoder = vae;
//   auto molecules = decoder.molecules_of(at::randn({10, decoder.latent_dim()}));
//   if (molecules[0]) std::cout << molecules[0]->molecule.smiles() << "\n";

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Generator.h>

#include "latentpath/core/progress.h"
#include "latentpath/core/tensor.h"
#include "latentpath/molecule/molecule.h"

namespace latentpath {

struct DecodedMolecule {
  Molecule molecule;
  bool partial = false;  ///< some clusters of the tree could not be attached, and are left out
  bool gave_up = false;  ///< a limit was reached: see DecodeLimits
};

/// A latent that stands for a molecule.
struct MoleculeCode {
  Tensor latent;            ///< [D]
  bool exact = false;       ///< it decodes to the molecule
  bool moved = false;       ///< it is not the encoder's mean
  DecodedMolecule decoded;  ///< what it decodes to
};

class MoleculeDecoder {
 public:
  virtual ~MoleculeDecoder() = default;

  virtual int64_t latent_dim() const = 0;
  virtual std::string describe() const = 0;

  /// z [n, D] → n molecules, none where a latent stands for none. What a latent decodes to does not depend on
  /// its neighbours; many at once cost less than one by one.
  virtual std::vector<std::optional<DecodedMolecule>> molecules_of(
      const Tensor& latents, const CancellationToken& token = {}) const = 0;

  /// A latent that decodes to the molecule, or else the nearest that is known. Throws Error(kArgument) for
  /// molecules that the model does not know.
  virtual MoleculeCode find_code(const Molecule& molecule) const = 0;

  /// The latent [D] at which a property of latents is asked for a molecule; none where there is none.
  virtual std::optional<Tensor> code_of(const Molecule& molecule) const = 0;

  /// For sentences about latents that stand for no molecule: why the first did not, where that is known,
  /// " (the first that was refused: …)".
  virtual std::string why_none() const { return ""; }
};

/// Latents of a distribution, and what they decode to: what a property is learned from.
struct MoleculeDraws {
  Tensor codes;                                         ///< [n, D]
  std::vector<std::optional<DecodedMolecule>> decoded;  ///< n
};

/// Throws Error(kInterrupted) where cancelled.
MoleculeDraws draw_molecules(const MoleculeDecoder& decoder,
                             const std::function<Tensor(int64_t count, at::Generator& generator)>& sampler,
                             int64_t count, uint64_t seed, const ProgressObserver& progress = {},
                             const CancellationToken& token = {});

}  // namespace latentpath
