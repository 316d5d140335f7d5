#pragma once
// Tensors by name as torch.save writes a state dictionary, without running what its pickle says: names of
// classes other than those of tensors are refused. Two forms: an archive with a pickle and the storages'
// bytes (torch 1.6 and later), and the older five pickles (a magic number, a version, the machine, the
// dictionary, the keys of the storages) followed by the bytes, which LibTorch does not read.
//
//   const auto tensors = read_pickled_tensors(read_file("weights.pt"), "weights.pt");
//   const Tensor weight = tensors.at("decoder.0.weight");

#include <map>
#include <string>

#include "latentpath/core/tensor.h"

namespace latentpath {

/// The tensors and parameters of a dictionary; one that was saved alone has the name "". Reads what such a
/// file needs of the pickle format; any other object is refused. Throws Error(kInput) naming `name` and the
/// place.
std::map<std::string, Tensor> read_pickled_tensors(const std::string& bytes, const std::string& name);

}  // namespace latentpath
