#include "run/tour_summary.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "run/json_numbers.h"

namespace latentpath {
namespace {

using detail::number_or_null;
using nlohmann::json;

std::string text_of(const Tour& tour, int64_t legs, bool smooth) {
  const std::string first =
      join_message("tour of ", legs, legs == 1 ? " leg" : " legs", ": cost ", figure_text(tour.cost),
                   " (its legs ", figure_text(tour.legs_cost), ")");
  if (tour.bent > 0)
    return first + ", smooth at its points: bent over " + share_text(tour.bent) +
           " of a leg on either side\n";
  if (tour.legs_jump == 0) return first + "\n";
  return first + ", with corners at its points" +
         (smooth ? ": every bend costs more than `tour_allowance` lets it, and a larger one rounds them\n"
                 : "\n");
}

}  // namespace

void add_tour_figures(const std::vector<Tour>& found, int64_t legs, bool smooth, RunRecord& run) {
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
                     {"bent", tour.bent},
                     {"velocity_jump", number_or_null(tour.jump)},
                     {"legs_velocity_jump", number_or_null(tour.legs_jump)}});
  }
  run.summary["tours"] = tours;
  std::string text;
  if (found.size() == 1) {
    text = text_of(found[0], legs, smooth);
  } else {
    std::vector<double> ratios;
    for (const Tour& tour : found) ratios.push_back(tour.cost / tour.legs_cost);
    text = join_message(found.size(), " tours of ", legs, " legs: they cost ", figure_text(median_of(ratios)),
                        " times their legs in the median, ",
                        figure_text(*std::max_element(ratios.begin(), ratios.end())), " at most\n");
  }
  run.text += text;
  const auto [nodes, times] = stacked(found);
  run.arrays.emplace_back("tour.npy", nodes);
  run.arrays.emplace_back("tour_times.npy", times);
}

}  // namespace latentpath
