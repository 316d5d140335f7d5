// Are the latent paths of a decoder with D = 2 globally shortest? find_path() against fast marching in the
// latent plane, for qualities that do not depend on time: a class probability without ramp, and the density
// of the prior.
//
//   benchmark_latent_certificate [PAIRS] [FOLDER]
//
// Prints length, optimum and gap of each pair, as find_path() leaves it and after certify_and_improve() has
// gone on from the optimum's path; writes a picture with both paths for the first of each kind.

#include <ATen/ATen.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <numeric>

#include "latentpath/core/random.h"
#include "latentpath/models/classifier.h"
#include "latentpath/models/torchscript_decoder.h"
#include "latentpath/path/certify_globally.h"
#include "latentpath/path/find_path.h"
#include "latentpath/path/points.h"
#include "latentpath/report/latent_plane.h"

using namespace latentpath;

int main(int argc, char** argv) {
  const int64_t pairs = argc > 1 ? std::atoll(argv[1]) : 4;
  const std::filesystem::path folder = argc > 2 ? argv[2] : "latent-certificate";
  std::filesystem::create_directories(folder);
  const std::string models = LATENTPATH_BENCHMARK_MODELS;
  const auto decoder = load_decoder(models + "/mnist-dcgan-2.pt");
  const auto classifier = load_classifier(models + "/mnist-classifier.pt");
  auto generator = make_generator(7);
  classifier->connect(*decoder, at::randn({64, 2}, generator, at::kFloat), decoder->output_range());
  const Tensor ends = at::randn({2 * pairs, 2}, generator, at::kDouble).clamp(-2, 2);
  int64_t found_within = 0, within = 0, total = 0;
  for (const bool feature : {true, false}) {
    PathProblem problem;
    problem.embedding = decoder;
    problem.quality = feature ? class_probability(classifier, 8) : normal_prior(2);
    problem.prior = normal_sampler(2);
    problem.start = ends.narrow(0, 0, pairs);
    problem.end = ends.narrow(0, pairs, pairs);
    PathOptions options;
    options.cost = "chord";
    PathResult result = find_path(problem, options);
    const Tensor found = result.path.length.clone();
    const double found_in = result.seconds;
    EikonalDistanceOptions marching;
    marching.box = {{-3, -3}, {3, 3}};
    marching.coarsest = 81;
    marching.tolerance = 5e-3;
    marching.most_nodes = 40'000;
    const std::vector<GlobalCertificate> certificates =
        certify_and_improve(problem, options, result, marching);
    std::printf("%s: paths found in %.1f s, %lld points a pair after certificates, %.1f s for going on\n",
                feature ? "P(8)" : "prior", found_in,
                static_cast<long long>(std::accumulate(result.decoder_evaluations.begin(),
                                                       result.decoder_evaluations.end(), int64_t{0}) /
                                       pairs),
                result.seconds - found_in);
    for (int64_t pair = 0; pair < pairs; ++pair) {
      const double length = result.path.length[pair].item<double>(), before = found[pair].item<double>(),
                   linear = result.linear.length[pair].item<double>();
      const GlobalCertificate& c = certificates[static_cast<size_t>(pair)];
      ++total;
      found_within += before <= 1.01 * c.reference;
      within += c.gap <= 0.01;
      std::printf(
          "%s, pair %lld: straight line %.4f, found %.4f (gap %.2f %%), certified %.4f (from %s, gap %.2f "
          "%%), fast "
          "marching %.4f +- %.4f, the marching path itself %.4f; %lld points, %.1f s\n",
          feature ? "P(8)" : "prior", static_cast<long long>(pair), linear, before,
          100 * (before / c.reference - 1), length, result.start[static_cast<size_t>(pair)].c_str(),
          100 * c.gap, c.reference, c.reference_error, c.marching.path_length,
          static_cast<long long>(c.marching.evaluations()), c.marching.seconds);
      std::fflush(stdout);
      if (pair > 0) continue;
      const at::NoGradGuard no_gradient;
      const int64_t side = 120;
      const Tensor x = at::linspace(-3, 3, side, at::kDouble);
      const Tensor grid =
          at::stack({x.unsqueeze(0).expand({side, side}), x.unsqueeze(1).expand({side, side})}, 2)
              .reshape({-1, 2});
      std::vector<Tensor> values;
      for (const Tensor& part : grid.split(1024))
        values.push_back(problem.quality
                             ->evaluate({part, at::full({part.size(0)}, 0.5, at::kDouble),
                                         problem.quality->needs_decoded() ? (*decoder)(part) : Tensor()})
                             .to(at::kDouble));
      LatentPlane plane;
      plane.title = feature ? "Through eights, without ramp" : "Within the prior";
      plane.values = at::cat(values).view({side, side});
      plane.value_label = feature ? "P(8)" : "quality";
      plane.x0 = plane.y0 = -3, plane.x1 = plane.y1 = 3;
      char ours[64], optimum[64], straight[64];
      std::snprintf(straight, sizeof straight, "straight line, %.2f", linear);
      std::snprintf(ours, sizeof ours, "LatentPath, %.3f", length);
      std::snprintf(optimum, sizeof optimum, "fast marching, %.3f", c.reference);
      plane.curves = {{straight, kLinearColour, at::stack({problem.start[pair], problem.end[pair]}), true},
                      {ours, kPathColour, result.nodes[pair]},
                      {optimum, kVermillion, tensor_of_points(c.marching.path), true, true}};
      write_picture(folder / (feature ? "feature" : "prior"), draw_latent_plane(plane));
    }
  }
  std::printf("within 1 %% of the optimum: %lld of %lld as found, %lld certified\n",
              static_cast<long long>(found_within), static_cast<long long>(total),
              static_cast<long long>(within));
  return within == total ? 0 : 1;
}
