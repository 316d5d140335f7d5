#pragma once
// The report without scripts: verdict, pictures and tables, for programs that were built without Node.

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace latentpath::detail {

/// Base 64 (RFC 4648, §4), with padding.
std::string base64(std::string_view bytes);

/// Text as the content of an element or attribute: & < > " ' escaped.
std::string escape_html(std::string_view text);

/// A whole page about `data` (docs/report.md) with the pictures of run/frames/.
std::string plain_report(const nlohmann::json& data, const std::filesystem::path& run);

}  // namespace latentpath::detail
