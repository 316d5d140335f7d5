// The driver: each target in a child process, so that a crash is a finding and not the end.

#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <optional>
#include <sstream>

#include "fuzz/fuzz.h"
#include "latentpath/core/error.h"

namespace latentpath::fuzz {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

struct Options {
  double seconds = 60;
  uint64_t seed = 1;
  std::string target, replay;
  fs::path keep = "fuzz-findings";
};

/// What a child tells while it lives: shared memory.
struct Shared {
  uint64_t number = 0;  // of the mutation at hand
  uint64_t read = 0, refused = 0;
};

void write_bytes(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

uint64_t memory_in_use() {
  std::ifstream status("/proc/self/statm");
  uint64_t pages = 0;
  status >> pages;
  return pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// The reason why what happened is a finding; none where the end is a documented one.
std::optional<std::string> finding_of(const Target& target, const fs::path& file, Shared& shared) {
  try {
    target.read(file);
    ++shared.read;
  } catch (const Error& error) {
    ++shared.refused;
    const std::string sentence = error.what();
    if (error.kind() != ErrorKind::kInput && error.kind() != ErrorKind::kArgument)
      return "an error of kind " + std::to_string(static_cast<int>(error.kind())) + ": " + sentence;
    if (sentence.empty() || sentence.find("Exception raised from") != std::string::npos)
      return "no sentence for people: " + sentence;
  } catch (const std::exception& error) {
    return std::string("an exception that is no Error: ") + error.what();
  }
  return std::nullopt;
}

std::string mutated(const Target& target, const std::vector<std::string>& corpus, uint64_t seed,
                    uint64_t number) {
  std::mt19937_64 random(seed * 1'000'003 + number);
  std::string bytes = mutate(corpus, random);
  return target.mend && number % 2 == 1 ? target.mend(std::move(bytes)) : bytes;
}

/// In the child: mutations from `first` on, until the time is over. Returns 0, or 1 for a finding.
int run_child(const Target& target, const std::vector<std::string>& corpus, const Options& options,
              uint64_t first, Clock::time_point end, const fs::path& folder, Shared& shared) {
  const rlim_t most = memory_in_use() + kMostMemory;
  const rlimit memory{most, most}, no_core{0, 0};
#if !defined(__SANITIZE_ADDRESS__)
  ::setrlimit(RLIMIT_AS, &memory);
#endif
  ::setrlimit(RLIMIT_CORE, &no_core);
  const fs::path file = folder / "input";
  for (uint64_t number = first; Clock::now() < end; ++number) {
    shared.number = number;
    write_bytes(file, mutated(target, corpus, options.seed, number));
    ::alarm(kLongest);
    const auto finding = finding_of(target, file, shared);
    ::alarm(0);
    if (!finding) continue;
    std::cerr << target.name << ": " << *finding << "\n";
    return 1;
  }
  return 0;
}

std::string ending(int status) {
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    return number == SIGALRM ? "took longer than " + std::to_string(kLongest) + " s"
                             : std::string("ended by signal ") + ::strsignal(number);
  }
  return "failed with " + std::to_string(WEXITSTATUS(status));
}

/// Returns the number of findings.
int64_t fuzz(const Target& target, const Options& options, double seconds, const fs::path& folder) {
  fs::create_directories(folder / "corpus");
  const std::vector<std::string> corpus = target.corpus(folder / "corpus");
  for (const std::string& sound : corpus) {
    write_bytes(folder / "input", sound);
    target.read(folder / "input");  // a corpus that is refused would test nothing
  }
  auto* shared = static_cast<Shared*>(
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  new (shared) Shared;
  const auto end = Clock::now() + std::chrono::milliseconds(static_cast<int64_t>(1000 * seconds));
  int64_t findings = 0;
  for (uint64_t first = 0; Clock::now() < end && findings < 20; first = shared->number + 1) {
    std::cout.flush();
    const pid_t child = ::fork();
    if (child == 0) ::_exit(run_child(target, corpus, options, first, end, folder, *shared));
    int status = 0;
    if (child < 0 || ::waitpid(child, &status, 0) < 0)
      throw std::runtime_error("no child process can be made");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) break;
    ++findings;
    fs::create_directories(options.keep);
    const fs::path kept = options.keep / (target.name + "-" + std::to_string(options.seed) + "-" +
                                          std::to_string(shared->number));
    fs::copy_file(folder / "input", kept, fs::copy_options::overwrite_existing);
    std::cerr << "FOUND: " << target.name << " " << ending(status) << " on " << kept.string() << "\n";
  }
  std::cout << target.name << ": " << shared->number + 1 << " files, " << shared->read << " read, "
            << shared->refused << " refused, " << findings << " findings\n";
  ::munmap(shared, sizeof(Shared));
  return findings;
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--seconds")
      options.seconds = std::stod(value);
    else if (name == "--seed")
      options.seed = std::stoull(value);
    else if (name == "--target")
      options.target = value;
    else if (name == "--replay")
      options.replay = value;
    else if (name == "--keep")
      options.keep = value;
    else
      throw std::runtime_error("unknown argument " + name);
  }
  if (argc % 2 == 0) throw std::runtime_error("every argument is --name value");
  return options;
}

int run(const Options& options) {
  std::vector<Target> chosen;
  for (Target& target : targets())
    if (options.target.empty() || options.target == target.name) chosen.push_back(std::move(target));
  if (chosen.empty()) throw std::runtime_error("there is no target " + options.target);
  if (!options.replay.empty()) {
    Shared shared;
    const auto finding = finding_of(chosen.front(), options.replay, shared);
    std::cout << finding.value_or(shared.read > 0 ? "read" : "refused") << "\n";
    return finding ? 1 : 0;
  }
  std::string pattern = (fs::temp_directory_path() / "latentpath-fuzz-XXXXXX").string();
  const fs::path folder = ::mkdtemp(pattern.data());
  int64_t findings = 0;
  for (const Target& target : chosen)
    findings +=
        fuzz(target, options, options.seconds / static_cast<double>(chosen.size()), folder / target.name);
  fs::remove_all(folder);
  return findings == 0 ? 0 : 1;
}

}  // namespace
}  // namespace latentpath::fuzz

int main(int argc, char** argv) {
  try {
    return latentpath::fuzz::run(latentpath::fuzz::parse(argc, argv));
  } catch (const std::exception& error) {
    std::cerr << "fuzz: " << error.what() << "\n";
    return 2;
  }
}
