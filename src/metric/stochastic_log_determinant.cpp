#include "latentpath/metric/stochastic_log_determinant.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/core/parallel.h"
#include "latentpath/core/random.h"
#include "metric/bend.h"

namespace latentpath {
namespace {

/// Points, times probes, of one product.
constexpr int64_t kProductsPerBatch = 1024;
/// A residual of this share of the largest entry is rounding: the Krylov space ends here.
constexpr double kEnds = 1e-11;
/// Steps after which it is first looked at whether a point needs more; then after twice as many, and so on.
constexpr int64_t kFirstLook = 16;
/// Eigenvalues of S below this share of the largest say nothing of the gradient.
constexpr double kNegligible = 1e-12;

/// Lanczos' method on A = JᵀJ + δI from every probe at every point: A Q = Q T + β q eᵀ. Past the last step
/// that a point takes, T goes on with its first entry, cut off from the rest.
struct Lanczos {
  Tensor basis;     // Q [n, m, k, D], orthonormal rows
  Tensor diagonal;  // α [n, m, k]
  Tensor off;       // β [n, m, k − 1]
  Tensor bracket;   // [n]: what steps not taken can make of vᵀ log(A) v / D, mean over the probes
};

/// A u at points z [n, D] for u [n, m, D].
Tensor product(const Embedding& embedding, const Tensor& z, double regularisation, const Tensor& u) {
  const int64_t n = u.size(0), probes = u.size(1), dim = u.size(2);
  const Tensor points = z.repeat_interleave(probes, 0), flat = u.reshape({n * probes, dim});
  const Tensor pushed = embedding.jvp(points, flat.to(z.scalar_type()));
  return embedding.vjp(points, pushed).to(at::kDouble).view({n, probes, dim}) + regularisation * u;
}

/// T [n, m, k, k].
Tensor tridiagonal(const Tensor& diagonal, const Tensor& off) {
  Tensor matrix = at::diag_embed(diagonal);
  if (off.size(2) > 0) matrix = matrix + at::diag_embed(off, 1) + at::diag_embed(off, -1);
  return matrix;
}

/// Ritz values θ [n, m, k] at least δ, below which A has no eigenvalue, and eigenvectors of T [n, m, k, k];
/// NaN where T is not finite, which eigenvalue solvers do not take.
struct Ritz {
  Tensor values, vectors;
};
Ritz ritz_of(const Tensor& matrix, double regularisation) {
  const Tensor finite = at::isfinite(matrix).flatten(2).all(2).view({matrix.size(0), matrix.size(1), 1, 1});
  const auto [values, vectors] = at::linalg_eigh(at::where(finite, matrix, at::zeros_like(matrix)));
  const Tensor none = at::full({}, std::nan(""), matrix.options());
  return {at::where(finite.squeeze(3), values.clamp_min(regularisation), none), vectors};
}

/// Σ_j τ_j² f(θ_j), τ the first components.
Tensor quadrature(const Ritz& ritz, const Tensor& f) {
  return (ritz.vectors.select(2, 0).square() * f).sum(2);
}

/// The lower bound of the same by Gauss–Radau: T with one more row, such that δ is an eigenvalue.
Tensor radau(const Tensor& diagonal, const Tensor& off, const Tensor& last_off, const Tensor& matrix,
             double regularisation) {
  const int64_t steps = matrix.size(2);
  const Tensor last = at::zeros({steps, 1}, at::kDouble);
  last[steps - 1][0] = 1;
  // α' = δ + β² eᵀ(T − δI)⁻¹e. Where β is 0 the row is cut off, and whatever stands there has no weight;
  // where T has the eigenvalue δ itself, nothing is lacking.
  const Tensor shifted = matrix - regularisation * at::eye(steps, at::kDouble);
  const Tensor right = last.expand({matrix.size(0), matrix.size(1), steps, 1}).contiguous();
  const Tensor solved = std::get<0>(at::linalg_solve_ex(shifted, right)).select(2, steps - 1).squeeze(2);
  const Tensor raised = last_off.square() * solved;
  const Tensor corner = regularisation + at::where(at::isfinite(raised), raised, at::zeros_like(raised));
  const Ritz ritz = ritz_of(
      tridiagonal(at::cat({diagonal, corner.unsqueeze(2)}, 2), at::cat({off, last_off.unsqueeze(2)}, 2)),
      regularisation);
  return quadrature(ritz, ritz.values.log());
}

/// What k steps give at most beyond what they are sure of: Gauss' quadrature less Gauss–Radau's, mean over
/// the probes [n]; and the spread of the former's mean.
std::pair<Tensor, Tensor> bracket_and_spread(const Tensor& diagonal, const Tensor& off,
                                             const Tensor& last_off, double regularisation) {
  const Tensor matrix = tridiagonal(diagonal, off);
  const Ritz ritz = ritz_of(matrix, regularisation);
  const Tensor gauss = quadrature(ritz, ritz.values.log());
  const Tensor width = (gauss - radau(diagonal, off, last_off, matrix, regularisation)).mean(1).clamp_min(0);
  return {width, gauss.std(1, /*unbiased=*/true) / std::sqrt(static_cast<double>(gauss.size(1)))};
}

/// The coefficients found so far, and at which step each point ended.
class LanczosRun {
 public:
  LanczosRun(const Embedding& embedding, const Tensor& z, double regularisation, const Tensor& probes,
             double tolerance)
      : embedding_(embedding),
        z_(z),
        regularisation_(regularisation),
        tolerance_(tolerance),
        q_(probes.expand({z.size(0), probes.size(0), probes.size(1)}) /
           std::sqrt(static_cast<double>(probes.size(1)))),
        size_(at::zeros({z.size(0), probes.size(0)}, at::kDouble)),
        ended_at_(at::zeros({z.size(0)}, at::kLong)),
        bracket_(at::zeros({z.size(0)}, at::kDouble)) {}

  Lanczos run(int64_t most) {
    int64_t next = kFirstLook;
    for (int64_t step = 1; step <= most && ended_at_.eq(0).any().item<bool>(); ++step) {
      advance();
      if (step < most && step < next) continue;
      look(step, step == most);
      next *= 2;
    }
    const int64_t steps = static_cast<int64_t>(diagonal_.size());
    const Tensor number = at::arange(1, steps + 1, at::kLong).view({1, 1, steps});
    const Tensor ended = ended_at_.view({-1, 1, 1});
    Lanczos found{at::stack(basis_, 2), at::stack(diagonal_, 2), off_until(steps), bracket_};
    found.diagonal = at::where(number <= ended, found.diagonal, found.diagonal.narrow(2, 0, 1));
    found.off = at::where(number.narrow(2, 0, steps - 1) < ended, found.off, at::zeros_like(found.off));
    return found;
  }

 private:
  Tensor off_until(int64_t steps) const {
    const std::vector<Tensor> some(off_.begin(), off_.begin() + steps - 1);
    return some.empty() ? at::zeros({q_.size(0), q_.size(1), 0}, at::kDouble) : at::stack(some, 2);
  }

  void advance() {
    basis_.push_back(q_);
    const Tensor image = product(embedding_, z_, regularisation_, q_);
    // Past the end of the Krylov space q is 0; the first entry stands there, and has no weight.
    const Tensor alpha = (image * q_).sum(2);
    diagonal_.push_back(diagonal_.empty() ? alpha
                                          : at::where(q_.abs().amax(2).eq(0), diagonal_.front(), alpha));
    size_ = at::maximum(size_, alpha.abs());
    const Tensor all = at::stack(basis_, 2);  // [n, m, steps, D]
    Tensor residual = image;
    for (int twice = 0; twice < 2; ++twice)  // once leaves rounding errors behind that grow
      residual =
          residual - at::matmul(at::matmul(residual.unsqueeze(2), all.transpose(2, 3)), all).squeeze(2);
    const Tensor beta = residual.norm(2, {2});
    off_.push_back(at::where(beta > kEnds * size_, beta, at::zeros_like(beta)));
    q_ = at::where(off_.back().unsqueeze(2) > 0, residual / beta.clamp_min(1e-300).unsqueeze(2),
                   at::zeros_like(residual));
  }

  /// Points whose bracket no longer matters beside their spread have had their last step, each by itself.
  void look(int64_t step, bool last) {
    const auto [width, spread] =
        bracket_and_spread(at::stack(diagonal_, 2), off_until(step), off_.back(), regularisation_);
    const Tensor running = ended_at_.eq(0);
    const Tensor ends = running.logical_and((width <= tolerance_ * spread).logical_or(at::isnan(width)));
    const Tensor now = last ? running : ends;
    ended_at_ = at::where(now, at::full_like(ended_at_, step), ended_at_);
    bracket_ = at::where(now, width, bracket_);
  }

  const Embedding& embedding_;
  const Tensor z_;
  const double regularisation_, tolerance_;
  Tensor q_, size_, ended_at_, bracket_;
  std::vector<Tensor> basis_, diagonal_, off_;
};

/// S [n, D, D], by which d ½ log det = ⟨S, dA⟩: the mean over the probes of ½ D Q Y (τ τᵀ ∘ Ψ) Yᵀ Qᵀ, Ψ the
/// divided differences of the logarithm.
Tensor slope_matrix(const Lanczos& found, const Ritz& ritz) {
  const Tensor a = ritz.values.unsqueeze(3), b = ritz.values.unsqueeze(2);
  const Tensor apart = a - b, close = apart.abs() <= 1e-8 * at::maximum(a, b);
  const Tensor divided =
      at::where(close, 2 / (a + b), (a / b).log() / at::where(close, at::ones_like(apart), apart));
  const Tensor first = ritz.vectors.select(2, 0);
  const Tensor inner = first.unsqueeze(3) * first.unsqueeze(2) * divided;
  const Tensor vectors = at::matmul(ritz.vectors.transpose(2, 3), found.basis);  // Ritz vectors [n, m, k, D]
  const double factor = 0.5 * static_cast<double>(found.basis.size(3));
  return factor * at::matmul(at::matmul(vectors.transpose(2, 3), inner), vectors).mean(1);
}

/// ∂_z ⟨S, JᵀJ⟩ with S held fixed: 2 Σ_r ⟨J s_r, ∂J s_r⟩ over S = Σ_r s_r s_rᵀ.
Tensor slope(const Embedding& embedding, const Tensor& z, const Tensor& matrix) {
  // A point without a number keeps its NaN, and its neighbours their gradients.
  const Tensor finite = at::isfinite(matrix).flatten(1).all(1);
  const auto [values, vectors] =
      at::linalg_eigh(at::where(finite.view({-1, 1, 1}), matrix, at::eye(z.size(1), at::kDouble)));
  const Tensor kept = (values > kNegligible * values.amax(1, true)).sum(1).amax();
  const int64_t n = z.size(0), dim = z.size(1), most = kept.item<int64_t>();
  const Tensor directions = (vectors * values.clamp_min(0).sqrt().unsqueeze(1))
                                .narrow(2, dim - most, most)
                                .transpose(1, 2)
                                .contiguous();  // [n, r, D]
  const Tensor points = z.repeat_interleave(most, 0);
  const Tensor pushed = embedding.jvp(points, directions.reshape({n * most, dim}).to(z.scalar_type()));
  const Tensor found = 2 * bend(embedding, z, directions, pushed.reshape({n, most, -1}));
  return at::where(finite.view({-1, 1}), found, at::full({}, std::nan(""), at::kDouble));
}

struct Part {
  Tensor value, standard_error, lost, gradient;
};

Part estimate_part(const Embedding& embedding, const Tensor& z, double regularisation, const Tensor& probes,
                   const StochasticLogDeterminantOptions& options, bool wanted) {
  const Lanczos found = LanczosRun(embedding, z, regularisation, probes, options.tolerance)
                            .run(std::min(options.steps, z.size(1)));
  const Ritz ritz = ritz_of(tridiagonal(found.diagonal, found.off), regularisation);
  const double half = 0.5 * static_cast<double>(z.size(1));
  const Tensor each = half * quadrature(ritz, ritz.values.log());  // [n, m]
  const Tensor spread = each.var(1, /*unbiased=*/true) / static_cast<double>(each.size(1));
  Part part{each.mean(1),
            (spread + (half * found.bracket).square()).sqrt(),
            regularisation * 2 * half * quadrature(ritz, ritz.values.reciprocal()).mean(1),
            {}};
  if (wanted) part.gradient = slope(embedding, z, slope_matrix(found, ritz));
  return part;
}

}  // namespace

LogDeterminantEstimate estimate_half_log_determinant(const Embedding& embedding, const Tensor& z,
                                                     double regularisation,
                                                     const StochasticLogDeterminantOptions& options) {
  LATENTPATH_CHECK(regularisation > 0, kArgument,
                   "an estimate of det JᵀJ needs a regularisation above 0, not ", regularisation);
  LATENTPATH_CHECK(options.probes >= 2, kArgument, "an estimate of det JᵀJ needs at least 2 probes, not ",
                   options.probes, ": its error is their spread");
  LATENTPATH_CHECK(options.steps >= 1, kArgument, "Lanczos' method needs at least 1 step, not ",
                   options.steps);
  const bool wanted = at::GradMode::is_enabled() && z.requires_grad();
  const int64_t n = z.size(0), dim = z.size(1);
  if (n == 0) return {at::zeros({0}, at::kDouble), at::zeros({0}, at::kDouble), at::zeros({0}, at::kDouble)};
  auto generator = make_generator(options.seed);
  const Tensor probes =
      2 * at::randint(2, {options.probes, dim}, generator, at::TensorOptions(at::kDouble)) - 1;
  const int64_t rows = std::max<int64_t>(1, kProductsPerBatch / std::max(options.probes, wanted ? dim : 1));
  const int64_t chunks = (n + rows - 1) / rows;
  std::vector<Part> parts(static_cast<size_t>(chunks));
  run_tasks(embedding.concurrent(), chunks, [&](int64_t chunk) {
    const at::NoGradGuard no_gradient;
    const Tensor part = z.detach().narrow(0, chunk * rows, std::min(rows, n - chunk * rows));
    parts[static_cast<size_t>(chunk)] =
        estimate_part(embedding, part, regularisation, probes, options, wanted);
  });
  const auto all = [&](Tensor Part::*what) {
    std::vector<Tensor> list;
    for (const Part& part : parts) list.push_back(part.*what);
    return at::cat(list);
  };
  LogDeterminantEstimate estimate{all(&Part::value), all(&Part::standard_error), all(&Part::lost)};
  // The value, with the gradient that was found: z − z is 0, and has derivative 1.
  if (wanted)
    estimate.value = estimate.value + (all(&Part::gradient) * (z - z.detach()).to(at::kDouble)).sum(1);
  return estimate;
}

}  // namespace latentpath
