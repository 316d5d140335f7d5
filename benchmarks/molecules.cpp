// How good is the junction tree VAE, and how good are paths between molecules?
//
//   benchmark_molecules reconstruct FOLDER COUNT            held-out molecules of MOSES, from the mean and with exact ends
//   benchmark_molecules prior FOLDER COUNT                  what latents of N(0, I), and far out, decode to
//   benchmark_molecules paths FOLDER COUNT logp|qed|sa      pairs of held-out molecules against the straight line
//   benchmark_molecules train FOLDER COUNT                  regressors on COUNT encoded molecules, written into FOLDER
//
// FOLDER is what `latentpath data jtvae-zinc` filled.

#include <ATen/Parallel.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "latentpath/core/figure_text.h"
#include "latentpath/core/random.h"
#include "latentpath/molecule/molecule_path.h"
#include "latentpath/molecule/published_jtvae.h"

namespace lp = latentpath;

namespace {

/// Processor seconds of this process, which has one thread: what others do on the machine does not count.
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

void paths(const lp::JunctionTreeVae& vae, const std::filesystem::path& folder, int64_t count,
           const std::string& property) {
  const lp::PropertyModel model(lp::published_property_file(folder));
  const lp::SyntheticAccessibility accessibility(lp::find_fragment_scores({folder}));
  std::vector<lp::Molecule> molecules;
  for (const lp::Molecule& molecule : held_out(folder, 4 * count))
    if (vae.unknown_fragments(molecule).empty() && (property != "qed" || lp::drug_likeness(molecule) < 0.8))
      molecules.push_back(molecule);
  count = std::min(count, static_cast<int64_t>(molecules.size()) / 2);
  int64_t best_wins = 0, mean_wins = 0, reached = 0, reached_straight = 0, drug_like = 0, exact = 0;
  std::vector<double> best, best_straight, seconds;
  for (int64_t i = 0; i < count; ++i) {
    const lp::Molecule &from = molecules[static_cast<size_t>(i)],
                       &to = molecules[molecules.size() - 1 - static_cast<size_t>(i)];
    const lp::MoleculePathProblem problem{from, to, property,
                                          property == "logp"  ? 0
                                          : property == "qed" ? 0.9
                                                              : 2.5,
                                          property == "qed"};
    const double begin = now();
    const lp::MoleculePathResult result = lp::find_molecule_path(vae, model, accessibility, problem);
    seconds.push_back(now() - begin);
    best_wins += lp::better(problem, result.path.best, result.linear.best);
    mean_wins += lp::better(problem, result.path.mean, result.linear.mean);
    reached += result.path.reached;
    reached_straight += result.linear.reached;
    exact += result.from.exact && result.to.exact;
    bool good = false;
    for (const lp::MoleculeStep& step : result.path.steps)
      good = good || (!step.given && step.properties.qed >= 0.6 && step.properties.sa <= 4 &&
                      lp::better(problem, lp::property_value(step.properties, lp::latent_property(property)),
                                 problem.threshold));
    drug_like += good;
    best.push_back(result.path.best);
    best_straight.push_back(result.linear.best);
    std::printf("%3lld  best %6.2f (straight %6.2f)  mean %6.2f (%6.2f)  %-8s %2zu molecules  %.1f s\n",
                static_cast<long long>(i), result.path.best, result.linear.best, result.path.mean,
                result.linear.mean, result.start.c_str(), result.path.steps.size(), seconds.back());
    std::fflush(stdout);
  }
  const double n = static_cast<double>(count);
  const auto share = [n](int64_t cases) { return 100 * static_cast<double>(cases) / n; };
  std::printf(
      "%s, %lld pairs: best beats the straight line on %.0f %%, mean on %.0f %%; threshold reached on %.0f "
      "%% (straight "
      "%.0f %%), with QED >= 0.6 and SA <= 4 on %.0f %%\n",
      property.c_str(), static_cast<long long>(count), share(best_wins), share(mean_wins), share(reached),
      share(reached_straight), share(drug_like));
  std::printf(
      "median best %.2f (straight %.2f), both ends exact on %.0f %%, median %.1f s of one core a pair\n",
      lp::median_of(best), lp::median_of(best_straight), share(exact), lp::median_of(seconds));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fprintf(stderr, "benchmark_molecules reconstruct|prior|paths|train FOLDER COUNT [logp|qed|sa]\n");
    return 2;
  }
  at::set_num_threads(1);
  const std::string what = argv[1], property = argc > 4 ? argv[4] : "logp";
  const std::filesystem::path folder = argv[2];
  const int64_t count = std::atoll(argv[3]);
  const lp::JunctionTreeVae vae(lp::published_jtvae_file(folder));
  if (what == "reconstruct")
    reconstruct(vae, folder, count);
  else if (what == "train")
    std::printf("%s\n",
                lp::train_property_model(vae, lp::moses_molecules("train", folder),
                                         lp::SyntheticAccessibility(lp::find_fragment_scores({folder})),
                                         lp::published_property_file(folder), {.molecules = count})
                    .dump(2)
                    .c_str());
  else if (what == "prior")
    prior(vae, count);
  else
    paths(vae, folder, count, property);
  return 0;
}
