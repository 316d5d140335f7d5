#include "latentpath/molecule/molecules_job.h"

#include <filesystem>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/metric/epsilon.h"
#include "molecule/line_command.h"

namespace latentpath {
namespace {

bool names_latents(const std::string& text) { return std::filesystem::path(text).extension() == ".npy"; }

/// That there may be molecules on both sides of it.
void check_threshold(const MoleculesJob& o, const BuiltInProperty& property) {
  const bool high = o.high_is_sought();
  LATENTPATH_CHECK(high == property.maximise || o.threshold, kArgument,
                   "`threshold` is missing: it is known for low logp and sa and for high qed alone");
  const double threshold = o.threshold.value_or(property.threshold);
  const bool none = high ? threshold >= property.most : threshold <= property.least;
  LATENTPATH_CHECK(!none && threshold >= property.least && threshold <= property.most, kArgument,
                   none ? "no" : "every", " molecule has a value of ", property.shown,
                   high ? " above " : " below ", figure_text(threshold, 6), ": `threshold` must lie between ",
                   figure_text(property.least), " and ", figure_text(property.most, 4), ", as ",
                   property.shown, " does");
  LATENTPATH_CHECK(property.name != "sa" || !high || threshold < o.requirements.max_sa, kArgument,
                   "no molecule can have an SA above `threshold`, ", figure_text(threshold),
                   ", where none may exceed `max_sa`, ", figure_text(o.requirements.max_sa),
                   ": give a larger `max_sa` or a lower `threshold`");
}

void check_property(const MoleculesJob& o) {
  LATENTPATH_CHECK(o.property_model == "regressors" || o.built_in() != nullptr, kArgument,
                   "`property_model` ", o.property_model,
                   " is for logp, qed and sa: a property of one's own "
                   "brings what leads to it");
  LATENTPATH_CHECK(!(o.minimise && o.maximise), kArgument, "`minimise` and `maximise` cannot both be given");
  const MoleculesJob usual;
  if (o.property_command) {
    LATENTPATH_CHECK(o.property == usual.property, kArgument,
                     "`property` and `property_command` cannot both be given: one property is sought");
    words_of_command(*o.property_command, "`property_command`");
    LATENTPATH_CHECK(o.threshold, kArgument, "`threshold` is missing: what the values of `property_command` ",
                     *o.property_command, " are to pass is not known without it");
    return;
  }
  if (const BuiltInProperty* known = find_built_in(o.property)) {
    check_threshold(o, *known);
    return;
  }
  LATENTPATH_CHECK(
      std::filesystem::is_regular_file(o.property), kArgument, "`property` ", o.property,
      " is neither logp, qed or sa nor a file: a property of one's own is a TorchScript file, or "
      "a program by `property_command`");
  LATENTPATH_CHECK(o.threshold, kArgument, "`threshold` is missing: what ", o.property,
                   " is to pass is not known without it");
}

/// What is said of a model of one's own, and of ends that are latents.
void check_decoder(const MoleculesJob& o) {
  const MoleculesJob usual;
  const bool latents = o.ends_are_latents();
  LATENTPATH_CHECK(o.pairs || o.loop || latents == names_latents(o.to), kArgument, "`from` ", o.from,
                   " and `to` ", o.to,
                   " are a molecule and a file of a latent: give both as SMILES or both as .npy files");
  if (!o.decoder_command) {
    for (const auto& [given, field] : {std::pair(o.encoder_command.has_value(), "encoder_command"),
                                       std::pair(o.codes.has_value(), "codes")})
      LATENTPATH_CHECK(!given, kArgument, "`", field,
                       "` is for a model of one's own: `decoder_command` is not given");
    return;
  }
  LATENTPATH_CHECK(o.model == usual.model, kArgument,
                   "`model` and `decoder_command` cannot both be given: paths run in one model");
  words_of_command(*o.decoder_command, "`decoder_command`");
  if (o.encoder_command) words_of_command(*o.encoder_command, "`encoder_command`");
  LATENTPATH_CHECK(o.encoder_command || latents, kArgument,
                   "`encoder_command` is missing: without it nothing makes latents of SMILES; give one, or "
                   "the ends as latents, in .npy files");
  LATENTPATH_CHECK(
      !o.encoder_command || !latents, kArgument,
      "`encoder_command` makes latents of SMILES, and the ends are latents already: leave it out");
  LATENTPATH_CHECK(!o.codes || !o.codes->empty(), kArgument,
                   "`codes` is empty: give a .npy file with latents [n, D], or leave the option out");
}

/// What is for programs and for what is learned from draws.
void check_learning(const MoleculesJob& o) {
  const MoleculesJob usual;
  LATENTPATH_CHECK(
      o.property_molecules == usual.property_molecules || o.property_command || o.learns_built_in(),
      kArgument,
      "`property_molecules` is for what networks learn first, `property_command`, or logp, qed, sa "
      "and `max_sa` of a `decoder_command`: none of it is given");
  LATENTPATH_CHECK(
      o.command_seconds == usual.command_seconds || o.property_command || o.decoder_command, kArgument,
      "`command_seconds` is for `property_command` and `decoder_command`, neither of which is given");
}

void check_job(const MoleculesJob& o) {
  const bool ends = !o.from.empty() || !o.to.empty();
  LATENTPATH_CHECK(!o.pairs || !o.pairs->empty(), kArgument,
                   "`pairs` is empty: give a file with a list of pairs, or leave the option out");
  LATENTPATH_CHECK(!o.loop || !o.loop->empty(), kArgument,
                   "`loop` is empty: give a molecule as SMILES, such as CCO, or leave the option out");
  LATENTPATH_CHECK(!o.pairs || (!ends && !o.loop), kArgument,
                   "`pairs` brings the ends of all paths: `from`, `to` and `loop` cannot be given with it");
  LATENTPATH_CHECK(!o.loop || !ends, kArgument,
                   "`loop` begins and ends at its molecule: `from` and `to` cannot be given with it");
  if (!o.pairs && !o.loop) {
    LATENTPATH_CHECK(!o.from.empty(), kArgument,
                     "a molecule is missing: give `from` and `to` (SMILES), or `loop`, or a list as `pairs`");
    LATENTPATH_CHECK(!o.to.empty(), kArgument, "`to` is missing: give the molecule at the end of the path");
  }
  check_epsilon_of_a_quality(o.search.epsilon);
  check_decoder(o);
  check_learning(o);
  check_property(o);
}

OptionTable<MoleculePathOptions> search_table() {
  using O = MoleculePathOptions;
  OptionTable<O> t;
  t.group("How it is sought")
      .add("segments", &O::segments)
      .help("Segments of the path in the latent space")
      .range(4, 1024);
  add_epsilon(t, &O::epsilon)
      .above(0)
      .add("starts", &O::starts)
      .help("Searches, of which the one with the best molecule is kept")
      .range(1, 100)
      .add("frames", &O::frames)
      .help("Points that are decoded first, evenly along the path")
      .range(2, 1000)
      .add("halvings", &O::halvings)
      .help("How often an interval between different molecules is halved")
      .range(0, 10)
      .add("seed", &O::seed)
      .help("Seed of the random numbers");
  return t;
}

OptionTable<MoleculeRequirements> requirement_table() {
  using R = MoleculeRequirements;
  OptionTable<R> t;
  t.group("What the path is for")
      .add("keep", &R::keep)
      .help("SMARTS of a part, a scaffold, that every molecule must have; both ends have it")
      .add("min-similarity", &R::min_similarity)
      .help("Tanimoto similarity that every molecule must have to the start or the end")
      .range(0, 1)
      .add("max-sa", &R::max_sa)
      .help("SA score that no molecule may exceed; 1 is easy")
      .range(1, 10)
      .rule(check_requirements);
  return t;
}

OptionTable<MoleculesJob> make_table() {
  using J = MoleculesJob;
  OptionTable<J> t;
  t.group("Molecules")
      .add("from", &J::from)
      .help("Molecule at the start, as SMILES, or FILE.npy with its latent [D]")
      .add("to", &J::to)
      .help("Molecule at the end, likewise")
      .add("loop", &J::loop)
      .help("Molecule at which a path starts and ends, in place of both, likewise")
      .add("pairs", &J::pairs)
      .help(
          "List of pairs: .smi (two SMILES a line), .csv (columns from and to), .sdf (each two records), "
          ".npy "
          "(latents [pairs, 2, D])")
      .names_file()
      .add("neutralise", &J::neutralise)
      .help("Remove charges that protons make; they fake a low log P")
      .group("What the path is for")
      .add("property", &J::property)
      .help(
          "Property that the molecules on the way are to have: logp (octanol-water partition, Crippen), qed "
          "(drug-likeness), sa (synthetic accessibility, 1 is easy), or a TorchScript FILE.pt, latents "
          "[n, D] to [n]")
      .names_file()
      .add("property-command", &J::property_command)
      .help(
          "Property of one's own in place of it: a program with its arguments, such as 'python3 score.py', "
          "that reads SMILES and prints numbers, a line each; nan: no value")
      .add("property-model", &J::property_model)
      .help("What leads a path to logp, qed or sa")
      .choices({{"regressors", "networks that see the value in a latent"},
                {"paper",
                 "the classifier of Struski et al. 2023, trained on 5000 decoded draws of N(0, I), to "
                 "compare with"}})
      .add("property-molecules", &J::property_molecules)
      .help(
          "Molecules that are drawn and scored first, for it or for a decoder of one's own: networks learn "
          "from "
          "them how a path is to be led")
      .range(100, 1e6)
      .add("command-seconds", &J::command_seconds)
      .help("A call of a command, of up to 1000 molecules, is ended when it takes longer")
      .unit("s")
      .above(0)
      .at_most(1e6)
      .add("minimise", &J::minimise)
      .help("Low values are sought; without either: low log P and SA, high QED, high values of one's own")
      .add("maximise", &J::maximise)
      .help("High values are sought")
      .add("threshold", &J::threshold)
      .help("Value that is to be passed")
      .unset("0 for log P, 0.9 for QED, 2.5 for SA");
  static const OptionTable<MoleculeRequirements> requirements = requirement_table();
  t.include(&J::requirements, requirements)
      .group("Model")
      .add("model", &J::model)
      .help(
          "Shipped model or file of one that latentpath train jtvae made, or a folder that latentpath data "
          "jtvae-zinc filled")
      .names_file()
      .add("decoder-command", &J::decoder_command)
      .help(
          "Decoder of one's own in place of it: a program with its arguments, such as 'python3 decode.py', "
          "that "
          "reads latents, numbers separated by commas, and prints SMILES, a line each; an empty line: none")
      .add("encoder-command", &J::encoder_command)
      .help("Its encoder, likewise, SMILES to latents; needed where the ends are SMILES")
      .add("codes", &J::codes)
      .help(
          "Latents [n, D] that its encoder gave for molecules that it knows, a .npy file: where paths may "
          "run")
      .unset("N(0, I)")
      .names_file();
  static const OptionTable<MoleculePathOptions> search = search_table();
  t.include(&J::search, search);
  add_threads(t.group("How it is sought"), &J::threads);
  add_output(t, &J::out, &J::overwrite,
             "run.json, molecules.csv, molecules.sdf, molecules.svg, path.npy, report.html; of a list also "
             "table.csv, table.md, table.tex, paths.csv")
      .rule(check_job);
  return t;
}

}  // namespace

const OptionTable<MoleculesJob>& molecules_option_table() {
  static const OptionTable<MoleculesJob> table = make_table();
  return table;
}

const BuiltInProperty* MoleculesJob::built_in() const {
  return property_command ? nullptr : find_built_in(property);
}

bool MoleculesJob::high_is_sought() const {
  const BuiltInProperty* known = built_in();
  return maximise || (!minimise && (known == nullptr || known->maximise));
}

bool MoleculesJob::learns_built_in() const {
  return decoder_command && (built_in() != nullptr || requirements.limits_sa());
}

bool MoleculesJob::ends_are_latents() const { return names_latents(pairs ? *pairs : loop ? *loop : from); }

}  // namespace latentpath
