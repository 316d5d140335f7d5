#pragma once
// What both ways to a transport need of its samples. Internal.

#include <cstdint>
#include <vector>

#include "latentpath/kernel/mmd.h"

namespace latentpath::detail {

/// Throws where two samples cannot be transported into each other.
void check_transport(const SampleView& first, const SampleView& second);

/// Weights of sum 1.
std::vector<double> normalised_weights(const SampleView& sample);

double squared_distance(const double* x, const double* y, int64_t dim);

/// Squared distances from one point to all of a sample, whose coordinates lie in columns.
class DistanceRows {
 public:
  explicit DistanceRows(const SampleView& to);
  int64_t count() const { return count_; }
  /// ‖x − y_j‖² for all j, into row [count()].
  void operator()(const double* x, double* row) const;

 private:
  int64_t count_, dim_;
  std::vector<double> columns_;  ///< [dim][count]
};

}  // namespace latentpath::detail
