// latentpath interpolate: a path, or a batch of paths, in a model's latent space.

#include <ATen/Parallel.h>

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

void run_interpolate(InterpolateCall& call) {
  run_job(call, interpolate_call_table(), [&call](const InterpolateRun& run, const RunObserver& observer) {
    say_unused(call.film, observer);
    if (!call.film.wanted()) return;
    ProgressLine line("cost", call.shell.quiet || call.shell.json);
    make_film(call.film, call.shell.quiet || call.shell.json, [&] {
      FilmedPaths paths{run.problem.embedding, run.result.nodes, run.result.times, run.output_range};
      if (!run.tours.empty()) {
        std::tie(paths.nodes, paths.times) = stacked(run.tours);
        paths.tours = true;
      }
      const FilmFacts facts = write_film(
          paths, call.film, at::get_num_threads(), [&line](const Progress& progress) { line(progress); },
          interrupt_token());
      line.finish();
      return facts;
    });
  });
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
