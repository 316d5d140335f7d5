#include "latentpath/run/run_record.h"

#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <torch/version.h>

#include <algorithm>
#include <thread>

#include "latentpath/core/version.h"
#include "latentpath/io/file.h"
#include "latentpath/io/npy.h"
#include "latentpath/run/option_values.h"

namespace latentpath {
namespace {

using nlohmann::json;

#if TORCH_VERSION_MAJOR >= 2
using HandlerGuard = c10::WarningUtils::WarningHandlerGuard;
#else
using HandlerGuard = c10::Warning::WarningHandlerGuard;
#endif

class SilentWarnings final : public c10::WarningHandler {
 public:
#if TORCH_VERSION_MAJOR >= 2
  void process(const c10::Warning&) override {}
#else
  void process(const c10::SourceLocation&, const std::string&, bool) override {}
#endif
};

c10::WarningHandler* silent_warnings() {
  static SilentWarnings handler;
  return &handler;
}

/// A text that is not given is null in run.json.
json recorded(const OptionValue& value) {
  const auto* text = std::get_if<std::string>(&value);
  return text != nullptr && text->empty() ? json() : option_json(value);
}

void write_run_json(const RunRecord& record, const std::filesystem::path& folder, bool interrupted) {
  json run = record.facts;
  run.update({{"program", "latentpath"},
              {"version", kVersion},
              {"subcommand", record.subcommand},
              {"libtorch", TORCH_VERSION},
              {"options", record.options},
              {"seed", record.seed},
              {"threads", record.threads},
              {"assumptions", record.assumptions},
              {"warnings", std::vector<std::string>(record.warnings.begin(), record.warnings.end())},
              {"interrupted", interrupted},
              {"summary", record.summary}});
  write_file(folder / "run.json", run.dump(2) + "\n");
}

}  // namespace

json options_json(const std::vector<BoundOption>& options) {
  json object = json::object();
  for (const BoundOption& option : options)
    if (option.row->recorded) object[option.row->name] = recorded(option.get());
  return object;
}

std::vector<std::string> file_options(const std::vector<BoundOption>& options) {
  std::vector<std::string> files;
  for (const BoundOption& option : options) {
    if (!option.row->names_file) continue;
    const OptionValue value = option.get();
    std::vector<std::string> texts{option_text(value)};
    if (const auto* list = std::get_if<std::vector<std::string>>(&value)) texts = *list;
    for (const std::string& text : texts) {
      files.push_back(text);
      // image:FILE, samples:FILE.npy, label=FILE.npy: what stands behind the sign is a path, too; before it
      // in FILE.npz:ARRAY.
      for (const char sign : {':', '='})
        if (const size_t at = text.find(sign); at != std::string::npos) files.push_back(text.substr(at + 1));
      if (const size_t at = text.rfind(".npz:"); at != std::string::npos) {
        const size_t begin = text.find_first_of(":=") < at ? text.find_first_of(":=") + 1 : 0;
        files.push_back(text.substr(begin, at + 4 - begin));
      }
    }
  }
  files.erase(std::remove(files.begin(), files.end(), std::string()), files.end());
  return files;
}

json renamed(json document, const std::function<std::string(const std::string&)>& words) {
  if (!words) return document;
  if (document.is_string()) return words(document.get<std::string>());
  if (document.is_structured())
    for (json& part : document) part = renamed(std::move(part), words);
  return document;
}

void write_warnings(json& summary, const std::vector<Warning>& warnings) {
  if (warnings.empty()) return;
  for (const char* name : {"warnings", "warning_kinds", "warning_pairs"}) summary[name] = json::array();
  for (const Warning& warning : warnings) {
    summary["warnings"].push_back(static_cast<const std::string&>(warning));
    summary["warning_kinds"].push_back(warning_kind_name(warning.kind));
    summary["warning_pairs"].push_back(warning.pair == Warning::kAllPairs ? json() : json(warning.pair + 1));
  }
}

void rename_options(RunRecord& record, const std::function<std::string(const std::string&)>& words) {
  for (std::string& sentence : record.assumptions) sentence = words(sentence);
  for (std::string& sentence : record.warnings) sentence = words(sentence);
  record.facts = renamed(std::move(record.facts), words);
  record.summary = renamed(std::move(record.summary), words);
  record.text = words(record.text);
  if (record.failure) record.failure->sentence = words(record.failure->sentence);
  record.words = words;
}

void write_run(const RunRecord& record, const std::filesystem::path& folder,
               const std::function<void()>& draw, const CancellationToken& cancellation) {
  for (const auto& [name, array] : record.arrays) write_npy(folder / name, array);
  for (const auto& [name, text] : record.files) write_file(folder / name, text);
  std::filesystem::create_directory(folder / "frames");
  const bool interrupted = record.interrupted() || cancellation.cancelled();
  write_run_json(record, folder, interrupted);
  if (draw) draw();
  std::error_code not_empty;
  std::filesystem::remove(folder / "frames", not_empty);  // where there are no pictures, as of molecules
  if (cancellation.cancelled() && !interrupted) write_run_json(record, folder, true);
}

int64_t use_threads(int64_t threads) {
  const int cores = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  at::set_num_threads(threads > 0 ? static_cast<int>(threads) : cores);
  return at::get_num_threads();
}

struct NoLibraryWarnings::Guard {
  HandlerGuard guard{silent_warnings()};
};
NoLibraryWarnings::NoLibraryWarnings() : guard_(std::make_unique<Guard>()) {}
NoLibraryWarnings::~NoLibraryWarnings() = default;

}  // namespace latentpath
