#include "metric/unfused_attention.h"

#include <ATen/Context.h>
#include <torch/version.h>

#include <mutex>

namespace latentpath {

#if TORCH_VERSION_MAJOR >= 2

// cuDNN's attention is a third one since 2.5.
#define LATENTPATH_CUDNN_ATTENTION (TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 5)

namespace {

struct Choice {
  std::mutex mutex;
  int alive = 0;
  bool flash = true, memory_efficient = true, cudnn = true;  // before
};

Choice& choice() {
  static Choice instance;
  return instance;
}

}  // namespace

UnfusedAttention::UnfusedAttention() {
  Choice& now = choice();
  const std::lock_guard lock(now.mutex);
  if (now.alive++ > 0) return;
  at::Context& context = at::globalContext();
  now.flash = context.userEnabledFlashSDP();
  now.memory_efficient = context.userEnabledMemEfficientSDP();
  context.setSDPUseFlash(false);
  context.setSDPUseMemEfficient(false);
#if LATENTPATH_CUDNN_ATTENTION
  now.cudnn = context.userEnabledCuDNNSDP();
  context.setSDPUseCuDNN(false);
#endif
}

UnfusedAttention::~UnfusedAttention() {
  Choice& now = choice();
  const std::lock_guard lock(now.mutex);
  if (--now.alive > 0) return;
  at::globalContext().setSDPUseFlash(now.flash);
  at::globalContext().setSDPUseMemEfficient(now.memory_efficient);
#if LATENTPATH_CUDNN_ATTENTION
  at::globalContext().setSDPUseCuDNN(now.cudnn);
#endif
}

#else

UnfusedAttention::UnfusedAttention() = default;
UnfusedAttention::~UnfusedAttention() = default;

#endif

}  // namespace latentpath
