#include "latentpath/metric/analytic_quality.h"

#include <cmath>
#include <limits>
#include <numbers>

#include "latentpath/metric/charts.h"
#include "latentpath/metric/epsilon.h"
#include "metric/dense/squared_distance.h"

namespace latentpath {

AnalyticQuality::AnalyticQuality(Form form, std::shared_ptr<const AnalyticMap> map, double number,
                                 std::string name, double set_weight)
    : form_(form), map_(std::move(map)), number_(number), set_weight_(set_weight), name_(std::move(name)) {
  if (form_ == Form::kConstant) {
    LATENTPATH_CHECK(number_ > 0 && number_ < 1, kArgument, "the constant quality is ", number_,
                     ": it must be above 0 and below 1");
    map_ = nullptr;
    return;
  }
  LATENTPATH_ASSERT(map_ != nullptr);
  LATENTPATH_CHECK(map_->output_dim() == 1, kArgument, name_, " must have one value a point, not ",
                   map_->output_dim());
  if (form_ != Form::kLevelSet) return;
  LATENTPATH_CHECK(std::isfinite(number_) && number_ > 0, kArgument, "the stiffness K of ", name_, " is ",
                   number_, ": it must be above 0");
  LATENTPATH_CHECK(std::isfinite(set_weight_) && set_weight_ > 0, kArgument, "the weight on ", name_, " is ",
                   set_weight_, ": it must be above 0");
}

double AnalyticQuality::operator()(const double* z, double t) const {
  if (form_ == Form::kConstant) return number_;
  double f = 0;
  map_->values(1, z, &t, &f);
  switch (form_) {
    case Form::kNegativeLog:
      return std::exp(-f);
    case Form::kLevelSet:
      return std::exp(-set_weight_) * std::exp(-number_ * f);
    default:
      return f;
  }
}

double AnalyticQuality::least_weight(double epsilon) const {
  if (form_ == Form::kLevelSet && epsilon == 0) return set_weight_;
  const double greatest = form_ == Form::kConstant   ? number_
                          : form_ == Form::kLevelSet ? std::exp(-set_weight_)
                                                     : 1.0;
  return -std::log(regularised(greatest, epsilon));
}

AnalyticQualityPointer analytic_constant(double c) {
  return std::make_shared<AnalyticQuality>(AnalyticQuality::Form::kConstant, nullptr, c,
                                           join_message("constant quality ", c));
}

AnalyticQualityPointer no_quality() {
  // −log of the double next to 1/e is 1 to the last bit.
  static const auto none = std::make_shared<AnalyticQuality>(AnalyticQuality::Form::kConstant, nullptr,
                                                             std::exp(-1.0), "no quality");
  return none;
}

namespace {

struct OutsideDiscs {
  std::vector<Disc> discs;
  template <class T>
  T operator()(const T* z) const {
    using std::max, std::sqrt;
    T sum(0.0);
    for (const Disc& disc : discs) {
      T square(0.0);
      for (std::size_t i = 0; i < disc.centre.size(); ++i) {
        const T x = z[i] - disc.centre[i];
        square = square + x * x;
      }
      sum = sum + max(T(0.0), disc.radius - sqrt(square));
    }
    return sum;
  }
};

struct CubeSurface {
  int dim;
  template <class T>
  T operator()(const T* z) const {
    using std::abs, std::max;
    T largest = abs(z[0]);
    for (int i = 1; i < dim; ++i) largest = max(largest, T(abs(z[i])));
    return abs(largest - 1.0);
  }
};

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Poincare {
  int dim;
  double distance(const double* a, const double* b) const {
    const double from_rim = 1 - detail::squared_norm(a, dim), to_rim = 1 - detail::squared_norm(b, dim);
    if (!(from_rim > 0 && to_rim > 0)) return kInfinity;
    return 2 * std::asinh(std::sqrt(detail::squared_distance(a, b, dim) / (from_rim * to_rim)));
  }
  template <class T>
  T operator()(const T* z) const {
    T square = z[0] * z[0];
    for (int i = 1; i < dim; ++i) square = square + z[i] * z[i];
    // Outside the ball there is no space: an infinite weight.
    if (square >= 1.0) return T(kInfinity);
    return 2.0 / (1.0 - square);
  }
};

struct HalfSpace {
  int dim;
  double distance(const double* a, const double* b) const {
    const double from_rim = a[dim - 1], to_rim = b[dim - 1];
    if (!(from_rim > 0 && to_rim > 0)) return kInfinity;
    return 2 * std::asinh(0.5 * std::sqrt(detail::squared_distance(a, b, dim)) / std::sqrt(from_rim) /
                          std::sqrt(to_rim));
  }
  template <class T>
  T operator()(const T* z) const {
    if (!(z[dim - 1] > 0.0)) return T(kInfinity);
    return 1.0 / z[dim - 1];
  }
};

struct StereographicWeight {
  int dim;
  double distance(const double* a, const double* b) const {
    return *stereographic_chart(dim)->closed_form_distance(a, b);  // the same sphere
  }
  template <class T>
  T operator()(const T* z) const {
    T square = z[0] * z[0];
    for (int i = 1; i < dim; ++i) square = square + z[i] * z[i];
    return 2.0 / (square + 1.0);
  }
};

}  // namespace

AnalyticQualityPointer cut_out_discs(std::vector<Disc> discs, double stiffness, double set_weight) {
  LATENTPATH_CHECK(!discs.empty() && !discs[0].centre.empty(), kArgument,
                   "a cut-out needs at least one disc");
  const std::size_t dim = discs[0].centre.size();
  for (const Disc& disc : discs) {
    LATENTPATH_CHECK(disc.centre.size() == dim, kArgument, "the discs' centres have ", dim, " and ",
                     disc.centre.size(), " coordinates: they must agree");
    LATENTPATH_CHECK(std::isfinite(disc.radius) && disc.radius > 0, kArgument, "the disc's radius is ",
                     disc.radius, ": it must be above 0");
  }
  const std::string name = discs.size() == 1 ? "cut-out disc" : join_message(discs.size(), " cut-out discs");
  return analytic_level_set(OutsideDiscs{std::move(discs)}, stiffness, static_cast<int>(dim), name,
                            set_weight);
}

AnalyticQualityPointer cube_surface(int latent_dim, double stiffness, double set_weight) {
  return analytic_level_set(CubeSurface{latent_dim}, stiffness, latent_dim, "cube surface", set_weight);
}

AnalyticQualityPointer poincare_ball(int latent_dim) {
  return analytic_weight(Poincare{latent_dim}, latent_dim, "Poincare ball");
}

AnalyticQualityPointer half_space(int latent_dim) {
  return analytic_weight(HalfSpace{latent_dim}, latent_dim, "upper half-space");
}

AnalyticQualityPointer stereographic_quality(int latent_dim) {
  return analytic_weight(StereographicWeight{latent_dim}, latent_dim, "stereographic sphere");
}

}  // namespace latentpath
