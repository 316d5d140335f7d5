#include "models/loaded_file.h"

#include <torch/version.h>

#include <functional>

#include "latentpath/core/error.h"
#include "latentpath/core/exception_sentence.h"
#include "models/foreign_file.h"
#include "models/newer_operators.h"

namespace latentpath {
namespace {

/// The operator that LibTorch does not know, "aten::rms_norm"; empty for other failures.
std::string unknown_operator(const std::string& message) {
  const std::string marker = "Unknown builtin op: ";
  const size_t found = message.find(marker);
  if (found == std::string::npos) return {};
  const size_t begin = found + marker.size();
  std::string name = message.substr(begin, message.find('\n', begin) - begin);
  while (!name.empty() && (name.back() == '.' || name.back() == ' ')) name.pop_back();
  return name;
}

/// The operator whose arguments are not those that LibTorch knows.
std::string changed_operator(const std::string& message) {
  if (message.find("Arguments for call are not valid") == std::string::npos &&
      message.find("Unknown keyword argument") == std::string::npos &&
      message.find("Expected at most") == std::string::npos)
    return {};
  const size_t begin = message.find("aten::");
  if (begin == std::string::npos) return {};
  return message.substr(begin, message.find_first_of("(. \n", begin) - begin);
}

/// Why an archive cannot be loaded, and what to do about it.
Error load_failure(const std::string& name, const std::exception& error) {
  const auto* of_library = dynamic_cast<const c10::Error*>(&error);
  const std::string message = of_library != nullptr ? of_library->what_without_backtrace() : error.what();
  const std::string unknown = unknown_operator(message), changed = changed_operator(message);
  const std::string here = std::string("LibTorch ") + TORCH_VERSION;
  const std::string remedy =
      ": the file was saved by a newer PyTorch; save it with that operation written in older ones, or with "
      "the "
      "PyTorch that this program was built with, or build LatentPath with a LibTorch as new";
  std::string sentence;
  if (unknown.rfind("aten::", 0) == 0 || unknown.rfind("prim", 0) == 0)
    sentence =
        join_message(name, " uses the operation ", unknown, ", which ", here, " does not have", remedy);
  else if (!unknown.empty())
    sentence = join_message(name, " uses the custom operator ", unknown,
                            ", which is no part of PyTorch and not here: save the model with the operator's "
                            "implementation in plain "
                            "PyTorch, which most repositories have beside it");
  else if (!changed.empty())
    sentence = join_message(name, " uses the operation ", changed, " with arguments that ", here,
                            " does not know", remedy);
  else if (message.find("Unknown type name") != std::string::npos ||
           message.find("torch.classes") != std::string::npos)
    sentence = join_message(name, " uses a class that is not here (", exception_sentence(error),
                            "): save the model without custom classes");
  else
    sentence = join_message(name, " is not a readable TorchScript archive (", exception_sentence(error),
                            "); export the model with torch.jit.script or torch.jit.trace");
  return {ErrorKind::kInput, sentence};
}

void for_each_node(torch::jit::Block& block, const std::function<void(torch::jit::Node&)>& act) {
  for (torch::jit::Node* node : block.nodes()) {
    act(*node);
    for (torch::jit::Block* inner : node->blocks()) for_each_node(*inner, act);
  }
}

/// Every node of every method. Graphs are looked at before their first run, which copies them.
void for_each_node(const torch::jit::Module& module, const std::function<void(torch::jit::Node&)>& act) {
  for (const torch::jit::Module& part : module.modules())
    for (const torch::jit::Method& method : part.get_methods()) {
      try {
        for_each_node(*method.graph()->block(), act);
      } catch (const std::exception&) {
        continue;  // a method without a readable graph is left as it is
      }
    }
}

/// The devices that constants name and that are not `device`, as text; they are `device` from now on.
std::string restate_device(const torch::jit::Module& module, at::Device device) {
  std::string others;
  for_each_node(module, [&](torch::jit::Node& node) {
    if (node.kind() != c10::prim::Constant || !node.hasAttribute(c10::attr::value) ||
        node.kindOf(c10::attr::value) != torch::jit::AttributeKind::s ||
        node.output()->type()->kind() != c10::TypeKind::DeviceObjType)
      return;
    const at::Device stated(node.s(c10::attr::value));
    // A bare "cuda" is any of them.
    if (stated.type() == device.type() && (!stated.has_index() || stated == device)) return;
    if (stated.is_cpu()) return;  // what is made on the CPU on purpose stays there
    if (others.find(stated.str()) == std::string::npos) others += (others.empty() ? "" : ", ") + stated.str();
    node.s_(c10::attr::value, device.str());
  });
  return others;
}

bool is_half(at::ScalarType type) { return type == at::kHalf || type == at::kBFloat16; }

}  // namespace

LoadedFile load_file(const std::filesystem::path& file, const std::string& name, at::Device device) {
  register_newer_operators();
  LoadedFile loaded;
  try {
    loaded.module = torch::jit::load(file.string(), device);
  } catch (const std::exception& error) {
    throw load_failure(name, error);
  }
  if (const std::string others = restate_device(loaded.module, device); !others.empty())
    loaded.notes.push_back(join_message(name, " was traced on ", others,
                                        ": what it makes there is made on the ", device.str(), " here"));
  return loaded;
}

std::string widen_half_precision(torch::jit::Module& module) {
  std::string found;
  const auto look = [&](const at::Tensor& tensor) {
    if (!is_half(tensor.scalar_type())) return false;
    if (found.empty()) found = tensor.scalar_type() == at::kHalf ? "float16" : "bfloat16";
    return true;
  };
  for (const at::Tensor& parameter : module.parameters()) look(parameter);
  for (const at::Tensor& buffer : module.buffers()) look(buffer);
  if (found.empty()) return found;
  module.to(at::kFloat);
  for_each_node(module, [&](torch::jit::Node& node) {
    if (node.kind() == c10::prim::Constant && node.hasAttribute(c10::attr::value) &&
        node.kindOf(c10::attr::value) == torch::jit::AttributeKind::t && look(node.t(c10::attr::value)))
      node.t_(c10::attr::value, node.t(c10::attr::value).to(at::kFloat));
    const c10::FunctionSchema* schema = node.maybeSchema();
    if (schema == nullptr) return;
    for (size_t i = 0; i < schema->arguments().size() && i < node.inputs().size(); ++i) {
      if (schema->arguments()[i].name() != "dtype") continue;
      const auto dtype = torch::jit::toIValue(node.input(i));
      if (!dtype || !dtype->isInt() || !is_half(static_cast<at::ScalarType>(dtype->toInt()))) continue;
      const torch::jit::WithInsertPoint before(&node);
      node.replaceInput(i, node.owningGraph()->insertConstant(static_cast<int64_t>(at::kFloat)));
    }
  });
  return found;
}

}  // namespace latentpath
