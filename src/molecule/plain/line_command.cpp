#include "molecule/line_command.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <utility>

#include "io/subprocess.h"
#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/core/utf8.h"

namespace latentpath {
namespace {

constexpr const char* kBlanks = " \t\r\n";

/// The last line that says something, for a sentence.
std::string last_words(std::string text) {
  text.resize(text.find_last_not_of(kBlanks) + 1);  // of nothing but blanks nothing is left: npos + 1 is 0
  text.erase(0, text.find_last_of("\r\n") + 1);
  return quotable(text);
}

std::vector<std::string> lines_of_answer(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(std::move(line));
    begin = end + 1;
  }
  return lines;
}

std::string counted(size_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

}  // namespace

std::vector<std::string> words_of_command(const std::string& command, const std::string& option) {
  std::vector<std::string> words;
  std::string word;
  bool inside = false;
  char quote = 0;
  for (size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    if (c == quote) {
      quote = 0;
    } else if (c == '\\' && i + 1 < command.size() &&
               (quote == 0 || (quote == '"' && std::strchr("\"\\$`", command[i + 1]) != nullptr))) {
      word += command[++i];
      inside = true;
    } else if (quote != 0) {
      word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      inside = true;
    } else if (std::strchr(kBlanks, c) != nullptr) {
      if (inside) words.push_back(std::exchange(word, ""));
      inside = false;
    } else {
      word += c;
      inside = true;
    }
  }
  LATENTPATH_CHECK(quote == 0, kArgument, option, " ", command, " has a quote ", quote,
                   " that is not closed: close it, or write \\", quote, " for the sign itself");
  if (inside) words.push_back(word);
  LATENTPATH_CHECK(!words.empty() && !words.front().empty(), kArgument, option,
                   " is empty: give a program and its arguments, such as 'python3 score.py', or leave the "
                   "option out");
  return words;
}

std::string quotable(const std::string& text) {
  constexpr size_t kMost = 200;
  std::string shown;
  for (size_t at = 0; at < text.size();) {
    if (shown.size() >= kMost) return shown + " …";
    const size_t length = utf8_character(text, at);
    if (length == 0)
      shown += "\uFFFD";
    else if (static_cast<unsigned char>(text[at]) < ' ')
      shown += ' ';
    else
      shown.append(text, at, length);
    at += std::max<size_t>(length, 1);
  }
  return shown;
}

LineCommand::LineCommand(LineCommandOptions options)
    : options_(std::move(options)), words_(words_of_command(options_.command, options_.option)) {}

std::string LineCommand::described() const { return options_.option + " " + options_.command; }

std::string LineCommand::name() const {
  std::error_code unreadable;  // a text that is no name of a file may be too long for one
  for (size_t i = 1; i < words_.size(); ++i)
    if (std::filesystem::is_regular_file(words_[i], unreadable))
      return std::filesystem::path(words_[i]).stem().string();
  return std::filesystem::path(words_[0]).stem().string();
}

std::string LineCommand::call(const std::string& input, size_t lines, const CancellationToken& token) const {
  const ProcessAnswer answer =
      ask_process(words_, input, std::chrono::duration<double>(options_.seconds), token);
  LATENTPATH_CHECK(answer.start_error == 0, kArgument, described(), " cannot be started (",
                   std::strerror(answer.start_error),
                   "): give a program that is there and its arguments, such as 'python3 score.py'; no shell "
                   "reads it");
  const std::string rule = ": it must print " + options_.answer + ", for each " + options_.asked;
  LATENTPATH_CHECK(!answer.timed_out, kInput, described(), " took over ", figure_text(options_.seconds),
                   " s for ", counted(lines, options_.asked),
                   " and was ended: give it more by `command_seconds`, or make it faster");
  LATENTPATH_CHECK(!answer.too_long, kInput, described(), " printed over 64 MiB for ",
                   counted(lines, options_.asked), " and was ended", rule);
  const std::string words = last_words(answer.words);
  LATENTPATH_CHECK(answer.exit_code == 0, kInput, described(), " ended with exit code ", answer.exit_code,
                   " on ", counted(lines, options_.asked),
                   words.empty() ? std::string() : ", saying '" + words + "'", rule, ", and end with 0");
  return answer.output;
}

std::vector<std::string> LineCommand::answers(const std::vector<std::string>& lines,
                                              const CancellationToken& token) const {
  std::vector<std::string> all;
  for (size_t first = 0; first < lines.size(); first += static_cast<size_t>(options_.together)) {
    const size_t count = std::min(static_cast<size_t>(options_.together), lines.size() - first);
    std::string input;
    for (size_t i = first; i < first + count; ++i) input += lines[i] + "\n";
    std::vector<std::string> some = lines_of_answer(call(input, count, token));
    LATENTPATH_CHECK(some.size() == count, kInput, described(), " printed ", counted(some.size(), "line"),
                     " for ", counted(count, options_.asked), ": it must print ", options_.answer,
                     ", a line for each ", options_.asked, ", in their order");
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

}  // namespace latentpath
