#include "latentpath/path/evaluation_counter.h"

#include <ATen/ATen.h>

#include <utility>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

/// The same map, with a count of its own.
class CountedMap final : public Embedding {
 public:
  explicit CountedMap(std::shared_ptr<const Embedding> inner) : inner_(std::move(inner)) {}
  int64_t latent_dim() const override { return inner_->latent_dim(); }
  std::string describe() const override { return inner_->describe(); }
  bool concurrent() const override { return inner_->concurrent(); }
  int64_t operations_per_point() const override { return inner_->operations_per_point(); }
  bool is_identity() const override { return inner_->is_identity(); }
  std::shared_ptr<const AnalyticMap> analytic() const override { return inner_->analytic(); }
  std::shared_ptr<const MetricTensor> metric() const override { return inner_->metric(); }

 protected:
  Tensor map(const Tensor& z) const override { return (*inner_)(z); }

 private:
  std::shared_ptr<const Embedding> inner_;
};

}  // namespace

EvaluationCounter::EvaluationCounter(const std::shared_ptr<const Embedding>& embedding, int64_t pairs)
    : map_(std::make_shared<CountedMap>(embedding)), of_pairs_(static_cast<size_t>(pairs), 0) {
  accounts_.push_back({Kind::kShared, {}});
}

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
  const int64_t points = map_->evaluations() - settled_;
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
