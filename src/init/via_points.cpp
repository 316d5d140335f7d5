#include "latentpath/init/via_points.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

Tensor weight_at(const PathEnergy& energy, const Tensor& z, const Tensor& images, double time) {
  const Quality& quality = energy.quality();
  const Tensor q = quality.evaluate(
      {z, at::full({z.size(0)}, time, z.options()), quality.needs_decoded() ? images : Tensor()});
  return -at::log(regularise(q, energy.options().epsilon)).to(at::kDouble);
}

/// ‖a_i − b_j‖ in the energy's norm, [n, m].
Tensor distances(const PathEnergy& energy, const Tensor& a, const Tensor& b) {
  const Tensor distance = at::cdist(a.to(at::kDouble), b.to(at::kDouble));
  const double scale =
      energy.options().norm == OutputNorm::kMean ? std::sqrt(static_cast<double>(a.size(1))) : 1.0;
  return distance / scale;
}

/// Points at `times` of the polylines z0 → w → w' → z1 with corners at times first and second [K]: [K, n + 1,
/// D].
Tensor three_legs(const Tensor& z0, const Tensor& w, const Tensor& w2, const Tensor& z1, const Tensor& first,
                  const Tensor& second, const Tensor& times) {
  const Tensor t = times.view({1, -1, 1});
  const Tensor a = first.view({-1, 1, 1}), b = second.view({-1, 1, 1});
  const auto leg = [](const Tensor& from, const Tensor& to, const Tensor& fraction) {
    return from.unsqueeze(1) + fraction * (to - from).unsqueeze(1);
  };
  const Tensor one = leg(z0, w, t / a), two = leg(w, w2, (t - a) / (b - a)),
               three = leg(w2, z1, (t - b) / (1 - b));
  return at::where(t <= a, one, at::where(t <= b, two, three));
}

}  // namespace

LatentSampler normal_sampler(int64_t latent_dim) {
  return [latent_dim](int64_t count, at::Generator& generator) {
    return at::randn({count, latent_dim}, generator, at::kDouble);
  };
}

CandidatePool draw_candidates(const PathEnergy& energy, const LatentSampler& prior,
                              const CandidateOptions& options, at::Generator& generator) {
  LATENTPATH_CHECK(options.keep >= 1 && options.max_draws >= 1, kArgument,
                   "via points need at least 1 candidate and 1 draw");
  const at::NoGradGuard no_gradient;
  const int64_t draw = 256;
  std::vector<Tensor> latents, images, weights;
  CandidatePool pool;
  const double limit =
      -std::log(energy.options().epsilon + (1 - 2 * energy.options().epsilon) * options.min_quality);
  int64_t good = 0;
  while (pool.drawn < options.max_draws && good < options.keep) {
    const Tensor z = prior(std::min(draw, options.max_draws - pool.drawn), generator).to(at::kDouble);
    const Tensor decoded = energy.embedding()(z);
    pool.drawn += z.size(0);
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
    images.push_back(decoded.index_select(0, chosen).flatten(1));
    weights.push_back(weight.index_select(0, chosen));
  }
  pool.weight = at::cat(weights);
  const int64_t kept = std::min(options.keep, pool.weight.size(0));
  const Tensor order =
      good > 0 ? (pool.weight <= limit + 1e-12).nonzero().squeeze(1).narrow(0, 0, std::min(kept, good))
               : std::get<1>(pool.weight.topk(kept, 0, false));
  pool.weight = pool.weight.index_select(0, order);
  pool.latent = at::cat(latents).index_select(0, order);
  pool.images = at::cat(images).index_select(0, order);
  pool.distance = distances(energy, pool.images, pool.images);
  return pool;
}

Tensor via_paths(const CandidatePool& pool, const PathEnergy& energy, const Tensor& start, const Tensor& end,
                 const Tensor& times, int64_t count, int64_t screened) {
  const at::NoGradGuard no_gradient;
  const int64_t pairs = start.size(0), m = pool.latent.size(0), dim = start.size(1);
  const int64_t screen = std::max(count, std::min(screened, 2 * m));
  // A time-dependent quality asks little near the ends, so the feature is reached early; else corners are
  // placed by length.
  const bool timed = energy.quality().depends_on_time();
  const double early = 0.2;
  const Tensor from = start.to(at::kDouble), to = end.to(at::kDouble);
  const Tensor image0 = energy.embedding()(from), image1 = energy.embedding()(to);
  const Tensor n0 = weight_at(energy, from, image0, timed ? 0.5 * early : 0.5);
  const Tensor n1 = weight_at(energy, to, image1, timed ? 1 - 0.5 * early : 0.5);
  const Tensor d0 = distances(energy, image0.flatten(1), pool.images);  // [pairs, m]
  const Tensor d1 = distances(energy, image1.flatten(1), pool.images);
  const Tensor leg0 = 0.5 * (n0.unsqueeze(1) + pool.weight) * d0;
  const Tensor leg1 = 0.5 * (n1.unsqueeze(1) + pool.weight) * d1;
  const Tensor middle = 0.5 * (pool.weight.unsqueeze(1) + pool.weight) * pool.distance;  // [m, m]

  std::vector<Tensor> chosen;
  for (int64_t pair = 0; pair < pairs; ++pair) {
    const Tensor total = leg0[pair].unsqueeze(1) + middle + leg1[pair];  // [w, w']
    // Half of the paths are the best through distinct first points, half through distinct last points.
    const auto best_last = total.min(1);
    const auto best_first = total.min(0);
    const int64_t half = std::min(m, (screen + 1) / 2);
    const Tensor w = std::get<1>(std::get<0>(best_last).topk(half, 0, false));
    const Tensor v = std::get<1>(std::get<0>(best_first).topk(half, 0, false));
    const Tensor first = at::cat({w, std::get<1>(best_first).index_select(0, v)});
    const Tensor last = at::cat({std::get<1>(best_last).index_select(0, w), v});
    const int64_t paths = first.size(0);
    const Tensor l0 = leg0[pair].index_select(0, first), l1 = leg1[pair].index_select(0, last);
    const Tensor lm = middle.index({first, last});
    Tensor a, b;
    if (timed) {
      a = at::full({paths}, early, at::kDouble);
      b = at::full({paths}, 1 - early, at::kDouble);
    } else {
      const Tensor sum = l0 + lm + l1 + 1e-12;
      a = (l0 / sum).clamp(0.02, 0.96);
      b = at::maximum(((l0 + lm) / sum).clamp(0.04, 0.98), a + 0.02);
    }
    const Tensor paths_nodes =
        three_legs(from[pair].expand({paths, dim}), pool.latent.index_select(0, first),
                   pool.latent.index_select(0, last), to[pair].expand({paths, dim}), a, b, times);
    chosen.push_back(paths_nodes);
  }
  const int64_t each = chosen[0].size(0);
  const Tensor all = at::cat(chosen);  // [pairs · each, n + 1, D]
  const int64_t n = times.size(0) - 1;
  std::vector<Tensor> costs;
  for (const Tensor& part :
       all.split(std::max<int64_t>(1, energy.options().points_per_batch / (2 * n + 1)))) {
    const Tensor middles = 0.5 * (part.narrow(1, 0, n) + part.narrow(1, 1, n));
    costs.push_back(energy.cost(CurvePoints{part, middles, times}));
  }
  const Tensor cost = at::nan_to_num(at::cat(costs), 1e300, 1e300).view({pairs, each});
  const Tensor order = std::get<1>(cost.topk(std::min(count, each), 1, /*largest=*/false));
  const Tensor offset = at::arange(pairs, at::kLong).unsqueeze(1) * each;
  return all.index_select(0, (order + offset).flatten()).view({pairs, order.size(1), n + 1, dim});
}

}  // namespace latentpath
