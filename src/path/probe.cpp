#include "latentpath/path/probe.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <iomanip>

#include "latentpath/core/device.h"
#include "latentpath/core/error.h"
#include "latentpath/core/exception_sentence.h"
#include "latentpath/core/random.h"
#include "latentpath/metric/output_contract.h"

namespace latentpath {
namespace {

/// Of outputs in memory, 128 MB: a limit of memory, which no figure depends on.
constexpr int64_t kNumbersAtOnce = int64_t{1} << 24;

/// Where ends are equal, or nearer than rounding can tell apart, points lie as far apart as this share of the
/// ends' norm, or so far where that is 0.
constexpr double kApartOfEqualEnds = 0.3, kApartAtOrigin = 0.1;
/// A map that gives the same at all points looked at is asked again this share of their distance away.
constexpr double kFartherOff = 0.3;
/// Outputs differ where they do by more than this share of their size, by precision; one rounding, of sums of
/// outputs, is kRoundings times the last bit.
constexpr double kDiffersDouble = 1e-12, kDiffersSingle = 1e-6;
constexpr double kLastBitDouble = 2.2e-16, kLastBitSingle = 1.2e-7, kRoundings = 16;
/// Outputs are compared with their spread, or with this share of their size where they hardly vary.
constexpr double kLeastSpread = 0.01;
/// A quality that differs by less at all points looked at need have no gradient; one that differs by more and
/// has none is piecewise constant.
constexpr double kConstantQuality = 1e-6, kVariedQuality = 1e-3;
/// Outputs move in steps where half of the points do not move at all, or where the excess on the fine grid is
/// so many times that of the coarse one. Smaller steps, as a share of outputs, are those of float32.
constexpr double kUnmovedShare = 0.5, kExcessOfSteps = 4, kStepsOfFloat = 1e-5;
/// Of a segment between points looked at: no round share, at which models have their symmetries.
constexpr double kOffCentre = 0.382;

/// The median of the square of a standard normal variable.
constexpr double kMedianOfSquare = 0.4549;

/// The points looked at, [B, D] float64.
struct ProbePoints {
  Tensor latent;
  std::vector<double> time;    // on its pair's straight line
  std::vector<int64_t> pair;   // in the caller's batch
  std::vector<double> length;  // how far apart points of its problem are
  bool enlarged = false;       // for ends nearer than that
  bool is_end(size_t i) const { return time[i] == 0 || time[i] == 1; }
  int64_t size() const { return latent.size(0); }
};

Tensor random_directions(int64_t count, int64_t dim, at::Generator& generator) {
  const Tensor u = at::randn({count, dim}, generator, at::kDouble);
  return u / u.norm(2, {1}, true).clamp_min(1e-12);
}

ProbePoints choose_points(const PathProblem& problem, at::Generator& generator, int64_t most_pairs) {
  const Tensor start = problem.start.detach().to(at::kDouble), end = problem.end.detach().to(at::kDouble);
  // Two ends and as many between: no more pairs than memory allows.
  const int64_t most = std::clamp<int64_t>(problem.embedding->batch_limits().points / 8, 1, most_pairs);
  const int64_t pairs = std::min(start.size(0), most), dim = start.size(1);
  const int64_t fit = problem.embedding->batch_limits().points / pairs - 2;
  const int64_t between = std::max<int64_t>(1, std::min(std::max<int64_t>(2, 6 / pairs), fit));
  ProbePoints points;
  std::vector<Tensor> rows;
  for (int64_t i = 0; i < pairs; ++i) {
    const int64_t pair = pairs == 1 ? 0 : i * (start.size(0) - 1) / (pairs - 1);
    const Tensor from = start.narrow(0, pair, 1), to = end.narrow(0, pair, 1);
    const double apart = (to - from).norm().item<double>();
    const double size = std::max(from.norm().item<double>(), to.norm().item<double>());
    const double length = std::max(apart, size > 0 ? kApartOfEqualEnds * size : kApartAtOrigin);
    points.enlarged = points.enlarged || length > apart;
    const auto add = [&](const Tensor& z, double time) {
      rows.push_back(z);
      points.time.push_back(time);
      points.pair.push_back(pair);
      points.length.push_back(length);
    };
    add(from, 0);
    add(to, 1);
    for (int64_t k = 0; k < between; ++k) {
      const double t = (static_cast<double>(k) + kOffCentre) / static_cast<double>(between);
      const Tensor on_line = from + t * (to - from);
      add(apart > 0 ? on_line : on_line + kFartherOff * length * random_directions(1, dim, generator), t);
    }
  }
  points.latent = at::cat(rows);
  return points;
}

/// Runs what belongs to the caller; its failure becomes a sentence.
template <typename Function>
Tensor run(const std::string& name, const Function& function) {
  try {
    return function();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(ErrorKind::kInput, name + " fails at points of the problem: " + exception_sentence(error));
  }
}

Tensor finite_rows(const Tensor& values) { return at::isfinite(values.flatten(1)).all(1).to(at::kCPU); }

/// NaN and infinity: paths of that pair will fail, others need not.
void say_not_finite(const ProbePoints& points, const Tensor& finite, const std::string& name,
                    std::vector<std::string>& warnings) {
  double elsewhere = -1;
  for (size_t i = 0; i < points.time.size(); ++i) {
    if (finite[static_cast<int64_t>(i)].item<bool>()) continue;
    if (points.is_end(i))
      warnings.push_back(join_message(name, " is NaN or infinite at the ",
                                      points.time[i] == 0 ? "start" : "end", " of pair ", points.pair[i],
                                      ", so that no path of this pair has a cost"));
    else if (elsewhere < 0)
      elsewhere = points.time[i];
  }
  if (elsewhere >= 0)
    warnings.push_back(join_message(name, " is NaN or infinite between the ends (at ", elsewhere,
                                    " of the straight line): there is a region that no path can cross"));
}

double norm_of(const Tensor& values) { return values.to(at::kDouble).norm().item<double>(); }

/// Outputs of all points, and how far they are apart.
struct Spread {
  double size = 0;   // typical ‖Φ(z)‖
  double apart = 0;  // typical distance to their mean
};
Spread spread_of(const Tensor& images) {
  const Tensor flat = images.flatten(1);
  const double root = std::sqrt(static_cast<double>(flat.size(0)));
  return {norm_of(flat) / root, norm_of(flat - flat.mean(0, true)) / root};
}

constexpr const char* kEvalRemedy = ": export the model after .eval(), and trace it only then";

class MapProbe {
 public:
  MapProbe(const Embedding& map, const ProbePoints& points, const ProbeOptions& options,
           at::Generator& generator, std::vector<std::string>& warnings)
      : map_(map),
        name_(map.describe()),
        points_(points),
        options_(options),
        generator_(generator),
        warnings_(warnings) {}

  /// Φ of the points, which a quality may look at.
  Tensor look() {
    leaf_ = points_.latent.clone().requires_grad_(true);
    const Tensor images = decode(leaf_);
    images_ = images.detach();
    const Tensor finite = finite_rows(images_);
    say_not_finite(points_, finite, name_, warnings_);
    rows_ = finite.nonzero().squeeze(1);
    if (rows_.size(0) == 0) return images_;
    spread_ = spread_of(select_rows(images_, rows_));
    if (!map_.is_identity() && !draws_random_numbers()) {
      check_batches();
      if (find_gradient(images)) compare_with_differences();
    }
    return images_;
  }

 private:
  Tensor decode(const Tensor& z) const {
    Tensor images = run(name_, [&] { return map_(z); });
    check_output(images, z.size(0), name_);
    return images;
  }

  bool draws_random_numbers() {
    const at::NoGradGuard no_gradient;
    const Tensor again = decode(points_.latent);
    const double change =
        norm_of(select_rows(again - images_, rows_)) / std::sqrt(static_cast<double>(rows_.size(0)));
    if (!(change > options_.noise * spread_.size)) return false;
    const std::string sentence = join_message(
        name_, " draws random numbers (noise, or dropout that is on): the same points give outputs ", change,
        " apart, where those of different points are ", spread_.apart, " apart");
    // The noise of every segment adds to the length: at this size it is all that the finest grid sees.
    LATENTPATH_CHECK(change < spread_.apart * options_.step, kInput, sentence,
                     ", so that no length can be measured", kEvalRemedy, ", with constant noise");
    warnings_.push_back(sentence + kEvalRemedy);
    return true;
  }

  void check_batches() {
    const at::NoGradGuard no_gradient;
    double change = 0;
    for (const int64_t row : {rows_[0].item<int64_t>(), rows_[-1].item<int64_t>()}) {
      const Tensor alone = decode(points_.latent.narrow(0, row, 1));
      LATENTPATH_CHECK(alone.sizes().slice(1) == images_.sizes().slice(1), kInput, name_,
                       " gives outputs of shape ", shape_string(images_.sizes()), " for a batch and of ",
                       shape_string(alone.sizes()), " for one point: each point must give the same shape");
      change = std::max(change, norm_of(alone - images_.narrow(0, row, 1)));
    }
    const double share = change / std::max({spread_.apart, kLeastSpread * spread_.size, 1e-300});
    const std::string sentence = join_message(
        name_,
        " lets points of one batch influence each other (batch statistics?): a point gives "
        "outputs ",
        change, " apart alone and in a batch, where different points are ", spread_.apart, " apart");
    LATENTPATH_CHECK(share < options_.mixing_refused, kInput, sentence, kEvalRemedy);
    if (share > options_.mixing_warned) warnings_.push_back(sentence + kEvalRemedy);
  }

  /// Ends may be so near that outputs differ by rounding alone: then places farther off tell.
  bool varies() {
    const at::NoGradGuard no_gradient;
    const double least =
        (images_.scalar_type() == at::kDouble ? kDiffersDouble : kDiffersSingle) * spread_.size;
    if (spread_.apart > least) return true;
    const Tensor length = at::tensor(points_.length, at::kDouble).unsqueeze(1);
    const Tensor away = random_directions(points_.size(), points_.latent.size(1), generator_);
    const Tensor change = decode(points_.latent + kFartherOff * length * away) - images_;
    return norm_of(select_rows(change, finite_rows(change).nonzero().squeeze(1))) > least;
  }

  /// vᵀJ of each point for one random v; false where there is none to compare.
  bool find_gradient(const Tensor& images) {
    cotangent_ =
        at::randn(images.sizes().slice(1), generator_, at::kDouble).to(images.device(), images.scalar_type());
    gradient_ = Tensor();
    if (images.requires_grad())
      gradient_ = run(name_ + ", asked for its derivative,", [&] {
        const Tensor sum = (select_rows(images, rows_) * cotangent_).sum();
        return torch::autograd::grad({sum}, {leaf_}, {}, false, false, /*allow_unused=*/true)[0];
      });
    const bool none = !gradient_.defined() || (gradient_ == 0).all().item<bool>();
    if (!varies()) {
      warnings_.push_back(join_message(name_, " gives the same output at all ", points_.size(),
                                       " points looked at (the ends and points between them): every path has "
                                       "length 0 as far as they show"));
      return false;
    }
    LATENTPATH_CHECK(!none, kInput, name_,
                     " does not depend differentiably on the latent: its outputs change, its "
                     "gradient is ",
                     gradient_.defined() ? "0 at every point looked at" : "missing",
                     " (rounded, thresholded or detached); return the values before rounding, and without "
                     "detach() or no_grad()");
    return true;
  }

  /// ⟨v, Φ(z + hu)⟩ − ⟨v, Φ(z − hu)⟩ of each row, h = share · length.
  Tensor differences(const Tensor& z, const Tensor& step) const {
    const at::NoGradGuard no_gradient;
    const int64_t count = z.size(0);
    const Tensor both = at::cat({z + step, z - step});
    const int64_t rows = std::clamp<int64_t>(kNumbersAtOnce / cotangent_.numel(), 1, 2 * count);
    std::vector<Tensor> values;
    for (const Tensor& part : both.split(rows))
      values.push_back(on_host((decode(part) * cotangent_).flatten(1).sum(1, false, at::kDouble)));
    const Tensor all = at::cat(values);
    return all.narrow(0, 0, count) - all.narrow(0, count, count);
  }

  struct Comparison {
    double excess = 0;     // by how much the square of a difference exceeds the derivative's
    double unmoved = 0;    // share of points whose output does not change at all, and should
    double deviation = 0;  // typical |difference − derivative|, before squaring
  };
  Comparison compare(const Tensor& z, const Tensor& gradient, const Tensor& direction, const Tensor& length,
                     double share) const {
    const Tensor step = direction * (share * length).unsqueeze(1);
    const Tensor found = differences(z, step), expected = 2 * (gradient * step).sum(1);
    const Tensor ok = at::isfinite(found - expected).nonzero().squeeze(1);  // it may end nearby
    if (ok.size(0) == 0) return {};
    const Tensor off = (found - expected).index_select(0, ok).square();
    // By the median, which kinks and rims do not move.
    const double typical = std::get<0>(off.sort())[(ok.size(0) - 1) / 2].item<double>() / kMedianOfSquare;
    // A path crosses what lies between its points, flat where some of these are or not. Where its ends are
    // nearly equal there is only rounding to be seen.
    const double epsilon = cotangent_.scalar_type() == at::kDouble ? kLastBitDouble : kLastBitSingle;
    const double rounding = points_.enlarged ? kRoundings * epsilon * spread_.size : 0;
    const double crossed = points_.enlarged ? 0 : 2 * share * spread_.apart;
    const double mean =
        std::max(expected.index_select(0, ok).square().mean().item<double>(), crossed * crossed);
    Comparison result;
    result.deviation = std::sqrt(typical);
    if (mean > 0) result.excess = std::max(0.0, typical - rounding * rounding) / mean;
    const Tensor still = at::logical_and(found == 0, expected.abs() > rounding).index_select(0, ok);
    result.unmoved = still.to(at::kDouble).mean().item<double>();
    return result;
  }

  void compare_with_differences() {
    const int64_t count = std::min(rows_.size(0), options_.compared);
    // Points between first: an end may lie on a rim, or on a kink.
    std::vector<int64_t> order, ends;
    for (int64_t i = 0; i < rows_.size(0); ++i) {
      const int64_t row = rows_[i].item<int64_t>();
      (points_.is_end(static_cast<size_t>(row)) ? ends : order).push_back(row);
    }
    order.insert(order.end(), ends.begin(), ends.end());
    order.resize(static_cast<size_t>(count));
    const Tensor which = at::tensor(order, at::kLong);
    const Tensor z = points_.latent.index_select(0, which), gradient = gradient_.index_select(0, which);
    const Tensor length = at::tensor(points_.length, at::kDouble).index_select(0, which);
    const Tensor direction = random_directions(count, z.size(1), generator_);
    const Comparison fine = compare(z, gradient, direction, length, options_.step);
    if (fine.excess < options_.warned) return;
    // Structure finer than the grid is none of this: there the derivative is right, closer by.
    const Comparison finest = compare(z, gradient, direction, length, options_.finest_step);
    if (finest.excess < options_.warned) return;
    const Comparison coarse = compare(z, gradient, direction, length, options_.coarse_step);
    if (fine.unmoved >= kUnmovedShare || fine.excess > kExcessOfSteps * coarse.excess)
      say_steps(fine.excess, coarse.deviation);
    else
      warnings_.push_back(join_message(
          name_, " has a derivative that is not that of its outputs (differences deviate from it by ",
          std::lround(100 * std::sqrt(coarse.excess)),
          " %): a part of it is detached, rounded or has a backward pass of its own, and paths may be "
          "far from the best"));
  }

  void say_steps(double excess, double deviation) {
    const double steps = deviation / std::sqrt(2.0) / std::max(spread_.size, 1e-300);
    const std::string sentence = join_message(name_, " has outputs that move in steps of about ",
                                              std::setprecision(1), steps, " of their size");
    // Rounding of float32 itself, where outputs differ by little: coarse grids are right.
    if (steps < kStepsOfFloat) {
      warnings_.push_back(
          sentence +
          ", as float32 has them where points differ by little: lengths on the finest grids may be "
          "too large; `dtype` float64 is finer");
      return;
    }
    const std::string reason =
        sentence +
        ", where float32 has some 1e-07: something in it is rounded, or runs in bfloat16 or float16, and "
        "lengths on fine grids come out too large; export the model after .float(), without rounding";
    LATENTPATH_CHECK(excess < options_.refused, kInput, reason);
    warnings_.push_back(reason);
  }

  const Embedding& map_;
  std::string name_;
  const ProbePoints& points_;
  const ProbeOptions& options_;
  at::Generator& generator_;
  std::vector<std::string>& warnings_;
  Tensor leaf_, images_, rows_, cotangent_, gradient_;
  Spread spread_;
};

class QualityProbe {
 public:
  QualityProbe(const Quality& quality, const ProbePoints& points, const ProbeOptions& options, Tensor images,
               std::vector<std::string>& warnings)
      : quality_(quality),
        name_("the quality (" + quality.describe() + ")"),
        points_(points),
        options_(options),
        images_(std::move(images)),
        warnings_(warnings) {}

  void look() {
    const Tensor latent = points_.latent.clone().requires_grad_(true);
    const Tensor decoded = quality_.needs_decoded() ? images_.clone().requires_grad_(true) : Tensor();
    const Tensor values = evaluate(latent, decoded);
    const Tensor found = values.detach().to(at::kDouble);
    say_not_finite(points_, at::isfinite(found), name_, warnings_);
    const Tensor finite = found.index_select(0, at::isfinite(found).nonzero().squeeze(1));
    if (finite.size(0) == 0) return;
    const double low = finite.min().item<double>(), high = finite.max().item<double>();
    LATENTPATH_CHECK(low >= -kQualityRounding && high <= 1 + kQualityRounding, kInput, name_,
                     " gives values from ", low, " to ", high,
                     ": a quality lies in [0, 1]; scale it, or pass it through a sigmoid");
    check_repeatable(found);
    // What a sum or product is made of one by one: the gradient of one factor hides that another has none.
    const std::vector<QualityPointer> parts = quality_.parts();
    if (parts.empty()) check_gradient(values, latent, decoded, high - low);
    for (const QualityPointer& part : parts)
      QualityProbe(*part, points_, options_, images_, warnings_).look_at_part();
  }

 private:
  void look_at_part() {
    const std::vector<QualityPointer> parts = quality_.parts();
    for (const QualityPointer& part : parts)
      QualityProbe(*part, points_, options_, images_, warnings_).look_at_part();
    if (!parts.empty()) return;
    const Tensor latent = points_.latent.clone().requires_grad_(true);
    const Tensor decoded = quality_.needs_decoded() ? images_.clone().requires_grad_(true) : Tensor();
    const Tensor values = evaluate(latent, decoded), found = values.detach().to(at::kDouble);
    const Tensor finite = found.index_select(0, at::isfinite(found).nonzero().squeeze(1));
    if (finite.size(0) == 0) return;
    check_gradient(values, latent, decoded, (finite.max() - finite.min()).item<double>());
  }

  Tensor evaluate(const Tensor& latent, const Tensor& decoded) const {
    // Half-way all is asked, with a ramp and without.
    const Tensor time = at::full({latent.size(0)}, 0.5, at::kDouble);
    Tensor values = run(name_, [&] { return quality_.evaluate({latent, time, decoded}); });
    LATENTPATH_CHECK(values.defined() && values.dim() == 1 && values.size(0) == latent.size(0), kInput, name_,
                     " must give one number a point, [", latent.size(0), "], not ",
                     values.defined() ? shape_string(values.sizes()) : std::string("nothing"));
    LATENTPATH_CHECK(at::isFloatingType(values.scalar_type()), kInput, name_, " gives numbers of type ",
                     c10::toString(values.scalar_type()),
                     ": a quality is a real number that has a derivative, not a class or a truth value");
    return values;
  }

  void check_repeatable(const Tensor& found) {
    const at::NoGradGuard no_gradient;
    const auto decoded = [&](int64_t first, int64_t count) {
      return quality_.needs_decoded() ? images_.narrow(0, first, count) : Tensor();
    };
    const int64_t all = points_.size();
    const auto off = [&](const Tensor& values, int64_t first, int64_t count) {
      const Tensor change = (values.to(at::kDouble) - found.narrow(0, first, count)).abs();
      return at::where(at::isfinite(change), change, at::zeros_like(change)).max().item<double>();
    };
    const double noise = off(evaluate(points_.latent, decoded(0, all)), 0, all);
    if (noise > options_.quality_noise) {
      warnings_.push_back(join_message(name_, " draws random numbers: the same point gets values ", noise,
                                       " apart", kEvalRemedy));
      return;
    }
    const double mixing =
        off(evaluate(points_.latent.narrow(0, all - 1, 1), decoded(all - 1, 1)), all - 1, 1);
    const std::string sentence =
        join_message(name_,
                     " lets points of one batch influence each other (batch statistics?): a point gets "
                     "values ",
                     mixing, " apart alone and in a batch");
    LATENTPATH_CHECK(mixing < options_.mixing_refused, kInput, sentence, kEvalRemedy);
    if (mixing > options_.quality_noise) warnings_.push_back(sentence + kEvalRemedy);
  }

  void check_gradient(const Tensor& values, const Tensor& latent, const Tensor& decoded, double range) {
    if (range < kConstantQuality) return;
    bool connected = false, moves = false;
    if (values.requires_grad()) {
      torch::autograd::variable_list inputs{latent};
      if (decoded.defined()) inputs.push_back(decoded);
      Tensor of_points;
      run(name_ + ", asked for its derivative,", [&] {
        for (const Tensor& gradient :
             torch::autograd::grad({values.sum()}, inputs, {}, false, false, /*allow_unused=*/true)) {
          connected = connected || gradient.defined();
          moves = moves || (gradient.defined() && (gradient != 0).any().item<bool>());
        }
        return Tensor();
      });
    }
    LATENTPATH_CHECK(
        connected, kInput, name_, " is not differentiable: its values change from ",
        "point to point, and "
        "no gradient leads to them; compute it without rounding, comparing, detach() or no_grad()");
    if (!moves && range > kVariedQuality)
      warnings_.push_back(name_ +
                          " has gradient 0 at every point looked at although its values differ: it looks "
                          "piecewise constant, and nothing tells a search where to go");
  }

  const Quality& quality_;
  std::string name_;
  const ProbePoints& points_;
  const ProbeOptions& options_;
  Tensor images_;
  std::vector<std::string>& warnings_;
};

void check_prior(const PathProblem& problem, at::Generator& generator) {
  if (!problem.prior) return;
  const Tensor drawn = run("the prior", [&] { return problem.prior(2, generator); });
  LATENTPATH_CHECK(
      drawn.defined() && drawn.dim() == 2 && drawn.size(0) == 2 && drawn.size(1) == problem.start.size(1),
      kArgument, "the prior draws two points as ",
      drawn.defined() ? shape_string(drawn.sizes()) : std::string("nothing"),
      " where the end points have size ", problem.start.size(1), ": it must be of the same size");
}

}  // namespace

std::vector<std::string> probe_problem(const PathProblem& problem, const ProbeOptions& options) {
  std::vector<std::string> warnings;
  auto generator = make_generator(0);
  check_prior(problem, generator);
  const at::AutoGradMode enabled(true);
  const ProbePoints points = choose_points(problem, generator, options.pairs);
  const Tensor images = MapProbe(*problem.embedding, points, options, generator, warnings).look();
  QualityProbe(*problem.quality, points, options, images, warnings).look();
  return warnings;
}

}  // namespace latentpath
