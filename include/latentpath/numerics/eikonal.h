#pragma once
// Distances that are globally shortest, on a grid, for any Riemannian metric in one, two or three dimensions.
//
// The distance u(z) from a source in the metric g solves the eikonal equation
//
//     ⟨∇u, g(z)⁻¹ ∇u⟩ = 1,   u(source) = 0.
//
// Solved in one pass (fast marching): g⁻¹ is decomposed at every node as Σ ρ_i e_i e_iᵀ with ρ_i ≥ 0 and
// integer offsets e_i (Selling's formula), so that the upwind scheme
//
//     Σ_i ρ_i max{0, u(z) − u(z − e_i), u(z) − u(z + e_i)}² = 1
//
// is causal whatever the anisotropy: a node's value depends on smaller values only. Second order by one-sided
// differences of second order where the upwind nodes allow, and by taking the source's singularity ‖z − z0‖
// out of the truncation error.
//
// Source: J.-M. Mirebeau, "Riemannian fast-marching on Cartesian grids, using Voronoi's first reduction of
// quadratic forms", SIAM J. Numer. Anal. 57 (2019); source factorisation: S. Luo, J. Qian, J. Comput. Phys.
// 230 (2011), in additive form. docs/algorithms/eikonal.md has the derivation and the observed orders.
//
// Where points of R^D are identified (identification.h), the grid closes on itself: a stencil that reaches
// over the seam finds the nodes on the other side, and the distance is that of the quotient, every winding
// included.
//
//   MetricField poincare = [](const Eigen::MatrixXd& z) {     // one row: isotropic, g = value · identity
//     return Eigen::MatrixXd((4 / (1 - z.colwise().squaredNorm().array()).square()).matrix());
//   };
//   EikonalDistance d = eikonal_distance(poincare, start, end, {.box = {{-1, -1}, {1, 1}}});
//   d.distance; d.error_estimate; d.path;

#include <Eigen/Core>

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "latentpath/core/progress.h"
#include "latentpath/numerics/identification.h"

namespace latentpath {

/// Of a grid, at most: with the side fixed, its nodes are the side to this power.
inline constexpr int kMostGridDimensions = 3;

/// A Riemannian metric at many points: points [D, n] → [1, n] for g = value · identity, or [D(D + 1)/2, n]
/// with the entries g11, g12, g22 (D = 2) or g11, g12, g13, g22, g23, g33 (D = 3) in each column. Distances
/// are √(vᵀ g v). A column with NaN, infinity or a negative diagonal is a wall: no path may touch that point.
using MetricField = std::function<Eigen::MatrixXd(const Eigen::MatrixXd& points)>;

/// A box of R^D: corner z_d = lower_d to upper_d.
struct SearchBox {
  std::vector<double> lower, upper;
};

/// A regular grid, 1 ≤ D ≤ 3: node (i, j, k) at origin + (i·spacing_0, j·spacing_1, k·spacing_2).
struct CartesianGrid {
  using Cell = std::array<int, 3>;  ///< indices of a node along the axes; 0 beyond the dimension
  /// Nodes i and i + size of an axis are one; node j of a mirrored axis is then `sum` − j.
  struct Closure {
    int axis = 0;
    std::vector<std::pair<int, int>> mirrored = {};  ///< axis and sum
  };
  std::vector<double> origin, spacing;
  std::vector<int> size;
  std::vector<Closure> closures = {};

  int dim() const { return static_cast<int>(size.size()); }
  bool closed(int axis) const;
  /// The same box with half the spacing.
  CartesianGrid refined() const;
  /// The node inside of the grid that a node beyond the ends of closed axes is; `reversed`, where given, gets
  /// the bits of the axes that are mirrored between the two.
  Cell wrapped(Cell cell, unsigned* reversed = nullptr) const;
  /// Goes over closures so often that `at`, in cells, comes nearest to `goal` along each closed axis; the
  /// number of times for each closure.
  std::vector<int> times_to(const Eigen::VectorXd& goal, Eigen::VectorXd& at) const;
  /// Goes over every closure the given number of times.
  void go_round(const std::vector<int>& times, Eigen::VectorXd& at) const;
};

/// The largest grid inside the box that has `start` on a node, at most about `longest` nodes along the box's
/// longest side and, along each axis where the ends are apart by a spacing or more, `end` on a node too: then
/// no interpolation enters the distance. An axis with an identification whose period the box spans is closed,
/// the start in its middle; axes that it reverses are laid evenly around their centre.
CartesianGrid grid_through(const Eigen::VectorXd& start, const Eigen::VectorXd& end, SearchBox box,
                           int longest, const std::vector<Identification>& identifications = {});

/// A part of a grid, in blocks of 8 nodes along each axis, so that a fine grid need exist only where it
/// matters. Its nodes are numbered from 0 to nodes() − 1, block by block.
class GridRegion {
 public:
  using Cell = CartesianGrid::Cell;

  GridRegion() = default;
  /// The whole grid; nothing of it, to be added to.
  static GridRegion whole(const CartesianGrid& grid);
  static GridRegion nothing(const CartesianGrid& grid);

  /// Adds every block with a node within `margin` nodes of the cell.
  void add(const Cell& cell, int margin = 0);

  const CartesianGrid& grid() const { return grid_; }
  /// Nodes in the blocks; some may lie beyond the grid's last node.
  int64_t nodes() const { return static_cast<int64_t>(blocks_.size()) << (3 * grid_.dim()); }
  Cell cell(int64_t node) const;
  bool in_grid(const Cell& cell) const;
  /// The number of a node, −1 outside of the region; a node beyond the end of a closed axis is the one on the
  /// other side, mirrored where `reversed` says so.
  int64_t index(Cell cell, unsigned* reversed = nullptr) const;
  Eigen::VectorXd point(const Cell& cell) const;

 private:
  void add_block(const Cell& cell);  // the one with the cell, where that is in the grid

  CartesianGrid grid_;
  std::array<int, 3> block_count_{1, 1, 1};
  std::vector<int32_t> table_;  // [blocks of the grid]: position in blocks_, −1 outside of the region
  std::vector<Cell> blocks_;    // the first cell of each
};

/// The metric at the nodes of a region: [rows, nodes], rows as in MetricField; walls beyond the grid.
Eigen::MatrixXd sample_metric(const GridRegion& region, const MetricField& metric,
                              int64_t points_per_batch = 65536);

struct EikonalOptions {
  int order = 2;  ///< 1 or 2
  /// Distance from the source, as a share of the box's diagonal, within which the singularity is taken out.
  double factored_radius = 0.25;
  /// The ratio of the metric's eigenvalues is limited to this by raising the smaller ones: a singular metric
  /// would need offsets longer than any grid.
  double largest_condition = 1e4;
};

/// The distance from one source on a grid, with what is needed to follow shortest paths back to it.
class EikonalSolution {
 public:
  const GridRegion& region() const { return region_; }
  /// u at a node of the region; infinity where no path leads, and outside of the region.
  double distance(int64_t node) const {
    return node < 0 ? kUnreachable : distance_[static_cast<size_t>(node)];
  }
  double distance(const GridRegion::Cell& cell) const { return distance(region_.index(cell)); }
  /// True where a difference of first order had to do: beside walls, and where the grid does not resolve the
  /// metric.
  bool first_order(int64_t node) const { return first_order_[static_cast<size_t>(node)] != 0; }
  /// u at any point: cubic interpolation, linear beside walls and borders.
  double distance_at(const Eigen::VectorXd& z) const;

  /// The shortest path from the source to z, [D, m], first the source, last z, on closed grids the lift of z
  /// that the path leads to: follows −g⁻¹∇u, taken from the scheme's own upwind differences. Where that
  /// cannot go on (beside walls), it moves to the neighbour with the least distance. Throws Error(kNumerical)
  /// when no path leads there.
  Eigen::MatrixXd path_to(const Eigen::VectorXd& z) const;

 private:
  template <int D>
  friend class EikonalSolver;
  static constexpr double kUnreachable = std::numeric_limits<double>::infinity();
  GridRegion region_;
  Eigen::VectorXd source_;
  std::vector<double> distance_;      // [nodes]
  std::vector<uint8_t> first_order_;  // [nodes]
  std::vector<float> flow_;  // [nodes · D]: the direction of g⁻¹∇u in units of cells, from the source on
};

/// `metric` as sample_metric() gives it. Throws Error(kArgument) for another dimension than 1 to 3, a source
/// outside of the region or in a wall, Error(kInterrupted) when cancelled.
EikonalSolution solve_eikonal(const GridRegion& region, const Eigen::MatrixXd& metric,
                              const Eigen::VectorXd& source, const EikonalOptions& options = {},
                              const CancellationToken& cancellation = {});

/// One grid of an EikonalDistance.
struct EikonalLevel {
  double spacing = 0;   ///< the largest of the axes'
  int64_t nodes = 0;    ///< at which the metric was asked
  double distance = 0;  ///< between the ends; infinite where the grid sees no way through
  double corridor = 0;  ///< share by which paths through the next level's nodes may exceed the shortest
};

/// The distance between two points, globally shortest within a box, with an estimate of its error.
struct EikonalDistance {
  double distance = 0;        ///< extrapolated from the last grids where they converge regularly
  double error_estimate = 0;  ///< of `distance`: the last change, at least half the one before; all of that
                              ///< where the changes do not fall regularly. An estimate, not a bound
  double observed_order = 0;  ///< log2 of the ratio of the last two changes; NaN where that means nothing
  Eigen::MatrixXd path;       ///< [D, m] from start to end, or to a lift of it, from the finest grid
  double path_length = 0;     ///< of that path, by quadrature of the metric: an upper bound on the distance
  double leaving_bound = 0;   ///< the shortest path that touches the box's border is this long, on the
                              ///< coarsest grid; infinite where walls keep paths from it
  SearchBox box = {};         ///< that was searched; along closed axes it means nothing
  std::vector<EikonalLevel> levels;  ///< from coarse to fine, the spacing halved each time
  bool converged = false;            ///< the error estimate met the tolerance within the allowed nodes
  double seconds = 0;

  int64_t evaluations() const;  ///< points at which the metric was asked, all grids together
};

struct EikonalDistanceOptions {
  SearchBox box = {};    ///< where paths may run; empty: the ends' bounding box, widened by their distance
  SearchBox space = {};  ///< where there is any space: at its borders no path leaves the box; empty: R^D
  std::vector<Identification> identifications = {};  ///< of points of R^D; distances are the quotient's
  int coarsest = 0;  ///< nodes along the longest side of the first grid; 0: 2001, 201, 41 for D = 1, 2, 3
  double tolerance = 2e-4;         ///< relative, of the error estimate
  int64_t most_nodes = 3'000'000;  ///< of one grid
  /// After a grid, only those of its nodes are refined through which a path leads that exceeds the shortest
  /// by at most this share or, from the second grid on, by ten times the last change if that is less: what is
  /// left out cannot be on a shortest path, unless the grid is wrong by as much. Infinity: all nodes.
  double corridor = 0.15;
  EikonalOptions solver = {};
};

/// Throws Error(kArgument) for boxes and ends that do not fit, Error(kNumerical) when no path leads from
/// start to end on any grid allowed.
EikonalDistance eikonal_distance(const MetricField& metric, const Eigen::VectorXd& start,
                                 const Eigen::VectorXd& end, const EikonalDistanceOptions& options = {},
                                 const CancellationToken& cancellation = {});

/// The length of a polyline [D, m] in the metric: Gauss–Legendre quadrature with two points on each
/// subdivision of a segment, none longer than `longest_step`.
double metric_length(const MetricField& metric, const Eigen::MatrixXd& path, double longest_step);

}  // namespace latentpath
