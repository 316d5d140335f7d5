#pragma once
// How much memory there is, and how much a computation on tensors takes.
//
//   latentpath::AllocationMeter meter;
//   Tensor image = (*decoder)(z);               // on this thread
//   int64_t bytes = meter.peak();               // the most that tensors made since then held at once

#include <c10/core/Device.h>

#include <cstdint>
#include <memory>

namespace latentpath {

/// Bytes that this process may still take: the least of what the machine has available, what its control
/// groups leave and what its limit of address space leaves. The largest integer where none of them is known.
int64_t available_memory();

/// The same of the memory of a device: of a GPU what its driver says is free. The largest integer where
/// nobody tells.
int64_t available_memory(c10::Device device);

/// Counts the memory of tensors that this thread makes while it lives, on whatever device. Other threads' are
/// not seen, nor what operations hold outside of LibTorch's allocators.
class AllocationMeter {
 public:
  AllocationMeter();
  ~AllocationMeter();
  AllocationMeter(const AllocationMeter&) = delete;
  AllocationMeter& operator=(const AllocationMeter&) = delete;

  /// Bytes held now, by tensors made since the meter was.
  int64_t held() const;
  /// The most that was held at once.
  int64_t peak() const;

 private:
  struct Reporter;
  struct Guard;
  std::shared_ptr<Reporter> reporter_;
  std::unique_ptr<Guard> guard_;
};

}  // namespace latentpath
