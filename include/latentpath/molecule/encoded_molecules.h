#pragma once
// Molecules with their latents and properties: what regressors learn from. Encoding costs most of the time,
// and is kept on the way: an interrupted call goes on where it was.
//
//   EncodingOptions options{.molecules = 50'000, .folder = "data/jtvae-zinc/encoded"};
//   const auto smiles = moses_molecules("train", "data/jtvae-zinc");
//   EncodedMolecules known = encode_molecules(vae, smiles, accessibility, options);
//   train_property_model(known, vae.describe(), "data/jtvae-zinc/jtvae-zinc-properties.pt");

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/core/tensor.h"
#include "latentpath/molecule/jtvae.h"
#include "latentpath/molecule/properties.h"

namespace latentpath {

/// "logp", "qed", "sa", in the order of columns wherever properties are numbers side by side.
const std::vector<std::string>& latent_properties();
/// The column of a property; Error(kArgument) with the names that exist.
int64_t latent_property(const std::string& name);
/// The value of a column for a molecule.
double property_value(const MoleculeProperties& properties, int64_t column);

struct EncodedMolecules {
  Tensor rows;           ///< [n] int64: places in the list
  Tensor codes, values;  ///< [n, D], [n, properties] float32, in the order of latent_properties()
  int64_t left_out = 0;  ///< those that cannot be read, or have fragments outside of the vocabulary
};

struct EncodingOptions {
  int64_t molecules = 50'000;         ///< taken evenly from the list
  std::filesystem::path folder = {};  ///< where parts of a thousand are kept; none: nowhere
};

/// Throws Error(kInterrupted) where cancelled: the parts that are complete stay. Parts are named after the
/// number of molecules and of the list's entries; a folder is for one model.
EncodedMolecules encode_molecules(const JunctionTreeVae& vae, const std::vector<std::string>& smiles,
                                  const SyntheticAccessibility& accessibility,
                                  const EncodingOptions& options = {}, const ProgressObserver& progress = {},
                                  const CancellationToken& token = {});

}  // namespace latentpath
