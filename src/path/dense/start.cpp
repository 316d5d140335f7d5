#include "latentpath/path/start.h"

#include "latentpath/core/read_number.h"

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
    if (const auto number = read_count(name.substr(word.size() + 1)); number && *number > 0)
      return Start{kind, *number};
  }
  return std::nullopt;
}

std::vector<Start> numbered_starts(StartKind kind, int64_t count) {
  std::vector<Start> starts;
  for (int64_t k = 1; k <= count; ++k) starts.push_back({kind, k});
  return starts;
}

}  // namespace latentpath
