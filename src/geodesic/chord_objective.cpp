#include "chord_objective.h"

#include <algorithm>
#include <cmath>

namespace latentpath::detail {

ChordObjective::ChordObjective(const WeightedMetric& metric, double time_weight, int quadrature)
    : metric_(metric),
      time_weight_(time_weight),
      quadrature_(static_cast<std::size_t>(quadrature)),
      dim_(static_cast<std::size_t>(metric.latent_dim())),
      outputs_(static_cast<std::size_t>(metric.chart().output_dim())),
      weight_(metric.quality(), metric.epsilon()),
      expansion_(metric.chart().make_expansion()) {}

bool ChordObjective::has_curvatures() const {
  const auto& map = metric_.quality().map();
  return metric_.chart().has_curvatures() && (!map || map->has_curvatures());
}

double ChordObjective::rounding() const {
  const auto& map = metric_.quality().map();
  return 4 * std::max(metric_.chart().rounding(), map ? map->rounding() : 0.0);
}

void ChordObjective::quadrature_points(const double* nodes) {
  const std::size_t q = quadrature_, total = segments_ * q;
  points_.resize(total * dim_);
  if (times_.size() != total) {
    times_.resize(total);
    for (std::size_t p = 0; p < total; ++p)
      times_[p] = (static_cast<double>(p) + 0.5) / static_cast<double>(total);
  }
  double* point = points_.data();
  for (std::size_t i = 0; i < segments_; ++i) {
    const double *a = nodes + i * dim_, *b = a + dim_;
    for (std::size_t k = 0; k < q; ++k) {
      const double s = (static_cast<double>(k) + 0.5) / static_cast<double>(q);
      for (std::size_t j = 0; j < dim_; ++j) *point++ = (1 - s) * a[j] + s * b[j];
    }
  }
}

double ChordObjective::sum_cost(const double* x, const double* squares) {
  const double delta = 1 / static_cast<double>(segments_);
  d_.resize(segments_ * outputs_);
  c_.resize(segments_);
  w_.resize(segments_);
  charge_.resize(segments_);
  double sum = 0;
  for (std::size_t i = 0; i < segments_; ++i) {
    double c = 0;
    for (std::size_t k = 0; k < outputs_; ++k) {
      const double d = x[(i + 1) * outputs_ + k] - x[i * outputs_ + k];
      d_[i * outputs_ + k] = d;
      c += d * d;
    }
    double w = 0;
    if (squares) {
      for (std::size_t k = 0; k < quadrature_; ++k) w += squares[i * quadrature_ + k];
      w /= static_cast<double>(quadrature_);
    } else {
      w = weight_.constant_weight() * weight_.constant_weight();
    }
    c_[i] = c;
    w_[i] = w;
    charge_[i] = time_weight_ * delta + c / delta;
    sum += w * charge_[i];
  }
  return sum;
}

double ChordObjective::cost(const double* nodes) {
  ++evaluations_;
  x_.resize((segments_ + 1) * outputs_);
  metric_.chart().values(segments_ + 1, nodes, nullptr, x_.data());
  if (weight_.constant()) return sum_cost(x_.data(), nullptr);
  quadrature_points(nodes);
  squares_.resize(segments_ * quadrature_);
  weight_.weights(squares_.size(), points_.data(), times_.data(), squares_.data());
  for (double& n : squares_) n *= n;
  return sum_cost(x_.data(), squares_.data());
}

double ChordObjective::expand(const double* nodes) {
  ++evaluations_;
  const std::size_t n = segments_, d = dim_, m = outputs_, q = quadrature_;
  nodes_.assign(nodes, nodes + (n + 1) * d);
  expansion_->expand(n + 1, nodes, nullptr);
  curvatures_ready_ = weight_blocks_ready_ = false;
  double sum = 0;
  if (weight_.constant()) {
    sum = sum_cost(expansion_->values(), nullptr);
  } else {
    quadrature_points(nodes);
    weight_.expand(n * q, points_.data(), times_.data());
    sum = sum_cost(expansion_->values(), weight_.squares().data());
    slope_a_.assign(n * d, 0);
    slope_b_.assign(n * d, 0);
    const double* gradient = weight_.gradients().data();
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = 0; k < q; ++k, gradient += d) {
        const double s = (static_cast<double>(k) + 0.5) / static_cast<double>(q);
        const double on_b = s / static_cast<double>(q), on_a = (1 - s) / static_cast<double>(q);
        for (std::size_t j = 0; j < d; ++j) {
          slope_a_[i * d + j] += on_a * gradient[j];
          slope_b_[i * d + j] += on_b * gradient[j];
        }
      }
  }
  const double two_over_delta = 2 * static_cast<double>(n);
  residual_.assign((n + 1) * m, 0);
  for (std::size_t i = 1; i < n; ++i)
    for (std::size_t k = 0; k < m; ++k)
      residual_[i * m + k] = two_over_delta * (w_[i - 1] * d_[(i - 1) * m + k] - w_[i] * d_[i * m + k]);
  return sum;
}

void ChordObjective::gradient(double* g) {
  const std::size_t n = segments_, d = dim_;
  jt_residual_.resize((n + 1) * d);
  expansion_->pull(residual_.data(), jt_residual_.data());
  std::copy(jt_residual_.begin() + static_cast<std::ptrdiff_t>(d),
            jt_residual_.end() - static_cast<std::ptrdiff_t>(d), g);
  if (weight_.constant()) return;
  for (std::size_t i = 1; i < n; ++i)
    for (std::size_t j = 0; j < d; ++j)
      g[(i - 1) * d + j] += charge_[i - 1] * slope_b_[(i - 1) * d + j] + charge_[i] * slope_a_[i * d + j];
}

// D, M: dimensions known at compile time, 0 where they are not.
template <int D, int M>
void ChordObjective::assemble(HessianKind kind, bool laplacian_only, BlockTridiagonal& h) {
  const std::size_t n = segments_, d = D ? D : dim_, m = M ? M : outputs_, dd = d * d;
  const double two_over_delta = 2 * static_cast<double>(n);
  const double* jacobians = expansion_->jacobians();
  const bool newton = kind == HessianKind::kNewton && !laplacian_only;
  if (newton && !curvatures_ready_) {
    curvature_.resize((n + 1) * dd);
    expansion_->curvatures(residual_.data(), curvature_.data());
    curvatures_ready_ = true;
  }
  h.resize(n - 1, d);
  for (std::size_t i = 1; i < n; ++i) {
    const double* j = jacobians + i * m * d;
    const double scale = two_over_delta * (w_[i - 1] + w_[i]);
    double* out = h.diagonal(i - 1);
    for (std::size_t r = 0; r < d; ++r)
      for (std::size_t c = 0; c <= r; ++c) {
        double sum = 0;
        for (std::size_t k = 0; k < m; ++k) sum += j[k * d + r] * j[k * d + c];
        out[r * d + c] = out[c * d + r] = scale * sum;
      }
    if (newton)
      for (std::size_t e = 0; e < dd; ++e) out[e] += curvature_[i * dd + e];
    if (i + 1 == n) break;
    const double* next = j + m * d;
    const double coupling = -two_over_delta * w_[i];
    double* upper = h.upper(i - 1);
    for (std::size_t r = 0; r < d; ++r)
      for (std::size_t c = 0; c < d; ++c) {
        double sum = 0;
        for (std::size_t k = 0; k < m; ++k) sum += j[k * d + r] * next[k * d + c];
        upper[r * d + c] = coupling * sum;
      }
  }
  if (laplacian_only || weight_.constant()) return;

  if (newton && !weight_blocks_ready_) {
    bend_aa_.assign(n * dd, 0);
    bend_ab_.assign(n * dd, 0);
    bend_bb_.assign(n * dd, 0);
    const double* hessian = weight_.hessians().data();
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t k = 0; k < quadrature_; ++k, hessian += dd) {
        const double q = static_cast<double>(quadrature_), s = (static_cast<double>(k) + 0.5) / q;
        const double aa = (1 - s) * (1 - s) / q, ab = s * (1 - s) / q, bb = s * s / q;
        for (std::size_t e = 0; e < dd; ++e) {
          bend_aa_[i * dd + e] += aa * hessian[e];
          bend_ab_[i * dd + e] += ab * hessian[e];
          bend_bb_[i * dd + e] += bb * hessian[e];
        }
      }
    weight_blocks_ready_ = true;
  }
  // Cross terms: p_a = −(2/Δ) J_aᵀd, p_b = (2/Δ) J_bᵀd are the gradients of c/Δ in the ends of a segment.
  product_.resize(2 * d);
  double *pa = product_.data(), *pb = pa + d;
  for (std::size_t i = 0; i < n; ++i) {
    const double *ja = jacobians + i * m * d, *jb = ja + m * d, *chord = d_.data() + i * m;
    const double *ga = slope_a_.data() + i * d, *gb = slope_b_.data() + i * d;
    for (std::size_t r = 0; r < d; ++r) {
      double sum_a = 0, sum_b = 0;
      for (std::size_t k = 0; k < m; ++k) {
        sum_a += ja[k * d + r] * chord[k];
        sum_b += jb[k * d + r] * chord[k];
      }
      pa[r] = -two_over_delta * sum_a;
      pb[r] = two_over_delta * sum_b;
    }
    const double charge = charge_[i];
    // Gauss–Newton keeps ∇W∇Wᵀ C/(2W) of C ∇²W.
    const double gauss = newton || w_[i] == 0 ? 0 : charge / (2 * w_[i]);
    double* aa = i > 0 ? h.diagonal(i - 1) : nullptr;
    double* bb = i + 1 < n ? h.diagonal(i) : nullptr;
    double* ab = aa && bb ? h.upper(i - 1) : nullptr;
    for (std::size_t r = 0; r < d; ++r)
      for (std::size_t c = 0; c < d; ++c) {
        const std::size_t e = r * d + c;
        if (aa)
          aa[e] += pa[r] * ga[c] + ga[r] * pa[c] +
                   (newton ? charge * bend_aa_[i * dd + e] : gauss * ga[r] * ga[c]);
        if (bb)
          bb[e] += pb[r] * gb[c] + gb[r] * pb[c] +
                   (newton ? charge * bend_bb_[i * dd + e] : gauss * gb[r] * gb[c]);
        if (ab)
          ab[e] += pa[r] * gb[c] + ga[r] * pb[c] +
                   (newton ? charge * bend_ab_[i * dd + e] : gauss * ga[r] * gb[c]);
      }
  }
}

void ChordObjective::dispatch(HessianKind kind, bool laplacian_only, BlockTridiagonal& h) {
  if (dim_ == 2 && outputs_ == 3) return assemble<2, 3>(kind, laplacian_only, h);
  if (dim_ == 2 && outputs_ == 2) return assemble<2, 2>(kind, laplacian_only, h);
  if (dim_ == 3 && outputs_ == 3) return assemble<3, 3>(kind, laplacian_only, h);
  assemble<0, 0>(kind, laplacian_only, h);
}

void ChordObjective::hessian(HessianKind kind, BlockTridiagonal& h) { dispatch(kind, false, h); }

void ChordObjective::laplacian(BlockTridiagonal& b) {
  dispatch(HessianKind::kGaussNewton, true, b);
  const std::size_t d = dim_;
  double largest = 0;
  for (std::size_t i = 0; i < b.blocks(); ++i)
    for (std::size_t r = 0; r < d; ++r) largest = std::max(largest, b.diagonal(i)[r * d + r]);
  // Relative to the smallest eigenvalue of the discrete Laplacian, (π/n)² of its diagonal.
  const double n = static_cast<double>(segments_), shift = 1e-10 * std::max(largest, 1e-300) / (n * n);
  for (std::size_t i = 0; i < b.blocks(); ++i)
    for (std::size_t r = 0; r < d; ++r) b.diagonal(i)[r * d + r] += shift;
}

void ChordObjective::hessian_product(const double* u, double* product) {
  const std::size_t n = segments_, d = dim_, m = outputs_;
  const double two_over_delta = 2 * static_cast<double>(n);
  full_u_.assign((n + 1) * d, 0);
  std::copy(u, u + unknowns(), full_u_.begin() + static_cast<std::ptrdiff_t>(d));
  pushed_.resize((n + 1) * m);
  expansion_->push(full_u_.data(), pushed_.data());
  // The change of r_i, segment by segment.
  change_.assign((n + 1) * m, 0);
  product_.assign(n, 0);  // changes of C_i
  for (std::size_t i = 0; i < n; ++i) {
    double dw = 0, dc = 0;
    if (!weight_.constant())
      for (std::size_t j = 0; j < d; ++j)
        dw += slope_a_[i * d + j] * full_u_[i * d + j] + slope_b_[i * d + j] * full_u_[(i + 1) * d + j];
    for (std::size_t k = 0; k < m; ++k) {
      const double dd = pushed_[(i + 1) * m + k] - pushed_[i * m + k];
      dc += d_[i * m + k] * dd;
      const double flow = two_over_delta * (dw * d_[i * m + k] + w_[i] * dd);
      change_[i * m + k] -= flow;
      change_[(i + 1) * m + k] += flow;
    }
    product_[i] = two_over_delta * dc;
  }
  jt_residual_.resize((n + 1) * d);
  expansion_->pull(change_.data(), jt_residual_.data());
  std::copy(jt_residual_.begin() + static_cast<std::ptrdiff_t>(d),
            jt_residual_.end() - static_cast<std::ptrdiff_t>(d), product);
  expansion_->curvature_products(residual_.data(), full_u_.data(), jt_residual_.data());
  for (std::size_t e = 0; e < unknowns(); ++e) product[e] += jt_residual_[d + e];
  if (weight_.constant()) return;
  const double q = static_cast<double>(quadrature_);
  point_u_.resize(n * quadrature_ * d);
  point_product_.resize(point_u_.size());
  double* point = point_u_.data();
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < quadrature_; ++k) {
      const double s = (static_cast<double>(k) + 0.5) / q;
      for (std::size_t j = 0; j < d; ++j)
        *point++ = (1 - s) * full_u_[i * d + j] + s * full_u_[(i + 1) * d + j];
    }
  weight_.hessian_products(point_u_.data(), point_product_.data());
  const double* bend = point_product_.data();
  for (std::size_t i = 0; i < n; ++i) {
    double* a = i > 0 ? product + (i - 1) * d : nullptr;
    double* b = i + 1 < n ? product + i * d : nullptr;
    for (std::size_t j = 0; j < d; ++j) {
      if (a) a[j] += product_[i] * slope_a_[i * d + j];
      if (b) b[j] += product_[i] * slope_b_[i * d + j];
    }
    for (std::size_t k = 0; k < quadrature_; ++k, bend += d) {
      const double s = (static_cast<double>(k) + 0.5) / q;
      for (std::size_t j = 0; j < d; ++j) {
        if (a) a[j] += charge_[i] * (1 - s) / q * bend[j];
        if (b) b[j] += charge_[i] * s / q * bend[j];
      }
    }
  }
}

double ChordObjective::length() const {
  double sum = 0;
  for (std::size_t i = 0; i < segments_; ++i) sum += std::sqrt(w_[i] * c_[i]);
  return sum;
}

double ChordObjective::least_rank_ratio() {
  const std::size_t d = dim_, m = outputs_;
  if (m < d) return 0;
  // A factorisation costs D³: in high dimension a few nodes have to do.
  const bool all = d <= 16;
  const std::size_t count = all ? segments_ + 1 : 5;
  std::unique_ptr<MapExpansion> samples;
  if (!all) {
    std::vector<double> points;
    for (std::size_t k = 0; k < count; ++k) {
      const auto node = nodes_.begin() + static_cast<std::ptrdiff_t>(k * segments_ / (count - 1) * d);
      points.insert(points.end(), node, node + static_cast<std::ptrdiff_t>(d));
    }
    samples = metric_.chart().make_expansion();
    samples->expand(count, points.data(), nullptr);
  }
  const double* jacobians = all ? expansion_->jacobians() : samples->jacobians();
  std::vector<double> l(d * d);
  double least = 1;
  for (std::size_t node = 0; node < count; ++node) {
    const double* j = jacobians + node * m * d;
    double largest = 0;
    for (std::size_t r = 0; r < d; ++r)
      for (std::size_t c = 0; c <= r; ++c) {
        double sum = 0;
        for (std::size_t k = 0; k < m; ++k) sum += j[k * d + r] * j[k * d + c];
        l[r * d + c] = sum;
        if (r == c) largest = std::max(largest, sum);
      }
    for (std::size_t c = 0; c < d; ++c) {
      double pivot = l[c * d + c];
      for (std::size_t k = 0; k < c; ++k) pivot -= l[c * d + k] * l[c * d + k];
      least = std::min(least, largest > 0 ? std::max(0.0, pivot) / largest : 0);
      if (!(pivot > 0)) break;
      const double inverse = 1 / std::sqrt(pivot);
      for (std::size_t r = c + 1; r < d; ++r) {
        double sum = l[r * d + c];
        for (std::size_t k = 0; k < c; ++k) sum -= l[r * d + k] * l[c * d + k];
        l[r * d + c] = sum * inverse;
      }
      l[c * d + c] = std::sqrt(pivot);
    }
  }
  return least;
}

}  // namespace latentpath::detail
