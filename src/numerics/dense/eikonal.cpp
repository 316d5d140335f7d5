#include "latentpath/numerics/eikonal.h"

#include <Eigen/Cholesky>
#include <Eigen/Eigenvalues>
#include <Eigen/LU>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <queue>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Below this share of the trace a weight of Selling's decomposition is rounding.
constexpr double kNegligibleWeight = 1e-12;
// Second differences of the metric's trace above this share of it count as a kink. Smooth metrics stay below
// on any grid that resolves them; a kink passes below only where it is weak enough to do no harm.
constexpr double kRoughness = 0.03;
constexpr int kBlock = 8;  // nodes of a block along an axis
constexpr int64_t kMostBlocks = int64_t{1} << 26;

/// D as Σ ρ_i e_i e_iᵀ over at most D(D + 1)/2 integer offsets.
template <int D>
struct Decomposition {
  static constexpr int kTerms = D * (D + 1) / 2;
  std::array<double, kTerms> weight{};
  std::array<std::array<int, D>, kTerms> offset{};
};

template <int D>
using Matrix = Eigen::Matrix<double, D, D>;
template <int D>
using IntegerVector = Eigen::Matrix<int, D, 1>;

// Selling's algorithm: a superbase b_0 + … + b_D = 0 of the integer lattice is made obtuse, ⟨b_i, D b_j⟩ ≤ 0,
// by exchanging pairs that are not; it ends because Σ ⟨b_i, D b_i⟩ falls with each exchange. Then
// D = −Σ_{i<j} ⟨b_i, D b_j⟩ v_ij v_ijᵀ, where v_ij is orthogonal to all b_k but b_i and b_j.
Decomposition<1> decompose(const Matrix<1>& d) { return {{d(0, 0)}, {{{1}}}}; }

template <int D>
void make_obtuse(const Matrix<D>& d, std::array<IntegerVector<D>, D + 1>& b) {
  const double tolerance = kNegligibleWeight * d.trace();
  // Lengths fall geometrically in practice; the bound guards against rounding at hopeless condition numbers.
  for (int round = 0; round < 1000; ++round) {
    bool changed = false;
    for (int i = 0; i <= D && !changed; ++i)
      for (int j = i + 1; j <= D && !changed; ++j) {
        const double product = b[i].template cast<double>().dot(d * b[j].template cast<double>());
        if (product <= tolerance) continue;
        const IntegerVector<D> flipped = b[i];
        for (int k = 0; k <= D; ++k)
          if (k != i && k != j) b[k] += flipped;
        if constexpr (D == 2) {
          // (b_i, b_j, b_k) → (−b_i, b_j, b_i − b_j)
          const int k = 3 - i - j;
          b[k] = flipped - b[j];
        }
        b[i] = -flipped;
        changed = true;
      }
    if (!changed) return;
  }
}

Decomposition<2> decompose(const Matrix<2>& d) {
  std::array<IntegerVector<2>, 3> b{IntegerVector<2>(1, 0), IntegerVector<2>(0, 1), IntegerVector<2>(-1, -1)};
  make_obtuse<2>(d, b);
  Decomposition<2> result;
  for (int k = 0; k < 3; ++k) {
    const auto &p = b[(k + 1) % 3], &q = b[(k + 2) % 3];
    result.weight[k] = -p.cast<double>().dot(d * q.cast<double>());
    result.offset[k] = {-b[k].y(), b[k].x()};
  }
  return result;
}

Decomposition<3> decompose(const Matrix<3>& d) {
  std::array<IntegerVector<3>, 4> b{IntegerVector<3>(1, 0, 0), IntegerVector<3>(0, 1, 0),
                                    IntegerVector<3>(0, 0, 1), IntegerVector<3>(-1, -1, -1)};
  make_obtuse<3>(d, b);
  Decomposition<3> result;
  int term = 0;
  for (int i = 0; i < 4; ++i)
    for (int j = i + 1; j < 4; ++j, ++term) {
      int k = 0;
      while (k == i || k == j) ++k;
      const int l = 6 - i - j - k;
      const IntegerVector<3> v = b[k].cross(b[l]);
      result.weight[term] = -b[i].cast<double>().dot(d * b[j].cast<double>());
      result.offset[term] = {v.x(), v.y(), v.z()};
    }
  return result;
}

/// One term of the upwind equation Σ weight · max(0, u − value)² = 1.
struct Term {
  double weight, value;
};

/// The root; infinity without terms. `terms` is sorted.
double solve_upwind(Term* terms, int count) {
  if (count == 0) return kInfinity;
  std::sort(terms, terms + count, [](const Term& a, const Term& b) { return a.value < b.value; });
  const double base = terms[0].value;  // differences from the smallest value lose no digits
  double a = 0, b = 0, c = -1, u = kInfinity;
  for (int i = 0; i < count; ++i) {
    const double value = terms[i].value - base;
    if (value >= u) break;
    a += terms[i].weight;
    b += terms[i].weight * value;
    c += terms[i].weight * value * value;
    u = (b + std::sqrt(std::max(0.0, b * b - a * c))) / a;
  }
  return base + u;
}

}  // namespace

CartesianGrid CartesianGrid::refined() const {
  CartesianGrid fine = *this;
  for (size_t d = 0; d < size.size(); ++d) {
    fine.spacing[d] /= 2;
    fine.size[d] = closed(static_cast<int>(d)) ? 2 * size[d] : 2 * size[d] - 1;
  }
  for (Closure& closure : fine.closures)
    for (auto& [other, sum] : closure.mirrored) sum *= 2;
  return fine;
}

bool CartesianGrid::closed(int axis) const {
  return std::any_of(closures.begin(), closures.end(), [axis](const Closure& c) { return c.axis == axis; });
}

CartesianGrid::Cell CartesianGrid::wrapped(Cell cell, unsigned* reversed) const {
  // Twice: a mirrored axis may be a closed one that was looked at before.
  for (int pass = 0; pass < 2; ++pass)
    for (const Closure& closure : closures) {
      const auto axis = static_cast<size_t>(closure.axis);
      const int count = size[axis], at = cell[axis];
      const int times = at >= 0 ? at / count : -((count - 1 - at) / count);
      cell[axis] -= times * count;
      if (times % 2 == 0) continue;
      for (const auto& [other, sum] : closure.mirrored) {
        cell[static_cast<size_t>(other)] = sum - cell[static_cast<size_t>(other)];
        if (reversed != nullptr) *reversed ^= 1U << other;
      }
    }
  return cell;
}

std::vector<int> CartesianGrid::times_to(const Eigen::VectorXd& goal, Eigen::VectorXd& at) const {
  std::vector<int> times;
  for (const Closure& closure : closures) {
    const int count = size[static_cast<size_t>(closure.axis)];
    times.push_back(static_cast<int>(std::lround((goal[closure.axis] - at[closure.axis]) / count)));
    at[closure.axis] += times.back() * count;
    if (times.back() % 2 != 0)
      for (const auto& [other, sum] : closure.mirrored) at[other] = sum - at[other];
  }
  return times;
}

void CartesianGrid::go_round(const std::vector<int>& times, Eigen::VectorXd& at) const {
  for (size_t i = 0; i < closures.size(); ++i) {
    at[closures[i].axis] += times[i] * size[static_cast<size_t>(closures[i].axis)];
    if (times[i] % 2 != 0)
      for (const auto& [other, sum] : closures[i].mirrored) at[other] = sum - at[other];
  }
}

namespace {

/// An axis as grid_through() lays it.
struct Axis {
  double origin = 0, spacing = 0;
  int size = 0;
};

/// With the start on a node and, where the ends are apart, the end too.
Axis open_axis(double start, double end, double lower, double upper, double wanted) {
  const double gap = std::abs(end - start);
  const double spacing = gap >= 0.75 * wanted ? gap / std::max(1.0, std::round(gap / wanted)) : wanted;
  // Rounding must not cost the border's nodes.
  const double before = std::floor((start - lower) / spacing + 1e-9);
  const double after = std::floor((upper - start) / spacing + 1e-9);
  return {start - before * spacing, spacing, static_cast<int>(before + after) + 1};
}

/// Nodes that lie evenly around `centre`, on it or beside it.
Axis even_axis(double centre, double lower, double upper, double wanted) {
  const double half = std::ceil(std::max(centre - lower, upper - centre) / wanted - 1e-9);
  return {centre - half * wanted, wanted, 2 * static_cast<int>(half) + 1};
}

/// A whole number of nodes a period, the start in the middle; where another axis reverses this one, nodes lie
/// evenly around `centre`.
Axis closed_axis(double start, double period, double wanted, std::optional<double> centre) {
  const int size = std::max(16, static_cast<int>(std::lround(period / wanted)));
  const double spacing = period / size;
  const int half = size / 2;
  double origin = start - half * spacing;
  if (centre) origin = *centre - spacing * std::round((*centre - origin) / spacing);
  return {origin, spacing, size};
}

}  // namespace

CartesianGrid grid_through(const Eigen::VectorXd& start, const Eigen::VectorXd& end, SearchBox box,
                           int longest, const std::vector<Identification>& identifications) {
  const auto dim = static_cast<size_t>(start.size());
  LATENTPATH_CHECK(dim >= 1 && dim <= kMostGridDimensions && end.size() == start.size() &&
                       box.lower.size() == dim && box.upper.size() == dim,
                   kArgument, "a grid needs ends and a box of the same dimension, 1 to ",
                   kMostGridDimensions);
  LATENTPATH_CHECK(longest >= 9 && longest <= 1 << 20, kArgument,
                   "a grid has 9 to 2^20 nodes along its longest side, not ", longest);
  std::vector<const Identification*> closing(dim, nullptr);
  std::vector<std::optional<double>> centre(dim);
  for (const Identification& g : identifications) {
    const auto axis = static_cast<size_t>(g.axis);
    LATENTPATH_CHECK(g.axis >= 0 && axis < dim && g.period > 0, kArgument,
                     "an identification is along one of the axes, by a period above 0");
    // To the box's rounding.
    if (box.upper[axis] - box.lower[axis] < g.period * (1 - 1e-9)) continue;
    closing[axis] = &g;
    box.lower[axis] = start[g.axis] - g.period / 2;
    box.upper[axis] = start[g.axis] + g.period / 2;
    for (const auto& [other, middle] : g.reversed) {
      const auto at = static_cast<size_t>(other);
      centre[at] = middle;
      box.lower[at] = std::min(box.lower[at], 2 * middle - box.upper[at]);
      box.upper[at] = std::max(box.upper[at], 2 * middle - box.lower[at]);
    }
  }
  double side = 0;
  for (size_t d = 0; d < dim; ++d) {
    const auto axis = static_cast<Eigen::Index>(d);
    const double low = std::min(start[axis], end[axis]), high = std::max(start[axis], end[axis]);
    LATENTPATH_CHECK(box.lower[d] < box.upper[d] &&
                         (closing[d] != nullptr || (low >= box.lower[d] && high <= box.upper[d])),
                     kArgument, "coordinate ", d + 1, " of an end lies outside of the box, which runs from ",
                     box.lower[d], " to ", box.upper[d]);
    side = std::max(side, box.upper[d] - box.lower[d]);
  }
  const double wanted = side / (longest - 1);
  CartesianGrid grid;
  for (size_t d = 0; d < dim; ++d) {
    const auto at = static_cast<Eigen::Index>(d);
    const Axis axis = closing[d] != nullptr ? closed_axis(start[at], closing[d]->period, wanted, centre[d])
                      : centre[d]           ? even_axis(*centre[d], box.lower[d], box.upper[d], wanted)
                                  : open_axis(start[at], end[at], box.lower[d], box.upper[d], wanted);
    grid.origin.push_back(axis.origin);
    grid.spacing.push_back(axis.spacing);
    grid.size.push_back(axis.size);
  }
  for (size_t d = 0; d < dim; ++d) {
    if (closing[d] == nullptr) continue;
    CartesianGrid::Closure closure{.axis = static_cast<int>(d)};
    for (const auto& [other, middle] : closing[d]->reversed) {
      const auto o = static_cast<size_t>(other);
      closure.mirrored.emplace_back(
          other, static_cast<int>(std::lround(2 * (middle - grid.origin[o]) / grid.spacing[o])));
    }
    grid.closures.push_back(std::move(closure));
  }
  return grid;
}

GridRegion GridRegion::nothing(const CartesianGrid& grid) {
  const int dim = grid.dim();
  LATENTPATH_CHECK(dim >= 1 && dim <= kMostGridDimensions, kArgument, "a grid has 1 to ", kMostGridDimensions,
                   " dimensions, not ", dim);
  GridRegion region;
  region.grid_ = grid;
  int64_t count = 1;
  for (int d = 0; d < dim; ++d) {
    const auto axis = static_cast<size_t>(d);
    LATENTPATH_CHECK(grid.size[axis] >= 1 && grid.spacing[axis] > 0, kArgument,
                     "a grid has at least one node and a positive spacing along each axis");
    region.block_count_[axis] = (grid.size[axis] + kBlock - 1) / kBlock;
    count *= region.block_count_[axis];
  }
  LATENTPATH_CHECK(count <= kMostBlocks, kArgument, "a grid of ", count, " blocks is too large: at most ",
                   kMostBlocks);
  region.table_.assign(static_cast<size_t>(count), -1);
  return region;
}

GridRegion GridRegion::whole(const CartesianGrid& grid) {
  GridRegion region = nothing(grid);
  for (size_t i = 0; i < region.table_.size(); ++i) {
    region.table_[i] = static_cast<int32_t>(i);
    const auto at = static_cast<int>(i);
    const int row = region.block_count_[0], plane = row * region.block_count_[1];
    region.blocks_.push_back({at % row * kBlock, at % plane / row * kBlock, at / plane * kBlock});
  }
  return region;
}

void GridRegion::add(const Cell& cell, int margin) {
  if (!grid_.closures.empty()) {
    // Blocks beyond a seam are those on its other side. No more than a block away, the corners, edges and
    // middle of the cube around the cell lie in all the blocks that it meets.
    LATENTPATH_ASSERT(margin <= kBlock);
    for (int corner = 0; corner < 27; ++corner) {
      Cell at = cell;
      for (int d = 0, digits = corner; d < grid_.dim(); ++d, digits /= 3) {
        const auto axis = static_cast<size_t>(d);
        at[axis] += (digits % 3 - 1) * margin;
        if (!grid_.closed(d)) at[axis] = std::clamp(at[axis], 0, grid_.size[axis] - 1);
      }
      add_block(grid_.wrapped(at));
    }
    return;
  }
  Cell low{0, 0, 0}, high{0, 0, 0};
  for (size_t d = 0; d < grid_.size.size(); ++d) {
    low[d] = std::max(cell[d] - margin, 0) / kBlock;
    high[d] = std::min(cell[d] + margin, grid_.size[d] - 1) / kBlock;
  }
  for (int k = low[2]; k <= high[2]; ++k)
    for (int j = low[1]; j <= high[1]; ++j)
      for (int i = low[0]; i <= high[0]; ++i) {
        add_block({i * kBlock, j * kBlock, k * kBlock});
      }
}

void GridRegion::add_block(const Cell& cell) {
  if (!in_grid(cell)) return;
  const Cell block{cell[0] / kBlock, cell[1] / kBlock, cell[2] / kBlock};
  int32_t& entry = table_[(static_cast<size_t>(block[2]) * static_cast<size_t>(block_count_[1]) +
                           static_cast<size_t>(block[1])) *
                              static_cast<size_t>(block_count_[0]) +
                          static_cast<size_t>(block[0])];
  if (entry >= 0) return;
  entry = static_cast<int32_t>(blocks_.size());
  blocks_.push_back({block[0] * kBlock, block[1] * kBlock, block[2] * kBlock});
}

GridRegion::Cell GridRegion::cell(int64_t node) const {
  const int dim = grid_.dim();
  Cell cell = blocks_[static_cast<size_t>(node >> (3 * dim))];
  for (int d = 0; d < dim; ++d)
    cell[static_cast<size_t>(d)] += static_cast<int>(node >> (3 * d)) & (kBlock - 1);
  return cell;
}

bool GridRegion::in_grid(const Cell& cell) const {
  for (size_t d = 0; d < grid_.size.size(); ++d)
    if (cell[d] < 0 || cell[d] >= grid_.size[d]) return false;
  return true;
}

int64_t GridRegion::index(Cell cell, unsigned* reversed) const {
  if (!grid_.closures.empty() && !in_grid(cell)) cell = grid_.wrapped(cell, reversed);
  int64_t block = 0, local = 0;
  for (int d = grid_.dim() - 1; d >= 0; --d) {
    const auto axis = static_cast<size_t>(d);
    if (cell[axis] < 0 || cell[axis] >= grid_.size[axis]) return -1;
    block = block * block_count_[axis] + (cell[axis] >> 3);
    local = (local << 3) | (cell[axis] & (kBlock - 1));
  }
  const int64_t position = table_[static_cast<size_t>(block)];
  return position < 0 ? -1 : (position << (3 * grid_.dim())) | local;
}

Eigen::VectorXd GridRegion::point(const Cell& cell) const {
  Eigen::VectorXd z(grid_.dim());
  for (int d = 0; d < grid_.dim(); ++d) {
    const auto axis = static_cast<size_t>(d);
    z[d] = grid_.origin[axis] + cell[axis] * grid_.spacing[axis];
  }
  return z;
}

Eigen::MatrixXd sample_metric(const GridRegion& region, const MetricField& metric, int64_t points_per_batch) {
  Eigen::MatrixXd values;
  std::vector<int64_t> batch;
  const auto evaluate = [&] {
    const auto count = static_cast<Eigen::Index>(batch.size());
    Eigen::MatrixXd points(region.grid().dim(), count);
    for (Eigen::Index i = 0; i < count; ++i)
      points.col(i) = region.point(region.cell(batch[static_cast<size_t>(i)]));
    const Eigen::MatrixXd part = metric(points);
    if (values.size() == 0) values.setConstant(part.rows(), region.nodes(), kInfinity);
    LATENTPATH_CHECK(part.cols() == count && part.rows() == values.rows(), kArgument,
                     "a metric field gave a matrix of ", part.rows(), " x ", part.cols(), " for ", count,
                     " points");
    for (Eigen::Index i = 0; i < count; ++i) values.col(batch[static_cast<size_t>(i)]) = part.col(i);
    batch.clear();
  };
  for (int64_t node = 0; node < region.nodes(); ++node) {
    if (!region.in_grid(region.cell(node))) continue;
    batch.push_back(node);
    if (static_cast<int64_t>(batch.size()) == points_per_batch) evaluate();
  }
  if (!batch.empty()) evaluate();
  return values;
}

/// Fast marching on one grid.
template <int D>
class EikonalSolver {
 public:
  static constexpr int kTerms = Decomposition<D>::kTerms;

  using Cell = GridRegion::Cell;

  EikonalSolver(const GridRegion& region, const Eigen::MatrixXd& metric, const Eigen::VectorXd& source,
                const EikonalOptions& options, const CancellationToken& cancellation)
      : options_(options), cancellation_(cancellation), nodes_(region.nodes()), metric_(metric) {
    solution_.region_ = region;
    solution_.source_ = source;
    const CartesianGrid& grid = region.grid();
    double diagonal = 0;
    for (int d = 0; d < D; ++d) {
      size_[d] = grid.size[static_cast<size_t>(d)];
      spacing_[d] = grid.spacing[static_cast<size_t>(d)];
      diagonal += std::pow(spacing_[d] * (size_[d] - 1), 2);
      source_cell_[d] = (source[d] - grid.origin[static_cast<size_t>(d)]) / spacing_[d];
    }
    source_at_ = Eigen::Map<const Eigen::VectorXd>(source_cell_.data(), D);
    factored_radius_ = options.factored_radius * std::sqrt(diagonal);
    // Half a period away the source is as near on the other side.
    for (const CartesianGrid::Closure& closure : grid.closures)
      factored_radius_ = std::min(factored_radius_, 0.45 * size_[static_cast<size_t>(closure.axis)] *
                                                        spacing_[static_cast<size_t>(closure.axis)]);
    isotropic_ = metric.rows() == 1;
    terms_ = isotropic_ ? D : kTerms;
  }

  EikonalSolution run() {
    build_stencils();
    initialise();
    march();
    return std::move(solution_);
  }

 private:
  Cell cell_of(int64_t node) const { return solution_.region_.cell(node); }

  /// The node at cell + k·offset, or −1 outside of the region.
  int64_t neighbour(const Cell& cell, const int16_t* offset, int k) const {
    Cell other = cell;
    for (int d = 0; d < D; ++d) other[d] += k * offset[d];
    return solution_.region_.index(other);
  }

  const int16_t* offset(int64_t node, int term) const {
    return offsets_.data() + (isotropic_ ? term * D : (node * terms_ + term) * D);
  }
  double weight(int64_t node, int term) const {
    return isotropic_ ? weights_[static_cast<size_t>(node)] * axis_weight_[term]
                      : weights_[static_cast<size_t>(node * terms_ + term)];
  }

  /// True beside a wall, a kink or a ramp of the metric that the grid does not resolve. Such a node's value
  /// has an error of the order of the spacing that changes from node to node; second-order differences, which
  /// extrapolate, would amplify it on one side and turn it into a bias that refinement does not remove.
  bool is_rough(int64_t node, const Cell& cell) const {
    const double here = metric_at(node).trace();
    for (int term = 0; term < terms_; ++term) {
      if (weight(node, term) == 0) continue;
      double sum = 0;
      int count = 0;
      for (const int side : {-1, 1}) {
        const int64_t other = neighbour(cell, offset(node, term), side);
        if (other < 0) continue;
        sum += metric_at(other).trace();
        ++count;
      }
      if (!(std::abs(sum - count * here) <= kRoughness * here || (count == 1 && sum < kInfinity)))
        return true;
    }
    return false;
  }

  /// False in walls.
  bool has_stencil(int64_t node) const {
    for (int term = 0; term < terms_; ++term)
      if (weight(node, term) > 0) return true;
    return false;
  }

  Matrix<D> metric_at(int64_t node) const {
    Matrix<D> g;
    int row = 0;
    for (int i = 0; i < D; ++i)
      for (int j = i; j < D; ++j) {
        const double value = isotropic_ ? (i == j ? metric_(0, node) : 0.0) : metric_(row++, node);
        g(i, j) = g(j, i) = value;
      }
    return g;
  }

  void build_stencils();
  void decompose_node(int64_t node, double smallest_trace);
  void reverse_stencils();
  void initialise();
  void march();
  void update(int64_t node);
  double second_order(int64_t node, double first);

  /// A node as it is seen from the source: its copy that is nearest to it, and which axes are mirrored there.
  struct Seen {
    std::array<double, D> from_source;  ///< in cells
    std::array<int, D> sign;
  };
  Seen seen_from_source(const Cell& cell) const {
    Seen seen;
    const CartesianGrid& grid = solution_.region_.grid();
    Eigen::VectorXd at(grid.closures.empty() ? 0 : D);
    for (int d = 0; d < D; ++d) {
      seen.sign[d] = 1;
      if (at.size() > 0) at[d] = cell[d];
    }
    if (at.size() > 0) {
      const std::vector<int> times = grid.times_to(source_at_, at);
      for (size_t i = 0; i < times.size(); ++i)
        if (times[i] % 2 != 0)
          for (const auto& [other, sum] : grid.closures[i].mirrored)
            seen.sign[static_cast<size_t>(other)] *= -1;
    }
    for (int d = 0; d < D; ++d) seen.from_source[d] = (at.size() > 0 ? at[d] : cell[d]) - source_cell_[d];
    return seen;
  }

  /// The source's own distance u0 = ‖z − z0‖ in the metric at z0, and what its one-sided difference along
  /// `offset` gets wrong at the node, as a correction of the neighbour's value.
  double source_distance(const Seen& node, const int16_t* along, int k) const {
    Eigen::Matrix<double, D, 1> v;
    for (int d = 0; d < D; ++d)
      v[d] = (node.from_source[d] + (along != nullptr ? k * node.sign[d] * along[d] : 0)) * spacing_[d];
    return std::sqrt(v.dot(source_metric_ * v));
  }
  /// ⟨∇u0, offset⟩ in units of cells, given u0 at the node.
  double source_slope(const Seen& node, const int16_t* along, double at_node) const {
    Eigen::Matrix<double, D, 1> v, e;
    for (int d = 0; d < D; ++d) {
      v[d] = node.from_source[d] * spacing_[d];
      e[d] = node.sign[d] * along[d] * spacing_[d];
    }
    return v.dot(source_metric_ * e) / at_node;
  }
  /// Where u0 may be like u. In a much weaker metric u is nearly level, and what is taken out of its
  /// differences would let it fall from node to node.
  bool near_source(int64_t node, const Seen& seen) const {
    double squared = 0;
    for (int d = 0; d < D; ++d) squared += std::pow(seen.from_source[d] * spacing_[d], 2);
    if (squared == 0 || squared >= factored_radius_ * factored_radius_) return false;
    const double here = metric_at(node).trace(), source = source_metric_.trace();
    return here > 0.25 * source && here < 4 * source;
  }

  const EikonalOptions& options_;
  const CancellationToken& cancellation_;
  int64_t nodes_;
  const Eigen::MatrixXd& metric_;
  EikonalSolution solution_;
  std::array<int, D> size_{};
  std::array<double, D> spacing_{}, source_cell_{}, axis_weight_{};
  Eigen::VectorXd source_at_;  // source_cell_
  double factored_radius_ = 0;
  bool isotropic_ = false;
  int terms_ = 0;
  Matrix<D> source_metric_;
  std::vector<double> weights_;   // isotropic: [nodes], 1/value; else [nodes · terms]; 0 in a wall
  std::vector<int16_t> offsets_;  // isotropic: [terms · D]; else [nodes · terms · D]
  // [nodes]: 1 where the value is final, 2 where it is final and rough; 1 around the source, where it is
  // given.
  std::vector<uint8_t> accepted_, fixed_;
  std::vector<int64_t> first_dependent_;  // [nodes + 1], into dependents_; anisotropic only
  std::vector<int32_t> dependents_;
  using Entry = std::pair<double, int32_t>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> front_;
};

template <int D>
void EikonalSolver<D>::build_stencils() {
  double largest_trace = 0;
  for (int64_t node = 0; node < nodes_; ++node) {
    const double trace = metric_at(node).trace();
    if (std::isfinite(trace)) largest_trace = std::max(largest_trace, trace);
  }
  // A metric that vanishes makes distances vanish, not speeds infinite: it is kept above rounding.
  const double smallest_trace = 1e-14 * largest_trace;
  if (isotropic_) {
    weights_.assign(static_cast<size_t>(nodes_), 0.0);
    offsets_.assign(static_cast<size_t>(D) * static_cast<size_t>(D), 0);
    for (int d = 0; d < D; ++d) {
      offsets_[static_cast<size_t>(d) * (static_cast<size_t>(D) + 1)] = 1;
      axis_weight_[d] = 1 / (spacing_[d] * spacing_[d]);
    }
    for (int64_t node = 0; node < nodes_; ++node) {
      const double value = metric_(0, node);
      if (std::isfinite(value) && value >= 0)
        weights_[static_cast<size_t>(node)] = 1 / std::max(value, smallest_trace / D);
    }
    return;
  }
  weights_.assign(static_cast<size_t>(nodes_ * terms_), 0.0);
  offsets_.assign(static_cast<size_t>(nodes_ * terms_ * D), 0);
  for (int64_t node = 0; node < nodes_; ++node) decompose_node(node, smallest_trace);
  reverse_stencils();
}

template <int D>
void EikonalSolver<D>::decompose_node(int64_t node, double smallest_trace) {
  Matrix<D> g = metric_at(node);
  if (!g.allFinite() || g.diagonal().minCoeff() < 0) return;
  if (g.trace() < smallest_trace) g = Matrix<D>::Identity() * (smallest_trace / D);
  // In units of cells, where the scheme lives: g̃ = H g H.
  for (int i = 0; i < D; ++i)
    for (int j = 0; j < D; ++j) g(i, j) *= spacing_[i] * spacing_[j];
  Eigen::SelfAdjointEigenSolver<Matrix<D>> eigen;
  eigen.computeDirect(g);
  Eigen::Matrix<double, D, 1> values = eigen.eigenvalues();
  const double least = values[D - 1] / options_.largest_condition;
  Matrix<D> dual;
  if (values[0] >= least) {
    dual = g.inverse();
  } else {
    values = values.cwiseMax(least);
    dual = eigen.eigenvectors() * values.cwiseInverse().asDiagonal() * eigen.eigenvectors().transpose();
  }
  const Decomposition<D> parts = decompose(dual);
  const double negligible = kNegligibleWeight * dual.trace();
  for (int term = 0; term < kTerms; ++term) {
    const auto at = static_cast<size_t>(node * terms_ + term);
    if (parts.weight[term] <= negligible) continue;
    weights_[at] = parts.weight[term];
    for (int d = 0; d < D; ++d)
      offsets_[at * D + static_cast<size_t>(d)] = static_cast<int16_t>(parts.offset[term][d]);
  }
}

template <int D>
void EikonalSolver<D>::reverse_stencils() {
  first_dependent_.assign(static_cast<size_t>(nodes_ + 1), 0);
  const auto visit = [&](auto&& what) {
    for (int64_t node = 0; node < nodes_; ++node) {
      const Cell cell = cell_of(node);
      for (int term = 0; term < terms_; ++term) {
        if (weight(node, term) == 0) continue;
        for (const int side : {-1, 1}) {
          const int64_t other = neighbour(cell, offset(node, term), side);
          if (other >= 0) what(other, node);
        }
      }
    }
  };
  visit([&](int64_t other, int64_t) { ++first_dependent_[static_cast<size_t>(other + 1)]; });
  for (size_t i = 1; i < first_dependent_.size(); ++i) first_dependent_[i] += first_dependent_[i - 1];
  dependents_.resize(static_cast<size_t>(first_dependent_.back()));
  std::vector<int64_t> next(first_dependent_.begin(), first_dependent_.end() - 1);
  visit([&](int64_t other, int64_t node) {
    dependents_[static_cast<size_t>(next[static_cast<size_t>(other)]++)] = static_cast<int32_t>(node);
  });
}

template <int D>
void EikonalSolver<D>::initialise() {
  solution_.distance_.assign(static_cast<size_t>(nodes_), kInfinity);
  solution_.first_order_.assign(static_cast<size_t>(nodes_), 0);
  solution_.flow_.assign(static_cast<size_t>(nodes_ * D), 0.0F);
  accepted_.assign(static_cast<size_t>(nodes_), 0);
  fixed_.assign(static_cast<size_t>(nodes_), 0);
  Cell source_node{0, 0, 0};
  for (int d = 0; d < D; ++d) source_node[d] = static_cast<int>(std::lround(source_cell_[d]));
  const int64_t nearest = solution_.region_.index(source_node);
  LATENTPATH_CHECK(nearest >= 0, kArgument, "the source of distances lies outside of the grid");
  source_metric_ = metric_at(nearest);
  LATENTPATH_CHECK(has_stencil(nearest), kArgument,
                   "the metric at the source of distances is infinite, negative or not a number");
  // The nodes around the source, so far that every stencil that reaches across it lies inside: a difference
  // across the source has no upwind side. They take the length of the straight line to the source; over a few
  // cells the metric is nearly constant. Where it is not, the neighbourhood shrinks.
  int reach = 1;
  for (int term = 0; term < terms_; ++term)
    if (weight(nearest, term) > 0)
      for (int d = 0; d < D; ++d)
        reach = std::max(reach, std::abs(static_cast<int>(offset(nearest, term)[d])));
  reach = isotropic_ ? 2 : reach + 2;
  const double trace = source_metric_.trace();
  std::vector<int64_t> around;
  for (; reach >= 0; --reach) {
    around.clear();
    bool even = true;
    Cell low{0, 0, 0}, high{0, 0, 0};
    for (int d = 0; d < D; ++d) {
      const double rounded = std::round(source_cell_[d]);
      const bool on_node = std::abs(source_cell_[d] - rounded) < 1e-9;
      low[d] = static_cast<int>(on_node ? rounded : std::floor(source_cell_[d])) - reach;
      high[d] = static_cast<int>(on_node ? rounded : std::ceil(source_cell_[d])) + reach;
      if (solution_.region_.grid().closed(d)) continue;
      low[d] = std::max(low[d], 0);
      high[d] = std::min(high[d], size_[d] - 1);
    }
    for (Cell cell = low;;) {
      const int64_t node = solution_.region_.index(cell);
      if (node >= 0) {
        around.push_back(node);
        const double other = metric_at(node).trace();
        even = even && other < 2 * trace && other > 0.5 * trace;
      }
      int d = 0;
      while (d < D && ++cell[d] > high[d]) {
        cell[d] = low[d];
        ++d;
      }
      if (d == D) break;
    }
    if (even) break;
  }
  for (const int64_t node : around) {
    if (!has_stencil(node)) continue;
    const Seen seen = seen_from_source(cell_of(node));
    Eigen::Matrix<double, D, 1> v, there;  // from the source, in its axes and in the node's
    double norm = 0;
    for (int d = 0; d < D; ++d) {
      v[d] = seen.from_source[d] * spacing_[d];
      there[d] = seen.sign[d] * v[d];
      norm += std::pow(seen.from_source[d], 2);
    }
    const double u =
        0.5 * (std::sqrt(v.dot(source_metric_ * v)) + std::sqrt(there.dot(metric_at(node) * there)));
    solution_.distance_[static_cast<size_t>(node)] = u;
    fixed_[static_cast<size_t>(node)] = 1;
    front_.emplace(u, static_cast<int32_t>(node));
    if (norm > 0)
      for (int d = 0; d < D; ++d)
        solution_.flow_[static_cast<size_t>(node * D + d)] =
            static_cast<float>(seen.sign[d] * seen.from_source[d] / std::sqrt(norm));
  }
}

template <int D>
void EikonalSolver<D>::update(int64_t node) {
  const Cell cell = cell_of(node);
  const Seen seen = seen_from_source(cell);
  const bool factored = near_source(node, seen);
  const double u0 = factored ? source_distance(seen, nullptr, 0) : 0;
  std::array<Term, kTerms> terms;
  int count = 0;
  for (int term = 0; term < terms_; ++term) {
    const double rho = weight(node, term);
    if (rho == 0) continue;
    const int16_t* e = offset(node, term);
    double best = kInfinity;
    for (const int side : {-1, 1}) {
      const int64_t other = neighbour(cell, e, side);
      if (other < 0 || !accepted_[static_cast<size_t>(other)]) continue;
      double value = solution_.distance_[static_cast<size_t>(other)];
      // u − u_other is replaced by (u − u0) − (u − u0)_other plus the exact slope of u0 towards this node.
      if (factored) value += u0 - source_distance(seen, e, side) + side * source_slope(seen, e, u0);
      best = std::min(best, value);
    }
    if (best < kInfinity) terms[count++] = {rho, best};
  }
  const double u = solve_upwind(terms.data(), count);
  if (u >= solution_.distance_[static_cast<size_t>(node)]) return;
  solution_.distance_[static_cast<size_t>(node)] = u;
  front_.emplace(u, static_cast<int32_t>(node));
}

// Used once for each node, when its value becomes final: in the search itself it could break causality.
template <int D>
double EikonalSolver<D>::second_order(int64_t node, double first) {
  const Cell cell = cell_of(node);
  const Seen seen = seen_from_source(cell);
  const bool factored = near_source(node, seen);
  const double u0 = factored ? source_distance(seen, nullptr, 0) : 0;
  const auto& u = solution_.distance_;
  std::array<Term, kTerms> terms;
  struct Source {
    double weight, value;
    const int16_t* offset;
    int side;
  };
  std::array<Source, kTerms> used;
  int count = 0;
  for (int term = 0; term < terms_; ++term) {
    double rho = weight(node, term);
    if (rho == 0) continue;
    const int16_t* e = offset(node, term);
    double best = kInfinity, first_value = 0;
    int best_side = 0;
    int64_t beside = -1;
    for (const int side : {-1, 1}) {
      const int64_t other = neighbour(cell, e, side);
      if (other < 0 || !accepted_[static_cast<size_t>(other)]) continue;
      double value = u[static_cast<size_t>(other)];
      if (factored) value += u0 - source_distance(seen, e, side) + side * source_slope(seen, e, u0);
      if (value < best)
        best = value, best_side = side, beside = other, first_value = u[static_cast<size_t>(other)];
    }
    if (best_side == 0) continue;
    bool second_order = false;
    if (options_.order == 2) {
      const int64_t beyond = neighbour(cell, e, 2 * best_side);
      if (beyond >= 0 && accepted_[static_cast<size_t>(beyond)] &&
          u[static_cast<size_t>(beyond)] <= first_value && accepted_[static_cast<size_t>(beside)] == 1 &&
          accepted_[static_cast<size_t>(beyond)] == 1) {
        second_order = true;
        rho *= 9.0 / 4;
        best = (4 * first_value - u[static_cast<size_t>(beyond)]) / 3;
        if (factored)
          best += u0 -
                  (4 * source_distance(seen, e, best_side) - source_distance(seen, e, 2 * best_side)) / 3 +
                  best_side * source_slope(seen, e, u0) * 2 / 3;
      }
    }
    if (!second_order) solution_.first_order_[static_cast<size_t>(node)] = 1;
    terms[count] = {rho, best};
    used[count++] = {rho, best, e, best_side};
  }
  double value = first;
  if (options_.order == 2) {
    const double second = solve_upwind(terms.data(), count);
    if (std::isfinite(second)) value = second;
  }
  // The direction of g⁻¹∇u = Σ ρ_i (∂_i u) e_i, from the differences just used.
  std::array<double, D> flow{};
  for (int i = 0; i < count; ++i) {
    const double rise = used[i].weight * std::max(0.0, value - used[i].value);
    for (int d = 0; d < D; ++d) flow[d] -= rise * used[i].side * used[i].offset[d];
  }
  double norm = 0;
  for (int d = 0; d < D; ++d) norm += flow[d] * flow[d];
  if (norm > 0)
    for (int d = 0; d < D; ++d)
      solution_.flow_[static_cast<size_t>(node * D + d)] = static_cast<float>(flow[d] / std::sqrt(norm));
  return value;
}

template <int D>
void EikonalSolver<D>::march() {
  auto& u = solution_.distance_;
  for (int64_t steps = 0; !front_.empty(); ++steps) {
    const auto [key, index] = front_.top();
    front_.pop();
    const auto node = static_cast<int64_t>(index);
    if (accepted_[static_cast<size_t>(node)]) continue;
    if (steps % 65536 == 0)
      LATENTPATH_CHECK(!cancellation_.cancelled(), kInterrupted, "interrupted during fast marching");
    const Cell cell = cell_of(node);
    if (!fixed_[static_cast<size_t>(node)])
      u[static_cast<size_t>(node)] = second_order(node, u[static_cast<size_t>(node)]);
    accepted_[static_cast<size_t>(node)] = is_rough(node, cell) ? 2 : 1;
    if (isotropic_) {
      for (int d = 0; d < D; ++d)
        for (const int side : {-1, 1}) {
          Cell beside = cell;
          beside[d] += side;
          const int64_t other = solution_.region_.index(beside);
          if (other >= 0 && !accepted_[static_cast<size_t>(other)] && !fixed_[static_cast<size_t>(other)] &&
              weights_[static_cast<size_t>(other)] > 0)
            update(other);
        }
    } else {
      for (int64_t i = first_dependent_[static_cast<size_t>(node)];
           i < first_dependent_[static_cast<size_t>(node + 1)]; ++i) {
        const int64_t other = dependents_[static_cast<size_t>(i)];
        if (!accepted_[static_cast<size_t>(other)] && !fixed_[static_cast<size_t>(other)]) update(other);
      }
    }
  }
}

EikonalSolution solve_eikonal(const GridRegion& region, const Eigen::MatrixXd& metric,
                              const Eigen::VectorXd& source, const EikonalOptions& options,
                              const CancellationToken& cancellation) {
  const int dim = region.grid().dim();
  LATENTPATH_CHECK(dim >= 1 && dim <= kMostGridDimensions, kArgument, "fast marching takes 1 to ",
                   kMostGridDimensions, " dimensions, not ", dim);
  LATENTPATH_CHECK(source.size() == dim, kArgument, "the source has ", source.size(),
                   " coordinates, the grid ", dim);
  LATENTPATH_CHECK(options.order == 1 || options.order == 2, kArgument, "the order is 1 or 2, not ",
                   options.order);
  LATENTPATH_CHECK(region.nodes() < std::numeric_limits<int32_t>::max(), kArgument, "a region of ",
                   region.nodes(), " nodes is too large");
  LATENTPATH_CHECK(
      metric.cols() == region.nodes() && (metric.rows() == 1 || metric.rows() == dim * (dim + 1) / 2),
      kArgument, "the metric of ", region.nodes(), " nodes in ", dim,
      " dimensions has as many columns with 1 or ", dim * (dim + 1) / 2, " numbers, not ", metric.cols(),
      " with ", metric.rows());
  if (dim == 1) return EikonalSolver<1>(region, metric, source, options, cancellation).run();
  if (dim == 2) return EikonalSolver<2>(region, metric, source, options, cancellation).run();
  return EikonalSolver<3>(region, metric, source, options, cancellation).run();
}

namespace {

/// The 2^D nodes around a point, with their multilinear weights; those outside of the region are left out.
struct Corners {
  int count = 0;
  std::array<int64_t, 8> node{};
  std::array<double, 8> weight{};
  std::array<unsigned, 8> reversed{};  ///< bits of the axes that are mirrored between the point and the node
};

Corners corners_of(const GridRegion& region, const Eigen::VectorXd& at) {
  Corners corners;
  const int dim = region.grid().dim();
  GridRegion::Cell low{0, 0, 0};
  std::array<double, 3> share{};
  for (int d = 0; d < dim; ++d) {
    const auto axis = static_cast<size_t>(d);
    const int last = region.grid().size[axis] - 1;
    const bool closed = region.grid().closed(d);
    const double inside = closed ? at[d] : std::clamp(at[d], 0.0, static_cast<double>(last));
    low[axis] = static_cast<int>(std::floor(inside));
    if (!closed) low[axis] = std::min(low[axis], std::max(0, last - 1));
    share[axis] = inside - low[axis];
  }
  for (int corner = 0; corner < (1 << dim); ++corner) {
    double weight = 1;
    GridRegion::Cell cell = low;
    for (int d = 0; d < dim; ++d) {
      const int up = (corner >> d) & 1;
      weight *= up != 0 ? share[static_cast<size_t>(d)] : 1 - share[static_cast<size_t>(d)];
      cell[static_cast<size_t>(d)] += up;
    }
    unsigned reversed = 0;
    const int64_t node = weight < 1e-12 ? -1 : region.index(cell, &reversed);
    if (node < 0) continue;
    corners.reversed[static_cast<size_t>(corners.count)] = reversed;
    corners.node[static_cast<size_t>(corners.count)] = node;
    corners.weight[static_cast<size_t>(corners.count++)] = weight;
  }
  return corners;
}

Eigen::VectorXd to_cells(const CartesianGrid& grid, const Eigen::VectorXd& z) {
  Eigen::VectorXd cell(z.size());
  for (Eigen::Index d = 0; d < z.size(); ++d)
    cell[d] = (z[d] - grid.origin[static_cast<size_t>(d)]) / grid.spacing[static_cast<size_t>(d)];
  return cell;
}

Eigen::VectorXd from_cells(const CartesianGrid& grid, const Eigen::VectorXd& cell) {
  Eigen::VectorXd z(cell.size());
  for (Eigen::Index d = 0; d < z.size(); ++d)
    z[d] = grid.origin[static_cast<size_t>(d)] + cell[d] * grid.spacing[static_cast<size_t>(d)];
  return z;
}

/// Multilinear, over the corners whose value is known; infinity if none is.
double linear_at(const EikonalSolution& solution, const Eigen::VectorXd& at) {
  const Corners corners = corners_of(solution.region(), at);
  double sum = 0, total = 0;
  for (size_t i = 0; i < static_cast<size_t>(corners.count); ++i) {
    const double value = solution.distance(corners.node[i]);
    if (!std::isfinite(value)) continue;
    sum += corners.weight[i] * value;
    total += corners.weight[i];
  }
  return total > 0 ? sum / total : kInfinity;
}

}  // namespace

double EikonalSolution::distance_at(const Eigen::VectorXd& z) const {
  const CartesianGrid& grid = region_.grid();
  const auto dim = static_cast<size_t>(grid.dim());
  const Eigen::VectorXd at = to_cells(grid, z);
  // Four nodes along each axis, or the one that the point lies on.
  std::array<std::array<double, 4>, 3> weight{};
  GridRegion::Cell first{0, 0, 0}, count{1, 1, 1};
  for (size_t d = 0; d < dim; ++d) {
    const double x = at[static_cast<Eigen::Index>(d)], rounded = std::round(x);
    const int last = grid.size[d] - 1;
    const bool closed = grid.closed(static_cast<int>(d));
    LATENTPATH_CHECK(closed || (x >= -1e-6 && x <= last + 1e-6), kArgument, "coordinate ", d + 1,
                     " of a point is ", z[static_cast<Eigen::Index>(d)], ", outside of the grid");
    if (std::abs(x - rounded) < 1e-6) {
      first[d] = static_cast<int>(rounded), weight[d] = {1, 0, 0, 0};
      continue;
    }
    if (last < 3) return linear_at(*this, at);
    first[d] = static_cast<int>(std::floor(x)) - 1;
    if (!closed) first[d] = std::clamp(first[d], 0, last - 3);
    count[d] = 4;
    for (int i = 0; i < 4; ++i) {
      double product = 1;
      for (int j = 0; j < 4; ++j)
        if (j != i) product *= (x - first[d] - j) / (i - j);
      weight[d][static_cast<size_t>(i)] = product;
    }
  }
  double sum = 0;
  for (int k = 0; k < count[2]; ++k)
    for (int j = 0; j < count[1]; ++j)
      for (int i = 0; i < count[0]; ++i) {
        const double value = distance({first[0] + i, first[1] + j, first[2] + k});
        if (!std::isfinite(value)) return linear_at(*this, at);
        double product = weight[0][static_cast<size_t>(i)];
        if (dim > 1) product *= weight[1][static_cast<size_t>(j)];
        if (dim > 2) product *= weight[2][static_cast<size_t>(k)];
        sum += product * value;
      }
  return sum;
}

namespace {

/// Of the node next to `at` and its neighbours the one with the least distance.
Eigen::VectorXd downhill(const EikonalSolution& solution, const Eigen::VectorXd& at) {
  Eigen::VectorXd best = at;
  double least = kInfinity;
  GridRegion::Cell middle{0, 0, 0}, reach{0, 0, 0};
  for (Eigen::Index d = 0; d < at.size(); ++d) {
    middle[static_cast<size_t>(d)] = static_cast<int>(std::lround(at[d]));
    reach[static_cast<size_t>(d)] = 1;
  }
  for (int k = -reach[2]; k <= reach[2]; ++k)
    for (int j = -reach[1]; j <= reach[1]; ++j)
      for (int i = -reach[0]; i <= reach[0]; ++i) {
        const GridRegion::Cell cell{middle[0] + i, middle[1] + j, middle[2] + k};
        const double value = solution.distance(cell);
        if (value >= least) continue;
        least = value;
        for (Eigen::Index d = 0; d < at.size(); ++d) best[d] = cell[static_cast<size_t>(d)];
      }
  return best;
}

}  // namespace

Eigen::MatrixXd EikonalSolution::path_to(const Eigen::VectorXd& z) const {
  const CartesianGrid& grid = region_.grid();
  const int dim = grid.dim();
  LATENTPATH_CHECK(std::isfinite(distance_at(z)), kNumerical,
                   "no path leads from the source to the point: walls lie between them");
  const Eigen::VectorXd goal = to_cells(grid, source_);
  // −flow at a point: of the corners that agree with the nearest one, so that fronts that meet do not cancel.
  const auto descent = [&](const Eigen::VectorXd& at) {
    const Corners corners = corners_of(region_, at);
    const auto flow = [&](int i) {
      Eigen::VectorXd v(dim);
      const auto corner = static_cast<size_t>(i);
      for (int d = 0; d < dim; ++d)
        v[d] = flow_[static_cast<size_t>(corners.node[corner] * dim + d)] *
               ((corners.reversed[corner] >> d & 1U) != 0 ? -1 : 1);
      return v;
    };
    int nearest = -1;
    for (int i = 0; i < corners.count; ++i)
      if (flow(i).squaredNorm() > 0 && (nearest < 0 || corners.weight[static_cast<size_t>(i)] >
                                                           corners.weight[static_cast<size_t>(nearest)]))
        nearest = i;
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(dim);
    if (nearest < 0) return sum;
    const Eigen::VectorXd reference = flow(nearest);
    for (int i = 0; i < corners.count; ++i) {
      const Eigen::VectorXd v = flow(i);
      if (v.dot(reference) > 0) sum -= corners.weight[static_cast<size_t>(i)] * v;
    }
    return Eigen::VectorXd(sum / std::max(1e-12, sum.norm()));
  };
  constexpr double step = 0.5;
  std::vector<Eigen::VectorXd> backwards{to_cells(grid, z)};
  size_t most_steps = 1000;
  for (const int extent : grid.size) most_steps += 40 * static_cast<size_t>(extent);
  double reached = linear_at(*this, backwards.back());
  int without_progress = 0;
  const auto away = [&](Eigen::VectorXd at) {
    grid.times_to(goal, at);
    return (at - goal).cwiseAbs().maxCoeff();
  };
  while (away(backwards.back()) > 1.5 && backwards.size() < most_steps) {
    const Eigen::VectorXd& here = backwards.back();
    Eigen::VectorXd next = here + step * descent(here + 0.5 * step * descent(here));
    for (int d = 0; d < dim; ++d)
      if (!grid.closed(d))
        next[d] = std::clamp(next[d], 0.0, static_cast<double>(grid.size[static_cast<size_t>(d)] - 1));
    double value = linear_at(*this, next);
    without_progress = value < reached ? 0 : without_progress + 1;
    if (without_progress > 4 || !std::isfinite(value) || (next - here).norm() < 0.05 * step) {
      next = downhill(*this, here);
      value = linear_at(*this, next);
      without_progress = 0;
      // At a node that is its own least neighbour there is no way down but the source.
      if ((next - here).norm() < 1e-9) break;
    }
    reached = std::min(reached, value);
    backwards.push_back(next);
  }
  Eigen::MatrixXd path(dim, static_cast<Eigen::Index>(backwards.size()) + 1);
  // Backwards from z it came to a copy of the source: the whole path is moved so that this is the source
  // itself.
  Eigen::VectorXd last = backwards.back();
  const std::vector<int> times = grid.times_to(goal, last);
  path.col(0) = source_;
  for (size_t i = 0; i < backwards.size(); ++i) {
    grid.go_round(times, backwards[i]);
    path.col(static_cast<Eigen::Index>(backwards.size() - i)) = from_cells(grid, backwards[i]);
  }
  if (std::all_of(times.begin(), times.end(), [](int n) { return n == 0; })) path.col(path.cols() - 1) = z;
  return path;
}

double metric_length(const MetricField& metric, const Eigen::MatrixXd& path, double longest_step) {
  const Eigen::Index dim = path.rows(), segments = path.cols() - 1;
  std::vector<double> from, to;  // subdivisions as parameters of their segment
  std::vector<Eigen::Index> segment;
  for (Eigen::Index i = 0; i < segments; ++i) {
    const double length = (path.col(i + 1) - path.col(i)).norm();
    const auto subdivisions = std::max<int64_t>(1, static_cast<int64_t>(std::ceil(length / longest_step)));
    for (int64_t k = 0; k < subdivisions; ++k) {
      from.push_back(static_cast<double>(k) / static_cast<double>(subdivisions));
      to.push_back(static_cast<double>(k + 1) / static_cast<double>(subdivisions));
      segment.push_back(i);
    }
  }
  const double abscissa = 0.5 / std::sqrt(3.0);
  const auto count = static_cast<Eigen::Index>(segment.size());
  Eigen::MatrixXd points(dim, 2 * count), steps(dim, count);
  for (Eigen::Index k = 0; k < count; ++k) {
    const auto at = static_cast<size_t>(k);
    const Eigen::VectorXd edge = path.col(segment[at] + 1) - path.col(segment[at]);
    const double middle = 0.5 * (from[at] + to[at]), width = to[at] - from[at];
    points.col(2 * k) = path.col(segment[at]) + (middle - abscissa * width) * edge;
    points.col(2 * k + 1) = path.col(segment[at]) + (middle + abscissa * width) * edge;
    steps.col(k) = width * edge;
  }
  if (count == 0) return 0;
  const Eigen::MatrixXd g = metric(points);
  double length = 0;
  for (Eigen::Index k = 0; k < count; ++k)
    for (const Eigen::Index column : {2 * k, 2 * k + 1}) {
      const auto v = steps.col(k);
      double squared = 0;
      if (g.rows() == 1) {
        squared = g(0, column) * v.squaredNorm();
      } else {
        int row = 0;
        for (Eigen::Index i = 0; i < dim; ++i)
          for (Eigen::Index j = i; j < dim; ++j) squared += (i == j ? 1 : 2) * g(row++, column) * v[i] * v[j];
      }
      length += 0.5 * std::sqrt(squared);
    }
  return length;
}

namespace {

/// Whether a path may leave the box at this node: at its border, unless space ends there.
bool on_border(const CartesianGrid& grid, const GridRegion::Cell& cell, const SearchBox& space) {
  for (size_t d = 0; d < grid.size.size(); ++d) {
    if (grid.size[d] <= 1 || grid.closed(static_cast<int>(d))) continue;
    const double low = grid.origin[d], high = low + grid.spacing[d] * (grid.size[d] - 1);
    const bool bounded = !space.lower.empty();
    if (cell[d] == 0 && !(bounded && low < space.lower[d] + grid.spacing[d])) return true;
    if (cell[d] == grid.size[d] - 1 && !(bounded && high > space.upper[d] - grid.spacing[d])) return true;
  }
  return false;
}

/// Distance, order and error from the last levels. Richardson extrapolation where successive changes fall at
/// a rate between first and second order; a rate outside of what the scheme can have is chance.
void extrapolate(EikonalDistance& result) {
  const size_t count = result.levels.size();
  const double fine = result.levels[count - 1].distance, middle = result.levels[count - 2].distance,
               coarse = result.levels[count - 3].distance;
  result.distance = fine;
  if (!std::isfinite(coarse) || !std::isfinite(middle)) {
    // A passage that only the finest grid sees: there is nothing to compare with.
    result.observed_order = std::nan("");
    result.error_estimate = fine;
    return;
  }
  const double last = fine - middle, before = middle - coarse, rounding = 1e-12 * std::abs(fine);
  if (std::abs(last) <= rounding && std::abs(before) <= rounding) {  // exact on every grid
    result.observed_order = std::nan("");
    result.error_estimate = rounding;
    return;
  }
  result.observed_order = last * before > 0 ? std::log2(before / last) : std::nan("");
  if (result.observed_order > 0.75 && result.observed_order < 2.35) {
    result.distance = fine + last / (std::pow(2.0, std::clamp(result.observed_order, 1.0, 2.0)) - 1);
    // Half the change before: a rate that has only just become second order may be chance.
    result.error_estimate = std::max(std::abs(last), std::abs(before) / 2);
  } else {
    result.error_estimate = std::max(std::abs(last), std::abs(before));
  }
  result.error_estimate = std::max(result.error_estimate, rounding);
}

/// The given box, or, where none is given, that of the two ends with their distance as a margin.
SearchBox search_box(const Eigen::VectorXd& start, const Eigen::VectorXd& end, SearchBox box) {
  if (!box.lower.empty()) return box;
  const double margin = (end - start).norm();
  for (Eigen::Index d = 0; d < start.size(); ++d) {
    box.lower.push_back(std::min(start[d], end[d]) - margin);
    box.upper.push_back(std::max(start[d], end[d]) + margin);
  }
  return box;
}

/// Whether the table of a grid's blocks is of a reasonable size.
bool block_table_fits(const CartesianGrid& grid) {
  double blocks = 1;
  for (const int extent : grid.size) blocks *= std::ceil(extent / static_cast<double>(kBlock));
  return blocks <= static_cast<double>(kMostBlocks);
}

/// √(Σ_d g_dd h_d²): how long a step to a neighbour may be in the metric at the node.
double step_length(const CartesianGrid& grid, const Eigen::MatrixXd& values, int64_t node) {
  double squared = 0;
  int row = 0;
  for (int d = 0; d < grid.dim(); row += grid.dim() - d, ++d)
    squared += values(values.rows() == 1 ? 0 : row, node) * std::pow(grid.spacing[static_cast<size_t>(d)], 2);
  return std::sqrt(squared);
}

/// The next level around the nodes through which a path of at most `limit` leads: u + v ≤ limit, where u and
/// v are the distances from the two ends. Where differences are of first order, each has a whole step in
/// the metric of the node itself: on the shortest path u + v is too large by one of them.
/// `leaving_bound`, where given, becomes the least u + v on the border of the grid.
GridRegion refined_corridor(const GridRegion& region, const Eigen::MatrixXd& values,
                            const EikonalSolution& forth, const EikonalSolution& back, double limit,
                            const SearchBox& space, double* leaving_bound) {
  GridRegion next = GridRegion::nothing(region.grid().refined());
  for (int64_t node = 0; node < region.nodes(); ++node) {
    const GridRegion::Cell cell = region.cell(node);
    double through = forth.distance(node) + back.distance(node);
    if (std::isfinite(through) && (forth.first_order(node) || back.first_order(node)))
      through -= step_length(region.grid(), values, node);
    // Two nodes more, so that stencils on the edge of the region do not reach the path.
    if (through <= limit) next.add({2 * cell[0], 2 * cell[1], 2 * cell[2]}, 4);
    if (leaving_bound != nullptr && on_border(region.grid(), cell, space))
      *leaving_bound = std::min(*leaving_bound, through);
  }
  return next;
}

/// The next level around all nodes of this one.
GridRegion refined_region(const GridRegion& region) {
  GridRegion next = GridRegion::nothing(region.grid().refined());
  for (int64_t node = 0; node < region.nodes(); ++node) {
    const GridRegion::Cell cell = region.cell(node);
    if (region.in_grid(cell)) next.add({2 * cell[0], 2 * cell[1], 2 * cell[2]}, 1);
  }
  return next;
}

/// The distances from `start` on one level, and what is recorded of it.
EikonalSolution solve_level(const GridRegion& region, const Eigen::MatrixXd& values,
                            const Eigen::VectorXd& start, const Eigen::VectorXd& end,
                            const EikonalOptions& solver, const CancellationToken& cancellation,
                            EikonalLevel& level) {
  EikonalSolution forth = solve_eikonal(region, values, start, solver, cancellation);
  level.spacing = *std::max_element(region.grid().spacing.begin(), region.grid().spacing.end());
  level.distance = forth.distance_at(end);
  for (int64_t node = 0; node < region.nodes(); ++node) level.nodes += region.in_grid(region.cell(node));
  return forth;
}

/// How much longer than the shortest a path may be to lie in the next level's region: at most `largest`, and
/// ten times what the last halving changed; infinite where nothing may be left out yet.
double corridor_share(const std::vector<EikonalLevel>& levels, double largest) {
  const double last = levels.back().distance;
  const double before = levels.size() > 1 ? levels[levels.size() - 2].distance : kInfinity;
  if (!std::isfinite(last)) return kInfinity;  // no way through yet
  if (!std::isfinite(before) || !std::isfinite(largest)) return largest;
  return std::min(largest, std::max(10 * std::abs(last - before) / last, 0.005));
}

/// The distance where the finest level allowed leaves it unsettled.
void end_at_finest(EikonalDistance& result) {
  const double last = result.levels.back().distance;
  LATENTPATH_CHECK(std::isfinite(last), kNumerical,
                   "no path leads from the start to the end: walls lie between them");
  if (result.levels.size() >= 3) return;  // extrapolated
  const double before =
      result.levels.size() > 1 ? result.levels[result.levels.size() - 2].distance : kInfinity;
  result.distance = last;
  result.observed_order = std::nan("");
  result.error_estimate = std::isfinite(before) ? std::abs(last - before) : last;
}

}  // namespace

int64_t EikonalDistance::evaluations() const {
  int64_t count = 0;
  for (const EikonalLevel& level : levels) count += level.nodes;
  return count;
}

EikonalDistance eikonal_distance(const MetricField& metric, const Eigen::VectorXd& start,
                                 const Eigen::VectorXd& end, const EikonalDistanceOptions& options,
                                 const CancellationToken& cancellation) {
  const auto begin = std::chrono::steady_clock::now();
  EikonalDistance result;
  const Eigen::Index dim = start.size();
  LATENTPATH_CHECK(end.size() == dim && dim >= 1 && dim <= kMostGridDimensions, kArgument,
                   "fast marching takes ends with 1 to 3 coordinates, not ", dim, " and ", end.size());
  LATENTPATH_CHECK(start.allFinite() && end.allFinite(), kNumerical,
                   "an end has a coordinate that is NaN or infinite");
  LATENTPATH_CHECK(options.corridor > 0 && options.tolerance >= 0, kArgument,
                   "the corridor must be positive and the tolerance not negative; they are ",
                   options.corridor, " and ", options.tolerance);
  result.leaving_bound = kInfinity;
  if (start == end) {
    result.path.resize(dim, 2);
    result.path << start, end;
    result.converged = true;
    return result;
  }
  const SearchBox box = search_box(start, end, options.box);
  result.box = box;
  const int coarsest = options.coarsest > 0 ? options.coarsest : dim == 1 ? 2001 : dim == 2 ? 201 : 41;
  GridRegion region = GridRegion::whole(grid_through(start, end, box, coarsest, options.identifications));
  for (;;) {
    const Eigen::MatrixXd values = sample_metric(region, metric);
    EikonalLevel level;
    const EikonalSolution forth =
        solve_level(region, values, start, end, options.solver, cancellation, level);
    result.levels.push_back(level);
    const bool reached = std::isfinite(level.distance);
    if (result.levels.size() >= 3 && reached) {
      extrapolate(result);
      result.converged = result.error_estimate <= options.tolerance * result.distance;
      if (result.converged) {
        result.path = forth.path_to(end);
        break;
      }
    }
    // The next level: halved where it may matter.
    const bool table_fits = block_table_fits(region.grid().refined());
    const double share = corridor_share(result.levels, options.corridor);
    GridRegion next;
    if (table_fits && std::isfinite(share)) {
      const EikonalSolution back = solve_eikonal(region, values, end, options.solver, cancellation);
      next = refined_corridor(region, values, forth, back,
                              (1 + share) * std::max(level.distance, back.distance_at(start)), options.space,
                              result.levels.size() == 1 ? &result.leaving_bound : nullptr);
    } else if (table_fits) {
      next = refined_region(region);
    }
    result.levels.back().corridor = share;
    if (!table_fits || next.nodes() > options.most_nodes) {
      end_at_finest(result);
      result.path = forth.path_to(end);
      break;
    }
    region = std::move(next);
  }
  const CartesianGrid& finest = region.grid();
  const double spacing = *std::min_element(finest.spacing.begin(), finest.spacing.end());
  result.path_length = metric_length(metric, result.path, 0.25 * spacing);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return result;
}

}  // namespace latentpath
