#pragma once
// The graph of an exported program as a list of instructions on numbered places, made once from its JSON
// (torch/_export/serde/schema.py): names are resolved, constants converted to what each operator's schema
// asks for, defaults filled in, inner graphs of `torch.no_grad()` and their like written out.

#include <ATen/core/ivalue.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "models/program_operations.h"

namespace latentpath {

/// An argument of an instruction.
struct Operand {
  enum class Kind {
    kConstant,
    kPlace,
    kNumberAsTensor,
    kIntegers,
    kReals,
    kTruths,
    kTensors,
    kOptionalTensors
  };
  Kind kind = Kind::kConstant;
  c10::IValue constant;
  size_t place = 0;
  std::vector<Operand> items;  ///< of a list that holds places
};

/// What it stands for, given the values at the places. A number where a tensor is asked for becomes one.
c10::IValue operand_value(const Operand& operand, const std::vector<c10::IValue>& places);

struct Instruction {
  std::string name;  ///< of its operator, for messages
  Operation operation;
  std::vector<Operand> arguments;
  std::vector<std::optional<size_t>> outputs;  ///< places; none for an output that nobody reads
  bool unpack = false;                         ///< its one result is a list, whose items are the outputs
  bool without_gradient = false;
  std::vector<size_t> done;  ///< places that nobody reads after it
};

/// How a program is to be run.
struct ProgramTarget {
  at::Device device = at::kCPU;
  std::optional<at::ScalarType> dtype;  ///< converts every real type of the program; empty keeps them
};

struct ProgramGraph {
  std::vector<Instruction> instructions;
  size_t places = 0;                               ///< the first ones are the inputs
  std::vector<std::string> inputs;                 ///< names of the tensors that a caller gives
  std::vector<std::vector<int64_t>> input_shapes;  ///< −1 where a size is free
  std::vector<Operand> outputs;
  std::vector<at::Tensor> weights;  ///< parameters and buffers, as they are used
  bool writes_into_input = false;
};

/// `program` is the JSON, `tensors` what its parameters, buffers and constants are called. Throws
/// Error(kInput), with a sentence that starts with `name`, for what is damaged, needs an operator that this
/// LibTorch does not have, draws random numbers, writes into its own buffers, or has a fixed batch.
ProgramGraph make_program_graph(const nlohmann::json& program, std::map<std::string, at::Tensor> tensors,
                                const ProgramTarget& target, const std::string& name);

}  // namespace latentpath
