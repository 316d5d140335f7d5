#include "latentpath/run/nearest.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/path/evaluation_counter.h"
#include "latentpath/run/feature_sections.h"
#include "latentpath/run/run_record.h"
#include "latentpath/run/text_values.h"
#include "run/json_numbers.h"

namespace latentpath {

using detail::number_or_null;
using nlohmann::json;

NearestClass parse_nearest(const std::string& text) {
  NearestClass asked;
  const size_t at = text.rfind('@');
  asked.name = text.substr(0, at);
  LATENTPATH_CHECK(!asked.name.empty(), kArgument, "`to` nearest:", text, " names no class: nearest:8, or ",
                   "nearest:8@0.95");
  if (at == std::string::npos) return asked;
  const std::vector<double> numbers = parse_finite_numbers("to", text.substr(at + 1));
  LATENTPATH_CHECK(numbers.size() == 1 && numbers[0] > 0 && numbers[0] < 1, kArgument, "`to` nearest:", text,
                   ": a certainty is a probability between 0 and 1, like nearest:", asked.name, "@0.95");
  asked.certainty = numbers[0];
  return asked;
}

FreeEnd free_end(const NearestClass& asked, const Models& models) {
  const auto probability = [&](const std::shared_ptr<const Classifier>& classifier, const Classifier* named) {
    return asked_feature(classifier, {asked.name + "@0-1"}, {}, "auto", named).feature.quality;
  };
  return {{probability(models.classifier, nullptr), asked.name},
          asked.certainty,
          models.judge ? probability(models.judge, models.classifier.get()) : nullptr};
}

FoundEnds find_free_ends(const FreeEnd& asked, const PathProblem& problem, const Prior& prior,
                         const PathOptions& options, NearestEndOptions search, bool guarded,
                         const ProgressObserver& progress, const CancellationToken& cancellation) {
  search.certainty = asked.certainty, search.seed = options.seed;
  const Guard guard = make_guard(prior, guarded, true, problem.start, problem.start);
  EnergyOptions energy;
  energy.epsilon = options.epsilon;
  energy.norm = options.norm;
  const auto sampler = [&](int64_t count, at::Generator& generator) {
    return prior.end_points->sample(count, generator);
  };
  const int64_t pairs = problem.start.size(0);
  EvaluationCounter counter(problem.embedding, pairs);
  const auto scope = counter.count_shared();
  FoundEnds found;
  const auto groups = guard.groups();
  for (size_t unguarded = 0; unguarded < groups.size(); ++unguarded) {
    const Tensor& group = groups[unguarded];
    if (group.numel() == 0) continue;
    const QualityPointer quality =
        path_quality(nullptr, false, prior, unguarded == 0 ? guard.quality : nullptr);
    const NearestEnds of_group =
        nearest_ends({counter.map(), quality, energy}, *asked.condition.quality, sampler,
                     problem.start.index_select(0, group), search, progress, cancellation);
    found.nearest.place(of_group, group, pairs);
  }
  found.decoded = counter.shared();
  return found;
}

json nearest_end_figures(const FreeEnd& asked, const NearestEnds& found, const Embedding& decoder) {
  const at::NoGradGuard no_gradient;
  const Tensor decoded = decoder(found.ends), times = at::full({found.ends.size(0)}, 0.5, at::kDouble);
  const Tensor probability = asked.condition.quality->evaluate({found.ends, times, decoded});
  const Tensor by_judge = asked.judged ? asked.judged->evaluate({found.ends, times, decoded}) : Tensor();
  json figures = json::array();
  for (int64_t pair = 0; pair < found.ends.size(0); ++pair) {
    json end = {{"class", asked.condition.name},
                {"certainty", asked.certainty},
                {"probability", number_or_null(probability[pair].item<double>())},
                {"samples", found.drawn},
                {"samples_inside", found.inside}};
    if (asked.judged) end["judge_probability"] = number_or_null(by_judge[pair].item<double>());
    figures.push_back(end);
  }
  return figures;
}

std::string nearest_end_text(const json& summary) {
  const json& pairs = summary.at("pairs");
  if (pairs.empty() || !pairs[0].contains("nearest_end")) return {};
  std::vector<double> probability, by_judge;
  for (const json& pair : pairs) {
    const json& end = pair.at("nearest_end");
    if (end.at("probability").is_number()) probability.push_back(end["probability"].get<double>());
    if (end.contains("judge_probability") && end["judge_probability"].is_number())
      by_judge.push_back(end["judge_probability"].get<double>());
  }
  if (probability.empty()) return {};
  std::string text = join_message(pairs.size() == 1 ? "nearest end: " : "nearest ends, medians: ", "P(",
                                  pairs[0]["nearest_end"]["class"].get<std::string>(),
                                  ") = ", share_text(median_of(probability)));
  if (!by_judge.empty()) text += ", by the judge " + share_text(median_of(by_judge));
  return text + "\n";
}

}  // namespace latentpath
