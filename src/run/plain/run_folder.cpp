#include "latentpath/run/run_folder.h"

#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

namespace fs = std::filesystem;

constexpr int kMostAttempts = 1000;

// Throws unless the run may be written under that name.
void check_target(const fs::path& target, bool overwrite) {
  std::error_code code;
  const fs::file_status status = fs::symlink_status(target, code);
  if (!fs::exists(status)) return;
  LATENTPATH_CHECK(fs::is_directory(target, code), kArgument, target.string(),
                   " exists and is not a folder: choose another `out`");
  LATENTPATH_CHECK(overwrite, kArgument, target.string(),
                   " already exists: choose another `out` or pass `overwrite`");
  LATENTPATH_CHECK(fs::exists(target / "run.json", code) || (fs::is_empty(target, code) && !code), kArgument,
                   target.string(), " is not a run folder (it has no run.json) and is not overwritten: ",
                   "choose another `out`");
}

fs::path sibling(const fs::path& target, const char* role, int attempt) {
  std::string name = join_message(".", target.filename().string(), ".", role, "-", ::getpid());
  if (attempt > 0) name += "-" + std::to_string(attempt);
  return target.parent_path() / name;
}

void remove_parents(const std::vector<fs::path>& outermost_first) {
  std::error_code ignored;  // a parent that others have used meanwhile is not empty and stays
  for (auto parent = outermost_first.rbegin(); parent != outermost_first.rend(); ++parent)
    fs::remove(*parent, ignored);
}

}  // namespace

RunFolder::RunFolder(const fs::path& target, bool overwrite) : overwrite_(overwrite) {
  LATENTPATH_CHECK(!target.empty(), kArgument, "`out` is empty: it must name a folder");
  std::error_code code;
  target_ = fs::absolute(target, code).lexically_normal();
  if (!target_.has_filename()) target_ = target_.parent_path();  // a trailing slash
  LATENTPATH_CHECK(!code && target_.has_filename(), kArgument, target.string(),
                   " cannot be a run folder: choose another `out`");
  check_target(target_, overwrite_);

  std::vector<fs::path> missing;  // innermost first
  for (fs::path parent = target_.parent_path(); !fs::exists(parent, code); parent = parent.parent_path()) {
    missing.push_back(parent);
    if (parent == parent.parent_path()) break;
  }
  for (auto parent = missing.rbegin(); parent != missing.rend(); ++parent) {
    const bool created = fs::create_directory(*parent, code);
    if (created) created_parents_.push_back(*parent);
    if (code) {
      remove_parents(created_parents_);
      throw Error(ErrorKind::kArgument, join_message("cannot create the folder ", parent->string(), " for ",
                                                     target_.string(), ": ", code.message()));
    }
  }
  // Making the temporary folder is the test that the parent can be written.
  bool made = false;
  for (int attempt = 0; !made && !code && attempt < kMostAttempts; ++attempt) {
    temporary_ = sibling(target_, "partial", attempt);
    made = fs::create_directory(temporary_, code);
  }
  if (!made) {
    remove_parents(created_parents_);
    throw Error(ErrorKind::kArgument,
                join_message("cannot write to the folder ", target_.parent_path().string(), " for ",
                             target_.filename().string(), ": ",
                             code ? code.message() : "no free temporary name", "; choose another `out`"));
  }
}

RunFolder::~RunFolder() {
  if (committed_ || kept_) return;
  std::error_code ignored;
  fs::remove_all(temporary_, ignored);
  remove_parents(created_parents_);
}

void RunFolder::commit() {
  LATENTPATH_ASSERT(!committed_);
  fs::path old;
  try {
    check_target(target_, overwrite_);
    std::error_code code;
    if (fs::exists(fs::symlink_status(target_, code))) {
      int attempt = 0;
      do old = sibling(target_, "replaced", attempt);
      while (fs::exists(fs::symlink_status(old, code)) && ++attempt < kMostAttempts);
      fs::rename(target_, old);
    }
    try {
      fs::rename(temporary_, target_);
    } catch (const fs::filesystem_error&) {
      if (!old.empty()) fs::rename(old, target_, code);
      throw;
    }
  } catch (const Error& error) {
    kept_ = true;
    throw Error(error.kind(), join_message(error.what(), "; the results are in ", temporary_.string()));
  } catch (const fs::filesystem_error& error) {
    kept_ = true;
    throw Error(ErrorKind::kArgument,
                join_message("cannot create ", target_.string(), ": ", error.code().message(),
                             "; the results are in ", temporary_.string()));
  }
  committed_ = true;
  std::error_code ignored;
  if (!old.empty()) fs::remove_all(old, ignored);
}

}  // namespace latentpath
