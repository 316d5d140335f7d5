// How good is the junction tree VAE, and how good are paths between molecules?
//
//   benchmark_molecules reconstruct MODEL COUNT MOSES            held-out molecules, from the mean and with
//                                                                exact ends
//   benchmark_molecules prior MODEL COUNT                        what latents of N(0, I), and far out, decode to
//   benchmark_molecules paths MODEL COUNT MOSES logp|qed|sa [ε]  pairs of held-out molecules against the
//                                                                straight line
//   benchmark_molecules loops MODEL COUNT MOSES                  loops through held-out molecules that raise QED
//   benchmark_molecules train MODEL COUNT MOSES                  regressors on COUNT encoded molecules, written
//                                                                beside the model
//
// MODEL is as of `latentpath molecules --model`: a file, a folder or the name of a shipped one; MOSES a
// folder with the molecules, that `latentpath data moses` or `latentpath data jtvae-zinc` filled.

#include <ATen/Parallel.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "latentpath/core/figure_text.h"
#include "latentpath/core/random.h"
#include "latentpath/molecule/molecule_models.h"
#include "latentpath/molecule/molecule_path.h"
#include "latentpath/molecule/published_jtvae.h"

namespace lp = latentpath;

namespace {

/// Processor seconds of this process, all threads together: what others do on the machine does not count.
double now() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// `count` molecules of MOSES' test part, evenly spread.
std::vector<lp::Molecule> held_out(const std::filesystem::path& folder, int64_t count) {
  const auto all = lp::moses_molecules("test", folder);
  std::vector<lp::Molecule> molecules;
  for (int64_t i = 0; i < count; ++i)
    molecules.push_back(
        lp::parse_molecule(all[static_cast<size_t>(i * static_cast<int64_t>(all.size()) / count)],
                           "a molecule")
            .molecule);
  return molecules;
}

void reconstruct(const lp::JunctionTreeVae& vae, const std::filesystem::path& folder, int64_t count) {
  int64_t unknown = 0, encoded = 0, from_mean = 0, exact = 0, partial = 0, gave_up = 0;
  double encoding = 0, decoding = 0, searching = 0;
  for (const lp::Molecule& molecule : held_out(folder, count)) {
    if (!vae.unknown_fragments(molecule).empty()) {
      ++unknown;
      continue;
    }
    ++encoded;
    double begin = now();
    const lp::Tensor code = vae.encode({molecule});
    encoding += now() - begin;
    begin = now();
    const lp::DecodedMolecule decoded = vae.decode(code)[0];
    decoding += now() - begin;
    from_mean += decoded.molecule.smiles() == molecule.smiles();
    partial += decoded.partial;
    gave_up += decoded.gave_up;
    begin = now();
    exact += vae.find_code(molecule).exact;
    searching += now() - begin;
  }
  const double n = static_cast<double>(encoded);
  std::printf("%lld molecules, %lld with fragments outside of the vocabulary\n",
              static_cast<long long>(count), static_cast<long long>(unknown));
  std::printf("reconstructed from the mean %.1f %%, with exact ends %.1f %%\n",
              100 * static_cast<double>(from_mean) / n, 100 * static_cast<double>(exact) / n);
  std::printf("partial %.2f %%, given up %.2f %%\n", 100 * static_cast<double>(partial) / n,
              100 * static_cast<double>(gave_up) / n);
  std::printf("encoding %.1f ms, decoding %.1f ms, exact ends %.1f ms of one core a molecule\n",
              1e3 * encoding / n, 1e3 * decoding / n, 1e3 * searching / n);
}

void prior(const lp::JunctionTreeVae& vae, int64_t count) {
  for (const double spread : {1.0, 1.35, 10.0}) {
    at::Generator generator = lp::make_generator(1);
    const lp::Tensor z = at::randn({count, vae.latent_dim()}, generator, at::kFloat) * spread;
    const double begin = now();
    std::set<std::string> different;
    int64_t partial = 0, gave_up = 0, charged = 0;
    for (const lp::DecodedMolecule& decoded : vae.decode(z)) {
      different.insert(decoded.molecule.smiles());
      partial += decoded.partial;
      gave_up += decoded.gave_up;
      charged += decoded.molecule.smiles().find_first_of("+-") != std::string::npos;
    }
    const double n = static_cast<double>(count);
    std::printf(
        "N(0, %.2f^2 I): %.1f %% different, %.1f %% charged, %.2f %% partial, %.2f %% given up, %.1f ms "
        "each\n",
        spread, 100 * static_cast<double>(different.size()) / n, 100 * static_cast<double>(charged) / n,
        100 * static_cast<double>(partial) / n, 100 * static_cast<double>(gave_up) / n,
        1e3 * (now() - begin) / n);
  }
}

/// Sums over the pairs of a table.
struct Table {
  int64_t pairs = 0, best_wins = 0, mean_wins = 0, reached = 0, reached_straight = 0, drug_like = 0,
          drug_like_straight = 0, exact = 0, gained = 0;
  std::vector<double> best, best_straight, mean, mean_straight, gain, similarity, seconds, worked;

  static double share(int64_t cases, int64_t of) {
    return 100 * static_cast<double>(cases) / static_cast<double>(std::max<int64_t>(1, of));
  }
};

/// Passes the threshold with QED ≥ 0.6 and SA ≤ 4 as well.
bool has_drug_like(const lp::MoleculePathProblem& problem, const lp::MoleculeSequence& sequence) {
  for (const lp::MoleculeStep& step : sequence.steps)
    if (!step.given && step.properties.qed >= 0.6 && step.properties.sa <= 4 &&
        lp::better(problem, step.value, problem.threshold))
      return true;
  return false;
}

void print(const Table& t, const std::string& property, bool loops) {
  const auto n = [&](int64_t cases) { return Table::share(cases, t.pairs); };
  std::printf("%s, %lld %s, both ends exact on %.0f %%, median %.1f s each (%.1f s of one core)\n",
              property.c_str(), static_cast<long long>(t.pairs), loops ? "loops" : "pairs", n(t.exact),
              lp::median_of(t.seconds), lp::median_of(t.worked));
  if (loops) {
    std::printf(
        "QED rises by 0.15 or more on %.0f %%, median +%.2f; similarity of the best to the start, median "
        "%.2f\n",
        n(t.gained), lp::median_of(t.gain), lp::median_of(t.similarity));
    return;
  }
  std::printf("best beats the straight line on %.0f %%, mean on %.0f %%\n", n(t.best_wins), n(t.mean_wins));
  std::printf(
      "threshold reached on %.0f %% (straight %.0f %%), with QED >= 0.6 and SA <= 4 on %.0f %% (%.0f %%)\n",
      n(t.reached), n(t.reached_straight), n(t.drug_like), n(t.drug_like_straight));
  std::printf("median best %.2f (straight %.2f), median mean %.2f (%.2f)\n", lp::median_of(t.best),
              lp::median_of(t.best_straight), lp::median_of(t.mean), lp::median_of(t.mean_straight));
}

/// Wall-clock seconds, as a user waits.
double wall() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// Figs. 17 (logp), 18 (qed; both ends below 0.8) and 19 (loops through molecules of QED below 0.7).
void paths(const lp::JunctionTreeVae& vae, const std::filesystem::path& regressors,
           const std::filesystem::path& folder, int64_t count, const std::string& property,
           const lp::MoleculePathOptions& options, bool loops) {
  const lp::PropertyModel model(regressors);
  const lp::SyntheticAccessibility accessibility(lp::find_fragment_scores());
  std::vector<lp::Molecule> molecules;
  for (const lp::Molecule& molecule : held_out(folder, (property == "qed" ? 8 : 3) * count))
    if (vae.unknown_fragments(molecule).empty() &&
        (property != "qed" || lp::drug_likeness(molecule) < (loops ? 0.7 : 0.8)))
      molecules.push_back(molecule);
  count = std::min(count, static_cast<int64_t>(molecules.size()) / (loops ? 1 : 2));
  Table table;
  for (int64_t i = 0; i < count; ++i) {
    const lp::Molecule& from = molecules[static_cast<size_t>(i)];
    const lp::Molecule& to = loops ? from : molecules[static_cast<size_t>(i + count)];
    const lp::MoleculePathProblem problem{from, to, lp::built_in_property(property, model),
                                          property == "logp"  ? 0
                                          : property == "qed" ? 0.9
                                                              : 2.5,
                                          property == "qed"};
    const double begin = wall(), worked = now();
    const lp::MoleculePathResult result =
        lp::find_molecule_path({vae, model, accessibility}, problem, options);
    table.seconds.push_back(wall() - begin);
    table.worked.push_back(now() - worked);
    ++table.pairs;
    const lp::MoleculeSequence &path = result.path, &line = result.linear;
    table.best_wins += lp::better(problem, path.best, line.best);
    table.mean_wins += lp::better(problem, path.mean, line.mean);
    table.reached += path.reached;
    table.reached_straight += line.reached;
    table.exact += result.from.exact && result.to.exact;
    table.drug_like += has_drug_like(problem, path);
    table.drug_like_straight += has_drug_like(problem, line);
    table.best.push_back(path.best);
    table.best_straight.push_back(line.best);
    table.mean.push_back(path.mean);
    table.mean_straight.push_back(line.mean);
    if (loops) {
      table.gain.push_back(path.best - path.steps.front().value);
      table.gained += table.gain.back() >= 0.15;
      for (const lp::MoleculeStep& step : path.steps)
        if (!step.given && step.value == path.best) table.similarity.push_back(step.similarity_to_start);
    }
    std::printf(
        "%3lld  best %6.2f (straight %6.2f)  mean %6.2f (%6.2f)  %-8s %2lld molecules (%2lld)  search %.1f "
        "s, decoding %.1f s, all %.1f s (%.1f s of one core)\n",
        static_cast<long long>(i), path.best, line.best, path.mean, line.mean, result.start.c_str(),
        static_cast<long long>(path.between), static_cast<long long>(line.between), result.search_seconds,
        result.decode_seconds, table.seconds.back(), table.worked.back());
    std::fflush(stdout);
    if ((i + 1) % 10 == 0 || i + 1 == count) print(table, property, loops);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (argc < (what == "prior" ? 4 : 5)) {
    std::fprintf(stderr,
                 "benchmark_molecules reconstruct|prior|paths|loops|train MODEL COUNT [MOSES [logp|qed|sa "
                 "[EPSILON]]]\n");
    return 2;
  }
  const std::string property = what == "loops" ? "qed" : argc > 5 ? argv[5] : "logp";
  at::set_num_threads(what == "paths" || what == "loops" ? 2 : 1);
  const lp::MoleculeModelFiles files = lp::find_molecule_model_files(argv[2], {"models"});
  const int64_t count = std::atoll(argv[3]);
  const std::filesystem::path folder = argc > 4 ? argv[4] : "";
  const lp::JunctionTreeVae vae(files.vae);
  if (what == "reconstruct") {
    reconstruct(vae, folder, count);
  } else if (what == "train") {
    const nlohmann::json card =
        lp::train_regressors(files.vae, lp::moses_molecules("train", folder), "MOSES, training part",
                             {.molecules = count, .folder = files.vae.parent_path() / "encoded"});
    std::printf("%s\n", card.dump(2).c_str());
  } else if (what == "prior") {
    prior(vae, count);
  } else {
    lp::MoleculePathOptions options;
    if (argc > 6) options.epsilon = std::atof(argv[6]);
    paths(vae, files.properties, folder, count, property, options, what == "loops");
  }
  return 0;
}
