#include "io/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "latentpath/core/error.h"

extern char** environ;

namespace latentpath {
namespace {

std::vector<char*> arguments_of(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  return arguments;
}

/// A file descriptor, closed with it.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { close_now(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int operator*() const { return number_; }
  void reset(int number) {
    close_now();
    number_ = number;
  }
  void close_now() {
    if (number_ >= 0) close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

struct Pipe {
  explicit Pipe(const std::string& program) {
    std::array<int, 2> ends{};
    LATENTPATH_CHECK(pipe2(ends.data(), O_CLOEXEC) == 0, kInput, "cannot open a pipe to ", program);
    reading.reset(ends[0]);
    writing.reset(ends[1]);
    fcntl(*reading, F_SETFL, O_NONBLOCK);
  }
  /// Appends what is there, of a writer that never ends a part; false where nothing more will come.
  bool read_into(std::string& text) const {
    std::array<char, 65536> buffer{};
    for (int part = 0; part < 32; ++part) {
      const ssize_t count = read(*reading, buffer.data(), buffer.size());
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return count < 0 && errno == EAGAIN;
      text.append(buffer.data(), static_cast<size_t>(count));
      if (count < static_cast<ssize_t>(buffer.size())) break;
    }
    return true;
  }
  Descriptor reading, writing;
};

/// A text as a file without a name: whoever reads it needs nobody who writes, and may stop at any place.
void open_text(Descriptor& file, const std::string& text) {
  file.reset(memfd_create("input", MFD_CLOEXEC));
  size_t done = 0;
  while (*file >= 0 && done < text.size()) {
    const ssize_t count = write(*file, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += static_cast<size_t>(count);
  }
  LATENTPATH_CHECK(*file >= 0 && done == text.size() && lseek(*file, 0, SEEK_SET) == 0, kInput,
                   "there is no memory for the input of a command");
}

/// Starts it as the leader of a group of its own, with the usual signals. Returns errno.
int start(pid_t& child, const std::vector<std::string>& command, int input, int output, int words) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, words, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, usual;
  sigemptyset(&none);
  sigemptyset(&usual);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGCHLD}) sigaddset(&usual, signal);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &usual);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> arguments = arguments_of(command);
  const int failure = posix_spawnp(&child, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return failure;
}

/// Children are waited for: a process that ignores SIGCHLD, as it may have inherited, has none to wait for.
class ChildSignal {
 public:
  ChildSignal() {
    struct sigaction usual {};
    usual.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, nullptr, &before_);
    ignored_ = before_.sa_handler == SIG_IGN || (before_.sa_flags & SA_NOCLDWAIT) != 0;
    if (ignored_) sigaction(SIGCHLD, &usual, nullptr);
  }
  ~ChildSignal() {
    if (ignored_) sigaction(SIGCHLD, &before_, nullptr);
  }
  ChildSignal(const ChildSignal&) = delete;
  ChildSignal& operator=(const ChildSignal&) = delete;

 private:
  struct sigaction before_ {};
  bool ignored_ = false;
};

/// Whether it has exited. It stays a zombie until its group is ended, so that the group's number is no
/// other's.
bool has_exited(pid_t child) {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == child;
}

int end_group(pid_t child) {
  kill(-child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

ProcessAnswer ask_process(const std::vector<std::string>& command, const std::string& input,
                          std::chrono::duration<double> limit, const CancellationToken& token, size_t most) {
  constexpr size_t kWords = 4000;
  const auto begin = std::chrono::steady_clock::now();
  ProcessAnswer answer;
  Descriptor text;
  open_text(text, input);
  Pipe output(command.front()), words(command.front());
  const ChildSignal waited_for;
  pid_t child = 0;
  answer.start_error = start(child, command, *text, *output.writing, *words.writing);
  if (answer.start_error != 0) return answer;
  output.writing.close_now();
  words.writing.close_now();
  bool more_output = true, more_words = true;
  for (;;) {
    // A pipe that nobody writes to any more would always be ready; one of number −1 is passed over.
    std::array<pollfd, 2> waiting{pollfd{more_output ? *output.reading : -1, POLLIN, 0},
                                  pollfd{more_words ? *words.reading : -1, POLLIN, 0}};
    poll(waiting.data(), waiting.size(), more_output || more_words ? 50 : 2);
    const bool exited = has_exited(child);  // before the last look at what it printed
    if (more_output) more_output = output.read_into(answer.output);
    if (more_words) more_words = words.read_into(answer.words);
    if (answer.words.size() > kWords) answer.words.erase(0, answer.words.size() - kWords);
    answer.too_long = answer.output.size() > most;
    if (exited || answer.too_long || token.cancelled()) break;
    answer.timed_out = std::chrono::steady_clock::now() - begin > limit;
    if (answer.timed_out) break;
  }
  answer.exit_code = end_group(child);
  LATENTPATH_CHECK(!token.cancelled(), kInterrupted, "interrupted while running ", command.front());
  return answer;
}

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
  std::vector<char*> arguments = arguments_of(command);
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
