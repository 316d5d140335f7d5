#pragma once
// Curve: a family of paths γ: [0, 1] → R^D with fixed ends, given by parameters; a batch of pairs at once.
//
//   auto curve = latentpath::polyline_curve(latentpath::uniform_times(64), 8);
//   Tensor parameters = curve->fit(nodes, latentpath::uniform_times(64));     // [pairs, N]
//   Tensor z = curve->at(parameters, start, end, times);                      // [pairs, T, D]

#include <cstdint>
#include <memory>
#include <string>

#include "latentpath/core/tensor.h"

namespace latentpath {

/// 0 = t_0 < … < t_n = 1, equally spaced, float64 [n + 1].
Tensor uniform_times(int64_t segments);

/// As uniform_times, but finer towards both ends: t = (1 − g)u + g u²(3 − 2u) for uniform u and 0 ≤ g ≤ 1. A
/// quality that asks nothing at the ends (time_ramp) is best used by moving fast there, and a uniform grid
/// cannot show it.
Tensor graded_times(int64_t segments, double grading);

/// (t_i + t_{i+1}) / 2, [n].
Tensor middle_times(const Tensor& times);

/// A grid of curve points: what costs are computed on.
struct CurvePoints {
  Tensor nodes;    ///< γ(t_i) [pairs, n + 1, D]
  Tensor middles;  ///< γ(s_i) at the midtimes s_i [pairs, n, D]
  Tensor times;    ///< t_i [n + 1], float64
};

class Curve {
 public:
  virtual ~Curve() = default;

  /// γ(t_j): parameters [pairs, N], start and end [pairs, D], times [T] in [0, 1] → [pairs, T, D].
  /// Where t_j is 0 or 1 the result is start or end, to the last bit.
  Tensor at(const Tensor& parameters, const Tensor& start, const Tensor& end, const Tensor& times) const;

  /// Nodes at `times` and the midpoints between them.
  CurvePoints points(const Tensor& parameters, const Tensor& start, const Tensor& end,
                     const Tensor& times) const;

  /// Parameters whose curve runs (nearly) through the polyline `nodes` [pairs, m + 1, D] at `times` [m + 1].
  virtual Tensor fit(const Tensor& nodes, const Tensor& times) = 0;

  /// N, the number of parameters of one path.
  virtual int64_t parameter_count() const = 0;
  virtual std::string describe() const = 0;

 protected:
  /// As at(), without the care for exact ends.
  virtual Tensor evaluate(const Tensor& parameters, const Tensor& start, const Tensor& end,
                          const Tensor& times) const = 0;
};

/// The points at `query` [T] of the polyline through nodes [pairs, n + 1, D] at times [n + 1]; [pairs, T, D].
/// Times, or query, or both may have a row for each pair: [pairs, n + 1], [pairs, T].
Tensor interpolate_polyline(const Tensor& nodes, const Tensor& times, const Tensor& query);

/// The nodes themselves (paper B, §5): parameters are the interior nodes, [pairs, (n − 1) D].
std::shared_ptr<Curve> polyline_curve(const Tensor& times, int64_t latent_dim);

struct NeuralCurveOptions {
  int64_t hidden = 64;             ///< units of each hidden layer
  int64_t layers = 2;              ///< hidden layers, each with layer normalisation
  double last_layer_scale = 1e-3;  ///< the first curve is nearly the one fitted
  uint64_t seed = 0;
};

/// g(t) = (1 − t)(z0 − f(0)) + t(z1 − f(1)) + f(t), f a multilayer perceptron with layer normalisation
/// (paper A, Eq. 9). One perceptron a pair, all evaluated as one batch. Fitted to a polyline that is not the
/// straight line, g takes that polyline in the place of (1 − t) z0 + t z1.
std::shared_ptr<Curve> neural_curve(int64_t latent_dim, const NeuralCurveOptions& options = {});

}  // namespace latentpath
