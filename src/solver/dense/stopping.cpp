#include "latentpath/solver/stopping.h"

#include <cmath>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

class IterationLimit final : public StoppingCriterion {
 public:
  explicit IterationLimit(int64_t count) : count_(count) {}
  std::optional<Ending> check(const RowProgress& progress) const override {
    if (progress.iteration < count_) return {};
    return Ending{Termination::kIterationLimit,
                  join_message("the limit of ", count_, " iterations was reached")};
  }

 private:
  int64_t count_;
};

class TimeLimit final : public StoppingCriterion {
 public:
  explicit TimeLimit(double seconds) : seconds_(seconds) {}
  std::optional<Ending> check(const RowProgress& progress) const override {
    if (!(progress.seconds > seconds_)) return {};
    return Ending{Termination::kTimeLimit,
                  join_message("the limit of ", seconds_, " s was reached after ", progress.seconds, " s")};
  }

 private:
  double seconds_;
};

class RelativeDecrease final : public StoppingCriterion {
 public:
  RelativeDecrease(double share, int64_t patience)
      : share_(share), patience_(static_cast<std::size_t>(patience)) {}
  std::optional<Ending> check(const RowProgress& progress) const override {
    const auto& values = progress.values;
    if (values.size() <= patience_) return {};
    const double before = values[values.size() - 1 - patience_];
    if (!(before - values.back() <= share_ * std::abs(before))) return {};
    return Ending{Termination::kConverged,
                  join_message("the last ", patience_, " iterations changed the cost from ", before, " to ",
                               values.back(), ", a share of at most ", share_)};
  }

 private:
  double share_;
  std::size_t patience_;
};

class GradientResidual final : public StoppingCriterion {
 public:
  explicit GradientResidual(double tolerance) : tolerance_(tolerance) {}
  bool needs_gradient_residual() const override { return true; }
  std::optional<Ending> check(const RowProgress& progress) const override {
    if (!(progress.gradient_residual <= tolerance_)) return {};
    return Ending{
        Termination::kConverged,
        join_message("the gradient residual is ", progress.gradient_residual, ", at most ", tolerance_)};
  }

 private:
  double tolerance_;
};

class AnyOf final : public StoppingCriterion {
 public:
  explicit AnyOf(std::vector<StoppingCriterionPointer> criteria) : criteria_(std::move(criteria)) {}
  bool needs_gradient_residual() const override {
    for (const auto& criterion : criteria_)
      if (criterion->needs_gradient_residual()) return true;
    return false;
  }
  std::optional<Ending> check(const RowProgress& progress) const override {
    for (const auto& criterion : criteria_)
      if (auto ending = criterion->check(progress)) return ending;
    return {};
  }

 private:
  std::vector<StoppingCriterionPointer> criteria_;
};

class AllOf final : public StoppingCriterion {
 public:
  explicit AllOf(std::vector<StoppingCriterionPointer> criteria) : criteria_(std::move(criteria)) {}
  bool needs_gradient_residual() const override {
    for (const auto& criterion : criteria_)
      if (criterion->needs_gradient_residual()) return true;
    return false;
  }
  std::optional<Ending> check(const RowProgress& progress) const override {
    Ending together;
    for (const auto& criterion : criteria_) {
      const auto ending = criterion->check(progress);
      if (!ending) return {};
      together.termination = ending->termination;
      together.reason += (together.reason.empty() ? "" : ", and ") + ending->reason;
    }
    if (criteria_.empty()) return {};
    return together;
  }

 private:
  std::vector<StoppingCriterionPointer> criteria_;
};

}  // namespace

StoppingCriterionPointer iteration_limit(int64_t count) { return std::make_shared<IterationLimit>(count); }
StoppingCriterionPointer time_limit(double seconds) { return std::make_shared<TimeLimit>(seconds); }
StoppingCriterionPointer relative_decrease_below(double share, int64_t patience) {
  return std::make_shared<RelativeDecrease>(share, patience);
}
StoppingCriterionPointer gradient_residual_below(double tolerance) {
  return std::make_shared<GradientResidual>(tolerance);
}
StoppingCriterionPointer any_of(std::vector<StoppingCriterionPointer> criteria) {
  std::erase(criteria, nullptr);
  return std::make_shared<AnyOf>(std::move(criteria));
}
StoppingCriterionPointer all_of(std::vector<StoppingCriterionPointer> criteria) {
  std::erase(criteria, nullptr);
  return std::make_shared<AllOf>(std::move(criteria));
}

}  // namespace latentpath
