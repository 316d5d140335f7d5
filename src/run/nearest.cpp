#include "latentpath/run/nearest.h"

#include <ATen/ATen.h>

#include <cmath>
#include <filesystem>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/models/scalar_file.h"
#include "latentpath/path/evaluation_counter.h"
#include "latentpath/run/feature_sections.h"
#include "latentpath/run/run_record.h"
#include "latentpath/run/text_values.h"
#include "run/json_numbers.h"

namespace latentpath {

using detail::number_or_null;
using nlohmann::json;

namespace {

constexpr double kSteps = 4;  ///< log-odds at the farthest start of what is 0 on a level set

/// Of "8" or "8@0.95".
AskedEnd nearest_class(const std::string& text) {
  AskedEnd asked;
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

Tensor values_of(const Embedding& f, const Tensor& z) {
  const at::NoGradGuard no_gradient;
  return f(z).reshape({-1}).to(at::kDouble);
}

/// C of the other side of {f = 0}, which is 1/2 there: σ(−side · f/scale).
QualityPointer beyond(const std::shared_ptr<const Embedding>& f, double side, double scale) {
  return function_quality(
      [=](const Tensor& z) { return at::sigmoid((*f)(z).reshape({-1}).to(at::kDouble) * (-side / scale)); },
      f->describe());
}

/// Some of the starts, and what their ends are to have.
struct Side {
  Tensor pairs;
  QualityPointer condition;
  double certainty;
};

/// All of `pairs` alike, or by the side of a level set that each start is on.
std::vector<Side> sides_of(const FreeEnd& asked, const Tensor& start, const Tensor& pairs) {
  if (!asked.level_set) return {{pairs, asked.condition.quality, asked.certainty}};
  const Tensor f = values_of(*asked.level_set, start.index_select(0, pairs));
  LATENTPATH_CHECK(at::isfinite(f).all().item<bool>(), kInput, "`to` level-set:", asked.condition.name,
                   " is not a number at a start");
  std::vector<Side> sides;
  for (const double side : {1.0, -1.0}) {
    const Tensor here = (side > 0 ? f >= 0 : f < 0).nonzero().view(-1);
    if (here.numel() == 0) continue;
    const double farthest = f.index_select(0, here).abs().max().item<double>();
    sides.push_back({pairs.index_select(0, here),
                     beyond(asked.level_set, side, farthest > 0 ? farthest / kSteps : 1), 0.5});
  }
  return sides;
}

}  // namespace

std::optional<AskedEnd> asked_end(const std::string& to) {
  if (const auto text = text_after("nearest:", to)) return nearest_class(*text);
  const auto file = text_after("level-set:", to);
  if (!file) return std::nullopt;
  LATENTPATH_CHECK(!file->empty(), kArgument, "`to` level-set: names no file: level-set:FILE.pt");
  AskedEnd asked;
  asked.level_set = *file;
  return asked;
}

bool names_free_end(const std::string& to) {
  return text_after("nearest:", to).has_value() || text_after("level-set:", to).has_value();
}

FreeEnd level_set_end(std::shared_ptr<const Embedding> f, const std::string& name) {
  check_has_gradient((*f)(at::ones({2, f->latent_dim()}).requires_grad_(true)), "the " + f->describe());
  return {.condition = {nullptr, name}, .judged = nullptr, .level_set = std::move(f)};
}

FreeEnd free_end(const AskedEnd& asked, const Models& models) {
  if (!asked.level_set.empty())
    return level_set_end(scalar_file(asked.level_set, "level set", models.decoder->latent_dim(), ""),
                         std::filesystem::path(asked.level_set).filename().string());
  const auto probability = [&](const std::shared_ptr<const Classifier>& classifier, const Classifier* named) {
    return asked_feature(classifier, {asked.name + "@0-1"}, {}, "auto", named).feature.quality;
  };
  return {.condition = {probability(models.classifier, nullptr), asked.name},
          .certainty = asked.certainty,
          .judged = models.judge ? probability(models.judge, models.classifier.get()) : nullptr};
}

FoundEnds find_free_ends(const FreeEnd& asked, const PathProblem& problem, const Prior& prior,
                         const PathOptions& options, NearestEndOptions search, bool guarded,
                         const ProgressObserver& progress, const CancellationToken& cancellation) {
  search.seed = options.seed;
  const Guard guard = make_guard(prior, guarded, true, problem.start, problem.start);
  const EnergyOptions energy = energy_options(options, chord_cost());
  const auto sampler = [&](int64_t count, at::Generator& generator) {
    return prior.end_points->sample(count, generator);
  };
  const int64_t pairs = problem.start.size(0);
  EvaluationCounter counter(problem.embedding, pairs);
  const auto scope = counter.count_shared();
  FoundEnds found;
  found.inside.resize(static_cast<size_t>(pairs));
  found.drawn.resize(static_cast<size_t>(pairs));
  const auto groups = guard.groups();
  for (size_t unguarded = 0; unguarded < groups.size(); ++unguarded) {
    const Tensor& group = groups[unguarded];
    if (group.numel() == 0) continue;
    const QualityPointer quality =
        path_quality(nullptr, false, prior, unguarded == 0 ? guard.quality : nullptr);
    for (const Side& side : sides_of(asked, problem.start, group)) {
      search.certainty = side.certainty;
      const Tensor start = problem.start.index_select(0, side.pairs);
      try {
        const NearestEnds of_side = nearest_ends({counter.map(), quality, energy}, *side.condition, sampler,
                                                 start, search, progress, cancellation);
        found.nearest.place(of_side, side.pairs, pairs);
        for (int64_t i = 0; i < side.pairs.size(0); ++i) {
          const auto pair = static_cast<size_t>(side.pairs[i].item<int64_t>());
          found.inside[pair] = of_side.inside, found.drawn[pair] = of_side.drawn;
        }
      } catch (const NoSampleInside&) {
        if (!asked.level_set) throw;
        throw Error(
            ErrorKind::kNumerical,
            join_message("the level set ", asked.condition.name, " has one sign at a start and at all ",
                         search.max_draws, " samples of the prior that were looked at: no ",
                         "place where it is 0 is known"));
      }
    }
  }
  found.decoded = counter.shared();
  return found;
}

json nearest_end_figures(const FreeEnd& asked, const FoundEnds& found, const Embedding& decoder) {
  const at::NoGradGuard no_gradient;
  const Tensor& ends = found.nearest.ends;
  const Tensor decoded = decoder(ends), times = at::full({ends.size(0)}, 0.5, at::kDouble);
  const Tensor probability = asked.level_set ? values_of(*asked.level_set, ends)
                                             : asked.condition.quality->evaluate({ends, times, decoded});
  const Tensor by_judge = asked.judged ? asked.judged->evaluate({ends, times, decoded}) : Tensor();
  json figures = json::array();
  for (int64_t pair = 0; pair < ends.size(0); ++pair) {
    const auto at = static_cast<size_t>(pair);
    json end{{"samples", found.drawn[at]}, {"samples_inside", found.inside[at]}};
    const json value = number_or_null(probability[pair].item<double>());
    if (asked.level_set)
      end.update({{"level_set", asked.condition.name}, {"value", value}});
    else
      end.update({{"class", asked.condition.name}, {"certainty", asked.certainty}, {"probability", value}});
    if (asked.judged) end["judge_probability"] = number_or_null(by_judge[pair].item<double>());
    figures.push_back(end);
  }
  return figures;
}

std::string nearest_end_text(const json& summary) {
  const json& pairs = summary.at("pairs");
  if (pairs.empty() || !pairs[0].contains("nearest_end")) return {};
  const json& first = pairs[0]["nearest_end"];
  const bool of_class = first.contains("class");
  std::vector<double> probability, by_judge;
  for (const json& pair : pairs) {
    const json& end = pair.at("nearest_end");
    const json& value = end.at(of_class ? "probability" : "value");
    if (value.is_number())
      probability.push_back(of_class ? value.get<double>() : std::abs(value.get<double>()));
    if (end.contains("judge_probability") && end["judge_probability"].is_number())
      by_judge.push_back(end["judge_probability"].get<double>());
  }
  if (probability.empty()) return {};
  const char* ends = pairs.size() == 1 ? "nearest end: " : "nearest ends, medians: ";
  if (!of_class)
    return join_message(ends, "|f| = ", figure_text(median_of(probability)), " by ",
                        first["level_set"].get<std::string>(), "\n");
  std::string text =
      join_message(ends, "P(", first["class"].get<std::string>(), ") = ", share_text(median_of(probability)));
  if (!by_judge.empty()) text += ", by the judge " + share_text(median_of(by_judge));
  return text + "\n";
}

}  // namespace latentpath
