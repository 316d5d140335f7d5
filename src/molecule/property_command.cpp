#include "latentpath/molecule/property_command.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "latentpath/core/error.h"
#include "latentpath/core/read_number.h"
#include "latentpath/molecule/property_model.h"
#include "molecule/line_command.h"
#include "molecule/property_networks.h"

namespace latentpath {
namespace {

/// "1.5", "-2e3", "nan"; none for words, and for infinities, which no network learns.
std::optional<double> number_of(std::string text) {
  const size_t first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
  if (first == std::string::npos) return std::nullopt;
  text = text.substr(first, last - first + 1);
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.erase(0, 1);
  const auto value = read_number<double>(text);
  return value && std::isinf(*value) ? std::nullopt : value;
}

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
  blaming_the_command([&] { ask(molecules, progress, token); });
}

void PropertyCommand::ask(const std::vector<Molecule>& molecules, const ProgressObserver& progress,
                          const CancellationToken& token) {
  const LineCommand& command = known_->command;
  std::vector<std::string> smiles;
  for (const Molecule& molecule : molecules) smiles.push_back(molecule.smiles());
  const std::vector<std::string> wanted = unknown_lines(smiles, known_->values);
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

CommandProperty property_of_command(const PropertyCommand& given, const MoleculeDraws& draws, uint64_t seed,
                                    const ProgressObserver& progress, const CancellationToken& token) {
  PropertyCommand command = given;
  std::vector<Molecule> made;
  for (const auto& each : draws.decoded)
    if (each) made.push_back(each->molecule);
  command.score(made, progress, token);
  std::vector<double> values;
  for (const auto& each : draws.decoded)
    values.push_back(each ? command.value(each->molecule) : std::nan(""));
  const Tensor scores = at::tensor(values, at::kDouble);
  const auto count = scores.isfinite().sum().item<int64_t>();
  LATENTPATH_CHECK(count >= kFewestForRegressors, kInput, "`property_command` has a value for ", count,
                   " of ", made.size(),
                   " molecules that the model made, nan for the others: ", kFewestForRegressors,
                   " values are needed at least; ask for more `property_molecules`");
  const FittedNetworks fitted =
      fit_draws(draws.codes, scores.unsqueeze(1), {"`property_command`"}, seed, progress, token);
  const auto weights = std::make_shared<const PropertyWeights>(fitted.weights);
  const double residual = fitted.residuals[0];
  CommandProperty learned;
  learned.r2 = fitted.r2[0];
  learned.residual = residual;
  learned.seen = fitted.seen;
  learned.held_out = count - fitted.seen;
  learned.without_value = draws.codes.size(0) - count;
  learned.least = fitted.least[0];
  learned.most = fitted.most[0];
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
