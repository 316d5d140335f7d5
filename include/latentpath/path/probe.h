#pragma once
// probe_problem: what a search relies on, looked at before it begins.
//
// A decoder that rounds, whose batches mix or that draws random numbers, or a quality outside [0, 1], gives
// figures that look like any others. So a few points of the problem (ends, points between them, points near
// these) are evaluated first: some fifty evaluations where a search takes thousands. Refused is what cannot
// give a right answer, each in one sentence with its remedy; what may give one is a warning. What is looked
// at, with its thresholds and why: docs/algorithms/probe.md.
//
//   for (const std::string& warning : probe_problem(problem)) std::cerr << warning << "\n";
//
// find_path() does so itself and puts the warnings into its result.

#include <string>
#include <vector>

#include "latentpath/path/path_options.h"

namespace latentpath {

/// The problem's shapes must be right already. Throws Error: kInput for a map or a quality that breaks its
/// contract, kArgument for a prior of another dimension. NaN and infinity are warnings: they concern a pair.
std::vector<std::string> probe_problem(const PathProblem& problem, const ProbeOptions& options = {});

}  // namespace latentpath
