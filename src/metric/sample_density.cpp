#include "latentpath/metric/sample_density.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <opencv2/core.hpp>

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

/// Draws of OpenCV's own generator, from a seed, with the generator left as it was.
class SeededOpenCv {
 public:
  explicit SeededOpenCv(uint64_t seed) : before_(cv::theRNG().state) { cv::theRNG().state = seed + 1; }
  ~SeededOpenCv() { cv::theRNG().state = before_; }
  SeededOpenCv(const SeededOpenCv&) = delete;
  SeededOpenCv& operator=(const SeededOpenCv&) = delete;

 private:
  uint64_t before_;
};

/// k centres by k-means++ and Lloyd's iteration (cv::kmeans), as the class of every sample: [n] int64.
Tensor k_means(const Tensor& samples, int64_t k, uint64_t seed) {
  const Tensor single = samples.to(at::kFloat).contiguous();
  const cv::Mat data(static_cast<int>(samples.size(0)), static_cast<int>(samples.size(1)), CV_32F,
                     single.data_ptr<float>());
  const SeededOpenCv seeded(seed + static_cast<uint64_t>(k));
  cv::Mat label;
  cv::kmeans(data, static_cast<int>(k), label, {cv::TermCriteria::COUNT + cv::TermCriteria::EPS, 30, 1e-3}, 3,
             cv::KMEANS_PP_CENTERS);
  return at::from_blob(label.data, {samples.size(0)}, at::kInt).to(at::kLong);
}

/// Whitened samples [n, D] → a mixture of k full Gaussians, in whitened coordinates: expectation maximisation
/// from k-means. Every covariance has a thousandth of all samples' variance added, without which a component
/// around few samples would collapse onto them.
GaussianMixture fit_mixture(const Tensor& samples, int64_t k, uint64_t seed) {
  const int64_t n = samples.size(0), dim = samples.size(1);
  const Tensor ridge = 1e-3 * at::eye(dim, at::kDouble);
  const auto maximise = [&](const Tensor& share) {  // share [n, k]: of each sample in each component
    const Tensor mass = share.sum(0).clamp_min(1e-6);
    const Tensor means = share.t().matmul(samples) / mass.unsqueeze(1);
    std::vector<Tensor> covariances;
    for (int64_t j = 0; j < k; ++j) {
      const Tensor away = samples - means[j];
      covariances.push_back(away.t().matmul(share.select(1, j).unsqueeze(1) * away) / mass[j] + ridge);
    }
    return GaussianMixture(mass, means, at::stack(covariances));
  };
  GaussianMixture mixture = maximise(k == 1 ? at::ones({n, 1}, at::kDouble)
                                            : at::one_hot(k_means(samples, k, seed), k).to(at::kDouble));
  if (k == 1) return mixture;
  double before = -INFINITY;
  for (int iteration = 0; iteration < 100; ++iteration) {
    const Tensor joint = mixture.component_log_densities(samples), all = at::logsumexp(joint, 1, true);
    const double likelihood = all.mean().item<double>();
    if (likelihood - before < 1e-4) break;  // nats a sample: far below what held-out samples can tell apart
    before = likelihood;
    mixture = maximise(at::exp(joint - all));
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

SampleDensity fit_density(const Tensor& samples, const SampleDensityOptions& options) {
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
  const at::NoGradGuard no_gradient;
  auto generator = make_generator(options.seed);
  const int64_t n = std::min(samples.size(0), options.most_samples);
  const Tensor order = at::randperm(samples.size(0), generator, at::kLong).narrow(0, 0, n);
  const Tensor x = samples.detach().to(at::kCPU, at::kDouble).index_select(0, order);

  // Everything is fitted to whitened samples: k-means, the ridge and the bandwidths have no other scale.
  const Tensor mean = x.mean(0);
  Tensor deviation = x.std(0);
  const double typical = deviation.mean().item<double>();
  LATENTPATH_CHECK(typical > 0, kArgument, "the latent samples are all equal");
  deviation = at::where(deviation > 0, deviation, at::full_like(deviation, typical));
  const Tensor standard = (x - mean) / deviation;
  // The ridge is for coordinates that never change, or only together.
  const Tensor correlation =
      standard.t().matmul(standard) / static_cast<double>(n - 1) + 1e-8 * at::eye(dim, at::kDouble);
  const Tensor root = at::linalg_cholesky(correlation);
  const Tensor white =
      at::linalg_solve_triangular(root, standard.t().contiguous(), /*upper=*/false).t().contiguous();
  const Tensor factor = deviation.unsqueeze(1) * root;  // x = mean + factor · white
  const double log_volume = factor.diagonal().log().sum().item<double>();

  const int64_t judging =
      std::clamp<int64_t>(std::llround(options.held_out * static_cast<double>(n)), 1, n - 1);
  const Tensor judges = white.narrow(0, 0, judging), training = white.narrow(0, judging, n - judging);
  SampleDensity result;
  result.samples = n;
  struct Fit {
    int64_t components = 0;  // 0: kernels
    double bandwidth = 0;
    Tensor judged;  // log-likelihood of every held-out sample
  };
  std::vector<Fit> fits;  // beside result.candidates
  double best = -INFINITY;
  const auto consider = [&](std::string name, const Density& density, int64_t components, double bandwidth) {
    const Tensor judged = density.log_density(judges) - log_volume;  // in the samples' own coordinates
    const double value = judged.mean().item<double>();
    result.candidates.push_back({std::move(name), value});
    fits.push_back({components, bandwidth, judged});
    const bool better = value > best;
    best = std::max(best, value);
    return better;
  };
  // Twice the components, until that does not help twice in a row: the likelihood of what was held out has
  // its maximum then. A component has as many samples as free parameters in a row of its covariance, or more.
  int without_gain = 0;
  for (int64_t k = 1; k <= options.most_components && without_gain < 2; k *= 2) {
    if (k > 1 && training.size(0) < 2 * k * (dim + 1)) break;
    without_gain =
        consider(mixture_name(k), fit_mixture(training, k, options.seed), k, 0) ? 0 : without_gain + 1;
  }
  // Bandwidths around Scott's rule, which is right for one Gaussian: several modes want less.
  const Tensor kernels = training.narrow(0, 0, std::min(training.size(0), options.most_kernels));
  const Tensor unit = at::eye(dim, at::kDouble);
  const double scott = std::pow(static_cast<double>(kernels.size(0)), -1.0 / static_cast<double>(dim + 4));
  for (const double factor_of_scott : {1.4, 1.0, 0.7, 0.5, 0.35, 0.25, 0.18, 0.125, 0.09}) {
    const double h = factor_of_scott * scott;
    const double before = result.candidates.back().log_likelihood;
    consider(kernel_name(h), *kernel_density(kernels, unit, h), 0, h);
    if (factor_of_scott < 1 && result.candidates.back().log_likelihood < before) break;
  }

  // The simplest estimate that the held-out samples cannot tell from the best one: within one standard error
  // of the mean difference (Breiman et al., Classification and Regression Trees, 1984, §3.4.3).
  size_t winner = 0, choice = 0;
  for (size_t i = 0; i < fits.size(); ++i)
    if (result.candidates[i].log_likelihood == best) winner = i;
  for (choice = 0; choice < winner; ++choice) {
    if (fits[choice].components == 0) continue;  // one bandwidth is no simpler than another
    const Tensor lead = fits[winner].judged - fits[choice].judged;
    const double error = lead.std().item<double>() / std::sqrt(static_cast<double>(judging));
    if (lead.mean().item<double>() <= error) break;
  }
  // Fitted to all samples, in their own coordinates.
  const Fit& chosen = fits[choice];
  result.chosen = result.candidates[choice].name;
  if (chosen.components > 0) {
    const GaussianMixture fitted = fit_mixture(white, chosen.components, options.seed);
    result.density = std::make_shared<GaussianMixture>(
        fitted.weights(), mean + fitted.means().matmul(factor.t()),
        factor.matmul(fitted.covariances()).matmul(factor.t()), result.chosen + " fitted to samples");
  } else {
    result.is_kernel_estimate = true;
    result.density =
        kernel_density(x.narrow(0, 0, std::min(n, options.most_kernels)), factor, chosen.bandwidth);
  }
  return result;
}

std::string SampleDensity::sentence() const {
  std::ostringstream text;
  text << std::setprecision(5) << "the density of " << samples << " samples is a " << chosen
       << ", the simplest within one standard error of the best held-out log-likelihood (nats a sample):";
  for (size_t i = 0; i < candidates.size(); ++i)
    text << (i ? "; " : " ") << candidates[i].name << " " << candidates[i].log_likelihood;
  return text.str();
}

RankOptions SampleDensity::rank_options(uint64_t seed) const {
  RankOptions options;
  options.seed = seed;
  if (is_kernel_estimate) options.samples = 20'000;
  return options;
}

}  // namespace latentpath
