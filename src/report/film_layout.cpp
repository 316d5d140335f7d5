#include "film_impl.h"

#include <algorithm>
#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/io/film.h"
#include "report/curve_title.h"

namespace latentpath::detail {
namespace {

constexpr int64_t kMargin = 12, kGap = 8, kPairGap = 24;
constexpr double kScreen = 16.0 / 9.0;
constexpr double kSmallestLabel = 9, kLargestLabel = 20;
constexpr int64_t kLargestSide = 16384;
constexpr int64_t kMostPixels = int64_t{1} << 26;

/// The longer side of an image where nobody says it: whole multiples keep its pixels alike.
int64_t usual_side(int64_t cells, int64_t longer) {
  const double wanted = cells == 1 ? 512 : cells <= 4 ? 384 : cells <= 9 ? 256 : cells <= 25 ? 160 : 96;
  if (cells == 1 && static_cast<double>(longer) >= wanted) return longer;
  if (static_cast<double>(longer) > wanted) return std::llround(wanted);
  return longer * std::max<int64_t>(1, std::llround(wanted / static_cast<double>(longer)));
}

std::string label_of(const std::string& row, size_t rows, int64_t pair, int64_t pairs) {
  const std::string curve = detail::curve_title(row);
  const std::string number = "pair " + std::to_string(pair + 1);
  if (pairs == 1) return rows == 1 ? "" : curve;
  return rows == 1 ? number : number + ": " + curve;
}

/// So many cells, with gaps between those of a pair and wider ones between pairs.
int64_t extent(int64_t pairs, int64_t of_pair, int64_t cell) {
  const int64_t gap = of_pair > 1 ? kPairGap : kGap;
  return 2 * kMargin + pairs * (of_pair * (cell + kGap) - kGap) + (pairs - 1) * gap;
}

}  // namespace

FilmLayout film_layout(const FilmOptions& options, int64_t pairs, int64_t height, int64_t width) {
  const auto rows = static_cast<int64_t>(options.rows.size());
  const int64_t longer = std::max(height, width);
  const int64_t side = options.size > 0 ? options.size : usual_side(pairs * rows, longer);
  const auto scaled = [&](int64_t pixels) {
    return std::max<int64_t>(1,
                             std::llround(static_cast<double>(pixels * side) / static_cast<double>(longer)));
  };
  FilmLayout layout;
  layout.cell_width = scaled(width);
  layout.cell_height = scaled(height);
  int64_t label = 0;
  if (pairs * rows > 1) {
    layout.label_size =
        std::clamp(static_cast<double>(layout.cell_width) / 14, kSmallestLabel, kLargestLabel);
    label = std::llround(1.8 * layout.label_size);
  }
  const int64_t across = options.arrange == "below" ? 1 : rows, down = rows / across;
  const int64_t step_x = layout.cell_width, step_y = layout.cell_height + label;
  int64_t columns = 1;
  double best = 1e300;
  for (int64_t count = 1; count <= pairs; ++count) {
    const double shape = static_cast<double>(extent(count, across, step_x)) /
                         static_cast<double>(extent((pairs + count - 1) / count, down, step_y));
    const double off = std::abs(std::log(shape / kScreen));
    if (off < best) best = off, columns = count;
  }
  const int64_t margin = pairs * rows > 1 ? kMargin : 0, lines = (pairs + columns - 1) / columns;
  layout.width = margin > 0 ? extent(columns, across, step_x) : layout.cell_width;
  layout.height = margin > 0 ? extent(lines, down, step_y) : layout.cell_height;
  if (!options.video.empty() && film_needs_even_size(options.video)) {
    layout.width += layout.width % 2;
    layout.height += layout.height % 2;
  }
  LATENTPATH_CHECK(
      std::max(layout.width, layout.height) <= kLargestSide && layout.width * layout.height <= kMostPixels,
      kArgument, "the film would have ", layout.width, " x ", layout.height,
      " pixels: give a smaller `size`, or fewer `film_pairs`");
  for (int64_t pair = 0; pair < pairs; ++pair)
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t column = pair % columns, line = pair / columns;
      FilmCell cell{.pair = pair, .row = options.rows[static_cast<size_t>(row)]};
      cell.label = label_of(cell.row, options.rows.size(), pair, pairs);
      const auto place = [&](int64_t of_pairs, int64_t within, int64_t of_pair, int64_t cell_step) {
        const int64_t gap = of_pair > 1 ? kPairGap : kGap;
        return margin + of_pairs * (of_pair * (cell_step + kGap) - kGap + gap) + within * (cell_step + kGap);
      };
      cell.x = place(column, across > 1 ? row : 0, across, step_x);
      cell.y = place(line, across > 1 ? 0 : row, down, step_y) + label;
      layout.cells.push_back(std::move(cell));
    }
  return layout;
}

}  // namespace latentpath::detail
