#include "models/program_operations.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "latentpath/core/error.h"
#include "latentpath/core/tensor.h"
#include "models/newer_operators.h"

namespace latentpath {
namespace {

using c10::IValue;
using Values = std::vector<IValue>;

bool whole(const IValue& value) { return value.isInt() || value.isBool(); }
int64_t integer(const IValue& value) { return value.isBool() ? int64_t{value.toBool()} : value.toInt(); }
double real(const IValue& value) {
  return value.isDouble() ? value.toDouble() : static_cast<double>(integer(value));
}
bool truth(const IValue& value) { return value.isBool() ? value.toBool() : real(value) != 0; }

IValue checked(bool overflow, int64_t result) {
  LATENTPATH_CHECK(!overflow, kInput, "a size is too large for a 64-bit number");
  return result;
}

IValue add(const IValue& a, const IValue& b) {
  if (!whole(a) || !whole(b)) return real(a) + real(b);
  int64_t sum = 0;
  const bool overflow = __builtin_add_overflow(integer(a), integer(b), &sum);
  return checked(overflow, sum);
}
IValue subtract(const IValue& a, const IValue& b) {
  if (!whole(a) || !whole(b)) return real(a) - real(b);
  int64_t difference = 0;
  const bool overflow = __builtin_sub_overflow(integer(a), integer(b), &difference);
  return checked(overflow, difference);
}
IValue multiply(const IValue& a, const IValue& b) {
  if (!whole(a) || !whole(b)) return real(a) * real(b);
  int64_t product = 0;
  const bool overflow = __builtin_mul_overflow(integer(a), integer(b), &product);
  return checked(overflow, product);
}

/// Python's a // b, towards minus infinity.
int64_t floor_quotient(int64_t a, int64_t b) {
  LATENTPATH_CHECK(b != 0, kInput, "a size is divided by zero");
  LATENTPATH_CHECK(b != -1 || a != std::numeric_limits<int64_t>::min(), kInput, "a size is too large");
  return a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
}
IValue floor_divide(const IValue& a, const IValue& b) {
  if (whole(a) && whole(b)) return floor_quotient(integer(a), integer(b));
  return std::floor(real(a) / real(b));
}
IValue modulo(const IValue& a, const IValue& b) {
  if (whole(a) && whole(b)) return integer(a) - floor_quotient(integer(a), integer(b)) * integer(b);
  return real(a) - std::floor(real(a) / real(b)) * real(b);
}
IValue power(const IValue& a, const IValue& b) {
  if (!whole(a) || !whole(b) || integer(b) < 0) return std::pow(real(a), real(b));
  IValue result = int64_t{1};
  for (int64_t i = 0; i < std::min<int64_t>(integer(b), 64); ++i) result = multiply(result, a);
  return result;
}
int64_t truncated(double value) {
  LATENTPATH_CHECK(std::abs(value) < 9e18, kInput, "a size is too large for a 64-bit number");
  return static_cast<int64_t>(value);
}

using Arithmetic = IValue (*)(const Values&);

const std::map<std::string, std::pair<size_t, Arithmetic>>& arithmetic() {
  static const std::map<std::string, std::pair<size_t, Arithmetic>> table{
      {"add", {2, [](const Values& v) { return add(v[0], v[1]); }}},
      {"sub", {2, [](const Values& v) { return subtract(v[0], v[1]); }}},
      {"mul", {2, [](const Values& v) { return multiply(v[0], v[1]); }}},
      {"floordiv", {2, [](const Values& v) { return floor_divide(v[0], v[1]); }}},
      {"mod", {2, [](const Values& v) { return modulo(v[0], v[1]); }}},
      {"truediv", {2, [](const Values& v) { return IValue(real(v[0]) / real(v[1])); }}},
      {"pow", {2, [](const Values& v) { return power(v[0], v[1]); }}},
      {"neg", {1, [](const Values& v) { return subtract(int64_t{0}, v[0]); }}},
      {"pos", {1, [](const Values& v) { return v[0]; }}},
      {"eq", {2, [](const Values& v) { return IValue(real(v[0]) == real(v[1])); }}},
      {"ne", {2, [](const Values& v) { return IValue(real(v[0]) != real(v[1])); }}},
      {"lt", {2, [](const Values& v) { return IValue(real(v[0]) < real(v[1])); }}},
      {"le", {2, [](const Values& v) { return IValue(real(v[0]) <= real(v[1])); }}},
      {"gt", {2, [](const Values& v) { return IValue(real(v[0]) > real(v[1])); }}},
      {"ge", {2, [](const Values& v) { return IValue(real(v[0]) >= real(v[1])); }}},
      {"and_", {2, [](const Values& v) { return IValue(truth(v[0]) && truth(v[1])); }}},
      {"or_", {2, [](const Values& v) { return IValue(truth(v[0]) || truth(v[1])); }}},
      {"sym_not", {1, [](const Values& v) { return IValue(!truth(v[0])); }}},
      {"sym_ite", {3, [](const Values& v) { return truth(v[0]) ? v[1] : v[2]; }}},
      {"sym_max", {2, [](const Values& v) { return real(v[0]) >= real(v[1]) ? v[0] : v[1]; }}},
      {"sym_min", {2, [](const Values& v) { return real(v[0]) <= real(v[1]) ? v[0] : v[1]; }}},
      {"sym_int", {1, [](const Values& v) { return whole(v[0]) ? v[0] : IValue(truncated(real(v[0]))); }}},
      {"trunc", {1, [](const Values& v) { return whole(v[0]) ? v[0] : IValue(truncated(real(v[0]))); }}},
      {"floor", {1, [](const Values& v) { return IValue(truncated(std::floor(real(v[0])))); }}},
      {"ceil", {1, [](const Values& v) { return IValue(truncated(std::ceil(real(v[0])))); }}},
      {"sym_float", {1, [](const Values& v) { return IValue(real(v[0])); }}},
      {"sym_sqrt", {1, [](const Values& v) { return IValue(std::sqrt(real(v[0]))); }}},
  };
  return table;
}

/// The arguments of a call, by their names in PyTorch's schema; where the file names none, by place.
class Arguments {
 public:
  Arguments(const std::vector<std::string>& names, Values values)
      : names_(names), values_(std::move(values)) {}

  /// None where it is not given.
  IValue get(const std::string& name) const {
    for (size_t i = 0; i < names_.size(); ++i)
      if (names_[i] == name) return values_[i];
    return {};
  }
  Tensor tensor(const std::string& name) const {
    const IValue value = get(name);
    LATENTPATH_CHECK(value.isTensor(), kInput, "its argument '", name, "' is no tensor");
    return value.toTensor();
  }
  /// Undefined where it is none.
  Tensor optional_tensor(const std::string& name) const {
    const IValue value = get(name);
    return value.isTensor() ? value.toTensor() : Tensor();
  }
  std::optional<double> optional_number(const std::string& name) const {
    const IValue value = get(name);
    return value.isNone() ? std::nullopt : std::optional<double>(real(value));
  }
  double number(const std::string& name, double otherwise) const {
    return optional_number(name).value_or(otherwise);
  }
  bool flag(const std::string& name) const {
    const IValue value = get(name);
    return !value.isNone() && truth(value);
  }
  std::vector<int64_t> integers(const std::string& name) const {
    const IValue value = get(name);
    if (value.isInt()) return {value.toInt()};
    LATENTPATH_CHECK(value.isIntList(), kInput, "its argument '", name, "' is no list of whole numbers");
    return value.toIntVector();
  }

 private:
  const std::vector<std::string>& names_;
  Values values_;
};

Tensor attention_of(const Arguments& arguments) {
  LATENTPATH_CHECK(arguments.number("dropout_p", 0) == 0, kInput,
                   "attention has a dropout, which draws random numbers: export the model after .eval()");
  Tensor mask = arguments.optional_tensor("attn_mask");
  if (!mask.defined()) mask = arguments.optional_tensor("attn_bias");
  return attention(arguments.tensor("query"), arguments.tensor("key"), arguments.tensor("value"), mask,
                   arguments.flag("is_causal"), arguments.optional_number("scale"),
                   arguments.flag("enable_gqa"));
}

/// The norm, and the scale that the fused operator gives with it.
Values root_mean_square_norm(const Arguments& arguments) {
  const Tensor input = arguments.tensor("input");
  const Tensor scale = root_mean_square_scale(input, arguments.integers("normalized_shape").size(),
                                              arguments.optional_number("eps"));
  const Tensor weight = arguments.optional_tensor("weight");
  return {weight.defined() ? input * scale * weight : input * scale, scale};
}

Tensor squeeze_dimensions(const Arguments& arguments) {
  Tensor result = arguments.tensor("self");
  const int64_t rank = result.dim();
  std::set<int64_t, std::greater<>> dimensions;
  for (const int64_t dimension : arguments.integers("dim"))
    dimensions.insert(dimension < 0 ? dimension + rank : dimension);
  for (const int64_t dimension : dimensions) result = result.squeeze(dimension);
  return result;
}

/// Rows that are masked whole give zeros.
Tensor safe_softmax(const Arguments& arguments) {
  const Tensor self = arguments.tensor("self");
  const auto dimension = static_cast<int64_t>(arguments.number("dim", -1));
  const Tensor masked = (self == -std::numeric_limits<double>::infinity()).all(dimension, true);
  return at::softmax(self.masked_fill(masked, 0), dimension).masked_fill(masked, 0);
}

Values batch_norm_of_running_statistics(const Arguments& arguments) {
  const auto [output, mean, scale] = at::native_batch_norm(
      arguments.tensor("input"), arguments.optional_tensor("weight"), arguments.optional_tensor("bias"),
      arguments.tensor("running_mean"), arguments.tensor("running_var"), /*training=*/false,
      arguments.number("momentum", 0.1), arguments.number("eps", 1e-5));
  return {output, mean, scale};
}

/// The operator of another name with the same arguments.
Values indexed(const Arguments& arguments) {
  Values stack{arguments.get("self"), arguments.get("indices")};
  c10::Dispatcher::singleton().findSchemaOrThrow("aten::index", "Tensor").callBoxed(stack);
  return stack;
}

/// Fused attention gives its result first; what else it gives serves its own derivative alone.
Values fused_attention(const Arguments& arguments) {
  return {attention_of(arguments), {}, {}, {}, {}, {}, {}, {}, {}};
}

using StandIn = Values (*)(const Arguments&);

const std::map<std::string, StandIn>& stand_ins() {
  static const std::map<std::string, StandIn> table{
      {"aten::scaled_dot_product_attention", [](const Arguments& a) { return Values{attention_of(a)}; }},
      {"aten::_scaled_dot_product_flash_attention_for_cpu", fused_attention},
      {"aten::_scaled_dot_product_flash_attention", fused_attention},
      {"aten::_scaled_dot_product_efficient_attention", fused_attention},
      {"aten::_scaled_dot_product_cudnn_attention", fused_attention},
      {"aten::_scaled_dot_product_attention_math", fused_attention},
      {"aten::rms_norm", [](const Arguments& a) { return Values{root_mean_square_norm(a)[0]}; }},
      {"aten::_fused_rms_norm", root_mean_square_norm},
      {"aten::squeeze.dims", [](const Arguments& a) { return Values{squeeze_dimensions(a)}; }},
      {"aten::_safe_softmax", [](const Arguments& a) { return Values{safe_softmax(a)}; }},
      {"aten::_native_batch_norm_legit_no_training", batch_norm_of_running_statistics},
      {"aten::_unsafe_index.Tensor", indexed},
      {"aten::sym_size.int",
       [](const Arguments& a) {
         return Values{a.tensor("self").size(static_cast<int64_t>(a.number("dim", 0)))};
       }},
      {"aten::sym_stride.int",
       [](const Arguments& a) {
         return Values{a.tensor("self").stride(static_cast<int64_t>(a.number("dim", 0)))};
       }},
      {"aten::sym_numel", [](const Arguments& a) { return Values{a.tensor("self").numel()}; }},
      {"aten::sym_storage_offset",
       [](const Arguments& a) { return Values{a.tensor("self").storage_offset()}; }},
      {"prims::convert_element_type",
       [](const Arguments& a) {
         return Values{a.tensor("a").to(static_cast<at::ScalarType>(a.get("dtype").toInt()))};
       }},
      {"prims::view_of", [](const Arguments& a) { return Values{a.tensor("a").alias()}; }},
  };
  return table;
}

}  // namespace

Operation arithmetic_operation(const std::string& target) {
  const size_t dot = target.find('.');
  if (dot == std::string::npos) return {};
  const std::string module = target.substr(0, dot);
  if (module != "_operator" && module != "operator" && module != "math" && module != "torch") return {};
  std::string name = target.substr(dot + 1);
  if (name == "_sym_sqrt") name = "sym_sqrt";
  const auto found = arithmetic().find(name);
  if (found == arithmetic().end()) return {};
  const auto [count, function] = found->second;
  return [count = count, function = function, target](Values& stack) {
    LATENTPATH_CHECK(stack.size() == count, kInput, target, " takes ", count, " arguments, not ",
                     stack.size());
    IValue result = function(stack);
    stack.clear();
    stack.push_back(std::move(result));
  };
}

Operation stand_in_operation(const std::string& name, const std::vector<std::string>& arguments) {
  const auto found = stand_ins().find(name);
  if (found == stand_ins().end()) return {};
  return [function = found->second, arguments](Values& stack) {
    stack = function(Arguments(arguments, std::move(stack)));
  };
}

bool prefers_stand_in(const std::string& name) {
  return name.rfind("aten::sym_", 0) == 0 || name.rfind("aten::_scaled_dot_product", 0) == 0;
}

bool is_assertion(const std::string& name) {
  static const std::set<std::string> names{"aten::_assert_tensor_metadata",
                                           "aten::_assert_scalar",
                                           "aten::_assert_async",
                                           "aten::_assert_async.msg",
                                           "aten::sym_constrain_range",
                                           "aten::sym_constrain_range_for_size",
                                           "aten::_functional_assert_scalar",
                                           "aten::_functional_assert_async.msg"};
  return names.count(name) > 0;
}

bool draws_random_numbers(const std::string& name) {
  const std::string base = name.substr(0, name.find('.'));
  static const std::set<std::string> names{"rand",
                                           "randn",
                                           "randint",
                                           "randperm",
                                           "rand_like",
                                           "randn_like",
                                           "randint_like",
                                           "bernoulli",
                                           "bernoulli_",
                                           "normal",
                                           "normal_",
                                           "uniform",
                                           "uniform_",
                                           "exponential",
                                           "exponential_",
                                           "multinomial",
                                           "poisson",
                                           "log_normal_",
                                           "cauchy_",
                                           "geometric_",
                                           "random_",
                                           "dropout",
                                           "dropout_",
                                           "alpha_dropout",
                                           "alpha_dropout_",
                                           "feature_dropout",
                                           "feature_dropout_",
                                           "feature_alpha_dropout",
                                           "native_dropout",
                                           "rrelu",
                                           "rrelu_",
                                           "rrelu_with_noise",
                                           "normal_functional",
                                           "binomial"};
  return base.rfind("aten::", 0) == 0 && names.count(base.substr(6)) > 0;
}

}  // namespace latentpath
