#include "measure/dense/transport_samples.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "latentpath/core/error.h"

namespace latentpath::detail {

void check_transport(const SampleView& first, const SampleView& second) {
  for (const SampleView* sample : {&first, &second}) {
    LATENTPATH_CHECK(sample->dim >= 1 && !sample->points.empty(), kArgument, "a sample has no points");
    LATENTPATH_CHECK(static_cast<int64_t>(sample->points.size()) % sample->dim == 0, kArgument,
                     "a sample of ", sample->points.size(), " numbers is not made of points of dimension ",
                     sample->dim);
    for (const double x : sample->points)
      LATENTPATH_CHECK(std::isfinite(x), kNumerical, "a sample holds NaN or infinite numbers");
    LATENTPATH_CHECK(
        sample->weights.empty() || static_cast<int64_t>(sample->weights.size()) == sample->count(), kArgument,
        "a sample of ", sample->count(), " points has ", sample->weights.size(), " weights");
    double total = sample->weights.empty() ? 1 : 0;
    for (const double w : sample->weights) {
      LATENTPATH_CHECK(w >= 0 && std::isfinite(w), kArgument, "a sample's weight is ", w,
                       ": it must not be negative");
      total += w;
    }
    LATENTPATH_CHECK(total > 0, kArgument, "the weights of a sample are all 0");
  }
  LATENTPATH_CHECK(first.dim == second.dim, kArgument, "the samples' dimensions differ: ", first.dim, " and ",
                   second.dim);
}

std::vector<double> normalised_weights(const SampleView& sample) {
  std::vector<double> weights(static_cast<size_t>(sample.count()), 1 / static_cast<double>(sample.count()));
  if (sample.weights.empty()) return weights;
  const double sum = std::accumulate(sample.weights.begin(), sample.weights.end(), 0.0);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = sample.weights[i] / sum;
  return weights;
}

double squared_distance(const double* x, const double* y, int64_t dim) {
  double total = 0;
  for (int64_t k = 0; k < dim; ++k) total += (x[k] - y[k]) * (x[k] - y[k]);
  return total;
}

DistanceRows::DistanceRows(const SampleView& to) : count_(to.count()), dim_(to.dim) {
  columns_.resize(to.points.size());
  for (int64_t j = 0; j < count_; ++j)
    for (int64_t k = 0; k < dim_; ++k)
      columns_[static_cast<size_t>(k * count_ + j)] = to.points[static_cast<size_t>(j * dim_ + k)];
}

void DistanceRows::operator()(const double* x, double* row) const {
  constexpr int64_t kBlock = 1024;  // stays in the first cache while the coordinates pass by
  std::fill(row, row + count_, 0.0);
  for (int64_t begin = 0; begin < count_; begin += kBlock) {
    const int64_t end = std::min(count_, begin + kBlock);
    for (int64_t k = 0; k < dim_; ++k) {
      const double* column = columns_.data() + k * count_;
      for (int64_t j = begin; j < end; ++j) row[j] += (x[k] - column[j]) * (x[k] - column[j]);
    }
  }
}

}  // namespace latentpath::detail
