#include "latentpath/molecule/command_decoder.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "latentpath/core/error.h"
#include "latentpath/core/read_number.h"
#include "latentpath/io/text_lines.h"
#include "molecule/line_command.h"
#include "run/text_table.h"

namespace latentpath {
namespace {

/// With the fewest digits that read back as the same numbers.
std::string line_of(const Tensor& latent) {
  std::string line;
  for (int64_t i = 0; i < latent.size(0); ++i)
    line += (i == 0 ? "" : ",") + detail::all_digits(latent.data_ptr<double>()[i]);
  return line;
}

LineCommand decoder_of(const CommandDecoderOptions& options) {
  return LineCommand({.option = "`decoder_command`",
                      .command = options.decoder,
                      .asked = "latent",
                      .answer = "a SMILES, or an empty line where there is none",
                      .seconds = options.seconds});
}

std::optional<LineCommand> encoder_of(const CommandDecoderOptions& options) {
  if (options.encoder.empty()) return std::nullopt;
  return LineCommand(
      {.option = "`encoder_command`",
       .command = options.encoder,
       .asked = "molecule",
       .answer = "a latent, its numbers separated by commas, or an empty line where there is none",
       .seconds = options.seconds});
}

}  // namespace

struct CommandDecoder::State {
  LineCommand decoder;
  std::optional<LineCommand> encoder;
  ParseOptions parsing;
  int64_t latent_dim;
  std::string first_refusal = {};
  std::unordered_map<std::string, std::optional<DecodedMolecule>> decoded = {};  ///< by the line of a latent
  std::unordered_map<std::string, std::optional<Tensor>> encoded = {};  ///< by the SMILES, none: empty line
  std::unordered_map<std::string, Tensor> first_decoded = {};           ///< by the SMILES

  std::optional<DecodedMolecule> read_molecule(std::string_view line) {
    const std::string text(trimmed(line));
    if (text.empty()) return std::nullopt;
    try {
      return DecodedMolecule{parse_molecule(text, "its line", parsing).molecule};
    } catch (const Error& refusal) {
      if (first_refusal.empty()) first_refusal = refusal.what();
      return std::nullopt;
    }
  }

  std::optional<Tensor> read_latent(const std::string& line, const std::string& smiles) {
    if (trimmed(line).empty()) return std::nullopt;
    const auto numbers = read_number_list(line);
    LATENTPATH_CHECK(numbers && std::all_of(numbers->begin(), numbers->end(),
                                            [](double number) { return std::isfinite(number); }),
                     kInput, encoder->described(), " printed '", quotable(line), "' for ", smiles,
                     ": it must print ", encoder->options().answer, ", and nothing else");
    const auto count = static_cast<int64_t>(numbers->size());
    if (latent_dim == 0) latent_dim = count;
    LATENTPATH_CHECK(count == latent_dim, kInput, encoder->described(), " printed a latent of ", count,
                     count == 1 ? " number for " : " numbers for ", smiles, ", where those before have ",
                     latent_dim, ": it must print as many for each molecule");
    return at::tensor(*numbers, at::kDouble);
  }
};

CommandDecoder::CommandDecoder(const CommandDecoderOptions& options)
    : state_(std::make_shared<State>(
          State{decoder_of(options), encoder_of(options), {options.neutralise}, options.latent_dim})) {}

int64_t CommandDecoder::latent_dim() const { return state_->latent_dim; }

std::string CommandDecoder::describe() const { return "decoder by a command, " + state_->decoder.name(); }

std::string CommandDecoder::why_none() const {
  const std::string& refusal = state_->first_refusal;
  return refusal.empty() ? "" : " (the first that was refused: " + refusal + ")";
}

std::vector<std::optional<DecodedMolecule>> CommandDecoder::molecules_of(
    const Tensor& latents, const CancellationToken& token) const {
  State& s = *state_;
  LATENTPATH_CHECK(latents.dim() == 2 && latents.size(1) == s.latent_dim, kArgument,
                   "latents have the shape ", shape_string(latents.sizes()), ", where [n, ", s.latent_dim,
                   "] is expected");
  const Tensor z = latents.detach().to(at::kDouble).contiguous();
  LATENTPATH_CHECK(at::isfinite(z).all().item<bool>(), kNumerical,
                   "a latent has coordinates that are NaN or infinite");
  std::vector<std::string> lines;
  for (int64_t i = 0; i < z.size(0); ++i) lines.push_back(line_of(z[i]));
  const std::vector<std::string> wanted = unknown_lines(lines, s.decoded);
  const std::vector<std::string> answers =
      blaming_the_command([&] { return s.decoder.answers(wanted, token); });
  for (size_t i = 0; i < wanted.size(); ++i) s.decoded[wanted[i]] = s.read_molecule(answers[i]);
  std::vector<std::optional<DecodedMolecule>> molecules;
  for (size_t i = 0; i < lines.size(); ++i) {
    molecules.push_back(s.decoded.at(lines[i]));
    if (!molecules.back()) continue;
    s.first_decoded.emplace(molecules.back()->molecule.smiles(), z[static_cast<int64_t>(i)].clone());
  }
  return molecules;
}

void CommandDecoder::encode(const std::vector<Molecule>& molecules, const CancellationToken& token) const {
  State& s = *state_;
  std::vector<std::string> smiles;
  for (const Molecule& molecule : molecules) smiles.push_back(molecule.smiles());
  const std::vector<std::string> wanted = unknown_lines(smiles, s.encoded);
  if (wanted.empty()) return;
  LATENTPATH_CHECK(s.encoder, kArgument,
                   "`encoder_command` is missing: without it nothing makes a latent of ", wanted.front(),
                   "; give one, or the ends as latents, in .npy files");
  std::vector<Tensor> latents;
  blaming_the_command([&] {
    const std::vector<std::string> answers = s.encoder->answers(wanted, token);
    for (size_t i = 0; i < wanted.size(); ++i) {
      const auto& latent = s.encoded[wanted[i]] = s.read_latent(answers[i], wanted[i]);
      if (latent) latents.push_back(*latent);
    }
  });
  if (!latents.empty()) molecules_of(at::stack(latents), token);
}

MoleculeCode CommandDecoder::find_code(const Molecule& molecule) const {
  State& s = *state_;
  encode({molecule});
  const std::optional<Tensor> latent = s.encoded.at(molecule.smiles());
  LATENTPATH_CHECK(latent, kInput, "`encoder_command` has no latent for ", molecule.smiles(),
                   " (its line is empty): a path cannot end there");
  const std::optional<DecodedMolecule> decoded = molecules_of(latent->unsqueeze(0))[0];
  LATENTPATH_CHECK(decoded, kInput,
                   "`decoder_command` makes no molecule of the latent that `encoder_command` ", "gives for ",
                   molecule.smiles(), why_none(), ": a path cannot end there");
  return {*latent, decoded->molecule.smiles() == molecule.smiles(), false, *decoded};
}

std::optional<Tensor> CommandDecoder::code_of(const Molecule& molecule) const {
  const State& s = *state_;
  if (const auto given = s.encoded.find(molecule.smiles()); given != s.encoded.end() && given->second)
    return given->second;
  const auto found = s.first_decoded.find(molecule.smiles());
  return found == s.first_decoded.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace latentpath
