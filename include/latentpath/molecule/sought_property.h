#pragma once
// The property that a path is to improve: its true value of a molecule, and what is known of it at a latent.
//
//   PropertyModel model("data/jtvae-zinc/jtvae-zinc-properties.pt");
//   SoughtProperty property = built_in_property("logp", model);
//   QualityPointer low = property.reaches(0, false, 1);                       // log P below 0
//
// A user's own property is a TorchScript file of latents, z [n, D] to [n] or [n, 1]: what it says of a
// molecule is what it says of the molecule's code; or a command: property_command.h.

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/core/tensor.h"
#include "latentpath/metric/quality.h"
#include "latentpath/molecule/molecule_decoder.h"
#include "latentpath/molecule/properties.h"
#include "latentpath/molecule/property_model.h"

namespace latentpath {

struct SoughtProperty {
  std::string name;   ///< "logp", or the file
  std::string shown;  ///< "log P", or the file's name
  /// The value of a molecule, some of whose properties are known.
  std::function<double(const Molecule& molecule, const MoleculeProperties& known)> value;
  std::function<Tensor(const Tensor& z)> predict;  ///< z [n, D] → [n] float64
  /// Q(z), high where the threshold is passed: above it or below, `width` standard deviations soft.
  std::function<QualityPointer(double threshold, bool above, double width)> reaches;
  /// Where values of many at once cost less than one by one: makes them known. May be empty.
  std::function<void(const std::vector<Molecule>& molecules, const CancellationToken& token)> prepare = {};
};

/// What is known of "logp", "qed" and "sa" without a model.
struct BuiltInProperty {
  std::string name, shown;  ///< "logp", "log P"
  bool maximise;            ///< high values are sought where nothing else is said
  double threshold;         ///< to be passed where none is given
  double least, most;       ///< of all molecules
};
/// None for other names.
const BuiltInProperty* find_built_in(const std::string& name);

/// "logp", "qed" or "sa", led by the regressors of `model`, which must outlive it.
SoughtProperty built_in_property(const std::string& name, const PropertyModel& model);

/// Throws Error(kInput) where the file does not give a finite number for each of a few codes, and
/// Error(kInput) where it has no gradient. `decoder` and `model` must outlive it. A threshold is as soft as a
/// quarter of the standard deviation of its values over codes.
SoughtProperty property_of_file(const std::filesystem::path& file, const MoleculeDecoder& decoder,
                                const PropertyModel& model);

}  // namespace latentpath
