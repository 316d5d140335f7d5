#pragma once
// The three curves of every pair, by their names in a summary: its path and the two baselines. Internal.

#include <array>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "latentpath/path/find_path.h"

namespace latentpath::detail {

struct PairCurve {
  const char* name;                               ///< "path", "linear", "spherical"
  std::function<Tensor(const Tensor& times)> at;  ///< γ: times [T] → [pairs, T, D] float64
  CurveFigures<Tensor> PathResult::*figures;      ///< what is measured of it
};

std::array<PairCurve, 3> pair_curves(const PathProblem& problem, const PathResult& result);

/// The median over all pairs of a figure of one curve, of those that have it; none where no pair has.
std::optional<double> median_figure(const nlohmann::json& summary, const char* curve,
                                    const std::string& figure);

}  // namespace latentpath::detail
