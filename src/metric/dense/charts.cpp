#include "latentpath/metric/charts.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "latentpath/metric/topology.h"

namespace latentpath {

// Each chart is a function object with the code of one point; the dimension is data.
namespace {

constexpr double kTurn = 2 * std::numbers::pi;

struct Plane {
  static constexpr bool kIdentity = true;
  int dim;
  template <class T>
  void operator()(const T* z, T* x) const {
    for (int i = 0; i < dim; ++i) x[i] = z[i];
  }
};

struct HalfSphere {
  int dim;
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

const std::vector<ChartName>& chart_names() {
  static const std::vector<ChartName> names = {
      {"plane", "", true},
      {"half-sphere", "", true},
      {"sphere", "", true},
      {"ellipsoid", "semi-axes a1,a2,… (one more than latent dimensions)", false},
      {"torus", "major and minor radius R,r", false},
      {"flat-torus", "period of each coordinate, 0 for none (2π and 2π)", false},
      {"cylinder", "radius r (1)", false},
      {"moebius", "radius R (1)", false},
      {"sphere-angles", "", false},
      {"projective-line", "", false},
      {"projective-space", "", true},
      {"paraboloid", "steepness a", true},
      {"swiss-roll", "", false},
      {"helicoid", "pitch p", false}};
  return names;
}

ChartPointer make_chart(const std::string& name, const std::vector<double>& parameters, int latent_dim) {
  LATENTPATH_CHECK(latent_dim >= 0, kArgument, "the latent dimension is ", latent_dim,
                   ": it must be positive");
  const auto known = std::find_if(chart_names().begin(), chart_names().end(),
                                  [&](const ChartName& chart_name) { return chart_name.name == name; });
  if (known == chart_names().end()) {
    std::string list;
    for (const ChartName& chart_name : chart_names()) list += (list.empty() ? "" : ", ") + chart_name.name;
    throw Error(ErrorKind::kArgument, join_message("there is no manifold \"", name, "\"; there are ", list));
  }
  const std::size_t given = parameters.size();
  const auto expect = [&](std::size_t count) {
    LATENTPATH_CHECK(given == 0 || given == count, kArgument, "manifold ", name, " takes ", count,
                     " parameters", known->parameters.empty() ? "" : " (" + known->parameters + ")", ", not ",
                     given);
  };
  const int dim = latent_dim == 0 ? 2 : latent_dim;
  const bool line = name == "projective-line";
  LATENTPATH_CHECK(known->any_dimension || name == "ellipsoid" || name == "flat-torus" || line || dim == 2,
                   kArgument, "manifold ", name, " has latent dimension 2, not ", dim);
  if (name == "ellipsoid") {
    if (given == 0) return ellipsoid_chart();
    LATENTPATH_CHECK(latent_dim == 0 || given == static_cast<std::size_t>(latent_dim) + 1, kArgument,
                     "an ellipsoid of latent dimension ", latent_dim, " has ", latent_dim + 1,
                     " semi-axes, not ", given);
    return ellipsoid_chart(parameters);
  }
  if (name == "flat-torus") return given ? flat_torus_chart(parameters) : flat_torus_chart();
  if (name == "cylinder") {
    expect(1);
    return given ? cylinder_chart(parameters[0]) : cylinder_chart();
  }
  if (name == "moebius") {
    expect(1);
    return given ? moebius_chart(parameters[0]) : moebius_chart();
  }
  if (name == "torus") {
    expect(2);
    return given ? torus_chart(parameters[0], parameters[1]) : torus_chart();
  }
  if (name == "paraboloid") {
    expect(1);
    return given ? paraboloid_chart(dim, parameters[0]) : paraboloid_chart(dim);
  }
  if (name == "helicoid") {
    expect(1);
    return given ? helicoid_chart(parameters[0]) : helicoid_chart();
  }
  expect(0);
  if (name == "plane") return plane_chart(dim);
  if (name == "half-sphere") return half_sphere_chart(dim);
  if (name == "sphere") return stereographic_chart(dim);
  if (name == "sphere-angles") return sphere_in_angles_chart();
  if (name == "projective-space") return projective_space_chart(dim);
  if (line) return projective_line_chart();
  return swiss_roll_chart();
}

}  // namespace latentpath
