#include "zoo/pictureless/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "latentpath/core/error.h"

extern char** environ;

namespace latentpath {

ProcessResult run_process(const std::vector<std::string>& command, const std::filesystem::path& folder,
                          const CancellationToken& token,
                          const std::function<void(const std::string&)>& line) {
  std::array<int, 2> ends{};
  LATENTPATH_CHECK(pipe2(ends.data(), O_CLOEXEC) == 0, kInput, "cannot open a pipe to ", command.front());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addchdir_np(&actions, folder.c_str());
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int failure = posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  ProcessResult result;
  if (failure != 0) {
    close(ends[0]);
    result.exit_code = 127;
    return result;
  }
  bool asked_to_end = false;
  size_t line_start = 0;
  for (;;) {
    if (token.cancelled() && !asked_to_end) {
      kill(child, SIGTERM);
      asked_to_end = true;
    }
    pollfd waiting{ends[0], POLLIN, 0};
    if (poll(&waiting, 1, 200) <= 0) continue;
    std::array<char, 4096> buffer{};
    const ssize_t count = read(ends[0], buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    result.output.append(buffer.data(), static_cast<size_t>(count));
    for (size_t end; line && (end = result.output.find('\n', line_start)) != std::string::npos;
         line_start = end + 1)
      line(result.output.substr(line_start, end - line_start));
  }
  close(ends[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (token.cancelled()) throw Error(ErrorKind::kInterrupted, "interrupted while running " + command.front());
  return result;
}

}  // namespace latentpath
