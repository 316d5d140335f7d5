#include "latentpath/models/torchscript_module.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/cuda.h>
#include <torch/script.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#include "latentpath/core/error.h"
#include "latentpath/core/exception_sentence.h"
#include "latentpath/io/archive.h"

namespace latentpath {
namespace {

/// The other methods of the file, which may be the ones that are meant: "encode, decode".
std::string other_methods(const torch::jit::Module& module) {
  std::string names;
  for (const torch::jit::Method& method : module.get_methods())
    if (method.name() != "forward" && method.name().rfind("__", 0) != 0)
      names += (names.empty() ? "" : ", ") + method.name();
  return names;
}

/// What else paths could be given to: one tensor, or a list of tensors.
void check_input_type(const c10::TypePtr& type, const std::string& name, const std::string& argument) {
  const c10::TypeKind kind = type->kind();
  bool fits = kind == c10::TypeKind::TensorType;
  if (kind == c10::TypeKind::ListType || kind == c10::TypeKind::OptionalType)
    fits = type->containedType(0)->kind() == c10::TypeKind::TensorType;
  LATENTPATH_CHECK(
      fits, kInput, name, ": forward's input '", argument, "' is a ", type->annotation_str(),
      ", and must be a Tensor [n, D] or a List[Tensor]; export a module whose forward takes one of "
      "these and calls this one");
}

std::atomic<bool> load_in_child_first{false};
constexpr unsigned kLongestLoad = 600;  // seconds

/// Whatever a crafted archive does to LibTorch's unpickler happens to a child process.
void try_in_child(const std::string& file, const std::string& name) {
  const pid_t child = ::fork();
  if (child < 0) return;  // no process is left for it
  if (child == 0) {
    for (const int fatal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM}) ::signal(fatal, SIG_DFL);
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    if (std::freopen("/dev/null", "w", stderr) == nullptr) ::close(STDERR_FILENO);
    ::alarm(kLongestLoad);
    try {
      const torch::jit::Module module = torch::jit::load(file, at::Device(at::kCPU));
      if (const auto method = module.find_method("forward")) method->graph();
    } catch (...) {  // the parent loads it too, and has the sentence
    }
    ::_exit(0);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  LATENTPATH_CHECK(
      WIFEXITED(status), kInput, name,
      " is damaged or hostile: LibTorch crashes when it loads it, as a try in another process showed");
}

/// Attention draws random numbers for its dropout, which is none where the graph itself says so.
bool is_attention_without_dropout(const torch::jit::Node& node) {
  if (std::string(node.kind().toQualString()) != "aten::scaled_dot_product_attention" ||
      !node.hasNamedInput("dropout_p"))
    return false;
  const auto dropout = torch::jit::toIValue(node.namedInput("dropout_p"));
  return dropout && dropout->isDouble() && dropout->toDouble() == 0;
}

/// True when a run of the graph neither writes into the module nor draws random numbers, whose order would
/// then depend on the threads.
bool is_pure(const torch::jit::Block& block) {
  for (const torch::jit::Node* node : block.nodes()) {
    const std::string kind = node->kind().toQualString();
    // Dropout passes its input on in eval mode; only a constant says so in the graph itself.
    const bool dropout = kind.find("dropout") != std::string::npos;
    if (kind == "prim::SetAttr" ||
        (node->isNondeterministic() && !dropout && !is_attention_without_dropout(*node)))
      return false;
    for (const torch::jit::Block* inner : node->blocks())
      if (!is_pure(*inner)) return false;
  }
  return true;
}

/// What a function states, as a file's attribute would be read.
c10::IValue attribute_of(const nlohmann::json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<int64_t>();
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return {};
  c10::impl::GenericList list(c10::AnyType::get());
  for (const nlohmann::json& item : value) list.push_back(attribute_of(item));
  return list;
}

}  // namespace

struct TorchScriptModule::Model {
  std::filesystem::path file;
  std::string role;
  torch::jit::Module module;  // nothing where `function` is called
  ModelFunction function;
  at::ScalarType dtype = at::kFloat;
  at::Device device = at::kCPU;
  bool takes_list = false;
  bool concurrent = false;
  bool dtype_known = false;
  int64_t weights = 0;

  c10::IValue run(c10::IValue input, const char* method = "forward") {
    // The profiling executor specialises and recompiles for every new batch size; paths change theirs at
    // every level, so the plain interpreter is both faster here and the same on every call.
    const torch::jit::GraphOptimizerEnabledGuard plain(false);
    try {
      if (function.forward) return function.forward(input.toTensor());
      return module.get_method(method)({std::move(input)});
    } catch (const std::exception& error) {
      const std::string others = function.forward ? std::string() : other_methods(module);
      throw Error(
          ErrorKind::kInput,
          join_message("the ", role, " ", file.string(), " failed on its input: ", exception_sentence(error),
                       others.empty() ? std::string()
                                      : "; the file has other methods (" + others +
                                            "): if one of them is meant, export a module whose "
                                            "forward(z) calls it"));
    }
  }

  Tensor call(c10::IValue input, const char* method = "forward") {
    const c10::IValue output = run(std::move(input), method);
    LATENTPATH_CHECK(output.isTensor(), kInput, "the ", role, " ", file.string(),
                     " must return one tensor, not ", output.tagKind(),
                     output.isTuple() || output.isTensorList() || output.isList()
                         ? "; export a module that returns the one that is meant, or several as one: "
                           "torch.cat([a.flatten(1), b.flatten(1)], 1)"
                         : "");
    return output.toTensor();
  }

  std::optional<c10::IValue> attribute(const std::string& attribute_name) const {
    if (function.forward) {
      const auto stated = function.attributes.find(attribute_name);
      if (stated == function.attributes.end() || stated->is_null()) return std::nullopt;
      return attribute_of(*stated);
    }
    if (!module.hasattr(attribute_name)) return std::nullopt;
    return module.attr(attribute_name);
  }
};

TorchScriptModule::TorchScriptModule(const std::filesystem::path& file, std::string role,
                                     const std::string& dtype, const std::string& device)
    : model_(std::make_unique<Model>()) {
  model_->file = file;
  model_->role = std::move(role);
  const std::string name = join_message("the ", model_->role, " file ", file.string());
  std::error_code ignored;
  LATENTPATH_CHECK(std::filesystem::exists(file, ignored), kInput, name, " does not exist");
  LATENTPATH_CHECK(std::filesystem::is_regular_file(file, ignored), kInput, name, " is not a regular file");
  try {
    model_->device = at::Device(device);
  } catch (const std::exception&) {
    throw Error(ErrorKind::kArgument,
                join_message("the device '", device, "' is not one of cpu, cuda, cuda:N"));
  }
  LATENTPATH_CHECK(!model_->device.is_cuda() || torch::cuda::is_available(), kArgument, "the device '",
                   device, "' needs a LibTorch built for CUDA and a GPU; neither is here");
  check_archive(file, name);
  if (load_in_child_first) try_in_child(file.string(), name);
  try {
    model_->module = torch::jit::load(file.string(), model_->device);
  } catch (const std::exception& error) {
    throw Error(ErrorKind::kInput,
                join_message(name, " is not a readable TorchScript archive (", exception_sentence(error),
                             "); export the model with torch.jit.script or torch.jit.trace"));
  }
  torch::jit::Module& module = model_->module;
  const auto method = module.find_method("forward");
  LATENTPATH_CHECK(method.has_value(), kInput, name, " has no forward method");
  const auto& arguments = method->function().getSchema().arguments();
  LATENTPATH_CHECK(arguments.size() >= 2, kInput, name, ": forward takes no input");
  check_input_type(arguments[1].type(), name, arguments[1].name());
  model_->takes_list = arguments[1].type()->kind() == c10::TypeKind::ListType;
  for (size_t i = 2; i < arguments.size(); ++i)
    LATENTPATH_CHECK(arguments[i].default_value().has_value(), kInput, name,
                     ": forward needs a second input '", arguments[i].name(),
                     "'; wrap the model so that one input is enough");
  module.eval();
  try {
    const auto graph = method->graph()->copy();
    torch::jit::Inline(*graph);
    model_->concurrent = model_->device.is_cpu() && is_pure(*graph->block());
  } catch (const std::exception&) {
    model_->concurrent = false;  // a module without a readable graph is run by one thread
  }
  if (!dtype.empty()) module.to(dtype == "float64" ? at::kDouble : at::kFloat);
  bool found = false;
  for (at::Tensor parameter : module.parameters()) {
    parameter.set_requires_grad(false);
    model_->weights += parameter.numel();
    if (!found && at::isFloatingType(parameter.scalar_type())) {
      model_->dtype = parameter.scalar_type();
      found = true;
    }
  }
  if (!found)
    for (const at::Tensor& buffer : module.buffers())
      if (!found && at::isFloatingType(buffer.scalar_type())) {
        model_->dtype = buffer.scalar_type();
        found = true;
      }
  if (!found && dtype == "float64") model_->dtype = at::kDouble;
  model_->dtype_known = found || !dtype.empty();
  LATENTPATH_CHECK(model_->dtype == at::kFloat || model_->dtype == at::kDouble, kInput, name,
                   " has parameters of type ", c10::toString(model_->dtype),
                   "; float32 or float64 is needed (`dtype` converts)");
}

TorchScriptModule::TorchScriptModule(ModelFunction function, std::string role)
    : model_(std::make_unique<Model>()) {
  LATENTPATH_CHECK(function.forward, kArgument, "the ", role, " ", function.name, " has no function to call");
  LATENTPATH_CHECK(function.dtype == "float32" || function.dtype == "float64", kArgument, "the ", role, " ",
                   function.name, " has parameters of type ", function.dtype,
                   "; float32 or float64 is needed");
  model_->file = function.name;
  model_->role = std::move(role);
  model_->dtype = function.dtype == "float64" ? at::kDouble : at::kFloat;
  model_->dtype_known = function.dtype_known;
  model_->weights = function.weights;
  model_->function = std::move(function);
}

void TorchScriptModule::load_in_child_process_first(bool on) { load_in_child_first = on; }

TorchScriptModule::~TorchScriptModule() = default;
TorchScriptModule::TorchScriptModule(TorchScriptModule&&) noexcept = default;

Tensor TorchScriptModule::forward(const Tensor& input) const {
  return model_->call(input.to(model_->device, model_->dtype));
}

Tensor TorchScriptModule::forward(const std::vector<Tensor>& inputs) const {
  c10::List<at::Tensor> list;
  for (const Tensor& input : inputs) list.push_back(input.to(model_->device, model_->dtype));
  return model_->call(list);
}

Tensor TorchScriptModule::features(const Tensor& input) const {
  if (model_->function.forward || !model_->module.find_method("features")) return {};
  return model_->call(input.to(model_->device, model_->dtype), "features");
}

std::vector<Tensor> TorchScriptModule::forward_all(const Tensor& input) const {
  const c10::IValue output = model_->run(input.to(model_->device, model_->dtype));
  if (output.isTensor()) return {output.toTensor()};
  std::vector<Tensor> tensors;
  const auto add = [&](const c10::IValue& part) {
    LATENTPATH_CHECK(part.isTensor(), kInput, "the ", model_->role, " ", model_->file.string(),
                     " must return tensors, not also ", part.tagKind());
    tensors.push_back(part.toTensor());
  };
  if (output.isTuple())
    for (const c10::IValue& part : output.toTupleRef().elements()) add(part);
  else if (output.isList())
    for (const c10::IValue& part : output.toListRef()) add(part);
  LATENTPATH_CHECK(!tensors.empty(), kInput, "the ", model_->role, " ", model_->file.string(),
                   " must return a tensor, or several, not ", output.tagKind());
  return tensors;
}

bool TorchScriptModule::dtype_known() const { return model_->dtype_known; }
bool TorchScriptModule::takes_list() const { return model_->takes_list; }
bool TorchScriptModule::concurrent() const { return model_->concurrent; }
int64_t TorchScriptModule::operations_per_point() const { return model_->weights; }

std::optional<int64_t> TorchScriptModule::integer_attribute(const std::string& name) const {
  const auto stated = model_->attribute(name);
  if (!stated) return std::nullopt;
  const c10::IValue& value = *stated;
  if (value.isInt()) return value.toInt();
  if (value.isTensor() && value.toTensor().numel() == 1) return value.toTensor().item<int64_t>();
  throw Error(ErrorKind::kInput, join_message("the ", model_->role, " ", model_->file.string(),
                                              ": attribute ", name, " must be one integer"));
}

std::optional<std::string> TorchScriptModule::string_attribute(const std::string& name) const {
  const auto stated = model_->attribute(name);
  if (!stated) return std::nullopt;
  const c10::IValue& value = *stated;
  if (!value.isString()) return std::nullopt;
  return value.toStringRef();
}

std::optional<std::vector<double>> TorchScriptModule::numbers_attribute(const std::string& name) const {
  const auto stated = model_->attribute(name);
  if (!stated) return std::nullopt;
  const c10::IValue& value = *stated;
  std::vector<double> numbers;
  const auto add = [&](const c10::IValue& item) {
    if (item.isDouble())
      numbers.push_back(item.toDouble());
    else if (item.isInt())
      numbers.push_back(static_cast<double>(item.toInt()));
    else
      throw Error(ErrorKind::kInput, join_message("the ", model_->role, " ", model_->file.string(),
                                                  ": attribute ", name, " must hold numbers"));
  };
  if (value.isList())
    for (const c10::IValue& item : value.toListRef()) add(item);
  else if (value.isTuple())
    for (const c10::IValue& item : value.toTupleRef().elements()) add(item);
  else if (value.isTensor()) {
    const Tensor flat = value.toTensor().to(at::kDouble).to(at::kCPU).flatten().contiguous();
    numbers.assign(flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel());
  } else
    add(value);
  return numbers;
}

std::optional<std::vector<std::string>> TorchScriptModule::strings_attribute(const std::string& name) const {
  const auto stated = model_->attribute(name);
  if (!stated) return std::nullopt;
  const c10::IValue& value = *stated;
  if (!value.isList()) return std::nullopt;
  std::vector<std::string> strings;
  for (const c10::IValue& item : value.toListRef()) {
    if (!item.isString()) return std::nullopt;
    strings.push_back(item.toStringRef());
  }
  return strings;
}

std::optional<std::vector<std::vector<int64_t>>> TorchScriptModule::shapes_attribute(
    const std::string& name) const {
  const auto stated = model_->attribute(name);
  if (!stated) return std::nullopt;
  const c10::IValue& value = *stated;
  const auto malformed = [&] {
    return Error(ErrorKind::kInput,
                 join_message("the ", model_->role, " ", model_->file.string(), ": attribute ", name,
                              " must be a list of lists of integers"));
  };
  const auto items = [&](const c10::IValue& sequence) -> std::vector<c10::IValue> {
    if (sequence.isList()) return sequence.toListRef().vec();
    if (sequence.isTuple()) return sequence.toTupleRef().elements();
    throw malformed();
  };
  std::vector<std::vector<int64_t>> shapes;
  for (const c10::IValue& shape : items(value)) {
    std::vector<int64_t> extents;
    for (const c10::IValue& extent : items(shape)) {
      if (!extent.isInt()) throw malformed();
      extents.push_back(extent.toInt());
    }
    shapes.push_back(std::move(extents));
  }
  return shapes;
}

std::optional<ValueRange> TorchScriptModule::range_attribute(const std::string& name) const {
  const auto numbers = numbers_attribute(name);
  if (!numbers) return std::nullopt;
  LATENTPATH_CHECK(numbers->size() == 2 && (*numbers)[0] < (*numbers)[1], kInput, "the ", model_->role, " ",
                   model_->file.string(), ": attribute ", name, " must be two numbers, low < high");
  return ValueRange{(*numbers)[0], (*numbers)[1]};
}

std::optional<int64_t> TorchScriptModule::convolution_channels() const {
  if (model_->function.forward) return model_->function.convolution_channels;
  for (const at::Tensor& parameter : model_->module.parameters())
    if (parameter.dim() == 4) return parameter.size(1);
  return std::nullopt;
}

std::string TorchScriptModule::dtype() const { return model_->dtype == at::kDouble ? "float64" : "float32"; }
const std::string& TorchScriptModule::role() const { return model_->role; }
const std::filesystem::path& TorchScriptModule::file() const { return model_->file; }

}  // namespace latentpath
