#include "models/foreign_file.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <string_view>
#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/io/archive.h"

namespace latentpath {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kFromPython =
    ": load it in Python, and save the model itself with latentpath.export(model, \"model.pt2\", latent) or "
    "torch.jit.trace(model.eval(), latent).save(\"model.pt\")";

/// Files that their first bytes tell.
struct Opening {
  std::string_view bytes;
  std::string_view what, remedy;
};

std::string sentence_of(std::string_view what, std::string_view remedy) {
  std::string text;
  text.append(what).append(remedy);
  return text;
}

constexpr Opening kOpenings[] = {
    {"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19"sv,
     "holds weights or a Python object, as torch.save of PyTorch before 1.6 writes them, and not the "
     "computation",
     kFromPython},
    {"\x80\x02"sv, "is a Python pickle and holds no computation", kFromPython},
    {"\x80\x03"sv, "is a Python pickle and holds no computation", kFromPython},
    {"\x80\x04"sv, "is a Python pickle and holds no computation", kFromPython},
    {"\x80\x05"sv, "is a Python pickle and holds no computation", kFromPython},
    {"\x89HDF"sv, "is an HDF5 file, as Keras writes them: .pt2 and TorchScript files can be read",
     ", so rebuild the model in PyTorch and save it with torch.jit.trace"},
    {"GGUF"sv, "is a GGUF file of weights and holds no computation", kFromPython},
    {"\x1f\x8b"sv, "is a gzip archive", ": unpack it with gunzip or tar, and name the model inside"},
    {"version https://git-lfs"sv, "is a Git LFS pointer and not the file itself",
     ": fetch that with git lfs pull"},
    {"<!DOCTYPE"sv, "is a web page and no model",
     ": the download failed, perhaps for want of a login; repeat it"},
    {"<!doctype"sv, "is a web page and no model",
     ": the download failed, perhaps for want of a login; repeat it"},
    {"<html"sv, "is a web page and no model",
     ": the download failed, perhaps for want of a login; repeat it"},
    {"\x93NUMPY"sv, "is an array of NumPy and no model", kFromPython},
};

/// The members of a zip archive that tell what wrote it.
std::string kind_of_archive(const std::filesystem::path& file) {
  std::vector<std::string> members;
  try {
    members = archive_members(file, file.string());
  } catch (const Error&) {
    return {};  // whoever checks the archive says it better
  }
  const auto has = [&](std::string_view ending) {
    return std::any_of(members.begin(), members.end(), [ending](const std::string& member) {
      return member == ending || (member.size() > ending.size() && member.ends_with(ending) &&
                                  (ending[0] == '.' || member[member.size() - ending.size() - 1] == '/'));
    });
  };
  if (has("constants.pkl")) return {};
  if (has("data.pkl"))
    return sentence_of("holds weights or a Python object, as torch.save writes them, and not the computation",
                       kFromPython);
  if (has(".npy")) return sentence_of("is an archive of NumPy arrays and no model", kFromPython);
  if (has("model.weights.h5"))
    return sentence_of("is a Keras model: .pt2 and TorchScript files can be read",
                       ", so rebuild it in PyTorch and save it with torch.jit.trace");
  return {};
}

}  // namespace

std::string foreign_file(const std::filesystem::path& file) {
  std::array<char, 512> buffer{};
  std::ifstream stream(file, std::ios::binary);
  stream.read(buffer.data(), buffer.size());
  const std::string_view head(buffer.data(), static_cast<size_t>(stream.gcount()));
  if (head.starts_with("PK")) return kind_of_archive(file);
  for (const Opening& opening : kOpenings)
    if (head.starts_with(opening.bytes)) return sentence_of(opening.what, opening.remedy);
  // Eight bytes of length, then a JSON object of tensors.
  if (head.size() > 16 && head[8] == '{' && head.substr(9, 7).find('"') != std::string_view::npos &&
      head.substr(4, 4) == "\0\0\0\0"sv)
    return sentence_of("is a safetensors file: it holds weights and not the computation", kFromPython);
  // Field 1 of a protocol buffer is the version of the format, field 2 who wrote it.
  if (file.extension() == ".onnx" || (head.starts_with("\x08") && head.find("pytorch") < 32))
    return sentence_of("is an ONNX model: .pt2 and TorchScript files can be read",
                       ", so save the PyTorch model with torch.jit.trace");
  return {};
}

}  // namespace latentpath
