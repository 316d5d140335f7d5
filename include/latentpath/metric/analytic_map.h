#pragma once
// AnalyticMap: a map R^D → R^M written once, with all its derivatives; a chart Φ (M coordinates) or the
// function behind a quality (M = 1).
//
// The map is a generic callable: its code is instantiated with double for values, and with the scalars of
// numerics/jet.h and numerics/tape.h for derivatives, which are exact. No LibTorch is involved; adaptors.h
// turns a map into an Embedding or a Quality, and those into maps.
//
//   auto cone = latentpath::chart([](const auto* z, auto* x) {
//     using std::sqrt;
//     x[0] = z[0]; x[1] = z[1]; x[2] = 0.5 * sqrt(z[0] * z[0] + z[1] * z[1]);
//   }, 2, 3, "cone");
//   std::vector<double> jacobian(3 * 2);
//   cone->jacobian(z, x, jacobian.data());

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "latentpath/core/error.h"
#include "latentpath/numerics/jet.h"
#include "latentpath/numerics/smoothed.h"
#include "latentpath/numerics/tape.h"

namespace latentpath {

/// The second-order expansions of a map at many points: a workspace, made once and filled again and again.
class MapExpansion {
 public:
  virtual ~MapExpansion() = default;

  /// Expands at `count` points z [count, D], at curve times t [count] (null where the map knows no time).
  virtual void expand(std::size_t count, const double* z, const double* t) = 0;
  /// f(z) [count, M].
  virtual const double* values() const = 0;
  /// J [count, M, D]; computed when first asked for.
  virtual const double* jacobians() = 0;
  /// J u: u [count, D] → [count, M].
  virtual void push(const double* u, double* pushed) = 0;
  /// Jᵀ v: v [count, M] → [count, D].
  virtual void pull(const double* v, double* pulled) = 0;
  /// Σ_k r_k ∇²f_k: r [count, M] → symmetric blocks [count, D, D]. Zero where the map has no second
  /// derivatives.
  virtual void curvatures(const double* r, double* blocks) = 0;
  /// (Σ_k r_k ∇²f_k) u: [count, D].
  virtual void curvature_products(const double* r, const double* u, double* product) = 0;
  /// Adds Jᵀv to (Σ_k r_k ∇²f_k) u: the change of Jᵀr when z moves along u and r by v; [count, D]. `scratch`
  /// is memory of the same size.
  virtual void pull_changes(const double* r, const double* u, const double* v, double* product,
                            double* scratch, std::size_t size) {
    curvature_products(r, u, product);
    pull(v, scratch);
    for (std::size_t e = 0; e < size; ++e) product[e] += scratch[e];
  }
};

struct Topology;

class AnalyticMap {
 public:
  AnalyticMap(int latent_dim, int output_dim, std::string name);
  virtual ~AnalyticMap() = default;

  int latent_dim() const noexcept { return latent_dim_; }
  int output_dim() const noexcept { return output_dim_; }
  const std::string& describe() const noexcept { return name_; }
  /// True when the map depends on the curve time t.
  virtual bool depends_on_time() const { return false; }
  /// True where Φ(z) = z for every z, whatever the map is called.
  virtual bool is_identity() const { return false; }
  /// False where curvatures are not to be had; solvers then use Gauss–Newton.
  virtual bool has_curvatures() const { return true; }
  /// The relative rounding error of values: of float64, unless a model computes in float32.
  virtual double rounding() const { return 1e-15; }
  /// False where several threads must not call at once, or gain nothing from it.
  virtual bool concurrent() const { return true; }
  /// Points that a model behind it has mapped since it was made, for whomever; formulas count none: 0.
  virtual int64_t evaluations() const { return 0; }
  /// Which points of R^D are one point of the manifold, and where the chart ends (topology.h).
  virtual const Topology& topology() const;

  /// f(z): z [count, D], t [count] or null → x [count, M].
  virtual void values(std::size_t count, const double* z, const double* t, double* x) const = 0;
  virtual std::unique_ptr<MapExpansion> make_expansion() const = 0;
  /// The same map with its kinks (of abs, max, min) rounded off over the width δ > 0; null where none are
  /// known.
  virtual std::shared_ptr<const AnalyticMap> smoothed(double /*kink_width*/) const { return nullptr; }

  /// The distance between a [D] and b [D] in closed form where it is known, identifications apart: of a chart
  /// that of the metric JᵀJ, of a weight n that of n² times the Euclidean metric.
  virtual std::optional<double> closed_form_distance(const double* /*a*/, const double* /*b*/) const {
    return std::nullopt;
  }

  /// One point, for convenience: x [M], jacobian [M, D].
  void value(const double* z, double* x) const { values(1, z, nullptr, x); }
  void jacobian(const double* z, double* x, double* jacobian) const;

 private:
  int latent_dim_, output_dim_;
  std::string name_;
};

using ChartPointer = std::shared_ptr<const AnalyticMap>;

/// Φ from a generic callable `f(const T* z, T* x)`, T any scalar: z [D], x [M]. A callable that copies z to x
/// says so by a member `static constexpr bool kIdentity = true`;
/// one that knows its distances has a member `double distance(const double* a, const double* b) const`.
/// Throws Error(kArgument) unless D ≥ 1 and M ≥ 1.
template <class Function>
ChartPointer chart(Function f, int latent_dim, int embedding_dim, std::string name = "chart");

/// A map R^D → R from a generic callable `T f(const T* z)` or `T f(const T* z, double t)`; its kinks can be
/// smoothed.
template <class Function>
std::shared_ptr<const AnalyticMap> scalar_map(Function f, int latent_dim, std::string name = "function");

}  // namespace latentpath

#include "latentpath/metric/analytic_map_impl.h"
