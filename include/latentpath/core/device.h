#pragma once
// Where tensors live. Latents, times, numbers of points (qualities, lengths, costs) and all that a search
// computes with are on the host. What a model makes of points stays on the model's device, and so does what
// is made of it, up to the numbers of points.
//
//   Tensor images = (*decoder)(z);                                   // [n, …], on the decoder's device
//   Tensor lengths = latentpath::on_host(images.flatten(1).norm(2, {1}));

#include "latentpath/core/tensor.h"

namespace latentpath {

/// `values` as float64 on the host.
Tensor on_host(const Tensor& values);

/// values[rows], where `values` live; `rows` [k] int64 may be elsewhere.
Tensor select_rows(const Tensor& values, const Tensor& rows);

}  // namespace latentpath
