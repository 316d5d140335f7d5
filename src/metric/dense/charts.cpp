#include "latentpath/metric/charts.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "latentpath/metric/topology.h"
#include "metric/dense/squared_distance.h"

namespace latentpath {

// Each chart is a function object with the code of one point; the dimension is data.
namespace {

constexpr double kTurn = 2 * std::numbers::pi;

/// The angle between the unit vectors x and y, exact to rounding for small ones and near π alike.
double angle_between(const std::vector<double>& x, const std::vector<double>& y) {
  double difference = 0, sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    difference += (x[i] - y[i]) * (x[i] - y[i]);
    sum += (x[i] + y[i]) * (x[i] + y[i]);
  }
  return 2 * std::atan2(std::sqrt(difference), std::sqrt(sum));
}

/// The great circle between the images of a chart of the unit sphere in R^dimension about `centre` × its last
/// axis.
template <class Chart>
double on_unit_sphere(const Chart& chart, const double* a, const double* b, int dimension,
                      double centre = 0) {
  std::vector<double> x(static_cast<std::size_t>(dimension)), y(x);
  chart(a, x.data());
  chart(b, y.data());
  x.back() -= centre;
  y.back() -= centre;
  return angle_between(x, y);
}

struct Plane {
  static constexpr bool kIdentity = true;
  int dim;
  double distance(const double* a, const double* b) const {
    return std::sqrt(detail::squared_distance(a, b, dim));
  }
  template <class T>
  void operator()(const T* z, T* x) const {
    for (int i = 0; i < dim; ++i) x[i] = z[i];
  }
};

struct HalfSphere {
  int dim;
  double distance(const double* a, const double* b) const { return on_unit_sphere(*this, a, b, dim + 1, 1); }
  template <class T>
  void operator()(const T* z, T* x) const {
    using std::sqrt;
    T square = z[0] * z[0];
    for (int i = 1; i < dim; ++i) square += z[i] * z[i];
    const T inverse = 1.0 / sqrt(square + 1.0);
    for (int i = 0; i < dim; ++i) x[i] = z[i] * inverse;
    x[dim] = 1.0 - inverse;
  }
};

struct Stereographic {
  int dim;
  double distance(const double* a, const double* b) const { return on_unit_sphere(*this, a, b, dim + 1); }
  template <class T>
  void operator()(const T* z, T* x) const {
    T square = z[0] * z[0];
    for (int i = 1; i < dim; ++i) square += z[i] * z[i];
    const T scale = 2.0 / (square + 1.0);
    for (int i = 0; i < dim; ++i) x[i] = z[i] * scale;
    x[dim] = 1.0 - scale;
  }
};

struct Ellipsoid {
  std::vector<double> axes;
  template <class T>
  void operator()(const T* z, T* x) const {
    const int dim = static_cast<int>(axes.size()) - 1;
    Stereographic{dim}(z, x);
    for (int i = 0; i <= dim; ++i) x[i] = x[i] * axes[static_cast<std::size_t>(i)];
  }
};

struct Torus {
  double major, minor;
  template <class T>
  void operator()(const T* z, T* x) const {
    using std::cos, std::sin;
    const T ring = minor * cos(z[1]) + major;
    x[0] = ring * cos(z[0]);
    x[1] = ring * sin(z[0]);
    x[2] = minor * sin(z[1]);
  }
};

struct Cylinder {
  double radius;
  double distance(const double* a, const double* b) const {
    return std::hypot(radius * (b[0] - a[0]), b[1] - a[1]);
  }
  template <class T>
  void operator()(const T* z, T* x) const {
    using std::cos, std::sin;
    x[0] = radius * cos(z[0]);
    x[1] = radius * sin(z[0]);
    x[2] = z[1];
  }
};

struct Moebius {
  double radius;
  template <class T>
  void operator()(const T* z, T* x) const {
    using std::cos, std::sin;
    const T half = 0.5 * z[0], ring = z[1] * cos(half) + radius;
    x[0] = ring * cos(z[0]);
    x[1] = ring * sin(z[0]);
    x[2] = z[1] * sin(half);
  }
};

struct SphereInAngles {
  double distance(const double* a, const double* b) const { return on_unit_sphere(*this, a, b, 3); }
  template <class T>
  void operator()(const T* z, T* x) const {
    using std::cos, std::sin;
    const T ring = cos(z[0]);
    x[0] = ring * cos(z[1]);
    x[1] = ring * sin(z[1]);
    x[2] = sin(z[0]);
  }
};

struct ProjectiveLine {
  double distance(const double* a, const double* b) const { return std::abs(*b - *a); }
  template <class T>
  void operator()(const T* z, T* x) const {
    using std::cos, std::sin;
    const T twice = 2.0 * z[0];
    x[0] = 0.5 * cos(twice);
    x[1] = 0.5 * sin(twice);
  }
};

struct Paraboloid {
  int dim;
  double steepness;
  template <class T>
  void operator()(const T* z, T* x) const {
    T square = z[0] * z[0];
    for (int i = 1; i < dim; ++i) square += z[i] * z[i];
    for (int i = 0; i < dim; ++i) x[i] = z[i];
    x[dim] = steepness * square;
  }
};

struct SwissRoll {
  static double arc(double u) { return 0.5 * (u * std::hypot(1, u) + std::asinh(u)); }
  double distance(const double* a, const double* b) const {
    return std::hypot(arc(b[0]) - arc(a[0]), b[1] - a[1]);
  }
  template <class T>
  void operator()(const T* z, T* x) const {
    using std::cos, std::sin;
    x[0] = z[0] * cos(z[0]);
    x[1] = z[1];
    x[2] = z[0] * sin(z[0]);
  }
};

struct Helicoid {
  double pitch;
  template <class T>
  void operator()(const T* z, T* x) const {
    using std::cos, std::sin;
    x[0] = z[0] * cos(z[1]);
    x[1] = z[0] * sin(z[1]);
    x[2] = pitch * z[1];
  }
};

}  // namespace

ChartPointer plane_chart(int latent_dim) { return chart(Plane{latent_dim}, latent_dim, latent_dim, "plane"); }

ChartPointer half_sphere_chart(int latent_dim) {
  return chart(HalfSphere{latent_dim}, latent_dim, latent_dim + 1, "half-sphere");
}

ChartPointer stereographic_chart(int latent_dim) {
  return chart(Stereographic{latent_dim}, latent_dim, latent_dim + 1, "sphere");
}

ChartPointer ellipsoid_chart(std::vector<double> semi_axes) {
  LATENTPATH_CHECK(semi_axes.size() >= 2, kArgument, "an ellipsoid needs at least 2 semi-axes, not ",
                   semi_axes.size());
  for (const double a : semi_axes)
    LATENTPATH_CHECK(std::isfinite(a) && a > 0, kArgument, "the ellipsoid's semi-axis ", a,
                     " must be above 0");
  const int dim = static_cast<int>(semi_axes.size()) - 1;
  return chart(Ellipsoid{std::move(semi_axes)}, dim, dim + 1, "ellipsoid");
}

ChartPointer torus_chart(double major_radius, double minor_radius) {
  LATENTPATH_CHECK(std::isfinite(major_radius) && minor_radius > 0 && major_radius > minor_radius, kArgument,
                   "the torus' radii are ", major_radius, " and ", minor_radius,
                   ": they must be positive, the first the larger one");
  return with_topology(chart(Torus{major_radius, minor_radius}, 2, 3, "torus"),
                       {.identifications = {{.axis = 0, .period = kTurn}, {.axis = 1, .period = kTurn}}});
}

ChartPointer flat_torus_chart(std::vector<double> periods) {
  LATENTPATH_CHECK(!periods.empty(), kArgument, "a flat torus needs at least one period");
  Topology topology;
  for (std::size_t d = 0; d < periods.size(); ++d) {
    LATENTPATH_CHECK(std::isfinite(periods[d]) && periods[d] >= 0, kArgument, "the flat torus' period ",
                     periods[d], " must be above 0, or 0 for a coordinate without one");
    if (periods[d] > 0)
      topology.identifications.push_back({.axis = static_cast<int>(d), .period = periods[d]});
  }
  const int dim = static_cast<int>(periods.size());
  return with_topology(chart(Plane{dim}, dim, dim, "flat-torus"), std::move(topology));
}

ChartPointer cylinder_chart(double radius) {
  LATENTPATH_CHECK(std::isfinite(radius) && radius > 0, kArgument, "the cylinder's radius is ", radius,
                   ": it must be above 0");
  return with_topology(chart(Cylinder{radius}, 2, 3, "cylinder"),
                       {.identifications = {{.axis = 0, .period = kTurn}}});
}

ChartPointer moebius_chart(double radius) {
  LATENTPATH_CHECK(std::isfinite(radius) && radius > 0, kArgument, "the Möbius strip's radius is ", radius,
                   ": it must be above 0");
  return with_topology(chart(Moebius{radius}, 2, 3, "moebius"),
                       {.identifications = {{.axis = 0, .period = kTurn, .reversed = {{1, 0.0}}}}});
}

ChartPointer sphere_in_angles_chart() {
  return with_topology(chart(SphereInAngles{}, 2, 3, "sphere-angles"),
                       {.identifications = {{.axis = 0, .period = kTurn},
                                            {.axis = 1, .period = kTurn / 2, .reversed = {{0, kTurn / 4}}}}});
}

ChartPointer projective_line_chart() {
  return with_topology(chart(ProjectiveLine{}, 1, 2, "projective-line"),
                       {.identifications = {{.axis = 0, .period = kTurn / 2}}});
}

ChartPointer projective_space_chart(int latent_dim) {
  return with_topology(chart(Stereographic{latent_dim}, latent_dim, latent_dim + 1, "projective-space"),
                       {.antipodal = true});
}

ChartPointer paraboloid_chart(int latent_dim, double steepness) {
  LATENTPATH_CHECK(std::isfinite(steepness), kArgument, "the paraboloid's steepness must be finite");
  return chart(Paraboloid{latent_dim, steepness}, latent_dim, latent_dim + 1, "paraboloid");
}

ChartPointer swiss_roll_chart() { return chart(SwissRoll{}, 2, 3, "swiss-roll"); }

ChartPointer helicoid_chart(double pitch) {
  LATENTPATH_CHECK(std::isfinite(pitch), kArgument, "the helicoid's pitch must be finite");
  return chart(Helicoid{pitch}, 2, 3, "helicoid");
}

namespace {

/// A chart by its name: how many parameters it takes, where it does not say itself, and what makes it of
/// them.
struct NamedChart {
  ChartName name;
  std::optional<std::size_t> parameters;
  ChartPointer (*make)(int latent_dim, const std::vector<double>& parameters);
  bool own_dimension = false;  ///< its maker knows what latent dimensions there are
};

ChartPointer make_ellipsoid(int latent_dim, const std::vector<double>& axes) {
  if (axes.empty()) return ellipsoid_chart();
  LATENTPATH_CHECK(latent_dim == 0 || axes.size() == static_cast<std::size_t>(latent_dim) + 1, kArgument,
                   "an ellipsoid of latent dimension ", latent_dim, " has ", latent_dim + 1,
                   " semi-axes, not ", axes.size());
  return ellipsoid_chart(axes);
}

const std::vector<NamedChart>& named_charts() {
  using Numbers = std::vector<double>;
  static const std::vector<NamedChart> charts = {
      {{"plane", "", true}, 0, [](int dim, const Numbers&) { return plane_chart(dim); }},
      {{"half-sphere", "", true}, 0, [](int dim, const Numbers&) { return half_sphere_chart(dim); }},
      {{"sphere", "", true}, 0, [](int dim, const Numbers&) { return stereographic_chart(dim); }},
      {{"ellipsoid", "semi-axes a1,a2,… (one more than latent dimensions)", false}, {}, make_ellipsoid, true},
      {{"torus", "major and minor radius R,r", false},
       2,
       [](int, const Numbers& p) { return p.empty() ? torus_chart() : torus_chart(p[0], p[1]); }},
      {{"flat-torus", "period of each coordinate, 0 for none (2π and 2π)", false},
       {},
       [](int, const Numbers& p) { return p.empty() ? flat_torus_chart() : flat_torus_chart(p); },
       true},
      {{"cylinder", "radius r (1)", false},
       1,
       [](int, const Numbers& p) { return p.empty() ? cylinder_chart() : cylinder_chart(p[0]); }},
      {{"moebius", "radius R (1)", false},
       1,
       [](int, const Numbers& p) { return p.empty() ? moebius_chart() : moebius_chart(p[0]); }},
      {{"sphere-angles", "", false}, 0, [](int, const Numbers&) { return sphere_in_angles_chart(); }},
      {{"projective-line", "", false}, 0, [](int, const Numbers&) { return projective_line_chart(); }, true},
      {{"projective-space", "", true},
       0,
       [](int dim, const Numbers&) { return projective_space_chart(dim); }},
      {{"paraboloid", "steepness a", true},
       1,
       [](int dim, const Numbers& p) {
         return p.empty() ? paraboloid_chart(dim) : paraboloid_chart(dim, p[0]);
       }},
      {{"swiss-roll", "", false}, 0, [](int, const Numbers&) { return swiss_roll_chart(); }},
      {{"helicoid", "pitch p", false}, 1, [](int, const Numbers& p) {
         return p.empty() ? helicoid_chart() : helicoid_chart(p[0]);
       }}};
  return charts;
}

}  // namespace

const std::vector<ChartName>& chart_names() {
  static const std::vector<ChartName> names = [] {
    std::vector<ChartName> all;
    for (const NamedChart& chart : named_charts()) all.push_back(chart.name);
    return all;
  }();
  return names;
}

ChartPointer make_chart(const std::string& name, const std::vector<double>& parameters, int latent_dim) {
  LATENTPATH_CHECK(latent_dim >= 0, kArgument, "the latent dimension is ", latent_dim,
                   ": it must be positive");
  for (const NamedChart& chart : named_charts()) {
    if (chart.name.name != name) continue;
    const int dim = latent_dim == 0 && !chart.own_dimension ? 2 : latent_dim;
    LATENTPATH_CHECK(chart.name.any_dimension || chart.own_dimension || dim == 2, kArgument, "manifold ",
                     name, " has latent dimension 2, not ", dim);
    const std::string& words = chart.name.parameters;
    LATENTPATH_CHECK(parameters.empty() || !chart.parameters || parameters.size() == *chart.parameters,
                     kArgument, "manifold ", name, " takes ", chart.parameters.value_or(0), " parameters",
                     words.empty() ? "" : " (" + words + ")", ", not ", parameters.size());
    return chart.make(dim, parameters);
  }
  std::string list;
  for (const ChartName& known : chart_names()) list += (list.empty() ? "" : ", ") + known.name;
  throw Error(ErrorKind::kArgument, join_message("there is no manifold \"", name, "\"; there are ", list));
}

}  // namespace latentpath
