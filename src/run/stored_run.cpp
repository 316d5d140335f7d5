#include "latentpath/run/stored_run.h"

#include <ATen/ATen.h>

#include <system_error>
#include <variant>

#include "latentpath/core/error.h"
#include "latentpath/io/file.h"
#include "latentpath/io/json.h"
#include "latentpath/io/npy.h"

namespace latentpath {

namespace fs = std::filesystem;
using nlohmann::json;

StoredRun read_run(const fs::path& folder) {
  std::error_code ignored;
  const fs::path file = folder / "run.json";
  LATENTPATH_CHECK(fs::is_regular_file(file, ignored), kInput, folder.string(),
                   " is not a run folder: it has no run.json");
  StoredRun run;
  run.folder = folder;
  run.document = parse_json(read_file(file));
  const auto has = [&](const char* name, auto is) {
    return run.document.is_object() && run.document.contains(name) && (run.document[name].*is)();
  };
  LATENTPATH_CHECK(has("subcommand", &json::is_string) && has("options", &json::is_object) &&
                       has("summary", &json::is_object),
                   kInput, file.string(), " is damaged: it is not what `latentpath` writes");
  run.subcommand = run.document["subcommand"].get<std::string>();
  run.options = run.document["options"];
  const fs::path nodes = folder / "path.npy", times = folder / "times.npy";
  if (!fs::exists(nodes, ignored) || !fs::exists(times, ignored)) return run;
  run.nodes = read_npy(nodes);
  run.times = read_npy(times);
  const int64_t dimensions = run.subcommand == "measures" ? 4 : 3;
  LATENTPATH_CHECK(run.nodes.dim() == dimensions && run.nodes.is_floating_point() && run.times.dim() == 1 &&
                       run.times.is_floating_point() && run.nodes.size(0) > 0 && run.nodes.size(1) > 1 &&
                       run.nodes.size(1) == run.times.size(0),
                   kInput, nodes.string(), " ", shape_string(run.nodes.sizes()), " and times.npy ",
                   shape_string(run.times.sizes()),
                   " are no path: nodes [pairs, n, D] and their times [n] are");
  return run;
}

void set_options(const std::vector<BoundOption>& options, const json& values) {
  for (const BoundOption& option : options) {
    const auto value = values.find(option.row->name);
    if (value == values.end() || value->is_null()) continue;
    try {
      std::visit(
          [&](const auto& sample) {
            using Value = std::decay_t<decltype(sample)>;
            if constexpr (!std::is_same_v<Value, std::monostate>) option.set(value->get<Value>());
          },
          option.sample);
    } catch (const json::exception&) {
      throw Error(ErrorKind::kInput,
                  join_message("the run's option ", option.row->name, " is ", value->dump(),
                               ", which it cannot be: run.json is damaged"));
    }
  }
}

}  // namespace latentpath
