#pragma once
// A warning: a sentence for people, and what it is about, for those who draw conclusions from it
// (run/verdict.h).
//
//   warnings.push_back("the decoder draws random numbers");                         // questions the figures
//   warnings.push_back({"matrix products are slow", WarningKind::kSpeed});
//   warnings.push_back({"pair 3: an end is strange", WarningKind::kFigures, 2});    // and no other pair's

#include <cstdint>
#include <string>
#include <utility>

namespace latentpath {

enum class WarningKind {
  kFigures,  ///< it questions the figures
  kSpeed,    ///< figures are right, and take longer than they need
  kScope,    ///< says what is not known, or how it is known; what is reported is right
  kTold,     ///< a figure of its own says it too: convergence, resolution
};

/// As it stands in JSON: "figures", "speed", "scope", "told".
inline const char* warning_kind_name(WarningKind kind) {
  switch (kind) {
    case WarningKind::kSpeed:
      return "speed";
    case WarningKind::kScope:
      return "scope";
    case WarningKind::kTold:
      return "told";
    default:
      return "figures";
  }
}

struct Warning : std::string {
  static constexpr int64_t kAllPairs = -1;

  Warning(std::string sentence, WarningKind about = WarningKind::kFigures, int64_t of_pair = kAllPairs)
      : std::string(std::move(sentence)), kind(about), pair(of_pair) {}
  Warning(const char* sentence) : std::string(sentence) {}

  WarningKind kind = WarningKind::kFigures;
  int64_t pair = kAllPairs;  ///< the pair that it concerns, counted from 0
};

}  // namespace latentpath
