#include "latentpath/molecule/property_model.h"

#include <torch/script.h>

#include <algorithm>
#include <cmath>

#include "latentpath/core/error.h"
#include "latentpath/core/exception_sentence.h"
#include "latentpath/io/archive.h"
#include "latentpath/metric/density.h"
#include "latentpath/metric/typicality_guard.h"
#include "molecule/property_networks.h"

namespace latentpath {

Tensor soft_step(const Tensor& x) {
  // Where Φ_N underflows its logarithm goes on as −2 log|x|, and with it the slope.
  const Tensor inside = x.clamp_min(-3);
  return 0.5 * at::erfc(-inside / std::sqrt(2.0)) * (9 / x.clamp_max(-3).square());
}

Tensor PropertyWeights::predict(const Tensor& z) const {
  const int64_t networks = first.size(0);
  const Tensor input = ((z - code_mean) / code_scale).unsqueeze(0).expand({networks, z.size(0), z.size(1)});
  Tensor x = at::silu(at::baddbmm(first_bias, input, first));
  x = at::silu(at::baddbmm(second_bias, x, second));
  return at::baddbmm(last_bias, x, last).permute({1, 0, 2}) * value_scale + value_mean;
}

QualityPointer networks_reach(std::shared_ptr<const PropertyWeights> weights, int64_t column,
                              double threshold, double scale, const std::string& name) {
  return function_quality(
      [weights = std::move(weights), column, threshold, scale](const Tensor& z) {
        return soft_step((weights->predict(z.to(at::kDouble)).select(2, column) - threshold) / scale).prod(1);
      },
      join_message(name, scale > 0 ? " > " : " < ", threshold));
}

struct PropertyModel::Networks {
  PropertyWeights weights;
  Tensor mean, covariance;  ///< of codes
  std::vector<double> residuals;

  /// The Gaussian of encoded molecules.
  DensityPointer codes() const {
    return std::make_shared<GaussianMixture>(at::ones({1}, at::kDouble), mean.view({1, -1}),
                                             covariance.unsqueeze(0), "Gaussian of encoded molecules");
  }
};

PropertyModel::PropertyModel(const std::filesystem::path& file) {
  const std::string name = file.string();
  LATENTPATH_CHECK(
      std::filesystem::is_regular_file(file), kInput, "there is no file ", name,
      " with regressors of properties: latentpath data jtvae-zinc and latentpath train jtvae make one "
      "beside their model");
  check_archive(file, name);
  auto networks = std::make_shared<Networks>();
  try {
    const torch::jit::Module module = torch::jit::load(name);
    for (const auto& [part, tensor] : networks->weights.parts())
      *tensor = module.attr(part).toTensor().detach().to(at::kDouble);
    networks->covariance = module.attr("code_covariance").toTensor().detach().to(at::kDouble);
    networks->mean = networks->weights.code_mean;
    networks->residuals = module.attr("residuals").toDoubleVector();
  } catch (const std::exception& failure) {
    throw Error(ErrorKind::kInput,
                name + " holds no regressors of properties: " + exception_sentence(failure));
  }
  const auto& w = networks->weights;
  const auto properties = static_cast<int64_t>(latent_properties().size());
  LATENTPATH_CHECK(w.first.dim() == 3 && w.last.dim() == 3 && w.last.size(2) == properties &&
                       networks->residuals.size() == latent_properties().size() &&
                       networks->covariance.dim() == 2 && networks->covariance.size(0) == w.first.size(1),
                   kInput, name, " holds regressors of another form");
  networks_ = std::move(networks);
}

PropertyModel::PropertyModel(const Tensor& mean, const Tensor& covariance) {
  auto networks = std::make_shared<Networks>();
  networks->mean = mean;
  networks->covariance = covariance;
  networks_ = std::move(networks);
}

PropertyModel::PropertyModel(const Tensor& codes)
    : PropertyModel(codes.to(at::kDouble).mean(0), covariance_of(codes.to(at::kDouble))) {
  LATENTPATH_CHECK(at::isfinite(networks_->covariance).all().item<bool>(), kInput, "the ", codes.size(0),
                   " codes of the model are too large for double precision: their squares overflow");
  // Of correlations, so that coordinates may have scales of their own.
  const Tensor deviation = networks_->covariance.diag().sqrt();
  const bool each = deviation.gt(0).all().item<bool>();
  LATENTPATH_CHECK(
      each && at::linalg_eigvalsh(networks_->covariance / at::outer(deviation, deviation))[0].item<double>() >
                  1e-12,
      kInput, "the ", codes.size(0), " codes of the model lie in a plane of its ", codes.size(1),
      " latents: give codes that differ in each of them");
}

PropertyModel PropertyModel::of_normal_codes(int64_t latent_dim) {
  return {at::zeros({latent_dim}, at::kDouble), at::eye(latent_dim, at::kDouble)};
}

LearnedProperties PropertyModel::learn(const MoleculeDraws& draws,
                                       const SyntheticAccessibility& accessibility, uint64_t seed,
                                       const ProgressObserver& progress, const CancellationToken& token) {
  const auto columns = static_cast<int64_t>(latent_properties().size());
  std::vector<double> values;
  for (const auto& each : draws.decoded) {
    LATENTPATH_CHECK(!token.cancelled(), kInterrupted, "interrupted while computing properties: nothing is ",
                     "written");
    const std::optional<MoleculeProperties> known =
        each ? std::optional(properties_of(each->molecule, accessibility)) : std::nullopt;
    for (int64_t column = 0; column < columns; ++column)
      values.push_back(known ? property_value(*known, column) : std::nan(""));
  }
  const FittedNetworks fitted = fit_draws(draws.codes, at::tensor(values, at::kDouble).view({-1, columns}),
                                          latent_properties(), seed, progress, token);
  auto networks = std::make_shared<Networks>(*networks_);
  networks->weights = fitted.weights;
  networks->residuals = fitted.residuals;
  networks_ = std::move(networks);
  return {fitted.r2, fitted.seen, fitted.truth.size(0)};
}

PropertyModel::~PropertyModel() = default;
PropertyModel::PropertyModel(PropertyModel&&) noexcept = default;

int64_t PropertyModel::latent_dim() const { return networks_->mean.size(0); }

Tensor PropertyModel::predict(const Tensor& z) const {
  LATENTPATH_ASSERT(!networks_->residuals.empty());  // it has learned properties
  return networks_->weights.predict(z.to(at::kDouble));
}

const std::vector<double>& PropertyModel::residuals() const { return networks_->residuals; }

QualityPointer PropertyModel::reaches(const std::string& property, double threshold, bool above,
                                      double width) const {
  const int64_t column = latent_property(property);
  LATENTPATH_ASSERT(!networks_->residuals.empty());  // it has learned properties
  const double scale = width * networks_->residuals[static_cast<size_t>(column)] * (above ? 1 : -1);
  // The weights live as long as the networks that they are a part of.
  return networks_reach({networks_, &networks_->weights}, column, threshold, scale, property);
}

QualityPointer PropertyModel::typical() const {
  const Tensor mean = networks_->mean;
  // Whitened, the Gaussian is N(0, I), of which the rank is known in closed form.
  const Tensor whitening = at::linalg_inv(at::linalg_cholesky(networks_->covariance)).t().contiguous();
  const QualityPointer guard = typicality_guard(normal_typicality(mean.size(0)));
  return function_quality(
      [mean, whitening, guard](const Tensor& z) {
        const Tensor white = at::mm(z.to(at::kDouble) - mean, whitening);
        return guard->evaluate({white, at::zeros({white.size(0)}, white.options()), {}});
      },
      "typical of encoded molecules");
}

std::function<Tensor(int64_t, at::Generator&)> PropertyModel::sampler() const {
  const DensityPointer codes = networks_->codes();
  return [codes](int64_t count, at::Generator& generator) { return codes->sample(count, generator); };
}

double roc_area(const Tensor& scores, const Tensor& truths) {
  // By ranks (Mann & Whitney 1947); equal scores share theirs.
  const Tensor s = scores.to(at::kDouble).contiguous(), t = truths.to(at::kBool).contiguous();
  std::vector<std::pair<double, bool>> sorted;
  for (int64_t i = 0; i < s.numel(); ++i) sorted.emplace_back(s.data_ptr<double>()[i], t.data_ptr<bool>()[i]);
  std::sort(sorted.begin(), sorted.end());
  double sum = 0, positives = 0;
  for (size_t first = 0; first < sorted.size();) {
    size_t last = first;
    while (last < sorted.size() && sorted[last].first == sorted[first].first) ++last;
    const double rank = 0.5 * static_cast<double>(first + last + 1);
    for (size_t i = first; i < last; ++i)
      if (sorted[i].second) {
        sum += rank;
        ++positives;
      }
    first = last;
  }
  const double negatives = static_cast<double>(sorted.size()) - positives;
  if (positives == 0 || negatives == 0) return std::nan("");
  return (sum - positives * (positives + 1) / 2) / (positives * negatives);
}

}  // namespace latentpath
