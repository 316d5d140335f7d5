#pragma once
// How films are made at the command line: nothing is left of one that was cut short, and what was made is
// told. Jobs whose runs have a film are declared by filmed_subcommand().

#include <functional>
#include <iostream>
#include <string>

#include "latentpath/report/film_of_run.h"
#include "run_job.h"

namespace latentpath::program {

/// Calls `make`; "film: 120 frames of …", with the seconds that went into it and the files of `options`.
std::string told_film(const FilmOptions& options, const std::function<FilmFacts()>& make);

/// Calls `make`, during which a second Ctrl-C removes the film's temporary files, and tells what it made
/// unless `quiet`.
void make_film(const FilmOptions& options, bool quiet, const std::function<FilmFacts()>& make);

template <class Job>
struct FilmedCall {
  Job job;
  FilmOptions film;
  Shell shell;
};

template <class Job>
void run_filmed(FilmedCall<Job>& call, const OptionTable<FilmedCall<Job>>& table) {
  call.film.run_folder = call.job.out;
  const bool quiet = call.shell.quiet || call.shell.json;
  std::string told;  // of a film in the run folder
  const auto in_folder = [&](const auto& run, const RunObserver& observer,
                             const std::filesystem::path& folder) {
    const FilmOptions film = film_in_run(call.film, folder);
    if (film.wanted())
      told = told_film(film_in_run(call.film, call.job.out),
                       [&] { return write_film(run, film, observer.progress, interrupt_token()); });
  };
  const auto beside = [&](const auto& run, const RunObserver& observer) {
    for (const std::string& sentence : unused_film_options(call.film))
      if (observer.note) observer.note(sentence);
    if (!told.empty() && !quiet) std::cout << told << "\n";
    const FilmOptions film = film_beside_run(call.film);
    if (film.wanted())
      make_film(film, quiet, [&] { return write_film(run, film, observer.progress, interrupt_token()); });
  };
  run_job(call, table, beside, in_folder);
}

/// Declares the subcommand that executes a job and films its run by the options of `films`.
template <class Job>
Subcommand filmed_subcommand(std::string name, std::string summary, std::string footer,
                             const OptionTable<Job>& job_table, const OptionTable<FilmOptions>& films) {
  static const OptionTable<FilmedCall<Job>> table =
      OptionTable<FilmedCall<Job>>()
          .include(&FilmedCall<Job>::job, job_table)
          .include(&FilmedCall<Job>::film, films)
          .include(&FilmedCall<Job>::shell, shell_option_table())
          .rule([](const FilmedCall<Job>& call) { check_film(call.job, call.film); });
  return declare<FilmedCall<Job>>(std::move(name), std::move(summary), std::move(footer) + kJobExitCodes,
                                  table, [](FilmedCall<Job>& call) { run_filmed(call, table); });
}

}  // namespace latentpath::program
