// Flow matching on the codes of an autoencoder (Lipman et al. 2023, arXiv 2210.02747; Liu et al. 2022,
// arXiv 2209.03003): the velocity v of the flow that takes N(0, I) at t = 0 to the codes c = E(x) at t = 1,
//   minimise E ‖v(x_t, t) − (c − w)‖²,   x_t = (1 − t) w + t c,   w ~ N(0, I_D), t ~ U(0, 1).
// The decoder that it becomes is G(Ψ(z)), Ψ the flow by k steps of Heun's method, G the autoencoder's
// decoder; its encoder goes back through the flow from E(x). Codes of autoencoders whose prior is N(0, I) are
// of about unit scale, and stay as they are.
//
//   h₀ = A x,   h_{b+1} = h_b + W_b silu(V_b silu(h_b) + U_b τ(t)),   v = B silu(h_last)
// with τ(t) = (sin πjt, cos πjt), j = 1 … 8, and biases.

#include <cmath>
#include <numbers>

#include "latentpath/core/error.h"
#include "zoo/trainer.h"

namespace latentpath {
namespace {

constexpr int64_t kWidth = 256, kBlocks = 3, kFrequencies = 8;
constexpr int64_t kSteps = 16;   // of Heun's method; what twice as many change: docs/algorithms/zoo.md
constexpr int64_t kRepeats = 4;  // draws of w and t for each code of a batch
constexpr double kRate = 1e-3;

class VelocityNetwork {
 public:
  VelocityNetwork(int64_t dim, at::Generator random) {
    affine("in", dim, kWidth, 1, random);
    for (int64_t b = 0; b < kBlocks; ++b) {
      const std::string block = std::to_string(b);
      affine("inner_" + block, kWidth, kWidth, 2, random);
      add("time_" + block,
          at::randn({kWidth, 2 * kFrequencies}, random, at::kFloat) * std::sqrt(1.0 / kFrequencies));
      affine("outer_" + block, kWidth, kWidth, 0, random);  // a block is the identity at first
    }
    affine("out", kWidth, dim, 0, random);
  }

  /// v(x, t): x [n, D], t [n]
  Tensor operator()(const Tensor& x, const Tensor& t) const {
    const Tensor angle = t.unsqueeze(1) * frequencies();
    const Tensor time = at::cat({angle.sin(), angle.cos()}, 1);
    const auto linear = [&](const Tensor& input, const std::string& name) {
      return at::linear(input, tensor("weight_" + name), tensor("bias_" + name));
    };
    Tensor h = linear(x, "in");
    for (int64_t b = 0; b < kBlocks; ++b) {
      const std::string block = std::to_string(b);
      const Tensor inner = linear(at::silu(h), "inner_" + block);
      h = h + linear(at::silu(inner + at::linear(time, tensor("time_" + block))), "outer_" + block);
    }
    return linear(at::silu(h), "out");
  }

  std::vector<Tensor> parameters() const {
    std::vector<Tensor> all;
    for (const auto& [name, value] : state_) all.push_back(value);
    return all;
  }

  VelocityNetwork clone() const {
    VelocityNetwork copy = *this;
    for (auto& [name, value] : copy.state_) value = value.detach().clone();
    return copy;
  }

  void save(torch::serialize::OutputArchive& archive, const std::string& key) const {
    for (const auto& [name, value] : state_) archive.write(key + "_" + name, value.detach(), true);
  }

  void load(torch::serialize::InputArchive& archive, const std::string& key) {
    const torch::NoGradGuard no_gradient;
    for (auto& [name, value] : state_) {
      Tensor stored;
      archive.read(key + "_" + name, stored, true);
      value.copy_(stored);
    }
  }

  int64_t multiply_accumulates() const {
    int64_t total = 0;
    for (const auto& [name, value] : state_)
      if (value.dim() == 2 && name.rfind("time", 0) != 0) total += value.numel();  // τ once for all points
    return total;
  }

  /// A module with the method `integrate(x, start, end, steps)`, x at time `start` → x at time `end`.
  torch::jit::Module to_script(const std::string& name) const {
    torch::jit::Module module("LatentPathFlow");
    for (const auto& [key, value] : state_) module.register_parameter(key, value.detach().clone(), false);
    module.register_buffer("frequencies", frequencies());
    module.register_attribute("training", c10::BoolType::get(), false);
    module.register_attribute("name", c10::StringType::get(), name);
    std::string source =
        "def velocity(self, x: Tensor, t: float) -> Tensor:\n"
        "    angle = t * self.frequencies\n"
        "    time = torch.cat([torch.sin(angle), torch.cos(angle)])\n"
        "    h = torch.linear(x, self.weight_in, self.bias_in)\n";
    for (int64_t b = 0; b < kBlocks; ++b) {
      const std::string block = std::to_string(b);
      source += "    inner = torch.linear(torch.silu(h), self.weight_inner_" + block + ", self.bias_inner_" +
                block + ") + torch.mv(self.time_" + block + ", time)\n" +
                "    h = h + torch.linear(torch.silu(inner), self.weight_outer_" + block +
                ", self.bias_outer_" + block + ")\n";
    }
    source +=
        "    return torch.linear(torch.silu(h), self.weight_out, self.bias_out)\n"
        "def integrate(self, x: Tensor, start: float, end: float, steps: int) -> Tensor:\n"
        "    h = (end - start) / steps\n"
        "    for i in range(steps):\n"
        "        t = start + i * h\n"
        "        slope = self.velocity(x, t)\n"
        "        x = x + 0.5 * h * (slope + self.velocity(x + h * slope, t + h))\n"
        "    return x\n";
    module.define(source);
    return module;
  }

 private:
  static Tensor frequencies() { return std::numbers::pi * at::arange(1, kFrequencies + 1, at::kFloat); }

  const Tensor& tensor(const std::string& name) const {
    for (const auto& [key, value] : state_)
      if (key == name) return value;
    throw InternalError("the velocity has no tensor " + name);
  }

  void add(const std::string& name, const Tensor& value) {
    state_.emplace_back(name, value.detach().clone().requires_grad_(true));
  }

  /// Weights of variance gain/inputs.
  void affine(const std::string& name, int64_t inputs, int64_t outputs, double gain, at::Generator& random) {
    add("weight_" + name,
        at::randn({outputs, inputs}, random, at::kFloat) * std::sqrt(gain / static_cast<double>(inputs)));
    add("bias_" + name, at::zeros({outputs}));
  }

  std::vector<std::pair<std::string, Tensor>> state_;
};

torch::jit::Module load_part(const std::filesystem::path& file, const char* part) {
  LATENTPATH_CHECK(std::filesystem::exists(file), kInput, "there is no ", file.string(),
                   ": a flow learns the codes of an autoencoder, whose ", part, " that is (`autoencoder`)");
  return load_module(file);
}

class FlowTrainer : public Trainer {
 public:
  FlowTrainer(const ModelTask& task, const std::filesystem::path& autoencoder, at::Generator random)
      : task_(task),
        decoder_(load_part(autoencoder, "decoder")),
        encoder_(load_part(
            std::filesystem::path(autoencoder).replace_filename(autoencoder.stem().string() + "-encoder.pt"),
            "encoder")),
        velocity_(task.latent_dim, random),
        average_(velocity_.clone()),
        optimizer_(velocity_.parameters(), torch::optim::AdamOptions()) {
    const int64_t dim = encoder_.attr("latent_dim").toInt();
    LATENTPATH_CHECK(dim == task.latent_dim, kArgument, "`autoencoder` ", autoencoder.string(), " has ", dim,
                     " latents, and ", task.name, " learns a flow of ", task.latent_dim);
  }

  double step(const Tensor& images, const Tensor&, double progress, at::Generator random) override {
    const Tensor code = codes(images).repeat({kRepeats, 1});
    const Tensor noise = at::randn(code.sizes(), random, at::kFloat);
    const Tensor t = at::rand({code.size(0)}, random, at::kFloat);
    const Tensor between = at::lerp(noise, code, t.unsqueeze(1));
    const Tensor loss = (velocity_(between, t) - (code - noise)).square().mean();
    descend(loss, velocity_.parameters(), optimizer_, kRate * cosine_schedule(progress));
    ++steps_;
    update_average(average_.parameters(), velocity_.parameters(), steps_);
    return loss.item<double>();
  }

  std::string status() const override { return "squared error of the velocity"; }

  void save(torch::serialize::OutputArchive& archive) const override {
    velocity_.save(archive, "velocity");
    average_.save(archive, "average");
    save_optimizer(archive, "optimizer", optimizer_);
    save_count(archive, "flow_steps", steps_);
  }

  void load(torch::serialize::InputArchive& archive) override {
    velocity_.load(archive, "velocity");
    average_.load(archive, "average");
    load_optimizer(archive, "optimizer", optimizer_);
    steps_ = load_count(archive, "flow_steps");
  }

  /// The decoder NAME, forward(z, steps = 16), and NAME-encoder.
  std::vector<TrainedModel> models(at::Generator) override {
    const int64_t flow_work = 2 * kSteps * average_.multiply_accumulates();
    const std::string steps = std::to_string(kSteps);
    TrainedModel decoder{task_.name, "decoder", average_.to_script(task_.name)};
    decoder.module.register_module("decoder", decoder_);
    decoder.module.define("def forward(self, z: Tensor, steps: int = " + steps +
                          ") -> Tensor:\n"
                          "    return self.decoder.forward(self.integrate(z, 0.0, 1.0, steps))\n");
    const auto range = decoder_.attr("output_range").toDoubleVector();
    describe_decoder(decoder.module, task_, ValueRange{range[0], range[1]},
                     flow_work + decoder_.attr("multiply_accumulates").toInt());
    decoder.module.eval();
    const std::string name = task_.name + "-encoder";
    TrainedModel encoder{name, "encoder", average_.to_script(name)};
    encoder.module.register_module("encoder", encoder_);
    encoder.module.define(
        "def forward(self, x: Tensor) -> Tensor:\n"
        "    return self.integrate(self.encoder.forward(x), 1.0, 0.0, " +
        steps + ")\n");
    encoder.module.register_attribute("latent_dim", c10::IntType::get(), task_.latent_dim);
    describe_image_input(encoder.module, task_.facts,
                         flow_work + encoder_.attr("multiply_accumulates").toInt());
    encoder.module.eval();
    return {decoder, encoder};
  }

 private:
  /// E(x) of uint8 images [n, channels, side, side].
  Tensor codes(const Tensor& images) {
    const torch::NoGradGuard no_gradient;
    return encoder_.forward({unit_images(images)}).toTensor();
  }

  ModelTask task_;
  torch::jit::Module decoder_, encoder_;
  VelocityNetwork velocity_;
  VelocityNetwork average_;
  torch::optim::Adam optimizer_;
  int64_t steps_ = 0;
};

}  // namespace

std::unique_ptr<Trainer> make_flow_trainer(const ModelTask& task, const std::filesystem::path& autoencoder,
                                           at::Generator generator) {
  return std::make_unique<FlowTrainer>(task, autoencoder, generator);
}

}  // namespace latentpath
