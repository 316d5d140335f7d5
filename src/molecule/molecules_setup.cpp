#include "molecule/molecules_setup.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/io/npy.h"
#include "latentpath/molecule/command_decoder.h"
#include "latentpath/molecule/jtvae.h"
#include "latentpath/molecule/molecule_models.h"
#include "latentpath/molecule/property_command.h"
#include "latentpath/path/via_points.h"
#include "molecule/line_command.h"
#include "molecule/property_classifier.h"

namespace latentpath {
namespace {

using nlohmann::json;

constexpr double kLowR2 = 0.2;  // of the regressors that LatentPath ships the worst has 0.45

/// A .npy file as float64, finite.
Tensor read_latents(const std::string& file) {
  Tensor latents = read_npy(file).to(at::kDouble);
  LATENTPATH_CHECK(latents.numel() > 0 && at::isfinite(latents).all().item<bool>(), kInput, file,
                   latents.numel() == 0 ? " is empty" : " has values that are NaN or infinite",
                   ": latents are finite numbers");
  return latents;
}

/// [pairs, 2, D] of the files that are given for ends.
Tensor read_ends(const MoleculesJob& job) {
  if (job.pairs) {
    Tensor pairs = read_latents(*job.pairs);
    LATENTPATH_CHECK(pairs.dim() == 3 && pairs.size(1) == 2, kInput, *job.pairs, " has the shape ",
                     shape_string(pairs.sizes()), ": pairs of latents are [pairs, 2, D]");
    return pairs;
  }
  const auto end = [](const std::string& file) {
    const Tensor latent = read_latents(file);
    LATENTPATH_CHECK(latent.numel() == latent.size(-1), kInput, file, " has the shape ",
                     shape_string(latent.sizes()), ": one latent is [D]");
    return latent.reshape({-1});
  };
  const std::string &from = job.loop ? *job.loop : job.from, &to = job.loop ? *job.loop : job.to;
  const Tensor start = end(from), finish = end(to);
  LATENTPATH_CHECK(start.size(0) == finish.size(0), kInput, from, " has ", start.size(0), " coordinates and ",
                   to, " has ", finish.size(0), ": both are latents of one model");
  return at::stack({start, finish}).unsqueeze(0);
}

MoleculePairs read_molecules(const MoleculesJob& job) {
  ParseOptions parsing;
  parsing.neutralise = job.neutralise;
  if (job.pairs) return read_molecule_pairs(*job.pairs, parsing);
  MoleculePairs one;
  const auto read = [&](const std::string& text, const char* name) {
    ParsedMolecule parsed = parse_molecule(text, name, parsing);
    one.notes.insert(one.notes.end(), parsed.notes.begin(), parsed.notes.end());
    return parsed.molecule;
  };
  const Molecule from = job.loop ? read(*job.loop, "`loop`") : read(job.from, "`from`");
  one.pairs.push_back({"", from, job.loop ? from : read(job.to, "`to`")});
  return one;
}

/// The pairs of molecules that latents [pairs, 2, D] decode to; those of which one stands for none are left
/// out.
MoleculePairs decode_ends(const Tensor& latents, const MoleculeDecoder& decoder, const MoleculesJob& job,
                          const CancellationToken& token) {
  LATENTPATH_CHECK(latents.size(2) == decoder.latent_dim(), kInput, "the latents of the ends have ",
                   latents.size(2), " coordinates, and those of the model ", decoder.latent_dim());
  const auto decoded = decoder.molecules_of(latents.flatten(0, 1), token);
  MoleculePairs ends;
  for (int64_t i = 0; i < latents.size(0); ++i) {
    const auto &from = decoded[static_cast<size_t>(2 * i)], &to = decoded[static_cast<size_t>(2 * i + 1)];
    std::string place;
    if (job.pairs)
      place = join_message("pair ", i + 1, " of ", std::filesystem::path(*job.pairs).filename().string());
    if (from && to)
      ends.pairs.push_back({place, from->molecule, to->molecule,
                            MoleculeCode{latents[i][0], true, false, *from},
                            MoleculeCode{latents[i][1], true, false, *to}});
    else
      ends.left_out.push_back(join_message(
          place, job.pairs ? ": " : "", "`decoder_command` makes no molecule of the latent at the ",
          from ? "end" : "start", decoder.why_none(), ": a path cannot ", from ? "end" : "begin", " there"));
  }
  return ends;
}

/// Adds the latents of all ends, by one call; pairs of which one has none are left out.
void encode_ends(MoleculePairs& ends, const CommandDecoder& decoder, const CancellationToken& token) {
  std::vector<Molecule> molecules;
  for (const MoleculePair& pair : ends.pairs) molecules.insert(molecules.end(), {pair.from, pair.to});
  decoder.encode(molecules, token);
  for (MoleculePair& pair : std::exchange(ends.pairs, {})) {
    try {
      pair.from_code = decoder.find_code(pair.from);
      pair.to_code = decoder.find_code(pair.to);
      ends.pairs.push_back(std::move(pair));
    } catch (const CommandError&) {
      throw;
    } catch (const Error& refusal) {
      ends.left_out.push_back(join_message(pair.place, pair.place.empty() ? "" : ": ", refusal.what()));
    }
  }
}

/// Where the codes of a model of one's own lie.
PropertyModel codes_of_ones_own(const MoleculesJob& job, int64_t latent_dim) {
  if (!job.codes) return PropertyModel::of_normal_codes(latent_dim);
  const Tensor codes = read_latents(*job.codes);
  LATENTPATH_CHECK(codes.dim() == 2 && codes.size(1) == latent_dim && codes.size(0) > latent_dim, kInput,
                   "`codes` ", *job.codes, " has the shape ", shape_string(codes.sizes()),
                   ": latents of this model's molecules are [n, ", latent_dim, "], and n is over ",
                   latent_dim);
  return PropertyModel(codes);
}

/// Learns what is not known from draws.
class Learner {
 public:
  Learner(const MoleculesJob& job, MoleculesSetup& setup, const SetupListener& listener)
      : job_(job), setup_(setup), listener_(listener) {}

  void learn_built_in() {
    const LearnedProperties learned = setup_.regressors->learn(
        draws(), *setup_.accessibility, job_.search.seed, listener_.progress, listener_.token);
    const std::vector<double>& r2 = learned.r2;
    setup_.learned["r2_of_built_in"] = {{"logp", r2[0]}, {"qed", r2[1]}, {"sa", r2[2]}};
    setup_.learned["draws"] = job_.property_molecules;
    setup_.learned["molecules_of_built_in"] = learned.seen;
    setup_.learned["held_out_of_built_in"] = learned.held_out;
    listener_.note(join_message("networks that see log P, QED and SA from latents have ", r2_text(r2[0]),
                                ", ", r2_text(r2[1]), " and ", r2_text(r2[2]), " on ", learned.held_out,
                                " molecules held out of ", learned.seen + learned.held_out));
    if (const BuiltInProperty* known = job_.built_in())
      warn_of_low(r2[static_cast<size_t>(latent_property(known->name))], known->shown);
  }

  SoughtProperty learn_classifier() {
    const BuiltInProperty& known = *job_.built_in();
    const int64_t dim = setup_.decoder->latent_dim();
    const MoleculeDraws of_prior = draw_molecules(*setup_.decoder, normal_sampler(dim), kPapersDraws,
                                                  job_.search.seed, listener_.progress, listener_.token);
    const double threshold = job_.threshold.value_or(known.threshold);
    const ClassifiedProperty learned =
        classified_property(known.name, threshold, job_.high_is_sought(), of_prior, *setup_.accessibility,
                            job_.search.seed, listener_.progress, listener_.token);
    setup_.learned["classifier"] = {{"roc_area", learned.roc_area},
                                    {"passing", learned.passing},
                                    {"molecules", learned.seen},
                                    {"held_out", learned.held_out}};
    listener_.note(join_message("the papers' classifier of ", known.shown, " has an area under the ROC of ",
                                figure_text(learned.roc_area, 2), " on ", learned.held_out, " of ",
                                learned.seen + learned.held_out, " draws of N(0, I), of which ",
                                learned.passing, " pass"));
    return learned.property;
  }

  SoughtProperty learn_command(PropertyCommand& command) {
    const CommandProperty learned =
        property_of_command(command, draws(), job_.search.seed, listener_.progress, listener_.token);
    setup_.learned.update(json{{"r2", learned.r2},
                               {"residual", learned.residual},
                               {"molecules", learned.seen},
                               {"held_out", learned.held_out},
                               {"without_value", learned.without_value},
                               {"least", learned.least},
                               {"most", learned.most}});
    const int64_t all = learned.seen + learned.held_out;
    const std::string range =
        "lie between " + figure_text(learned.least) + " and " + figure_text(learned.most);
    listener_.note(join_message(
        "networks that see the values of `property_command` from latents have ", r2_text(learned.r2), " on ",
        learned.held_out, " molecules held out of ", all, ", whose values ", range,
        learned.without_value == 0 ? std::string()
                                   : join_message("; ", learned.without_value, " more have no value")));
    warn_of_low(learned.r2, "`property_command`");
    if (job_.high_is_sought() ? learned.most <= *job_.threshold : learned.least >= *job_.threshold)
      listener_.warning(join_message("no molecule of ", all, " that the model made passes `threshold`, ",
                                     figure_text(*job_.threshold), ": their values ", range));
    return learned.property;
  }

 private:
  const MoleculeDraws& draws() {
    if (draws_) return *draws_;
    draws_ = draw_molecules(*setup_.decoder, setup_.regressors->sampler(), job_.property_molecules,
                            job_.search.seed, listener_.progress, listener_.token);
    const int64_t made =
        job_.property_molecules - std::count(draws_->decoded.begin(), draws_->decoded.end(), std::nullopt);
    if (made == job_.property_molecules) return *draws_;
    const std::string sentence =
        join_message("`decoder_command` makes molecules of ", made, " of ", job_.property_molecules,
                     " latents that were drawn ", job_.codes ? "where `codes` lie" : "from N(0, I)",
                     setup_.decoder->why_none());
    LATENTPATH_CHECK(
        made >= kFewestForRegressors, kInput, sentence, ", and networks learn from ", kFewestForRegressors,
        " at least: ask for more `property_molecules`, or give `codes` of molecules that it knows");
    listener_.note(sentence);
    return *draws_;
  }

  static std::string r2_text(double r2) {
    return std::isfinite(r2) ? "R2 " + figure_text(r2, 2) : "no R2, which needs different values,";
  }

  void warn_of_low(double r2, const std::string& what) {
    if (!(r2 >= kLowR2))
      listener_.warning(join_message("networks see little of ", what, " in latents (", r2_text(r2),
                                     "): its values are right, but paths are hardly led to them; try more "
                                     "`property_molecules`"));
  }

  const MoleculesJob& job_;
  MoleculesSetup& setup_;
  const SetupListener& listener_;
  std::optional<MoleculeDraws> draws_;
};

}  // namespace

MoleculesSetup::MoleculesSetup(const MoleculesJob& job, const SetupListener& listener) {
  const bool latents = job.ends_are_latents();
  const Tensor given = latents ? read_ends(job) : Tensor();
  if (!latents) ends = read_molecules(job);
  const bool known = !latents && !job.decoder_command;
  if (known) listener.ends(ends);
  if (job.decoder_command) {
    auto command = std::make_unique<CommandDecoder>(
        CommandDecoderOptions{*job.decoder_command, job.encoder_command.value_or(""), job.command_seconds,
                              job.neutralise, latents ? given.size(2) : 0});
    if (!latents) encode_ends(ends, *command, listener.token);
    decoder = std::move(command);
    accessibility.emplace(find_fragment_scores());
  } else {
    const MoleculeModelFiles files = find_molecule_model_files(job.model, job.folders);
    decoder = std::make_unique<JunctionTreeVae>(files.vae);
    regressors.emplace(files.properties);
    accessibility.emplace(find_fragment_scores({files.vae.parent_path()}));
  }
  if (latents) ends = decode_ends(given, *decoder, job, listener.token);
  LATENTPATH_CHECK(!ends.pairs.empty(), kInput, job.pairs ? "no pair has a path; the first: " : "",
                   ends.left_out.front());
  if (!known) listener.ends(ends);
  if (job.decoder_command) regressors.emplace(codes_of_ones_own(job, decoder->latent_dim()));
  std::optional<PropertyCommand> scored;
  if (job.property_command) {
    scored.emplace(PropertyCommandOptions{*job.property_command, job.command_seconds});
    scored->score({ends.pairs.front().from, ends.pairs.front().to}, {}, listener.token);
  }
  Learner learner(job, *this, listener);
  if (job.learns_built_in()) learner.learn_built_in();
  property = scored                          ? learner.learn_command(*scored)
             : job.property_model == "paper" ? learner.learn_classifier()
             : job.built_in() != nullptr     ? built_in_property(job.property, *regressors)
                                             : property_of_file(job.property, *decoder, *regressors);
}

}  // namespace latentpath
