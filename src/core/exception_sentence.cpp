#include "latentpath/core/exception_sentence.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <new>
#include <string_view>

#include "latentpath/core/error.h"
#include "latentpath/core/utf8.h"

namespace latentpath {
namespace {

/// What LibTorch's words mean to whoever has the file.
struct Remedy {
  std::string_view words, remedy;
};
constexpr std::string_view kOnGpu =
    "the file makes tensors on a GPU: move the model to the CPU with model.cpu() and export it there";
constexpr std::string_view kNoDerivative =
    "a path needs derivatives: export the model with gradients on (not under torch.no_grad() or "
    "inference_mode()), so that no operation without one is recorded";
constexpr Remedy kRemedies[] = {
    {"Expected more than 1 value per channel when training",
     "it normalises by the statistics of its batch: export the model after .eval(), with running statistics"},
    {"scalar types: Long, Int",
     "it takes whole numbers (codes), and paths lead through real ones: export a module that takes the "
     "codes' "
     "vectors"},
    {"must have the same dtype",
     "its numbers are of several precisions: export the model after .float(), constants included"},
    {"expected scalar type",
     "its numbers are of several precisions: export the model after .float(), constants included"},
    {"expected m1 and m2 to have the same dtype",
     "its numbers are of several precisions: export the model after .float(), constants included"},
    {"'CUDA' backend", kOnGpu},
    {"not compiled with CUDA", kOnGpu},
    {"Cannot initialize CUDA", kOnGpu},
    {"Found no NVIDIA driver", kOnGpu},
    {"Expected all tensors to be on the same device", kOnGpu},
    {"derivative for aten::", kNoDerivative},
    {"does not require grad", kNoDerivative},
};

/// Bytes of a damaged file stand in what its reader says: what is no text, or moves a terminal's cursor, is a
/// ?.
std::string as_text(const std::string& bytes) {
  std::string text;
  for (size_t at = 0; at < bytes.size();) {
    const auto byte = static_cast<unsigned char>(bytes[at]);
    const size_t size = utf8_character(bytes, at);
    const bool good = size > 0 && (byte >= 0x20 || byte == '\n' || byte == '\t') && byte != 0x7f;
    text += good ? bytes.substr(at, size) : "?";
    at += good ? size : 1;
  }
  return text;
}

/// The last "…Error: " line, which an interpreter's traceback ends in, or else the first line.
std::string telling_line(const std::string& message) {
  constexpr std::string_view kMarker = "Error: ";
  const size_t marker = message.rfind(kMarker);
  const size_t after = marker == std::string::npos ? 0 : marker + kMarker.size();
  const size_t begin = std::min(message.find_first_not_of(" \n", after), message.size());
  const size_t end = std::min(message.find('\n', begin), message.size());
  std::string line = message.substr(begin, std::min<size_t>(end - begin, 240));
  const size_t frames = line.find("Exception raised from");
  if (frames != std::string::npos) line.resize(frames);
  // A paragraph about builds and dispatch keys follows.
  const size_t guesses = line.find(". This could be because");
  if (guesses != std::string::npos) line.resize(guesses);
  while (!line.empty() && (line.back() == ' ' || line.back() == '.')) line.pop_back();
  return as_text(line);
}

}  // namespace

std::string exception_sentence(const std::exception& error) {
  if (dynamic_cast<const Error*>(&error) != nullptr) return error.what();
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return "there is not enough memory";
  const auto* of_library = dynamic_cast<const c10::Error*>(&error);
  const std::string message = of_library != nullptr ? of_library->what_without_backtrace() : error.what();
  if (message.find("can't allocate memory") != std::string::npos ||
      message.find("not enough memory") != std::string::npos)
    return "there is not enough memory";
  std::string sentence = telling_line(message);
  for (const Remedy& known : kRemedies)
    if (message.find(known.words) != std::string::npos) return sentence + "; " + std::string(known.remedy);
  return sentence.empty() ? "a failure without a message" : sentence;
}

}  // namespace latentpath
