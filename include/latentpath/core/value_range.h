#pragma once

namespace latentpath {

/// The interval in which a model's pixel values lie: [0, 1] after a sigmoid, [−1, 1] after a tanh.
struct ValueRange {
  double low = 0;
  double high = 1;
};

}  // namespace latentpath
