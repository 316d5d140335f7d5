#pragma once
// The algebra of tensors [B, N] that solvers are written in (generic/algebra.h). Internal.

#include <ATen/ATen.h>

#include <vector>

#include "latentpath/core/tensor.h"
#include "solver/generic/algebra.h"

namespace latentpath::detail {

template <>
struct Algebra<Tensor> {
  using Scalars = std::vector<double>;

  static int64_t count(const Tensor& x) { return x.size(0); }
  static int64_t width(const Tensor& x) { return x.size(1); }
  static Tensor copy(const Tensor& x) { return x.clone(at::MemoryFormat::Contiguous); }
  static Tensor zeros_like(const Tensor& x) { return at::zeros_like(x, at::MemoryFormat::Contiguous); }

  static Scalars to_scalars(const Tensor& values) {
    const Tensor host = values.detach().to(at::kCPU, at::kDouble).contiguous();
    return {host.data_ptr<double>(), host.data_ptr<double>() + host.numel()};
  }
  static Tensor from_scalars(const Scalars& values, const Tensor& /*like*/) {
    return at::tensor(values, at::kDouble);
  }
  static void set_value(Tensor& values, int64_t row, double value) { values.data_ptr<double>()[row] = value; }
  static double mean(const Tensor& values) { return values.mean().item<double>(); }
  static std::vector<int64_t> to_list(const Tensor& rows) {
    const Tensor list = rows.contiguous();
    return {list.data_ptr<int64_t>(), list.data_ptr<int64_t>() + list.numel()};
  }
  static Tensor to_indices(const std::vector<int64_t>& rows) { return at::tensor(rows, at::kLong); }

  static Tensor select(const Tensor& x, const Tensor& rows) { return x.index_select(0, rows.to(x.device())); }
  static void assign(Tensor& x, const Tensor& rows, const Tensor& part) {
    x.index_copy_(0, rows.to(x.device()), part);
  }
  static Tensor select_values(const Tensor& values, const Tensor& rows) {
    return values.index_select(0, rows);
  }

  static Scalars dot(const Tensor& a, const Tensor& b) { return to_scalars((a * b).sum(1)); }
  static void add_to(Tensor& x, const Scalars& factor, const Tensor& y) { x = x + column(factor, x) * y; }
  static void scale(Tensor& x, const Scalars& factor) { x = x * column(factor, x); }
  static Tensor combine(double a, const Tensor& x, double b, const Tensor& y) {
    return a == 1 ? at::add(x, y, b) : (x * a).add_(y, b);
  }
  static Tensor square(const Tensor& x) { return x.square(); }
  static Tensor root_ratio(const Tensor& x, double x_scale, const Tensor& y, double y_scale, double epsilon) {
    return x * x_scale / (y.sqrt() * y_scale + epsilon);
  }

  static void read_row(const Tensor& x, int64_t row, std::vector<double>& out) { out = to_scalars(x[row]); }
  static void write_row(Tensor& x, int64_t row, const std::vector<double>& values) {
    x[row].copy_(at::tensor(values, at::kDouble));
  }

 private:
  /// [B, 1], as x is.
  static Tensor column(const Scalars& factor, const Tensor& x) {
    return at::tensor(factor, at::kDouble).to(x.options()).unsqueeze(1);
  }
};

}  // namespace latentpath::detail
