#include "run_folder_guard.h"

#include <chrono>
#include <system_error>
#include <thread>

#include "program.h"

namespace latentpath::program {

GuardedRunFolder::GuardedRunFolder(const std::filesystem::path& target, bool overwrite) {
  const std::lock_guard lock(on_abandon().mutex);
  folder_.emplace(target, overwrite);
  path_ = folder_->path();
  target_ = folder_->target();
  on_abandon().clean_up = [this, temporary = path_] {
    std::error_code ignored;
    // The main thread may still be writing files: gone is what stays gone.
    for (int attempt = 0; attempt < 50 && std::filesystem::exists(temporary, ignored); ++attempt) {
      std::filesystem::remove_all(temporary, ignored);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    folder_.reset();  // and the parents that were made for it
  };
}

GuardedRunFolder::~GuardedRunFolder() {
  const std::lock_guard lock(on_abandon().mutex);
  on_abandon().clean_up = nullptr;
  folder_.reset();
}

void GuardedRunFolder::commit() {
  const std::lock_guard lock(on_abandon().mutex);
  folder_->commit();
  on_abandon().clean_up = nullptr;
}

}  // namespace latentpath::program
