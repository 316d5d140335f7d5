#include "models/program_graph.h"

#include <ATen/ATen.h>
#include <ATen/ScalarOps.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <torch/version.h>

#include <limits>

#include "latentpath/core/error.h"
#include "latentpath/core/tensor.h"
#include "models/exported_archive.h"

namespace latentpath {
namespace {

using c10::IValue;
using nlohmann::json;
using Kind = Operand::Kind;

constexpr size_t kMostInstructions = 1 << 20;

int64_t integer_of(const json& value) {
  // A conversion of 1e300 would be undefined.
  if (!value.is_number_integer())
    throw json::other_error::create(600, "no whole number: " + value.dump(), nullptr);
  return value.get<int64_t>();
}

/// Numbers that JSON has no words for are strings.
double real_of(const json& value) {
  if (value.is_string()) {
    const auto text = value.get<std::string>();
    if (text == "Infinity") return std::numeric_limits<double>::infinity();
    if (text == "-Infinity") return -std::numeric_limits<double>::infinity();
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  }
  return value.get<double>();
}

Operand constant(IValue value) { return {Kind::kConstant, std::move(value), 0, {}}; }
Operand place(size_t index) { return {Kind::kPlace, {}, index, {}}; }

/// What a type asks for, without "or none"; nothing where the type is not known.
c10::TypePtr required(const c10::TypePtr& type) {
  if (type && type->kind() == c10::TypeKind::OptionalType) return type->containedType(0);
  return type;
}
bool is(const c10::TypePtr& type, c10::TypeKind kind) { return type && type->kind() == kind; }

/// What a name of the graph stands for, and whether writing into it would reach a weight or the input.
struct Binding {
  Operand operand;
  bool of_weight = false, of_input = false;
  bool is_symbol = false;  // a size or a truth value, not a tensor
};
using Scope = std::map<std::string, Binding>;

auto find(const std::string& base, const std::string& overload) {
  return c10::Dispatcher::singleton().findSchema({base, overload});
}

class GraphMaker {
 public:
  GraphMaker(const json& program, std::map<std::string, Tensor> tensors, const ProgramTarget& target,
             const std::string& name)
      : program_(program), tensors_(std::move(tensors)), target_(target), name_(name) {}

  ProgramGraph make() {
    const json& module = program_.at("graph_module");
    const json& graph = module.at("graph");
    const json& signature = module.at("signature");
    Scope scope;
    bind_inputs(signature.at("input_specs"), graph, scope);
    write_out(graph, scope, false);
    for (const json& output : signature.at("output_specs")) {
      LATENTPATH_CHECK(output.contains("user_output"), kInput, name_,
                       " writes into its own buffers at each call (", output.begin().key(),
                       "), as BatchNorm in training mode does; export the model after .eval()");
      result_.outputs.push_back(operand(output.at("user_output").at("arg"), nullptr, scope));
    }
    mark_last_uses();
    return std::move(result_);
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(ErrorKind::kInput, name_ + " " + what);
  }

  Tensor converted(const Tensor& tensor) const {
    at::ScalarType type = tensor.scalar_type();
    if (target_.dtype) {
      if (at::isFloatingType(type)) type = *target_.dtype;
      if (at::isComplexType(type)) type = c10::toComplexType(*target_.dtype);
    }
    return tensor.to(target_.device, type);
  }

  void bind_weight(const json& spec, const char* key, Scope& scope) {
    const auto target = spec.at(key).get<std::string>();
    const auto found = tensors_.find(target);
    if (found == tensors_.end())
      refuse("is damaged: it holds no numbers for '" + target + "'; export it anew");
    const Tensor tensor = converted(found->second);
    result_.weights.push_back(tensor);
    scope[spec.at("arg").at("name").get<std::string>()] = {constant(tensor), true, false, false};
  }

  void bind_inputs(const json& specs, const json& graph, Scope& scope) {
    for (const json& spec : specs) {
      if (spec.contains("parameter"))
        bind_weight(spec.at("parameter"), "parameter_name", scope);
      else if (spec.contains("buffer"))
        bind_weight(spec.at("buffer"), "buffer_name", scope);
      else if (spec.contains("tensor_constant"))
        bind_weight(spec.at("tensor_constant"), "tensor_constant_name", scope);
      else if (spec.contains("user_input"))
        bind_user_input(spec.at("user_input").at("arg"), graph, scope);
      else if (!spec.contains("constant_input"))
        refuse("needs an input that is no tensor (" + spec.begin().key() +
               "); export a module that does without it");
    }
  }

  void bind_user_input(const json& argument, const json& graph, Scope& scope) {
    if (!argument.contains("as_tensor")) {
      if (argument.contains("as_sym_int") || argument.contains("as_sym_float"))
        refuse("needs a number as an input beside tensors; export a module that states it");
      return;  // a number that was written into the graph
    }
    const auto input = argument.at("as_tensor").at("name").get<std::string>();
    std::vector<int64_t> shape;
    for (const json& size : graph.at("tensor_values").at(input).at("sizes"))
      shape.push_back(size.contains("as_int") ? integer_of(size.at("as_int")) : -1);
    if (shape.empty()) refuse("takes a number ('" + input + "'), and must take batches [n, …]");
    if (shape[0] >= 0)
      refuse(join_message("was exported for batches of ", shape[0],
                          ": export it for any batch, with an example of two or more rows and "
                          "torch.export.export(module, (example,), dynamic_shapes=({0: "
                          "torch.export.Dim(\"n\")},)), or with latentpath.export"));
    scope[input] = {place(result_.places++), false, true, false};
    result_.inputs.push_back(input);
    result_.input_shapes.push_back(std::move(shape));
  }

  // --- arguments -------------------------------------------------------------------------------------

  const Binding& binding(const std::string& name, const Scope& scope) const {
    const auto found = scope.find(name);
    if (found == scope.end()) refuse("is damaged: '" + name + "' is used before it is computed");
    return found->second;
  }

  Operand named(const std::string& name, const c10::TypePtr& type, const Scope& scope) const {
    const Binding& bound = binding(name, scope);
    Operand result = bound.operand;
    // A number where a tensor is asked for: eager PyTorch converts it, and so must we.
    if (is(type, c10::TypeKind::TensorType) && bound.is_symbol) {
      if (result.kind == Kind::kPlace) result.kind = Kind::kNumberAsTensor;
      if (result.kind == Kind::kConstant) return number(result.constant, type);
    }
    return result;
  }

  static Operand number(const IValue& value, const c10::TypePtr& type) {
    if (is(type, c10::TypeKind::TensorType))
      return constant(at::native::wrapped_scalar_tensor(value.toScalar()));
    if (is(type, c10::TypeKind::FloatType) && value.isInt())
      return constant(static_cast<double>(value.toInt()));
    return constant(value);
  }

  /// A list; constant where its items are.
  static Operand list(Kind kind, std::vector<Operand> items) {
    Operand result{kind, {}, 0, std::move(items)};
    for (const Operand& item : result.items)
      if (item.kind != Kind::kConstant) return result;
    return constant(operand_value(result, {}));
  }

  template <class Convert>
  Operand list_of(Kind kind, const json& values, const Convert& convert) const {
    std::vector<Operand> items;
    for (const json& value : values) items.push_back(convert(value));
    return list(kind, std::move(items));
  }

  /// {"as_name": "s0"} or {"as_int": 3}.
  Operand symbol(const json& value, const c10::TypePtr& type, const Scope& scope) const {
    if (value.contains("as_name")) return named(value.at("as_name").get<std::string>(), type, scope);
    if (value.contains("as_int")) return number(integer_of(value.at("as_int")), type);
    if (value.contains("as_bool")) return number(value.at("as_bool").get<bool>(), type);
    return number(real_of(value.at("as_float")), type);
  }

  Operand tensor(const json& value, const Scope& scope) const {
    if (value.contains("as_none")) return constant({});
    if (value.contains("as_tensor")) return tensor(value.at("as_tensor"), scope);
    return named(value.at("name").get<std::string>(), nullptr, scope);
  }

  at::ScalarType scalar_type(const json& value) const {
    const at::ScalarType type = exported_scalar_type(integer_of(value), name_);
    if (target_.dtype && at::isFloatingType(type)) return *target_.dtype;
    if (target_.dtype && at::isComplexType(type)) return c10::toComplexType(*target_.dtype);
    return type;
  }

  static int64_t memory_format(int64_t number) {
    // torch/_export/serde/schema.py, MemoryFormat
    constexpr at::MemoryFormat kFormats[] = {at::MemoryFormat::Contiguous, at::MemoryFormat::Contiguous,
                                             at::MemoryFormat::ChannelsLast, at::MemoryFormat::ChannelsLast3d,
                                             at::MemoryFormat::Preserve};
    return static_cast<int64_t>(kFormats[number >= 0 && number < 5 ? number : 0]);
  }

  /// Lists of numbers, of sizes and of tensors. @return nothing for another kind of argument
  std::optional<Operand> list_operand(const std::string& kind, const json& value, const c10::TypePtr& type,
                                      const Scope& scope) const {
    const c10::TypePtr element = is(type, c10::TypeKind::ListType) ? type->containedType(0) : nullptr;
    const bool reals = is(element, c10::TypeKind::FloatType);
    if (kind == "as_ints")
      return list_of(reals ? Kind::kReals : Kind::kIntegers, value,
                     [&](const json& item) { return number(integer_of(item), element); });
    if (kind == "as_sym_ints")
      return list_of(reals ? Kind::kReals : Kind::kIntegers, value,
                     [&](const json& item) { return symbol(item, element, scope); });
    if (kind == "as_floats")
      return list_of(Kind::kReals, value, [&](const json& item) { return constant(real_of(item)); });
    if (kind == "as_sym_floats")
      return list_of(Kind::kReals, value, [&](const json& item) { return symbol(item, element, scope); });
    if (kind == "as_bools")
      return list_of(Kind::kTruths, value, [&](const json& item) { return constant(item.get<bool>()); });
    if (kind == "as_tensors" || kind == "as_optional_tensors") {
      const bool optional =
          element ? is(element, c10::TypeKind::OptionalType) : kind == "as_optional_tensors";
      return list_of(optional ? Kind::kOptionalTensors : Kind::kTensors, value,
                     [&](const json& item) { return tensor(item, scope); });
    }
    return std::nullopt;
  }

  Operand operand(const json& argument, const c10::TypePtr& asked, const Scope& scope) const {
    const c10::TypePtr type = required(asked);
    const std::string kind = argument.begin().key();
    const json& value = argument.begin().value();
    if (auto found = list_operand(kind, value, type, scope)) return std::move(*found);
    if (kind == "as_none") return constant({});
    if (kind == "as_tensor" || kind == "as_optional_tensor") return tensor(value, scope);
    if (kind == "as_int") return one_or_list(number(integer_of(value), type), type);
    if (kind == "as_float") return number(real_of(value), type);
    if (kind == "as_bool") return number(value.get<bool>(), type);
    if (kind == "as_sym_int") return one_or_list(symbol(value, type, scope), type);
    if (kind == "as_sym_float" || kind == "as_sym_bool") return symbol(value, type, scope);
    if (kind == "as_string") return constant(value.get<std::string>());
    if (kind == "as_scalar_type") return constant(static_cast<int64_t>(scalar_type(value)));
    if (kind == "as_memory_format") return constant(memory_format(integer_of(value)));
    if (kind == "as_layout") return constant(static_cast<int64_t>(at::kStrided));
    if (kind == "as_device") return constant(target_.device);  // wherever the model was when it was exported
    if (kind == "as_complex")
      return constant(c10::complex<double>(real_of(value.at("real")), real_of(value.at("imag"))));
    refuse("has an argument of a kind that is not known here (" + kind + ")");
  }

  /// PyTorch takes one number for a list of equal ones.
  static Operand one_or_list(Operand value, const c10::TypePtr& type) {
    if (!is(type, c10::TypeKind::ListType)) return value;
    const bool reals = type->containedType(0)->kind() == c10::TypeKind::FloatType;
    if (reals && value.kind == Kind::kConstant) value = number(value.constant, type->containedType(0));
    return list(reals ? Kind::kReals : Kind::kIntegers, {std::move(value)});
  }

  // --- nodes -----------------------------------------------------------------------------------------

  void write_out(const json& graph, Scope& scope, bool without_gradient) {
    for (const json& node : graph.at("nodes")) {
      const auto target = node.at("target").get<std::string>();
      const std::string inner = "torch.ops.higher_order.";
      if (target.rfind(inner, 0) == 0) {
        write_out_inner(target.substr(inner.size()), node, scope, without_gradient);
        continue;
      }
      LATENTPATH_CHECK(result_.instructions.size() < kMostInstructions, kInput, name_, " has more than ",
                       kMostInstructions, " operations");
      Instruction instruction;
      instruction.without_gradient = without_gradient;
      Binding alias;
      if (!set_operation(target, node, scope, instruction, alias)) continue;
      bind_outputs(node.at("outputs"), instruction, scope, alias);
      result_.instructions.push_back(std::move(instruction));
    }
  }

  /// "torch.ops.aten.conv2d.default" as the dispatcher calls it: aten::conv2d, and the overload.
  static std::pair<std::string, std::string> operator_name(const std::string& target) {
    const std::string operators = "torch.ops.";
    const size_t space = target.find('.', operators.size()), last = target.rfind('.');
    if (target.rfind(operators, 0) != 0 || space == std::string::npos || last <= space) return {target, ""};
    const std::string overload = target.substr(last + 1);
    return {target.substr(operators.size(), space - operators.size()) +
                "::" + target.substr(space + 1, last - space - 1),
            overload == "default" ? "" : overload};
  }

  /// @return false for a node that does nothing
  bool set_operation(const std::string& target, const json& node, const Scope& scope,
                     Instruction& instruction, Binding& alias) {
    const auto name = operator_name(target);
    const std::string &base = name.first, &overload = name.second;
    instruction.name = overload.empty() ? base : base + "." + overload;
    if (is_assertion(instruction.name)) return false;
    const json& inputs = node.at("inputs");
    std::vector<std::string> names;
    for (const json& input : inputs) names.push_back(input.at("name").get<std::string>());
    instruction.operation = arithmetic_operation(target);
    if (!instruction.operation && (prefers_stand_in(instruction.name) || !find(base, overload)))
      instruction.operation = stand_in_operation(instruction.name, names);
    if (instruction.operation) {
      for (const json& input : inputs)
        instruction.arguments.push_back(operand(input.at("arg"), nullptr, scope));
      return true;
    }
    if (base == "aten::from_file")
      refuse("reads or writes another file (aten::from_file), which no model may");
    const auto handle = find(base, overload);
    if (!handle) refuse_operator(instruction.name);
    set_arguments(*handle, inputs, scope, instruction, alias);
    instruction.operation = [handle = *handle](std::vector<IValue>& stack) { handle.callBoxed(&stack); };
    return true;
  }

  [[noreturn]] void refuse_operator(const std::string& operation) const {
    const std::string writer = program_.contains("torch_version") && program_.at("torch_version").is_string()
                                   ? " by torch " + program_.at("torch_version").get<std::string>()
                                   : "";
    if (operation.rfind("aten::", 0) == 0 || operation.rfind("prims::", 0) == 0)
      refuse("was written" + writer + " and uses the operation " + operation +
             ", which LibTorch " TORCH_VERSION
             " does not have; build LatentPath against a newer LibTorch (LATENTPATH_TORCH), use the Python "
             "package, or export a module that does without it");
    refuse("uses " + operation +
           ", a custom operation that is not part of PyTorch; export a module that is made of PyTorch's own");
  }

  void set_arguments(const c10::OperatorHandle& handle, const json& inputs, const Scope& scope,
                     Instruction& instruction, Binding& alias) {
    const auto& arguments = handle.schema().arguments();
    instruction.arguments.resize(arguments.size());
    std::vector<bool> given(arguments.size());
    for (size_t i = 0; i < inputs.size(); ++i) {
      const auto name = inputs[i].at("name").get<std::string>();
      const json& argument = inputs[i].at("arg");
      const auto index = handle.schema().argumentIndexWithName(name);
      if (!index && argument.begin().key() == "as_none") continue;
      if (!index)
        refuse("gives the operation " + instruction.name + " the argument '" + name +
               "', which LibTorch " TORCH_VERSION
               " does not have; build LatentPath against a newer LibTorch (LATENTPATH_TORCH)");
      const auto which = static_cast<size_t>(*index);
      instruction.arguments[which] = operand(argument, arguments[which].type(), scope);
      given[which] = true;
      look_at_alias(arguments[which], argument, scope, instruction.name, alias);
    }
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (given[i]) continue;
      if (const auto& value = arguments[i].default_value())
        instruction.arguments[i] = constant(*value);
      else if (arguments[i].type()->kind() == c10::TypeKind::OptionalType)
        instruction.arguments[i] = constant({});
      else
        refuse("does not give the operation " + instruction.name + " its argument '" + arguments[i].name() +
               "', which LibTorch " TORCH_VERSION " asks for");
    }
    check_draws(instruction, handle.schema());
  }

  /// Refuses operations that change a weight, and finds out what a result shares its numbers with.
  void look_at_alias(const c10::Argument& argument, const json& value, const Scope& scope,
                     const std::string& operation, Binding& alias) {
    if (argument.alias_info() == nullptr) return;
    std::vector<std::string> names;
    if (value.contains("as_tensor")) names.push_back(value.at("as_tensor").at("name").get<std::string>());
    if (value.contains("as_tensors"))
      for (const json& item : value.at("as_tensors")) names.push_back(item.at("name").get<std::string>());
    for (const std::string& name : names) {
      const Binding& bound = binding(name, scope);
      if (argument.alias_info()->isWrite() && bound.of_weight && operation != "aten::detach_")
        refuse(join_message("writes into its own buffer '", name, "' (", operation,
                            "), as BatchNorm in training mode does; export the model after .eval()"));
      if (argument.alias_info()->isWrite() && bound.of_input) result_.writes_into_input = true;
      alias.of_weight = alias.of_weight || bound.of_weight;
      alias.of_input = alias.of_input || bound.of_input;
    }
  }

  /// Random numbers, and statistics of the batch that are kept.
  void check_draws(const Instruction& instruction, const c10::FunctionSchema& schema) const {
    const auto stated = [&](const char* name) -> IValue {
      const auto index = schema.argumentIndexWithName(name);
      return index ? instruction.arguments[static_cast<size_t>(*index)].constant : IValue();
    };
    const auto on = [&](const char* name) { return stated(name).isBool() && stated(name).toBool(); };
    const auto off = [&](const char* name) { return stated(name).isBool() && !stated(name).toBool(); };
    if (draws_random_numbers(instruction.name) && !off("train") && !off("training"))
      refuse(
          "draws random numbers (" + instruction.name +
          "), so that a point has no fixed image; export the model after .eval(), with noise as a constant");
    const IValue dropout = stated("dropout_p");
    if (dropout.isDouble() && dropout.toDouble() > 0)
      refuse("draws random numbers (the dropout of " + instruction.name +
             "); export the model after .eval()");
    if (schema.argumentIndexWithName("running_mean") && !stated("running_mean").isNone() &&
        (on("training") || on("use_input_stats")))
      refuse("normalises by its batch and keeps the statistics (" + instruction.name +
             " in training mode); export the model after .eval()");
  }

  void bind_outputs(const json& outputs, Instruction& instruction, Scope& scope, const Binding& alias) {
    const auto bind = [&](const std::string& name, bool is_symbol) {
      instruction.outputs.emplace_back(result_.places);
      scope[name] = {place(result_.places++), alias.of_weight, alias.of_input, is_symbol};
    };
    for (const json& output : outputs) {
      const std::string kind = output.begin().key();
      const json& value = output.begin().value();
      if (kind == "as_tensor") {
        bind(value.at("name").get<std::string>(), false);
      } else if (kind == "as_tensors") {
        instruction.unpack = true;
        for (const json& item : value) bind(item.at("name").get<std::string>(), false);
      } else if (kind == "as_sym_int" || kind == "as_sym_float" || kind == "as_sym_bool") {
        if (value.contains("as_name"))
          bind(value.at("as_name").get<std::string>(), true);
        else
          instruction.outputs.emplace_back();
      } else {
        instruction.outputs.emplace_back();  // none, or a constant
      }
    }
  }

  // --- graphs within graphs --------------------------------------------------------------------------

  void write_out_inner(const std::string& kind, const json& node, Scope& scope, bool without_gradient) {
    const json& inputs = node.at("inputs");
    const json* graph = nullptr;
    std::vector<Binding> given;
    std::vector<const json*> settings;
    for (const json& input : inputs) {
      const json& argument = input.at("arg");
      if (graph != nullptr && input.contains("kind") && input.at("kind") == 2)
        continue;  // a keyword: no operand
      if (argument.contains("as_graph") && graph == nullptr)
        graph = &argument.at("as_graph").at("graph");
      else if (argument.contains("as_graph"))
        refuse_inner(kind);
      else if (graph == nullptr || argument.contains("as_string"))
        settings.push_back(&argument);
      else
        given.push_back(whole_binding(argument, scope));
    }
    if (kind == "wrap_with_set_grad_enabled" && settings.size() == 1)
      without_gradient = !settings[0]->at("as_bool").get<bool>();
    else if (kind == "wrap_with_autocast" && settings.size() >= 3)
      check_autocast(*settings[0], *settings[2]);
    else if (kind != "wrap" && kind != "tag_activation_checkpoint" && kind != "invoke_subgraph" &&
             kind != "strict_mode")
      refuse_inner(kind);
    if (graph == nullptr || graph->at("inputs").size() != given.size()) refuse_inner(kind);
    Scope inside;
    for (size_t i = 0; i < given.size(); ++i) {
      const json& input = graph->at("inputs")[i];
      const json& value = input.begin().value();
      const auto name = value.at(value.contains("name") ? "name" : "as_name").get<std::string>();
      inside[name] = given[i];
    }
    write_out(*graph, inside, without_gradient);
    bind_inner_outputs(node.at("outputs"), graph->at("outputs"), inside, scope);
  }

  [[noreturn]] void refuse_inner(const std::string& kind) const {
    refuse("uses torch.ops.higher_order." + kind +
           ", which is not run here; export a module without this branch, loop or compiled kernel");
  }

  void check_autocast(const json& device, const json& enabled) const {
    if (enabled.at("as_bool").get<bool>() && device.at("as_string").get<std::string>() == "cpu")
      refuse(
          "converts its numbers to bfloat16 (torch.autocast), which derivatives do not survive; export it "
          "without");
  }

  Binding whole_binding(const json& argument, const Scope& scope) const {
    for (const char* kind : {"as_tensor", "as_sym_int", "as_sym_float", "as_sym_bool"}) {
      if (!argument.contains(kind)) continue;
      const json& value = argument.at(kind);
      for (const char* key : {"name", "as_name"})
        if (value.contains(key)) return binding(value.at(key).get<std::string>(), scope);
    }
    return {operand(argument, nullptr, scope), false, false, argument.begin().key() != "as_tensor"};
  }

  void bind_inner_outputs(const json& outputs, const json& inner, const Scope& inside, Scope& scope) {
    std::vector<std::string> names;
    const auto add = [&](const json& value) {
      for (const char* key : {"name", "as_name"})
        if (value.contains(key)) names.push_back(value.at(key).get<std::string>());
    };
    for (const json& output : outputs) {
      const json& value = output.begin().value();
      if (value.is_array())
        for (const json& item : value) add(item);
      else if (value.is_object())
        add(value);
      else
        names.emplace_back();  // none
    }
    if (names.size() > inner.size()) refuse("is damaged: a graph within it gives too few results");
    for (size_t i = 0; i < names.size(); ++i)
      if (!names[i].empty()) scope[names[i]] = whole_binding(inner[i], inside);
  }

  // --- lifetimes -------------------------------------------------------------------------------------

  static void count(const Operand& operand, size_t when, std::vector<size_t>& last) {
    if (operand.kind == Kind::kPlace || operand.kind == Kind::kNumberAsTensor) last[operand.place] = when;
    for (const Operand& item : operand.items) count(item, when, last);
  }

  void mark_last_uses() {
    auto& instructions = result_.instructions;
    constexpr size_t kNever = std::numeric_limits<size_t>::max();
    std::vector<size_t> last(result_.places, kNever);
    for (size_t i = 0; i < instructions.size(); ++i) {
      for (const auto& output : instructions[i].outputs)
        if (output) last[*output] = i;  // read by nobody, so far
      for (const Operand& argument : instructions[i].arguments) count(argument, i, last);
    }
    for (const Operand& output : result_.outputs) count(output, kNever, last);
    for (size_t index = 0; index < last.size(); ++index)
      if (last[index] != kNever) instructions[last[index]].done.push_back(index);
  }

  const json& program_;
  std::map<std::string, Tensor> tensors_;
  const ProgramTarget& target_;
  const std::string& name_;
  ProgramGraph result_;
};

template <class Item, class Convert>
IValue typed_list(const std::vector<Operand>& items, const std::vector<IValue>& places,
                  const Convert& convert) {
  c10::List<Item> list;
  list.reserve(items.size());
  for (const Operand& item : items) list.push_back(convert(operand_value(item, places)));
  return list;
}

}  // namespace

IValue operand_value(const Operand& operand, const std::vector<IValue>& places) {
  switch (operand.kind) {
    case Kind::kConstant:
      return operand.constant;
    case Kind::kPlace:
      return places[operand.place];
    case Kind::kNumberAsTensor:
      return at::native::wrapped_scalar_tensor(places[operand.place].toScalar());
    case Kind::kIntegers:
      return typed_list<int64_t>(operand.items, places, [](const IValue& value) { return value.toInt(); });
    case Kind::kReals:
      return typed_list<double>(operand.items, places, [](const IValue& value) {
        return value.isInt() ? static_cast<double>(value.toInt()) : value.toDouble();
      });
    case Kind::kTruths:
      return typed_list<bool>(operand.items, places, [](const IValue& value) { return value.toBool(); });
    case Kind::kTensors:
      return typed_list<Tensor>(operand.items, places, [](const IValue& value) { return value.toTensor(); });
    case Kind::kOptionalTensors:
      break;
  }
  c10::impl::GenericList list(c10::OptionalType::ofTensor());
  for (const Operand& item : operand.items) list.push_back(operand_value(item, places));
  return list;
}

ProgramGraph make_program_graph(const json& program, std::map<std::string, Tensor> tensors,
                                const ProgramTarget& target, const std::string& name) {
  try {
    return GraphMaker(program, std::move(tensors), target, name).make();
  } catch (const json::exception& error) {
    throw Error(ErrorKind::kInput,
                join_message(name, " is damaged: its program is not what torch.export writes (", error.what(),
                             "); export it anew"));
  }
}

}  // namespace latentpath
