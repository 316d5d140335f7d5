#pragma once
// AnalyticQuality: a quality Q_t(z) with exact first and second derivatives, for the fast geodesic solvers.
//
// What enters lengths is the weight n = −log Q_ε, Q_ε = ε + (1 − 2ε)Q (paper A, Eq. 10). A quality is given
// as Q itself, as −log Q (which does not underflow), or as a level set Q = ½ exp(−K d_M(z)) (paper A, Eq.
// 12), whose stiffness K the solver raises by itself.
//
//   auto hill = latentpath::analytic_quality([](const auto* z) {
//     using std::exp;
//     return 1 - 0.9 * exp(-z[0] * z[0] - z[1] * z[1]);
//   }, 2, "hill");

#include <memory>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "latentpath/metric/analytic_map.h"

namespace latentpath {

class AnalyticQuality {
 public:
  enum class Form {
    kConstant,     ///< Q = value()
    kQuality,      ///< the map is Q
    kNegativeLog,  ///< the map is −log Q
    kLevelSet      ///< the map is d_M, Q = exp(−n_M − K d_M), where the papers have ½ for exp(−n_M)
  };
  /// `set_weight` is n_M.
  AnalyticQuality(Form form, std::shared_ptr<const AnalyticMap> map, double number, std::string name,
                  double set_weight = std::numbers::ln2);

  Form form() const noexcept { return form_; }
  /// Null for a constant.
  const std::shared_ptr<const AnalyticMap>& map() const noexcept { return map_; }
  /// Q of a constant.
  double value() const noexcept { return number_; }
  /// K of a level set.
  double stiffness() const noexcept { return number_; }
  /// n_M, the weight on a level set itself: log 2 in the papers, 1 where lengths are to be distances.
  double set_weight() const noexcept { return set_weight_; }
  /// Accepted latent size, −1: any.
  int latent_dim() const noexcept { return map_ ? map_->latent_dim() : -1; }
  bool depends_on_time() const { return map_ && map_->depends_on_time(); }
  const std::string& describe() const noexcept { return name_; }

  /// Q_t(z), unregularised, one point.
  double operator()(const double* z, double t = 0.5) const;
  /// inf n that is known in advance: n of a constant, n_M for a level set, else −log(1 − ε).
  double least_weight(double epsilon) const;

 private:
  Form form_;
  std::shared_ptr<const AnalyticMap> map_;
  double number_, set_weight_;
  std::string name_;
};

using AnalyticQualityPointer = std::shared_ptr<const AnalyticQuality>;

/// Q = c, 0 < c < 1 (named apart from constant_quality, which makes the tensor quality).
AnalyticQualityPointer analytic_constant(double c = 0.5);

/// No quality at all: n = 1, so that lengths are those of the embedding.
AnalyticQualityPointer no_quality();

/// Q from a generic callable `T Q(const T* z)` or `T Q(const T* z, double t)` with values in [0, 1].
template <class Function>
AnalyticQualityPointer analytic_quality(Function f, int latent_dim, std::string name = "quality") {
  auto map = scalar_map(std::move(f), latent_dim, name);
  return std::make_shared<AnalyticQuality>(AnalyticQuality::Form::kQuality, std::move(map), 0.0,
                                           std::move(name));
}

/// Q = exp(−f), f ≥ 0: a conformal metric f² JᵀJ.
template <class Function>
AnalyticQualityPointer analytic_weight(Function f, int latent_dim, std::string name = "weight") {
  auto map = scalar_map(std::move(f), latent_dim, name);
  return std::make_shared<AnalyticQuality>(AnalyticQuality::Form::kNegativeLog, std::move(map), 0.0,
                                           std::move(name));
}

/// Q = exp(−n_M − K d(z)), d ≥ 0 and zero exactly on the set; ½ exp(−K d) where n_M is not given.
template <class Function>
AnalyticQualityPointer analytic_level_set(Function distance, double stiffness, int latent_dim,
                                          std::string name = "level set",
                                          double set_weight = std::numbers::ln2) {
  auto map = scalar_map(std::move(distance), latent_dim, name);
  return std::make_shared<AnalyticQuality>(AnalyticQuality::Form::kLevelSet, std::move(map), stiffness,
                                           std::move(name), set_weight);
}

struct Disc {
  std::vector<double> centre;  ///< [D]
  double radius = 1;
};
/// The space outside balls: d = Σ_k max(0, r_k − ‖z − c_k‖) (paper A, Example 3: one disc, centre 0, radius
/// 1).
AnalyticQualityPointer cut_out_discs(std::vector<Disc> discs, double stiffness,
                                     double set_weight = std::numbers::ln2);

/// The surface of the cube [−1, 1]^D: d = |1 − ‖z‖_max| (paper A, Example 4).
AnalyticQualityPointer cube_surface(int latent_dim, double stiffness, double set_weight = std::numbers::ln2);

/// Q = exp(−2/(1 − ‖z‖²)): the Poincaré ball, curvature −1. Outside the ball Q is 0.
AnalyticQualityPointer poincare_ball(int latent_dim = 2);

/// Q = exp(−1/z_D): the upper half-space z_D > 0, curvature −1. Elsewhere Q is 0.
AnalyticQualityPointer half_space(int latent_dim = 2);

/// Q = exp(−2/(1 + ‖z‖²)): the unit sphere in stereographic projection, as a conformal metric.
AnalyticQualityPointer stereographic_quality(int latent_dim = 2);

}  // namespace latentpath
