#pragma once
// What a page asks, and the strict reading of it: every field is known, there, and of its type, or one
// sentence says what is wrong.
//
//   const nlohmann::json request = parse_request(R"({"name": "eights"})");
//   RequestFields fields(request);
//   const std::string name = read_run_name(fields);
//   fields.finish();

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "latentpath/models/classifier.h"

namespace latentpath {

struct Question {
  std::string from, to;
  std::vector<std::string> favor, avoid;  ///< classes, or sections: "8@0.0-0.4"
  double odds = 4, sharpness = 1;
  bool operator==(const Question&) const = default;
};

/// By what a question is read.
struct QuestionContext {
  int64_t latent_dim = 0;
  std::shared_ptr<const Classifier> classifier = {};  ///< null: no features can be asked for
  /// Ends that may be asked for by their text, beside seed:N and coordinates: those of the command line,
  /// which alone may name files.
  std::vector<std::string> known_ends = {};
};

/// The object that a request's body is. Throws Error(kArgument).
nlohmann::json parse_request(std::string_view body);

/// The fields of a request, each taken once; what is left over is refused. Throws Error(kArgument).
class RequestFields {
 public:
  explicit RequestFields(const nlohmann::json& object) : object_(object) {}

  int64_t integer(const std::string& name, int64_t least, int64_t most);
  double number(const std::string& name, double least, double most);
  std::string text(const std::string& name, size_t longest);
  std::vector<std::string> texts(const std::string& name, size_t most);
  const nlohmann::json& any(const std::string& name);
  /// Throws where there is a field that nobody took.
  void finish() const;

 private:
  const nlohmann::json& object_;
  std::vector<std::string> taken_;
};

/// The fields "from", "to", "favor", "avoid", "odds" and "sharpness" of a request.
Question read_question(RequestFields& fields, const QuestionContext& context);

/// The name of a folder, and nothing that leads elsewhere. Throws Error(kArgument).
std::string read_run_name(RequestFields& fields);

}  // namespace latentpath
