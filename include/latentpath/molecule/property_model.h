#pragma once
// Properties as functions of the latent: what a path is led by. Two small networks of different beginnings
// predict log P, QED and SA of the molecule that a latent was encoded from; where a path may go is told by
// the Gaussian of encoded molecules, since these lie outside of N(0, I).
//
//   PropertyModel model("data/jtvae-zinc/jtvae-zinc-properties.pt");
//   Tensor predicted = model.predict(codes);                          // [n, 2, 3]: networks, properties
//   QualityPointer good = model.reaches("logp", 0, false, 1.0);       // predictions below 0
//   QualityPointer known = model.typical();

#include <ATen/core/Generator.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/core/tensor.h"
#include "latentpath/metric/quality.h"
#include "latentpath/molecule/encoded_molecules.h"
#include "latentpath/molecule/molecule_decoder.h"
#include "latentpath/molecule/properties.h"

namespace latentpath {

/// What networks have learned from draws.
struct LearnedProperties {
  std::vector<double> r2;          ///< [properties], over molecules that no network has seen
  int64_t seen = 0, held_out = 0;  ///< molecules
};

class PropertyModel {
 public:
  /// A file that train_property_model() wrote. Throws Error(kInput).
  explicit PropertyModel(const std::filesystem::path& file);
  /// Of a model of one's own, whose codes are [n, D]: it knows the Gaussian of them, and nothing of
  /// properties until it learns. Throws Error(kInput) where they lie in a plane of the latent space, and
  /// where they have no covariance in double precision.
  explicit PropertyModel(const Tensor& codes);
  /// The same where codes are N(0, I) of so many coordinates.
  static PropertyModel of_normal_codes(int64_t latent_dim);
  ~PropertyModel();
  PropertyModel(PropertyModel&&) noexcept;

  /// Networks learn log P, QED and SA from what latents decode to; those that stand for no molecule are left
  /// out. Throws Error(kInput) where a property is the same for all. The same draws and seed give the same.
  LearnedProperties learn(const MoleculeDraws& draws, const SyntheticAccessibility& accessibility,
                          uint64_t seed, const ProgressObserver& progress = {},
                          const CancellationToken& token = {});

  int64_t latent_dim() const;
  /// z [n, D] → [n, networks, properties] float64, differentiable.
  Tensor predict(const Tensor& z) const;
  /// Standard deviations [properties] of (truth − mean prediction) over molecules that no network has seen.
  const std::vector<double>& residuals() const;

  /// Q(z) = Π_k Φ_N(±(p_k(z) − threshold) / (width·σ)) over the networks p_k, σ the residual; below the
  /// threshold, or above it where `above`. Φ_N falls off like 1/x² in its lower tail here, so that there is a
  /// slope everywhere.
  QualityPointer reaches(const std::string& property, double threshold, bool above, double width) const;

  /// The typicality guard of the Gaussian of encoded molecules (metric/typicality_guard.h).
  QualityPointer typical() const;
  /// Draws of that Gaussian, [count, D].
  std::function<Tensor(int64_t count, at::Generator& generator)> sampler() const;

 private:
  struct Networks;
  PropertyModel(const Tensor& mean, const Tensor& covariance);
  std::shared_ptr<const Networks> networks_;
};

/// Molecules that can be encoded: with fewer there is nothing to learn.
constexpr int64_t kFewestForRegressors = 100;

struct PropertyTraining {
  int64_t epochs = 12;
  uint64_t seed = 1;
  std::string data = "molecules of one's own";  ///< where they are from, for the card
};

/// Trains the networks on encoded molecules and writes the file with a card beside it: R² and, for log P < 0,
/// QED > 0.9 and SA < 2.5, the area under the ROC curve, over a tenth that is held out. Networks are kept as
/// they were after the epoch that was best on a further twentieth. Latents get noise in training, so that
/// predictions hold between the codes of molecules, where paths run.
/// @param latents_of  the model that encoded them, for the card
/// @return the card
nlohmann::json train_property_model(const EncodedMolecules& molecules, const std::string& latents_of,
                                    const std::filesystem::path& file, const PropertyTraining& training = {},
                                    const ProgressObserver& progress = {},
                                    const CancellationToken& token = {});

/// The area under the ROC curve of scores [n] for truths [n] (bool): the chance that a true one has the
/// higher score.
double roc_area(const Tensor& scores, const Tensor& truths);

}  // namespace latentpath
