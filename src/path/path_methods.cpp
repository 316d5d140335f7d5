#include "path/path_methods.h"

namespace latentpath {
namespace {

/// What every search begins with, and most end with.
constexpr const char* kDescent = "lbfgs";

/// Algorithm 1 of paper A by the name of the paper; its solver, whose curve is neural unless asked otherwise.
constexpr const char *kPaper = "paper", *kPaperSolver = "adam";

}  // namespace

const std::vector<PublishedMethod>& published_methods() {
  static const std::vector<PublishedMethod> table = {
      {.choice = {"paper2019", "gradient descent on the nodes of a polyline, endpoint-mean cost"},
       .cost = "endpoint-mean",
       .run = run_paper2019},
      {.choice = {"kim-zhang",
                  "Algorithm 1 of Kim and Zhang: accelerations pulled back by the pseudo-inverse"},
       .takes_density = true,
       .takes_quality = false,
       .pulls_back = true,
       .run = run_kim_zhang},
  };
  return table;
}

PathMethod path_method(const PathOptions& options) {
  const bool polyline = options.curve != "neural";
  for (const PublishedMethod& published : published_methods())
    if (published.choice.name == options.method)
      return {.published = &published, .takes_rate = true, .takes_density = published.takes_density};
  if (options.method == "auto")
    return {.left = true, .solver = kDescent, .coarse_to_fine = polyline, .takes_density = true};
  const SolverMethod& method = solver_method(options.method == kPaper ? kPaperSolver : options.method);
  if (method.needs != SolverNeeds::kGradient)
    return {.solver = kDescent, .finish = &method, .coarse_to_fine = polyline};
  return {.solver = method.name,
          .takes_rate = method.takes_rate,
          .coarse_to_fine = polyline && !method.takes_rate,
          .takes_density = true};
}

std::vector<OptionChoice> path_method_choices() {
  std::vector<OptionChoice> first = {{"auto", "lbfgs, coarse to fine; newton for distances on small maps"}};
  for (const PublishedMethod& published : published_methods()) first.push_back(published.choice);
  std::vector<OptionChoice> choices = solver_method_choices(first);
  choices.push_back({kPaper, "Algorithm 1: adam on a neural curve"});
  return choices;
}

}  // namespace latentpath
