// Included once by each pair_kernels_<set>.cpp, which defines LATENTPATH_LANES (doubles in a vector) and
// LATENTPATH_ROWS (rows of a register block) and turns on the instructions. See pair_kernels.h.

#include "kernel/dense/pair_kernels.h"

namespace latentpath::detail {
namespace {

constexpr int W = LATENTPATH_LANES;
typedef double V __attribute__((vector_size(8 * W), aligned(8), may_alias));
typedef int64_t I __attribute__((vector_size(8 * W)));

#define LATENTPATH_INLINE inline __attribute__((always_inline))

LATENTPATH_INLINE V load(const double* p) { return *reinterpret_cast<const V*>(p); }
LATENTPATH_INLINE void store(double* p, V v) { *reinterpret_cast<V*>(p) = v; }
LATENTPATH_INLINE V all(double x) { return V{} + x; }
LATENTPATH_INLINE V larger(V a, V b) { return a > b ? a : b; }
LATENTPATH_INLINE V absolute(V a) { return (V)((I)a & (I)all(__builtin_nan("0x7ffffffffffff"))); }
LATENTPATH_INLINE double sum(V v) {
  double total = 0;
  for (int l = 0; l < W; ++l) total += v[l];
  return total;
}
LATENTPATH_INLINE double largest(V v) {
  double best = v[0];
  for (int l = 1; l < W; ++l) best = v[l] > best ? v[l] : best;
  return best;
}
LATENTPATH_INLINE double smallest(V v) { return -largest(-v); }

LATENTPATH_INLINE V root(V v) {
#if LATENTPATH_LANES == 8
  return (V)_mm512_maskz_sqrt_pd(0xff, (__m512d)v);  // the unmasked one makes GCC 12 warn
#elif LATENTPATH_LANES == 4
  return (V)_mm256_sqrt_pd((__m256d)v);
#elif defined(__SSE2__)
  return (V)_mm_sqrt_pd((__m128d)v);
#else
  for (int l = 0; l < W; ++l) v[l] = __builtin_sqrt(v[l]);
  return v;
#endif
}

// Adding and subtracting 1.5 · 2^52 rounds to a whole number, which then stands in the low bits.
constexpr double kRounder = 6755399441055744.0;

// eˣ − 1 and eˣ for x ≤ 0: x = n ln 2 + r, |r| ≤ ½ ln 2, and 13 terms of the series, whose remainder is 1e-17
// of r. Below −708, where eˣ is hardly a normal number, as at −708.
LATENTPATH_INLINE void exponential(V x, V& minus_one, V& plain) {
  x = larger(x, all(-708.0));
  const V shifted = x * 1.4426950408889634 + kRounder;
  const V n = shifted - kRounder;
  // ln 2 in two parts, the first short enough for n times it to be exact.
  const V r = (x - n * 0x1.62e42fee00000p-1) - n * 0x1.a39ef35793c76p-33;
  V p = all(1.0 / 6227020800.0);
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  p = p * (r * r) + r;
  const V power = (V)(((I)shifted << 52) + (I)all(1.0));
  minus_one = power * p + (power - 1.0);
  plain = power * p + power;
}

// Sine and cosine for |x| up to about 1e9, error below 1e-16 + 1e-16 |x|·2^-30: x = n π/2 + r.
LATENTPATH_INLINE void sine_cosine(V x, V& sine, V& cosine) {
  const V shifted = x * 0.63661977236758134 + kRounder;
  const V n = shifted - kRounder;
  // π/2 in three parts of 33 bits and the rest.
  V r = x - n * 0x1.921fb54400000p+0;
  r = r - n * 0x1.0b4611a600000p-34;
  r = r - n * 0x1.3198a2e037073p-69;
  const V s = r * r;
  V a = all(1.0 / 355687428096000.0);
  a = a * s - 1.0 / 1307674368000.0;
  a = a * s + 1.0 / 6227020800.0;
  a = a * s - 1.0 / 39916800.0;
  a = a * s + 1.0 / 362880.0;
  a = a * s - 1.0 / 5040.0;
  a = a * s + 1.0 / 120.0;
  a = a * s - 1.0 / 6.0;
  const V sin_r = a * (s * r) + r;
  V b = all(-1.0 / 6402373705728000.0);
  b = b * s + 1.0 / 20922789888000.0;
  b = b * s - 1.0 / 87178291200.0;
  b = b * s + 1.0 / 479001600.0;
  b = b * s - 1.0 / 3628800.0;
  b = b * s + 1.0 / 40320.0;
  b = b * s - 1.0 / 720.0;
  b = b * s + 1.0 / 24.0;
  const V cos_r = b * (s * s) + (1.0 - 0.5 * s);
  const I quadrant = (I)shifted;
  const I odd = (quadrant & 1) != 0;
  const V sin_part = odd ? cos_r : sin_r, cos_part = odd ? sin_r : cos_r;
  sine = (quadrant & 2) != 0 ? -sin_part : sin_part;
  cosine = ((quadrant + 1) & 2) != 0 ? -cos_part : cos_part;
}

// g(ρ²) and q = 2 dg/d(ρ²). Where points coincide, the families with a kink at 0 have q = 0.
template <int Family>
LATENTPATH_INLINE void evaluate(V r2, const KernelCoefficients& kernel, V& g, V& q) {
  if constexpr (Family == kGaussianFamily) {
    V minus_one, plain;
    exponential(r2 * -kernel.values[0], minus_one, plain);
    g = -minus_one;
    q = plain * (2 * kernel.values[0]);
    for (int l = 1; l < kernel.count; ++l) {
      exponential(r2 * -kernel.values[l], minus_one, plain);
      g -= minus_one;
      q += plain * (2 * kernel.values[l]);
    }
  } else if constexpr (Family == kInverseMultiquadricFamily) {
    // 1/v − 1/u = ρ²/(u v (u + v)) with u² = ρ² + c, v² = c.
    const double c = kernel.values[0], v = __builtin_sqrt(c);
    const V u2 = r2 + c, u = root(u2);
    const V reciprocal = 1.0 / (u2 * u);
    g = r2 * u2 * reciprocal / (v * (u + v));
    q = reciprocal;
  } else {
    const V safe = larger(r2, all(1e-300));
    const V r = root(safe);
    if constexpr (Family == kLaplaceFamily) {
      V minus_one, plain;
      exponential(r * -kernel.values[0], minus_one, plain);
      g = -minus_one;
      q = plain * kernel.values[0] / r;
    } else {
      g = r;
      q = 1.0 / r;
    }
    q = r2 > 1e-300 ? q : all(0);
    g = r2 > 1e-300 ? g : all(0);
  }
}

// ---------------------------------------------------------------------------------------------------------
// Narrow tiles: a block of points a in registers against vectors of points b.

template <int Family, int D, bool Diagonal>
void narrow(const TiledPoints& points, const KernelCoefficients& kernel, int64_t a, int64_t b, PairSums& sums,
            double* force) {
  constexpr int R = D <= 2 ? 4 : 2;
  const int64_t tile = points.tile;
  const double *za = points.coordinates + a * D * tile, *zb = points.coordinates + b * D * tile;
  const double *sa = points.weights + a * tile, *sb = points.weights + b * tile;
  double *fa = force + a * D * tile, *fb = force + b * D * tile;
  double value = 0, total = 0;
  for (int64_t i = 0; i < tile; i += R) {
    V own[R][D], gap[R], gap_absolute[R];
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      gap[r] = gap_absolute[r] = V{};
#pragma GCC unroll 4
      for (int k = 0; k < D; ++k) own[r][k] = V{};
    }
    for (int64_t j = 0; j < tile; j += W) {
      const V s = load(sb + j), s_absolute = absolute(s);
      V z[D], f[D];
#pragma GCC unroll 4
      for (int k = 0; k < D; ++k) {
        z[k] = load(zb + k * tile + j);
        if constexpr (!Diagonal) f[k] = load(fb + k * tile + j);
      }
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) {
        V difference[D], r2 = V{};
#pragma GCC unroll 4
        for (int k = 0; k < D; ++k) {
          difference[k] = za[k * tile + i + r] - z[k];
          r2 = k == 0 ? difference[k] * difference[k] : r2 + difference[k] * difference[k];
        }
        V g, q;
        evaluate<Family>(r2, kernel, g, q);
        gap[r] += s * g;
        gap_absolute[r] += s_absolute * g;
        const V on_a = s * q;
#pragma GCC unroll 4
        for (int k = 0; k < D; ++k) own[r][k] += on_a * difference[k];
        if constexpr (!Diagonal) {
          const V on_b = sa[i + r] * q;
#pragma GCC unroll 4
          for (int k = 0; k < D; ++k) f[k] -= on_b * difference[k];
        }
      }
      if constexpr (!Diagonal) {
#pragma GCC unroll 4
        for (int k = 0; k < D; ++k) store(fb + k * tile + j, f[k]);
      }
    }
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      value += sa[i + r] * sum(gap[r]);
      total += __builtin_fabs(sa[i + r]) * sum(gap_absolute[r]);
#pragma GCC unroll 4
      for (int k = 0; k < D; ++k) fa[k * tile + i + r] += sum(own[r][k]);
    }
  }
  const double share = Diagonal ? 0.5 : 1;  // a diagonal tile has met each pair twice
  sums.value += share * value;
  sums.absolute += share * total;
}

template <int Family, int D>
void narrow_either(const TiledPoints& p, const KernelCoefficients& kernel, int64_t a, int64_t b,
                   PairSums& sums, double* force) {
  if (a == b)
    narrow<Family, D, true>(p, kernel, a, b, sums, force);
  else
    narrow<Family, D, false>(p, kernel, a, b, sums, force);
}

template <int Family>
void narrow_family(const TiledPoints& p, const KernelCoefficients& kernel, int64_t a, int64_t b,
                   PairSums& sums, double* force) {
  switch (p.dim) {
    case 1:
      return narrow_either<Family, 1>(p, kernel, a, b, sums, force);
    case 2:
      return narrow_either<Family, 2>(p, kernel, a, b, sums, force);
    case 3:
      return narrow_either<Family, 3>(p, kernel, a, b, sums, force);
    default:
      return narrow_either<Family, 4>(p, kernel, a, b, sums, force);
  }
}

void narrow_tile(const TiledPoints& p, const KernelCoefficients& kernel, int64_t a, int64_t b, PairSums& sums,
                 double* force) {
  switch (kernel.family) {
    case kGaussianFamily:
      return narrow_family<kGaussianFamily>(p, kernel, a, b, sums, force);
    case kInverseMultiquadricFamily:
      return narrow_family<kInverseMultiquadricFamily>(p, kernel, a, b, sums, force);
    case kLaplaceFamily:
      return narrow_family<kLaplaceFamily>(p, kernel, a, b, sums, force);
    default:
      return narrow_family<kEnergyFamily>(p, kernel, a, b, sums, force);
  }
}

// ---------------------------------------------------------------------------------------------------------
// Wide tiles: squared distances and forces as matrix products.

// C[m][n] (+)= Σ_k A(m, k) B[k][n], A(m, k) = a[m · row + k · column]. m is a multiple of LATENTPATH_ROWS, n
// of 2 W; a block of rows × 2 vectors stays in registers.
template <bool Accumulate>
void multiply(int64_t rows, int64_t columns, int64_t depth, const double* a, int64_t a_row, int64_t a_column,
              const double* b, int64_t b_row, double* c, int64_t c_row) {
  constexpr int M = LATENTPATH_ROWS;
  for (int64_t n = 0; n < columns; n += 2 * W) {
    for (int64_t m = 0; m < rows; m += M) {
      V block[M][2];
#pragma GCC unroll 16
      for (int r = 0; r < M; ++r) block[r][0] = block[r][1] = V{};
      const double *from = a + m * a_row, *other = b + n;
      for (int64_t k = 0; k < depth; ++k, from += a_column, other += b_row) {
        const V left = load(other), right = load(other + W);
#pragma GCC unroll 16
        for (int r = 0; r < M; ++r) {
          const double x = from[r * a_row];
          block[r][0] += x * left;
          block[r][1] += x * right;
        }
      }
#pragma GCC unroll 16
      for (int r = 0; r < M; ++r) {
        double* to = c + (m + r) * c_row + n;
        if constexpr (Accumulate) {
          store(to, load(to) + block[r][0]);
          store(to + W, load(to + W) + block[r][1]);
        } else {
          store(to, block[r][0]);
          store(to + W, block[r][1]);
        }
      }
    }
  }
}

// ‖x‖² + ‖y‖² − 2⟨x, y⟩ cancels for points much nearer to each other than to the centre, and so does the
// force as the difference of two products: below this share of ‖x‖² + ‖y‖², where 6 bits are lost, both are
// computed from differences instead. A point's pair with itself is one of these.
constexpr double kCancellation = 1.0 / 64;

template <int Family>
void wide(const TiledPoints& p, const KernelCoefficients& kernel, int64_t a, int64_t b, PairSums& sums,
          double* rows, double* coefficients, double* scratch) {
  const int64_t tile = p.tile, dim = p.dim, stride = p.stride;
  const double *za = p.coordinates + a * dim * tile, *zb = p.coordinates + b * dim * tile;
  const double *sa = p.weights + a * tile, *sb = p.weights + b * tile;
  const double *na = p.squared_norms + a * tile, *nb = p.squared_norms + b * tile;
  double *ca = coefficients + a * tile, *cb = coefficients + b * tile;
  double *rows_a = rows + a * tile * stride, *rows_b = rows + b * tile * stride;
  multiply<false>(tile, tile, dim, za, 1, tile, zb, tile, scratch, tile);
  double others[kMostTile];  // s_b, 0 for the near points of a row
  for (int64_t j = 0; j < tile; ++j) others[j] = sb[j];
  int64_t near[kMostTile];
  double value = 0, total = 0;
  for (int64_t i = 0; i < tile; ++i) {
    double* row = scratch + i * tile;
    V worst = all(1);
    for (int64_t j = 0; j < tile; j += W) {
      const V both = na[i] + load(nb + j);
      const V r2 = both - 2.0 * load(row + j);
      const V margin = r2 - kCancellation * both;
      worst = margin < worst ? margin : worst;
      store(row + j, r2);
    }
    int64_t near_count = 0;
    if (smallest(worst) <= 0) {
      for (int64_t j = 0; j < tile; ++j) {
        if (row[j] > kCancellation * (na[i] + nb[j])) continue;
        double exact = 0;
        for (int64_t k = 0; k < dim; ++k) {
          const double difference = za[k * tile + i] - zb[k * tile + j];
          exact += difference * difference;
        }
        row[j] = exact;
        others[j] = 0;
        near[near_count++] = j;
      }
    }
    V gap = V{}, gap_absolute = V{}, coefficient = V{};
    for (int64_t j = 0; j < tile; j += W) {
      const V s = load(sb + j);
      V g, q;
      evaluate<Family>(load(row + j), kernel, g, q);
      gap += s * g;
      gap_absolute += absolute(s) * g;
      coefficient += load(others + j) * q;
      store(row + j, q);
    }
    // Sums over the rest go into the products; near points act by themselves. Both count as Σ q s z with a
    // minus sign.
    for (int64_t n = 0; n < near_count; ++n) {
      const int64_t j = near[n];
      const double on_a = sb[j] * row[j], on_b = sa[i] * row[j];
      for (int64_t k = 0; k < dim; ++k) {
        const double difference = za[k * tile + i] - zb[k * tile + j];
        rows_a[i * stride + k] -= on_a * difference;
        if (a != b) rows_b[j * stride + k] += on_b * difference;
      }
      row[j] = 0;
      others[j] = sb[j];
    }
    if (a != b)
      for (int64_t j = 0; j < tile; j += W) store(cb + j, load(cb + j) + sa[i] * load(row + j));
    value += sa[i] * sum(gap);
    total += __builtin_fabs(sa[i]) * sum(gap_absolute);
    ca[i] += sum(coefficient);
  }
  multiply<true>(tile, stride, tile, scratch, tile, 1, p.weighted_rows + b * tile * stride, stride, rows_a,
                 stride);
  if (a != b)
    multiply<true>(tile, stride, tile, scratch, 1, tile, p.weighted_rows + a * tile * stride, stride, rows_b,
                   stride);
  const double share = a == b ? 0.5 : 1;
  sums.value += share * value;
  sums.absolute += share * total;
}

void wide_tile(const TiledPoints& p, const KernelCoefficients& kernel, int64_t a, int64_t b, PairSums& sums,
               double* rows, double* coefficients, double* scratch) {
  switch (kernel.family) {
    case kGaussianFamily:
      return wide<kGaussianFamily>(p, kernel, a, b, sums, rows, coefficients, scratch);
    case kInverseMultiquadricFamily:
      return wide<kInverseMultiquadricFamily>(p, kernel, a, b, sums, rows, coefficients, scratch);
    case kLaplaceFamily:
      return wide<kLaplaceFamily>(p, kernel, a, b, sums, rows, coefficients, scratch);
    default:
      return wide<kEnergyFamily>(p, kernel, a, b, sums, rows, coefficients, scratch);
  }
}

// ---------------------------------------------------------------------------------------------------------
// Random Fourier features.

LATENTPATH_INLINE V phase(const double* coordinates, int64_t count, int64_t dim, const double* frequency,
                          int64_t i) {
  V angle = frequency[0] * load(coordinates + i);
  for (int64_t k = 1; k < dim; ++k) angle += frequency[k] * load(coordinates + k * count + i);
  return angle;
}

void feature_sums(const double* coordinates, const double* weights, int64_t count, int64_t dim,
                  const double* frequencies, int64_t features, double* sums) {
  for (int64_t f = 0; f < features; ++f) {
    V re = V{}, im = V{};
    for (int64_t i = 0; i < count; i += W) {
      V sine, cosine;
      sine_cosine(phase(coordinates, count, dim, frequencies + f * dim, i), sine, cosine);
      const V s = load(weights + i);
      re += s * cosine;
      im += s * sine;
    }
    sums[2 * f] += sum(re);
    sums[2 * f + 1] += sum(im);
  }
}

void feature_gradient(const double* coordinates, int64_t count, int64_t dim, const double* frequencies,
                      const double* sums, int64_t features, double* gradient) {
  for (int64_t f = 0; f < features; ++f) {
    const double *frequency = frequencies + f * dim, re = sums[2 * f], im = sums[2 * f + 1];
    for (int64_t i = 0; i < count; i += W) {
      V sine, cosine;
      sine_cosine(phase(coordinates, count, dim, frequency, i), sine, cosine);
      const V slope = im * cosine - re * sine;
      for (int64_t k = 0; k < dim; ++k) {
        double* to = gradient + k * count + i;
        store(to, load(to) + frequency[k] * slope);
      }
    }
  }
}

// ---------------------------------------------------------------------------------------------------------
// The soft minimum of entropic optimal transport.

void log_sum_exp(const double* targets, int64_t target_count, const double* coordinates,
                 const double* offsets, int64_t count, int64_t dim, double scale, double* result,
                 double* mean) {
  constexpr int64_t kBlock = 256;
  double exponent[kBlock];
  for (int64_t t = 0; t < target_count; ++t) {
    const double* x = targets + t * dim;
    double* centre = mean == nullptr ? nullptr : mean + t * dim;
    if (centre != nullptr)
      for (int64_t k = 0; k < dim; ++k) centre[k] = 0;
    // A running maximum keeps every exponential at most 1; the sums are rescaled when it rises.
    double highest = -__builtin_inf(), total = 0;
    for (int64_t first = 0; first < count; first += kBlock) {
      const int64_t size = count - first < kBlock ? count - first : kBlock;
      V most = all(-__builtin_inf());
      for (int64_t j = 0; j < size; j += W) {
        V r2 = V{};
        for (int64_t k = 0; k < dim; ++k) {
          const V difference = x[k] - load(coordinates + k * count + first + j);
          r2 += difference * difference;
        }
        const V e = load(offsets + first + j) - scale * r2;
        store(exponent + j, e);
        most = larger(e, most);
      }
      const double block_highest = largest(most);
      if (block_highest == -__builtin_inf()) continue;
      if (block_highest > highest) {
        const double factor = total == 0 ? 0 : __builtin_exp(highest - block_highest);
        total *= factor;
        if (centre != nullptr)
          for (int64_t k = 0; k < dim; ++k) centre[k] *= factor;
        highest = block_highest;
      }
      V part = V{};
      for (int64_t j = 0; j < size; j += W) {
        V minus_one, plain;
        const V e = load(exponent + j) - highest;
        exponential(e, minus_one, plain);
        plain = e > -700.0 ? plain : all(0);
        part += plain;
        store(exponent + j, plain);
      }
      total += sum(part);
      if (centre == nullptr) continue;
      for (int64_t k = 0; k < dim; ++k) {
        V moment = V{};
        for (int64_t j = 0; j < size; j += W)
          moment += load(exponent + j) * load(coordinates + k * count + first + j);
        centre[k] += sum(moment);
      }
    }
    result[t] = highest + __builtin_log(total);
    if (centre != nullptr)
      for (int64_t k = 0; k < dim; ++k) centre[k] /= total;
  }
}

const PairKernels kKernels{LATENTPATH_SET, narrow_tile,      wide_tile,
                           feature_sums,   feature_gradient, log_sum_exp};

}  // namespace
}  // namespace latentpath::detail
