#pragma once
// The film of a run that has just been made: what `--video` and `--frames-dir` of a subcommand ask for, in
// its run folder or beside it.
//
//   InterpolateRun run = execute(job);
//   write_film(run, {.video = "morph.mp4"});

#include <filesystem>
#include <string>
#include <vector>

#include "latentpath/report/film.h"
#include "latentpath/run/interpolate_job.h"
#include "latentpath/run/measures_job.h"

namespace latentpath {

/// Throws Error(kArgument) where the film shows what it is asked for of no such job.
void check_film(const InterpolateJob& job, const FilmOptions& options);
void check_film(const MeasuresJob& job, const FilmOptions& options);

/// Throws Error as write_film() of film.h does.
FilmFacts write_film(const InterpolateRun& run, const FilmOptions& options,
                     const ProgressObserver& progress = {}, const CancellationToken& cancellation = {});
FilmFacts write_film(const MeasuresRun& run, const FilmOptions& options,
                     const ProgressObserver& progress = {}, const CancellationToken& cancellation = {});

/// What of a film lies in `options.run_folder`, which is at `folder` now.
FilmOptions film_in_run(const FilmOptions& options, const std::filesystem::path& folder);
/// What of it does not.
FilmOptions film_beside_run(const FilmOptions& options);

/// A sentence for each option that is given where no film is asked for.
std::vector<std::string> unused_film_options(FilmOptions options);

}  // namespace latentpath
