#include "solver/dense/second_order_method.h"

#include "solver/dense/descend_along.h"

namespace latentpath::detail {
namespace {

constexpr int kMostSaddles = 20;
constexpr int kMostStepsAtRounding = 2;

}  // namespace

void SecondOrderMethod::start(const RowCapabilities& row, const std::vector<double>& x) {
  begin(x);
  model_ = row.second_order;
  gradient_.resize(x.size());
  prepare(x.size());
  definite_ = true;
  leaving_ = false;
  saddles_left_ = steps_at_rounding_ = 0;
  value_ = linearise(x_);
  approximate();
}

void SecondOrderMethod::step() { leaving_ ? leave_saddle() : iterate(); }

bool SecondOrderMethod::leaves_saddle() {
  leaving_ = !definite_ && escape_saddles_ && value_ != 0 && saddles_left_ < kMostSaddles;
  return leaving_;
}

void SecondOrderMethod::leave_saddle() {
  leaving_ = false;
  ++saddles_left_;
  const std::vector<double>* direction = negative_direction();
  const bool left = direction != nullptr && descend_along(*model_, *direction, value_, x_);
  value_ = linearise(x_);
  if (!left) return end(Termination::kConverged, "no way down from a stationary point was found");
  approximate();
}

void SecondOrderMethod::end_at_rounding(double promise) {
  if (definite_ && promise < rounding() && ++steps_at_rounding_ > kMostStepsAtRounding)
    end(Termination::kConverged, "steps promise less than rounding");
}

}  // namespace latentpath::detail
