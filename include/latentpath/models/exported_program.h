#pragma once
// A model in a file of torch.export.save (".pt2"), run by an interpreter: each node of its graph is sent
// through LibTorch's dispatcher, so that derivatives of any order, threads and devices are those of the
// operators. LibTorch's own runner is in none of its packages, and AOTInductor's code has no derivatives.
//
//   ZipArchive archive("decoder.pt2", "the decoder file decoder.pt2");
//   const ExportedProgram program(archive, {});
//   const Tensor images = program.run({at::randn({4, 8})}).toTensor();
//
// Format: torch/_export/serde/schema.py, versions 7 and 8 (torch 2.5 to 2.15). A file must have been exported
// for any batch. TorchScriptModule (torchscript_module.h) reads either kind of file.

#include <ATen/core/ivalue.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "latentpath/core/tensor.h"
#include "latentpath/io/archive.h"

namespace latentpath {

struct ExportedProgramOptions {
  at::Device device = at::kCPU;              ///< wherever the model was when it was exported
  std::optional<at::ScalarType> dtype = {};  ///< converts weights and every real type in the graph
};

class ExportedProgram {
 public:
  /// True for an archive of torch.export.save, of any version, or of AOTInductor.
  static bool is_in(const ZipArchive& archive);
  /// Throws Error(kInput) in one sentence for what is damaged, needs an operator that this LibTorch does not
  /// have, is fixed to one batch, draws random numbers, or writes into its own buffers.
  ExportedProgram(ZipArchive& archive, const ExportedProgramOptions& options);
  ~ExportedProgram();
  ExportedProgram(ExportedProgram&&) noexcept;

  /// The result for tensors [n, …] in the order of inputs(): a tensor, a tuple, or a dictionary by text.
  /// Several threads may call it at once.
  c10::IValue run(const std::vector<Tensor>& inputs) const;

  /// Names of the tensors that it takes.
  const std::vector<std::string>& inputs() const;
  /// The shape of an input, −1 for free sizes: [-1, 8].
  const std::vector<int64_t>& input_shape(size_t input) const;
  /// True where forward takes one list of tensors.
  bool takes_list() const;
  /// Parameters, buffers and constants, in the order of the module.
  const std::vector<Tensor>& weights() const;
  /// What the file states beside the program: torch.export.save(…, extra_files={"latent_dim": "8"}), each
  /// text read as JSON where it is. `latent_dim` follows from an input [n, D] where nothing states it.
  const nlohmann::json& attributes() const;

 private:
  struct Program;
  std::unique_ptr<Program> program_;
};

}  // namespace latentpath
