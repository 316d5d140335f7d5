#include "latentpath/path/frechet_mean.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "latentpath/core/error.h"
#include "latentpath/core/point_string.h"

namespace latentpath {
namespace {

using Row = std::vector<double>;

/// What is known at a point: the velocities to all points, F/2 and its descent direction.
struct Look {
  Row point;
  std::vector<Row> velocities;
  Row distances, direction;  ///< [n]; Σ w log [size]
  double half = 0;           ///< F/2
  double slope = 0;          ///< ‖direction‖
  int failed = 0;            ///< logarithms that did not converge
};

constexpr double kSame = 1e-7;  ///< relative: as small a variance

/// Thrown half-way through a look: what was known before it stands.
struct Interrupted {};

class Search {
 public:
  Search(const ManifoldMaps& maps, std::span<const double> points, std::span<const double> weights,
         const FrechetMeanOptions& options, const CancellationToken& cancellation)
      : maps_(maps),
        options_(options),
        cancellation_(cancellation),
        points_(points),
        size_(static_cast<size_t>(maps.size())),
        count_(points.size() / size_) {
    set_weights(weights);
  }

  FrechetMean run();

 private:
  struct Descent {
    Look look;
    int iterations = 0;
    bool converged = false;
  };

  std::span<const double> point(size_t i) const { return points_.subspan(i * size_, size_); }
  void set_weights(std::span<const double> weights);
  Look look_from(Row x, const std::vector<Row>& near) const;
  Descent descend(Row start, const Descent* first = nullptr) const;
  static bool given_up(const Descent& rival, const Descent& first);
  bool advance(Look& look, double& rate, int halvings) const;
  bool settled(const Look& look) const {
    // Below what rounding of points and distances does there is nothing left to descend.
    constexpr double kRounding = 1e-14;
    const double farthest = *std::max_element(look.distances.begin(), look.distances.end());
    const double size = std::sqrt(std::max(0.0, maps_.inner(look.point, look.point, look.point)));
    return look.slope <=
           std::max(options_.tolerance * std::sqrt(2 * look.half), kRounding * (size + farthest));
  }
  double distance(const Row& a, const Row& b) const { return maps_.logarithm(a, b).length; }
  std::optional<Row> middle() const;
  Row beyond(const Look& look, size_t i) const;
  std::vector<size_t> far_points(const Row& distances) const;
  void compare_starts(Descent& best, FrechetMean& mean) const;
  void doubt(FrechetMean& mean) const;

  const ManifoldMaps& maps_;
  const FrechetMeanOptions& options_;
  const CancellationToken& cancellation_;
  std::span<const double> points_;
  size_t size_, count_;
  Row weights_;  ///< Σ = 1
};

void Search::set_weights(std::span<const double> weights) {
  weights_.assign(weights.begin(), weights.end());
  if (weights_.empty()) weights_.assign(count_, 1.0);
  LATENTPATH_CHECK(weights_.size() == count_, kArgument, "a mean of ", count_,
                   " points takes as many weights, not ", weights_.size());
  for (const double weight : weights_)
    LATENTPATH_CHECK(std::isfinite(weight) && weight >= 0, kArgument, "a weight of a mean is ", weight,
                     ": weights are finite and not negative");
  const double sum = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  LATENTPATH_CHECK(sum > 0 && std::isfinite(sum), kArgument, "the weights of a mean have the sum ", sum,
                   ": it must be above 0 and finite");
  for (double& weight : weights_) weight /= sum;
}

/// With velocities near those of `near`, where it has any; else of shortest geodesics.
Look Search::look_from(Row x, const std::vector<Row>& near) const {
  Look look;
  look.direction.assign(size_, 0.0);
  for (size_t i = 0; i < count_; ++i) {
    if (cancellation_.cancelled()) throw Interrupted{};
    Logarithm found =
        near.empty() ? maps_.logarithm(x, point(i)) : maps_.logarithm_near(x, point(i), near[i]);
    if (!near.empty() && !found.converged) found = maps_.logarithm(x, point(i));
    look.failed += found.converged ? 0 : 1;
    for (size_t d = 0; d < size_; ++d) look.direction[d] += weights_[i] * found.velocity[d];
    look.half += 0.5 * weights_[i] * found.length * found.length;
    look.distances.push_back(found.length);
    look.velocities.push_back(std::move(found.velocity));
  }
  look.slope = std::sqrt(std::max(0.0, maps_.inner(x, look.direction, look.direction)));
  look.point = std::move(x);
  return look;
}

/// One step downhill, halved so often at most; false where there is none. `rate` is that of the step, and
/// then that of the next.
bool Search::advance(Look& look, double& rate, int halvings) const {
  constexpr double kLeast = 0.05, kMost = 3, kShort = 0.1, kRounding = 1e-13;
  for (int halving = 0; halving < halvings; ++halving, rate /= 2) {
    Row step = look.direction;
    for (double& x : step) x *= rate;
    const Exponential moved = maps_.exponential(look.point, step);
    if (!moved.complete) continue;
    std::vector<Row> near;
    if (moved.length < kShort * std::sqrt(2 * look.half)) {
      near = look.velocities;
      for (Row& velocity : near)
        for (size_t d = 0; d < size_; ++d) velocity[d] -= step[d];
    }
    Look next = look_from(moved.point(), near);
    if (!(next.half <= look.half * (1 + kRounding)) && !(next.slope < 0.5 * look.slope)) continue;
    // Barzilai and Borwein: ⟨s, s⟩/⟨s, y⟩, both at the new point, where s is the geodesic's own velocity.
    Row change = moved.velocity;
    for (size_t d = 0; d < size_; ++d) change[d] = change[d] / rate - next.direction[d];
    const double square = maps_.inner(next.point, moved.velocity, moved.velocity);
    const double curved = maps_.inner(next.point, moved.velocity, change);
    rate = curved > 0 ? std::clamp(square / curved, kLeast, kMost) : 1;
    look = std::move(next);
    return true;
  }
  return false;
}

/// A rival is not followed to where geodesics cannot be found any more; nor on and on towards a place that a
/// chart has at infinity, where it has taken longer than the first, is as good and has next to nothing to
/// gain.
bool Search::given_up(const Descent& rival, const Descent& first) {
  constexpr double kLevel = 1e-5, kLevelSlope = 1e-2;
  constexpr int kFewest = 6;  // iterations, within which most means are found
  const Look& look = rival.look;
  const bool level = std::abs(look.half - first.look.half) <= kLevel * first.look.half &&
                     look.slope <= kLevelSlope * std::sqrt(2 * look.half);
  return look.failed > 0 || (level && rival.iterations > std::max(kFewest, first.iterations));
}

/// Of a rival, `first` is what it competes with.
Search::Descent Search::descend(Row start, const Descent* first) const {
  constexpr int kLooks = 4;  // at shortest geodesics, from which others may lead on
  constexpr int kHalvings = 30, kHalvingsOfRival = 3;
  Descent descent{.look = look_from(std::move(start), {})};
  double rate = 1;
  for (int look = 0; look < kLooks; ++look) {
    try {
      while (descent.iterations < options_.max_iterations && !settled(descent.look)) {
        ++descent.iterations;
        if (!advance(descent.look, rate, first != nullptr ? kHalvingsOfRival : kHalvings)) break;
        if (first != nullptr && given_up(descent, *first)) return descent;
      }
      Look again = look_from(descent.look.point, {});
      const bool same = again.half >= descent.look.half * (1 - 1e-9);
      if (!same || again.failed < descent.look.failed) descent.look = std::move(again);
      if (same) break;
    } catch (const Interrupted&) {
      return descent;
    }
  }
  descent.converged = settled(descent.look) && descent.look.failed == 0;
  return descent;
}

/// Where to begin: by half-way geodesics through the points, x ← the share w_i/Σ_{j ≤ i} w_j of the way to
/// p_i.
std::optional<Row> Search::middle() const {
  std::optional<Row> x;
  double sum = 0;
  for (size_t i = 0; i < count_; ++i) {
    if (weights_[i] == 0) continue;
    sum += weights_[i];
    if (!x) {
      x = Row(point(i).begin(), point(i).end());
      continue;
    }
    Row step = maps_.logarithm(*x, point(i)).velocity;
    for (double& value : step) value *= weights_[i] / sum;
    const Exponential moved = maps_.exponential(*x, step);
    if (moved.complete) x = moved.point();
  }
  return x;
}

/// The points from which other means may be reached: the farthest first.
std::vector<size_t> Search::far_points(const Row& distances) const {
  std::vector<size_t> order(count_);
  std::iota(order.begin(), order.end(), size_t{0});
  std::erase_if(order, [&](size_t i) { return weights_[i] == 0; });
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return distances[a] > distances[b]; });
  order.resize(std::min(order.size(), static_cast<size_t>(std::max(options_.starts - 1, 0))));
  return order;
}

/// Past a point, as seen from a mean: other means lie beyond the points, and at one of them the ways to the
/// others may be even.
Row Search::beyond(const Look& look, size_t i) const {
  constexpr double kFurther = 1.7;
  Row step = look.velocities[i];
  for (double& x : step) x *= kFurther;
  const Exponential moved = maps_.exponential(look.point, step);
  try {
    if (moved.complete) {
      maps_.check_point(moved.point(), "a start");
      return moved.point();
    }
  } catch (const Error&) {
    // It left the chart's domain.
  }
  return Row(point(i).begin(), point(i).end());
}

void Search::compare_starts(Descent& best, FrechetMean& mean) const {
  constexpr double kApart = 1e-5;
  const Descent first = best;
  std::vector<Look> means{first.look};
  for (const size_t i : far_points(first.look.distances)) {
    Descent other;
    try {
      other = descend(beyond(first.look, i), &first);
    } catch (const Interrupted&) {
      break;
    }
    ++mean.starts;
    if (!other.converged) continue;
    means.push_back(other.look);
    if (!best.converged || other.look.half < best.look.half * (1 - kSame)) best = std::move(other);
  }
  for (const Look& other : means) {
    if (other.half > best.look.half * (1 + kSame)) continue;
    const double apart = kApart * std::sqrt(2 * best.look.half);
    bool known = distance(best.look.point, other.point) <= apart;
    for (const Row& listed : mean.others) known = known || distance(listed, other.point) <= apart;
    if (!known) mean.others.push_back(other.point);
  }
  mean.unique = mean.others.empty();
}

void Search::doubt(FrechetMean& mean) const {
  if (mean.farthest >= mean.convexity_radius)
    mean.doubts.push_back(
        join_message("points lie up to ", mean.farthest,
                     " from the mean, and only within the convexity radius, ", mean.convexity_radius,
                     ", is it known to be the only one: it is the best of ", mean.starts, " starts"));
  if (!mean.unique)
    mean.doubts.push_back(
        join_message("the mean is not unique: ", point_string(mean.others[0]), " has the same variance"));
  if (!mean.converged)
    mean.doubts.push_back(join_message("the mean did not converge: its gradient is ", mean.gradient_norm,
                                       " after ", mean.iterations, " iterations"));
}

FrechetMean Search::run() {
  FrechetMean mean;
  Descent best;
  try {
    best = descend(*middle());
  } catch (const Interrupted&) {
    throw Error(ErrorKind::kInterrupted, "interrupted before a mean was found");
  }
  const auto describe = [&] {
    mean.point = best.look.point;
    mean.distances = best.look.distances;
    mean.variance = 2 * best.look.half;
    mean.gradient_norm = best.look.slope;
    mean.iterations = best.iterations;
    mean.converged = best.converged;
    mean.farthest = 0;
    for (size_t i = 0; i < count_; ++i)
      if (weights_[i] > 0) mean.farthest = std::max(mean.farthest, mean.distances[i]);
    mean.convexity_radius = maps_.convexity_radius(mean.point);
  };
  describe();
  if (mean.farthest >= mean.convexity_radius || !best.converged) {
    compare_starts(best, mean);
    describe();
  }
  doubt(mean);
  return mean;
}

}  // namespace

FrechetMean frechet_mean(const ManifoldMaps& maps, std::span<const double> points,
                         std::span<const double> weights, const FrechetMeanOptions& options,
                         const CancellationToken& cancellation) {
  const auto size = static_cast<size_t>(maps.size());
  LATENTPATH_CHECK(!points.empty() && points.size() % size == 0, kArgument, "a mean takes points of ", size,
                   " numbers, one or more, not ", points.size(), " numbers");
  LATENTPATH_CHECK(options.tolerance > 0 && options.max_iterations >= 0 && options.starts >= 1, kArgument,
                   "a mean takes a tolerance above 0, and 1 start or more");
  for (size_t at = 0; at < points.size(); at += size)
    maps.check_point(points.subspan(at, size), join_message("point ", at / size + 1, " of the mean"));
  return Search(maps, points, weights, options, cancellation).run();
}

}  // namespace latentpath
