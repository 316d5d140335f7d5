#pragma once
// The figures and pictures of a finished model.

#include <torch/script.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "latentpath/zoo/data_set.h"

namespace latentpath {

/// Figures of a model file for its card; which ones, its attributes decide.
/// @param classifier may be empty: then a decoder's samples are not classified
nlohmann::json measure_model(const std::filesystem::path& model, const DataSet& data,
                             const std::filesystem::path& classifier);

/// A picture of a decoder's samples (over the quantiles of the prior when there are two latents; points among
/// those of the data); nothing for modules that are no decoders.
void draw_decoder(torch::jit::Module& module, const DataSet& data, const std::filesystem::path& picture);

/// NAME.png beside the model: samples of a decoder (over the quantiles of the prior when there are two
/// latents), reconstructions of an encoder whose decoder lies beside it; nothing otherwise.
void draw_model(const std::filesystem::path& model, const DataSet& data);

}  // namespace latentpath
