#pragma once
// The verdict on a path in words: how much better than the straight line, whether that is certified and
// resolved, which start won, and what to try where something is wanting. One text for every reader: the
// pages of a report show it, with or without scripts.
//
//   nlohmann::json verdict = path_verdict(summary["pairs"][0], "P(8)");
//   // {"headline": "Mean P(8) is 0.84 on this path and 0.03 on the straight line, at 52 times less cost",
//   //  "points": [{"topic": "gain", "level": "good", "text": "…"}, …]}
//
// Topics are gain, certificate, resolution, start, ending, advice, in this order; levels are good, fair and
// bad. Every figure comes from the summary (path_summary.h); one that is absent or null is never quoted.

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace latentpath {

/// The verdict on one pair. `pair` is an entry of summary["pairs"]; `feature` the name of what
/// mean_class_probability measures, for example "P(8)", or empty.
nlohmann::json path_verdict(const nlohmann::json& pair, const std::string& feature);

/// The verdict on a whole batch: medians, how many paths ended how, and the pair that needs attention most.
nlohmann::json batch_verdict(const nlohmann::json& summary, const std::string& feature);

}  // namespace latentpath
