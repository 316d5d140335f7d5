#pragma once
// A property by a command: a program of one's own that reads SMILES and prints numbers.
//
//   PropertyCommand command({.command = "python3 score.py"});
//   CommandProperty learned = property_of_command(command, draw_molecules(vae, model.sampler(), 4000, 1));
//   std::cout << "R2 " << learned.r2 << "\n";
//   MoleculePathProblem problem{from, to, learned.property, 8.0, true};      // values above 8
//
// The program reads SMILES, one a line, and prints a number for each, one a line, in their order; nan where
// there is none. It is called for a thousand molecules at a time, and once for each molecule.
//
// A path needs a quality that is smooth in the latent, and a command has none. So latents are drawn from the
// Gaussian of encoded molecules, what they decode to is scored by the command, and two networks learn the
// scores from the latents, as those of property_model.h learn log P:
//   Q(z) = Π_k Φ_N(±(p_k(z) − threshold)/(width·σ)),
// σ the residual over a tenth of the draws that no network has seen. What a path is worth is told by the
// command's own values of its molecules.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/molecule/molecule.h"
#include "latentpath/molecule/molecule_decoder.h"
#include "latentpath/molecule/sought_property.h"

namespace latentpath {

struct PropertyCommandOptions {
  std::string command = {};  ///< the program and its arguments; no shell reads it
  double seconds = 600;      ///< a call that takes longer is ended
};

/// Copies share what is known. One thread at a time.
class PropertyCommand {
 public:
  /// Throws Error(kArgument) for an empty command and for quotes that are not closed.
  explicit PropertyCommand(const PropertyCommandOptions& options);

  /// Asks for those that are not known yet, each once.
  /// Throws Error(kArgument) where the program cannot be started, Error(kInput) where it fails, takes too
  /// long, or prints anything else than a number or nan for each molecule.
  void score(const std::vector<Molecule>& molecules, const ProgressObserver& progress = {},
             const CancellationToken& token = {});
  /// NaN where there is none. A molecule that is not known yet costs a call.
  double value(const Molecule& molecule);

  std::string name() const;  ///< of the program, or of the script that it runs: "score"
  int64_t calls() const;
  int64_t molecules() const;  ///< that are known

 private:
  void ask(const std::vector<Molecule>& molecules, const ProgressObserver& progress,
           const CancellationToken& token);

  struct Known;
  std::shared_ptr<Known> known_;
};

struct CommandProperty {
  SoughtProperty property;
  double r2 = 0, residual = 0;     ///< over draws that no network has seen
  int64_t seen = 0, held_out = 0;  ///< draws
  int64_t without_value = 0;       ///< draws without a molecule, or whose molecule has none: left out
  double least = 0, most = 0;      ///< of the values
};

/// Latents that stand for no molecule are left out. Throws as score(), and Error(kInput) where too few of the
/// molecules have a value, or all of them the same. The same draws and seed give the same networks.
CommandProperty property_of_command(const PropertyCommand& command, const MoleculeDraws& draws,
                                    uint64_t seed = 1, const ProgressObserver& progress = {},
                                    const CancellationToken& token = {});

}  // namespace latentpath
