// Feature paths: our default against Algorithm 1 of paper A, on random pairs without the feature.
//
//   benchmark_feature_paths DECODER.pt CLASSIFIER.pt [--class 8] [--pairs 100] [--single N] [--steps 1000]
//   [--seed 1] [--csv FILE]
//
// Both methods run in this process on the same pairs and the same cost (dynamic, the default time weight,
// time ramp, epsilon 0.1). Algorithm 1 is the papers': a neural curve, Adam with learning rate 1e-3, 50 fresh
// random times a step, started from the straight line. All costs compared are those of a refined grid.
// "Reached" is the moment our best path's refined cost is no higher than the best of Algorithm 1; our via
// points are counted and timed, for one pair in full. First all pairs as one batch (not with --no-batch),
// then --single pairs one by one. --csv writes a row for each pair of either kind.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <string>
#include <tuple>
#include <vector>

#include "latentpath/core/random.h"
#include "latentpath/models/classifier.h"
#include "latentpath/models/torchscript_decoder.h"
#include "latentpath/path/find_path.h"
#include "latentpath/path/initial_path.h"

using namespace latentpath;
using Clock = std::chrono::steady_clock;

namespace {

double since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(q * static_cast<double>(values.size() - 1) + 0.5)];
}

std::vector<double> to_vector(const Tensor& t) {
  const Tensor c = t.to(at::kDouble).contiguous();
  return {c.data_ptr<double>(), c.data_ptr<double>() + c.numel()};
}

struct Arguments {
  std::string decoder, classifier;
  int64_t favored = 8, pairs = 100, single = 0, steps = 1000;
  uint64_t seed = 1;
  bool paper = true, straight = true, batch = true;
  std::string csv;
  PathOptions path;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto number = [&] {
      if (++i >= argc) std::exit(2);
      return std::atoll(argv[i]);
    };
    if (word == "--class")
      arguments.favored = number();
    else if (word == "--pairs")
      arguments.pairs = number();
    else if (word == "--single")
      arguments.single = number();
    else if (word == "--steps")
      arguments.steps = number();
    else if (word == "--seed")
      arguments.seed = static_cast<uint64_t>(number());
    else if (word == "--via")
      arguments.path.via_starts = number();
    else if (word == "--coarse-subdivisions")
      arguments.path.coarse_subdivisions = number();
    else if (word == "--coarsest")
      arguments.path.coarsest_segments = number();
    else if (word == "--grading")
      arguments.path.grading = static_cast<double>(number()) / 100;
    else if (word == "--time-weight")
      arguments.path.time_weight = static_cast<double>(number());
    else if (word == "--threads")
      at::set_num_threads(static_cast<int>(number()));
    else if (word == "--init")
      arguments.path.init = argv[++i];
    else if (word == "--set") {  // a stage's setting: --set prune.late_lead=1.5
      const std::string setting = argv[++i];
      const size_t equals = setting.find('=');
      if (equals == std::string::npos) std::exit(2);
      set_stage_option(arguments.path, setting.substr(0, equals), std::atof(setting.c_str() + equals + 1));
    } else if (word == "--no-straight")
      arguments.straight = false;
    else if (word == "--no-batch")
      arguments.batch = false;
    else if (word == "--csv")
      arguments.csv = argv[++i];
    else if (word == "--ours-only")
      arguments.paper = false;
    else
      files.push_back(word);
  }
  if (files.size() != 2) {
    std::cerr
        << "usage: benchmark_feature_paths DECODER.pt CLASSIFIER.pt [--class C] [--pairs N] [--single N] "
           "[--steps N] [--seed N] [--ours-only] [--no-batch] [--csv FILE] [--set STAGE.OPTION=VALUE]\n";
    std::exit(2);
  }
  arguments.decoder = files[0];
  arguments.classifier = files[1];
  return arguments;
}

/// When and after how many decoder evaluations our best path of each pair first costs no more than its
/// target.
struct Reached {
  std::vector<double> seconds, evaluations, best;
  double total_seconds = 0;
};

Reached run_ours_against(const PathProblem& problem, PathOptions options, const Tensor& target,
                         double time_weight, int64_t candidate_share, PathResult& result) {
  const int64_t pairs = problem.start.size(0);
  Reached reached;
  reached.seconds.assign(static_cast<size_t>(pairs), -1);
  reached.evaluations.assign(static_cast<size_t>(pairs), -1);
  reached.best.assign(static_cast<size_t>(pairs), 1e300);
  EnergyOptions energy_options;
  energy_options.epsilon = options.epsilon;
  energy_options.cost = dynamic_cost(time_weight);
  const PathEnergy energy(problem.embedding, problem.quality, energy_options);
  const Clock::time_point begin = Clock::now();
  double paused = 0;
  options.snapshot = [&](const PathSnapshot& snapshot) {
    const double now = since(begin) - paused;
    const Clock::time_point pause = Clock::now();
    std::vector<int64_t> open;  // rows of pairs that have not reached their target
    for (int64_t row = 0; row < snapshot.nodes.size(0); ++row)
      if (reached.seconds[static_cast<size_t>(snapshot.pair[row].item<int64_t>())] < 0) open.push_back(row);
    if (!open.empty()) {
      const Tensor nodes = snapshot.nodes.index_select(0, at::tensor(open, at::kLong));
      const Tensor cost =
          energy
              .measure([&](const Tensor& t) { return interpolate_polyline(nodes, snapshot.times, t); },
                       nodes.size(0), snapshot.times, nullptr)
              .cost_refined;
      for (size_t i = 0; i < open.size(); ++i) {
        const auto pair = static_cast<size_t>(snapshot.pair[open[i]].item<int64_t>());
        reached.best[pair] = std::min(reached.best[pair], cost[static_cast<int64_t>(i)].item<double>());
      }
    }
    for (size_t pair = 0; pair < reached.best.size(); ++pair)
      if (reached.seconds[pair] < 0 &&
          reached.best[pair] <= target[static_cast<int64_t>(pair)].item<double>()) {
        reached.seconds[pair] = now;
        reached.evaluations[pair] = static_cast<double>(snapshot.decoder_evaluations[pair] + candidate_share);
      }
    paused += since(pause);
  };
  result = find_path(problem, options);
  reached.total_seconds = result.seconds - paused;
  return reached;
}

void print_row(const char* name, std::vector<double> values) {
  std::printf("  %-44s median %9.3f   10%% %9.3f   90%% %9.3f   worst %9.3f\n", name, quantile(values, 0.5),
              quantile(values, 0.1), quantile(values, 0.9), quantile(values, 1.0));
}

void print_ratios(const char* title, const std::vector<double>& time,
                  const std::vector<double>& evaluations) {
  const auto at_least = [](const std::vector<double>& values, double least) {
    return static_cast<long long>(
        std::count_if(values.begin(), values.end(), [&](double v) { return v >= least; }));
  };
  std::printf(
      "%stimes faster to its cost: median %.1f, worst %.1f, at least 30 on %lld of %zu; fewer decoder "
      "evaluations: median %.1f, worst %.1f, at least 20 on %lld of %zu\n",
      title, quantile(time, 0.5), quantile(time, 0), at_least(time, 30), time.size(),
      quantile(evaluations, 0.5), quantile(evaluations, 0), at_least(evaluations, 20), evaluations.size());
}

}  // namespace

int main(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  const Arguments arguments = parse(argc, argv);
  const auto decoder = load_decoder(arguments.decoder);
  const auto classifier = load_classifier(arguments.classifier);
  const int64_t dim = decoder->latent_dim();
  auto generator = make_generator(arguments.seed);
  classifier->connect(*decoder, at::randn({64, dim}, generator, at::kFloat), decoder->output_range());
  const auto feature = class_probability(classifier, arguments.favored);

  // Ends: prior samples without the feature.
  std::vector<Tensor> ends;
  int64_t have = 0;
  {
    const at::NoGradGuard no_gradient;
    while (have < 2 * arguments.pairs) {
      const Tensor z = at::randn({256, dim}, generator, at::kFloat);
      const Tensor p = feature->evaluate({z, {}, (*decoder)(z)});
      const Tensor rows = (p < 0.05).nonzero().squeeze(1);
      ends.push_back(z.index_select(0, rows));
      have += rows.size(0);
    }
  }
  const Tensor all = at::cat(ends).narrow(0, 0, 2 * arguments.pairs).view({arguments.pairs, 2, dim});
  PathProblem problem{.embedding = decoder,
                      .quality = time_ramp(feature),
                      .start = all.select(1, 0).contiguous(),
                      .end = all.select(1, 1).contiguous(),
                      .feature = feature,
                      .prior = {}};
  PathOptions options = arguments.path;
  options.seed = arguments.seed;
  std::printf("%s, class %lld favoured, time ramp, epsilon 0.1, %lld pairs, %d threads\n",
              arguments.decoder.c_str(), static_cast<long long>(arguments.favored),
              static_cast<long long>(arguments.pairs), at::get_num_threads());

  const PathResult ours = find_path(problem, options);
  std::cout << ours.brief_report() << "time weight " << ours.largest_time_weight() << "\n";
  const auto mean_class = to_vector(ours.path.mean_feature);
  const auto count_at_least = [](const std::vector<double>& values, double least) {
    return std::count_if(values.begin(), values.end(), [&](double v) { return v >= least; });
  };
  std::printf("mean class probability: median %.3f, worst %.3f, at least 0.6 on %lld of %lld\n",
              quantile(mean_class, 0.5), quantile(mean_class, 0),
              static_cast<long long>(count_at_least(mean_class, 0.6)),
              static_cast<long long>(arguments.pairs));
  const Tensor baseline = at::minimum(ours.linear.cost_refined, ours.spherical.cost_refined);
  std::printf("refined cost no higher than both baselines on %lld of %lld\n",
              static_cast<long long>((ours.path.cost_refined <= baseline).sum().item<int64_t>()),
              static_cast<long long>(arguments.pairs));
  if (arguments.straight) {
    PathOptions straight = options;
    straight.init = "linear";
    const PathResult result = find_path(problem, straight);
    const auto p = to_vector(result.path.mean_feature);
    std::printf(
        "from the straight line alone: mean class probability at least 0.6 on %lld of %lld, median %.3f\n",
        static_cast<long long>(count_at_least(p, 0.6)), static_cast<long long>(arguments.pairs),
        quantile(p, 0.5));
  }
  for (const LevelRecord& level : ours.history)
    std::printf("  %4lld segments: %4lld paths, %3lld iterations, mean cost %.4g, %.2f s\n",
                static_cast<long long>(level.segments), static_cast<long long>(level.paths),
                static_cast<long long>(level.iterations), level.mean_cost, level.seconds);
  print_row("refined / coarse cost", to_vector(ours.path.cost_refined / ours.path.cost));
  print_row("decoder evaluations a pair", [&] {
    std::vector<double> counts;
    for (const int64_t c : ours.decoder_evaluations) counts.push_back(static_cast<double>(c));
    return counts;
  }());
  for (int64_t pair = 0; pair < arguments.pairs; ++pair) {
    const bool weak = mean_class[static_cast<size_t>(pair)] < 0.6 ||
                      (ours.path.cost_refined[pair] > baseline[pair]).item<bool>();
    if (pair >= 20 && !weak) continue;
    std::printf("  pair %2lld: %-10s refined cost %9.3f  mean class %.3f  residual %.2g\n",
                static_cast<long long>(pair), ours.start[static_cast<size_t>(pair)].c_str(),
                ours.path.cost_refined[pair].item<double>(), mean_class[static_cast<size_t>(pair)],
                ours.gradient_residual[pair].item<double>());
  }
  if (!arguments.paper) return 0;

  std::ofstream csv;
  if (!arguments.csv.empty()) {
    csv.open(arguments.csv);
    csv << "run,pair,algorithm1_cost,our_cost,algorithm1_seconds,seconds_to_its_cost,algorithm1_evaluations,"
           "evaluations_to_its_cost\n";
  }
  const auto compare = [&](const PathProblem& asked, const char* title, int64_t first_pair) {
    const int64_t pairs = asked.start.size(0);
    PathOptions paper = options;
    paper.method = "adam";
    paper.max_iterations = arguments.steps;
    const PathResult algorithm1 = find_path(asked, paper);
    const Tensor target = algorithm1.path.cost_refined;
    PathResult result;
    const int64_t share = make_candidates(asked, options).drawn / pairs;
    Reached reached =
        run_ours_against(asked, options, target, algorithm1.largest_time_weight(), share, result);
    std::vector<double> time_ratio, evaluation_ratio,
        cost_ratio = to_vector(result.path.cost_refined / target);
    const double paper_evaluations = static_cast<double>(algorithm1.decoder_evaluations[0]);
    int64_t missed = 0;
    for (size_t pair = 0; pair < static_cast<size_t>(pairs); ++pair) {
      csv << title << ',' << first_pair + static_cast<int64_t>(pair) << ','
          << target[static_cast<int64_t>(pair)].item<double>() << ','
          << result.path.cost_refined[static_cast<int64_t>(pair)].item<double>() << ',' << algorithm1.seconds
          << ',' << reached.seconds[pair] << ',' << paper_evaluations << ',' << reached.evaluations[pair]
          << std::endl;
      if (reached.seconds[pair] < 0) {
        ++missed;
        continue;
      }
      time_ratio.push_back(algorithm1.seconds / reached.seconds[pair]);
      evaluation_ratio.push_back(paper_evaluations / reached.evaluations[pair]);
    }
    const auto p1 = to_vector(algorithm1.path.mean_feature);
    std::printf(
        "%s: Algorithm 1 took %.2f s and %.0f decoder evaluations a pair; its mean class probability: median "
        "%.3f, "
        "at least 0.6 on %lld of %lld\n",
        title, algorithm1.seconds, paper_evaluations, quantile(p1, 0.5),
        static_cast<long long>(count_at_least(p1, 0.6)), static_cast<long long>(pairs));
    print_row("our refined cost / Algorithm 1's", cost_ratio);
    std::printf("  lower or within 1 %% on %lld of %lld; its cost never reached on %lld\n",
                static_cast<long long>(
                    std::count_if(cost_ratio.begin(), cost_ratio.end(), [](double r) { return r <= 1.01; })),
                static_cast<long long>(pairs), static_cast<long long>(missed));
    print_ratios("  ", time_ratio, evaluation_ratio);
    std::printf("  all of our run: %.2f s\n", reached.total_seconds);
    return std::tuple{time_ratio, evaluation_ratio, cost_ratio};
  };
  if (arguments.batch) compare(problem, "one batch", 0);
  std::vector<double> time_ratios, evaluation_ratios, cost_ratios;
  for (int64_t pair = 0; pair < arguments.single; ++pair) {
    PathProblem one = problem;
    one.start = problem.start.narrow(0, pair, 1);
    one.end = problem.end.narrow(0, pair, 1);
    const auto [time_ratio, evaluation_ratio, cost_ratio] = compare(one, "one pair", pair);
    time_ratios.insert(time_ratios.end(), time_ratio.begin(), time_ratio.end());
    evaluation_ratios.insert(evaluation_ratios.end(), evaluation_ratio.begin(), evaluation_ratio.end());
    cost_ratios.insert(cost_ratios.end(), cost_ratio.begin(), cost_ratio.end());
  }
  if (arguments.single > 0) {
    print_row("pair by pair: our refined cost / Algorithm 1's", cost_ratios);
    print_ratios("pair by pair: ", time_ratios, evaluation_ratios);
  }
  return 0;
}
