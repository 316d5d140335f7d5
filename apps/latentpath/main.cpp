// latentpath: the command-line program. Subcommands register themselves; this file maps errors to exit codes.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "command_line.h"
#include "latentpath/core/error.h"
#include "latentpath/core/exception_sentence.h"
#include "latentpath/core/version.h"
#include "latentpath/models/torchscript_module.h"
#include "program.h"

namespace latentpath::program {
namespace {

const CancellationToken& token() {
  static const CancellationToken instance;
  return instance;
}

/// One line, whatever the message's origin.
int report_error(std::string message, int code) {
  std::replace(message.begin(), message.end(), '\n', ' ');
  std::cerr << "latentpath: " << message << "\n";
  return code;
}

// Where the handler wakes the thread that cleans up; -1 until that thread runs.
std::atomic<int> abandon_pipe{-1};

// Whether somebody watches to whom the first signal is to be answered.
std::atomic<bool> answers{false};
constexpr char kAnswer[] = "\r\033[Kstopping, to keep what is found; once more ends at once\n";

/// The first signal asks the running computation to stop and save; a second one ends the program at once.
void on_signal(int signal_number) {
  const int saved = errno;
  if (!token().cancelled()) {
    token().cancel();
    // What a handler may call; a terminal that is gone need not hear it.
    if (answers && ::write(STDERR_FILENO, kAnswer, sizeof kAnswer - 1) < 0) answers = false;
    errno = saved;
    return;
  }
  const char byte = 1;
  if (abandon_pipe < 0 || ::write(abandon_pipe, &byte, 1) != 1) {
    std::signal(signal_number, SIG_DFL);
    std::raise(signal_number);
  }
  errno = saved;
}

void install_signals() {
  // Made here, not by the handler at its first use: a handler that allocates while the program does so never
  // returns.
  token();
  on_abandon();
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  if (std::signal(SIGHUP, on_signal) == SIG_IGN) std::signal(SIGHUP, SIG_IGN);  // under nohup
  // Output that nobody reads any more is an error to report, not a reason to die with files half-written.
  std::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;  // then a second signal just ends the program
  std::thread([input = ends[0]] {
    char byte = 0;
    while (::read(input, &byte, 1) != 1) {
    }
    on_abandon().mutex.lock();
    if (on_abandon().clean_up) on_abandon().clean_up();
    report_error("interrupted twice: ended at once, and " + on_abandon().kept, 0);
    ::_exit(static_cast<int>(ErrorKind::kInterrupted));
  }).detach();
  abandon_pipe = ends[1];
}

/// CLI11 says only that a subcommand is missing when the first argument is none.
void check_subcommand(const CLI::App& app, const std::vector<std::string>& arguments) {
  std::string names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!arguments.empty() && arguments[0] == command->get_name()) return;
    if (command->get_group().empty()) continue;
    names += (names.empty() ? "" : ", ") + command->get_name();
  }
  LATENTPATH_CHECK(!arguments.empty(), kArgument, "a subcommand is missing: one of ", names,
                   " (see latentpath --help)");
  const std::string& first = arguments[0];
  if (first == "--help" || first == "-h" || first == "--version") return;
  LATENTPATH_CHECK(first.empty() || first[0] == '-', kArgument, "there is no subcommand '", first, "', only ",
                   names, " (see latentpath --help)");
  throw Error(ErrorKind::kArgument,
              join_message("the option ", first, " is not known before a subcommand, one of ", names,
                           " (see latentpath --help)"));
}

}  // namespace

const CancellationToken& interrupt_token() { return token(); }

void answer_first_interrupt() { answers = true; }

Abandonment& on_abandon() {
  static auto* instance = new Abandonment;  // outlives main(): the waiting thread may use it to the very end
  return *instance;
}

void check_standard_output() {
  std::cout.flush();
  LATENTPATH_CHECK(std::cout.good(), kArgument, "the results could not be written to standard output");
}

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
  program::install_signals();

  CLI::App app{"LatentPath: the best path between two points of a generative model's latent space"};
  app.name("latentpath");
  app.set_version_flag("--version", kVersion);
  app.require_subcommand(1);
#define LATENTPATH_SUBCOMMAND(name) program::name(),
  const std::vector<program::Subcommand> subcommands{
#include "subcommands.inc"
  };
#undef LATENTPATH_SUBCOMMAND
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const bool all = program::take_help_all(arguments);
  for (const program::Subcommand& subcommand : subcommands)
    program::add_to_command_line(app, subcommand, all);
  // Not for users: what documentation and tests read.
  app.add_subcommand("option-tables", "All options as JSON")->group("")->callback([&] {
    std::cout << program::describe_subcommands(subcommands).dump(2) << "\n";
  });

  TorchScriptModule::load_in_child_process_first(true);
  try {
    program::check_subcommand(app, arguments);
    arguments = program::expand_config(subcommands, arguments);
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    app.parse(std::move(arguments));                   // runs the chosen subcommand
  } catch (const CLI::ExtrasError& error) {
    return program::report_error(
        program::unexpected_sentence(subcommands, argv[1], error.what()) + " (see latentpath --help)", 2);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    return program::report_error(error.what() + std::string(" (see latentpath --help)"), 2);
  } catch (const Error& error) {
    return program::report_error(option_names_as_dashes(error.what()), static_cast<int>(error.kind()));
  } catch (const std::exception& error) {
    return program::report_error(exception_sentence(error), 4);
  }
  return 0;
}
