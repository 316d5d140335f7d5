#include "python_function.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>

#include <nlohmann/json.hpp>

#include "latentpath/core/error.h"
#include "latentpath/metric/output_contract.h"

namespace latentpath::python {
namespace {

class CalledQuality final : public Quality {
 public:
  CalledQuality(int64_t function, std::string name, bool decoded)
      : function_(function), name_(std::move(name)), decoded_(decoded) {}

  Tensor evaluate(const QualityPoints& points) const override {
    const Tensor value = call(function_, {decoded_ ? points.decoded : points.latent});
    const int64_t count = points.latent.size(0);
    LATENTPATH_CHECK(value.numel() == count, kInput, "the quality ", name_, " gives ",
                     shape_string(value.sizes()), " for ", count, " points: it must give one number each");
    return value.reshape({count});
  }
  bool needs_decoded() const override { return decoded_; }
  std::string describe() const override { return name_; }

 private:
  int64_t function_;
  std::string name_;
  bool decoded_;
};

}  // namespace

Tensor call(int64_t function, const std::vector<Tensor>& inputs) {
  static const auto implementation = c10::Dispatcher::singleton().findSchemaOrThrow("latentpath::call", "");
  c10::List<Tensor> list;
  for (const Tensor& input : inputs) list.push_back(input);
  torch::jit::Stack stack{function, std::move(list)};
  implementation.callBoxed(&stack);
  const std::string failure = stack.at(1).toStringRef();
  if (!failure.empty()) throw FunctionFailure(failure);
  return stack.at(0).toTensor();
}

ProgressObserver progress_to(int64_t search) {
  return [search](const Progress& progress) {
    static const auto implementation =
        c10::Dispatcher::singleton().findSchemaOrThrow("latentpath::report", "");
    torch::jit::Stack stack{search, progress.note.empty() ? progress.stage : progress.note, progress.done,
                            progress.total, progress.value};
    implementation.callBoxed(&stack);
  };
}

ModelFunction model_function(const nlohmann::json& described) {
  ModelFunction function;
  function.name = described.at("name").get<std::string>();
  function.forward = [number = described.at("function").get<int64_t>()](const Tensor& z) {
    return call(number, {z});
  };
  function.attributes = described.value("attributes", nlohmann::json::object());
  function.dtype = described.value("dtype", function.dtype);
  function.dtype_known = described.value("dtype_known", false);
  function.weights = described.value("weights", int64_t{0});
  if (const auto channels = described.find("convolution_channels");
      channels != described.end() && !channels->is_null())
    function.convolution_channels = channels->get<int64_t>();
  return function;
}

std::shared_ptr<Embedding> map_of(const nlohmann::json& described, int64_t dim) {
  const auto name = described.at("name").get<std::string>();
  return function_embedding(
      [number = described.at("function").get<int64_t>(), name](const Tensor& z) {
        Tensor image = call(number, {z});
        check_output(image, z.size(0), name);
        return image;
      },
      dim, name);
}

MetricTensorPointer metric_of(const nlohmann::json& described, int64_t dim) {
  return metric_tensor(
      [number = described.at("function").get<int64_t>()](const Tensor& z) { return call(number, {z}); }, dim,
      described.at("name").get<std::string>());
}

QualityPointer quality_of(const nlohmann::json& described) {
  return std::make_shared<CalledQuality>(described.at("function").get<int64_t>(),
                                         described.at("name").get<std::string>(),
                                         described.value("of", "latent") == "decoded");
}

}  // namespace latentpath::python
