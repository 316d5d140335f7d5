#include "latentpath/core/parallel.h"

#include "core/dense/share_out.h"

namespace latentpath {

void run_in_parallel(int64_t count, const std::function<void(int64_t)>& task) {
  const bool gradients = c10::GradMode::is_enabled();
  share_out(count, [&](int64_t i) {
    const c10::AutoGradMode mode(gradients);
    task(i);
  });
}

}  // namespace latentpath
