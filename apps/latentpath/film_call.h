#pragma once
// How a film is made at the command line: nothing is left of one that was cut short, and what was made is
// told.

#include <functional>
#include <string>

#include "latentpath/report/film.h"

namespace latentpath::program {

/// "film: 120 frames of …", of a film that `seconds` went into.
std::string film_sentence(const FilmOptions& options, const FilmFacts& facts, double seconds);

/// Calls `make`, during which a second Ctrl-C removes the film's temporary files, and tells what it made
/// unless `quiet`.
void make_film(const FilmOptions& options, bool quiet, const std::function<FilmFacts()>& make);

}  // namespace latentpath::program
