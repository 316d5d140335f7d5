#pragma once
// JSON that others wrote.
//
//   const nlohmann::json document = parse_json(read_file("mixture.json"));
//   if (document.is_discarded()) throw Error(ErrorKind::kInput, "mixture.json is not JSON");

#include <nlohmann/json.hpp>
#include <string>

namespace latentpath {

/// Objects and lists within each other, at most: whoever walks through a document does so by recursion, and a
/// file of brackets would end the stack.
inline constexpr int kDeepestJson = 200;

/// The document, or a discarded value where the text is malformed or nested deeper than kDeepestJson.
nlohmann::json parse_json(const std::string& text);

}  // namespace latentpath
