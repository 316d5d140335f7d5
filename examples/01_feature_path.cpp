// A path between two handwritten digits that passes through eights: a decoder and a classifier from files,
// one call, a report.

#include <ATen/ATen.h>

#include <filesystem>
#include <iostream>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/models/classifier.h"
#include "latentpath/models/torchscript_decoder.h"
#include "latentpath/path/find_path.h"

namespace lp = latentpath;

int main() try {
  const std::filesystem::path models = LATENTPATH_EXAMPLE_MODELS;
  const auto decoder = lp::load_decoder(models / "mnist-vae-8.pt");
  const auto classifier = lp::load_classifier(models / "mnist-classifier.pt");

  // Two points of the prior, one a row: [1, 8] each.
  auto generator = lp::make_generator(3);
  const lp::Tensor ends = at::randn({2, 8}, generator, at::kFloat);

  // The classifier looks at what the decoder gives, and converts it to what it was trained on.
  classifier->connect(*decoder, at::randn({64, 8}, generator, at::kFloat), decoder->output_range());
  const auto eight = lp::class_probability(classifier, 8);

  lp::PathProblem problem;
  problem.embedding = decoder;
  problem.quality = lp::time_ramp(eight);  // nothing is asked at the ends, all in the middle
  problem.feature = eight;                 // reported along the path
  problem.start = ends.narrow(0, 0, 1);
  problem.end = ends.narrow(0, 1, 1);

  lp::PathOptions options;
  options.segments = 32;

  const lp::PathResult result = lp::find_path(problem, options);
  std::cout << result.brief_report();

  // result.nodes is [1, 33, 8]; a node decodes to an image like any other point.
  const lp::Tensor images = (*decoder)(result.nodes[0]);
  std::cout << "decoded nodes: " << lp::shape_string(images.sizes()) << "\n";

  // The path went through eights, which the straight line does not.
  return result.path.mean_feature.item<double>() > 0.5 ? 0 : 1;
} catch (const lp::Error& error) {
  std::cerr << error.what() << "\n";
  return static_cast<int>(error.kind());
}
