#pragma once
// What a file of torch.export.save holds: the program as JSON, its tensors by name, and the texts beside it.
//
// Two layouts are known. Since torch 2.8 the members lie in a folder of the file's name:
// `models/model.json`, `data/weights/model_weights_config.json` with the bytes of each tensor in a member of
// its own (torch 2.10 and later) or `data/weights/model.pt` (2.8 and 2.9), the same under `data/constants/`,
// and `extra/NAME`. Before that: `serialized_exported_program.json`, `serialized_state_dict.pt`,
// `serialized_constants.pt`, `extra_files/NAME`. torch/export/pt2_archive/_package.py writes the former.

#include <ATen/core/Tensor.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "latentpath/io/archive.h"

namespace latentpath {

struct ExportedArchive {
  nlohmann::json program;
  std::map<std::string, at::Tensor> tensors;  ///< parameters, buffers and constants by their names
  std::map<std::string, std::string> stated;  ///< torch.export.save(…, extra_files=…)
};

/// True for a file that torch.export.save wrote.
bool holds_exported_program(const ZipArchive& archive);

/// Throws Error(kInput) with a sentence that starts with the archive's name.
ExportedArchive read_exported_archive(ZipArchive& archive);

/// The type that the format writes as this number. Throws Error(kInput) naming `name`.
at::ScalarType exported_scalar_type(int64_t number, const std::string& name);

}  // namespace latentpath
