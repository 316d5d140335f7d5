// latentpath: the command-line program. Subcommands register themselves; this file maps errors to exit codes.

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "latentpath/core/error.h"
#include "latentpath/core/version.h"
#include "program.h"

namespace latentpath::program {
namespace {

const CancellationToken& token() {
  static const CancellationToken instance;
  return instance;
}

/// The first signal asks the running computation to stop and save; a second one ends the program at once.
void on_signal(int signal_number) {
  if (token().cancelled()) {
    std::signal(signal_number, SIG_DFL);
    std::raise(signal_number);
    return;
  }
  token().cancel();
}

int report(const std::string& message, int code) {
  std::cerr << "latentpath: " << message << "\n";
  return code;
}

}  // namespace

const CancellationToken& interrupt_token() { return token(); }

std::vector<std::filesystem::path> model_folders() {
  std::vector<std::filesystem::path> folders;
  if (const char* chosen = std::getenv("LATENTPATH_MODELS")) folders.emplace_back(chosen);
  std::error_code ignored;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  if (!ignored) folders.push_back(self.parent_path().parent_path() / LATENTPATH_INSTALLED_MODELS);
  folders.emplace_back(LATENTPATH_SOURCE_MODELS);
  return folders;
}

}  // namespace latentpath::program

int main(int argc, char** argv) {
  using namespace latentpath;
  std::signal(SIGINT, program::on_signal);
  std::signal(SIGTERM, program::on_signal);

  CLI::App app{"LatentPath: the best path between two points of a generative model's latent space"};
  app.name("latentpath");
  app.set_version_flag("--version", kVersion);
  app.require_subcommand(1);
  program::setup_interpolate(app);
  program::setup_train(app);
  program::setup_data(app);
  program::setup_models(app);

  try {
    app.parse(argc, argv);  // runs the chosen subcommand
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    return program::report(error.what() + std::string(" (see latentpath --help)"), 2);
  } catch (const Error& error) {
    return program::report(error.what(), static_cast<int>(error.kind()));
  } catch (const std::exception& error) {
    return program::report(error.what(), 4);
  }
  return 0;
}
