#include "run/tour_summary.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "run/json_numbers.h"
#include "run/verdict_rules.h"

namespace latentpath {
namespace {

using detail::figure_of;
using detail::number_or_null;
using nlohmann::json;

std::string text_of(const json& tour) {
  const auto legs = tour.at("legs").get<int64_t>();
  const auto figure = [&](const char* name) {
    const auto value = figure_of(tour, name);
    return value ? figure_text(*value) : std::string("not a number");
  };
  std::string first = join_message("tour of ", legs, " legs: cost ", figure("cost_refined"), " (its legs ",
                                   figure("legs_cost_refined"), ")");
  if (const double bent = tour.value("bent", 0.0); bent > 0)
    return first + ", smooth at its points: bent over " + share_text(bent) + " of a leg on either side";
  if (figure_of(tour, "legs_velocity_jump") == 0.0) return first;
  return first + ", with corners at its points" +
         (keeps_corners(tour) ? ": every bend costs more than `tour_allowance` lets it" : "");
}

}  // namespace

bool keeps_corners(const json& tour) {
  return tour.value("smooth", false) && tour.value("bent", 0.0) == 0 &&
         figure_of(tour, "legs_velocity_jump").value_or(0) > 0;
}

std::string tours_text(const json& tours) {
  if (tours.size() == 1) return text_of(tours[0]);
  std::vector<double> ratios, bent;
  int64_t corners = 0;
  for (const json& tour : tours) {
    corners += keeps_corners(tour);
    if (const double share = tour.value("bent", 0.0); share > 0) bent.push_back(share);
    const auto cost = figure_of(tour, "cost_refined"), legs = figure_of(tour, "legs_cost_refined");
    if (cost && legs && *legs > 0) ratios.push_back(*cost / *legs);
  }
  std::string text = join_message(tours.size(), " tours of ", tours[0].at("legs").get<int64_t>(), " legs");
  if (!ratios.empty())
    text += ": they cost " + figure_text(median_of(ratios)) + " times their legs in the median, " +
            figure_text(*std::max_element(ratios.begin(), ratios.end())) + " at most";
  if (!bent.empty())
    text += join_message("; ", bent.size() == tours.size() ? "all" : std::to_string(bent.size()),
                         " smooth at their points, bent over ", share_text(median_of(bent)),
                         " of a leg on either side in the median");
  else if (corners == 0)
    text += "; with corners at their points";
  if (corners > 0)
    text += join_message(", and ", corners, " of them ", corners == 1 ? "keeps its" : "keep their",
                         " corners: every bend costs more than `tour_allowance` lets it");
  return text;
}

void add_tour_figures(const std::vector<Tour>& found, int64_t legs, bool smooth, json& summary) {
  json tours = json::array();
  for (size_t i = 0; i < found.size(); ++i) {
    const Tour& tour = found[i];
    const int64_t segments = (tour.nodes.size(0) - 1) / legs;
    json at = json::array(), when = json::array();
    for (int64_t point = 0; point <= legs; ++point) {
      at.push_back(point * segments);
      when.push_back(tour.times[point * segments].item<double>());
    }
    tours.push_back({{"legs", legs},
                     {"first_pair", static_cast<int64_t>(i) * legs},
                     {"point_nodes", at},
                     {"point_times", when},
                     {"cost_refined", number_or_null(tour.cost)},
                     {"legs_cost_refined", number_or_null(tour.legs_cost)},
                     {"embedding_length", number_or_null(tour.length)},
                     {"smooth", smooth},
                     {"bent", tour.bent},
                     {"velocity_jump", number_or_null(tour.jump)},
                     {"legs_velocity_jump", number_or_null(tour.legs_jump)}});
  }
  summary["tours"] = tours;
  json& pairs = summary.at("pairs");
  for (size_t pair = 0; pair < pairs.size(); ++pair) {
    const auto each = static_cast<size_t>(legs);
    pairs[pair]["name"] = found.size() == 1
                              ? join_message("leg ", pair + 1)
                              : join_message("tour ", pair / each + 1, ", leg ", pair % each + 1);
  }
}

std::string pair_name(const json& pairs, size_t pair) {
  return pairs.at(pair).value("name", join_message("pair ", pair + 1));
}

}  // namespace latentpath
