#pragma once
// Threads over tasks that know nothing of tensors; core/parallel.h adds what tensors need.

#include <cstdint>
#include <functional>

namespace latentpath {

/// Runs task(0) … task(count − 1) on parallel_width() threads at most. The first exception of a task is
/// thrown again when all have ended.
void share_out(int64_t count, const std::function<void(int64_t)>& task);

}  // namespace latentpath
