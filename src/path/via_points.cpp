#include "latentpath/path/via_points.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "latentpath/core/device.h"
#include "latentpath/core/error.h"
#include "latentpath/metric/epsilon.h"
#include "latentpath/path/initial_path.h"
#include "latentpath/path/time_parametrisation.h"

namespace latentpath {
namespace {

Tensor weight_at(const PathEnergy& energy, const Tensor& z, const Tensor& images, double time) {
  const Tensor q = energy.evaluate_quality(z, images, time);
  return -at::log(regularise(q, energy.options().epsilon)).to(at::kDouble);
}

}  // namespace

Tensor image_distances(const PathEnergy& energy, const Tensor& a, const Tensor& b) {
  if (energy.embedding().metric() != nullptr) {
    std::vector<Tensor> rows;
    for (int64_t i = 0; i < a.size(0); ++i)
      rows.push_back(on_host(energy.squared_distance(a[i].expand_as(b), b).clamp_min(0).sqrt()));
    return at::stack(rows);
  }
  // Each distance by itself: by matrix products (mode 1) it would depend on how many others are asked for.
  const Tensor distance = on_host(at::cdist(a.to(at::kDouble), b.to(at::kDouble), 2, /*compute_mode=*/2));
  const double scale =
      energy.options().norm == OutputNorm::kMean ? std::sqrt(static_cast<double>(a.size(1))) : 1.0;
  return distance / scale;
}

namespace {

/// Three straight legs z0 → w → w' → z1 for each of K paths, each at `leg_points` equal latent steps: [K,
/// 3 leg_points + 1, D].
Tensor three_legs(const Tensor& z0, const Tensor& w, const Tensor& w2, const Tensor& z1, int64_t leg_points) {
  const Tensor fraction =
      at::arange(leg_points, at::kDouble).view({1, -1, 1}) / static_cast<double>(leg_points);
  const auto leg = [&](const Tensor& from, const Tensor& to) {
    return from.unsqueeze(1) + fraction * (to - from).unsqueeze(1);
  };
  return at::cat({leg(z0, w), leg(w, w2), leg(w2, z1), z1.unsqueeze(1)}, 1);
}

/// `count` distinct ways (w, w') of small estimate `total` [w, w']: half of them the best through distinct
/// first points, the others the best through distinct last points.
std::pair<Tensor, Tensor> best_ways(const Tensor& total, int64_t count) {
  const int64_t m = total.size(0);
  const auto [by_first, partner_of_first] = total.min(1);
  const auto [by_last, partner_of_last] = total.min(0);
  const Tensor firsts = std::get<1>(by_first.sort()), lasts = std::get<1>(by_last.sort());
  std::vector<std::pair<int64_t, int64_t>> ways;
  const auto add = [&](int64_t first, int64_t last) {
    if (std::find(ways.begin(), ways.end(), std::pair{first, last}) == ways.end())
      ways.emplace_back(first, last);
  };
  const int64_t half = std::min(m, (count + 1) / 2);
  for (int64_t k = 0; k < half; ++k) {
    const int64_t first = firsts[k].item<int64_t>();
    add(first, partner_of_first[first].item<int64_t>());
  }
  for (int64_t k = 0; k < m && static_cast<int64_t>(ways.size()) < count; ++k) {
    const int64_t last = lasts[k].item<int64_t>();
    add(partner_of_last[last].item<int64_t>(), last);
  }
  if (static_cast<int64_t>(ways.size()) < count) {  // of few points, all ways
    const Tensor rest = std::get<1>(total.flatten().sort());
    for (int64_t k = 0; k < m * m && static_cast<int64_t>(ways.size()) < count; ++k) {
      const int64_t way = rest[k].item<int64_t>();
      add(way / m, way % m);
    }
  }
  std::vector<int64_t> first, last;
  for (const auto& [w, v] : ways) first.push_back(w), last.push_back(v);
  return {at::tensor(first, at::kLong), at::tensor(last, at::kLong)};
}

/// The `screen` ways z0 → w → w' → z1 of smallest estimate for each pair: [pairs · ways, points, D].
Tensor best_legs(const CandidatePool& pool, const PathEnergy& energy, const Tensor& from, const Tensor& to,
                 int64_t screen, const ViaOptions& options) {
  const bool timed = energy.quality().depends_on_time();
  const Tensor image0 = energy.decode(from), image1 = energy.decode(to);
  const Tensor n0 = weight_at(energy, from, image0, timed ? 0.5 * options.early : 0.5) *
                    energy.density_factor(energy.unweighted_potential(from));
  const Tensor n1 = weight_at(energy, to, image1, timed ? 1 - 0.5 * options.early : 0.5) *
                    energy.density_factor(energy.unweighted_potential(to));
  const Tensor d0 = image_distances(energy, image0.flatten(1), pool.images);  // [pairs, m]
  const Tensor d1 = image_distances(energy, image1.flatten(1), pool.images);
  const Tensor potential = energy.unweighted_potential(pool.latent);
  const Tensor factor = energy.density_factor(potential.defined() ? potential.unsqueeze(0) : potential);
  const Tensor weight = (pool.weight * factor).expand({from.size(0), -1});  // [pairs, m]
  const Tensor leg0 = 0.5 * (n0.unsqueeze(1) + weight) * d0;
  const Tensor leg1 = 0.5 * (n1.unsqueeze(1) + weight) * d1;
  std::vector<Tensor> chosen;
  for (int64_t pair = 0; pair < from.size(0); ++pair) {
    const Tensor middle = 0.5 * (weight[pair].unsqueeze(1) + weight[pair]) * pool.distance;  // [m, m]
    const Tensor total = leg0[pair].unsqueeze(1) + middle + leg1[pair];                      // [w, w']
    const auto [first, last] = best_ways(total, screen);
    const int64_t paths = first.size(0), dim = from.size(1);
    const Tensor legs =
        three_legs(from[pair].expand({paths, dim}), pool.latent.index_select(0, first),
                   pool.latent.index_select(0, last), to[pair].expand({paths, dim}), options.leg_points);
    chosen.push_back(hold(legs, energy.options().held, uniform_times(legs.size(1) - 1)));
  }
  return at::cat(chosen);
}

struct TimedLegs {
  Tensor times;  ///< [rows, points]
  Tensor cost;   ///< [rows]
};

/// Every leg is run at constant speed in image space, in the time its place in the path allows, and the paths
/// are ranked by their cost so timed: a path whose images jump between two latent steps is not mistaken for a
/// bad one.
TimedLegs evenly_timed(const PathEnergy& energy, const Tensor& legs, const ViaOptions& options) {
  const int64_t points = legs.size(1), dim = legs.size(2);
  const Quality& quality = energy.quality();
  std::vector<Tensor> all_times, costs;
  int64_t first = 0;
  for (const Tensor& part : legs.split(std::max<int64_t>(1, energy.options().points_per_batch / points))) {
    const int64_t rows = part.size(0);
    const Tensor flat = part.reshape({-1, dim});
    const Tensor decoded = energy.decode(flat);
    const Tensor chord = energy.squared_chords(decoded.flatten(1).view({rows, points, -1}))
                             .view({rows, 3, options.leg_points});
    Tensor pace = chord.clamp_min(0).sqrt();
    pace = pace + options.least_share * pace.mean(2, true) + 1e-12;
    const Tensor length = pace.sum(2);  // [rows, 3]
    Tensor share;                       // of the time, for each leg
    if (quality.depends_on_time()) {
      share =
          at::tensor({options.early, 1 - 2 * options.early, options.early}, at::kDouble).expand({rows, 3});
    } else {
      const Tensor weighted = length * at::tensor({options.outer_leg, 1.0, options.outer_leg}, at::kDouble);
      share = weighted / weighted.sum(1, true);
    }
    const Tensor duration = (pace / length.unsqueeze(2) * share.unsqueeze(2)).flatten(1);
    Tensor times = at::constant_pad_nd(duration.cumsum(1), {1, 0});
    times = times / times.narrow(1, points - 1, 1);
    const Tensor q = quality
                         .evaluate({flat, times.reshape(-1).to(flat.scalar_type()),
                                    quality.needs_decoded() ? decoded : Tensor()})
                         .view({rows, points})
                         .to(at::kDouble);
    // The quality at a midpoint is taken as the mean of its neighbours' (paper B, Eq. 3), which are decoded
    // already.
    const Tensor middle_quality = 0.5 * (q.narrow(1, 1, points - 1) + q.narrow(1, 0, points - 1));
    const Tensor weight = -at::log(regularise(middle_quality, energy.options().epsilon));
    const Tensor middle = 0.5 * (part.narrow(1, 1, points - 1) + part.narrow(1, 0, points - 1));
    const PathEnergy of_part = energy.of_rows(first, rows);
    costs.push_back(energy.cost(
        SegmentTerms{chord.flatten(1), weight, duration.clamp_min(1e-9), of_part.potential(middle)}));
    first += rows;
    all_times.push_back(times);
  }
  return {at::cat(all_times), at::nan_to_num(at::cat(costs), 1e300, 1e300)};
}

}  // namespace

LatentSampler normal_sampler(int64_t latent_dim) {
  return [latent_dim](int64_t count, at::Generator& generator) {
    return at::randn({count, latent_dim}, generator, at::kDouble);
  };
}

CandidatePool draw_candidates(const PathEnergy& energy, const LatentSampler& prior,
                              const CandidateOptions& options, at::Generator& generator,
                              const CancellationToken& cancellation) {
  LATENTPATH_CHECK(
      options.keep >= 1 && options.max_draws >= 1 && options.first_draw >= 1 && options.next_draw >= 1,
      kArgument, "via points need at least 1 candidate and 1 draw");
  const at::NoGradGuard no_gradient;
  std::vector<Tensor> latents, images, weights;
  CandidatePool pool;
  const double limit = -std::log(regularised(options.min_quality, energy.options().epsilon));
  int64_t good = 0;
  while (pool.drawn == 0 ||
         (pool.drawn < options.max_draws && good < options.keep && !cancellation.cancelled())) {
    Tensor z = prior(std::min(pool.drawn == 0 ? options.first_draw : options.next_draw,
                              options.max_draws - pool.drawn),
                     generator)
                   .to(at::kDouble);
    Tensor decoded = energy.decode(z);
    pool.drawn += z.size(0);
    // Where the model gives no number is no place to go through.
    const Tensor sound = at::isfinite(decoded.flatten(1)).all(1).to(at::kCPU).nonzero().squeeze(1);
    LATENTPATH_CHECK(sound.size(0) > 0, kNumerical, energy.embedding().describe(),
                     " gives NaN or infinite values for each of ", z.size(0), " points of the prior");
    if (sound.size(0) < z.size(0)) z = z.index_select(0, sound), decoded = select_rows(decoded, sound);
    const Tensor weight = weight_at(energy, z, decoded, 0.5);
    if (pool.typical_squared_distance == 0 && z.size(0) > 1) {
      const Tensor flat = decoded.flatten(1);
      pool.typical_squared_distance = energy.squared_distance(flat, flat.roll(1, 0)).mean().item<double>();
    }
    // Bad points are kept only while there is nothing better.
    const Tensor passing = (weight <= limit + 1e-12).nonzero().squeeze(1);
    good += passing.size(0);
    const Tensor chosen = passing.size(0) > 0 ? passing : std::get<1>(weight.topk(1, 0, /*largest=*/false));
    latents.push_back(z.index_select(0, chosen));
    images.push_back(select_rows(decoded, chosen).flatten(1));
    weights.push_back(weight.index_select(0, chosen));
  }
  pool.weight = at::cat(weights);
  const int64_t kept = std::min(options.keep, pool.weight.size(0));
  const Tensor order =
      good > 0 ? (pool.weight <= limit + 1e-12).nonzero().squeeze(1).narrow(0, 0, std::min(kept, good))
               : std::get<1>(pool.weight.topk(kept, 0, false));
  pool.weight = pool.weight.index_select(0, order);
  pool.latent = at::cat(latents).index_select(0, order);
  pool.images = select_rows(at::cat(images), order);
  pool.distance = image_distances(energy, pool.images, pool.images);
  return pool;
}

Tensor via_paths(const CandidatePool& pool, const PathEnergy& energy, const Tensor& start, const Tensor& end,
                 const Tensor& times, int64_t count, const ViaOptions& options) {
  const at::NoGradGuard no_gradient;
  const int64_t pairs = start.size(0), dim = start.size(1);
  const int64_t screen = std::max(count, std::min(options.screened, 2 * pool.latent.size(0)));
  const Tensor all = best_legs(pool, energy, start.to(at::kDouble), end.to(at::kDouble), screen, options);
  const int64_t each = all.size(0) / pairs, points = all.size(1);
  const auto cheapest = [&](const Tensor& cost) {
    const Tensor order =
        std::get<1>(cost.view({pairs, each}).topk(std::min(count, each), 1, /*largest=*/false));
    return (order + at::arange(pairs, at::kLong).unsqueeze(1) * each).flatten();
  };
  if (energy.quality().depends_on_time() && has_optimal_times(energy)) {
    // Ranked on a finer grid of times than asked for, which tells more of them.
    Tensor finer = times;
    int64_t subdivisions = 1;
    for (; finer.size(0) - 1 < options.least_times; subdivisions *= 2)
      finer = std::get<0>(at::cat({finer, middle_times(finer)}).sort());
    const TimeParametrisations best = optimal_times(energy, all, finer);
    const Tensor rows = cheapest(best.cost);
    const Tensor positions = best.positions.index_select(0, rows).slice(1, 0, {}, subdivisions).contiguous();
    return interpolate_polyline(all.index_select(0, rows), at::arange(points, at::kDouble), positions)
        .view({pairs, -1, times.size(0), dim});
  }
  const Tensor pair_of_legs = at::arange(pairs, at::kLong).repeat_interleave(each);
  const TimedLegs legs = evenly_timed(energy.of_rows(pair_of_legs), all, options);
  const Tensor rows = cheapest(legs.cost);
  return interpolate_polyline(all.index_select(0, rows), legs.times.index_select(0, rows), times)
      .view({pairs, -1, times.size(0), dim});
}

}  // namespace latentpath
