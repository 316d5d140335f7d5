#include "latentpath/models/exported_program.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "latentpath/core/error.h"
#include "latentpath/core/exception_sentence.h"
#include "latentpath/io/json.h"
#include "models/exported_archive.h"
#include "models/program_graph.h"

namespace latentpath {
namespace {

using c10::IValue;
using nlohmann::json;

/// torch/utils/_pytree.py's description of how tensors lie in tuples, lists and dictionaries.
json tree_of(const json& program, const char* which) {
  const json& calls = program.at("graph_module").at("module_call_graph");
  for (const json& call : calls) {
    if (!call.at("fqn").get<std::string>().empty() || !call.at("signature").is_object()) continue;
    const json tree = parse_json(call.at("signature").at(which).get<std::string>());
    if (tree.is_array() && tree.size() == 2) return tree[1];  // [version, tree]
  }
  return {};
}

bool is_leaf(const json& tree) { return !tree.is_object() || tree.at("type").is_null(); }

bool is_type(const json& tree, const char* type) {
  return tree.is_object() && tree.at("type").is_string() && tree.at("type").get<std::string>() == type;
}

/// Of forward's arguments (args, kwargs): one list or tuple, and nothing else.
bool is_one_list(const json& tree) {
  if (!tree.is_object() || tree.at("children_spec").empty()) return false;
  const json& arguments = tree.at("children_spec")[0].at("children_spec");
  return arguments.size() == 1 &&
         (is_type(arguments[0], "builtins.list") || is_type(arguments[0], "builtins.tuple"));
}

std::vector<std::string> keys_of(const json& tree) {
  const bool is_dictionary = is_type(tree, "builtins.dict") || is_type(tree, "collections.OrderedDict");
  if (!is_dictionary || !tree.at("context").is_string()) return {};
  const json keys = parse_json(tree.at("context").get<std::string>());
  std::vector<std::string> names;
  if (keys.is_array())
    for (const json& key : keys)
      if (key.is_string()) names.push_back(key.get<std::string>());
  return names.size() == tree.at("children_spec").size() ? names : std::vector<std::string>();
}

/// The results in the form in which forward returned them; what is no dictionary becomes a tuple.
IValue arranged(const json& tree, const std::vector<IValue>& results, size_t& next) {
  if (is_leaf(tree)) {
    LATENTPATH_CHECK(next < results.size(), kInput, "it gives fewer results than it says");
    return results[next++];
  }
  std::vector<IValue> parts;
  for (const json& child : tree.at("children_spec")) parts.push_back(arranged(child, results, next));
  const std::vector<std::string> keys = keys_of(tree);
  if (keys.empty()) return c10::ivalue::Tuple::create(std::move(parts));
  c10::impl::GenericDict dictionary(c10::StringType::get(), c10::AnyType::get());
  for (size_t i = 0; i < keys.size(); ++i) dictionary.insert(keys[i], parts[i]);
  return dictionary;
}

/// A text as the value that it describes: 8, [-1, 1], ["a", "b"], normal.
json stated_value(const std::string& text) {
  json value = parse_json(text);
  if (!value.is_discarded()) return value;
  const size_t end = text.find_last_not_of(" \n\r\t");
  return end == std::string::npos ? "" : text.substr(0, end + 1);
}

void keep(std::vector<IValue>& stack, const Instruction& instruction, std::vector<IValue>& places) {
  std::vector<IValue> results = std::move(stack);
  stack.clear();
  if (instruction.unpack) {
    LATENTPATH_CHECK(results.size() == 1 && results[0].isList(), kInput, "it gives no list");
    results = results[0].toListRef().vec();
  }
  LATENTPATH_CHECK(results.size() >= instruction.outputs.size(), kInput, "it gives ", results.size(),
                   " results, not ", instruction.outputs.size());
  for (size_t i = 0; i < instruction.outputs.size(); ++i)
    if (instruction.outputs[i]) places[*instruction.outputs[i]] = std::move(results[i]);
}

void execute(const Instruction& instruction, std::vector<IValue>& places, std::vector<IValue>& stack) {
  try {
    for (const Operand& argument : instruction.arguments) stack.push_back(operand_value(argument, places));
    instruction.operation(stack);
    keep(stack, instruction, places);
  } catch (const std::exception& error) {
    throw Error(ErrorKind::kInput, join_message(instruction.name, ": ", exception_sentence(error)));
  }
  for (const size_t place : instruction.done) places[place] = IValue();
}

}  // namespace

struct ExportedProgram::Program {
  ProgramGraph graph;
  json attributes = json::object();
  json output_tree;
  bool takes_list = false;
};

bool ExportedProgram::is_in(const ZipArchive& archive) { return holds_exported_program(archive); }

ExportedProgram::ExportedProgram(ZipArchive& archive, const ExportedProgramOptions& options)
    : program_(std::make_unique<Program>()) {
  ExportedArchive contents = read_exported_archive(archive);
  program_->graph = make_program_graph(contents.program, std::move(contents.tensors),
                                       {options.device, options.dtype}, archive.name());
  try {
    program_->output_tree = tree_of(contents.program, "out_spec");
    program_->takes_list = is_one_list(tree_of(contents.program, "in_spec"));
  } catch (const json::exception& error) {
    throw Error(
        ErrorKind::kInput,
        join_message(archive.name(),
                     " is damaged: how its inputs and outputs are arranged is not what torch.export writes (",
                     error.what(), "); export it anew"));
  }
  for (const auto& [key, text] : contents.stated) program_->attributes[key] = stated_value(text);
  const auto& shapes = program_->graph.input_shapes;
  if (shapes.size() == 1 && shapes[0].size() == 2 && shapes[0][1] > 0 && !program_->takes_list &&
      !program_->attributes.contains("latent_dim"))
    program_->attributes["latent_dim"] = shapes[0][1];
}

ExportedProgram::~ExportedProgram() = default;
ExportedProgram::ExportedProgram(ExportedProgram&&) noexcept = default;

IValue ExportedProgram::run(const std::vector<Tensor>& inputs) const {
  const ProgramGraph& graph = program_->graph;
  LATENTPATH_CHECK(inputs.size() == graph.inputs.size(), kInput, "it takes ", graph.inputs.size(),
                   " tensors, not ", inputs.size());
  std::vector<IValue> places(graph.places), stack;
  for (size_t i = 0; i < inputs.size(); ++i)
    places[i] = graph.writes_into_input ? inputs[i].clone() : inputs[i];
  for (const Instruction& instruction : graph.instructions) {
    if (instruction.without_gradient) {
      const at::NoGradGuard no_gradient;
      execute(instruction, places, stack);
    } else {
      execute(instruction, places, stack);
    }
  }
  std::vector<IValue> results;
  for (const Operand& output : graph.outputs) results.push_back(operand_value(output, places));
  size_t next = 0;
  if (program_->output_tree.is_object()) return arranged(program_->output_tree, results, next);
  if (results.size() == 1) return results[0];
  return c10::ivalue::Tuple::create(std::move(results));
}

const std::vector<std::string>& ExportedProgram::inputs() const { return program_->graph.inputs; }
const std::vector<int64_t>& ExportedProgram::input_shape(size_t input) const {
  return program_->graph.input_shapes.at(input);
}
bool ExportedProgram::takes_list() const { return program_->takes_list; }
const std::vector<Tensor>& ExportedProgram::weights() const { return program_->graph.weights; }
const json& ExportedProgram::attributes() const { return program_->attributes; }

}  // namespace latentpath
