#include "latentpath/path/path_set.h"

#include <ATen/ATen.h>

#include <charconv>
#include <system_error>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

const char* word_of(StartKind kind) {
  switch (kind) {
    case StartKind::kStraight:
      return "linear";
    case StartKind::kSpherical:
      return "spherical";
    case StartKind::kVia:
      return "via";
    case StartKind::kRoute:
      return "route";
    case StartKind::kSections:
      return "sections";
    case StartKind::kGiven:
      break;
  }
  return "given";
}

}  // namespace

std::string Start::name() const {
  const char* word = word_of(kind);
  return number > 0 ? word + ("-" + std::to_string(number)) : std::string(word);
}

std::optional<Start> Start::named(const std::string& name) {
  for (const StartKind kind : {StartKind::kStraight, StartKind::kSpherical, StartKind::kVia,
                               StartKind::kRoute, StartKind::kSections, StartKind::kGiven}) {
    const std::string word = word_of(kind);
    if (name == word) return Start{kind};
    if (name.rfind(word + "-", 0) != 0) continue;
    const char *first = name.data() + word.size() + 1, *last = name.data() + name.size();
    int64_t number = 0;
    const auto [end, error] = std::from_chars(first, last, number);
    if (error == std::errc() && end == last && number > 0) return Start{kind, number};
  }
  return std::nullopt;
}

std::vector<Start> numbered_starts(StartKind kind, int64_t count) {
  std::vector<Start> starts;
  for (int64_t k = 1; k <= count; ++k) starts.push_back({kind, k});
  return starts;
}

PathSet PathSet::select(const std::vector<int64_t>& chosen) const {
  const Tensor index = at::tensor(chosen, at::kLong);
  PathSet some{nodes.index_select(0, index), pair.index_select(0, index), {}};
  for (const int64_t row : chosen) some.start.push_back(start[static_cast<size_t>(row)]);
  return some;
}

PathSet one_path_each(const Tensor& nodes, Start start) {
  return {nodes, at::arange(nodes.size(0), at::kLong),
          std::vector<Start>(static_cast<size_t>(nodes.size(0)), start)};
}

PathSet path_set(const Tensor& nodes, const std::vector<Start>& starts) {
  LATENTPATH_ASSERT(nodes.dim() == 4 && nodes.size(1) == static_cast<int64_t>(starts.size()));
  PathSet paths{
      nodes.flatten(0, 1), at::arange(nodes.size(0), at::kLong).repeat_interleave(nodes.size(1)), {}};
  for (int64_t pair = 0; pair < nodes.size(0); ++pair)
    paths.start.insert(paths.start.end(), starts.begin(), starts.end());
  return paths;
}

std::vector<int64_t> rows_where(const Tensor& condition) {
  const Tensor rows = condition.nonzero().squeeze(1);
  return {rows.data_ptr<int64_t>(), rows.data_ptr<int64_t>() + rows.numel()};
}

}  // namespace latentpath
