#include "latentpath/core/memory.h"

#include <c10/core/Allocator.h>
#include <c10/core/DeviceGuard.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <dlfcn.h>
#include <sys/resource.h>
#include <torch/csrc/profiler/orchestration/observer.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

namespace latentpath {
namespace {

constexpr int64_t kUnknown = std::numeric_limits<int64_t>::max();

/// The number that a file of one number holds; none where it says "max", or is not there.
std::optional<int64_t> number_in(const std::filesystem::path& file) {
  std::ifstream in(file);
  int64_t value = 0;
  if (in >> value) return value;
  return {};
}

/// The kilobytes that a line "Name:  123 kB" of /proc tells, in bytes.
std::optional<int64_t> bytes_named(const char* file, const std::string& name) {
  std::ifstream in(file);
  std::string line;
  while (std::getline(in, line))
    if (line.rfind(name + ":", 0) == 0) return 1024 * std::stoll(line.substr(name.size() + 1));
  return {};
}

/// What the control groups (version 2) of this process leave, from its own up to the root.
int64_t left_by_control_groups() {
  std::ifstream in("/proc/self/cgroup");
  std::string line;
  int64_t left = kUnknown;
  while (std::getline(in, line)) {
    if (line.rfind("0::/", 0) != 0) continue;
    const std::filesystem::path root = "/sys/fs/cgroup";
    for (std::filesystem::path group = line.substr(4);; group = group.parent_path()) {
      const auto limit = number_in(root / group / "memory.max"),
                 used = number_in(root / group / "memory.current");
      if (limit && used) left = std::min(left, std::max<int64_t>(0, *limit - *used));
      if (group.empty()) break;
    }
  }
  return left;
}

/// The type of the totals, which is not the same in all releases of LibTorch.
template <typename Total>
Total total_type(void (c10::MemoryReportingInfoBase::*)(void*, int64_t, Total, Total, c10::Device));
using Total = decltype(total_type(&c10::MemoryReportingInfoBase::reportMemoryUsage));

}  // namespace

int64_t available_memory() {
  int64_t left =
      std::min(bytes_named("/proc/meminfo", "MemAvailable").value_or(kUnknown), left_by_control_groups());
  rlimit limit{};
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    const int64_t used = bytes_named("/proc/self/status", "VmSize").value_or(0);
    left = std::min(left, std::max<int64_t>(0, static_cast<int64_t>(limit.rlim_cur) - used));
  }
  return left;
}

int64_t available_memory(c10::Device device) {
  if (device.is_cpu()) return available_memory();
  // LibTorch for CUDA brings CUDA's runtime with it; this library is built for every LibTorch.
  using MemoryInfo = int (*)(size_t*, size_t*);
  const auto ask = reinterpret_cast<MemoryInfo>(dlsym(RTLD_DEFAULT, "cudaMemGetInfo"));
  if (!device.is_cuda() || ask == nullptr) return kUnknown;
  const c10::DeviceGuard guard(device);
  size_t free = 0, total = 0;
  return ask(&free, &total) == 0 ? static_cast<int64_t>(free) : kUnknown;
}

/// LibTorch takes what stands in this slot for a profiler's state and looks at its settings, where a custom
/// autograd function is applied, for one.
struct AllocationMeter::Reporter final : torch::profiler::impl::ProfilerStateBase {
  Reporter()
      : ProfilerStateBase(torch::profiler::impl::ProfilerConfig(
            torch::profiler::impl::ProfilerState::Disabled, /*report_input_shapes=*/false,
            /*profile_memory=*/true)) {}
  void reportMemoryUsage(void*, int64_t size, Total, Total, c10::Device) override {
    const int64_t now = held += size;  // derivatives on a GPU are made by a thread of LibTorch's
    int64_t most = peak;
    while (now > most && !peak.compare_exchange_weak(most, now)) {
    }
  }
  torch::profiler::impl::ActiveProfilerType profilerType() override {
    return torch::profiler::impl::ActiveProfilerType::NONE;
  }
  std::atomic<int64_t> held{0}, peak{0};
};

struct AllocationMeter::Guard {
  explicit Guard(std::shared_ptr<c10::DebugInfoBase> reporter)
      : guard(c10::DebugInfoKind::PROFILER_STATE, std::move(reporter)) {}
  c10::DebugInfoGuard guard;
};

AllocationMeter::AllocationMeter()
    : reporter_(std::make_shared<Reporter>()), guard_(std::make_unique<Guard>(reporter_)) {}
AllocationMeter::~AllocationMeter() = default;

int64_t AllocationMeter::held() const { return reporter_->held; }
int64_t AllocationMeter::peak() const { return reporter_->peak; }

}  // namespace latentpath
