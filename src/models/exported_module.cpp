#include "models/exported_module.h"

#include <ATen/core/builtin_function.h>

namespace latentpath {
namespace {

constexpr const char* kProgram = "exported_program";

/// Lives as long as the module, whose type knows the method by its address alone.
struct Holder : torch::CustomClassHolder {
  explicit Holder(ExportedProgram loaded) : program(std::move(loaded)) {}

  ExportedProgram program;
  std::unique_ptr<torch::jit::BuiltinOpFunction> forward;
};

c10::FunctionSchema schema_of(const ExportedProgram& program, const c10::TypePtr& self) {
  std::vector<c10::Argument> arguments{c10::Argument("self", self)};
  if (program.takes_list()) {
    arguments.emplace_back("latent", c10::ListType::ofTensors());
  } else {
    for (const std::string& input : program.inputs()) arguments.emplace_back(input, c10::TensorType::get());
  }
  return {"forward", "", std::move(arguments), {c10::Argument("", c10::AnyType::get())}};
}

void call(const ExportedProgram& program, torch::jit::Stack& stack) {
  std::vector<Tensor> inputs;
  if (program.takes_list())
    inputs = stack.at(1).toTensorVector();
  else
    for (size_t i = 1; i < stack.size(); ++i) inputs.push_back(stack[i].toTensor());
  stack.clear();
  stack.push_back(program.run(inputs));
}

/// Names that attributes of a module may have, for "latent_dim" and the like; others nobody asks for.
bool is_identifier(const std::string& name) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0) return false;
  for (const char c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') return false;
  return true;
}

}  // namespace

torch::jit::Module exported_module(ZipArchive& archive, const ExportedProgramOptions& options) {
  auto holder = c10::make_intrusive<Holder>(ExportedProgram(archive, options));
  const ExportedProgram* program = &holder->program;
  torch::jit::Module module("__torch__.ExportedProgram");
  module.register_attribute("training", c10::BoolType::get(), false);
  size_t number = 0;
  for (const Tensor& weight : program->weights()) {
    const std::string name = "weight_" + std::to_string(number++);
    module.register_parameter(name, weight, /*is_buffer=*/!at::isFloatingType(weight.scalar_type()));
  }
  for (const auto& [name, value] : program->attributes().items())
    if (is_identifier(name) && !value.is_null() && !value.is_object() && !module.hasattr(name)) {
      c10::IValue stated = attribute_of(value);
      module.register_attribute(name, stated.type(), stated);
    }
  holder->forward = std::make_unique<torch::jit::BuiltinOpFunction>(
      c10::QualifiedName(*module.type()->name(), "forward"), schema_of(*program, module.type()),
      [program](torch::jit::Stack& stack) { call(*program, stack); });
  module.type()->addMethod(holder->forward.get());
  module.register_attribute(kProgram, c10::CapsuleType::get(), c10::IValue::make_capsule(std::move(holder)));
  return module;
}

bool is_exported_module(const torch::jit::Module& module) { return module.hasattr(kProgram); }

c10::IValue attribute_of(const nlohmann::json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<int64_t>();
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return {};
  c10::impl::GenericList list(c10::AnyType::get());
  for (const nlohmann::json& item : value) list.push_back(attribute_of(item));
  return list;
}

}  // namespace latentpath
