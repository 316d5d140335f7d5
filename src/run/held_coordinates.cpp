#include "latentpath/run/held_coordinates.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "latentpath/core/error.h"
#include "latentpath/core/read_number.h"

namespace latentpath {
namespace {

/// What numbers count: `count` units of `size` coordinates each, in the order of the flattened latent.
struct Units {
  std::vector<int64_t> sizes;
  std::string name;  ///< "tensors", "rows", "coordinates"
};

int64_t product_of(const std::vector<int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

Units units_of(const std::vector<std::vector<int64_t>>& shapes) {
  Units units;
  if (shapes.size() > 1) {
    for (const auto& shape : shapes) units.sizes.push_back(product_of(shape));
    units.name = "tensors";
    return units;
  }
  const int64_t total = product_of(shapes[0]);
  int64_t count = total;
  for (const int64_t extent : shapes[0])
    if (extent > 1) {
      count = extent;
      break;
    }
  units.sizes.assign(static_cast<size_t>(count), total / count);
  units.name = count == total ? "coordinates" : "rows";
  return units;
}

int64_t parse_number(const std::string& text, const std::string& whole) {
  const auto number = read_count(text);
  LATENTPATH_CHECK(number, kArgument, "`freeze` '", whole, "': '", text,
                   "' is no number from 0; give numbers and ranges of them, like 0,8-17");
  return *number;
}

/// "8-17" → {8, 17}, "3" → {3, 3}.
std::pair<int64_t, int64_t> parse_range_of_numbers(const std::string& text, const std::string& whole) {
  const auto dash = text.find('-');
  const int64_t first = parse_number(text.substr(0, dash), whole);
  const int64_t last = dash == std::string::npos ? first : parse_number(text.substr(dash + 1), whole);
  LATENTPATH_CHECK(first <= last, kArgument, "`freeze` '", whole, "': the range ", text, " runs backwards");
  return {first, last};
}

class RankOfFree final : public TypicalityRank {
 public:
  explicit RankOfFree(const Tensor& held)
      : free_(held.logical_not().nonzero().squeeze(1)),
        dim_(held.size(0)),
        rank_(normal_typicality(free_.size(0))) {}
  Tensor log_rank(const Tensor& z) const override { return rank_->log_rank(z.index_select(1, free_)); }
  int64_t dim() const override { return dim_; }
  std::string describe() const override {
    return join_message(rank_->describe(), " of the ", free_.size(0), " coordinates that are not held");
  }

 private:
  Tensor free_;
  int64_t dim_;
  TypicalityRankPointer rank_;
};

}  // namespace

Tensor held_coordinates(const std::string& text, const std::vector<std::vector<int64_t>>& shapes) {
  if (text.empty()) return {};
  const Units units = units_of(shapes);
  const auto count = static_cast<int64_t>(units.sizes.size());
  std::vector<int64_t> first_of(units.sizes.size() + 1, 0);
  std::partial_sum(units.sizes.begin(), units.sizes.end(), first_of.begin() + 1);
  Tensor held = at::zeros({first_of.back()}, at::kBool);
  for (const std::string& part : split_at_commas(text)) {
    const auto [first, last] = parse_range_of_numbers(part, text);
    LATENTPATH_CHECK(last < count, kArgument, "`freeze` '", text, "': the decoder's latent has ", count, " ",
                     units.name, ", numbered 0 to ", count - 1, ", and no ", last);
    held.slice(0, first_of[static_cast<size_t>(first)], first_of[static_cast<size_t>(last) + 1]).fill_(true);
  }
  LATENTPATH_CHECK(!held.all().item<bool>(), kArgument, "`freeze` '", text,
                   "' holds all of the latent: the straight line is the only path");
  return held;
}

void check_held_ends(const Tensor& held, const std::string& move, const Tensor& start, const Tensor& end) {
  if (!held.defined() || move == "straight") return;
  const Tensor apart = ((start != end) & held).nonzero();
  if (apart.size(0) == 0) return;
  const int64_t pair = apart[0][0].item<int64_t>(), coordinate = apart[0][1].item<int64_t>();
  throw Error(
      ErrorKind::kArgument,
      join_message(
          "`freeze`: the ends", start.size(0) == 1 ? std::string() : join_message(" of pair ", pair + 1),
          " differ in coordinate ", coordinate, ", which is held: ", start[pair][coordinate].item<double>(),
          " and ", end[pair][coordinate].item<double>(), "; give ends that agree there, or `move` straight"));
}

TypicalityRankPointer normal_typicality_of_free(const Tensor& held) {
  return std::make_shared<RankOfFree>(held);
}

std::vector<int64_t> equal_parts(const std::vector<std::vector<int64_t>>& shapes, const Tensor& start,
                                 const Tensor& end) {
  std::vector<int64_t> equal;
  int64_t first = 0;
  for (size_t part = 0; part < shapes.size(); ++part) {
    const int64_t size = product_of(shapes[part]);
    if (at::equal(start.narrow(1, first, size), end.narrow(1, first, size)))
      equal.push_back(static_cast<int64_t>(part));
    first += size;
  }
  // One tensor has no parts, and of equal ends there is nothing to hold.
  return equal.size() < shapes.size() ? equal : std::vector<int64_t>();
}

}  // namespace latentpath
