#include "latentpath/metric/cost.h"

#include <ATen/ATen.h>

#include "latentpath/core/error.h"

namespace latentpath {
namespace {

class ChordCost final : public Cost {
 public:
  Tensor segments(const SegmentTerms& terms) const override {
    return terms.weight.square() * terms.squared_chord / terms.duration;
  }
  bool is_energy() const override { return true; }
  bool fixes_speed() const override { return true; }
  std::string describe() const override { return "chord"; }
};

class EndpointMeanCost final : public Cost {
 public:
  Tensor segments(const SegmentTerms& terms) const override {
    return terms.weight.square() * terms.squared_chord / terms.duration;
  }
  bool averages_end_qualities() const override { return true; }
  bool fixes_speed() const override { return true; }
  std::string describe() const override { return "endpoint-mean"; }
};

class DynamicCost final : public Cost {
 public:
  explicit DynamicCost(double time_weight) : time_weight_(time_weight) {}
  Tensor segments(const SegmentTerms& terms) const override {
    return terms.weight.square() * (time_weight_ * terms.duration + terms.squared_chord / terms.duration);
  }
  double time_weight() const override { return time_weight_; }
  bool is_energy() const override { return true; }
  std::string describe() const override { return "dynamic"; }

 private:
  double time_weight_;
};

class LengthCost final : public Cost {
 public:
  explicit LengthCost(double time_weight) : time_weight_(time_weight) {}
  Tensor segments(const SegmentTerms& terms) const override {
    // The floor keeps the root differentiable where a segment has no length.
    return terms.weight * (time_weight_ * terms.duration.square() + terms.squared_chord + 1e-24).sqrt();
  }
  double time_weight() const override { return time_weight_; }
  std::string describe() const override { return "length"; }

 private:
  double time_weight_;
};

void check_time_weight(double time_weight) {
  LATENTPATH_CHECK(time_weight >= 0, kArgument, "the time weight must not be negative, and is ", time_weight);
}

}  // namespace

CostPointer chord_cost() { return std::make_shared<ChordCost>(); }

CostPointer endpoint_mean_cost() { return std::make_shared<EndpointMeanCost>(); }

CostPointer dynamic_cost(double time_weight) {
  check_time_weight(time_weight);
  return std::make_shared<DynamicCost>(time_weight);
}

CostPointer length_cost(double time_weight) {
  check_time_weight(time_weight);
  return std::make_shared<LengthCost>(time_weight);
}

CostPointer make_cost(const std::string& name, double time_weight) {
  if (name == "chord") return chord_cost();
  if (name == "dynamic") return dynamic_cost(time_weight);
  if (name == "length") return length_cost(time_weight);
  if (name == "endpoint-mean") return endpoint_mean_cost();
  throw Error(ErrorKind::kArgument,
              "the cost '" + name + "' is not one of chord, dynamic, length, endpoint-mean");
}

}  // namespace latentpath
