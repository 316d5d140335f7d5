#include "metric/evaluate_points.h"

#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "latentpath/core/parallel.h"

namespace latentpath {
namespace {

/// Fewer points than this in a share are not worth a thread: a batch of twice as many costs little more.
constexpr int64_t kLeastPoints = 12;
/// Nor are fewer multiplications, which take a thread about as long as another one takes to wake up on a busy
/// machine. Counted, not timed: the same problem is shared alike in every run, so that its bytes are the
/// same.
constexpr int64_t kLeastOperations = 1'000'000;

/// How many shares the points are worth.
int64_t shares_of(int64_t points, int64_t operations_per_point) {
  const int64_t worth = std::min(points / kLeastPoints, points * operations_per_point / kLeastOperations);
  return std::clamp<int64_t>(worth, 1, parallel_width());
}

/// How points are divided among threads, and in time.
struct Division {
  int64_t shares = 1;
  bool forgotten = false;  ///< a share's graph is dropped at once, and made again for its derivative
};

Division divide(const Embedding& embedding, const Quality& quality, const Tensor& nodes,
                const Tensor& middles) {
  const int64_t points = nodes.size(0) + middles.size(0), most = embedding.batch_limits().points;
  const int64_t threads =
      embedding.concurrent() && quality.concurrent()
          ? shares_of(points, embedding.operations_per_point() + quality.operations_per_point())
          : 1;
  if (points <= most) return {threads, false};
  // As many shares as there are threads are alive at once; none is without a node, or a midpoint.
  const int64_t rounds = (points + most - 1) / most;
  const int64_t most_shares = std::max<int64_t>(1, std::min(nodes.size(0), middles.size(0)));
  return {std::min(rounds * threads, most_shares), true};
}

/// The rows of share `i` of `shares`.
Tensor share(const Tensor& rows, int64_t i, int64_t shares) {
  const int64_t n = rows.size(0), first = n * i / shares;
  return rows.narrow(0, first, n * (i + 1) / shares - first);
}

PointValues evaluate_together(const Embedding& embedding, const Quality& quality, const Tensor& nodes,
                              const Tensor& middles, const Tensor& middle_time) {
  QualityPoints asked{middles, middle_time, {}};
  Tensor images;
  if (quality.needs_decoded()) {
    const Tensor all = embedding(at::cat({nodes, middles}));
    images = all.narrow(0, 0, nodes.size(0));
    asked.decoded = all.narrow(0, nodes.size(0), middles.size(0));
  } else {
    images = embedding(nodes);
  }
  return {images, quality.evaluate(asked)};
}

/// What every share keeps for its way back.
struct Shares : torch::CustomClassHolder {
  const Embedding* embedding = nullptr;
  const Quality* quality = nullptr;
  std::vector<Tensor> nodes, middles, middle_time;  // leaves, and their times
  std::vector<PointValues> values;                  // undefined where they are forgotten

  bool concurrent() const { return embedding->concurrent() && quality->concurrent(); }
  PointValues evaluate(size_t at) const {
    return evaluate_together(*embedding, *quality, nodes[at], middles[at], middle_time[at]);
  }
};

class EvaluateShares : public torch::autograd::Function<EvaluateShares> {
 public:
  static torch::autograd::variable_list forward(torch::autograd::AutogradContext* context,
                                                const Tensor& nodes, const Tensor& middles,
                                                const Tensor& middle_time, const Embedding* embedding,
                                                const Quality* quality, int64_t count, bool forgotten) {
    auto shares = c10::make_intrusive<Shares>();
    const auto size = static_cast<size_t>(count);
    shares->embedding = embedding;
    shares->quality = quality;
    for (auto* leaves : {&shares->nodes, &shares->middles, &shares->middle_time}) leaves->resize(size);
    shares->values.resize(size);
    std::vector<Tensor> images(size), qualities(size);
    run_tasks(shares->concurrent(), count, [&](int64_t i) {
      const at::AutoGradMode enabled(!forgotten);
      const auto at = static_cast<size_t>(i);
      shares->nodes[at] = share(nodes, i, count).detach().requires_grad_(true);
      shares->middles[at] = share(middles, i, count).detach().requires_grad_(true);
      shares->middle_time[at] = share(middle_time, i, count);
      const PointValues values = shares->evaluate(at);
      images[at] = values.images.detach();
      qualities[at] = values.quality.detach();
      if (!forgotten) shares->values[at] = values;
    });
    context->saved_data["shares"] = c10::IValue::make_capsule(std::move(shares));
    return {at::cat(images), at::cat(qualities)};
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list outer) {
    const auto capsule = context->saved_data["shares"].toCapsule();
    auto& shares = static_cast<Shares&>(*capsule);
    const auto count = static_cast<int64_t>(shares.values.size());
    std::vector<Tensor> nodes(shares.nodes.size()), middles(shares.nodes.size());
    run_tasks(shares.concurrent(), count, [&](int64_t i) {
      const auto at = static_cast<size_t>(i);
      PointValues& values = shares.values[at];
      if (!values.images.defined()) {
        const at::AutoGradMode enabled(true);
        values = shares.evaluate(at);
      }
      torch::autograd::variable_list outputs, gradients;
      const auto add = [&](const Tensor& output, const Tensor& gradient) {
        if (!output.requires_grad() || !gradient.defined()) return;
        outputs.push_back(output);
        gradients.push_back(share(gradient, i, count));
      };
      add(values.images, outer[0]);
      add(values.quality, outer[1]);
      if (!outputs.empty()) {
        const auto found = torch::autograd::grad(outputs, {shares.nodes[at], shares.middles[at]}, gradients,
                                                 false, false, /*allow_unused=*/true);
        nodes[at] = found[0];
        middles[at] = found[1];
      }
      if (!nodes[at].defined()) nodes[at] = at::zeros_like(shares.nodes[at]);
      if (!middles[at].defined()) middles[at] = at::zeros_like(shares.middles[at]);
      shares.values[at] = {};  // the graph of this share is done with
    });
    return {at::cat(nodes), at::cat(middles), {}, {}, {}, {}, {}};
  }
};

}  // namespace

PointValues evaluate_points(const Embedding& embedding, const Quality& quality, const Tensor& nodes,
                            const Tensor& middles, const Tensor& middle_time) {
  const auto [shares, forgotten] = divide(embedding, quality, nodes, middles);
  if (shares == 1) return evaluate_together(embedding, quality, nodes, middles, middle_time);
  if (at::GradMode::is_enabled() && (nodes.requires_grad() || middles.requires_grad())) {
    const auto values =
        EvaluateShares::apply(nodes, middles, middle_time, &embedding, &quality, shares, forgotten);
    return {values[0], values[1]};
  }
  std::vector<Tensor> images(static_cast<size_t>(shares)), qualities(images.size());
  const int64_t count = shares;
  run_tasks(embedding.concurrent() && quality.concurrent(), count, [&](int64_t i) {
    const PointValues values = evaluate_together(embedding, quality, share(nodes, i, count),
                                                 share(middles, i, count), share(middle_time, i, count));
    images[static_cast<size_t>(i)] = values.images;
    qualities[static_cast<size_t>(i)] = values.quality;
  });
  return {at::cat(images), at::cat(qualities)};
}

Tensor decode_points(const Embedding& embedding, const Tensor& points) {
  const at::NoGradGuard no_gradient;
  const int64_t shares =
      embedding.concurrent() ? shares_of(points.size(0), embedding.operations_per_point()) : 1;
  if (shares == 1) return embedding(points);
  std::vector<Tensor> images(static_cast<size_t>(shares));
  run_in_parallel(shares,
                  [&](int64_t i) { images[static_cast<size_t>(i)] = embedding(share(points, i, shares)); });
  return at::cat(images);
}

namespace {

/// What `evaluate` gives for shares of the points, one after the other.
Tensor evaluate_in_shares(const Quality& quality, const QualityPoints& points,
                          const std::function<Tensor(const QualityPoints&)>& evaluate) {
  const at::NoGradGuard no_gradient;
  const int64_t shares =
      quality.concurrent() ? shares_of(points.latent.size(0), quality.operations_per_point()) : 1;
  if (shares == 1) return evaluate(points);
  std::vector<Tensor> values(static_cast<size_t>(shares));
  run_in_parallel(shares, [&](int64_t i) {
    values[static_cast<size_t>(i)] = evaluate(
        {share(points.latent, i, shares), points.time.defined() ? share(points.time, i, shares) : Tensor(),
         points.decoded.defined() ? share(points.decoded, i, shares) : Tensor()});
  });
  return at::cat(values);
}

}  // namespace

Tensor evaluate_quality(const Quality& quality, const QualityPoints& points) {
  return evaluate_in_shares(quality, points,
                            [&](const QualityPoints& part) { return quality.evaluate(part); });
}

Tensor evaluate_quality_at_times(const Quality& quality, const QualityPoints& points, const Tensor& times) {
  return evaluate_in_shares(quality, points,
                            [&](const QualityPoints& part) { return quality.at_times(part, times); });
}

}  // namespace latentpath
