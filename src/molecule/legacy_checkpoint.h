#pragma once
// Checkpoints in the form that torch.save had until version 1.6, which LibTorch does not read: five pickles
// (a magic number, a version, the machine, the state dictionary, the keys of the storages), then the
// storages' bytes.

#include <map>
#include <string>
#include <string_view>

#include "latentpath/core/tensor.h"

namespace latentpath {

/// The float tensors of a state dictionary by name. Reads what such a dictionary needs of the pickle format
/// and runs nothing: any other object is refused. Throws Error(kInput) naming `name` and the place.
std::map<std::string, Tensor> read_legacy_checkpoint(std::string_view bytes, const std::string& name);

}  // namespace latentpath
