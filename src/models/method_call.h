#pragma once
// One method of a TorchScript module, called as a ModelSignature says: the latent here, the other inputs
// there, one of its outputs taken.

#include <torch/script.h>

#include <cstdint>
#include <string>
#include <vector>

#include "latentpath/models/model_signature.h"

namespace latentpath {

class MethodCall {
 public:
  MethodCall() = default;
  /// `name` is what sentences call the file; `latent_parts` is the number of tensors that a latent consists
  /// of. Throws Error(kInput) or Error(kArgument) for a signature that the file does not have.
  MethodCall(const torch::jit::Module& module, const std::string& name, const std::string& role,
             const ModelSignature& signature, size_t latent_parts);

  const std::string& method() const { return method_; }
  /// True when the latent is several tensors: a list, a tuple, or several inputs.
  bool takes_parts() const { return latent_ != Latent::kTensor; }

  /// Fixes where given inputs of type Tensor live, and in which type real numbers are.
  void place_inputs(at::Device device, at::ScalarType dtype);
  /// How many ways there are of handing over the given inputs; they go on with the one chosen last.
  size_t readings() const;
  void choose_reading(size_t number);
  /// How the given inputs are handed over, a sentence each.
  std::vector<std::string> notes() const;

  /// The arguments for a latent of these parts and `points` points.
  std::vector<c10::IValue> arguments(const std::vector<at::Tensor>& latent, int64_t points) const;
  /// The output that is meant. Throws Error(kInput) naming what there is to choose from.
  at::Tensor output(const c10::IValue& value) const;
  /// All tensors of it, or the one that is meant.
  std::vector<at::Tensor> outputs(const c10::IValue& value) const;

 private:
  enum class Latent { kTensor, kList, kTuple, kInputs };
  enum class Batch { kRows, kColumn, kFirst, kAsItIs };
  struct Reading {
    Batch batch;
    bool whole;  ///< as whole numbers, else in the model's type
  };
  /// An input that is the same for all points.
  struct Given {
    size_t argument = 0;
    std::string name, text;
    c10::IValue value;       ///< where it is no tensor
    at::Tensor tensor = {};  ///< for one point
    std::vector<Reading> readings = {};
    size_t reading = 0;
  };
  struct Named {
    std::string name;
    c10::IValue value;
  };

  size_t find_input(const std::string& name_or_number, const char* field) const;
  void take_given(const ModelSignature& signature);
  void find_latent(const ModelSignature& signature, size_t latent_parts);
  Given read_given(size_t argument, const std::string& text) const;
  static at::Tensor handed_over(const Given& given, int64_t points, at::Device device, at::ScalarType dtype);
  /// What a tuple, list or dict holds; of what they hold in turn, "0.1".
  std::vector<Named> named(const c10::IValue& value) const;
  std::string input_list() const;

  std::string name_, role_, method_, output_;
  std::vector<c10::Argument> inputs_;  ///< without self
  std::vector<size_t> latent_inputs_;
  std::vector<Given> given_;
  Latent latent_ = Latent::kTensor;
  at::Device device_ = at::kCPU;
  at::ScalarType dtype_ = at::kFloat;
};

}  // namespace latentpath
