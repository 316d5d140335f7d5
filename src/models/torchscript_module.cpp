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
#include <exception>

#include "latentpath/core/error.h"
#include "latentpath/core/exception_sentence.h"
#include "latentpath/core/random.h"
#include "latentpath/io/archive.h"
#include "latentpath/metric/output_contract.h"
#include "models/exported_module.h"
#include "models/foreign_file.h"
#include "models/loaded_file.h"
#include "models/method_call.h"

namespace latentpath {
namespace {

/// The other methods of the file, which may be the ones that are meant: "encode, decode".
std::string other_methods(const torch::jit::Module& module, const std::string& called) {
  std::string names;
  for (const torch::jit::Method& method : module.get_methods())
    if (method.name() != called && method.name().rfind("__", 0) != 0)
      names += (names.empty() ? "" : ", ") + method.name();
  return names;
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

/// Whether a failure may come from how an input is shaped.
bool is_about_shapes(const std::string& sentence) {
  for (const char* word : {"shape", "size", "dim", "Dim", "input to have", "channel", "range", "expand"})
    if (sentence.find(word) != std::string::npos) return true;
  return false;
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

constexpr const char* kExportAnew =
    "export the model with torch.export.save, latentpath.export, torch.jit.script or torch.jit.trace";

/// The one place where a file's kind is told. A program of torch.export comes as a module, too; it is
/// converted to `dtype` here, since its graph holds numbers of its own.
LoadedFile load_module(const std::filesystem::path& file, const std::string& name, at::Device device,
                       const std::string& dtype) {
  if (const std::string other = foreign_file(file); !other.empty())
    throw Error(ErrorKind::kInput, name + " " + other);
  ZipArchive archive(file, name, kExportAnew);
  archive.check();
  if (ExportedProgram::is_in(archive)) {
    ExportedProgramOptions options;
    options.device = device;
    if (!dtype.empty()) options.dtype = dtype == "float64" ? at::kDouble : at::kFloat;
    return {exported_module(archive, options), {}};
  }
  if (load_in_child_first) try_in_child(file.string(), name);
  return load_file(file, name, device);
}

}  // namespace

struct TorchScriptModule::Model {
  std::filesystem::path file;
  std::string role;
  torch::jit::Module module;  // nothing where `function` is called
  ModelFunction function;
  MethodCall method;  // of `module`
  std::optional<LatentLayout> layout;
  std::vector<int64_t> output_shape;
  std::vector<std::string> notes;
  at::ScalarType dtype = at::kFloat;
  at::Device device = at::kCPU;
  bool concurrent = false;
  bool dtype_known = false;
  int64_t weights = 0;

  std::string name() const { return "the " + role + " " + file.string(); }

  c10::IValue run(std::vector<c10::IValue> inputs, const std::string& called) {
    // The profiling executor specialises and recompiles for every new batch size; paths change theirs at
    // every level, so the plain interpreter is both faster here and the same on every call.
    const torch::jit::GraphOptimizerEnabledGuard plain(false);
    try {
      if (function.forward) return function.forward(inputs.at(0).toTensor());
      return module.get_method(called)(std::move(inputs));
    } catch (const std::exception& error) {
      const std::string others = function.forward ? std::string() : other_methods(module, called);
      const std::string field = signature_fields(role).method;
      const std::string reason = exception_sentence(error);
      const std::string sentence = join_message(
          name(), " failed on its input: ", reason,
          others.empty() ? std::string()
          : field.empty()
              ? "; the file has other methods (" + others +
                    "): if one of them is meant, export a module whose forward(z) calls it"
              : "; the file has other methods (" + others + "): if one of them is meant, say so with " +
                    field +
                    (others.find("decode") != std::string::npos && !signature_fields(role).inputs.empty()
                         ? " decode"
                         : ""));
      // LibTorch has one kind of exception for all that goes wrong: what it is about, its words say.
      const auto speaks_of = [&](const char* word) { return reason.find(word) != std::string::npos; };
      if (speaks_of("shape") || speaks_of("size") || speaks_of("imension"))
        throw ShapeError(ErrorKind::kInput, sentence);
      throw Error(ErrorKind::kInput, sentence);
    }
  }

  /// The latent's parts as they come, in the model's type.
  c10::IValue run_method(const std::vector<Tensor>& latent) {
    std::vector<Tensor> parts;
    if (function.forward) return run({latent.at(0).to(dtype)}, {});  // it knows its own device
    for (const Tensor& part : latent) parts.push_back(part.to(device, dtype));
    return run(method.arguments(parts, parts.at(0).size(0)), method.method());
  }

  Tensor call(const std::vector<Tensor>& latent) {
    const c10::IValue output = run_method(latent);
    if (!function.forward) return method.output(output);
    LATENTPATH_CHECK(output.isTensor(), kInput, name(), " must return one tensor, not ", output.tagKind());
    return output.toTensor();
  }

  Tensor call_points(const Tensor& points, const LatentLayout& latent) {
    return call(latent.shapes().size() == 1 && latent.shapes()[0].size() == 1 ? std::vector<Tensor>{points}
                                                                              : latent.split(points));
  }

  /// What a point is mapped to, where batches of three and of two agree.
  std::vector<int64_t> try_layout(const LatentLayout& latent) {
    std::vector<int64_t> shape;
    auto generator = make_generator(0);
    for (const int64_t points : {3, 2}) {
      const Tensor image = call_points(at::randn({points, latent.size()}, generator, at::kFloat), latent);
      check_output(image, points, name());
      const std::vector<int64_t> one = image.sizes().slice(1).vec();
      LATENTPATH_CHECK(shape.empty() || one == shape, kInput, name(), " gives outputs of shape ",
                       shape_string(one), " for two points and of ", shape_string(shape),
                       " for three: each point must give the same shape");
      shape = one;
    }
    return shape;
  }

  /// A graph traced with a batch may have its size built in: says which.
  void explain_batch(const std::vector<LatentLayout>& layouts) {
    for (const int64_t points : {1, 2, 4, 8, 16, 32, 64, 128})
      for (const LatentLayout& latent : layouts) {
        try {
          auto generator = make_generator(0);
          check_output(call_points(at::randn({points, latent.size()}, generator, at::kFloat), latent), points,
                       name());
        } catch (const Error&) {
          continue;
        }
        throw Error(
            ErrorKind::kInput,
            join_message(name(), " takes batches of ", points,
                         " only: that size is built into the file; export it with torch.jit.script, or "
                         "trace it with another batch and without int(z.shape[0])"));
      }
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
                                     const std::string& dtype, const std::string& device,
                                     const ModelSignature& signature, size_t latent_parts)
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
  LoadedFile loaded = load_module(file, name, model_->device, dtype);
  model_->module = loaded.module;  // a handle
  model_->notes = std::move(loaded.notes);
  torch::jit::Module& module = model_->module;
  model_->method = MethodCall(module, name, model_->role, signature, latent_parts);
  const auto method = module.find_method(model_->method.method());
  module.eval();
  try {
    const auto graph = method->graph()->copy();
    torch::jit::Inline(*graph);
    model_->concurrent = model_->device.is_cpu() && is_pure(*graph->block());
  } catch (const std::exception&) {
    model_->concurrent = false;  // a module without a readable graph is run by one thread
  }
  if (is_exported_module(module)) {
    model_->concurrent = model_->device.is_cpu();
  } else if (const std::string half = widen_half_precision(module); !half.empty()) {
    model_->notes.push_back(join_message(name, " is in ", half, " and is evaluated in ",
                                         dtype == "float64" ? dtype : std::string("float32"),
                                         ": its numbers are converted when it is loaded"));
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
  model_->method.place_inputs(model_->device, model_->dtype);
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

Tensor TorchScriptModule::forward(const Tensor& input) const { return model_->call({input}); }

Tensor TorchScriptModule::forward(const std::vector<Tensor>& inputs) const { return model_->call(inputs); }

Tensor TorchScriptModule::features(const Tensor& input) const {
  if (model_->function.forward || !model_->module.find_method("features")) return forward(input);
  const c10::IValue output = model_->run({input.to(model_->device, model_->dtype)}, "features");
  LATENTPATH_CHECK(output.isTensor(), kInput, model_->name(), ": features must return one tensor, not ",
                   output.tagKind());
  return output.toTensor();
}

bool TorchScriptModule::can_sample() const {
  if (model_->function.forward) return false;
  const auto method = model_->module.find_method("sample");
  if (!method) return false;
  const auto& inputs = method->function().getSchema().arguments();  // the first is the module
  const auto is_integer = [](const c10::Argument& input) {
    return input.type()->kind() == c10::TypeKind::IntType;
  };
  return inputs.size() == 3 && is_integer(inputs[1]) && is_integer(inputs[2]);
}

std::vector<Tensor> TorchScriptModule::sample(int64_t count, int64_t seed) const {
  const at::NoGradGuard no_gradient;
  const torch::jit::GraphOptimizerEnabledGuard plain(false);  // as in Model::run()
  c10::IValue drawn;
  try {
    drawn = model_->module.get_method("sample")({count, seed});
  } catch (const std::exception& error) {
    throw Error(
        ErrorKind::kInput,
        join_message(model_->name(), ": its method sample(n, seed) fails: ", exception_sentence(error)));
  }
  LATENTPATH_CHECK(drawn.isTensor() || drawn.isTensorList(), kInput, model_->name(),
                   ": sample(n, seed) must return the latents, a tensor or a list of tensors, not ",
                   drawn.tagKind());
  std::vector<Tensor> parts =
      drawn.isTensor() ? std::vector<Tensor>{drawn.toTensor()} : drawn.toTensorVector();
  for (Tensor& part : parts) part = part.to(at::kCPU, at::kDouble);
  return parts;
}

std::vector<Tensor> TorchScriptModule::forward_all(const Tensor& input) const {
  if (model_->function.forward) return {forward(input)};
  return model_->method.outputs(model_->run_method({input}));
}

size_t TorchScriptModule::settle(const std::vector<LatentLayout>& layouts) {
  LATENTPATH_ASSERT(!layouts.empty());
  Model& model = *model_;
  const at::NoGradGuard no_gradient;
  std::exception_ptr failure;  // the first
  std::string sentence;
  const size_t readings = model.function.forward ? 1 : model.method.readings();
  for (size_t i = 0; i < layouts.size(); ++i) {
    // Another shape cures a failure about shapes; a model's own complaint is to be heard.
    if (failure && !is_about_shapes(sentence)) break;
    for (size_t reading = 0; reading < readings; ++reading) {
      try {
        if (!model.function.forward) {
          model.method.choose_reading(reading);
          model.output_shape = model.try_layout(layouts[i]);
        }
        model.layout = layouts[i];
        return i;
      } catch (const Error& error) {
        if (failure) continue;
        failure = std::current_exception();
        sentence = error.what();
      }
    }
  }
  model.method.choose_reading(0);
  if (is_about_shapes(sentence)) model.explain_batch(layouts);
  std::rethrow_exception(failure);
}

Tensor TorchScriptModule::map_points(const Tensor& points) const {
  LATENTPATH_ASSERT(model_->layout.has_value());
  return model_->call_points(points, *model_->layout);
}

const std::vector<int64_t>& TorchScriptModule::output_shape() const { return model_->output_shape; }

std::vector<std::string> TorchScriptModule::notes() const {
  std::vector<std::string> sentences = model_->notes;
  for (const std::string& sentence : model_->method.notes()) sentences.push_back(sentence);
  return sentences;
}

bool TorchScriptModule::dtype_known() const { return model_->dtype_known; }
bool TorchScriptModule::takes_list() const { return model_->method.takes_parts(); }
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
