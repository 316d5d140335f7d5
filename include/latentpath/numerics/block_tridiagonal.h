#pragma once
// Symmetric block-tridiagonal systems: the Hessians of everything that couples neighbouring nodes of a path.
//
//       ⎡ A_0  U_0            ⎤
//   A = ⎢ U_0ᵀ A_1  U_1       ⎥      m blocks of size D
//       ⎣      U_1ᵀ A_2  …    ⎦
//
// Block Cholesky: S_0 = A_0, S_{i+1} = A_{i+1} − U_iᵀ S_i⁻¹ U_i, in O(m D³). By Sylvester's law, A has as
// many negative eigenvalues as all S_i together (Haynsworth's additivity), so a factorisation also tells a
// minimum from a saddle.
//
//   BlockTridiagonal a(m, D);   // fill a.diagonal(i), a.upper(i), row-major
//   BlockCholesky factor;
//   if (factor.compute(a)) factor.solve(x);       // x [m, D] in place

#include <cstddef>
#include <vector>

namespace latentpath {

class BlockTridiagonal {
 public:
  BlockTridiagonal() = default;
  BlockTridiagonal(std::size_t blocks, std::size_t size) { resize(blocks, size); }
  /// Contents are unspecified afterwards.
  void resize(std::size_t blocks, std::size_t size) {
    blocks_ = blocks;
    size_ = size;
    diagonal_.resize(blocks * size * size);
    upper_.resize(blocks > 0 ? (blocks - 1) * size * size : 0);
  }
  std::size_t blocks() const noexcept { return blocks_; }
  std::size_t size() const noexcept { return size_; }
  double* diagonal(std::size_t i) { return diagonal_.data() + i * size_ * size_; }
  const double* diagonal(std::size_t i) const { return diagonal_.data() + i * size_ * size_; }
  double* upper(std::size_t i) { return upper_.data() + i * size_ * size_; }
  const double* upper(std::size_t i) const { return upper_.data() + i * size_ * size_; }
  /// y = A x, both [m, D].
  void multiply(const double* x, double* y) const;
  /// A + λB.
  void set_sum(const BlockTridiagonal& a, double lambda, const BlockTridiagonal& b);

 private:
  std::size_t blocks_ = 0, size_ = 0;
  std::vector<double> diagonal_, upper_;
};

class BlockCholesky {
 public:
  /// True when A is positive definite (beyond rounding); only then may solve() be called.
  bool compute(const BlockTridiagonal& a);
  /// x ← A⁻¹ x, [m, D].
  void solve(double* x) const;

 private:
  template <int Size>
  bool compute_fixed(const BlockTridiagonal& a);
  template <int Size>
  void solve_fixed(double* x) const;
  std::size_t blocks_ = 0, size_ = 0;
  std::vector<double> lower_;     ///< L_i, S_i = L_i L_iᵀ, the diagonal inverted
  std::vector<double> coupling_;  ///< L_i⁻¹ U_i
};

/// The number of negative eigenvalues of A.
int negative_eigenvalues(const BlockTridiagonal& a);

}  // namespace latentpath
