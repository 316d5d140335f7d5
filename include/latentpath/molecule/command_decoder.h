#pragma once
// A decoder of one's own as a program: latents to SMILES, and an encoder likewise.
//
//   CommandDecoder decoder({.decoder = "python3 decode.py", .encoder = "python3 encode.py"});
//   decoder.encode({from, to});                                      // one call for both
//   Tensor middle = (decoder.find_code(from).latent + decoder.find_code(to).latent) / 2;
//   std::optional<DecodedMolecule> between = decoder.molecules_of(middle.unsqueeze(0))[0];
//
// The decoder reads latents, one a line, its numbers separated by commas, and prints a SMILES for each, one a
// line, in their order; an empty line where a latent stands for no molecule. The encoder reads SMILES and
// prints latents in the same form; an empty line where a molecule has none. Each is called for up to a
// thousand lines at a time, and asked for each line once.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/molecule/molecule_decoder.h"

namespace latentpath {

struct CommandDecoderOptions {
  std::string decoder = {};  ///< the program and its arguments; no shell reads it
  std::string encoder = {};  ///< likewise; empty: ends are latents
  double seconds = 600;      ///< a call that takes longer is ended
  bool neutralise = true;    ///< as in ParseOptions
  int64_t latent_dim = 0;    ///< D; 0: as many numbers as the encoder prints
};

/// What is wrong with a program is an Error: kArgument where it cannot be started, kInput where it fails,
/// takes too long, or prints anything else than it is to. One thread at a time.
class CommandDecoder final : public MoleculeDecoder {
 public:
  /// Throws Error(kArgument) for an empty command and for quotes that are not closed.
  explicit CommandDecoder(const CommandDecoderOptions& options);

  /// 0 until the encoder has printed a latent, where the options do not say it.
  int64_t latent_dim() const override;
  std::string describe() const override;
  /// A line that parse_molecule() refuses counts as an empty one: see why_none().
  std::vector<std::optional<DecodedMolecule>> molecules_of(
      const Tensor& latents, const CancellationToken& token = {}) const override;
  /// Throws Error(kInput) for a molecule that the encoder has no latent for, and where the decoder makes no
  /// molecule of its latent.
  MoleculeCode find_code(const Molecule& molecule) const override;
  /// The latent that it was encoded to, or the first that was decoded to it.
  std::optional<Tensor> code_of(const Molecule& molecule) const override;
  std::string why_none() const override;

  /// Makes the latents of molecules known, and what these decode to, so that find_code() costs no call.
  /// Throws Error(kArgument) without an encoder.
  void encode(const std::vector<Molecule>& molecules, const CancellationToken& token = {}) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace latentpath
