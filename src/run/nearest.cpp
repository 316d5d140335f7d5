#include "latentpath/run/nearest.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
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

QualityPointer probability_of(const std::shared_ptr<const Classifier>& classifier, const NearestClass& asked,
                              const Classifier* named) {
  return asked_feature(classifier, {asked.name + "@0-1"}, {}, "auto", named).feature.quality;
}

json nearest_end_figures(const NearestClass& asked, const NearestEnds& found, const Embedding& decoder,
                         const Quality& condition, const QualityPointer& judged) {
  const at::NoGradGuard no_gradient;
  const Tensor decoded = decoder(found.ends), times = at::full({found.ends.size(0)}, 0.5, at::kDouble);
  const Tensor probability = condition.evaluate({found.ends, times, decoded});
  const Tensor by_judge = judged ? judged->evaluate({found.ends, times, decoded}) : Tensor();
  json figures = json::array();
  for (int64_t pair = 0; pair < found.ends.size(0); ++pair) {
    json end = {{"class", asked.name},
                {"certainty", asked.certainty},
                {"probability", number_or_null(probability[pair].item<double>())},
                {"samples", found.drawn},
                {"samples_inside", found.inside}};
    if (judged) end["judge_probability"] = number_or_null(by_judge[pair].item<double>());
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
