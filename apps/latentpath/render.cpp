// latentpath render: films and figures of a run folder.

#include "latentpath/report/render.h"

#include <iostream>

#include "film_call.h"
#include "run_job.h"

namespace latentpath::program {
namespace {

using RenderCall = Call<RenderJob>;

const OptionTable<RenderCall>& render_call_table() {
  static const OptionTable<RenderCall> table =
      OptionTable<RenderCall>()
          .include(&RenderCall::job, render_option_table())
          .include(&RenderCall::shell, shell_option_table().without({"open", "json"}));
  return table;
}

void run_render(RenderCall& call) {
  render_call_table().validate(call);
  call.job.folders = model_folders();
  ProgressLine line("cost", call.shell.quiet, {{.activities = {Activity::kFilm}, .last = true}});
  const RunObserver observer = observer_for(call.shell, line);
  std::vector<std::string> figures;
  const auto make = [&] {
    const Rendered rendered = render(call.job, observer, interrupt_token());
    line.finish();
    figures = rendered.files;
    return rendered.film.value_or(FilmFacts());
  };
  if (call.job.film.wanted())
    make_film(call.job.film, call.shell.quiet, make);
  else
    make();
  if (call.shell.quiet) return;
  for (const std::string& file : figures) std::cout << "written to " << file << "\n";
  check_standard_output();
}

}  // namespace

Subcommand render() {
  return declare<RenderCall>(
      "render", "Films and figures of a run folder",
      "Examples:\n"
      "  latentpath render runs/eights --video morph.mp4 --seconds 2 --fps 60\n"
      "  latentpath render runs/eights --video rows.gif --fps 25 --rows ours,linear,spherical\n"
      "  latentpath render runs/eights --frames-dir frames --film-spacing time\n"
      "  latentpath render runs/eights --strip figure.pdf --only linear,ours --curves curves.pdf\n"
      "Exit codes: 0 done; 2 bad arguments; 3 no run folder, or a decoder that is gone; 130 interrupted.",
      render_call_table(), run_render);
}

}  // namespace latentpath::program
