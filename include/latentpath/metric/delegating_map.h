#pragma once
// A map that is another one in everything that a derived class does not change: the base of decorators, so
// that what a map can say is passed on in one place.
//
//   class Slow : public latentpath::DelegatingMap {
//    public:
//     using DelegatingMap::DelegatingMap;
//     bool concurrent() const override { return false; }
//   };

#include <memory>
#include <utility>

#include "latentpath/metric/analytic_map.h"

namespace latentpath {

class DelegatingMap : public AnalyticMap {
 public:
  explicit DelegatingMap(ChartPointer inner)
      : AnalyticMap(inner->latent_dim(), inner->output_dim(), inner->describe()), inner_(std::move(inner)) {}

  bool depends_on_time() const override { return inner_->depends_on_time(); }
  bool is_identity() const override { return inner_->is_identity(); }
  bool has_curvatures() const override { return inner_->has_curvatures(); }
  double rounding() const override { return inner_->rounding(); }
  bool concurrent() const override { return inner_->concurrent(); }
  const Topology& topology() const override { return inner_->topology(); }
  std::optional<double> closed_form_distance(const double* a, const double* b) const override {
    return inner_->closed_form_distance(a, b);
  }
  void values(std::size_t count, const double* z, const double* t, double* x) const override {
    inner_->values(count, z, t, x);
  }
  std::unique_ptr<MapExpansion> make_expansion() const override { return inner_->make_expansion(); }

 private:
  ChartPointer inner_;
};

}  // namespace latentpath
