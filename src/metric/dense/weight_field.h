#pragma once
// WeightField: n² at many points, with its first and second derivatives, from an analytic quality. Internal.

#include <cstddef>
#include <memory>
#include <vector>

#include "latentpath/metric/analytic_quality.h"

namespace latentpath::detail {

class WeightField {
 public:
  WeightField(const AnalyticQuality& quality, double epsilon);

  bool constant() const { return quality_.form() == AnalyticQuality::Form::kConstant; }
  bool level_set() const { return quality_.form() == AnalyticQuality::Form::kLevelSet; }
  /// n of a constant quality.
  double constant_weight() const { return constant_weight_; }
  /// K used in place of the level set's own.
  void set_stiffness(double stiffness) { stiffness_ = stiffness; }

  /// Kinks of a distance (of max, abs) are rounded off over this width (AnalyticMap::smoothed); 0: not.
  void set_kink_width(double width);

  /// n [count]; NaN where the quality is NaN or leaves [0, 1].
  void weights(std::size_t count, const double* z, const double* t, double* n) const;

  /// Expands n² at the points; the four below refer to them.
  void expand(std::size_t count, const double* z, const double* t);
  const std::vector<double>& squares() const { return squares_; }      ///< n² [count]
  const std::vector<double>& gradients() const { return gradients_; }  ///< ∇n² [count, D]
  /// ∇²n² [count, D, D].
  const std::vector<double>& hessians();
  /// ∇²n² u: [count, D].
  void hessian_products(const double* u, double* product);

 private:
  struct Chain {
    double n, n1, n2;
  };
  Chain chain(double f) const;

  const AnalyticQuality& quality_;
  double epsilon_, stiffness_, constant_weight_, kink_width_ = 0;
  std::shared_ptr<const AnalyticMap> map_;  ///< the quality's, its kinks smoothed
  std::unique_ptr<MapExpansion> expansion_;
  std::size_t count_ = 0;
  std::vector<double> squares_, gradients_, hessians_, first_, second_;
};

}  // namespace latentpath::detail
