#include "latentpath/numerics/block_tridiagonal.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ConstBlock = Eigen::Map<const Matrix>;
using Block = Eigen::Map<Matrix>;

Eigen::Index index(std::size_t i) { return static_cast<Eigen::Index>(i); }

}  // namespace

void BlockTridiagonal::multiply(const double* x, double* y) const {
  const std::size_t d = size_;
  std::fill(y, y + blocks_ * d, 0.0);
  for (std::size_t i = 0; i < blocks_; ++i) {
    const double* a = diagonal(i);
    for (std::size_t r = 0; r < d; ++r)
      for (std::size_t c = 0; c < d; ++c) y[i * d + r] += a[r * d + c] * x[i * d + c];
    if (i + 1 == blocks_) break;
    const double* u = upper(i);
    for (std::size_t r = 0; r < d; ++r)
      for (std::size_t c = 0; c < d; ++c) {
        y[i * d + r] += u[r * d + c] * x[(i + 1) * d + c];
        y[(i + 1) * d + c] += u[r * d + c] * x[i * d + r];
      }
  }
}

void BlockTridiagonal::set_sum(const BlockTridiagonal& a, double lambda, const BlockTridiagonal& b) {
  LATENTPATH_ASSERT(a.blocks_ == b.blocks_ && a.size_ == b.size_);
  resize(a.blocks_, a.size_);
  for (std::size_t k = 0; k < diagonal_.size(); ++k) diagonal_[k] = a.diagonal_[k] + lambda * b.diagonal_[k];
  for (std::size_t k = 0; k < upper_.size(); ++k) upper_[k] = a.upper_[k] + lambda * b.upper_[k];
}

// Small blocks, of a size known at compile time: everything unrolled. Size 0: Eigen's blocked kernels.

template <int Size>
bool BlockCholesky::compute_fixed(const BlockTridiagonal& a) {
  constexpr std::size_t d = Size;
  double s[d * d];
  for (std::size_t i = 0; i < blocks_; ++i) {
    std::copy_n(a.diagonal(i), d * d, s);
    if (i > 0) {
      const double* y = coupling_.data() + (i - 1) * d * d;
      for (std::size_t r = 0; r < d; ++r)
        for (std::size_t c = 0; c <= r; ++c) {
          double sum = 0;
          for (std::size_t k = 0; k < d; ++k) sum += y[k * d + r] * y[k * d + c];
          s[r * d + c] -= sum;
        }
    }
    double* l = lower_.data() + i * d * d;
    const double* original = a.diagonal(i);
    for (std::size_t c = 0; c < d; ++c) {
      double pivot = s[c * d + c];
      for (std::size_t k = 0; k < c; ++k) pivot -= l[c * d + k] * l[c * d + k];
      // What is left of the diagonal after cancellation must exceed its rounding.
      if (!(pivot > 1e-15 * std::abs(original[c * d + c]))) return false;
      const double inverse = 1 / std::sqrt(pivot);
      l[c * d + c] = inverse;
      for (std::size_t r = c + 1; r < d; ++r) {
        double sum = s[r * d + c];
        for (std::size_t k = 0; k < c; ++k) sum -= l[r * d + k] * l[c * d + k];
        l[r * d + c] = sum * inverse;
      }
    }
    if (i + 1 == blocks_) break;
    const double* u = a.upper(i);
    double* y = coupling_.data() + i * d * d;
    for (std::size_t r = 0; r < d; ++r)
      for (std::size_t c = 0; c < d; ++c) {
        double sum = u[r * d + c];
        for (std::size_t k = 0; k < r; ++k) sum -= l[r * d + k] * y[k * d + c];
        y[r * d + c] = sum * l[r * d + r];
      }
  }
  return true;
}

template <int Size>
void BlockCholesky::solve_fixed(double* x) const {
  constexpr std::size_t d = Size;
  for (std::size_t i = 0; i < blocks_; ++i) {
    const double* l = lower_.data() + i * d * d;
    for (std::size_t r = 0; r < d; ++r) {
      double sum = x[i * d + r];
      if (i > 0) {
        const double* y = coupling_.data() + (i - 1) * d * d;
        for (std::size_t k = 0; k < d; ++k) sum -= y[k * d + r] * x[(i - 1) * d + k];
      }
      for (std::size_t k = 0; k < r; ++k) sum -= l[r * d + k] * x[i * d + k];
      x[i * d + r] = sum * l[r * d + r];
    }
  }
  for (std::size_t i = blocks_; i-- > 0;) {
    const double* l = lower_.data() + i * d * d;
    if (i + 1 < blocks_) {
      const double* y = coupling_.data() + i * d * d;
      for (std::size_t r = 0; r < d; ++r) {
        double sum = 0;
        for (std::size_t k = 0; k < d; ++k) sum += y[r * d + k] * x[(i + 1) * d + k];
        x[i * d + r] -= sum;
      }
    }
    for (std::size_t r = d; r-- > 0;) {
      double sum = x[i * d + r];
      for (std::size_t k = r + 1; k < d; ++k) sum -= l[k * d + r] * x[i * d + k];
      x[i * d + r] = sum * l[r * d + r];
    }
  }
}

template <>
bool BlockCholesky::compute_fixed<0>(const BlockTridiagonal& a) {
  const auto d = index(size_);
  const std::size_t square = size_ * size_;
  Matrix s(d, d);
  for (std::size_t i = 0; i < blocks_; ++i) {
    s = ConstBlock(a.diagonal(i), d, d);
    if (i > 0) {
      const ConstBlock y(coupling_.data() + (i - 1) * square, d, d);
      s.selfadjointView<Eigen::Lower>().rankUpdate(y.transpose(), -1.0);
    }
    // Eigen stops only at negative pivots: those at rounding level are caught by comparison with the block.
    const Eigen::LLT<Eigen::Ref<Matrix>, Eigen::Lower> llt(s);
    if (llt.info() != Eigen::Success) return false;
    const double* original = a.diagonal(i);
    for (Eigen::Index k = 0; k < d; ++k)
      if (!(s(k, k) * s(k, k) > 1e-15 * std::abs(original[k * d + k]))) return false;
    Block(lower_.data() + i * square, d, d) = s;
    if (i + 1 == blocks_) break;
    Block y(coupling_.data() + i * square, d, d);
    y = ConstBlock(a.upper(i), d, d);
    s.triangularView<Eigen::Lower>().solveInPlace(y);
  }
  return true;
}

template <>
void BlockCholesky::solve_fixed<0>(double* x) const {
  const auto d = index(size_);
  const std::size_t square = size_ * size_;
  using Vector = Eigen::Map<Eigen::VectorXd>;
  for (std::size_t i = 0; i < blocks_; ++i) {
    Vector xi(x + i * size_, d);
    if (i > 0)
      xi.noalias() -=
          ConstBlock(coupling_.data() + (i - 1) * square, d, d).transpose() * Vector(x + (i - 1) * size_, d);
    ConstBlock(lower_.data() + i * square, d, d).triangularView<Eigen::Lower>().solveInPlace(xi);
  }
  for (std::size_t i = blocks_; i-- > 0;) {
    Vector xi(x + i * size_, d);
    if (i + 1 < blocks_)
      xi.noalias() -= ConstBlock(coupling_.data() + i * square, d, d) * Vector(x + (i + 1) * size_, d);
    ConstBlock(lower_.data() + i * square, d, d).transpose().triangularView<Eigen::Upper>().solveInPlace(xi);
  }
}

bool BlockCholesky::compute(const BlockTridiagonal& a) {
  blocks_ = a.blocks();
  size_ = a.size();
  lower_.resize(blocks_ * size_ * size_);
  coupling_.resize(lower_.size());
  switch (size_) {
    case 1:
      return compute_fixed<1>(a);
    case 2:
      return compute_fixed<2>(a);
    case 3:
      return compute_fixed<3>(a);
    case 4:
      return compute_fixed<4>(a);
    default:
      return compute_fixed<0>(a);
  }
}

void BlockCholesky::solve(double* x) const {
  switch (size_) {
    case 1:
      return solve_fixed<1>(x);
    case 2:
      return solve_fixed<2>(x);
    case 3:
      return solve_fixed<3>(x);
    case 4:
      return solve_fixed<4>(x);
    default:
      return solve_fixed<0>(x);
  }
}

int negative_eigenvalues(const BlockTridiagonal& a) {
  const auto d = index(a.size());
  int count = 0;
  Eigen::MatrixXd s, before, u;
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen;
  for (std::size_t i = 0; i < a.blocks(); ++i) {
    s = ConstBlock(a.diagonal(i), d, d);
    if (i > 0) {
      // S⁻¹ from the eigenvectors of the block before, whose vanishing eigenvalues are kept off zero.
      const Eigen::VectorXd& values = eigen.eigenvalues();
      const double floor = 1e-300 + 1e-16 * values.cwiseAbs().maxCoeff();
      Eigen::VectorXd inverse(d);
      for (Eigen::Index k = 0; k < d; ++k)
        inverse[k] = 1 / (std::abs(values[k]) > floor ? values[k] : std::copysign(floor, values[k]));
      u.noalias() = eigen.eigenvectors().transpose() * ConstBlock(a.upper(i - 1), d, d);
      s.noalias() -= u.transpose() * inverse.asDiagonal() * u;
    }
    eigen.compute(s);
    for (Eigen::Index k = 0; k < d; ++k) count += eigen.eigenvalues()[k] < 0;
  }
  return count;
}

}  // namespace latentpath
