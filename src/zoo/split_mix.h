#pragma once
// The finaliser of SplitMix64 (Steele, Lea & Flood, OOPSLA 2014): whole numbers that look drawn at random,
// the same on every machine.

#include <cstdint>

namespace latentpath {

/// What a state's step is; its multiples, finalised, are the generator's draws.
inline constexpr uint64_t kGoldenGamma = 0x9E3779B97F4A7C15ULL;

inline uint64_t split_mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

}  // namespace latentpath
