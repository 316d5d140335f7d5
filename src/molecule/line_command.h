#pragma once
// A program of the user's that answers lines: one line each, in their order.
//
//   const LineCommand command({.option = "`property_command`", .command = "python3 score.py",
//                              .asked = "molecule", .answer = "one number, nan where there is none"});
//   std::vector<std::string> numbers = command.answers({"CCO", "c1ccccc1"});
//
// The command is taken apart into words as a shell does it, by blanks, quotes and backslashes, and run
// without a shell: nothing in it or in the lines is expanded.

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/core/progress.h"

namespace latentpath {

/// The words of a command line: apart by blanks; what stands in '…' is taken as it is, elsewhere a
/// backslash takes the next sign as it is, in "…" only ", \, $ and `, as in a shell. Throws Error(kArgument)
/// for a quote that is not closed and for no word at all.
/// @param option  for sentences: "`property_command`"
std::vector<std::string> words_of_command(const std::string& command, const std::string& option);

/// What a program printed, as a part of a sentence: 200 bytes of it, what is no UTF-8 as U+FFFD, signs of
/// control as blanks.
std::string quotable(const std::string& text);

/// What a command did wrong, or that there is none: no fault of what it was asked.
class CommandError : public Error {
 public:
  using Error::Error;
};

/// What `ask` returns. What it refuses is the command's fault, but for an interruption.
template <class Ask>
auto blaming_the_command(const Ask& ask) {
  try {
    return ask();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kInterrupted) throw;
    throw CommandError(error.kind(), error.what());
  }
}

/// The lines that are no key of `known`, each once.
template <class Map>
std::vector<std::string> unknown_lines(const std::vector<std::string>& lines, const Map& known) {
  std::vector<std::string> unknown;
  std::unordered_set<std::string> seen;
  for (const std::string& line : lines)
    if (!known.contains(line) && seen.insert(line).second) unknown.push_back(line);
  return unknown;
}

struct LineCommandOptions {
  std::string option;       ///< as sentences name it: "`property_command`"
  std::string command;      ///< the program and its arguments
  std::string asked;        ///< what a line is: "molecule"
  std::string answer;       ///< what is wanted for each: "one number, nan where there is none"
  double seconds = 600;     ///< a call that takes longer is ended
  int64_t together = 1000;  ///< lines of a call at most
};

class LineCommand {
 public:
  /// Throws as words_of_command().
  explicit LineCommand(LineCommandOptions options);

  /// As many answers, without the ends of lines, by as few calls as may be.
  /// @param token  ends a call that runs: Error(kInterrupted)
  /// Throws Error, kArgument where the program cannot be started, and kInput where it exits with
  /// another code than 0, takes too long, or answers more or fewer lines than it was asked.
  std::vector<std::string> answers(const std::vector<std::string>& lines,
                                   const CancellationToken& token = {}) const;

  const LineCommandOptions& options() const { return options_; }
  /// "`property_command` python3 score.py", how sentences begin.
  std::string described() const;
  /// What to call it: the name of the first file among its arguments, else of the program: "score".
  std::string name() const;

 private:
  std::string call(const std::string& input, size_t lines, const CancellationToken& token) const;

  LineCommandOptions options_;
  std::vector<std::string> words_;
};

}  // namespace latentpath
