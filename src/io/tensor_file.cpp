#include "latentpath/io/tensor_file.h"

#include <ATen/ATen.h>
#include <torch/csrc/jit/serialization/pickle.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <utility>
#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/core/exception_sentence.h"
#include "latentpath/io/archive.h"
#include "latentpath/io/csv.h"
#include "latentpath/io/file.h"
#include "latentpath/io/npy.h"

namespace latentpath {

const char* const kTensorFiles = "FILE.npy, FILE.npz, FILE.csv, FILE.txt or FILE.pt";

namespace {

bool ends_in(const std::string& text, const std::string& ending) {
  if (text.size() <= ending.size()) return false;
  return std::equal(ending.rbegin(), ending.rend(), text.rbegin(), [](char wanted, char found) {
    return wanted == std::tolower(static_cast<unsigned char>(found));
  });
}

/// "codes.npz:z" → {"codes.npz", "z"}; the name is empty without a colon behind the ending.
std::pair<std::string, std::string> split_array_name(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos || !ends_in(text.substr(0, colon), ".npz")) return {text, {}};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

Tensor read_npz(const std::string& file, const std::string& wanted) {
  std::vector<std::string> names;
  for (const std::string& member : archive_members(file, file))
    if (ends_in(member, ".npy")) names.push_back(member.substr(0, member.size() - 4));
  LATENTPATH_CHECK(!names.empty(), kInput, file, " holds no array: it must be what numpy.savez writes");
  LATENTPATH_CHECK(!wanted.empty() || names.size() == 1, kInput, file, " holds ", names.size(), " arrays (",
                   listed(names), "): name the one that is meant, as ", file, ":", names[0]);
  const std::string name = wanted.empty() ? names[0] : wanted;
  LATENTPATH_CHECK(std::find(names.begin(), names.end(), name) != names.end(), kInput, file,
                   " holds no array '", name, "': it has ", listed(names));
  return parse_npy(read_archive_member(file, name + ".npy", file), file + ":" + name);
}

void collect_tensors(const c10::IValue& value, std::vector<Tensor>& tensors) {
  if (value.isTensor()) tensors.push_back(value.toTensor());
  if (value.isTuple())
    for (const c10::IValue& part : value.toTupleRef().elements()) collect_tensors(part, tensors);
  if (value.isList())
    for (const c10::IValue& part : value.toListRef()) collect_tensors(part, tensors);
  if (value.isGenericDict())
    for (const auto& entry : value.toGenericDict()) collect_tensors(entry.value(), tensors);
}

Tensor read_saved_tensor(const std::string& file) {
  const std::string bytes = read_file(file);
  constexpr const char* kRemedy = ": save the latent alone, as torch.save(z.cpu(), …), or as .npy";
  LATENTPATH_CHECK(bytes.substr(0, 2) == "PK", kInput, file,
                   " is no archive of torch.save (or of PyTorch before 1.6)", kRemedy);
  const std::vector<std::string> members = archive_members(file, file);
  const bool model = std::any_of(members.begin(), members.end(), [](const std::string& member) {
    return ends_in(member, "constants.pkl") || member.find("/code/") != std::string::npos;
  });
  LATENTPATH_CHECK(!model, kInput, file, " is a TorchScript model and no tensor", kRemedy);
  check_archive(file, file);
  std::vector<Tensor> tensors;
  try {
    collect_tensors(torch::jit::pickle_load(std::vector<char>(bytes.begin(), bytes.end())), tensors);
  } catch (const std::exception& error) {
    // LibTorch's reader knows what TorchScript writes; Python pickles more.
    const std::string reason = exception_sentence(error);
    const bool python =
        reason.find("opcode") != std::string::npos || reason.find("pickle") != std::string::npos;
    throw Error(ErrorKind::kInput,
                join_message(file, " cannot be read as a tensor (",
                             python ? "it holds Python objects beside it" : reason, ")", kRemedy));
  }
  LATENTPATH_CHECK(tensors.size() == 1, kInput, file, " holds ", tensors.size(), " tensors", kRemedy);
  const Tensor tensor = tensors[0].detach().to(at::kCPU).contiguous();
  LATENTPATH_CHECK(!tensor.is_complex() && !tensor.is_sparse() && !tensor.is_quantized(), kInput, file,
                   " holds a tensor of type ", c10::toString(tensor.scalar_type()),
                   ", which is none of real numbers", kRemedy);
  const bool half = tensor.scalar_type() == at::kHalf || tensor.scalar_type() == at::kBFloat16;
  return half ? tensor.to(at::kFloat) : tensor;
}

}  // namespace

bool names_tensor_file(const std::string& text) {
  const std::string file = split_array_name(text).first;
  for (const char* ending : {".npy", ".npz", ".csv", ".tsv", ".txt", ".pt", ".pth"})
    if (ends_in(file, ending)) return true;
  return false;
}

std::string tensor_file_path(const std::string& text) { return split_array_name(text).first; }

Tensor read_tensor_file(const std::string& text) {
  const auto [file, array] = split_array_name(text);
  if (ends_in(file, ".npz")) return read_npz(file, array);
  if (ends_in(file, ".pt") || ends_in(file, ".pth")) return read_saved_tensor(file);
  if (ends_in(file, ".npy")) return read_npy(file);
  const Tensor table = read_csv(file);
  return table.size(0) == 1 || table.size(1) == 1 ? table.flatten() : table;
}

}  // namespace latentpath
