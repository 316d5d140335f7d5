#include "latentpath/report/film_of_run.h"

#include <ATen/Parallel.h>

#include <tuple>

#include "latentpath/core/error.h"
#include "latentpath/report/measure_film.h"

namespace latentpath {
namespace {

/// The film without the files that are `in_run`, or without all others.
FilmOptions without(FilmOptions film, bool in_run) {
  for (std::string FilmOptions::*file : {&FilmOptions::video, &FilmOptions::frames_dir})
    if (!place_in_run(film, film.*file).empty() == in_run) (film.*file).clear();
  return film;
}

}  // namespace

void check_film(const InterpolateJob& job, const FilmOptions& options) {
  if (options.wanted() && (!job.ends.through.empty() || !job.ends.tours.empty()))
    check_film_of_tours(options);
}

void check_film(const MeasuresJob&, const FilmOptions& options) {
  if (options.wanted()) check_film_of_measures(options);
}

FilmFacts write_film(const InterpolateRun& run, const FilmOptions& options, const ProgressObserver& progress,
                     const CancellationToken& cancellation) {
  FilmedPaths paths{run.problem.embedding, run.result.nodes, run.result.times, run.output_range};
  if (!run.tours.empty()) {
    std::tie(paths.nodes, paths.times) = stacked(run.tours);
    paths.tours = true;
  }
  return write_film(paths, options, at::get_num_threads(), progress, cancellation);
}

FilmFacts write_film(const MeasuresRun& run, const FilmOptions& options, const ProgressObserver& progress,
                     const CancellationToken& cancellation) {
  return write_measure_film({run.result.path, run.result.times}, options, at::get_num_threads(), progress,
                            cancellation);
}

FilmOptions film_in_run(const FilmOptions& options, const std::filesystem::path& folder) {
  FilmOptions part = without(options, false);
  for (std::string FilmOptions::*file : {&FilmOptions::video, &FilmOptions::frames_dir})
    if (!(part.*file).empty()) part.*file = (folder / place_in_run(options, part.*file)).string();
  part.run_folder.clear();
  return part;
}

FilmOptions film_beside_run(const FilmOptions& options) {
  FilmOptions part = without(options, true);
  part.run_folder.clear();
  return part;
}

std::vector<std::string> unused_film_options(FilmOptions options) {
  std::vector<std::string> sentences;
  if (options.wanted()) return sentences;
  FilmOptions usual;
  const auto given = film_option_table().bind(options), defaults = film_option_table().bind(usual);
  for (size_t i = 0; i < given.size(); ++i)
    if (given[i].get() != defaults[i].get())
      sentences.push_back("`" + given[i].row->field() +
                          "` changes nothing here: no `video` and no `frames_dir` is asked for");
  return sentences;
}

}  // namespace latentpath
