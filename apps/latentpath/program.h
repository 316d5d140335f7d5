#pragma once
// What the subcommands share: how they are declared, cancellation by Ctrl-C, the places of shipped models.

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "latentpath/core/option_table.h"
#include "latentpath/core/progress.h"

namespace latentpath::program {

/// A subcommand: its options, bound to a struct that `run` reads.
struct Subcommand {
  std::string name, summary, footer;
  std::vector<BoundOption> options;
  std::function<void()> run;
};

/// Declares a subcommand that is `run` with an options struct of its own, filled from the command line. The
/// table must live as long as the program.
template <class Options>
Subcommand declare(std::string name, std::string summary, std::string footer,
                   const OptionTable<Options>& table, std::function<void(Options&)> run) {
  auto options = std::make_shared<Options>();
  return {std::move(name), std::move(summary), std::move(footer), table.bind(*options),
          [options, run = std::move(run)] { run(*options); }};
}

// Each subcommand lives in a file of its own: Subcommand interpolate();
#define LATENTPATH_SUBCOMMAND(name) Subcommand name();
#include "subcommands.inc"
#undef LATENTPATH_SUBCOMMAND

/// Raised by Ctrl-C (SIGINT) and SIGTERM; long computations poll it.
const CancellationToken& interrupt_token();

/// From now on the first signal is answered at once. Called by whoever shows progress on a terminal, where
/// people wait and finishing may take a moment.
void answer_first_interrupt();

/// What a second signal does before it ends the program at once.
struct Abandonment {
  std::mutex mutex;  ///< held while `clean_up` runs or changes; never released once it has run
  std::function<void()> clean_up;
  std::string kept = "nothing is saved";  ///< what the last sentence says of the results
};
Abandonment& on_abandon();

/// Results that could not be written (a full disk, a closed pipe) are an error: Error(kArgument).
void check_standard_output();

/// The folders that are searched for shipped models, in order.
std::vector<std::filesystem::path> model_folders();

inline constexpr const char* kWithoutMolecules =
    "this program was built without molecules: install librdkit-dev and libboost-dev and build it again";

}  // namespace latentpath::program
