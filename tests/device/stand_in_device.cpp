#include "device/stand_in_device.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <torch/library.h>

#include <atomic>
#include <memory>
#include <vector>

namespace latentpath::testing {
namespace {

constexpr c10::DeviceType kStandIn = c10::DeviceType::PrivateUse1;
std::atomic<int64_t> copied_to_host{0};

bool is_stand_in(const at::Tensor& tensor) { return tensor.defined() && tensor.device().type() == kStandIn; }

/// What is added to addresses of the host's memory, so that no address of the stand-in's can be read as one.
constexpr std::uintptr_t kAway = std::uintptr_t{1} << 60;

/// The same numbers in the same memory, as a tensor of another device.
at::Tensor seen_on(const at::Tensor& tensor, at::Device device) {
  auto kept = std::make_shared<at::Tensor>(tensor);
  const auto address = reinterpret_cast<std::uintptr_t>(tensor.numel() == 0 ? nullptr : tensor.data_ptr());
  const std::uintptr_t here = address == 0 ? 0 : device.is_cpu() ? address - kAway : address + kAway;
  return at::for_blob(reinterpret_cast<void*>(here), tensor.sizes())
      .strides(tensor.strides())
      .deleter([kept](void*) {})
      .options(tensor.options().device(device).requires_grad(false))
      .target_device(device)
      .make_tensor();
}

/// An operation's arguments as the CPU takes them.
class Arguments {
 public:
  Arguments(const c10::OperatorHandle& operation, torch::jit::Stack& stack)
      : name_(operation.schema().name()),
        rows_may_be_elsewhere_(name_ == "aten::index" || name_ == "aten::index_put_") {
    const size_t count = operation.schema().arguments().size(), first = stack.size() - count;
    for (size_t i = first; i < stack.size(); ++i) stack[i] = on_cpu(stack[i]);
    TORCH_CHECK(!any_stand_in_ || host_.empty(), "the operation ", name_,
                " is given tensors of two devices, one of shape ", host_, " on the host");
  }

  /// A result where it belongs: an argument that was written to is itself, whatever else is made is new.
  c10::IValue result(const c10::IValue& value) const {
    if (value.isTensor() && value.toTensor().defined()) return placed(value.toTensor());
    if (value.isTensorList()) {
      std::vector<at::Tensor> all;
      for (const at::Tensor& each : value.toTensorVector()) all.push_back(placed(each));
      return all;
    }
    return value;
  }

  /// What has grown.
  void adopt() const {
    for (const auto& [own, shown] : given_) {
      if (shown.numel() == own.numel()) continue;
      const at::Tensor grown = seen_on(shown, at::Device(kStandIn, 0));
      own.unsafeGetTensorImpl()->set_storage_keep_dtype(grown.storage());
      own.unsafeGetTensorImpl()->set_sizes_and_strides(grown.sizes(), grown.strides());
    }
  }

 private:
  c10::IValue on_cpu(const c10::IValue& value) {
    if (value.isTensor()) return on_cpu(value.toTensor());
    if (value.isTensorList()) {
      std::vector<at::Tensor> all;
      for (const at::Tensor& each : value.toTensorVector()) all.push_back(on_cpu(each));
      return all;
    }
    if (value.isOptionalTensorList()) {
      c10::List<c10::optional<at::Tensor>> all;
      for (const c10::optional<at::Tensor>& each : value.toOptionalTensorVector())
        all.push_back(each && each->defined() ? c10::optional<at::Tensor>(on_cpu(*each)) : each);
      return all;
    }
    if (value.isDevice() && value.toDevice().type() == kStandIn) {
      any_stand_in_ = true;
      return at::Device(at::kCPU);
    }
    return value;
  }
  at::Tensor on_cpu(const at::Tensor& tensor) {
    if (!is_stand_in(tensor)) {
      const bool may = !tensor.defined() || tensor.dim() == 0 ||
                       (rows_may_be_elsewhere_ && !at::isFloatingType(tensor.scalar_type()));
      if (!may) host_ = c10::str(tensor.sizes());
      return tensor;
    }
    any_stand_in_ = true;
    // What is empty may be there to be filled: memory that is the host's alone can grow.
    given_.push_back({tensor, tensor.numel() == 0 ? at::empty_like(tensor, tensor.options().device(at::kCPU))
                                                  : seen_on(tensor, at::kCPU)});
    return given_.back().second;
  }
  at::Tensor placed(const at::Tensor& tensor) const {
    for (const auto& [own, shown] : given_)
      if (shown.is_same(tensor)) return own;
    return any_stand_in_ && tensor.device().is_cpu() ? seen_on(tensor, at::Device(kStandIn, 0)) : tensor;
  }

  std::string name_;
  bool rows_may_be_elsewhere_, any_stand_in_ = false;
  std::string host_;  // the shape of a tensor of the host
  std::vector<std::pair<at::Tensor, at::Tensor>> given_;
};

void run_on_cpu(const c10::OperatorHandle& operation, torch::jit::Stack* stack) {
  const Arguments arguments(operation, *stack);
  operation.callBoxed(stack);
  arguments.adopt();
  const size_t count = operation.schema().returns().size();
  for (size_t i = stack->size() - count; i < stack->size(); ++i) (*stack)[i] = arguments.result((*stack)[i]);
}

at::Tensor& copy_between(at::Tensor& to, const at::Tensor& from, bool non_blocking) {
  if (is_stand_in(from) && !is_stand_in(to)) copied_to_host += static_cast<int64_t>(from.nbytes());
  at::Tensor target = is_stand_in(to) ? seen_on(to, at::kCPU) : to;
  target.copy_(is_stand_in(from) ? seen_on(from, at::kCPU) : from, non_blocking);
  return to;
}

at::Scalar number_of(const at::Tensor& tensor) {
  copied_to_host += static_cast<int64_t>(tensor.nbytes());
  return at::_local_scalar_dense(seen_on(tensor, at::kCPU));
}

/// A size that is changed would leave its memory behind.
const at::Tensor& never_resized(const at::Tensor& tensor, at::IntArrayRef size,
                                c10::optional<at::MemoryFormat> /*format*/) {
  TORCH_CHECK(tensor.sizes() == size, "a tensor of the stand-in device is resized");
  return tensor;
}

TORCH_LIBRARY_IMPL(_, PrivateUse1, library) {
  library.fallback(torch::CppFunction::makeFromBoxedFunction<&run_on_cpu>());
}
TORCH_LIBRARY_IMPL(aten, PrivateUse1, library) {
  library.impl("copy_", &copy_between);
  library.impl("_local_scalar_dense", &number_of);
  library.impl("resize_", &never_resized);
}

}  // namespace

at::Device stand_in_device() { return {kStandIn, 0}; }

int64_t bytes_to_host() { return copied_to_host; }

}  // namespace latentpath::testing

namespace at::detail {
namespace {

struct StandInGuard final : c10::impl::DeviceGuardImplInterface {
  static constexpr c10::DeviceType static_type = c10::DeviceType::PrivateUse1;  // read by the macro
  static at::Device only() { return {static_type, 0}; }

  c10::DeviceType type() const override { return static_type; }
  at::Device exchangeDevice(at::Device /*device*/) const override { return only(); }
  at::Device getDevice() const override { return only(); }
  void setDevice(at::Device /*device*/) const override {}
  void uncheckedSetDevice(at::Device /*device*/) const noexcept override {}
  c10::Stream getStream(at::Device /*device*/) const noexcept override {
    return c10::Stream(c10::Stream::DEFAULT, only());
  }
  c10::Stream exchangeStream(c10::Stream stream) const noexcept override { return stream; }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
};
C10_REGISTER_GUARD_IMPL(PrivateUse1, StandInGuard);

}  // namespace
}  // namespace at::detail
