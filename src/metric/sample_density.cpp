#include "latentpath/metric/sample_density.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <iomanip>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"

namespace latentpath {
namespace {

constexpr double kLogTwoPi = 1.8378770664093454836;

/// log Σ_i exp(−½ ‖z − x_i‖²) in whitened units, for each z; points against all kernels in tiles.
class LogKernelSum final : public torch::autograd::Function<LogKernelSum> {
 public:
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& z, const Tensor& kernels) {
    context->save_for_backward({z, kernels});
    return tiled(z, [&](const Tensor& tile) { return at::logsumexp(exponents(tile, kernels), 1); });
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradient) {
    const auto saved = context->get_saved_variables();
    // Towards the kernels' mean, each weighted by its share of the sum; differentiable again.
    const Tensor pull = tiled(saved[0], [&](const Tensor& tile) {
      return at::softmax(exponents(tile, saved[1]), 1).matmul(saved[1]) - tile;
    });
    return {gradient[0].unsqueeze(1) * pull, Tensor()};
  }

 private:
  template <typename Function>
  static Tensor tiled(const Tensor& z, const Function& function) {
    std::vector<Tensor> parts;
    for (const Tensor& tile : z.split(128)) parts.push_back(function(tile));
    return at::cat(parts);
  }
  static Tensor exponents(const Tensor& z, const Tensor& kernels) {
    const Tensor square = z.square().sum(1, true) + kernels.square().sum(1);
    return z.matmul(kernels.t()) - 0.5 * square;
  }
};

class KernelDensity final : public Density {
 public:
  KernelDensity(const Tensor& points, const Tensor& factor, double bandwidth)
      : points_(points), factor_(bandwidth * factor) {
    const int64_t dim = points.size(1);
    whitening_ =
        at::linalg_solve_triangular(factor_, at::eye(dim, at::kDouble), /*upper=*/false).t().contiguous();
    centre_ = points.mean(0);  // differences of squares keep their digits near the origin
    kernels_ = (points_ - centre_).matmul(whitening_).contiguous();
    log_constant_ = -std::log(static_cast<double>(points.size(0))) -
                    0.5 * kLogTwoPi * static_cast<double>(dim) -
                    factor_.diagonal().log().sum().item<double>();
    name_ = join_message("kernel estimate from ", points.size(0), " samples, bandwidth ", bandwidth);
  }
  Tensor log_density(const Tensor& z) const override {
    LATENTPATH_CHECK(z.dim() == 2 && z.size(1) == dim(), kArgument, name_, " takes points of shape [n, ",
                     dim(), "], not ", shape_string(z.sizes()));
    return LogKernelSum::apply((z.to(at::kDouble) - centre_).matmul(whitening_), kernels_) + log_constant_;
  }
  Tensor sample(int64_t count, at::Generator& generator) const override {
    const Tensor which = at::randint(points_.size(0), {count}, generator, at::kLong);
    const Tensor noise = at::randn({count, dim()}, generator, at::kDouble);
    return points_.index_select(0, which) + noise.matmul(factor_.t());
  }
  int64_t dim() const override { return points_.size(1); }
  std::string describe() const override { return join_message(name_, ", D = ", dim()); }

 private:
  Tensor points_, factor_, whitening_, centre_, kernels_;
  double log_constant_ = 0;
  std::string name_;
};

/// k of the samples as first centres, each drawn with a probability in proportion to its squared distance
/// from those drawn before it (k-means++, Arthur and Vassilvitskii 2007): [k, D].
Tensor spread_centres(const Tensor& samples, int64_t k, at::Generator& generator) {
  const int64_t count = samples.size(0);
  const Tensor draws = at::rand({k}, generator, at::kDouble);
  std::vector<Tensor> centres{
      samples[static_cast<int64_t>(draws[0].item<double>() * static_cast<double>(count))]};
  Tensor square;
  for (int64_t j = 1; j < k; ++j) {
    const Tensor away = (samples - centres.back()).square().sum(1, false, at::kDouble);
    square = square.defined() ? at::minimum(square, away) : away;
    const Tensor mass = square.cumsum(0);
    const Tensor which = at::searchsorted(mass, (draws[j] * mass[-1]).reshape({1}));
    centres.push_back(samples[which.clamp_max(count - 1).item<int64_t>()]);
  }
  return at::stack(centres);
}

/// k classes by Lloyd's iteration from spread_centres(), the tightest of three tries: [n] int64. A class may
/// stay empty where samples repeat.
Tensor k_means(const Tensor& samples, int64_t k, uint64_t seed) {
  constexpr int kTries = 3, kMostIterations = 30;
  constexpr float kMoved = 1e-3F;  // in units of the samples' deviation
  auto generator = make_generator(seed + static_cast<uint64_t>(k));
  const Tensor x = samples.to(at::kFloat);
  Tensor best;
  double least = INFINITY;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    Tensor centres = spread_centres(x, k, generator), label;
    double spread = 0;
    for (int iteration = 0; iteration < kMostIterations; ++iteration) {
      Tensor distance;
      std::tie(distance, label) = at::cdist(x, centres).min(1);
      spread = distance.square().sum(at::kDouble).item<double>();
      const Tensor members = at::bincount(label, {}, k).to(at::kFloat).unsqueeze(1);
      const Tensor sums = at::zeros_like(centres).index_add(0, label, x);
      const Tensor means = at::where(members > 0, sums / members.clamp_min(1), centres);
      const float moved = (means - centres).norm(2, {1}).max().item<float>();
      centres = means;
      if (moved < kMoved) break;
    }
    if (spread >= least) continue;
    least = spread;
    best = label;
  }
  return best;
}

/// A mixture while it is being fitted: weights [k], means [k, D], covariances [k, D, D].
struct Components {
  Tensor weights, means, covariances;
  int64_t size() const { return weights.size(0); }
};

/// log(π_j N(x; μ_j, Σ_j)) of every sample and component, [n, k], but for a constant: single precision is
/// enough to share samples out, and half the work.
Tensor joint_log_densities(const Components& mixture, const Tensor& samples) {
  const int64_t k = mixture.size(), dim = samples.size(1);
  const Tensor factors = at::linalg_cholesky(mixture.covariances);
  const Tensor inverse = at::linalg_solve_triangular(
      factors, at::eye(dim, at::kDouble).expand({k, dim, dim}).contiguous(), /*upper=*/false);
  const Tensor shift = -at::matmul(inverse, mixture.means.unsqueeze(2)).flatten();
  const Tensor whitened =
      at::addmm(shift.to(at::kFloat), samples, inverse.reshape({k * dim, dim}).t().to(at::kFloat));
  const Tensor constant =
      (mixture.weights / mixture.weights.sum()).log() - factors.diagonal(0, 1, 2).log().sum(1);
  return constant.to(at::kFloat) - 0.5 * whitened.view({samples.size(0), k, dim}).square().sum(2);
}

/// The mixture of largest likelihood where share [n, k] of each sample belongs to each component. Every
/// covariance has a thousandth of all samples' variance added, without which a component around few samples
/// would collapse onto them.
Components maximise(const Tensor& samples, const Tensor& share) {
  const int64_t dim = samples.size(1), k = share.size(1);
  const Tensor ridge = 1e-3 * at::eye(dim, at::kDouble);
  std::vector<Tensor> mass, means, covariances;
  for (int64_t j = 0; j < k; ++j) {
    // In many dimensions nearly every sample belongs to one component alone.
    const Tensor rows = (share.select(1, j) > 1e-6).nonzero().squeeze(1);
    const Tensor own = share.select(1, j).index_select(0, rows).to(at::kDouble).unsqueeze(1);
    const Tensor x = samples.index_select(0, rows).to(at::kDouble);
    mass.push_back(own.sum().clamp_min(1e-6));
    means.push_back((own * x).sum(0) / mass.back());
    const Tensor away = x - means.back();
    covariances.push_back((own * away).t().matmul(away) / mass.back() + ridge);
  }
  return {at::stack(mass), at::stack(means), at::stack(covariances)};
}

/// Whitened samples [n, D] in single precision → a mixture of k full Gaussians, in whitened coordinates:
/// expectation maximisation from k-means, or from a mixture that was fitted to a part of the samples.
Components fit_mixture(const Tensor& samples, int64_t k, uint64_t seed, const Components* from = nullptr) {
  // In nats a sample: below what held-out samples tell apart.
  constexpr double kTolerance = 1e-3;
  constexpr int kMostIterations = 60;
  if (k == 1) return maximise(samples, at::ones({samples.size(0), 1}, at::kFloat));
  Components mixture =
      from != nullptr ? *from : maximise(samples, at::one_hot(k_means(samples, k, seed), k).to(at::kFloat));
  double before = -INFINITY;
  for (int iteration = 0; iteration < kMostIterations; ++iteration) {
    const Tensor joint = joint_log_densities(mixture, samples), all = at::logsumexp(joint, 1, true);
    const double likelihood = all.mean().item<double>();
    if (likelihood - before < kTolerance) break;
    before = likelihood;
    mixture = maximise(samples, at::exp(joint - all));
  }
  return mixture;
}

std::string mixture_name(int64_t k) {
  return k == 1 ? "one Gaussian" : join_message("mixture of ", k, " Gaussians");
}

std::string kernel_name(double bandwidth) {
  return join_message("kernel estimate, bandwidth ", std::setprecision(3), bandwidth);
}

}  // namespace

DensityPointer kernel_density(const Tensor& points, const Tensor& factor, double bandwidth) {
  LATENTPATH_CHECK(points.dim() == 2 && points.numel() > 0 &&
                       factor.sizes() == at::IntArrayRef({points.size(1), points.size(1)}),
                   kArgument, "a kernel density takes points [n, D] and a factor [D, D], not ",
                   shape_string(points.sizes()), " and ", shape_string(factor.sizes()));
  LATENTPATH_CHECK(bandwidth > 0, kArgument, "the bandwidth of a kernel density must be positive, not ",
                   bandwidth);
  return std::make_shared<KernelDensity>(points.detach().to(at::kDouble), factor.detach().to(at::kDouble),
                                         bandwidth);
}

namespace {

void check_samples(const Tensor& samples, const SampleDensityOptions& options) {
  LATENTPATH_CHECK(samples.dim() == 2 && samples.numel() > 0 && samples.is_floating_point(), kArgument,
                   "latent samples must be floating numbers of shape [n, D], not of shape ",
                   shape_string(samples.sizes()));
  const int64_t dim = samples.size(1), least = 10 + 2 * dim;
  LATENTPATH_CHECK(samples.size(0) >= least, kArgument, "a density in ", dim, " dimensions needs at least ",
                   least, " samples, not ", samples.size(0));
  LATENTPATH_CHECK(at::isfinite(samples).all().item<bool>(), kArgument,
                   "latent samples must not be NaN or infinite");
  LATENTPATH_CHECK(options.most_components >= 1 && options.most_samples >= least &&
                       options.most_kernels >= 1 && options.held_out > 0 && options.held_out < 1,
                   kArgument,
                   "a sample density needs most_components and most_kernels of at least 1, most_samples ",
                   "of at least ", least, " and a share held_out between 0 and 1");
}

/// Samples in coordinates in which their covariance is the identity: k-means, the ridge and the bandwidths
/// have no other scale.
struct Whitened {
  Tensor points, mean, factor;  // x = mean + factor · points

  explicit Whitened(const Tensor& x) : mean(x.mean(0)) {
    Tensor deviation = x.std(0);
    const double typical = deviation.mean().item<double>();
    LATENTPATH_CHECK(typical > 0, kArgument, "the latent samples are all equal");
    deviation = at::where(deviation > 0, deviation, at::full_like(deviation, typical));
    const Tensor standard = (x - mean) / deviation;
    // The ridge is for coordinates that never change, or only together.
    const Tensor correlation = standard.t().matmul(standard) / static_cast<double>(x.size(0) - 1) +
                               1e-8 * at::eye(x.size(1), at::kDouble);
    const Tensor root = at::linalg_cholesky(correlation);
    points = at::linalg_solve_triangular(root, standard.t().contiguous(), /*upper=*/false).t().contiguous();
    factor = deviation.unsqueeze(1) * root;
  }
  double log_volume() const { return factor.diagonal().log().sum().item<double>(); }
};

GaussianMixture as_mixture(const Components& fitted, const std::string& name) {
  return {fitted.weights, fitted.means, fitted.covariances, name};
}

/// The estimates that are tried on one part of the samples and compared on the other.
class Candidates {
 public:
  Candidates(const Whitened& white, const SampleDensityOptions& options, const ProgressObserver& progress)
      : options_(options), progress_(progress), log_volume_(white.log_volume()) {
    const int64_t n = white.points.size(0);
    const int64_t judging =
        std::clamp<int64_t>(std::llround(options.held_out * static_cast<double>(n)), 1, n - 1);
    validation_ = white.points.narrow(0, 0, judging);
    training_ = white.points.narrow(0, judging, n - judging);
  }

  /// Twice the components, until that does not help twice in a row: the likelihood of what was held out has
  /// its maximum then. A component has as many samples as free parameters in a row of its covariance, or
  /// more.
  void try_mixtures() {
    const Tensor single = training_.to(at::kFloat).contiguous();
    int without_gain = 0;
    for (int64_t k = 1; k <= options_.most_components && without_gain < 2; k *= 2) {
      if (k > 1 && training_.size(0) < 2 * k * (training_.size(1) + 1)) break;
      report(mixture_name(k));
      const Components fitted = fit_mixture(single, k, options_.seed);
      const bool better =
          consider(mixture_name(k), as_mixture(fitted, mixture_name(k)).log_density(validation_), fitted, 0);
      without_gain = better ? 0 : without_gain + 1;
    }
  }

  /// Bandwidths around Scott's rule, which is right for one Gaussian: several modes want less.
  void try_kernels() {
    report("kernel estimates");
    const Tensor kernels = training_.narrow(0, 0, std::min(training_.size(0), options_.most_kernels));
    const auto count = static_cast<double>(kernels.size(0)), dim = static_cast<double>(kernels.size(1));
    const double scott = std::pow(count, -1.0 / (dim + 4));
    const Tensor half_square = -0.5 * at::cdist(validation_, kernels).square();  // of all bandwidths
    for (const double factor_of_scott : {1.4, 1.0, 0.7, 0.5, 0.35, 0.25, 0.18, 0.125, 0.09}) {
      const double h = factor_of_scott * scott;
      const double before = tried.back().log_likelihood;
      const Tensor held_out =
          at::logsumexp(half_square / (h * h), 1) - std::log(count) - dim * (0.5 * kLogTwoPi + std::log(h));
      consider(kernel_name(h), held_out, {}, h);
      if (factor_of_scott < 1 && tried.back().log_likelihood < before) break;
    }
  }

  /// The simplest estimate that the held-out samples cannot tell from the best one: within one standard error
  /// of the mean difference (Breiman et al., Classification and Regression Trees, 1984, §3.4.3).
  size_t choice() const {
    size_t winner = 0, choice = 0;
    for (size_t i = 0; i < fits.size(); ++i)
      if (tried[i].log_likelihood == best_) winner = i;
    for (; choice < winner; ++choice) {
      if (fits[choice].bandwidth > 0) continue;  // one bandwidth is no simpler than another
      const Tensor lead = fits[winner].held_out - fits[choice].held_out;
      const double error = lead.std().item<double>() / std::sqrt(static_cast<double>(validation_.size(0)));
      if (lead.mean().item<double>() <= error) break;
    }
    return choice;
  }

  struct Fit {
    Components mixture;
    double bandwidth = 0;  // 0: a mixture
    Tensor held_out;       // log-likelihood of every held-out sample
  };
  std::vector<Fit> fits;
  std::vector<DensityCandidate> tried;  // beside `fits`

 private:
  bool consider(std::string name, const Tensor& log_density, Components mixture, double bandwidth) {
    const Tensor held_out = log_density - log_volume_;  // in the samples' own coordinates
    const double value = held_out.mean().item<double>();
    tried.push_back({std::move(name), value});
    fits.push_back({std::move(mixture), bandwidth, held_out});
    const bool better = value > best_;
    best_ = std::max(best_, value);
    return better;
  }
  void report(const std::string& what) const {
    const auto done = static_cast<int64_t>(tried.size());
    if (progress_)
      progress_({.stage = "density of the samples: " + what,
                 .done = done,
                 .total = done + 1,
                 .activity = Activity::kPrior});
  }

  const SampleDensityOptions& options_;
  const ProgressObserver& progress_;
  double log_volume_, best_ = -INFINITY;
  Tensor validation_, training_;
};

}  // namespace

SampleDensity fit_density(const Tensor& samples, const SampleDensityOptions& options,
                          const ProgressObserver& progress) {
  check_samples(samples, options);
  const at::NoGradGuard no_gradient;
  auto generator = make_generator(options.seed);
  const int64_t n = std::min(samples.size(0), options.most_samples);
  const Tensor order = at::randperm(samples.size(0), generator, at::kLong).narrow(0, 0, n);
  const Tensor x = samples.detach().to(at::kCPU, at::kDouble).index_select(0, order);
  const Whitened white(x);
  Candidates candidates(white, options, progress);
  candidates.try_mixtures();
  if (!options.mixtures_only) candidates.try_kernels();

  // Fitted to all samples, in their own coordinates.
  const size_t choice = candidates.choice();
  const Candidates::Fit& chosen = candidates.fits[choice];
  SampleDensity result;
  result.samples = n;
  result.candidates = candidates.tried;
  result.chosen = candidates.tried[choice].name;
  if (chosen.bandwidth == 0) {
    const Components fitted = fit_mixture(white.points.to(at::kFloat).contiguous(), chosen.mixture.size(),
                                          options.seed, &chosen.mixture);
    result.density =
        std::make_shared<GaussianMixture>(fitted.weights, white.mean + fitted.means.matmul(white.factor.t()),
                                          white.factor.matmul(fitted.covariances).matmul(white.factor.t()),
                                          result.chosen + " fitted to samples");
    result.operations = chosen.mixture.size() * x.size(1) * x.size(1);
  } else {
    result.is_kernel_estimate = true;
    const Tensor kernels = x.narrow(0, 0, std::min(n, options.most_kernels));
    result.density = kernel_density(kernels, white.factor, chosen.bandwidth);
    result.operations = kernels.numel();
  }
  return result;
}

std::string SampleDensity::sentence() const {
  std::ostringstream text;
  text << std::setprecision(5) << "the density of " << samples << " samples is "
       << (is_kernel_estimate || chosen.rfind("mixture", 0) == 0 ? "a " : "") << chosen
       << ", the simplest within one standard error of the best held-out log-likelihood (nats a sample):";
  for (size_t i = 0; i < candidates.size(); ++i)
    text << (i ? "; " : " ") << candidates[i].name << " " << candidates[i].log_likelihood;
  return text.str();
}

RankOptions SampleDensity::rank_options(uint64_t seed) const {
  RankOptions options;
  options.seed = seed;
  // As many draws as take about a second.
  constexpr double kMostOperations = 5e9;
  const double affordable = kMostOperations / static_cast<double>(std::max<int64_t>(1, operations));
  options.samples = static_cast<int64_t>(
      std::clamp(affordable, 10'000.0, is_kernel_estimate ? 20'000.0 : static_cast<double>(options.samples)));
  return options;
}

}  // namespace latentpath
