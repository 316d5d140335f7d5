#pragma once
// The charts that LatentPath ships: analytic maps Φ from R^D onto surfaces whose geodesics are known, or
// worth knowing.
//
//   auto sphere = latentpath::stereographic_chart(2);       // R² → S² ⊂ R³

#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include "latentpath/metric/analytic_map.h"

namespace latentpath {

/// Φ(z) = z.
ChartPointer plane_chart(int latent_dim = 2);

/// Φ(z) = c + ((z, 0) − c)/‖(z, 0) − c‖, c = (0, …, 0, 1): the half-sphere of paper A, Example 2. It maps
/// straight lines to great circles (gnomonic projection).
ChartPointer half_sphere_chart(int latent_dim = 2);

/// Φ(z) = (2z, ‖z‖² − 1)/(1 + ‖z‖²): the unit sphere S^D ⊂ R^{D+1} without its north pole.
ChartPointer stereographic_chart(int latent_dim = 2);

/// The stereographic sphere, stretched: x_k = a_k · sphere_k, D + 1 semi-axes a_k > 0.
ChartPointer ellipsoid_chart(std::vector<double> semi_axes = {2, 1.5, 1});

/// Φ(u, v) = ((R + r cos v) cos u, (R + r cos v) sin u, r sin v), R > r > 0; u ~ u + 2π, v ~ v + 2π.
ChartPointer torus_chart(double major_radius = 2, double minor_radius = 1);

/// The torus of any periods p, flat: Φ(z) = z, z_d ~ z_d + p_d; p_d = 0 leaves coordinate d a line.
ChartPointer flat_torus_chart(std::vector<double> periods = {2 * std::numbers::pi, 2 * std::numbers::pi});

/// Φ(u, v) = (r cos u, r sin u, v), u ~ u + 2π.
ChartPointer cylinder_chart(double radius = 1);

/// Φ(u, v) = ((R + v cos(u/2)) cos u, (R + v cos(u/2)) sin u, v sin(u/2)), (u, v) ~ (u + 2π, −v): the Möbius
/// strip, as wide as one likes.
ChartPointer moebius_chart(double radius = 1);

/// The unit sphere in angles, latitude θ and longitude φ: Φ = (cos θ cos φ, cos θ sin φ, sin θ), with
/// (θ, φ) ~ (θ, φ + 2π) and, over a pole, (θ, φ) ~ (π − θ, φ + π).
ChartPointer sphere_in_angles_chart();

/// The lines through the origin of the plane, by their angle θ ~ θ + π: Φ(θ) = ½(cos 2θ, sin 2θ).
ChartPointer projective_line_chart();

/// The lines through the origin of R^{D+1}: the stereographic sphere with antipodes as one point.
ChartPointer projective_space_chart(int latent_dim = 2);

/// Φ(z) = (z, a‖z‖²): a paraboloid in R^{D+1}.
ChartPointer paraboloid_chart(int latent_dim = 2, double steepness = 1);

/// Φ(u, v) = (u cos u, v, u sin u): the Swiss roll; flat, so its geodesics are straight in (arc length of u,
/// v).
ChartPointer swiss_roll_chart();

/// Φ(u, v) = (u cos v, u sin v, p v): the helicoid of pitch p (rise per radian).
ChartPointer helicoid_chart(double pitch = 1);

/// What a chart is called on the command line, with its parameters.
struct ChartName {
  std::string name;        ///< "plane", "half-sphere", "sphere", …
  std::string parameters;  ///< what they mean, for people: "semi-axes a1,a2,…"
  bool any_dimension;      ///< takes GeodesicJob::latent_dim
};
const std::vector<ChartName>& chart_names();

/// A chart by name. `latent_dim` 0: the chart's own (2). Throws Error(kArgument) naming the choices.
ChartPointer make_chart(const std::string& name, const std::vector<double>& parameters = {},
                        int latent_dim = 0);

}  // namespace latentpath
