#include "latentpath/metric/density_regularisation.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "latentpath/core/device.h"
#include "latentpath/core/error.h"
#include "latentpath/core/figure_text.h"
#include "latentpath/core/parallel.h"
#include "latentpath/core/random.h"
#include "latentpath/curve/curve.h"
#include "latentpath/metric/metric_tensor.h"
#include "metric/bend.h"

namespace latentpath {
namespace {

/// Points decoded at once, in all D directions.
constexpr int64_t kPointsPerBatch = 1024;

/// A = J(JᵀJ + δI)⁻¹, half the log determinant, and δ tr(JᵀJ + δI)⁻¹.
struct Factors {
  Tensor pulled;       // A [n, M, D]
  Tensor value, lost;  // [n]
};

/// The Cholesky factor of JᵀJ + δI; NaN where there is none.
Tensor factor_of(const Tensor& jacobian, double regularisation) {
  const int64_t dim = jacobian.size(2);
  const Tensor gram =
      at::bmm(jacobian.transpose(1, 2), jacobian) + regularisation * at::eye(dim, jacobian.options());
  const auto [factor, info] = at::linalg_cholesky_ex(gram);
  return at::where(info.eq(0).view({-1, 1, 1}), factor, at::full({}, std::nan(""), factor.options()));
}

Factors factors_of(const Tensor& jacobian, double regularisation) {
  const int64_t dim = jacobian.size(2);
  const Tensor factor = factor_of(jacobian, regularisation);
  const Tensor inverse =
      at::cholesky_solve(at::eye(dim, jacobian.options()).expand({jacobian.size(0), dim, dim}), factor);
  return {at::bmm(jacobian, inverse), factor.diagonal(0, 1, 2).log().sum(1),
          regularisation * inverse.diagonal(0, 1, 2).sum(1)};
}

}  // namespace

Tensor half_log_determinant(const Embedding& embedding, const Tensor& z, double regularisation,
                            Tensor* lost) {
  const bool wanted = at::GradMode::is_enabled() && z.requires_grad();
  const int64_t n = z.size(0), rows = std::max<int64_t>(1, kPointsPerBatch / z.size(1));
  const int64_t chunks = (n + rows - 1) / rows;
  std::vector<Tensor> values(static_cast<size_t>(chunks)), gradients(values.size()), losses(values.size());
  const auto one = [&](int64_t chunk) {
    const Tensor part = z.detach().narrow(0, chunk * rows, std::min(rows, n - chunk * rows));
    const Factors factors = factors_of(embedding.jacobian(part).to(at::kDouble), regularisation);
    const auto at = static_cast<size_t>(chunk);
    values[at] = on_host(factors.value);
    losses[at] = on_host(factors.lost);
    if (!wanted) return;
    const int64_t dim = part.size(1);
    gradients[at] = bend(embedding, part, at::eye(dim, at::kDouble).expand({part.size(0), dim, dim}),
                         factors.pulled.transpose(1, 2));
  };
  // The chunks are the same however many threads there are, and so are the bytes.
  run_tasks(embedding.concurrent(), chunks, one);
  if (n == 0) return at::zeros({0}, at::kDouble);
  if (lost != nullptr) *lost = at::cat(losses);
  Tensor value = at::cat(values);
  if (!wanted) return value;
  // The value, with the gradient that was found: z − z is 0, and has derivative 1.
  return value + (at::cat(gradients) * (z - z.detach()).to(at::kDouble)).sum(1);
}

Tensor lost_directions(const Tensor& jacobian, double regularisation) {
  return on_host(factors_of(jacobian, regularisation).lost);
}

Tensor pull_back(const Tensor& jacobian, const Tensor& v, double regularisation) {
  const Tensor right = at::bmm(jacobian.transpose(1, 2), v.to(jacobian.device()).unsqueeze(2));
  return on_host(at::cholesky_solve(right, factor_of(jacobian, regularisation)).squeeze(2));
}

DataDensity::DataDensity(std::shared_ptr<const Embedding> embedding, DensityPointer latents,
                         double regularisation, const StochasticLogDeterminantOptions& stochastic)
    : embedding_(std::move(embedding)),
      latents_(std::move(latents)),
      regularisation_(regularisation),
      stochastic_(stochastic) {
  LATENTPATH_CHECK(embedding_ != nullptr && latents_ != nullptr, kArgument,
                   "the density of images needs an embedding and a density of its latents");
  LATENTPATH_CHECK(regularisation_ >= 0, kArgument,
                   "the regularisation of det JᵀJ must not be negative, and is ", regularisation_);
  const int64_t dim = embedding_->latent_dim();
  LATENTPATH_CHECK(dim < 0 || dim == latents_->dim(), kArgument, embedding_->describe(), " has latent size ",
                   dim, ", and the ", latents_->describe(), " is about ", latents_->dim(), " dimensions");
}

namespace {

/// What `make` makes with the Jacobian of `embedding`, or a sentence where that has no derivative of its
/// derivative, of which LibTorch tells by exceptions of two kinds.
template <class Make>
auto differentiated_twice(const Embedding& embedding, const Make& make) {
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorKind::kInput,
                embedding.describe() +
                    " cannot be differentiated twice, by which its Jacobian is found for the density "
                    "of its images: " +
                    why);
  };
  try {
    return make();
  } catch (const c10::Error& error) {
    refuse(error.what_without_backtrace());
    throw;
  } catch (const std::runtime_error& error) {
    const std::string why = error.what();
    if (why.find("derivative for aten::") == std::string::npos) throw;
    refuse(why);
    throw;
  }
}

}  // namespace

Tensor DataDensity::negative_log(const Tensor& z, Tensor* standard_error) const {
  return log_determinant(z, standard_error) - latents_->log_density(z);
}

Tensor DataDensity::log_determinant(const Tensor& z, Tensor* standard_error, Tensor* lost) const {
  if (standard_error != nullptr) *standard_error = at::zeros({z.size(0)}, at::kDouble);
  if (!estimated())
    return differentiated_twice(*embedding_,
                                [&] { return half_log_determinant(*embedding_, z, regularisation_, lost); });
  const LogDeterminantEstimate estimate =
      estimate_half_log_determinant(*embedding_, z, regularisation_, stochastic_);
  if (standard_error != nullptr) *standard_error = estimate.standard_error;
  if (lost != nullptr) *lost = estimate.lost;
  return estimate.value;
}

namespace {

/// J [n, M, D], beyond kLargestExact J v / √D for one v of random signs [n, M, 1], of which the squared
/// length is tr JᵀJ / D on average; or a sentence where the model has no second derivatives to make it by.
Tensor some_columns(const Embedding& embedding, const Tensor& z, uint64_t seed) {
  return differentiated_twice(embedding, [&]() -> Tensor {
    const int64_t dim = z.size(1);
    if (dim <= DataDensity::kLargestExact) return embedding.jacobian(z).to(at::kDouble);
    auto generator = make_generator(seed);
    const Tensor v =
        (2 * at::randint(2, z.sizes(), generator, z.options()) - 1) / std::sqrt(static_cast<double>(dim));
    return embedding.jvp(z, v).to(at::kDouble).flatten(1).unsqueeze(2);
  });
}

}  // namespace

DataDensityPointer make_data_density(std::shared_ptr<const Embedding> embedding, DensityPointer latents,
                                     const Tensor& samples, uint64_t seed) {
  LATENTPATH_CHECK(embedding != nullptr && latents != nullptr, kArgument,
                   "the density of images needs an embedding and a density of its latents");
  LATENTPATH_CHECK(embedding->metric() == nullptr, kArgument, "lengths are measured by ",
                   embedding->metric() ? embedding->metric()->describe() : "",
                   ": the density of images is known for Euclidean lengths alone");
  const DataDensity refuses_sizes(embedding, latents, 0);  // before a Jacobian is made
  const at::NoGradGuard no_gradient;
  std::vector<Tensor> traces;
  int64_t outputs = 0;
  const int64_t dim = latents->dim();
  for (const Tensor& part : samples.split(std::max<int64_t>(1, kPointsPerBatch / samples.size(1)))) {
    const Tensor columns = some_columns(*embedding, part, seed);
    outputs = columns.size(1);
    traces.push_back(columns.square().sum({1, 2}) * static_cast<double>(dim) /
                     static_cast<double>(columns.size(2)));
  }
  LATENTPATH_CHECK(
      outputs >= dim, kInput, embedding->describe(), " makes ", outputs, " numbers of ", dim,
      " latents: many latents give the same output, and how dense outputs are is an integral over these, ",
      "which ½ log det JᵀJ is not; leave `density_regularisation` and `data_density` none");
  const Tensor trace = at::cat(traces);
  const Tensor finite = trace.masked_select(at::isfinite(trace));
  const double typical = finite.numel() > 0 ? finite.mean().item<double>() / static_cast<double>(dim) : 0;
  LATENTPATH_CHECK(typical > 0, kInput, embedding->describe(), " has a Jacobian of 0 at all ",
                   samples.size(0), " samples of its prior: its images do not move, and have no density");
  return std::make_shared<const DataDensity>(std::move(embedding), std::move(latents),
                                             kDegenerateShare * typical,
                                             StochasticLogDeterminantOptions{.seed = seed});
}

DensityPotential::DensityPotential(DataDensityPointer density, double reference, double softness)
    : density_(std::move(density)), reference_(reference), softness_(softness) {
  LATENTPATH_CHECK(density_ != nullptr && softness_ > 0, kArgument,
                   "a density potential needs a density and a softness above 0, not ", softness_);
}

Tensor DensityPotential::evaluate(const Tensor& z) const {
  return at::softplus(density_->negative_log(z) - reference_, 1 / softness_, /*threshold=*/40);
}

DensityPotentialPointer density_potential(const DataDensityPointer& density, const Tensor& samples) {
  // A gradient alone tells that there is none; of an estimate, it costs as much as a descent.
  const at::AutoGradMode enabled(!density->estimated());
  const Tensor z = samples.detach().clone().requires_grad_(!density->estimated());
  Tensor slope;
  Tensor error;
  const Tensor determinant = density->log_determinant(z, &error);
  if (determinant.requires_grad())
    slope = differentiated_twice(*density->embedding(),
                                 [&] { return torch::autograd::grad({determinant.sum()}, {z})[0]; });
  const at::NoGradGuard no_gradient;
  const Tensor log_density = density->latents().log_density(samples);
  const Tensor values = determinant.detach() - log_density;
  const Tensor which = at::isfinite(values);
  const Tensor finite = values.masked_select(which);
  LATENTPATH_CHECK(finite.numel() >= 2, kNumerical,
                   "the density of images is not finite at samples of the prior");
  double spread = finite.std().item<double>();
  const double size = finite.abs().max().item<double>();
  if (!(spread > 1e-9 * std::max(1.0, size))) spread = 1;  // the same everywhere: a constant of the cost
  const double denser =
      density->latents().log_maximum().value_or(0) - log_density.masked_select(which).max().item<double>();
  const double allowance = density->latents().log_maximum() ? std::max(0.0, denser) : 0;
  auto potential = std::make_shared<DensityPotential>(
      density, finite.min().item<double>() - allowance - spread, spread / 10);
  if (density->estimated())
    potential->notes_.push_back(
        join_message("½ log det JᵀJ of ", samples.size(1), " latents is estimated from ",
                     density->stochastic().probes, " random directions: standard error ",
                     figure_text(at::nanmedian(error).item<double>(), 2), " at samples of the prior"));
  const Tensor of_map = determinant.detach().masked_select(which);
  const double varies = (of_map.max() - of_map.min()).item<double>();
  if (!density->estimated() && varies > 1e-6 * std::max(1.0, size) &&
      (!slope.defined() || slope.eq(0).all().item<bool>()))
    potential->notes_.push_back(density->embedding()->describe() +
                                " is linear between its kinks (ReLU without a smooth output?): ½ log det JᵀJ "
                                "changes in steps and has no "
                                "gradient, so that density regularisation follows the density of the latents "
                                "and chooses among first paths "
                                "by the rest");
  return potential;
}

DensityAlong density_along(const DataDensity& density, const std::function<Tensor(const Tensor&)>& curve,
                           int64_t frames) {
  const at::NoGradGuard no_gradient;
  const Tensor points = curve(uniform_times(frames - 1));  // [pairs, F, D]
  // One pair at a time: how a model rounds depends on the batch, and a pair's figures not on its neighbours.
  std::vector<Tensor> rows, errors;
  for (int64_t pair = 0; pair < points.size(0); ++pair) {
    errors.emplace_back();
    rows.push_back(density.negative_log(points[pair], &errors.back()));
  }
  const Tensor values = at::stack(rows), error = at::stack(errors).mean(1);
  const Tensor ends = 0.5 * (values.select(1, 0) + values.select(1, frames - 1));
  return {values, (values.sum(1) - ends) / static_cast<double>(frames - 1), values.amax(1),
          density.estimated() ? error : Tensor()};
}

}  // namespace latentpath
