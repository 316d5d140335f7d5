#include "latentpath/zoo/network.h"

#include <torch/script.h>

#include <cmath>
#include <sstream>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

constexpr double kBatchNormEpsilon = 1e-5;
constexpr double kLeakySlope = 0.2;

bool is_affine(const Layer& layer) {
  return layer.kind == LayerKind::kLinear || layer.kind == LayerKind::kConvolution ||
         layer.kind == LayerKind::kTransposedConvolution;
}

Tensor apply_activation(const std::string& function, const Tensor& x) {
  if (function == "relu") return at::relu(x);
  if (function == "leaky_relu") return at::leaky_relu(x, kLeakySlope);
  if (function == "silu") return at::silu(x);
  if (function == "elu") return at::elu(x);
  if (function == "gelu") return at::gelu(x);
  if (function == "tanh") return at::tanh(x);
  LATENTPATH_ASSERT(function == "sigmoid");
  return at::sigmoid(x);
}

std::string activation_source(const std::string& function) {
  if (function == "leaky_relu") return join_message("torch.leaky_relu(x, ", kLeakySlope, ")");
  if (function == "elu") return "torch.elu(x)";
  return "torch." + function + "(x)";
}

std::vector<int64_t> weight_shape(const Layer& layer) {
  if (layer.kind == LayerKind::kLinear) return {layer.outputs, layer.inputs};
  if (layer.kind == LayerKind::kConvolution) return {layer.outputs, layer.inputs, layer.kernel, layer.kernel};
  return {layer.inputs, layer.outputs, layer.kernel, layer.kernel};
}

/// How many inputs one output sees.
double fan_in(const Layer& layer) {
  const double window = static_cast<double>(layer.inputs * layer.kernel * layer.kernel);
  return layer.kind == LayerKind::kTransposedConvolution
             ? window / static_cast<double>(layer.stride * layer.stride)
             : window;
}

/// A vector over output channels, shaped to multiply the weight of its layer.
Tensor along_outputs(const Layer& layer, const Tensor& vector) {
  std::vector<int64_t> shape(layer.kind == LayerKind::kLinear ? 2 : 4, 1);
  shape[layer.kind == LayerKind::kTransposedConvolution ? 1 : 0] = layer.outputs;
  return vector.view(shape);
}

}  // namespace

Layer linear(int64_t inputs, int64_t outputs) {
  Layer layer;
  layer.kind = LayerKind::kLinear;
  layer.inputs = inputs;
  layer.outputs = outputs;
  return layer;
}

Layer convolution(int64_t inputs, int64_t outputs, int64_t kernel, int64_t stride, int64_t padding) {
  Layer layer = linear(inputs, outputs);
  layer.kind = LayerKind::kConvolution;
  layer.kernel = kernel;
  layer.stride = stride;
  layer.padding = padding;
  return layer;
}

Layer transposed_convolution(int64_t inputs, int64_t outputs, int64_t kernel, int64_t stride,
                             int64_t padding) {
  Layer layer = convolution(inputs, outputs, kernel, stride, padding);
  layer.kind = LayerKind::kTransposedConvolution;
  return layer;
}

Layer batch_norm(int64_t channels) {
  Layer layer = linear(channels, channels);
  layer.kind = LayerKind::kBatchNorm;
  return layer;
}

Layer activation(const std::string& function) {
  Layer layer;
  layer.function = function;
  return layer;
}

Layer reshape(std::vector<int64_t> shape) {
  Layer layer;
  layer.kind = LayerKind::kReshape;
  layer.shape = std::move(shape);
  return layer;
}

Network::Network(std::vector<Layer> layers, at::Generator generator) : layers_(std::move(layers)) {
  size_t last_affine = 0;
  for (size_t i = 0; i < layers_.size(); ++i)
    if (is_affine(layers_[i])) last_affine = i;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    const std::string suffix = "_" + std::to_string(i);
    if (is_affine(layer)) {
      const double deviation = std::sqrt((i == last_affine ? 1.0 : 2.0) / fan_in(layer));
      state_.emplace_back("weight" + suffix,
                          at::randn(weight_shape(layer), generator, at::kFloat) * deviation);
      state_.emplace_back("bias" + suffix, at::zeros({layer.outputs}));
    } else if (layer.kind == LayerKind::kBatchNorm) {
      LATENTPATH_ASSERT(i > 0 && is_affine(layers_[i - 1]) && layers_[i - 1].outputs == layer.outputs);
      state_.emplace_back("weight" + suffix, at::ones({layer.outputs}));
      state_.emplace_back("bias" + suffix, at::zeros({layer.outputs}));
      state_.emplace_back("running_mean" + suffix, at::zeros({layer.outputs}));
      state_.emplace_back("running_var" + suffix, at::ones({layer.outputs}));
    }
  }
  for (const Tensor& parameter : parameters()) parameter.requires_grad_(true);
}

const Tensor& Network::tensor(const std::string& what, size_t layer) const {
  const std::string name = what + "_" + std::to_string(layer);
  for (const auto& [key, value] : state_)
    if (key == name) return value;
  throw InternalError("the network has no tensor " + name);
}

Tensor Network::forward(const Tensor& input, bool batch_statistics) {
  Tensor x = input;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    const auto parameter = [&](const char* what) { return tensor(what, i); };
    switch (layer.kind) {
      case LayerKind::kLinear:
        x = at::linear(x, parameter("weight"), parameter("bias"));
        break;
      case LayerKind::kConvolution:
        x = at::conv2d(x, parameter("weight"), parameter("bias"), {layer.stride, layer.stride},
                       {layer.padding, layer.padding});
        break;
      case LayerKind::kTransposedConvolution:
        x = at::conv_transpose2d(x, parameter("weight"), parameter("bias"), {layer.stride, layer.stride},
                                 {layer.padding, layer.padding});
        break;
      case LayerKind::kBatchNorm:
        x = at::batch_norm(x, parameter("weight"), parameter("bias"), parameter("running_mean"),
                           parameter("running_var"), batch_statistics, momentum_, kBatchNormEpsilon, false);
        break;
      case LayerKind::kActivation:
        x = apply_activation(layer.function, x);
        break;
      case LayerKind::kReshape: {
        std::vector<int64_t> shape = layer.shape;
        shape.insert(shape.begin(), x.size(0));
        x = x.reshape(shape);
        break;
      }
    }
  }
  return x;
}

std::vector<Tensor> Network::parameters() const {
  std::vector<Tensor> result;
  for (const auto& [name, value] : state_)
    if (name.rfind("running_", 0) != 0) result.push_back(value);
  return result;
}

Network Network::clone() const {
  Network copy;
  copy.layers_ = layers_;
  copy.momentum_ = momentum_;
  for (const auto& [name, value] : state_) copy.state_.emplace_back(name, value.detach().clone());
  return copy;
}

Network Network::folded() const {
  Network result;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    if (layer.kind == LayerKind::kBatchNorm) continue;
    const std::string suffix = "_" + std::to_string(result.layers_.size());
    result.layers_.push_back(layer);
    if (!is_affine(layer)) continue;
    // In double precision: the product is rounded to single precision once.
    Tensor weight = tensor("weight", i).detach().to(at::kDouble);
    Tensor bias = tensor("bias", i).detach().to(at::kDouble);
    if (i + 1 < layers_.size() && layers_[i + 1].kind == LayerKind::kBatchNorm) {
      const auto of_norm = [&](const char* what) { return tensor(what, i + 1).detach().to(at::kDouble); };
      const Tensor scale = of_norm("weight") / (of_norm("running_var") + kBatchNormEpsilon).sqrt();
      weight = weight * along_outputs(layer, scale);
      bias = (bias - of_norm("running_mean")) * scale + of_norm("bias");
    }
    const auto dtype = tensor("weight", i).scalar_type();
    result.state_.emplace_back("weight" + suffix, weight.to(dtype).contiguous());
    result.state_.emplace_back("bias" + suffix, bias.to(dtype).contiguous());
  }
  return result;
}

Network Network::first_outputs(int64_t count) const {
  Network result = clone();
  Layer& last = result.layers_.back();
  LATENTPATH_ASSERT(last.kind == LayerKind::kLinear && count <= last.outputs);
  last.outputs = count;
  const std::string suffix = "_" + std::to_string(layers_.size() - 1);
  for (auto& [name, value] : result.state_)
    if (name == "weight" + suffix || name == "bias" + suffix) value = value.narrow(0, 0, count).clone();
  return result;
}

int64_t Network::multiply_accumulates(const std::vector<int64_t>& input_shape) const {
  int64_t total = 0;
  std::vector<int64_t> shape = input_shape;
  for (const Layer& layer : layers_) {
    if (layer.kind == LayerKind::kReshape) shape = layer.shape;
    if (!is_affine(layer)) continue;
    const int64_t weights = layer.inputs * layer.outputs * layer.kernel * layer.kernel;
    if (layer.kind == LayerKind::kLinear) {
      shape = {layer.outputs};
      total += weights;
      continue;
    }
    const std::vector<int64_t> before = shape;
    const bool transposed = layer.kind == LayerKind::kTransposedConvolution;
    shape[0] = layer.outputs;
    for (size_t side : {1, 2})
      shape[side] = transposed ? (before[side] - 1) * layer.stride - 2 * layer.padding + layer.kernel
                               : (before[side] + 2 * layer.padding - layer.kernel) / layer.stride + 1;
    // A convolution applies its window at each output, a transposed one at each input.
    total += weights * (transposed ? before[1] * before[2] : shape[1] * shape[2]);
  }
  return total;
}

std::string Network::script_source(const std::string& method, size_t without_last) const {
  std::ostringstream source;
  source << "def " << method << "(self, x: Tensor) -> Tensor:\n";
  for (size_t i = 0; i + without_last < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    const std::string own = "self.weight_" + std::to_string(i) + ", self.bias_" + std::to_string(i);
    const std::string window = join_message(", [", layer.stride, ", ", layer.stride, "], [", layer.padding,
                                            ", ", layer.padding, "])");
    source << "    x = ";
    switch (layer.kind) {
      case LayerKind::kLinear:
        source << "torch.linear(x, " << own << ")";
        break;
      case LayerKind::kConvolution:
        source << "torch.conv2d(x, " << own << window;
        break;
      case LayerKind::kTransposedConvolution:
        source << "torch.conv_transpose2d(x, " << own << window;
        break;
      case LayerKind::kBatchNorm:
        source << "torch.batch_norm(x, " << own << ", self.running_mean_" << i << ", self.running_var_" << i
               << ", False, 0.0, " << kBatchNormEpsilon << ", False)";
        break;
      case LayerKind::kActivation:
        source << activation_source(layer.function);
        break;
      case LayerKind::kReshape:
        source << "x.reshape([x.size(0)";
        for (int64_t size : layer.shape) source << ", " << size;
        source << "])";
        break;
    }
    source << "\n";
  }
  source << "    return x\n";
  return source.str();
}

torch::jit::Module Network::to_script(const std::string& name) const {
  torch::jit::Module module("LatentPathNetwork");
  for (const auto& [key, value] : state_) {
    const Tensor copy = value.detach().clone();
    if (key.rfind("running_", 0) == 0) {
      module.register_buffer(key, copy);
    } else {
      module.register_parameter(key, copy, false);
    }
  }
  module.register_attribute("training", c10::BoolType::get(), false);
  module.register_attribute("name", c10::StringType::get(), name);
  module.define(script_source());
  module.eval();
  return module;
}

}  // namespace latentpath
