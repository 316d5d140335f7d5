#include "models/method_call.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "latentpath/core/error.h"
#include "latentpath/core/read_number.h"
#include "latentpath/io/tensor_file.h"

namespace latentpath {
namespace {

/// Larger than this, an input given for all points is not copied for each.
constexpr int64_t kMostCopied = int64_t{1} << 22;

/// The type, or what an Optional holds.
c10::TypePtr held_type(const c10::TypePtr& type) {
  return type->kind() == c10::TypeKind::OptionalType ? type->containedType(0) : type;
}

bool is_tensor(const c10::TypePtr& type) { return held_type(type)->kind() == c10::TypeKind::TensorType; }

bool is_list(const c10::TypePtr& type) {
  const c10::TypePtr held = held_type(type);
  return held->kind() == c10::TypeKind::ListType && is_tensor(held->containedType(0));
}

bool is_tuple(const c10::TypePtr& type) {
  const c10::TypePtr held = held_type(type);
  if (held->kind() != c10::TypeKind::TupleType) return false;
  const auto parts = held->containedTypes();
  return !parts.empty() && std::all_of(parts.begin(), parts.end(), is_tensor);
}

bool may_be_latent(const c10::TypePtr& type) { return is_tensor(type) || is_list(type) || is_tuple(type); }

bool are_whole(const std::string& text) {
  return text.find_first_not_of("0123456789,-+ ") == std::string::npos;
}

std::string type_word(at::ScalarType type) {
  if (type == at::kLong) return "int64";
  return type == at::kDouble ? "float64" : type == at::kBool ? "bool" : "float32";
}

}  // namespace

MethodCall::MethodCall(const torch::jit::Module& module, const std::string& name, const std::string& role,
                       const ModelSignature& signature, size_t latent_parts)
    : name_(name),
      role_(role),
      method_(signature.method.empty() ? "forward" : signature.method),
      output_(signature.output) {
  const auto method = module.find_method(method_);
  if (!method) {
    std::string others;
    for (const torch::jit::Method& each : module.get_methods())
      if (each.name().rfind("__", 0) != 0) others += (others.empty() ? "" : ", ") + each.name();
    const std::string field = signature_fields(role).method;
    throw Error(
        ErrorKind::kInput,
        join_message(name_, " has no ", method_, " method", others.empty() ? "" : "; it has " + others,
                     others.empty() || field.empty() ? "" : ": say with " + field + " which is meant"));
  }
  const auto& arguments = method->function().getSchema().arguments();
  inputs_.assign(
      arguments.begin() + std::min<std::ptrdiff_t>(1, static_cast<std::ptrdiff_t>(arguments.size())),
      arguments.end());
  LATENTPATH_CHECK(!inputs_.empty(), kInput, name_, ": ", method_, " takes no input");
  take_given(signature);
  find_latent(signature, latent_parts);
}

std::string MethodCall::input_list() const {
  std::string text;
  for (const c10::Argument& input : inputs_) text += (text.empty() ? "" : ", ") + input.name();
  return text;
}

size_t MethodCall::find_input(const std::string& name_or_number, const char* field) const {
  for (size_t i = 0; i < inputs_.size(); ++i)
    if (inputs_[i].name() == name_or_number) return i;
  const auto number = static_cast<size_t>(read_count(name_or_number).value_or(-1));
  LATENTPATH_CHECK(number < inputs_.size(), kArgument, "`", field, "` names '", name_or_number, "', but ",
                   method_, " of ", name_, " takes ", input_list());
  return number;
}

void MethodCall::take_given(const ModelSignature& signature) {
  for (const std::string& text : signature.inputs) {
    const auto [input, value] = parse_input(text);
    const size_t argument = find_input(input, "input");
    for (const Given& other : given_)
      LATENTPATH_CHECK(other.argument != argument, kArgument, "`input` gives '", other.name, "' twice");
    given_.push_back(read_given(argument, value));
  }
}

MethodCall::Given MethodCall::read_given(size_t argument, const std::string& text) const {
  const c10::Argument& input = inputs_[argument];
  Given given{.argument = argument, .name = input.name(), .text = text, .value = {}};
  const c10::TypePtr type = held_type(input.type());
  const bool optional = input.type()->kind() == c10::TypeKind::OptionalType;
  if (optional && (text == "none" || text == "None")) return given;
  const std::vector<double> numbers = read_number_list(text).value_or(std::vector<double>());
  const auto fits = [&](bool condition, const char* what) {
    LATENTPATH_CHECK(condition, kArgument, "`input` ", input.name(), " of ", name_, " is ", what, "; '", text,
                     "' is not");
  };
  if (type->kind() == c10::TypeKind::TensorType) {
    if (names_tensor_file(text)) {
      given.tensor = read_tensor_file(text);
      const bool whole = !at::isFloatingType(given.tensor.scalar_type());
      const bool one = given.tensor.dim() >= 1 && given.tensor.size(0) == 1;
      if (one) given.readings.push_back({Batch::kFirst, whole});
      given.readings.push_back({Batch::kRows, whole});
      if (given.tensor.dim() == 0) given.readings.push_back({Batch::kColumn, whole});
      given.readings.push_back({Batch::kAsItIs, whole});
      return given;
    }
    fits(!numbers.empty(), "a tensor, given as numbers (3; 0,0,1) or as a file (.npy, .npz, .csv, .pt)");
    const bool one = numbers.size() == 1, whole = are_whole(text);
    given.tensor = at::tensor(numbers, at::kDouble);
    if (one) given.tensor = given.tensor.squeeze(0);
    // A single whole number is a label first, a list of them one-hot or an embedding.
    if (one && whole) given.readings.push_back({Batch::kRows, true});
    given.readings.push_back({Batch::kRows, false});
    if (!one && whole) given.readings.push_back({Batch::kRows, true});
    if (one) given.readings.push_back({Batch::kColumn, false});
    if (one && whole) given.readings.push_back({Batch::kColumn, true});
    given.readings.push_back({Batch::kAsItIs, false});
    if (whole) given.readings.push_back({Batch::kAsItIs, true});
  } else if (type->kind() == c10::TypeKind::FloatType) {
    fits(numbers.size() == 1, "a number");
    given.value = numbers[0];
  } else if (type->kind() == c10::TypeKind::IntType) {
    fits(numbers.size() == 1 && are_whole(text), "a whole number");
    given.value = static_cast<int64_t>(numbers[0]);
  } else if (type->kind() == c10::TypeKind::BoolType) {
    fits(text == "true" || text == "false" || text == "True" || text == "False", "true or false");
    given.value = text == "true" || text == "True";
  } else if (type->kind() == c10::TypeKind::StringType) {
    given.value = text;
  } else {
    throw Error(ErrorKind::kArgument, join_message("`input` ", input.name(), " of ", name_, " is a ",
                                                   input.type()->annotation_str(),
                                                   ", which cannot be given: export a module that holds it"));
  }
  return given;
}

void MethodCall::find_latent(const ModelSignature& signature, size_t latent_parts) {
  const auto is_given = [&](size_t i) {
    return std::any_of(given_.begin(), given_.end(), [i](const Given& given) { return given.argument == i; });
  };
  std::vector<size_t> needed, possible;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    if (is_given(i)) continue;
    if (!inputs_[i].default_value()) needed.push_back(i);
    if (may_be_latent(inputs_[i].type())) possible.push_back(i);
  }
  const bool several =
      latent_parts > 1 && signature.latent_input.empty() && needed.size() == latent_parts &&
      std::all_of(needed.begin(), needed.end(), [&](size_t i) { return is_tensor(inputs_[i].type()); });
  if (several) {
    latent_ = Latent::kInputs;
    latent_inputs_ = needed;
    return;
  }
  size_t latent = inputs_.size();
  if (!signature.latent_input.empty()) {
    latent = find_input(signature.latent_input, "latent_input");
    LATENTPATH_CHECK(!is_given(latent), kArgument, "`latent_input` and `input` both name '",
                     inputs_[latent].name(), "'");
  } else {
    for (const std::vector<size_t>& list : {needed, possible})
      for (const size_t i : list)
        if (latent == inputs_.size() && may_be_latent(inputs_[i].type())) latent = i;
    if (latent == inputs_.size()) latent = needed.empty() ? 0 : needed[0];
  }
  const c10::TypePtr type = inputs_[latent].type();
  LATENTPATH_CHECK(
      may_be_latent(type) && !is_given(latent), kInput, name_, ": ", method_, "'s input '",
      inputs_[latent].name(), "' is a ", type->annotation_str(),
      ", and must be a Tensor [n, D] or a List[Tensor]; export a module whose forward takes one of "
      "these and calls this one");
  latent_ = is_tensor(type) ? Latent::kTensor : is_list(type) ? Latent::kList : Latent::kTuple;
  latent_inputs_ = {latent};
  std::string missing;
  for (const size_t i : needed)
    if (i != latent) missing += (missing.empty() ? "'" : ", '") + inputs_[i].name() + "'";
  if (missing.empty()) return;
  LATENTPATH_CHECK(!signature_fields(role_).inputs.empty(), kInput, name_, ": ", method_, " needs ", missing,
                   " beside '", inputs_[latent].name(),
                   "'; export a module that takes one input and calls this one with the others");
  throw Error(ErrorKind::kInput,
              join_message(name_, ": ", method_, " needs ", missing, " beside the latent '",
                           inputs_[latent].name(), "': give each with `input`, like ",
                           inputs_[needed.back() == latent ? needed[0] : needed.back()].name(),
                           "=3 or a file, and say with `latent_input` where another one is the latent"));
}

void MethodCall::place_inputs(at::Device device, at::ScalarType dtype) {
  device_ = device;
  dtype_ = dtype;
  for (Given& given : given_)
    if (given.tensor.defined()) given.tensor = given.tensor.to(device);
}

size_t MethodCall::readings() const {
  size_t count = 1;
  for (const Given& given : given_) count *= std::max<size_t>(1, given.readings.size());
  return count;
}

void MethodCall::choose_reading(size_t number) {
  for (Given& given : given_) {
    const size_t choices = std::max<size_t>(1, given.readings.size());
    given.reading = number % choices;
    number /= choices;
  }
}

at::Tensor MethodCall::handed_over(const Given& given, int64_t points, at::Device device,
                                   at::ScalarType dtype) {
  const Reading& reading = given.readings[given.reading];
  const bool truth = given.tensor.scalar_type() == at::kBool;
  at::Tensor one = given.tensor.to(device, truth ? at::kBool : reading.whole ? at::kLong : dtype);
  if (reading.batch == Batch::kAsItIs) return one;
  if (reading.batch == Batch::kColumn) return one.reshape({1, 1}).expand({points, 1}).contiguous();
  std::vector<int64_t> sizes = one.sizes().vec();
  at::Tensor row = one;
  if (reading.batch == Batch::kFirst)
    sizes[0] = points;
  else
    sizes.insert(sizes.begin(), points), row = one.unsqueeze(0);
  const at::Tensor rows = row.expand(sizes);
  return rows.numel() <= kMostCopied ? rows.contiguous() : rows;
}

std::vector<std::string> MethodCall::notes() const {
  std::vector<std::string> sentences;
  for (const Given& given : given_) {
    std::string how;
    if (given.tensor.defined()) {
      const at::Tensor two = handed_over(given, 2, device_, dtype_);
      std::string shape = shape_string(two.sizes());
      if (given.readings[given.reading].batch != Batch::kAsItIs) shape.replace(1, 1, "n");
      how = join_message(", as ", type_word(two.scalar_type()), " ", shape);
    }
    sentences.push_back(
        join_message("the ", role_, "'s input '", given.name, "' is ", given.text, " at every point", how));
  }
  return sentences;
}

std::vector<c10::IValue> MethodCall::arguments(const std::vector<at::Tensor>& latent, int64_t points) const {
  std::vector<c10::IValue> values;
  size_t part = 0;
  for (size_t i = 0; i < inputs_.size(); ++i) {
    const auto given =
        std::find_if(given_.begin(), given_.end(), [i](const Given& each) { return each.argument == i; });
    if (given != given_.end()) {
      values.push_back(given->tensor.defined() ? handed_over(*given, points, device_, dtype_) : given->value);
    } else if (std::find(latent_inputs_.begin(), latent_inputs_.end(), i) == latent_inputs_.end()) {
      values.push_back(*inputs_[i].default_value());
    } else if (latent_ == Latent::kList) {
      values.emplace_back(c10::List<at::Tensor>(latent));
    } else if (latent_ == Latent::kTuple) {
      values.emplace_back(c10::ivalue::Tuple::create(std::vector<c10::IValue>(latent.begin(), latent.end())));
    } else {
      values.emplace_back(latent.at(part++));
    }
  }
  return values;
}

std::vector<MethodCall::Named> MethodCall::named(const c10::IValue& value) const {
  std::vector<Named> parts;
  const auto add = [&](const std::string& name, const c10::IValue& part) {
    if (part.isTuple() || part.isList() || part.isGenericDict())
      for (Named& inner : named(part)) parts.push_back({name + "." + inner.name, std::move(inner.value)});
    else
      parts.push_back({name, part});
  };
  if (value.isTuple()) {
    const auto& elements = value.toTupleRef().elements();
    const auto type = value.type()->cast<c10::TupleType>();
    const auto schema = type ? type->schema() : nullptr;
    for (size_t i = 0; i < elements.size(); ++i)
      add(schema ? schema->arguments()[i].name() : std::to_string(i), elements[i]);
  } else if (value.isList()) {
    size_t count = 0;
    for (const c10::IValue& part : value.toListRef()) add(std::to_string(count++), part);
  } else if (value.isGenericDict()) {
    size_t count = 0;
    for (const auto& entry : value.toGenericDict())
      add(entry.key().isString() ? entry.key().toStringRef() : std::to_string(count++), entry.value());
  }
  return parts;
}

std::vector<at::Tensor> MethodCall::outputs(const c10::IValue& value) const {
  if (!output_.empty()) return {output(value)};
  if (value.isTensor()) return {value.toTensor()};
  std::vector<at::Tensor> tensors;
  for (const Named& part : named(value))
    if (part.value.isTensor()) tensors.push_back(part.value.toTensor());
  LATENTPATH_CHECK(!tensors.empty(), kInput, name_, " must return a tensor, or several, not ",
                   value.tagKind());
  return tensors;
}

at::Tensor MethodCall::output(const c10::IValue& value) const {
  const std::string field = signature_fields(role_).output;
  if (value.isTensor()) {
    LATENTPATH_CHECK(output_.empty() || output_ == "0" || output_ == "all", kArgument, field, " is '",
                     output_, "', but ", name_, " returns one tensor");
    return value.toTensor();
  }
  const std::vector<Named> parts = named(value);
  std::vector<at::Tensor> tensors;
  std::string list;
  for (const Named& part : parts) {
    if (!part.value.isTensor()) continue;
    tensors.push_back(part.value.toTensor());
    list += join_message(list.empty() ? "" : ", ", part.name, " ", shape_string(tensors.back().sizes()));
  }
  LATENTPATH_CHECK(!tensors.empty(), kInput, name_, " must return one tensor, not ", value.tagKind(),
                   "; export a module that returns the one that is meant");
  if (output_.empty()) {
    if (tensors.size() == 1) return tensors[0];
    throw Error(
        ErrorKind::kInput,
        join_message(name_, " returns ", tensors.size(), " tensors (", list, ")",
                     field.empty()
                         ? std::string("; export a module that returns the one that is meant, or several as "
                                       "one: torch.cat([a.flatten(1), b.flatten(1)], 1)")
                         : ": say with " + field +
                               " which is meant, by its name or number, or all for all "
                               "of them side by side"));
  }
  for (size_t i = 0; i < parts.size(); ++i)
    if ((parts[i].name == output_ || std::to_string(i) == output_) && parts[i].value.isTensor())
      return parts[i].value.toTensor();
  LATENTPATH_CHECK(output_ == "all", kArgument, field, " is '", output_, "', but ", name_, " returns ", list);
  std::vector<at::Tensor> flat;
  for (const at::Tensor& tensor : tensors) {
    LATENTPATH_CHECK(
        tensor.dim() >= 1 && tensor.size(0) == tensors[0].size(0) && at::isFloatingType(tensor.scalar_type()),
        kArgument, field, " all puts real tensors [n, …] side by side, and ", name_, " returns ", list);
    flat.push_back(tensor.flatten(tensor.dim() > 1 ? 1 : 0).reshape({tensor.size(0), -1}));
  }
  return at::cat(flat, 1);
}

}  // namespace latentpath
