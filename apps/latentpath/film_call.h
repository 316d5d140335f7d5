#pragma once
// How a film is made at the command line: nothing is left of one that was cut short, and what was made is
// told.

#include <functional>
#include <string>

#include "latentpath/report/film.h"

namespace latentpath::program {

/// Calls `make`; "film: 120 frames of …", with the seconds that went into it and the files of `options`.
std::string told_film(const FilmOptions& options, const std::function<FilmFacts()>& make);

/// Calls `make`, during which a second Ctrl-C removes the film's temporary files, and tells what it made
/// unless `quiet`.
void make_film(const FilmOptions& options, bool quiet, const std::function<FilmFacts()>& make);

}  // namespace latentpath::program
