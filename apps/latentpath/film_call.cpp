#include "film_call.h"

#include <chrono>
#include <iostream>
#include <system_error>

#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "program.h"

namespace latentpath::program {
namespace {

class GuardedFiles {
 public:
  explicit GuardedFiles(const std::vector<std::filesystem::path>& files) {
    const std::lock_guard lock(on_abandon().mutex);
    on_abandon().kept = "there is no film";
    on_abandon().clean_up = [files] {
      std::error_code ignored;
      for (const auto& file : files) std::filesystem::remove_all(file, ignored);
    };
  }
  ~GuardedFiles() {
    const std::lock_guard lock(on_abandon().mutex);
    on_abandon().clean_up = nullptr;
  }
  GuardedFiles(const GuardedFiles&) = delete;
  GuardedFiles& operator=(const GuardedFiles&) = delete;
};

}  // namespace

std::string told_film(const FilmOptions& options, const std::function<FilmFacts()>& make) {
  const auto begin = std::chrono::steady_clock::now();
  const FilmFacts facts = make();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::string sentence = join_message("film: ", facts.text(), ", decoded and written in ",
                                      figure_text(seconds), " s: ", options.video);
  if (!options.frames_dir.empty()) sentence += (options.video.empty() ? "" : ", ") + options.frames_dir;
  return sentence;
}

void make_film(const FilmOptions& options, bool quiet, const std::function<FilmFacts()>& make) {
  const GuardedFiles guard(temporary_files(options));
  const std::string told = told_film(options, make);
  if (quiet) return;
  std::cout << told << "\n";
  check_standard_output();
}

}  // namespace latentpath::program
