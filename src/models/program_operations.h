#pragma once
// What an exported program calls beside the operators of the LibTorch that runs it: arithmetic on sizes,
// operators that this LibTorch does not have and that follow from those that it has, and assertions.

#include <ATen/core/ivalue.h>

#include <functional>
#include <string>
#include <vector>

namespace latentpath {

/// Takes the arguments from the stack and leaves the results.
using Operation = std::function<void(std::vector<c10::IValue>&)>;

/// "_operator.mul", "torch.sym_max", "math.trunc": of sizes and truth values. Empty for another target.
Operation arithmetic_operation(const std::string& target);

/// "aten::rms_norm" and others by means of older operators, arguments by name. Empty where there is none.
Operation stand_in_operation(const std::string& name, const std::vector<std::string>& arguments);

/// True where the stand-in is better than the operator itself: fused attention has no second derivative.
bool prefers_stand_in(const std::string& name);

/// True for assertions about sizes and types, which hold or do not matter.
bool is_assertion(const std::string& name);

/// True for operators whose results are random numbers, or may be: dropout passes its input on where its
/// argument `train` is false.
bool draws_random_numbers(const std::string& name);

}  // namespace latentpath
