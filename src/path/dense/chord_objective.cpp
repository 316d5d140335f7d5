#include "path/dense/chord_objective.h"

#include <algorithm>
#include <cmath>

#include "latentpath/core/error.h"

namespace latentpath::detail {

ChordObjective::ChordObjective(const WeightedMetric& metric, double time_weight)
    : metric_(metric),
      time_weight_(time_weight),
      dim_(static_cast<std::size_t>(metric.latent_dim())),
      outputs_(static_cast<std::size_t>(metric.chart().output_dim())),
      weight_(metric.quality(), metric.epsilon()),
      expansion_(metric.chart().make_expansion()) {
  if (metric.target()) in_metric_.emplace(*metric.target());
}

bool ChordObjective::has_curvatures() const {
  const auto& map = metric_.quality().map();
  return metric_.chart().has_curvatures() && (!map || map->has_curvatures()) &&
         (!metric_.target() || metric_.target()->packed().has_curvatures());
}

double ChordObjective::rounding() const {
  const auto& map = metric_.quality().map();
  return 4 * std::max({metric_.chart().rounding(), map ? map->rounding() : 0.0,
                       metric_.target() ? metric_.target()->packed().rounding() : 0.0});
}

void ChordObjective::set_grid(std::size_t segments, std::size_t subdivisions) {
  knots_ = segments;
  subdivisions_ = subdivisions;
  segments_ = segments * subdivisions;
  have_preconditioner_ = false;
  if (uniform_ && times_.size() == segments_) return;
  uniform_ = true;
  const double n = static_cast<double>(segments_);
  times_.resize(segments_);
  for (std::size_t p = 0; p < segments_; ++p) times_[p] = (static_cast<double>(p) + 0.5) / n;
  duration_.assign(segments_, 1 / n);
  two_over_duration_.assign(segments_, 2 * n);
}

void ChordObjective::set_grid(std::size_t segments, std::size_t subdivisions,
                              const std::vector<double>& times) {
  knots_ = segments;
  subdivisions_ = subdivisions;
  segments_ = segments * subdivisions;
  have_preconditioner_ = uniform_ = false;
  LATENTPATH_ASSERT(times.size() == segments_ + 1);
  for (auto* of_segments : {&times_, &duration_, &two_over_duration_}) of_segments->resize(segments_);
  for (std::size_t p = 0; p < segments_; ++p) {
    times_[p] = 0.5 * (times[p] + times[p + 1]);
    duration_[p] = times[p + 1] - times[p];
    two_over_duration_[p] = 2 / duration_[p];
  }
}

void ChordObjective::set_ends(const double* start, const double* end) {
  ends_.assign(start, start + dim_);
  ends_.insert(ends_.end(), end, end + dim_);
  curve_metric_.reset();
}

const double* ChordObjective::with_ends(const double* x) {
  const auto dim = static_cast<std::ptrdiff_t>(dim_);
  nodes_.resize((knots_ + 1) * dim_);
  std::copy_n(ends_.begin(), dim, nodes_.begin());
  std::copy_n(x, unknowns(), nodes_.begin() + dim);
  std::copy_n(ends_.begin() + dim, dim, nodes_.end() - dim);
  return nodes_.data();
}

DenseObjectiveValue ChordObjective::evaluate(const DenseRows& x, const Indices& /*rows*/) {
  DenseObjectiveValue at{{linearise(x.data())}, DenseRows(1, x.cols())};
  gradient(at.gradient.data());
  return at;
}

DenseRows ChordObjective::precondition(const DenseRows& gradient, const Indices& /*rows*/) {
  if (have_preconditioner_)
    update_preconditioner();
  else
    build_preconditioner();
  have_preconditioner_ = true;
  DenseRows direction = gradient;
  solve_preconditioner(direction.data());
  return direction;
}

DenseObjective::Values ChordObjective::gradient_residual(const DenseRows& /*x*/,
                                                         const DenseObjectiveValue& at, const Indices& rows) {
  const double promise = (at.gradient * precondition(at.gradient, rows)).sum();
  return {std::sqrt(std::max(0.0, promise) / (2 * at.value[0]))};
}

CurveMetric* ChordObjective::curve_metric(int64_t /*row*/) {
  if (time_weight_ > 0 || metric_.quality().depends_on_time() || !has_curvatures() || !uniform_ ||
      subdivisions_ > 1 || in_metric_)
    return nullptr;
  if (!curve_metric_ || curve_metric_->segments() != knots_)
    curve_metric_ = std::make_unique<ChordCurveMetric>(metric_, knots_, ends_.data(), ends_.data() + dim_);
  return curve_metric_.get();
}

std::string ChordObjective::why_first_order() const {
  if (time_weight_ > 0) return "its cost weighs time";
  if (metric_.quality().depends_on_time()) return "its quality depends on time";
  if (in_metric_) return "it measures by a metric given directly";
  if (!uniform_) return "its times are not evenly spaced";
  if (subdivisions_ > 1) return "its segments are subdivided";
  return "its chart or quality has first derivatives alone";
}

void ChordObjective::middle_points(const double* nodes) {
  points_.resize(segments_ * dim_);
  for (std::size_t e = 0; e < segments_ * dim_; ++e) points_[e] = 0.5 * (nodes[e] + nodes[e + dim_]);
}

const double* ChordObjective::fine_nodes(const double* knots) {
  if (subdivisions_ == 1) return knots;
  fine_.resize((segments_ + 1) * dim_);
  for (std::size_t i = 0; i < knots_; ++i)
    for (std::size_t k = 0; k < subdivisions_; ++k) {
      const double s = static_cast<double>(k) / static_cast<double>(subdivisions_);
      for (std::size_t j = 0; j < dim_; ++j)
        fine_[(i * subdivisions_ + k) * dim_ + j] =
            (1 - s) * knots[i * dim_ + j] + s * knots[(i + 1) * dim_ + j];
    }
  std::copy_n(knots + knots_ * dim_, dim_, fine_.end() - static_cast<std::ptrdiff_t>(dim_));
  return fine_.data();
}

// Pᵀg.
void ChordObjective::restrict_vector(const double* fine, double* coarse) const {
  std::fill(coarse, coarse + unknowns(), 0.0);
  for (std::size_t f = 1; f < segments_; ++f) {
    const std::size_t i = f / subdivisions_, k = f % subdivisions_;
    const double s = static_cast<double>(k) / static_cast<double>(subdivisions_);
    const double* g = fine + (f - 1) * dim_;
    if (i > 0)
      for (std::size_t j = 0; j < dim_; ++j) coarse[(i - 1) * dim_ + j] += (1 - s) * g[j];
    if (k > 0 && i + 1 < knots_)
      for (std::size_t j = 0; j < dim_; ++j) coarse[i * dim_ + j] += s * g[j];
  }
}

// PᵀHP. Neighbours on the fine grid lie in one segment, ends included: no knots couple but neighbours.
void ChordObjective::restrict_blocks(const BlockTridiagonal& fine, BlockTridiagonal& coarse) const {
  const std::size_t d = dim_;
  coarse.resize(knots_ - 1, d);
  for (std::size_t i = 0; i + 1 < knots_; ++i) {
    std::fill_n(coarse.diagonal(i), d * d, 0.0);
    if (i + 2 < knots_) std::fill_n(coarse.upper(i), d * d, 0.0);
  }
  const auto add = [&](double* to, double scale, const double* block, bool transposed) {
    for (std::size_t r = 0; r < d; ++r)
      for (std::size_t c = 0; c < d; ++c)
        to[r * d + c] += scale * (transposed ? block[c * d + r] : block[r * d + c]);
  };
  for (std::size_t f = 0; f < segments_; ++f) {
    const std::size_t i = f / subdivisions_, k = f % subdivisions_;
    const double q = static_cast<double>(subdivisions_);
    const double b = static_cast<double>(k) / q, a = 1 - b;  // weights of knots i and i + 1 at f
    const double next_b = static_cast<double>(k + 1) / q, next_a = 1 - next_b;  // at f + 1
    double* diagonal_a = i > 0 ? coarse.diagonal(i - 1) : nullptr;
    double* diagonal_b = i + 1 < knots_ ? coarse.diagonal(i) : nullptr;
    double* upper = diagonal_a && diagonal_b ? coarse.upper(i - 1) : nullptr;
    if (f > 0) {
      const double* block = fine.diagonal(f - 1);
      if (diagonal_a) add(diagonal_a, a * a, block, false);
      if (diagonal_b) add(diagonal_b, b * b, block, false);
      if (upper) add(upper, a * b, block, false);
    }
    if (f == 0 || f + 1 == segments_) continue;
    const double* block = fine.upper(f - 1);
    for (const bool transposed : {false, true}) {
      if (diagonal_a) add(diagonal_a, a * next_a, block, transposed);
      if (diagonal_b) add(diagonal_b, b * next_b, block, transposed);
      if (upper) add(upper, transposed ? b * next_a : a * next_b, block, transposed);
    }
  }
}

std::vector<double> ChordObjective::weighted_chords_squared() const {
  std::vector<double> sums(knots_, 0);
  for (std::size_t f = 0; f < segments_; ++f)
    sums[f / subdivisions_] += static_cast<double>(subdivisions_) * w_[f] * c_[f];
  return sums;
}

double ChordObjective::sum_cost(const double* x, const double* squares) {
  d_.resize(segments_ * outputs_);
  c_.resize(segments_);
  w_.resize(segments_);
  action_.resize(segments_);
  double sum = 0;
  if (in_metric_) in_metric_->expand(segments_, x);
  at_first_ = in_metric_ ? in_metric_->covectors_at_first().data() : d_.data();
  at_second_ = in_metric_ ? in_metric_->covectors_at_second().data() : d_.data();
  for (std::size_t i = 0; i < segments_; ++i) {
    double c = 0;
    for (std::size_t k = 0; k < outputs_; ++k) {
      const double d = x[(i + 1) * outputs_ + k] - x[i * outputs_ + k];
      d_[i * outputs_ + k] = d;
      c += d * d;
    }
    if (in_metric_) c = in_metric_->squares()[i];
    const double w = squares ? squares[i] : weight_.constant_weight() * weight_.constant_weight();
    c_[i] = c;
    w_[i] = w;
    action_[i] = time_weight_ * duration_[i] + c / duration_[i];
    sum += w * action_[i];
  }
  return sum;
}

double ChordObjective::cost(const double* knots) {
  const double* nodes = fine_nodes(knots);
  x_.resize((segments_ + 1) * outputs_);
  metric_.chart().values(segments_ + 1, nodes, nullptr, x_.data());
  if (weight_.constant()) return sum_cost(x_.data(), nullptr);
  middle_points(nodes);
  squares_.resize(segments_);
  weight_.weights(segments_, points_.data(), times_.data(), squares_.data());
  for (double& n : squares_) n *= n;
  return sum_cost(x_.data(), squares_.data());
}

double ChordObjective::expand(const double* knots) {
  const std::size_t n = segments_, d = dim_, m = outputs_;
  knot_points_.assign(knots, knots + (knots_ + 1) * d);
  const double* nodes = fine_nodes(knots);
  expansion_->expand(n + 1, nodes, nullptr);
  curvatures_ready_ = weight_blocks_ready_ = false;
  double sum = 0;
  if (weight_.constant()) {
    sum = sum_cost(expansion_->values(), nullptr);
  } else {
    middle_points(nodes);
    weight_.expand(n, points_.data(), times_.data());
    sum = sum_cost(expansion_->values(), weight_.squares().data());
    // The middle moves half as far as either end.
    slope_.resize(n * d);
    const double* gradient = weight_.gradients().data();
    for (std::size_t e = 0; e < n * d; ++e) slope_[e] = 0.5 * gradient[e];
  }
  residual_.assign((n + 1) * m, 0);
  for (std::size_t i = 1; i < n; ++i) {
    const double before = two_over_duration_[i - 1] * w_[i - 1], after = two_over_duration_[i] * w_[i];
    for (std::size_t k = 0; k < m; ++k)
      residual_[i * m + k] = before * at_second_[(i - 1) * m + k] - after * at_first_[i * m + k];
  }
  return sum;
}

void ChordObjective::gradient(double* g) {
  if (subdivisions_ > 1) {
    fine_gradient_.resize((segments_ - 1) * dim_);
    full_gradient(fine_gradient_.data());
    restrict_vector(fine_gradient_.data(), g);
  } else {
    full_gradient(g);
  }
}

void ChordObjective::full_gradient(double* g) {
  const std::size_t n = segments_, d = dim_;
  jt_residual_.resize((n + 1) * d);
  expansion_->pull(residual_.data(), jt_residual_.data());
  std::copy(jt_residual_.begin() + static_cast<std::ptrdiff_t>(d),
            jt_residual_.end() - static_cast<std::ptrdiff_t>(d), g);
  if (weight_.constant()) return;
  for (std::size_t i = 1; i < n; ++i)
    for (std::size_t j = 0; j < d; ++j)
      g[(i - 1) * d + j] += action_[i - 1] * slope_[(i - 1) * d + j] + action_[i] * slope_[i * d + j];
}

// D, M: dimensions known at compile time, 0 where they are not.
template <int D, int M>
void ChordObjective::assemble(HessianKind kind, bool laplacian_only, BlockTridiagonal& h) {
  const std::size_t n = segments_, d = D ? D : dim_, dd = d * d;
  const bool newton = kind == HessianKind::kNewton && !laplacian_only;
  if (newton && !curvatures_ready_) {
    curvature_.resize((n + 1) * dd);
    expansion_->curvatures(residual_.data(), curvature_.data());
    curvatures_ready_ = true;
  }
  h.resize(n - 1, d);
  if (in_metric_)
    assemble_in_metric(newton, h);
  else
    assemble_chords<D, M>(h);
  if (newton)
    for (std::size_t i = 1; i < n; ++i)
      for (std::size_t e = 0; e < dd; ++e) h.diagonal(i - 1)[e] += curvature_[i * dd + e];
  if (laplacian_only || weight_.constant()) return;
  if (newton && !weight_blocks_ready_) {
    const auto& hessians = weight_.hessians();
    bend_.resize(n * dd);
    for (std::size_t e = 0; e < n * dd; ++e) bend_[e] = 0.25 * hessians[e];
    weight_blocks_ready_ = true;
  }
  add_weight_terms<D, M>(newton, h);
}

/// (k_{i−1} + k_i) J_iᵀJ_i and −k_i J_iᵀJ_{i+1}.
template <int D, int M>
void ChordObjective::assemble_chords(BlockTridiagonal& h) {
  const std::size_t n = segments_, d = D ? D : dim_, m = M ? M : outputs_;
  const double* jacobians = expansion_->jacobians();
  for (std::size_t i = 1; i < n; ++i) {
    const double* j = jacobians + i * m * d;
    const double scale = two_over_duration_[i - 1] * w_[i - 1] + two_over_duration_[i] * w_[i];
    double* out = h.diagonal(i - 1);
    for (std::size_t r = 0; r < d; ++r)
      for (std::size_t c = 0; c <= r; ++c) {
        double sum = 0;
        for (std::size_t k = 0; k < m; ++k) sum += j[k * d + r] * j[k * d + c];
        out[r * d + c] = out[c * d + r] = scale * sum;
      }
    if (i + 1 == n) break;
    const double* next = j + m * d;
    const double coupling = -two_over_duration_[i] * w_[i];
    double* upper = h.upper(i - 1);
    for (std::size_t r = 0; r < d; ++r)
      for (std::size_t c = 0; c < d; ++c) {
        double sum = 0;
        for (std::size_t k = 0; k < m; ++k) sum += j[k * d + r] * next[k * d + c];
        upper[r * d + c] = coupling * sum;
      }
  }
}

/// What the weight's derivatives add to every segment's blocks.
template <int D, int M>
void ChordObjective::add_weight_terms(bool newton, BlockTridiagonal& h) {
  const std::size_t n = segments_, d = D ? D : dim_, m = M ? M : outputs_, dd = d * d;
  const double* jacobians = expansion_->jacobians();
  // Cross terms: p_a = −(2/Δ) J_aᵀd, p_b = (2/Δ) J_bᵀd are the gradients of c/Δ in the ends of a segment.
  product_.resize(2 * d);
  double *pa = product_.data(), *pb = pa + d;
  for (std::size_t i = 0; i < n; ++i) {
    const double *ja = jacobians + i * m * d, *jb = ja + m * d;
    const double *from = at_first_ + i * m, *to = at_second_ + i * m;
    const double* slope = slope_.data() + i * d;
    for (std::size_t r = 0; r < d; ++r) {
      double sum_a = 0, sum_b = 0;
      for (std::size_t k = 0; k < m; ++k) {
        sum_a += ja[k * d + r] * from[k];
        sum_b += jb[k * d + r] * to[k];
      }
      pa[r] = -two_over_duration_[i] * sum_a;
      pb[r] = two_over_duration_[i] * sum_b;
    }
    const double action = action_[i];
    // Gauss–Newton keeps ∇W∇Wᵀ C/(2W) of C ∇²W.
    const double gauss = newton || w_[i] == 0 ? 0 : action / (2 * w_[i]);
    double* aa = i > 0 ? h.diagonal(i - 1) : nullptr;
    double* bb = i + 1 < n ? h.diagonal(i) : nullptr;
    double* ab = aa && bb ? h.upper(i - 1) : nullptr;
    for (std::size_t r = 0; r < d; ++r)
      for (std::size_t c = 0; c < d; ++c) {
        const std::size_t e = r * d + c;
        const double bend = newton ? action * bend_[i * dd + e] : gauss * slope[r] * slope[c];
        if (aa) aa[e] += pa[r] * slope[c] + slope[r] * pa[c] + bend;
        if (bb) bb[e] += pb[r] * slope[c] + slope[r] * pb[c] + bend;
        if (ab) ab[e] += pa[r] * slope[c] + slope[r] * pb[c] + bend;
      }
  }
}

void ChordObjective::assemble_in_metric(bool newton, BlockTridiagonal& h) {
  const std::size_t n = segments_, d = dim_, m = outputs_;
  in_metric_->make_blocks(newton);
  for (std::size_t i = 0; i + 1 < n; ++i) {
    std::fill_n(h.diagonal(i), d * d, 0.0);
    if (i + 2 < n) std::fill_n(h.upper(i), d * d, 0.0);
  }
  std::vector<double> product(m * d);
  const auto add = [&](double* to, double scale, const double* ja, const double* k, const double* jb) {
    for (std::size_t r = 0; r < m; ++r)
      for (std::size_t c = 0; c < d; ++c) {
        double sum = 0;
        for (std::size_t e = 0; e < m; ++e) sum += k[r * m + e] * jb[e * d + c];
        product[r * d + c] = scale * sum;
      }
    for (std::size_t e = 0; e < m; ++e)
      for (std::size_t r = 0; r < d; ++r)
        for (std::size_t c = 0; c < d; ++c) to[r * d + c] += ja[e * d + r] * product[e * d + c];
  };
  const double* jacobians = expansion_->jacobians();
  for (std::size_t i = 0; i < n; ++i) {
    const MetricChords::Blocks blocks = in_metric_->blocks(i);
    const double *ja = jacobians + i * m * d, *jb = ja + m * d, scale = two_over_duration_[i] * w_[i];
    if (i > 0) add(h.diagonal(i - 1), scale, ja, blocks.aa, ja);
    if (i + 1 < n) add(h.diagonal(i), scale, jb, blocks.bb, jb);
    if (i > 0 && i + 1 < n) add(h.upper(i - 1), scale, ja, blocks.ab, jb);
  }
}

void ChordObjective::dispatch(HessianKind kind, bool laplacian_only, BlockTridiagonal& h) {
  BlockTridiagonal& fine = subdivisions_ > 1 ? fine_blocks_ : h;
  if (dim_ == 2 && outputs_ == 3)
    assemble<2, 3>(kind, laplacian_only, fine);
  else if (dim_ == 2 && outputs_ == 2)
    assemble<2, 2>(kind, laplacian_only, fine);
  else if (dim_ == 3 && outputs_ == 3)
    assemble<3, 3>(kind, laplacian_only, fine);
  else
    assemble<0, 0>(kind, laplacian_only, fine);
  if (subdivisions_ > 1) restrict_blocks(fine, h);
}

void ChordObjective::hessian(HessianKind kind, BlockTridiagonal& h) { dispatch(kind, false, h); }

void ChordObjective::laplacian(BlockTridiagonal& b) {
  dispatch(HessianKind::kGaussNewton, true, b);
  const std::size_t d = dim_;
  double largest = 0;
  for (std::size_t i = 0; i < b.blocks(); ++i)
    for (std::size_t r = 0; r < d; ++r) largest = std::max(largest, b.diagonal(i)[r * d + r]);
  // Relative to the smallest eigenvalue of the discrete Laplacian, (π/n)² of its diagonal.
  const double n = static_cast<double>(knots_), shift = 1e-10 * std::max(largest, 1e-300) / (n * n);
  for (std::size_t i = 0; i < b.blocks(); ++i)
    for (std::size_t r = 0; r < d; ++r) b.diagonal(i)[r * d + r] += shift;
}

void ChordObjective::build_preconditioner() {
  if (in_metric_)
    SecondOrderModel::build_preconditioner();
  else
    preconditioner_.build(metric_, knot_points_, weighted_chords_squared());
}
void ChordObjective::update_preconditioner() {
  if (in_metric_)
    SecondOrderModel::update_preconditioner();
  else
    preconditioner_.update(knot_points_, weighted_chords_squared());
}
void ChordObjective::solve_preconditioner(double* x) const {
  if (in_metric_)
    SecondOrderModel::solve_preconditioner(x);
  else
    preconditioner_.solve(x);
}
void ChordObjective::multiply_preconditioner(const double* x, double* y) const {
  if (in_metric_)
    SecondOrderModel::multiply_preconditioner(x, y);
  else
    preconditioner_.multiply(x, y);
}

void ChordObjective::hessian_product(const double* u, double* product) {
  if (in_metric_) {
    SecondOrderModel::hessian_product(u, product);
    return;
  }
  const std::size_t n = segments_, d = dim_, m = outputs_;
  full_u_.assign((n + 1) * d, 0);
  for (std::size_t f = 1; f < n; ++f) {
    const std::size_t i = f / subdivisions_, k = f % subdivisions_;
    const double s = static_cast<double>(k) / static_cast<double>(subdivisions_);
    double* to = full_u_.data() + f * d;
    if (i > 0)
      for (std::size_t j = 0; j < d; ++j) to[j] += (1 - s) * u[(i - 1) * d + j];
    if (k > 0 && i + 1 < knots_)
      for (std::size_t j = 0; j < d; ++j) to[j] += s * u[i * d + j];
  }
  pushed_.resize((n + 1) * m);
  expansion_->push(full_u_.data(), pushed_.data());
  // The change of r_i, segment by segment.
  change_.assign((n + 1) * m, 0);
  product_.assign(n, 0);  // changes of C_i
  for (std::size_t i = 0; i < n; ++i) {
    double dw = 0, dc = 0;
    if (!weight_.constant())
      for (std::size_t j = 0; j < d; ++j)
        dw += slope_[i * d + j] * (full_u_[i * d + j] + full_u_[(i + 1) * d + j]);
    for (std::size_t k = 0; k < m; ++k) {
      const double dd = pushed_[(i + 1) * m + k] - pushed_[i * m + k];
      dc += d_[i * m + k] * dd;
      const double flow = two_over_duration_[i] * (dw * d_[i * m + k] + w_[i] * dd);
      change_[i * m + k] -= flow;
      change_[(i + 1) * m + k] += flow;
    }
    product_[i] = two_over_duration_[i] * dc;
  }
  jt_residual_.resize((n + 1) * d);
  full_product_.resize((n + 1) * d);
  expansion_->pull_changes(residual_.data(), full_u_.data(), change_.data(), full_product_.data(),
                           jt_residual_.data(), full_product_.size());
  if (!weight_.constant()) {
    point_u_.resize(n * d);
    point_product_.resize(n * d);
    for (std::size_t e = 0; e < n * d; ++e) point_u_[e] = 0.5 * (full_u_[e] + full_u_[e + d]);
    weight_.hessian_products(point_u_.data(), point_product_.data());
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < d; ++j) {
        const double bend = product_[i] * slope_[i * d + j] + 0.5 * action_[i] * point_product_[i * d + j];
        full_product_[i * d + j] += bend;
        full_product_[(i + 1) * d + j] += bend;
      }
  }
  if (subdivisions_ > 1)
    restrict_vector(full_product_.data() + d, product);
  else
    std::copy_n(full_product_.begin() + static_cast<std::ptrdiff_t>(d), unknowns(), product);
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
      const auto node = knot_points_.begin() + static_cast<std::ptrdiff_t>(k * knots_ / (count - 1) * d);
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
