#include "latentpath/explore/question.h"

#include <algorithm>
#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/core/read_number.h"
#include "latentpath/run/feature_sections.h"
#include "latentpath/run/text_values.h"

namespace latentpath {
namespace {

using nlohmann::json;

constexpr int64_t kLargestSeed = 4'294'967'295;
constexpr size_t kMostClasses = 64;
constexpr double kLargestCoordinate = 1e6;

/// Few signs of what somebody sent, for a sentence.
std::string shown(const std::string& text) {
  std::string safe;
  for (const char c : text.substr(0, 40)) safe += c >= ' ' && c < 127 ? c : '?';
  return text.size() > 40 ? safe + "..." : safe;
}

/// The shortest text that reads as the number.
std::string shortest(double value) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, value == 0 ? 0.0 : value).ptr;
  return std::string(text, end);
}

std::string end_of(const std::string& field, const json& value, const QuestionContext& context) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    const auto& known = context.known_ends;
    if (std::find(known.begin(), known.end(), text) != known.end()) return text;
    const auto number = text_after("seed:", text);
    const int64_t seed = number ? read_count(*number).value_or(-1) : -1;
    LATENTPATH_CHECK(seed >= 0 && seed <= kLargestSeed, kArgument, "\"", field, "\" is '", shown(text),
                     "': an end is seed:N with N from 0 to ", kLargestSeed, ", or a list of ",
                     context.latent_dim, " coordinates");
    return "seed:" + std::to_string(seed);
  }
  LATENTPATH_CHECK(value.is_array(), kArgument, "\"", field, "\" must be seed:N or a list of ",
                   context.latent_dim, " coordinates");
  LATENTPATH_CHECK(static_cast<int64_t>(value.size()) == context.latent_dim, kArgument, "\"", field,
                   "\" has ", value.size(), " coordinates; the decoder's latent size is ",
                   context.latent_dim);
  std::string list;
  for (const json& each : value) {
    const double coordinate = each.is_number() ? each.get<double>() : NAN;
    LATENTPATH_CHECK(std::abs(coordinate) <= kLargestCoordinate, kArgument, "\"", field,
                     "\" has a coordinate that is no number from -1e6 to 1e6");
    list += (list.empty() ? "" : ",") + shortest(coordinate);
  }
  return list;
}

std::vector<std::string> classes_of(const std::string& field, RequestFields& fields,
                                    const QuestionContext& context) {
  std::vector<std::string> classes = fields.texts(field, kMostClasses);
  LATENTPATH_CHECK(classes.empty() || context.classifier, kArgument,
                   "a feature is asked for, and there is no classifier: start with `classifier`");
  return classes;
}

}  // namespace

json parse_request(std::string_view body) {
  json request = json::parse(body.begin(), body.end(), nullptr, /*allow_exceptions=*/false);
  LATENTPATH_CHECK(request.is_object(), kArgument, "the request is no JSON object");
  return request;
}

const json& RequestFields::any(const std::string& name) {
  const auto found = object_.find(name);
  LATENTPATH_CHECK(found != object_.end(), kArgument, "the request has no \"", name, "\"");
  taken_.push_back(name);
  return *found;
}

int64_t RequestFields::integer(const std::string& name, int64_t least, int64_t most) {
  const json& value = any(name);
  const bool fits = value.is_number_unsigned() ? value.get<uint64_t>() <= static_cast<uint64_t>(most)
                                               : value.is_number_integer();
  LATENTPATH_CHECK(fits && value.get<int64_t>() >= least && value.get<int64_t>() <= most, kArgument, "\"",
                   name, "\" must be a whole number from ", least, " to ", most);
  return value.get<int64_t>();
}

double RequestFields::number(const std::string& name, double least, double most) {
  const json& value = any(name);
  LATENTPATH_CHECK(value.is_number() && value.get<double>() >= least && value.get<double>() <= most,
                   kArgument, "\"", name, "\" must be a number from ", least, " to ", most);
  return value.get<double>();
}

std::string RequestFields::text(const std::string& name, size_t longest) {
  const json& value = any(name);
  LATENTPATH_CHECK(value.is_string() && value.get_ref<const std::string&>().size() <= longest, kArgument,
                   "\"", name, "\" must be a text of at most ", longest, " bytes");
  return value.get<std::string>();
}

std::vector<std::string> RequestFields::texts(const std::string& name, size_t most) {
  const json& value = any(name);
  const auto is_short = [](const json& each) {
    return each.is_string() && each.get_ref<const std::string&>().size() <= 200;
  };
  LATENTPATH_CHECK(
      value.is_array() && value.size() <= most && std::all_of(value.begin(), value.end(), is_short),
      kArgument, "\"", name, "\" must be a list of at most ", most, " short texts");
  return value.get<std::vector<std::string>>();
}

void RequestFields::finish() const {
  for (const auto& [name, value] : object_.items())
    LATENTPATH_CHECK(std::find(taken_.begin(), taken_.end(), name) != taken_.end(), kArgument,
                     "the request has a field '", shown(name), "' that nobody reads");
}

Question read_question(RequestFields& fields, const QuestionContext& context) {
  Question question;
  question.from = end_of("from", fields.any("from"), context);
  question.to = end_of("to", fields.any("to"), context);
  question.favor = classes_of("favor", fields, context);
  question.avoid = classes_of("avoid", fields, context);
  for (const AskedClasses& section : asked_classes(question.favor, question.avoid))
    for (const auto* names : {&section.favor, &section.avoid})
      for (const std::string& name : *names) context.classifier->class_index(name);
  question.odds = fields.number("odds", 1e-3, 1e6);
  question.sharpness = fields.number("sharpness", 1e-3, 1e3);
  return question;
}

std::string read_run_name(RequestFields& fields) {
  std::string name = fields.text("name", 80);
  const auto plain = [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  };
  LATENTPATH_CHECK(
      !name.empty() && name[0] != '.' && name[0] != '-' && std::all_of(name.begin(), name.end(), plain),
      kArgument, "'", shown(name),
      "' cannot be the name of a run folder: letters, digits, '.', '-' and '_' only, and "
      "neither '.' nor '-' first");
  return name;
}

}  // namespace latentpath
