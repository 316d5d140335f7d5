#include "latentpath/numerics/tape.h"

#include <algorithm>

namespace latentpath {
namespace {

/// The tangents of all slots along u, [variables], by the chain rule from slot to slot.
template <class Operation>
void push_forward(const std::vector<Operation>& operations, std::size_t variables, const double* u,
                  std::vector<double>& tangent) {
  tangent.resize(operations.size());
  tangent[0] = 0;
  std::copy(u, u + variables, tangent.begin() + 1);
  for (std::size_t i = 1 + variables; i < operations.size(); ++i) {
    const Operation& op = operations[i];
    tangent[i] =
        op.fa * tangent[static_cast<std::size_t>(op.a)] + op.fb * tangent[static_cast<std::size_t>(op.b)];
  }
}

}  // namespace

void Tape::push(const double* u, double* pushed, Scratch& scratch) const {
  push_forward(operations_, variables_, u, scratch.tangent);
  for (std::size_t k = 0; k < outputs_.size(); ++k)
    pushed[k] = scratch.tangent[static_cast<std::size_t>(outputs_[k])];
}

void Tape::pull(const double* v, double* pulled, Scratch& scratch) const {
  const std::size_t n = operations_.size();
  auto& adjoint = scratch.adjoint;
  adjoint.assign(n, 0);
  for (std::size_t k = 0; k < outputs_.size(); ++k) adjoint[static_cast<std::size_t>(outputs_[k])] += v[k];
  for (std::size_t i = n; i-- > 1 + variables_;) {
    const Operation& op = operations_[i];
    const double bar = adjoint[i];
    adjoint[static_cast<std::size_t>(op.a)] += op.fa * bar;
    adjoint[static_cast<std::size_t>(op.b)] += op.fb * bar;
  }
  std::copy(adjoint.begin() + 1, adjoint.begin() + 1 + static_cast<std::ptrdiff_t>(variables_), pulled);
}

void Tape::pull_change(const double* r, const double* u, const double* v, double* product,
                       Scratch& scratch) const {
  const std::size_t n = operations_.size();
  auto& tangent = scratch.tangent;
  auto& adjoint = scratch.adjoint;
  auto& adjoint_tangent = scratch.adjoint_tangent;
  push_forward(operations_, variables_, u, tangent);
  adjoint.assign(n, 0);
  adjoint_tangent.assign(n, 0);
  for (std::size_t k = 0; k < outputs_.size(); ++k) {
    adjoint[static_cast<std::size_t>(outputs_[k])] += r[k];
    if (v) adjoint_tangent[static_cast<std::size_t>(outputs_[k])] += v[k];
  }
  for (std::size_t i = n; i-- > 1 + variables_;) {
    const Operation& op = operations_[i];
    const auto a = static_cast<std::size_t>(op.a), b = static_cast<std::size_t>(op.b);
    const double bar = adjoint[i], dot = adjoint_tangent[i], da = tangent[a], db = tangent[b];
    adjoint[a] += op.fa * bar;
    adjoint[b] += op.fb * bar;
    adjoint_tangent[a] += op.fa * dot + (op.faa * da + op.fab * db) * bar;
    adjoint_tangent[b] += op.fb * dot + (op.fab * da + op.fbb * db) * bar;
  }
  std::copy(adjoint_tangent.begin() + 1,
            adjoint_tangent.begin() + 1 + static_cast<std::ptrdiff_t>(variables_), product);
}

// Full matrices go through the tape with eight directions at a time, one vector register or two wide.
namespace {
constexpr std::size_t kLanes = 8;
}

std::size_t Tape::push_axes(std::size_t first, std::vector<double>& tangent) const {
  const std::size_t n = operations_.size(), dim = variables_, lanes = std::min(kLanes, dim - first);
  tangent.resize(n * kLanes);
  std::fill(tangent.begin(), tangent.begin() + static_cast<std::ptrdiff_t>((1 + dim) * kLanes), 0.0);
  for (std::size_t l = 0; l < lanes; ++l) tangent[(1 + first + l) * kLanes + l] = 1;
  double* t = tangent.data();
  for (std::size_t i = 1 + dim; i < n; ++i) {
    const Operation& op = operations_[i];
    const double* ta = t + static_cast<std::size_t>(op.a) * kLanes;
    const double* tb = t + static_cast<std::size_t>(op.b) * kLanes;
    double* ti = t + i * kLanes;
    for (std::size_t l = 0; l < kLanes; ++l) ti[l] = op.fa * ta[l] + op.fb * tb[l];
  }
  return lanes;
}

void Tape::jacobian(double* jacobian, Scratch& scratch) const {
  const std::size_t dim = variables_;
  auto& tangent = scratch.tangent;
  for (std::size_t first = 0; first < dim; first += kLanes) {
    const std::size_t lanes = push_axes(first, tangent);
    const double* t = tangent.data();
    for (std::size_t k = 0; k < outputs_.size(); ++k)
      for (std::size_t l = 0; l < lanes; ++l)
        jacobian[k * dim + first + l] = t[static_cast<std::size_t>(outputs_[k]) * kLanes + l];
  }
}

void Tape::curvature(const double* r, double* block, Scratch& scratch) const {
  const std::size_t n = operations_.size(), dim = variables_;
  auto& tangent = scratch.tangent;
  auto& adjoint = scratch.adjoint;
  auto& adjoint_tangent = scratch.adjoint_tangent;
  // Adjoints do not depend on the direction: one backward sweep for all.
  adjoint.assign(n, 0);
  for (std::size_t k = 0; k < outputs_.size(); ++k) adjoint[static_cast<std::size_t>(outputs_[k])] += r[k];
  for (std::size_t i = n; i-- > 1 + dim;) {
    const Operation& op = operations_[i];
    adjoint[static_cast<std::size_t>(op.a)] += op.fa * adjoint[i];
    adjoint[static_cast<std::size_t>(op.b)] += op.fb * adjoint[i];
  }
  for (std::size_t first = 0; first < dim; first += kLanes) {
    const std::size_t lanes = push_axes(first, tangent);
    const double* t = tangent.data();
    adjoint_tangent.assign(n * kLanes, 0);
    double* w = adjoint_tangent.data();
    for (std::size_t i = n; i-- > 1 + dim;) {
      const Operation& op = operations_[i];
      const auto a = static_cast<std::size_t>(op.a) * kLanes, b = static_cast<std::size_t>(op.b) * kLanes;
      const double bar = adjoint[i], aa = op.faa * bar, ab = op.fab * bar, bb = op.fbb * bar;
      const double* wi = w + i * kLanes;
      for (std::size_t l = 0; l < kLanes; ++l) w[a + l] += op.fa * wi[l] + aa * t[a + l] + ab * t[b + l];
      for (std::size_t l = 0; l < kLanes; ++l) w[b + l] += op.fb * wi[l] + ab * t[a + l] + bb * t[b + l];
    }
    for (std::size_t l = 0; l < lanes; ++l)
      for (std::size_t j = 0; j < dim; ++j) block[(first + l) * dim + j] = w[(1 + j) * kLanes + l];
  }
}

}  // namespace latentpath
