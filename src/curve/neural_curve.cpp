#include <ATen/ATen.h>

#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/curve/curve.h"

namespace latentpath {
namespace {

/// One layer's slice of a path's parameter vector.
struct Layer {
  int64_t inputs, outputs, offset;
  bool normalised;
};

class NeuralCurve final : public Curve {
 public:
  NeuralCurve(int64_t latent_dim, const NeuralCurveOptions& options)
      : latent_dim_(latent_dim), options_(options) {
    LATENTPATH_CHECK(options.hidden >= 2 && options.layers >= 1, kArgument,
                     "a neural curve needs at least 1 layer of 2 units, not ", options.layers, " of ",
                     options.hidden);
    int64_t inputs = 1;
    for (int64_t i = 0; i <= options.layers; ++i) {
      const bool hidden = i < options.layers;
      const int64_t outputs = hidden ? options.hidden : latent_dim;
      layers_.push_back({inputs, outputs, count_, hidden});
      count_ += inputs * outputs + outputs + (hidden ? 2 * outputs : 0);
      inputs = outputs;
    }
  }

  Tensor fit(const Tensor& nodes, const Tensor& times) override {
    // The same network for every pair, so that what one gets does not depend on its place in a batch.
    const int64_t pairs = nodes.size(0);
    auto generator = make_generator(options_.seed);
    std::vector<Tensor> parts;
    for (const Layer& layer : layers_) {
      // The first layer sees only t ∈ [0, 1]: its kinks (−b/w) are spread over the interval.
      const double bound = layer.inputs == 1 ? 3.0 : 1.0 / std::sqrt(static_cast<double>(layer.inputs));
      const double scale = layer.normalised ? bound : bound * options_.last_layer_scale;
      parts.push_back(
          at::empty({1, layer.inputs * layer.outputs}, at::kDouble).uniform_(-scale, scale, generator));
      parts.push_back(at::empty({1, layer.outputs}, at::kDouble).uniform_(-scale, scale, generator));
      if (layer.normalised) {
        parts.push_back(at::ones({1, layer.outputs}, at::kDouble));
        parts.push_back(at::zeros({1, layer.outputs}, at::kDouble));
      }
    }
    Tensor parameters = at::cat(parts, 1).to(nodes.options()).repeat({pairs, 1});
    // Where the fitted polyline leaves the straight line, the difference travels with the parameters as a
    // constant.
    base_times_ = times;
    const int64_t interior = times.size(0) - 2;
    if (interior > 0) {
      const Tensor t = times.to(nodes.options()).view({1, -1, 1});
      const Tensor straight = (1 - t) * nodes.narrow(1, 0, 1) + t * nodes.narrow(1, interior + 1, 1);
      parameters = at::cat({parameters, (nodes - straight).narrow(1, 1, interior).flatten(1)}, 1);
    }
    return parameters;
  }

  int64_t parameter_count() const override {
    return count_ + (base_times_.defined() ? (base_times_.size(0) - 2) * latent_dim_ : 0);
  }
  std::string describe() const override {
    return join_message("neural curve, ", options_.layers, " layers of ", options_.hidden);
  }

 protected:
  Tensor evaluate(const Tensor& parameters, const Tensor& start, const Tensor& end,
                  const Tensor& times) const override {
    LATENTPATH_ASSERT(base_times_.defined());
    const auto options = parameters.options().requires_grad(false);
    const int64_t count = times.size(0);
    // f at the asked times and at 0 and 1, in one pass.
    const Tensor extended = at::cat({times, at::tensor({0.0, 1.0}, times.options())}).to(options);
    const Tensor f = network(parameters, extended);
    const Tensor values = f.narrow(1, 0, count);
    const Tensor f0 = f.narrow(1, count, 1), f1 = f.narrow(1, count + 1, 1);
    const Tensor t = extended.narrow(0, 0, count).view({1, -1, 1});
    Tensor base = (1 - t) * start.to(options).unsqueeze(1) + t * end.to(options).unsqueeze(1);
    const int64_t interior = base_times_.size(0) - 2;
    if (interior > 0) {
      const Tensor offset = parameters.detach().narrow(1, count_, interior * latent_dim_);
      const Tensor inner = offset.view({parameters.size(0), interior, latent_dim_});
      base = base + interpolate_polyline(at::constant_pad_nd(inner, {0, 0, 1, 1}), base_times_, times);
    }
    return base + values - (1 - t) * f0 - t * f1;
  }

 private:
  /// f: parameters [pairs, N], t [T] → [pairs, T, D].
  Tensor network(const Tensor& parameters, const Tensor& t) const {
    const int64_t pairs = parameters.size(0);
    Tensor h = t.view({1, -1, 1}).expand({pairs, -1, 1});
    for (const Layer& layer : layers_) {
      int64_t offset = layer.offset;
      const auto take = [&](int64_t rows, int64_t columns) {
        Tensor part = parameters.narrow(1, offset, rows * columns).view({pairs, rows, columns});
        offset += rows * columns;
        return part;
      };
      const Tensor weight = take(layer.inputs, layer.outputs);
      const Tensor bias = take(1, layer.outputs);
      h = layer.inputs == 1 ? h * weight + bias : at::baddbmm(bias, h, weight);
      if (layer.normalised) {
        const Tensor gain = take(1, layer.outputs);
        const Tensor shift = take(1, layer.outputs);
        h = at::relu(at::layer_norm(h, {layer.outputs}) * gain + shift);
      }
    }
    return h;
  }

  int64_t latent_dim_;
  NeuralCurveOptions options_;
  std::vector<Layer> layers_;
  int64_t count_ = 0;
  Tensor base_times_;
};

}  // namespace

std::shared_ptr<Curve> neural_curve(int64_t latent_dim, const NeuralCurveOptions& options) {
  return std::make_shared<NeuralCurve>(latent_dim, options);
}

}  // namespace latentpath
