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
  way_out_ = nullptr;
  saddles_left_ = steps_at_rounding_ = 0;
  value_ = linearise(x_);
  approximate();
}

void SecondOrderMethod::step() {
  if (way_out_ == nullptr) return iterate();
  if (!leave_saddle()) end(Termination::kConverged, "no way down from a stationary point was found");
}

bool SecondOrderMethod::leaves_saddle() {
  const bool asked = escape_saddles_ && value_ != 0 && saddles_left_ < kMostSaddles && may_be_saddle();
  way_out_ = asked ? negative_direction() : nullptr;
  return way_out_ != nullptr;
}

bool SecondOrderMethod::leave_saddle() {
  ++saddles_left_;
  const bool left = descend_along(*model_, *way_out_, value_, x_);
  way_out_ = nullptr;
  value_ = linearise(x_);
  if (left) approximate();
  return left;
}

void SecondOrderMethod::count_step(double promise) {
  if (promise < rounding() && ++steps_at_rounding_ > kMostStepsAtRounding) end_at_rounding();
}

void SecondOrderMethod::end_at_rounding() {
  if (!leaves_saddle()) end(Termination::kConverged, "steps promise less than rounding");
}

}  // namespace latentpath::detail
