#pragma once
// The algebra of DenseRows that solvers are written in (generic/algebra.h). Internal.

#include <algorithm>
#include <cmath>
#include <vector>

#include "latentpath/solver/rows.h"
#include "solver/generic/algebra.h"

namespace latentpath::detail {

template <>
struct Algebra<DenseRows> {
  using Indices = std::vector<int64_t>;
  using Scalars = std::vector<double>;

  static int64_t count(const DenseRows& x) { return x.rows(); }
  static int64_t width(const DenseRows& x) { return x.cols(); }
  static DenseRows copy(const DenseRows& x) { return x; }
  static DenseRows zeros_like(const DenseRows& x) { return DenseRows::Zero(x.rows(), x.cols()); }

  static const Scalars& to_scalars(const Scalars& values) { return values; }
  static Scalars from_scalars(Scalars values, const DenseRows& /*like*/) { return values; }
  static void set_value(Scalars& values, int64_t row, double value) {
    values[static_cast<std::size_t>(row)] = value;
  }
  static double mean(const Scalars& values) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum / static_cast<double>(values.size());
  }
  static const Indices& to_list(const Indices& rows) { return rows; }
  static Indices to_indices(Indices rows) { return rows; }

  static DenseRows select(const DenseRows& x, const Indices& rows) {
    DenseRows part(static_cast<Eigen::Index>(rows.size()), x.cols());
    for (std::size_t i = 0; i < rows.size(); ++i) part.row(static_cast<Eigen::Index>(i)) = x.row(rows[i]);
    return part;
  }
  static void assign(DenseRows& x, const Indices& rows, const DenseRows& part) {
    for (std::size_t i = 0; i < rows.size(); ++i) x.row(rows[i]) = part.row(static_cast<Eigen::Index>(i));
  }
  static Scalars select_values(const Scalars& values, const Indices& rows) {
    Scalars part(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) part[i] = values[static_cast<std::size_t>(rows[i])];
    return part;
  }

  static Scalars dot(const DenseRows& a, const DenseRows& b) {
    Scalars sums(static_cast<std::size_t>(a.rows()));
    for (Eigen::Index row = 0; row < a.rows(); ++row)
      sums[static_cast<std::size_t>(row)] = a.row(row).matrix().dot(b.row(row).matrix());
    return sums;
  }
  static void add_to(DenseRows& x, const Scalars& factor, const DenseRows& y) {
    for (Eigen::Index row = 0; row < x.rows(); ++row)
      x.row(row) += factor[static_cast<std::size_t>(row)] * y.row(row);
  }
  static void scale(DenseRows& x, const Scalars& factor) {
    for (Eigen::Index row = 0; row < x.rows(); ++row) x.row(row) *= factor[static_cast<std::size_t>(row)];
  }
  static DenseRows combine(double a, const DenseRows& x, double b, const DenseRows& y) {
    return a * x + b * y;
  }
  static DenseRows square(const DenseRows& x) { return x.square(); }
  static DenseRows root_ratio(const DenseRows& x, double x_scale, const DenseRows& y, double y_scale,
                              double epsilon) {
    return x * x_scale / (y.sqrt() * y_scale + epsilon);
  }

  static void read_row(const DenseRows& x, int64_t row, std::vector<double>& out) {
    out.assign(x.row(row).data(), x.row(row).data() + x.cols());
  }
  static void write_row(DenseRows& x, int64_t row, const std::vector<double>& values) {
    std::copy(values.begin(), values.end(), x.row(row).data());
  }
};

}  // namespace latentpath::detail
