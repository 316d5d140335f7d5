#pragma once
// A feed-forward network as a list of layers: trained in C++, saved as TorchScript without batch
// normalisation.
//
// Every batch normalisation follows an affine layer y = W x + b, and at inference it is affine itself, so
// both are one layer (Jacob et al. 2018, arXiv 1712.05877, section 3.2):
//   s = γ / √(σ² + ε),   W' = s W,   b' = s (b − μ) + β.
//
//   Network decoder({linear(8, 256), activation("silu"), linear(256, 784), activation("sigmoid"),
//                    reshape({1, 28, 28})}, make_generator(1));
//   Tensor images = decoder.forward(latents);                  // [n, 8] → [n, 1, 28, 28]
//   torch::jit::Module module = decoder.folded().to_script("mnist-vae-8");

#include <ATen/core/Generator.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "latentpath/core/tensor.h"

namespace torch::jit {
struct Module;
}

namespace latentpath {

enum class LayerKind { kLinear, kConvolution, kTransposedConvolution, kBatchNorm, kActivation, kReshape };

struct Layer {
  LayerKind kind = LayerKind::kActivation;
  int64_t inputs = 0;  ///< features or channels
  int64_t outputs = 0;
  int64_t kernel = 1;  ///< square
  int64_t stride = 1;
  int64_t padding = 0;
  std::string function;        ///< of an activation: relu, leaky_relu, silu, elu, gelu, tanh, sigmoid
  std::vector<int64_t> shape;  ///< of a reshape, without the batch dimension
};

Layer linear(int64_t inputs, int64_t outputs);
Layer convolution(int64_t inputs, int64_t outputs, int64_t kernel, int64_t stride, int64_t padding);
Layer transposed_convolution(int64_t inputs, int64_t outputs, int64_t kernel, int64_t stride,
                             int64_t padding);
/// Over a batch [n, channels] or [n, channels, h, w]; must follow a linear or convolution layer.
Layer batch_norm(int64_t channels);
Layer activation(const std::string& function);
Layer reshape(std::vector<int64_t> shape);

class Network {
 public:
  /// Normally distributed weights of variance 2/fan_in (He et al. 2015), 1/fan_in in the last affine layer.
  Network(std::vector<Layer> layers, at::Generator generator);

  /// @param batch_statistics  batch normalisation uses the batch's own mean and variance and updates the
  ///                          running ones; otherwise it uses the running ones
  Tensor forward(const Tensor& input, bool batch_statistics = false);

  const std::vector<Layer>& layers() const { return layers_; }
  /// The tensors that training changes.
  std::vector<Tensor> parameters() const;
  /// Parameters and running statistics, with names such as "weight_0" and "running_mean_1".
  const std::vector<std::pair<std::string, Tensor>>& state() const { return state_; }

  /// Share of a new batch in the running statistics; 1/k in the k-th batch gives their plain average.
  void set_batch_norm_momentum(double momentum) { momentum_ = momentum; }

  /// A deep copy without gradients.
  Network clone() const;
  /// An equal network at inference, without batch normalisation.
  Network folded() const;
  /// Only the first outputs of the last layer, which must be linear.
  Network first_outputs(int64_t count) const;

  /// Of one input: each weight counted as often as it is used; activations are not counted.
  /// @param input_shape without the batch dimension
  int64_t multiply_accumulates(const std::vector<int64_t>& input_shape) const;

  /// TorchScript source of `method(self, x: Tensor) -> Tensor` (inference), which ends `without_last` layers
  /// before the network does.
  std::string script_source(const std::string& method = "forward", size_t without_last = 0) const;
  /// The module in eval mode with attributes `name` and `training`; weights are copied.
  torch::jit::Module to_script(const std::string& name) const;

 private:
  Network() = default;
  const Tensor& tensor(const std::string& what, size_t layer) const;

  std::vector<Layer> layers_;
  std::vector<std::pair<std::string, Tensor>> state_;
  double momentum_ = 0.1;
};

}  // namespace latentpath
