#pragma once
// Paths between two molecules whose molecules reach a property (paper A, §7).
//
//   MoleculePathProblem problem{from, to, built_in_property("logp", model), 0.0};   // log P below 0
//   MoleculePathResult result = find_molecule_path({vae, model, accessibility}, problem);
//   for (const MoleculeStep& step : result.path.steps) std::cout << step.molecule.smiles() << "\n";
//
// find_path() does the work, in the model's latent space with its own lengths: the quality is
//   Q(z) = Π_k Φ_N(±(p_k(z) − threshold)/σ) · Q_typical(z),
// the chance that the regressors p_k see the property reached, times the typicality guard of encoded
// molecules. σ falls from five residuals of the regressors to one, each search going on from the last. Paths
// are then decoded, finer where molecules change, and judged by the true properties of what comes out: of
// several searches one that betters the straight line in its best molecule and in the mean is kept, and of
// these the one with the best molecule.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/core/tensor.h"
#include "latentpath/molecule/molecule_decoder.h"
#include "latentpath/molecule/molecule_requirements.h"
#include "latentpath/molecule/properties.h"
#include "latentpath/molecule/property_model.h"
#include "latentpath/molecule/sought_property.h"

namespace latentpath {

/// What a path is made with. All must outlive the call.
struct MoleculeModels {
  const MoleculeDecoder& decoder;  ///< a JunctionTreeVae, or a CommandDecoder
  const PropertyModel& regressors;
  const SyntheticAccessibility& accessibility;
};

struct MoleculePathProblem {
  Molecule from, to;  ///< equal molecules ask for a loop
  SoughtProperty property;
  double threshold = 0;   ///< to be passed
  bool maximise = false;  ///< above it; else below
  MoleculeRequirements requirements = {};
  /// Latents of the ends; none: those that the decoder finds.
  std::optional<MoleculeCode> from_code = {}, to_code = {};
};

struct MoleculePathOptions {
  int64_t segments = 32;
  double epsilon = 0.001;  ///< ε of the quality: how much places cost where the property is not reached
  int64_t frames = 17;     ///< points of a path that are decoded at first, evenly by length
  int64_t halvings = 3;    ///< how often an interval is halved between different molecules
  int64_t starts = 3;      ///< searches, of which the best is kept
  uint64_t seed = 0;
};

/// A molecule of a path: once for all neighbouring latents that decode to it.
struct MoleculeStep {
  Molecule molecule;
  double time = 0;        ///< the first of its latents, as a share of the path's length
  bool given = false;     ///< the user's own, not decoded
  bool partial = false;   ///< see DecodedMolecule
  bool replaced = false;  ///< of a latent near the path, whose own molecule lacks what is required
  MoleculeProperties properties = {};
  double value = 0;      ///< of the property
  double predicted = 0;  ///< its value as the regressors see it
  double similarity_to_start = 1, similarity_to_end = 1, similarity_to_previous = 1;
};

/// A path as molecules, and what they come to by their true properties.
struct MoleculeSequence {
  std::vector<MoleculeStep> steps;   ///< from the start to the end
  double best = 0, mean = 0;         ///< of the property, over the molecules between the ends
  bool reached = false;              ///< some molecule between the ends passes the threshold
  int64_t between = 0;               ///< molecules between the ends
  int64_t decoded = 0;               ///< latents
  int64_t partial = 0, gave_up = 0;  ///< of them
  int64_t undecoded = 0;             ///< of them, that stand for no molecule
  int64_t left_out = 0;              ///< molecules that lack what is required
  int64_t rejected_reached = 0;      ///< molecules that lack it and pass the threshold, replaced or left out
};

/// Where a path begins or ends.
struct MoleculePathEnd {
  Tensor latent;        ///< [D]
  bool exact = false;   ///< it decodes to the molecule
  std::string decoded;  ///< SMILES of what it decodes to
};

struct MoleculePathResult {
  Tensor nodes;  ///< [segments + 1, D]
  MoleculePathEnd from, to;
  /// Ours, the straight line between the same ends, and the great circle; of loops, which have none, the last
  /// is empty.
  MoleculeSequence path, linear, spherical;
  std::string start;  ///< which search won
  std::vector<MoleculeSequence> searched;
  std::vector<std::string> notes;
  double search_seconds = 0, decode_seconds = 0;
};

/// Whether one value of the property is better than another; NaN is worse than any.
bool better(const MoleculePathProblem& problem, double a, double b);
/// Whether a value passes the threshold.
bool passes(const MoleculePathProblem& problem, double value);
/// Whether the path ends where it starts.
bool is_loop(const MoleculePathProblem& problem);

/// Throws Error(kArgument) for ends with fragments outside of the vocabulary or without what is required.
/// Cancellation throws Error(kInterrupted). The same seed gives the same path, whatever the threads.
MoleculePathResult find_molecule_path(const MoleculeModels& models, const MoleculePathProblem& problem,
                                      const MoleculePathOptions& options = {},
                                      const ProgressObserver& progress = {},
                                      const CancellationToken& token = {});

}  // namespace latentpath
