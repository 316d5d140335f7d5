#include "latentpath/metric/norm_rank.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

constexpr double kNothing = -std::numeric_limits<double>::infinity();

/// log of the density of χ²_D at s > 0.
double log_chi_square_density(double dim, double s) {
  return (0.5 * dim - 1) * std::log(0.5 * s) - 0.5 * s - std::log(2.0) - std::lgamma(0.5 * dim);
}

struct LogTails {
  double lower, upper;  // log P(a, x), log Q(a, x)
};

/// The regularised incomplete gamma functions at (a, x), x > 0, by their logarithms: the series of P below
/// a + 1, the continued fraction of Q above, by Lentz's method (Press et al., Numerical Recipes, §6.2).
LogTails log_gamma_tails(double a, double x) {
  const double front = a * std::log(x) - x - std::lgamma(a);
  const auto other = [](double log_p) { return std::log1p(-std::min(std::exp(log_p), 1.0)); };
  if (x < a + 1) {
    double term = 1 / a, sum = term;
    for (double n = a + 1; term > 1e-17 * sum; n += 1) sum += term *= x / n;
    const double lower = std::min(front + std::log(sum), 0.0);
    return {lower, other(lower)};
  }
  const double tiny = 1e-300;
  double b = x + 1 - a, c = 1 / tiny, d = 1 / b, fraction = d;
  for (int i = 1; i < 100'000; ++i) {
    const double numerator = -i * (i - a);
    b += 2;
    d = numerator * d + b;
    if (std::abs(d) < tiny) d = tiny;
    c = b + numerator / c;
    if (std::abs(c) < tiny) c = tiny;
    d = 1 / d;
    const double factor = d * c;
    fraction *= factor;
    if (std::abs(factor - 1) < 1e-15) break;
  }
  const double upper = std::min(front + std::log(fraction), 0.0);
  return {other(upper), upper};
}

/// The other solution of e^y − y = e^t − t: below 0 where t is above, and the reverse.
double partner(double t) {
  // Both sides are parabolas there, and their difference has no digits left.
  if (std::abs(t) < 1e-3) return -t - t * t / 3;
  const double level = std::expm1(t) - t;  // e^y − 1 − y
  double y = t > 0 ? -(1 + level) : std::log1p(level + std::log1p(level)) + 1;
  for (int i = 0; i < 100; ++i) {  // convex, from its far side: Newton's iteration is monotone
    const double step = (std::expm1(y) - y - level) / std::expm1(y);
    y -= step;
    if (std::abs(step) < 1e-15 * (1 + std::abs(y))) break;
  }
  return y;
}

double log_sum(double a, double b) {
  if (std::isinf(a) || std::isinf(b)) return std::max(a, b);
  return std::max(a, b) + std::log1p(std::exp(-std::abs(a - b)));
}

}  // namespace

double least_strange_norm(int64_t dim) { return dim > 2 ? std::sqrt(static_cast<double>(dim - 2)) : 0; }

NormRank norm_rank(int64_t dim, double norm) {
  LATENTPATH_CHECK(dim >= 1, kArgument, "a norm has a rank in dimensions from 1 on, not in ", dim);
  LATENTPATH_CHECK(norm >= 0 && std::isfinite(norm), kArgument,
                   "a norm must be a number of at least 0 to have a rank, not ", norm);
  const auto d = static_cast<double>(dim);
  const double m = d - 1, s = norm * norm;
  // h in u = 1 + s is ½(m log u − u): one-sided where its maximum, u = m, is not above u = 1.
  double inner = -1, outer = s;           // squared norms of equal h; inner < 0: none
  double inner_rate = 0, outer_rate = 1;  // how fast they move with s
  const bool inside = m > 1 && 1 + s < m;
  if (m > 1) {
    const double t = std::log((1 + s) / m), y = partner(t);
    const double there = m * std::exp(y) - 1;
    const double rate = std::abs(t) < 1e-9 ? 1 : std::abs(std::expm1(-t) / std::expm1(-y));
    (inside ? outer : inner) = there;
    (inside ? outer_rate : inner_rate) = rate;
    if (inside) inner = s, inner_rate = 1;
  }
  NormRank rank;
  double rate = kNothing;  // log of the density that crosses the two ends as s moves
  rank.log_rank = kNothing;
  if (inner > 0) {
    rank.log_rank = log_gamma_tails(0.5 * d, 0.5 * inner).lower;
    rate = log_chi_square_density(d, inner) + std::log(inner_rate);
  }
  if (outer > 0) {
    rank.log_rank = log_sum(rank.log_rank, log_gamma_tails(0.5 * d, 0.5 * outer).upper);
    rate = log_sum(rate, log_chi_square_density(d, outer) + std::log(outer_rate));
  } else {
    rank.log_rank = 0;
  }
  rank.log_rank = std::min(rank.log_rank, 0.0);
  if (norm > 0)
    rank.slope = (inside ? 2 : -2) * std::exp(std::log(norm) + rate - rank.log_rank);
  else if (dim == 1)
    rank.slope = -std::sqrt(2 / M_PI);  // of 2(1 − Φ_N(ρ))
  return rank;
}

}  // namespace latentpath
