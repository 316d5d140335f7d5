#include "latentpath/path/evaluation_counter.h"

#include <ATen/ATen.h>

#include <atomic>
#include <utility>

#include "latentpath/core/error.h"
#include "latentpath/metric/delegating_map.h"

namespace latentpath {
namespace {

using Count = std::shared_ptr<std::atomic<int64_t>>;

/// An expansion that counts the points it is made at; their derivatives come with them.
class CountedExpansion final : public MapExpansion {
 public:
  CountedExpansion(std::unique_ptr<MapExpansion> inner, Count count)
      : inner_(std::move(inner)), count_(std::move(count)) {}
  void expand(std::size_t count, const double* z, const double* t) override {
    *count_ += static_cast<int64_t>(count);
    inner_->expand(count, z, t);
  }
  const double* values() const override { return inner_->values(); }
  const double* jacobians() override { return inner_->jacobians(); }
  void push(const double* u, double* pushed) override { inner_->push(u, pushed); }
  void pull(const double* v, double* pulled) override { inner_->pull(v, pulled); }
  void curvatures(const double* r, double* blocks) override { inner_->curvatures(r, blocks); }
  void curvature_products(const double* r, const double* u, double* product) override {
    inner_->curvature_products(r, u, product);
  }
  void pull_changes(const double* r, const double* u, const double* v, double* product, double* scratch,
                    std::size_t size) override {
    inner_->pull_changes(r, u, v, product, scratch, size);
  }

 private:
  std::unique_ptr<MapExpansion> inner_;
  Count count_;
};

/// The analytic realisation of a map, whose points count like those of the map.
class CountedAnalyticMap final : public DelegatingMap {
 public:
  CountedAnalyticMap(std::shared_ptr<const AnalyticMap> inner, Count count)
      : DelegatingMap(std::move(inner)), count_(std::move(count)) {}
  void values(std::size_t count, const double* z, const double* t, double* x) const override {
    *count_ += static_cast<int64_t>(count);
    DelegatingMap::values(count, z, t, x);
  }
  std::unique_ptr<MapExpansion> make_expansion() const override {
    return std::make_unique<CountedExpansion>(DelegatingMap::make_expansion(), count_);
  }

 private:
  Count count_;
};

/// The same map, with a count of its own.
class CountedMap final : public Embedding {
 public:
  CountedMap(std::shared_ptr<const Embedding> inner, Count analytic_points) : inner_(std::move(inner)) {
    if (const auto analytic = inner_->analytic())
      analytic_ = std::make_shared<CountedAnalyticMap>(analytic, std::move(analytic_points));
  }
  int64_t latent_dim() const override { return inner_->latent_dim(); }
  std::string describe() const override { return inner_->describe(); }
  bool concurrent() const override { return inner_->concurrent(); }
  int64_t operations_per_point() const override { return inner_->operations_per_point(); }
  BatchLimits batch_limits() const override { return inner_->batch_limits() & Embedding::batch_limits(); }
  bool is_identity() const override { return inner_->is_identity(); }
  std::shared_ptr<const AnalyticMap> analytic() const override { return analytic_; }
  std::shared_ptr<const MetricTensor> metric() const override { return inner_->metric(); }

 protected:
  Tensor map(const Tensor& z) const override { return (*inner_)(z); }

 private:
  std::shared_ptr<const Embedding> inner_;
  std::shared_ptr<const AnalyticMap> analytic_;
};

}  // namespace

EvaluationCounter::EvaluationCounter(const std::shared_ptr<const Embedding>& embedding, int64_t pairs)
    : analytic_points_(std::make_shared<std::atomic<int64_t>>(0)),
      counted_(std::make_shared<CountedMap>(embedding, analytic_points_)),
      map_(counted_),
      of_pairs_(static_cast<size_t>(pairs), 0) {
  accounts_.push_back({Kind::kShared, {}});
}

void EvaluationCounter::limit_batches(const BatchLimits& limits) { counted_->limit_batches(limits); }

EvaluationCounter::Scope EvaluationCounter::count_for(const Tensor& pairs) {
  const Tensor rows = pairs.to(at::kLong).contiguous();
  const int64_t* data = rows.data_ptr<int64_t>();
  return enter({Kind::kPairs, {data, data + rows.numel()}});
}

EvaluationCounter::Scope EvaluationCounter::count_shared() { return enter({Kind::kShared, {}}); }

EvaluationCounter::Scope EvaluationCounter::count_verification() { return enter({Kind::kVerification, {}}); }

EvaluationCounter::Scope EvaluationCounter::enter(Account account) {
  settle();
  accounts_.push_back(std::move(account));
  return Scope(*this);
}

void EvaluationCounter::leave() {
  settle();
  LATENTPATH_ASSERT(accounts_.size() > 1);
  accounts_.pop_back();
}

void EvaluationCounter::settle() {
  const int64_t points = map_->evaluations() + analytic_points_->load() - settled_;
  settled_ += points;
  const Account& account = accounts_.back();
  if (account.kind == Kind::kVerification) {
    verification_ += points;
  } else if (account.kind == Kind::kShared || account.pairs.empty()) {
    shared_ += points;
  } else {
    const auto rows = static_cast<int64_t>(account.pairs.size());
    for (int64_t row = 0; row < rows; ++row)
      of_pairs_[static_cast<size_t>(account.pairs[static_cast<size_t>(row)])] +=
          points / rows + (row < points % rows ? 1 : 0);
  }
}

const std::vector<int64_t>& EvaluationCounter::of_pairs() {
  settle();
  return of_pairs_;
}

int64_t EvaluationCounter::shared() {
  settle();
  return shared_;
}

int64_t EvaluationCounter::verification() {
  settle();
  return verification_;
}

}  // namespace latentpath
