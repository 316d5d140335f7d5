// The operators of the Python package: `torch.ops.latentpath.…`, declared here for LibTorch's dispatcher and
// called by python/latentpath. Each job is one operator: JSON and tensors in, tensors and JSON out. None
// throws: what goes wrong is an entry `error` of the JSON, with its kind and its sentence.

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <torch/library.h>

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "latentpath/core/exception_sentence.h"
#include "latentpath/curve/curve.h"
#include "latentpath/io/file.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/path/points.h"
#include "latentpath/report/evaluation_report.h"
#include "latentpath/report/html_report.h"
#include "latentpath/report/illustrate.h"
#include "latentpath/run/build_facts.h"
#include "latentpath/run/merge_job.h"
#include "latentpath/run/option_values.h"
#include "latentpath/run/run_folder.h"
#include "latentpath/run/shard.h"
#include "latentpath/run/shard_evaluator.h"
#include "python_function.h"
#include "request.h"

namespace latentpath::python {
namespace {

using nlohmann::json;
using Answer = std::tuple<Tensor, Tensor, std::string>;

/// The searches that run now, by their number, so that another operator can cancel one.
class RunningSearches {
 public:
  static RunningSearches& all() {
    static RunningSearches instance;
    return instance;
  }
  CancellationToken begin(int64_t search) {
    const std::lock_guard lock(mutex_);
    return tokens_[search];
  }
  void end(int64_t search) {
    const std::lock_guard lock(mutex_);
    tokens_.erase(search);
  }
  void cancel(int64_t search) {
    const std::lock_guard lock(mutex_);
    if (const auto found = tokens_.find(search); found != tokens_.end()) found->second.cancel();
  }

 private:
  std::mutex mutex_;
  std::map<int64_t, CancellationToken> tokens_;
};

const char* kind_name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kArgument:
      return "argument";
    case ErrorKind::kInput:
      return "input";
    case ErrorKind::kNumerical:
      return "numerical";
    default:
      return "interrupted";
  }
}

std::string text_of(const json& value) {
  // A model's message may hold bytes that are no text.
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string error_of(const std::exception& error) {
  const auto* known = dynamic_cast<const Error*>(&error);
  const bool function = dynamic_cast<const FunctionFailure*>(&error) != nullptr;
  return text_of({{"error",
                   {{"kind", known != nullptr ? kind_name(known->kind())
                             : function       ? "function"
                                              : "internal"},
                    {"text", known != nullptr || function ? error.what() : exception_sentence(error)}}}});
}

json record_of(const RunRecord& run) {
  json record{{"subcommand", run.subcommand},
              {"options", run.options},
              {"seed", run.seed},
              {"threads", run.threads},
              {"facts", run.facts},
              {"assumptions", run.assumptions},
              {"warnings", json::array()},
              {"summary", run.summary},
              {"files", json::object()},
              {"text", run.text},
              {"failure", nullptr}};
  write_warnings(record, run.warnings);
  for (const auto& [name, text] : run.files) record["files"][name] = text;
  if (run.failure)
    record["failure"] = {{"kind", kind_name(run.failure->kind)}, {"text", run.failure->sentence}};
  return record;
}

/// What record_of() wrote.
std::vector<Warning> warnings_of(const json& record) {
  std::vector<Warning> warnings;
  const json& sentences = record.at("warnings");
  for (size_t i = 0; i < sentences.size(); ++i) {
    Warning warning(sentences[i].get<std::string>());
    for (const WarningKind kind : {WarningKind::kSpeed, WarningKind::kScope, WarningKind::kTold})
      if (record.at("warning_kinds")[i] == warning_kind_name(kind)) warning.kind = kind;
    if (const json& pair = record.at("warning_pairs")[i]; pair.is_number())
      warning.pair = pair.get<int64_t>() - 1;
    warnings.push_back(std::move(warning));
  }
  return warnings;
}

InterpolateRun execute(const InterpolateJobs& asked, const RunObserver& observer,
                       const CancellationToken& cancellation) {
  return asked.pairs.empty() ? latentpath::execute(asked.jobs.at(0), observer, cancellation)
                             : latentpath::execute(asked.jobs, asked.pairs, observer, cancellation);
}

Tensor array_of(const RunRecord& run, const std::string& name) {
  for (const auto& [file, array] : run.arrays)
    if (file == name) return array;
  return at::empty({0}, at::kDouble);
}

/// Executes a job that a request asks for; `more` adds to its record. The arrays of these names, and the
/// record.
template <class Make, class More>
std::pair<std::vector<Tensor>, std::string> answer(const std::vector<std::string>& names,
                                                   const std::string& text, at::TensorList tensors,
                                                   const Make& make, const More& more) {
  // A caller may be in inference_mode() or no_grad(): what a search needs is its own affair.
  const c10::InferenceMode no_inference(false);
  const at::AutoGradMode gradients(true);
  int64_t search = -1;
  try {
    const json request = json::parse(text);
    search = request.at("search").get<int64_t>();
    std::vector<Tensor> points;
    for (const Tensor& given : tensors) points.push_back(given.detach().clone());
    const CancellationToken cancellation = RunningSearches::all().begin(search);
    RunObserver observer;
    observer.progress = progress_to(search);
    const auto run = execute(make(request, points), observer, cancellation);
    RunningSearches::all().end(search);
    json record = record_of(run);
    more(run, record);
    std::vector<Tensor> arrays;
    for (const std::string& name : names) arrays.push_back(array_of(run, name));
    return {std::move(arrays), text_of(record)};
  } catch (const std::exception& error) {
    RunningSearches::all().end(search);
    return {std::vector<Tensor>(names.size(), at::empty({0})), error_of(error)};
  }
}

/// A path and its times.
template <class Make, class More>
Answer path_answer(const std::string& request, at::TensorList tensors, const Make& make, const More& more) {
  auto [arrays, record] = answer({"path.npy", "times.npy"}, request, tensors, make, more);
  return {arrays[0], arrays[1], record};
}

void add_feature(const InterpolateRun& run, json& record) {
  record["feature"] = run.feature;
  if (run.output_range) record["output_range"] = {run.output_range->low, run.output_range->high};
}

Answer interpolate(const std::string& request, at::TensorList tensors) {
  return path_answer(request, tensors, interpolate_jobs, add_feature);
}

/// Legs [legs, n + 1, D] with their times, and tours [tours, m + 1, D] with theirs [tours, m + 1].
std::tuple<Tensor, Tensor, Tensor, Tensor, std::string> tour(const std::string& request,
                                                             at::TensorList tensors) {
  auto [arrays, record] = answer({"path.npy", "times.npy", "tour.npy", "tour_times.npy"}, request, tensors,
                                 interpolate_jobs, add_feature);
  return {arrays[0], arrays[1], arrays[2], arrays[3], record};
}

Answer geodesic(const std::string& request, at::TensorList tensors) {
  return path_answer(request, tensors, geodesic_job,
                     [](const GeodesicRun& run, json& record) { record["method"] = run.method; });
}

/// What a job asks for in the place of paths: the arrays of the names in the request's `arrays`.
std::tuple<std::vector<Tensor>, std::string> geodesic_maps(const std::string& request,
                                                           at::TensorList tensors) {
  const auto names = json::parse(request).at("arrays").get<std::vector<std::string>>();
  auto [arrays, record] =
      answer(names, request, tensors, geodesic_maps_job, [](const GeodesicRun&, json&) {});
  return {arrays, record};
}

/// Points [1, K + 1, N, d], times [K + 1] and weights [1, K + 1, N], empty where all are alike.
std::tuple<Tensor, Tensor, Tensor, std::string> measures(const std::string& request, at::TensorList tensors) {
  auto [arrays, record] = answer({"path.npy", "times.npy", "weights.npy"}, request, tensors, measures_job,
                                 [](const MeasuresRun&, json&) {});
  return {arrays[0], arrays[1], arrays[2], record};
}

/// End points [features, pairs, 2, D]. The record has the page, `page`.
std::tuple<Tensor, std::string> evaluate(const std::string& request, at::TensorList tensors) {
  const auto add_page = [](const EvaluateRun& run, json& record) {
    record["page"] = shareable_page(run, {}, evaluation_page(run));
  };
  auto [arrays, record] = answer({"ends.npy"}, request, tensors, evaluate_job, add_page);
  return {arrays[0], record};
}

/// The evaluators of shards that are open, by the number of the search that opened them.
class OpenEvaluators {
 public:
  static OpenEvaluators& all() {
    static OpenEvaluators instance;
    return instance;
  }
  void add(int64_t search, std::shared_ptr<ShardEvaluator> evaluator) {
    const std::lock_guard lock(mutex_);
    evaluators_[search] = std::move(evaluator);
  }
  std::shared_ptr<ShardEvaluator> at(int64_t search) {
    const std::lock_guard lock(mutex_);
    return evaluators_.at(search);
  }
  void remove(int64_t search) {
    const std::lock_guard lock(mutex_);
    evaluators_.erase(search);
  }

 private:
  std::mutex mutex_;
  std::map<int64_t, std::shared_ptr<ShardEvaluator>> evaluators_;
};

/// Loads what the shards of a table have in common. Returns {} or {"error": …}.
std::string open_shards(const std::string& text) {
  const c10::InferenceMode no_inference(false);
  const at::AutoGradMode gradients(true);
  try {
    const json request = json::parse(text);
    const auto search = request.at("search").get<int64_t>();
    OpenEvaluators::all().add(search, std::make_shared<ShardEvaluator>(evaluate_job(request, {})));
    return "{}";
  } catch (const std::exception& error) {
    return error_of(error);
  }
}

/// End points [features, own pairs, 2, D] and record of a shard.
std::tuple<Tensor, std::string> shard(int64_t search, int64_t index, int64_t of) {
  const c10::InferenceMode no_inference(false);
  const at::AutoGradMode gradients(true);
  try {
    const EvaluateRun run = OpenEvaluators::all().at(search)->evaluate({index, of});
    return {array_of(run, "ends.npy"), text_of(record_of(run))};
  } catch (const std::exception& error) {
    return {at::empty({0}), error_of(error)};
  }
}

void close_shards(int64_t search) { OpenEvaluators::all().remove(search); }

/// The files that an evaluation reads: ["decoder.pt", …], or {"error": …}.
std::string files(const std::string& request) {
  try {
    return text_of(files_of(evaluate_job(json::parse(request), {})));
  } catch (const std::exception& error) {
    return error_of(error);
  }
}

/// The table of shards, written as a run folder with its page, whole or not at all. Returns its record, but
/// for what is in files, or {"error": …}.
std::string merge(const std::string& text) {
  int64_t search = -1;
  try {
    const json request = json::parse(text);
    search = request.at("search").get<int64_t>();
    MergeJob job;
    set_options(merge_option_table().bind(job), request.at("options"));
    merge_option_table().validate(job);
    const CancellationToken cancellation = RunningSearches::all().begin(search);
    RunObserver observer;
    observer.progress = progress_to(search);
    RunFolder folder(job.out, job.overwrite);
    EvaluateRun run = merge_shards(job, folder.path(), observer, cancellation);
    run.local_paths.push_back(folder.target().string());
    write_run(run, folder.path(), [&] {
      write_report_data(folder.path(), shareable_page(run, {}, evaluation_page(run)));
      write_html_report(folder.path());
    });
    folder.commit();
    RunningSearches::all().end(search);
    return text_of(record_of(run));
  } catch (const std::exception& error) {
    RunningSearches::all().end(search);
    return error_of(error);
  }
}

void cancel(int64_t search) { RunningSearches::all().cancel(search); }

/// The rows of a job's option table.
std::string options(const std::string& job) {
  json rows;
  if (job == "interpolate") {
    InterpolateJob defaults;
    rows = describe_options(interpolate_option_table().bind(defaults));
  } else if (job == "geodesic") {
    GeodesicJob defaults;
    rows = describe_options(geodesic_job_option_table().bind(defaults));
  } else if (job == "evaluate") {
    EvaluateJob defaults;
    rows = describe_options(evaluate_option_table().bind(defaults));
  } else if (job == "measures") {
    MeasuresJob defaults;
    rows = describe_options(measures_option_table().bind(defaults));
  } else {
    throw Error(ErrorKind::kArgument, join_message("there is no job ", job));
  }
  return text_of(rows);
}

/// Points of curves at times [T] in [0, 1], [pairs, T, D]: the path through nodes [pairs, n + 1, D], its
/// ends' straight line, or their great circle.
Tensor curve(const std::string& kind, const Tensor& nodes, const Tensor& times, const Tensor& query) {
  const Tensor start = nodes.select(1, 0), end = nodes.select(1, -1);
  if (kind == "linear") return linear_path(start, end, query);
  if (kind == "spherical") return spherical_path(start, end, query);
  return interpolate_polyline(nodes, times, query);
}

/// What record_of() wrote, as far as a run folder tells it.
RunRecord record_from(const json& given) {
  RunRecord record;
  record.subcommand = given.at("subcommand").get<std::string>();
  record.options = given.at("options");
  record.seed = given.at("seed").get<uint64_t>();
  record.threads = given.at("threads").get<int64_t>();
  record.facts = given.at("facts");
  record.assumptions = given.at("assumptions").get<std::vector<std::string>>();
  record.warnings = warnings_of(given);
  record.summary = given.at("summary");
  for (const auto& [name, content] : given.at("files").items())
    record.files.emplace_back(name, content.get<std::string>());
  if (!given.at("failure").is_null() && given["failure"]["kind"] == "interrupted")
    record.failure = RunFailure{ErrorKind::kInterrupted, "interrupted", ""};
  return record;
}

/// Writes a record as run folder, whole or not at all, with its page, where it has one, and further files:
/// tensors as arrays (.npy), or their bytes. Returns {} or {"error": …}.
std::string write(const std::string& text, const std::string& folder, bool overwrite,
                  const c10::List<std::string>& names, at::TensorList contents) {
  try {
    const json given = json::parse(text);
    RunRecord record = record_from(given);
    std::vector<std::pair<std::string, Tensor>> files;
    for (size_t i = 0; i < names.size(); ++i) {
      const std::string name = names.get(i);
      (std::filesystem::path(name).extension() == ".npy" ? record.arrays : files)
          .emplace_back(name, contents[i]);
    }
    RunFolder target(folder, overwrite);
    write_run(record, target.path(), [&] {
      for (const auto& [name, content] : files) {
        const Tensor bytes = content.to(at::kByte).contiguous();
        write_file(target.path() / name, {reinterpret_cast<const char*>(bytes.data_ptr<uint8_t>()),
                                          static_cast<size_t>(bytes.numel())});
      }
      if (!given.contains("page")) return;
      write_report_data(target.path(), given["page"]);
      write_html_report(target.path());
    });
    target.commit();
    return "{}";
  } catch (const std::exception& error) {
    return error_of(error);
  }
}

std::string version() { return build_facts().dump(); }

}  // namespace
}  // namespace latentpath::python

// The names of a namespace of operators are LibTorch's business: the macro declares what has external
// linkage.
TORCH_LIBRARY(latentpath, library) {
  namespace python = latentpath::python;
  // Implemented in Python.
  library.def("call(int function, Tensor[] inputs) -> (Tensor, str)");
  library.def("report(int search, str stage, int done, int total, float value) -> ()");
  // Implemented here.
  library.def("interpolate(str request, Tensor[] tensors) -> (Tensor, Tensor, str)", &python::interpolate);
  library.def("tour(str request, Tensor[] tensors) -> (Tensor, Tensor, Tensor, Tensor, str)", &python::tour);
  library.def("geodesic(str request, Tensor[] tensors) -> (Tensor, Tensor, str)", &python::geodesic);
  library.def("geodesic_maps(str request, Tensor[] tensors) -> (Tensor[], str)", &python::geodesic_maps);
  library.def("measures(str request, Tensor[] tensors) -> (Tensor, Tensor, Tensor, str)", &python::measures);
  library.def("evaluate(str request, Tensor[] tensors) -> (Tensor, str)", &python::evaluate);
  library.def("open_shards(str request) -> str", &python::open_shards);
  library.def("shard(int search, int index, int of) -> (Tensor, str)", &python::shard);
  library.def("close_shards(int search) -> ()", &python::close_shards);
  library.def("files(str request) -> str", &python::files);
  library.def("merge(str request) -> str", &python::merge);
  library.def("cancel(int search) -> ()", &python::cancel);
  library.def("options(str job) -> str", &python::options);
  library.def("curve(str kind, Tensor nodes, Tensor times, Tensor query) -> Tensor", &python::curve);
  library.def("write(str record, str folder, bool overwrite, str[] names, Tensor[] contents) -> str",
              &python::write);
  library.def("version() -> str", &python::version);
}
