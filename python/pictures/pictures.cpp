// The operators of the package's pictures, `torch.ops.latentpath_pictures.…`: films, and figures as SVG and
// PDF. A library of its own, loaded when it is first needed, so that the core needs neither OpenCV nor Cairo
// nor FFmpeg. As in operators.cpp, what goes wrong is an entry `error` of the answer.

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/library.h>

#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "latentpath/core/exception_sentence.h"
#include "latentpath/io/file.h"
#include "latentpath/report/film.h"
#include "latentpath/report/measure_film.h"
#include "latentpath/report/strip.h"
#include "latentpath/run/stored_run.h"
#include "python_function.h"

namespace latentpath::python {
namespace {

using nlohmann::json;

const char* kind_name(ErrorKind kind) {
  return kind == ErrorKind::kArgument    ? "argument"
         : kind == ErrorKind::kInput     ? "input"
         : kind == ErrorKind::kNumerical ? "numerical"
                                         : "interrupted";
}

/// What `make` answers, or the error.
template <class Make>
std::string answer(const Make& make) {
  json reply;
  try {
    reply = make();
  } catch (const Error& error) {
    reply = {{"error", {{"kind", kind_name(error.kind())}, {"text", error.what()}}}};
  } catch (const FunctionFailure& failure) {
    reply = {{"error", {{"kind", "function"}, {"text", failure.what()}}}};
  } catch (const std::exception& error) {
    reply = {{"error", {{"kind", "internal"}, {"text", exception_sentence(error)}}}};
  }
  return reply.dump(-1, ' ', false, json::error_handler_t::replace);
}

json facts_of(const FilmFacts& facts) {
  return {
      {"frames", facts.frames}, {"width", facts.width}, {"height", facts.height}, {"seconds", facts.seconds}};
}

/// The film of a path: {"decoder", "options", "output_range" or null, "search"}, nodes [pairs, n + 1, D],
/// times [n + 1].
std::string film(const std::string& text, const Tensor& nodes, const Tensor& times) {
  return answer([&]() -> json {
    const json request = json::parse(text);
    FilmOptions options;
    set_options(film_option_table().bind(options), request.at("options"));
    FilmedPaths paths{map_of(request.at("decoder"), nodes.size(2)), nodes, times, {}};
    if (const json& range = request.at("output_range"); range.is_array())
      paths.output_range = ValueRange{range.at(0).get<double>(), range.at(1).get<double>()};
    return facts_of(
        write_film(paths, options, at::get_num_threads(), progress_to(request.at("search").get<int64_t>())));
  });
}

/// The film of a path between samples: {"options", "search", "go_on": the function that is asked after every
/// batch of frames and may raise}, points [K + 1, N, d], weights [K + 1, N] or
/// empty, times [K + 1].
std::string measure_film(const std::string& text, const Tensor& points, const Tensor& weights,
                         const Tensor& times) {
  return answer([&]() -> json {
    const json request = json::parse(text);
    FilmOptions options;
    set_options(film_option_table().bind(options), request.at("options"));
    const bool uniform = weights.numel() == 0;
    const auto go_on = [tell = progress_to(request.at("search").get<int64_t>()),
                        function = request.at("go_on").get<int64_t>()](const Progress& progress) {
      tell(progress);
      call(function, {});
    };
    return facts_of(
        write_measure_film({{points, weights, uniform}, times}, options, at::get_num_threads(), go_on));
  });
}

/// A strip as SVG or PDF, by the file's ending: {"file", "title", "bar_label", "rows": [{"title", "subtitle",
/// "values"}]} and the images of each row, uint8 [frames, H, W, 3].
std::string strip(const std::string& text, at::TensorList images) {
  return answer([&]() -> json {
    const json request = json::parse(text);
    std::vector<StripRow> rows;
    for (size_t i = 0; i < images.size(); ++i) {
      StripRow row;
      row.title = request.at("rows").at(i).get<std::string>();
      row.images = images[i].permute({0, 3, 1, 2}).to(at::kFloat).div(255);
      rows.push_back(std::move(row));
    }
    const Picture picture = draw_strip(rows);
    const auto file = request.at("file").get<std::string>();
    const bool svg = std::filesystem::path(file).extension() == ".svg";
    write_file_atomic(file, svg ? picture.svg() : picture.pdf());
    return json::object();
  });
}

}  // namespace
}  // namespace latentpath::python

TORCH_LIBRARY(latentpath_pictures, library) {
  namespace python = latentpath::python;
  library.def("film(str request, Tensor nodes, Tensor times) -> str", &python::film);
  library.def("measure_film(str request, Tensor points, Tensor weights, Tensor times) -> str",
              &python::measure_film);
  library.def("strip(str request, Tensor[] images) -> str", &python::strip);
}
