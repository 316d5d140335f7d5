#pragma once
// A junction tree VAE with random weights: what it decodes to means nothing, but must be molecules.

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "latentpath/core/random.h"
#include "latentpath/molecule/jtvae.h"

namespace latentpath {

inline const std::vector<std::string>& small_vocabulary() {
  static const std::vector<std::string> clusters{
      "C",           "N",           "CC",        "CN",       "CO",      "C=O",         "CCl", "C=C",    "C#N",
      "C1=CC=CC=C1", "C1=CC=NC=C1", "C1=CNC=C1", "C1CCNCC1", "C1CCCC1", "C1CC2CCC1C2", "NO",  "C[NH3+]"};
  return clusters;
}

/// @param scale  of the weights: 1 makes gates saturate now and then
/// @param ending  how much the decoder likes branches to end: 0 gives trees of up to a hundred clusters
inline std::filesystem::path write_small_jtvae(double scale = 1, int64_t hidden = 24, int64_t half = 3,
                                               double ending = 0) {
  at::Generator generator = make_generator(5);
  std::vector<std::pair<std::string, Tensor>> weights;
  const auto add = [&](const std::string& name, std::vector<int64_t> shape) {
    weights.emplace_back(name, at::randn(shape, generator, at::kFloat) * scale);
  };
  const auto clusters = static_cast<int64_t>(small_vocabulary().size());
  const int64_t h = hidden;
  add("embedding.weight", {clusters, h});
  for (const std::string prefix : {"jtnn.", "decoder."}) {
    for (const char* name : {"W_z", "W_h"}) {
      add(prefix + name + ".weight", {h, 2 * h});
      add(prefix + name + ".bias", {h});
    }
    add(prefix + "W_r.weight", {h, h});
    add(prefix + "U_r.weight", {h, h});
  }
  add("jtnn.U_r.bias", {h});
  add("decoder.W_r.bias", {h});
  for (const std::string prefix : {"mpn.", "jtmpn."}) {
    const int64_t atom = prefix == "mpn." ? 39 : 35, bond = prefix == "mpn." ? 11 : 5;
    add(prefix + "W_i.weight", {h, atom + bond});
    add(prefix + "W_h.weight", {h, h});
    add(prefix + "W_o.weight", {h, atom + h});
    add(prefix + "W_o.bias", {h});
  }
  add("jtnn.W.weight", {h, 2 * h});
  add("jtnn.W.bias", {h});
  for (const std::string prefix : {"T_mean", "G_mean"}) {
    add(prefix + ".weight", {half, h});
    add(prefix + ".bias", {half});
  }
  add("decoder.W.weight", {h, h + half});
  add("decoder.W.bias", {h});
  add("decoder.W_o.weight", {clusters, h});
  add("decoder.W_o.bias", {clusters});
  add("decoder.U.weight", {h, 2 * h + half});
  add("decoder.U.bias", {h});
  add("decoder.U_s.weight", {1, h});
  add("decoder.U_s.bias", {1});
  weights.back().second -= ending;
  auto file = std::filesystem::path(testing::TempDir()) / ("small-jtvae-" + std::to_string(scale) + ".pt");
  write_jtvae(file, weights, small_vocabulary(), 3, "for tests");
  return file;
}

}  // namespace latentpath
