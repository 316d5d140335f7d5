#pragma once
// An exported program in the form of a TorchScript module: its method forward runs the program, its
// parameters and attributes are those of the file. Whoever calls and questions modules does so with either
// kind of file.
//
//   torch::jit::Module module = exported_module(archive, {});
//   const Tensor images = module.forward({at::randn({4, 8})}).toTensor();

#include <torch/script.h>

#include "latentpath/models/exported_program.h"

namespace latentpath {

/// forward takes the tensors of ExportedProgram::inputs() by their names, or one list of them, and gives what
/// run() does. Throws as ExportedProgram.
torch::jit::Module exported_module(ZipArchive& archive, const ExportedProgramOptions& options);

/// True for such a module. It has no graph, and may be run by several threads at once.
bool is_exported_module(const torch::jit::Module& module);

/// A stated value as an attribute: numbers, texts, and lists of them.
c10::IValue attribute_of(const nlohmann::json& value);

}  // namespace latentpath
