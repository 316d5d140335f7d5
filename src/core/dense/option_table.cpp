#include "latentpath/core/option_table.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <sstream>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

std::string number_text(double value) {
  if (value == std::floor(value) && std::abs(value) < 1e15)
    return std::to_string(static_cast<int64_t>(value));
  std::ostringstream text;
  text << value;
  return text.str();
}

std::string field_name(const OptionRow& row) { return "`" + row.field() + "`"; }

bool inside(const OptionRow& row, double value) {
  if (value == 0 && !row.zero_meaning.empty()) return true;
  return std::isfinite(value) && (row.above_least ? value > row.least : value >= row.least) &&
         (row.below_most ? value < row.most : value <= row.most);
}

void check_number(const OptionRow& row, double value, const std::string& text) {
  if (inside(row, value)) {
    const bool power = !row.power_of_two || std::exp2(std::round(std::log2(value))) == value;
    LATENTPATH_CHECK(power, kArgument, field_name(row), " must be a power of 2, not ", text);
    return;
  }
  const std::string name = field_name(row), low = number_text(row.least), high = number_text(row.most);
  const std::string zero = row.zero_meaning.empty() ? "" : ", or be 0 (" + row.zero_meaning + ")";
  const bool from = std::isfinite(row.least), to = std::isfinite(row.most);
  std::string sentence;
  if (!std::isfinite(value) && from && !to)
    sentence = " must be a finite number, " + row.range_text() + zero + ", not " + text;
  else if (from && to && !row.above_least && !row.below_most)
    sentence = " must lie between " + low + " and " + high + zero + ", not at " + text;
  else if (from && to)
    sentence = " must satisfy " + row.range_text() + zero + ", not " + text;
  else if (from && row.least == 0)
    sentence = row.above_least ? " must be positive" + zero + ", not " + text
                               : " must not be negative, and is " + text;
  else if (from)
    sentence = (row.above_least ? " must be above " : " must be at least ") + low + zero + ", not " + text;
  else
    sentence = " must be a finite number, not " + text;
  throw Error(ErrorKind::kArgument, name + sentence);
}

void check_choice(const OptionRow& row, const std::string& value) {
  if (row.choices.empty() || (value.empty() && !row.unset_meaning.empty())) return;
  std::string list;
  for (const OptionChoice& choice : row.choices) {
    if (choice.name == value) return;
    list += (list.empty() ? "" : ", ") + choice.name;
  }
  throw Error(ErrorKind::kArgument, field_name(row) + " '" + value + "' is not one of " + list);
}

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace

std::string OptionRow::field() const {
  std::string text = name;
  std::replace(text.begin(), text.end(), '-', '_');
  if (!section.empty()) text[section.size()] = '.';
  return text;
}

void OptionRow::check(const OptionValue& value) const {
  std::visit(Overloaded{[](std::monostate) {}, [](bool) {},
                        [&](int64_t v) { check_number(*this, static_cast<double>(v), std::to_string(v)); },
                        [&](uint64_t v) { check_number(*this, static_cast<double>(v), std::to_string(v)); },
                        [&](double v) { check_number(*this, v, number_text(v)); },
                        [&](const std::string& v) { check_choice(*this, v); },
                        [&](const std::vector<double>& list) {
                          for (const double v : list) check_number(*this, v, number_text(v));
                        },
                        [&](const std::vector<std::string>& list) {
                          for (const std::string& v : list) check_choice(*this, v);
                        }},
             value);
}

std::string OptionRow::range_text() const {
  const bool from = std::isfinite(least), to = std::isfinite(most);
  const std::string low = number_text(least), high = number_text(most);
  if (from && to && (above_least || below_most))
    return low + (above_least ? " < " : " <= ") + name + (below_most ? " < " : " <= ") + high;
  if (from && to) return low + " to " + high;
  if (from && above_least) return "above " + low;
  if (from) return low + " or more";
  return {};
}

std::string OptionRow::help_text() const {
  std::string text = help, list;
  for (const OptionChoice& choice : choices)
    list += (list.empty() ? "" : ", ") + choice.name +
            (choice.meaning.empty() ? "" : " (" + choice.meaning + ")");
  if (!list.empty()) text += ": " + list;
  const std::string range = range_text();
  if (!range.empty()) text += "; " + range;
  if (power_of_two) text += ", a power of 2";
  if (!unit.empty()) text += ", in " + unit;
  if (!zero_meaning.empty()) text += "; 0: " + zero_meaning;
  if (!unset_meaning.empty()) text += " (default: " + unset_meaning + ")";
  return text;
}

std::string option_text(const OptionValue& value) {
  const auto join = [](const auto& list, const auto& text_of) {
    std::string text;
    for (const auto& item : list) text += (text.empty() ? "" : ", ") + text_of(item);
    return text;
  };
  return std::visit(
      Overloaded{
          [](std::monostate) { return std::string(); },
          [](bool v) { return std::string(v ? "true" : "false"); },
          [](int64_t v) { return std::to_string(v); }, [](uint64_t v) { return std::to_string(v); },
          [](double v) { return number_text(v); }, [](const std::string& v) { return v; },
          [&](const std::vector<double>& v) { return join(v, number_text); },
          [&](const std::vector<std::string>& v) { return join(v, [](const std::string& s) { return s; }); }},
      value);
}

std::string option_names_as_dashes(const std::string& sentence) {
  std::string text;
  for (size_t at = 0; at < sentence.size(); ++at) {
    const size_t end = sentence[at] == '`' ? sentence.find('`', at + 1) : std::string::npos;
    const std::string name = end == std::string::npos ? "" : sentence.substr(at + 1, end - at - 1);
    const bool field = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
      return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '_' || c == '.';
    });
    if (!field) {
      text += sentence[at];
      continue;
    }
    text += "--";
    for (const char c : name) text += c == '_' || c == '.' ? '-' : c;
    at = end;
  }
  return text;
}

}  // namespace latentpath
