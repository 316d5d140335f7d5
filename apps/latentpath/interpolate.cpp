// latentpath interpolate: a path, or a batch of paths, in a model's latent space.

#include <ATen/Parallel.h>

#include <iostream>

#include "film_call.h"
#include "run_job.h"

namespace latentpath::program {
namespace {

struct InterpolateCall {
  InterpolateJob job;
  FilmOptions film;
  Shell shell;
};

void check_call(const InterpolateCall& call) {
  if (call.film.wanted() && (!call.job.ends.through.empty() || !call.job.ends.tours.empty()))
    check_film_of_tours(call.film);
}

const OptionTable<InterpolateCall>& interpolate_call_table() {
  static const OptionTable<InterpolateCall> table =
      OptionTable<InterpolateCall>()
          .include(&InterpolateCall::job, interpolate_option_table())
          .include(&InterpolateCall::film, film_option_table())
          .include(&InterpolateCall::shell, shell_option_table())
          .rule(check_call);
  return table;
}

/// What looks like a setting and is none misleads.
void say_unused(FilmOptions film, const RunObserver& observer) {
  if (film.wanted() || !observer.note) return;
  FilmOptions usual;
  const auto given = film_option_table().bind(film), defaults = film_option_table().bind(usual);
  for (size_t i = 0; i < given.size(); ++i)
    if (given[i].get() != defaults[i].get())
      observer.note("`" + given[i].row->field() +
                    "` changes nothing here: no `video` and no `frames_dir` is asked for");
}

FilmFacts film_of(const InterpolateRun& run, const FilmOptions& film, const ProgressObserver& progress) {
  FilmedPaths paths{run.problem.embedding, run.result.nodes, run.result.times, run.output_range};
  if (!run.tours.empty()) {
    std::tie(paths.nodes, paths.times) = stacked(run.tours);
    paths.tours = true;
  }
  return write_film(paths, film, at::get_num_threads(), progress, interrupt_token());
}

/// What of a film lies in the run folder, or what does not; the folder is at `folder` now.
FilmOptions part_of_film(const FilmOptions& film, bool in_run, const std::filesystem::path& folder) {
  FilmOptions part = film;
  part.run_folder.clear();
  for (std::string FilmOptions::*file : {&FilmOptions::video, &FilmOptions::frames_dir}) {
    const std::filesystem::path place = place_in_run(film, film.*file);
    if (place.empty() == in_run)
      (part.*file).clear();
    else if (in_run)
      part.*file = (folder / place).string();
  }
  return part;
}

void run_interpolate(InterpolateCall& call) {
  call.film.run_folder = call.job.out;
  const bool quiet = call.shell.quiet || call.shell.json;
  std::string told;  // of a film in the run folder
  const auto in_folder = [&](const InterpolateRun& run, const RunObserver& observer,
                             const std::filesystem::path& folder) {
    const FilmOptions film = part_of_film(call.film, true, folder);
    if (!film.wanted()) return;
    told = told_film(part_of_film(call.film, true, call.job.out),
                     [&] { return film_of(run, film, observer.progress); });
  };
  const auto beside = [&](const InterpolateRun& run, const RunObserver& observer) {
    say_unused(call.film, observer);
    if (!told.empty() && !quiet) std::cout << told << "\n";
    const FilmOptions film = part_of_film(call.film, false, {});
    if (!film.wanted()) return;
    ProgressLine line("cost", quiet);
    make_film(film, quiet, [&] {
      const FilmFacts facts = film_of(run, film, [&line](const Progress& progress) { line(progress); });
      line.finish();
      return facts;
    });
  };
  run_job(call, interpolate_call_table(), beside, in_folder);
}

}  // namespace

Subcommand interpolate() {
  return declare<InterpolateCall>(
      "interpolate", "A path, or a batch of paths, in a model's latent space",
      "Examples:\n"
      "  latentpath interpolate --decoder mnist-dcgan-2 --classifier mnist-classifier --favor 8 \\\n"
      "      --from seed:23 --to seed:30 --out runs/eights --video morph.mp4\n"
      "  latentpath interpolate --decoder my.pt --prior normal --pairs pairs.npy --out runs/mine\n" +
          std::string(kJobExitCodes),
      interpolate_call_table(), run_interpolate);
}

}  // namespace latentpath::program
