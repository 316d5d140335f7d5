#include "latentpath/run/end_points.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/io/image.h"
#include "latentpath/io/npy.h"
#include "latentpath/models/input_adapter.h"
#include "latentpath/run/text_values.h"

namespace latentpath {
namespace {

bool is_literal(const std::string& spec) {
  return spec.find_first_not_of("0123456789+-.eE, ") == std::string::npos &&
         spec.find_first_of("0123456789") != std::string::npos;
}

OptionTable<EndPointOptions> make_table() {
  using O = EndPointOptions;
  return OptionTable<O>()
      .group("End points")
      .add("from", &O::from)
      .help("Start: FILE.npy ([D] or [pairs, D]), seed:N, class:C, image:FILE, or 1.0,2.0,...")
      .names_file()
      .add("to", &O::to)
      .help("End, likewise")
      .names_file()
      .add("pairs", &O::pairs)
      .help("Both ends of many paths: FILE.npy of shape [pairs, 2, D]")
      .names_file()
      .add("loop", &O::loop)
      .help("Return to the start")
      .add("any-endpoint", &O::any_endpoint)
      .help("Allow ends far outside the prior");
}

}  // namespace

const OptionTable<EndPointOptions>& end_point_option_table() {
  static const OptionTable<EndPointOptions> table = make_table();
  return table;
}

void check_not_interrupted(const CancellationToken& cancellation) {
  LATENTPATH_CHECK(!cancellation.cancelled(), kInterrupted,
                   "interrupted before there was a path; nothing is saved");
}

ImageFormat encoder_input(const TorchScriptModule& encoder, const std::optional<ValueRange>& output_range,
                          const std::vector<int64_t>& decoded, const std::vector<int64_t>& given,
                          std::vector<std::string>& assumed) {
  const std::string name = "the encoder " + encoder.file().string();
  ImageFormat to;
  to.range = encoder.range_attribute("input_range");
  to.mean = encoder.numbers_attribute("input_mean").value_or(std::vector<double>{});
  to.std = encoder.numbers_attribute("input_std").value_or(std::vector<double>{});
  if (!to.range) {
    const bool as_decoder = to.mean.empty() && output_range;
    to.range = as_decoder ? *output_range : ValueRange{0, 1};
    assumed.push_back(join_message(name, " does not state its input_range: values in [", to.range->low, ", ",
                                   to.range->high, "] are assumed",
                                   as_decoder ? ", as its decoder gives" : ""));
  }
  if (const auto shape = encoder.numbers_attribute("input_shape")) {
    for (const double extent : *shape) to.shape.push_back(static_cast<int64_t>(extent));
    return to;
  }
  if (decoded.size() == 3 && (decoded[0] == 1 || decoded[0] == 3)) to.shape = decoded;
  if (!to.shape.empty() && to.shape != given)
    assumed.push_back(join_message(name, " does not state its input_shape: ", shape_string(to.shape),
                                   " is assumed, as its decoder gives"));
  return to;
}

std::function<Tensor(const Tensor&)> encoder_of_images(std::shared_ptr<const TorchScriptModule> encoder,
                                                       const Embedding& decoder, at::ScalarType dtype,
                                                       const std::optional<ValueRange>& output_range,
                                                       std::vector<std::string>& notes) {
  const at::NoGradGuard no_gradient;
  const int64_t dim = decoder.latent_dim();
  const std::string name = "the encoder " + encoder->file().string();
  try {
    const Tensor decoded = decoder(at::zeros({2, dim}, dtype));
    const std::vector<int64_t> shape = decoded.sizes().slice(1).vec();
    std::vector<std::string> assumed;
    const ImageFormat to = encoder_input(*encoder, output_range, shape, shape, assumed);
    // Values that nobody states are passed on as they are.
    const auto adapter = std::make_shared<const InputAdapter>(
        ImageFormat{output_range ? output_range : to.range, {}, {}, shape}, to, "the decoder", name);
    const auto encode = [encoder = std::move(encoder), adapter, dtype](const Tensor& images) {
      return encoder->forward_all((*adapter)(images))[0].to(dtype);
    };
    const Tensor code = encode(decoded);
    LATENTPATH_CHECK(code.dim() == 2 && code.size(0) == 2 && code.size(1) == dim, kInput, name, " gives ",
                     shape_string(code.sizes()), "; the decoder's latent size is ", dim);
    append(notes, assumed);
    return encode;
  } catch (const Error& error) {
    notes.push_back(std::string("no cycle error is reported: ") + error.what());
    return {};
  }
}

int64_t EndPointReader::latent_dim_of(const EndPointOptions& options) {
  if (options.start.defined() && options.start.dim() == 2) return options.start.size(1);
  for (const std::string& spec : {options.pairs, options.from, options.to}) {
    if (spec.empty()) continue;
    if (is_npy(spec)) {
      const Tensor array = read_npy(spec);
      if (array.dim() >= 1) return array.size(-1);
    } else if (is_literal(spec)) {
      return static_cast<int64_t>(parse_numbers("from", spec).size());
    }
  }
  return -1;
}

std::pair<Tensor, Tensor> EndPointReader::given(int64_t dim) const {
  LATENTPATH_CHECK(options_.from.empty() && options_.to.empty() && options_.pairs.empty() && !options_.loop,
                   kArgument,
                   "end points are given as tensors: `from`, `to`, `pairs` and `loop` cannot be given too");
  const auto check = [&](const Tensor& points, const char* field) {
    LATENTPATH_CHECK(points.defined() && points.dim() == 2 && points.size(0) >= 1 && points.size(1) == dim,
                     kArgument, "`", field, "` must have the shape [pairs, ", dim, "] for this decoder, not ",
                     points.defined() ? shape_string(points.sizes()) : std::string("none"));
    return floating(points, join_message("`", field, "`"));
  };
  const Tensor start = check(options_.start, "from"), end = check(options_.end, "to");
  LATENTPATH_CHECK(start.size(0) == end.size(0), kArgument, "`from` has ", start.size(0),
                   " points and `to` has ", end.size(0), "; they must be as many");
  const auto type = at::promote_types(start.scalar_type(), end.scalar_type());
  return {start.to(type), end.to(type)};
}

std::pair<Tensor, Tensor> EndPointReader::read() {
  const int64_t dim = context_.decoder->latent_dim();
  if (options_.start.defined()) return given(dim);
  if (!options_.pairs.empty()) {
    LATENTPATH_CHECK(options_.from.empty() && options_.to.empty() && !options_.loop, kArgument,
                     "`pairs` already holds both ends: `from`, `to` and `loop` cannot be given with it");
    const Tensor pairs = floating(read_npy(options_.pairs), options_.pairs);
    LATENTPATH_CHECK(pairs.dim() == 3 && pairs.size(0) >= 1 && pairs.size(1) == 2 && pairs.size(2) == dim,
                     kInput, options_.pairs, " must have the shape [pairs, 2, ", dim,
                     "] for this decoder, not ", shape_string(pairs.sizes()));
    return {pairs.select(1, 0).contiguous(), pairs.select(1, 1).contiguous()};
  }
  LATENTPATH_CHECK(!options_.from.empty(), kArgument,
                   "an end point is missing: give `from` and `to`, `from` and `loop`, or `pairs`");
  LATENTPATH_CHECK(options_.loop || !options_.to.empty(), kArgument,
                   "`to` is missing: give the other end, or `loop` to return to `from`");
  LATENTPATH_CHECK(!options_.loop || options_.to.empty(), kArgument,
                   "`loop` returns to `from`: `to` cannot be given with it");
  Tensor start = point("from", options_.from, 0);
  Tensor end = options_.loop ? start.clone() : point("to", options_.to, 1);
  if (start.size(0) == 1 && end.size(0) > 1) start = start.expand_as(end).contiguous();
  if (end.size(0) == 1 && start.size(0) > 1) end = end.expand_as(start).contiguous();
  LATENTPATH_CHECK(start.size(0) == end.size(0), kInput, "`from` has ", start.size(0),
                   " points and `to` has ", end.size(0), "; they must be as many, or one of them 1");
  const auto type = at::promote_types(start.scalar_type(), end.scalar_type());
  return {start.to(type), end.to(type)};
}

Tensor EndPointReader::floating(const Tensor& array, const std::string& file) const {
  LATENTPATH_CHECK(at::isFloatingType(array.scalar_type()), kInput, file,
                   " must hold float32 or float64 numbers, not ", c10::toString(array.scalar_type()),
                   ": save it as x.astype('float32')");
  LATENTPATH_CHECK(at::isfinite(array).all().item<bool>(), kInput, file, " holds NaN or infinite numbers");
  return context_.convert_arrays ? array.to(context_.dtype) : array;
}

Tensor EndPointReader::point(const std::string& field, const std::string& spec, uint64_t which) {
  const int64_t dim = context_.decoder->latent_dim();
  if (const auto seed = text_after("seed:", spec)) {
    LATENTPATH_CHECK(
        !seed->empty() && seed->find_first_not_of("0123456789") == std::string::npos && seed->size() < 19,
        kArgument, "`", field, "` ", spec, ": a seed is a whole number, 0 or more");
    auto generator = make_generator(std::stoull(*seed));
    return context_.prior->sample(1, generator).to(context_.dtype);
  }
  if (const auto name = text_after("class:", spec)) return sample_of_class(field, *name, which);
  if (const auto file = text_after("image:", spec)) return encode(field, *file);
  if (is_npy(spec)) {
    Tensor array = floating(read_npy(spec), spec);
    if (array.dim() == 1) array = array.unsqueeze(0);
    LATENTPATH_CHECK(array.dim() == 2 && array.size(0) >= 1 && array.size(1) == dim, kInput, spec,
                     " must have the shape [", dim, "] or [pairs, ", dim, "] for this decoder, not ",
                     shape_string(array.sizes()));
    return array;
  }
  if (is_literal(spec)) {
    const auto numbers = parse_numbers(field, spec);
    LATENTPATH_CHECK(static_cast<int64_t>(numbers.size()) == dim, kArgument, "`", field, "` has ",
                     numbers.size(), " numbers; the decoder's latent size is ", dim);
    return at::tensor(numbers, at::kDouble).to(context_.dtype).unsqueeze(0);
  }
  throw Error(ErrorKind::kArgument,
              join_message("`", field, "` '", spec,
                           "' is none of FILE.npy, seed:N, class:C, image:FILE, or numbers like "
                           "0.5,-1.2"));
}

Tensor EndPointReader::sample_of_class(const std::string& field, const std::string& name, uint64_t which) {
  LATENTPATH_CHECK(context_.classifier != nullptr, kArgument, "`", field, "` class:", name,
                   " needs a `classifier`");
  const Classifier& classifier = *context_.classifier;
  const int64_t wanted = classifier.class_index(name);
  auto generator = make_generator(context_.seed * 2 + which + 1);
  const at::NoGradGuard no_gradient;
  double best = -1;
  bool likeliest = false;
  Tensor best_point;
  const int64_t most = 32768, batch = 256;
  for (int64_t drawn = 0; drawn < most; drawn += batch) {
    check_not_interrupted(context_.cancellation);
    const Tensor z = context_.prior->sample(batch, generator).to(context_.dtype);
    const Tensor all = classifier.probabilities(classifier.takes_latent() ? z : (*context_.decoder)(z));
    const Tensor p = all.select(1, wanted);
    const auto good = (p >= 0.9).nonzero();
    if (good.size(0) > 0) return z.narrow(0, good[0][0].item<int64_t>(), 1).clone();
    const int64_t row = p.argmax().item<int64_t>();
    if (p[row].item<double>() <= best) continue;
    best = p[row].item<double>();
    likeliest = classifier.exclusive() ? all[row].argmax().item<int64_t>() == wanted : best >= 0.5;
    best_point = z.narrow(0, row, 1).clone();
  }
  LATENTPATH_CHECK(likeliest, kNumerical, "`", field, "` class:", name, ": none of ", most,
                   " prior samples is of this class (the best has a probability of ", best, ")");
  warnings_.push_back(join_message("`", field, "` class:", name, ": none of ", most,
                                   " prior samples reaches a probability of 0.9; the one taken has ", best));
  return best_point;
}

void EndPointReader::note(const std::string& sentence) {
  if (std::find(notes_.begin(), notes_.end(), sentence) == notes_.end()) notes_.push_back(sentence);
}

Tensor EndPointReader::encode(const std::string& field, const std::string& file) {
  LATENTPATH_CHECK(context_.encoder != nullptr, kArgument, "`", field, "` image:", file,
                   " needs an `encoder` that belongs to the decoder");
  const at::NoGradGuard no_gradient;
  const TorchScriptModule& encoder = *context_.encoder;
  const int64_t dim = context_.decoder->latent_dim();
  const Tensor picture = read_image(file, &warnings_).permute({2, 0, 1}).to(at::kFloat).div(255).unsqueeze(0);
  const ImageFormat from{ValueRange{0, 1}, {}, {}, picture.sizes().slice(1).vec()};
  const std::string name = "the encoder " + encoder.file().string();
  const auto decoded = (*context_.decoder)(at::zeros({1, dim}, context_.dtype)).sizes().slice(1);
  std::vector<std::string> assumed;
  const ImageFormat to = encoder_input(encoder, context_.output_range, decoded.vec(), from.shape, assumed);
  for (const std::string& sentence : assumed) note(sentence);
  const InputAdapter adapter(from, to, "the picture " + file, name);
  for (const std::string& step : adapter.steps()) note("before the encoder, " + file + ": " + step);
  const std::vector<Tensor> found = encoder.forward_all(adapter(picture));
  if (found.size() > 1)
    note(join_message(name, " returns ", found.size(), " tensors: the first is taken as the code"));
  const Tensor& code = found[0];
  LATENTPATH_CHECK(code.dim() == 2 && code.size(0) == 1 && code.size(1) == dim, kInput, name, " gives ",
                   shape_string(code.sizes()), "; the decoder's latent size is ", dim);
  return floating(code, name + " for " + file).to(context_.dtype);
}

}  // namespace latentpath
