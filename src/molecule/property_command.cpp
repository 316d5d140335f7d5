#include "latentpath/molecule/property_command.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "latentpath/core/error.h"
#include "latentpath/core/parallel.h"
#include "latentpath/core/random.h"
#include "latentpath/core/read_number.h"
#include "molecule/line_command.h"
#include "molecule/property_networks.h"

namespace latentpath {
namespace {

constexpr int64_t kTogether = 256;  // latents that are decoded between two looks at the token

/// "1.5", "-2e3", "nan"; none for words, and for infinities, which no network learns.
std::optional<double> number_of(std::string text) {
  const size_t first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
  if (first == std::string::npos) return std::nullopt;
  text = text.substr(first, last - first + 1);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.erase(0, 1);
  const auto value = read_number<double>(text);
  return value && std::isinf(*value) ? std::nullopt : value;
}

struct Draws {
  Tensor codes;  ///< [n, D]
  std::vector<Molecule> molecules;
};

Draws draw(const JunctionTreeVae& vae, const PropertyModel& model, const CommandPropertyOptions& options,
           const ProgressObserver& progress, const CancellationToken& token) {
  at::Generator generator = make_generator(options.seed);
  Draws draws{model.sampler()(options.molecules, generator), {}};
  for (int64_t first = 0; first < options.molecules; first += kTogether) {
    LATENTPATH_CHECK(
        !token.cancelled(), kInterrupted,
        "interrupted while drawing molecules to learn `property_command` from: nothing is written");
    if (progress) progress({"drawing molecules", first, options.molecules, 0});
    const int64_t count = std::min(kTogether, options.molecules - first);
    for (DecodedMolecule& each : vae.decode(draws.codes.narrow(0, first, count)))
      draws.molecules.push_back(std::move(each.molecule));
  }
  return draws;
}

/// As many passes over the examples as make three hundred steps of 512, and 12 at least: by a thousand, few
/// examples are learned by heart.
int64_t epochs_for(int64_t examples) { return std::max<int64_t>(12, 153'600 / examples); }

}  // namespace

struct PropertyCommand::Known {
  LineCommand command;
  std::unordered_map<std::string, double> values;
  int64_t calls = 0;
};

PropertyCommand::PropertyCommand(const PropertyCommandOptions& options)
    : known_(std::make_shared<Known>(Known{LineCommand({.option = "`property_command`",
                                                        .command = options.command,
                                                        .asked = "molecule",
                                                        .answer = "one number, or nan where there is none",
                                                        .seconds = options.seconds}),
                                           {}})) {}

void PropertyCommand::score(const std::vector<Molecule>& molecules, const ProgressObserver& progress,
                            const CancellationToken& token) {
  try {
    ask(molecules, progress, token);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kInterrupted) throw;
    throw CommandError(error.kind(), error.what());
  }
}

void PropertyCommand::ask(const std::vector<Molecule>& molecules, const ProgressObserver& progress,
                          const CancellationToken& token) {
  const LineCommand& command = known_->command;
  std::vector<std::string> wanted;
  std::unordered_set<std::string> asked;
  for (const Molecule& molecule : molecules)
    if (!known_->values.contains(molecule.smiles()) && asked.insert(molecule.smiles()).second)
      wanted.push_back(molecule.smiles());
  const auto together = static_cast<size_t>(command.options().together);
  for (size_t first = 0; first < wanted.size(); first += together) {
    if (progress)
      progress({"scoring molecules", static_cast<int64_t>(first), static_cast<int64_t>(wanted.size()), 0});
    const size_t count = std::min(together, wanted.size() - first);
    const std::vector<std::string> some(wanted.begin() + static_cast<std::ptrdiff_t>(first),
                                        wanted.begin() + static_cast<std::ptrdiff_t>(first + count));
    const std::vector<std::string> answers = command.answers(some, token);
    ++known_->calls;
    for (size_t i = 0; i < count; ++i) {
      const auto value = number_of(answers[i]);
      LATENTPATH_CHECK(value, kInput, command.described(), " printed '", quotable(answers[i]), "' for ",
                       some[i], ": it must print ", command.options().answer, ", and nothing else");
      known_->values[some[i]] = *value;
    }
  }
}

double PropertyCommand::value(const Molecule& molecule) {
  if (const auto found = known_->values.find(molecule.smiles()); found != known_->values.end())
    return found->second;
  score({molecule});
  return known_->values.at(molecule.smiles());
}

std::string PropertyCommand::name() const { return known_->command.name(); }
int64_t PropertyCommand::calls() const { return known_->calls; }
int64_t PropertyCommand::molecules() const { return static_cast<int64_t>(known_->values.size()); }

CommandProperty property_of_command(const PropertyCommand& given, const JunctionTreeVae& vae,
                                    const PropertyModel& model, const CommandPropertyOptions& options,
                                    const ProgressObserver& progress, const CancellationToken& token) {
  LATENTPATH_CHECK(options.molecules >= kFewestForRegressors, kArgument, "`property_molecules` is ",
                   options.molecules, ": there is nothing to learn from fewer than ", kFewestForRegressors);
  PropertyCommand command = given;
  const Draws draws = draw(vae, model, options, progress, token);
  command.score(draws.molecules, progress, token);
  std::vector<int64_t> rows;
  std::vector<double> values;
  for (size_t i = 0; i < draws.molecules.size(); ++i) {
    const double value = command.value(draws.molecules[i]);
    if (std::isnan(value)) continue;
    rows.push_back(static_cast<int64_t>(i));
    values.push_back(value);
  }
  const auto count = static_cast<int64_t>(rows.size());
  LATENTPATH_CHECK(count >= kFewestForRegressors, kInput, "`property_command` has a value for ", count,
                   " of ", options.molecules,
                   " molecules that the model made, nan for the others: ", kFewestForRegressors,
                   " values are needed at least; ask for more `property_molecules`");
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  LATENTPATH_CHECK(*least < *most, kInput, "`property_command` has the same value, ", *least, ", for all of ",
                   count, " molecules that the model made: there is nothing to improve");

  const SerialOperations one_thread;  // its digits are those of one thread
  at::Generator generator = make_generator(options.seed);
  // Networks are float32, and values may differ in digits that it has not: they learn standardised ones.
  const Tensor scores = at::tensor(values, at::kDouble);
  const double mean = scores.mean().item<double>(), scale = scores.std(false).item<double>();
  LATENTPATH_CHECK(
      std::isfinite(mean) && std::isfinite(scale) && scale > 0, kInput,
      "the values of `property_command`, from ", *least, " to ", *most,
      ", have no mean and spread in numbers of double precision: print values of a smaller range, "
      "and nan where there is none");
  FittedNetworks fitted = fit_networks(
      draws.codes.index_select(0, at::tensor(rows, at::kLong)).to(at::kFloat),
      ((scores - mean) / scale).to(at::kFloat).unsqueeze(1), epochs_for(count), generator, progress, token);
  for (const auto& [part, tensor] : fitted.weights.parts()) *tensor = tensor->detach().to(at::kDouble);
  fitted.weights.value_mean = fitted.weights.value_mean * scale + mean;
  fitted.weights.value_scale = fitted.weights.value_scale * scale;
  const auto weights = std::make_shared<const PropertyWeights>(fitted.weights);
  const double residual = scale * fitted.residuals[0];
  CommandProperty learned;
  learned.r2 = fitted.r2[0];
  learned.residual = residual;
  learned.seen = fitted.seen;
  learned.held_out = count - fitted.seen;
  learned.without_value = options.molecules - count;
  learned.least = *least;
  learned.most = *most;
  learned.property = {
      "command",
      command.name(),
      [command](const Molecule& molecule, const MoleculeProperties&) mutable {
        return command.value(molecule);
      },
      [weights](const Tensor& z) { return weights->predict(z.to(at::kDouble)).select(2, 0).mean(1); },
      [weights, residual, name = command.name()](double threshold, bool above, double width) {
        return networks_reach(weights, 0, threshold, width * residual * (above ? 1 : -1), name);
      },
      [command](const std::vector<Molecule>& molecules, const CancellationToken& stop) mutable {
        command.score(molecules, {}, stop);
      }};
  return learned;
}

}  // namespace latentpath
