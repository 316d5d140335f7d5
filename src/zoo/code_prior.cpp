#include "zoo/code_prior.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/metric/sample_density.h"
#include "latentpath/models/mixture_file.h"
#include "latentpath/zoo/model_store.h"
#include "zoo/trainer.h"

namespace latentpath {
namespace {

constexpr int64_t kChunk = 500;
constexpr int kDigits = 5;
constexpr int64_t kMostBytes = 100'000, kBytesPerNumber = 10;

std::filesystem::path beside(std::filesystem::path model, const std::string& ending) {
  return model.replace_filename(model.stem().string() + ending);
}

/// σ [n, D] of the codes z [n, D], by central differences of the decoder.
Tensor posterior_deviations(torch::jit::Module& decoder, const Tensor& z) {
  constexpr double kStep = 1e-2;  // of latents of order 1: float32 pixels leave 1e-5 of a slope
  constexpr double kLeast = 1e-6;  // of x̂ (1 − x̂), where a pixel is 0 or 1 to rounding and its slope is too
  const Tensor pixels = decode_unit(decoder, z).flatten(1);
  const Tensor variance = (pixels * (1 - pixels)).clamp_min(kLeast);
  std::vector<Tensor> precision;
  for (int64_t d = 0; d < z.size(1); ++d) {
    Tensor shift = at::zeros({z.size(1)}, z.options());
    shift[d] = kStep;
    const Tensor slope =
        (decode_unit(decoder, z + shift) - decode_unit(decoder, z - shift)).flatten(1) / (2 * kStep);
    precision.push_back(1 + (slope.square() / variance).sum(1));
  }
  return at::stack(precision, 1).rsqrt();
}

/// To so many significant digits, and no others when they are written.
Tensor rounded(const Tensor& values) {
  Tensor result = values.contiguous().clone();
  auto* number = result.data_ptr<double>();
  for (int64_t i = 0; i < result.numel(); ++i) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.*g", kDigits, number[i]);
    number[i] = std::strtod(text.data(), nullptr);
  }
  return result;
}

}  // namespace

Tensor draw_codes(torch::jit::Module& decoder, torch::jit::Module& encoder, const DataSet& data,
                  const CodePriorOptions& options) {
  const at::NoGradGuard no_gradient;
  auto generator = make_generator(options.seed);
  const int64_t all = data.train.images.size(0), count = std::min(all, options.images);
  const Tensor chosen = at::randperm(all, generator, at::kLong).narrow(0, 0, count);
  std::vector<Tensor> codes;
  for (const Tensor& rows : chosen.split(kChunk)) {
    const Tensor images = unit_images(data.train.images.index_select(0, rows));
    Tensor z = encoder.forward({images}).toTensor();
    if (options.noise)
      z = z + posterior_deviations(decoder, z) * at::randn(z.sizes(), generator, z.options());
    codes.push_back(z.to(at::kDouble));
  }
  return at::cat(codes);
}

nlohmann::json write_code_prior(const std::filesystem::path& model, const DataSet& data,
                                const CodePriorOptions& options) {
  auto decoder = torch::jit::load(model.string());
  auto encoder = torch::jit::load(beside(model, "-encoder.pt").string());
  const Tensor codes = draw_codes(decoder, encoder, data, options);
  const int64_t dim = codes.size(1);
  const auto file = beside(model, "-prior.json");
  if (codes.size(0) < 10 + 2 * dim) {
    std::filesystem::remove(file);
    return nullptr;
  }
  SampleDensityOptions fit{.seed = options.seed};
  fit.mixtures_only = true;
  const int64_t room = kMostBytes / (kBytesPerNumber * (dim * dim + dim + 1));
  fit.most_components = std::clamp<int64_t>(room, 1, fit.most_components);
  const SampleDensity fitted = fit_density(codes, fit);
  const auto mixture = std::dynamic_pointer_cast<const GaussianMixture>(fitted.density);
  LATENTPATH_ASSERT(mixture != nullptr);
  write_mixture(file, GaussianMixture(rounded(mixture->weights()), rounded(mixture->means()),
                                      rounded(mixture->covariances())));
  nlohmann::json card{{"file", file.filename().string()},
                      {"sha256", file_sha256(file)},
                      {"components", mixture->components()},
                      {"samples", codes.size(0)},
                      {"seed", options.seed},
                      {"noise", options.noise}};
  for (const DensityCandidate& each : fitted.candidates)
    card["held_out_nats"][each.name] = std::round(1e4 * each.log_likelihood) / 1e4;
  return card;
}

}  // namespace latentpath
