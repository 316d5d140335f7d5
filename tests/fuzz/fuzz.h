#pragma once
// Fuzzing in process: what readers of files make of mutated ones.
//
// A target reads one file. Its corpus are sound files, which it writes itself; each run mutates one of them
// and asks for one of two ends: the file is read, or an Error of kind kInput or kArgument says in one
// sentence what is wrong. Anything else is a finding: another exception, a crash, more than kLongest seconds,
// more than kMostMemory bytes.
//
//   scripts/fuzz                                    a minute, all targets (what CI runs)
//   scripts/fuzz --seconds 3600 --seed 7            an hour
//   scripts/fuzz --target csv --replay FILE         one file again

#include <cstdint>
#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <vector>

namespace latentpath::fuzz {

inline constexpr unsigned kLongest = 20;                    // seconds a file, on a busy machine
inline constexpr uint64_t kMostMemory = uint64_t{2} << 30;  // bytes beyond what the program has at its start

struct Target {
  std::string name;
  /// Sound files of its kind, as bytes; written into an empty folder by the target itself.
  std::function<std::vector<std::string>(const std::filesystem::path& folder)> corpus;
  /// Reads one file.
  std::function<void(const std::filesystem::path& file)> read;
  /// Makes checksums and sizes right again after a mutation, so that what lies behind them is reached; may be
  /// empty.
  std::function<std::string(std::string bytes)> mend = {};
};

std::vector<Target> targets();
/// Of the component for molecules, where it is built: SMILES, and lists of pairs.
std::vector<Target> molecule_targets();

/// A sound file with one to eight mutations: bits, bytes, pieces, numbers, another file's pieces.
std::string mutate(const std::vector<std::string>& corpus, std::mt19937_64& random);

}  // namespace latentpath::fuzz
