#pragma once
// The algebra that solvers are written in, for any Rows [B, N]. Internal.
//
//   count, width, copy, zeros_like                B, N, a batch of its own, zeros of the same shape
//   to_scalars, from_scalars, set_value, mean     per-row numbers between Values and std::vector<double>
//   to_list, to_indices                           row numbers between Indices and std::vector<int64_t>
//   select, assign, select_values                 x[rows], x[rows] ← part
//   dot                                           a_bᵀ b_b for each row b
//   add_to(x, f, y), scale(x, f)                  x_b ← x_b + f_b y_b, x_b ← f_b x_b
//   combine(a, x, b, y), square(x)                a x + b y, element by element
//   root_ratio(x, s, y, t, ε)                     s x / (t √y + ε)
//   read_row, write_row                           one row as plain numbers
//
// Only numbers of whole rows (dot, to_scalars) and single rows leave the device that rows live on.

namespace latentpath::detail {

template <class Rows>
struct Algebra;

}  // namespace latentpath::detail
