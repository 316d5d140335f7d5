#pragma once
// Start: which first path a search began with.
//
//   Start{StartKind::kVia, 2}.name();      // "via-2"
//   Start::named("route-1")->kind;         // StartKind::kRoute

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace latentpath {

/// How a first path was made.
enum class StartKind {
  kStraight,   ///< (1 − t) z0 + t z1
  kSpherical,  ///< the great circle
  kVia,        ///< through good points of the prior
  kRoute,      ///< a shortest route of a roadmap
  kSections,   ///< through what each section of the time asks, one after another
  kGiven       ///< by the caller
};

struct Start {
  StartKind kind = StartKind::kStraight;
  int64_t number = 0;  ///< which of its kind for its pair, from 1; 0: there is one only

  /// As results report it: "linear", "spherical", "via-1", "route-2", "sections", "given".
  std::string name() const;
  /// That of such a name; none for any other.
  static std::optional<Start> named(const std::string& name);
  /// Led through other places than the straight line.
  bool is_detour() const { return kind != StartKind::kStraight; }
};

/// kind 1, kind 2, … kind `count`.
std::vector<Start> numbered_starts(StartKind kind, int64_t count);

}  // namespace latentpath
