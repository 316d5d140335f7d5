#pragma once
// What the subcommands share: cancellation by Ctrl-C and the places of shipped models.

#include <CLI/CLI.hpp>

#include <filesystem>
#include <functional>
#include <mutex>
#include <string>

#include "latentpath/core/progress.h"

namespace latentpath::program {

/// Raised by Ctrl-C (SIGINT) and SIGTERM; long computations poll it.
const CancellationToken& interrupt_token();

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

/// Each subcommand lives in a file of its own: an options struct, a setup that registers it here, a run.
void setup_train(CLI::App& program);
void setup_data(CLI::App& program);
void setup_models(CLI::App& program);
void setup_interpolate(CLI::App& program);
void setup_geodesic(CLI::App& program);
void setup_measures(CLI::App& program);
void setup_evaluate(CLI::App& program);
void setup_report(CLI::App& program);

}  // namespace latentpath::program
