#include "latentpath/run/end_points.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "latentpath/core/error.h"
#include "latentpath/core/random.h"
#include "latentpath/core/read_number.h"
#include "latentpath/io/image.h"
#include "latentpath/io/tensor_file.h"
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
      .help(
          "Start: FILE.npy, .npz, .csv or .pt ([D] or [pairs, D]), seed:N, class:C, image:FILE, or "
          "1.0,2.0,...")
      .names_file()
      .add("to", &O::to)
      .help(
          "End, likewise; or nearest:C, nearest:C@0.95: wherever the classifier gives class C this "
          "probability (else 0.99), or level-set:FILE: wherever this function of the latent is 0, and the "
          "path is the shortest there")
      .names_file()
      .add("pairs", &O::pairs)
      .help("Both ends of many paths: FILE.npy, .npz or .pt of shape [pairs, 2, D]")
      .names_file()
      .add("loop", &O::loop)
      .help("Return to the start")
      .add("through", &O::through)
      .help(
          "Point to pass on the way, likewise (of a file [points, D], all in turn); repeatable: one smooth "
          "tour through them all")
      .names_file()
      .add("closed", &O::closed)
      .help("A tour returns to its first point")
      .add("tours", &O::tours)
      .help("Points of many tours: FILE.npy, .npz or .pt of shape [tours, points, D]")
      .names_file()
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

namespace {

/// The extents that are not 1.
std::vector<int64_t> without_ones(at::IntArrayRef sizes) {
  std::vector<int64_t> extents;
  for (const int64_t extent : sizes)
    if (extent != 1) extents.push_back(extent);
  return extents;
}

int64_t product_of(const std::vector<int64_t>& shape) {
  int64_t product = 1;
  for (const int64_t extent : shape) product *= extent;
  return product;
}

/// Whether an array of these extents is one latent: a row of its numbers, or in its shape.
bool is_latent(at::IntArrayRef sizes, const std::vector<int64_t>& shape) {
  const std::vector<int64_t> extents = without_ones(sizes);
  return !sizes.empty() && (extents == without_ones(shape) || extents == without_ones({product_of(shape)}));
}

/// "[18, 512] or [9216]", with what stands before.
std::string latent_text(const std::vector<int64_t>& shape, const std::string& before) {
  const auto text = [&before](const std::vector<int64_t>& extents) {
    std::string list = "[" + before;
    for (size_t i = 0; i < extents.size(); ++i) list += join_message(i > 0 ? ", " : "", extents[i]);
    return list + "]";
  };
  const std::string row = text({product_of(shape)});
  return shape.size() > 1 ? text(shape) + " or " + row : row;
}

/// The mean where an encoder gives [n, 2 D], mean and log variance one after the other.
Tensor mean_of(const Tensor& code, int64_t dim, const std::string& name, std::vector<std::string>& notes) {
  const bool both =
      code.dim() >= 2 && code.size(1) % 2 == 0 && code.size(0) > 0 && code.numel() == 2 * dim * code.size(0);
  if (!both) return code;
  notes.push_back(name +
                  " gives twice as many numbers as a latent has: the first half is taken as the code, the "
                  "second as its log variance");
  return code.narrow(1, 0, code.size(1) / 2);
}

/// A code as a row of the latent.
Tensor row_of(const Tensor& code, int64_t points, int64_t dim, const std::string& name) {
  LATENTPATH_CHECK(code.dim() >= 2 && code.size(0) == points && code.numel() == points * dim, kInput, name,
                   " gives ", shape_string(code.sizes()), "; the decoder's latent size is ", dim);
  return code.reshape({points, dim});
}

}  // namespace

namespace {

/// An array [lists, points, …] of latents as [lists, points, D], `least` to `most` points each; `before` says
/// the first two extents.
Tensor lists_of_points(const Tensor& array, const std::vector<int64_t>& latent_shape, const std::string& file,
                       const std::string& before, int64_t least, int64_t most) {
  const auto sizes = array.sizes();
  LATENTPATH_CHECK(sizes.size() >= 3 && sizes[0] >= 1 && sizes[1] >= least && sizes[1] <= most &&
                       is_latent(sizes.slice(2), latent_shape),
                   kInput, file, " must have the shape ", latent_text(latent_shape, before),
                   " for this decoder", most > least ? join_message(", with ", least, " points or more") : "",
                   ", not ", shape_string(sizes));
  return array.reshape({sizes[0], sizes[1], product_of(latent_shape)});
}

}  // namespace

Tensor points_of(const Tensor& array, const std::vector<int64_t>& latent_shape, const std::string& file) {
  const int64_t dim = product_of(latent_shape);
  const auto sizes = array.sizes();
  if (array.numel() == dim && is_latent(sizes, latent_shape)) return array.reshape({1, dim});
  LATENTPATH_CHECK(sizes.size() >= 2 && sizes[0] >= 1 && is_latent(sizes.slice(1), latent_shape), kInput,
                   file, " must have the shape ", latent_text(latent_shape, ""), " or ",
                   latent_text(latent_shape, "pairs, "), " for this decoder, not ", shape_string(sizes));
  return array.reshape({sizes[0], dim});
}

Tensor pairs_of(const Tensor& array, const std::vector<int64_t>& latent_shape, const std::string& file) {
  return lists_of_points(array, latent_shape, file, "pairs, 2, ", 2, 2);
}

Tensor tours_of(const Tensor& array, const std::vector<int64_t>& latent_shape, const std::string& file) {
  return lists_of_points(array, latent_shape, file, "tours, points, ", 2,
                         std::numeric_limits<int64_t>::max());
}

ImageFormat encoder_input(const TorchScriptModule& encoder, const ImageFormat& stated,
                          const std::optional<ValueRange>& output_range, const std::vector<int64_t>& decoded,
                          const std::vector<int64_t>& given, std::vector<std::string>& assumed) {
  const std::string name = "the encoder " + encoder.file().string();
  ImageFormat to = stated;
  if (!to.range) to.range = encoder.range_attribute("input_range");
  if (to.mean.empty()) to.mean = encoder.numbers_attribute("input_mean").value_or(std::vector<double>{});
  if (to.std.empty()) to.std = encoder.numbers_attribute("input_std").value_or(std::vector<double>{});
  if (!to.range) {
    const bool as_decoder = to.mean.empty() && output_range;
    to.range = as_decoder ? *output_range : ValueRange{0, 1};
    assumed.push_back(join_message(
        name, " does not state its input_range: values in [", to.range->low, ", ", to.range->high,
        "] are assumed", as_decoder ? ", as its decoder gives" : "", "; `encoder_range` says otherwise"));
  }
  if (!to.shape.empty()) return to;
  if (const auto shape = encoder.numbers_attribute("input_shape")) {
    for (const double extent : *shape) to.shape.push_back(static_cast<int64_t>(extent));
    return to;
  }
  if (decoded.size() == 3 && (decoded[0] == 1 || decoded[0] == 3)) to.shape = decoded;
  if (!to.shape.empty() && to.shape != given)
    assumed.push_back(join_message(name, " does not state its input_shape: ", shape_string(to.shape),
                                   " is assumed, as its decoder gives; `encoder_shape` says otherwise"));
  return to;
}

std::function<Tensor(const Tensor&)> encoder_of_images(std::shared_ptr<const TorchScriptModule> encoder,
                                                       const ImageFormat& stated, const Embedding& decoder,
                                                       at::ScalarType dtype,
                                                       const std::optional<ValueRange>& output_range,
                                                       std::vector<std::string>& notes) {
  const at::NoGradGuard no_gradient;
  const int64_t dim = decoder.latent_dim();
  const std::string name = "the encoder " + encoder->file().string();
  try {
    const Tensor decoded = decoder(at::zeros({2, dim}, dtype));
    const std::vector<int64_t> shape = decoded.sizes().slice(1).vec();
    std::vector<std::string> assumed;
    const ImageFormat to = encoder_input(*encoder, stated, output_range, shape, shape, assumed);
    // Values that nobody states are passed on as they are.
    const auto adapter = std::make_shared<const InputAdapter>(
        ImageFormat{output_range ? output_range : to.range, {}, {}, shape}, to, "the decoder", name);
    const auto encode = [encoder = std::move(encoder), adapter, dtype, dim, name](const Tensor& images) {
      std::vector<std::string> said_at_the_ends;
      const Tensor code = mean_of(encoder->forward_all((*adapter)(images))[0], dim, name, said_at_the_ends);
      return row_of(code, images.size(0), dim, name).to(at::kCPU, dtype);
    };
    encode(decoded);
    append(notes, assumed);
    return encode;
  } catch (const Error& error) {
    notes.push_back(std::string("no cycle error is reported: ") + error.what());
    return {};
  }
}

std::vector<std::vector<int64_t>> EndPointReader::latent_shapes_of(const EndPointOptions& options) {
  std::vector<std::vector<int64_t>> shapes;
  const auto add = [&shapes](const std::vector<int64_t>& shape) {
    if (!shape.empty() && product_of(shape) > 0 &&
        std::find(shapes.begin(), shapes.end(), shape) == shapes.end())
      shapes.push_back(shape);
  };
  if (options.start.defined() && options.start.dim() == 2) return {{options.start.size(1)}};
  std::vector<std::string> specs{options.tours, options.pairs, options.from, options.to};
  specs.insert(specs.end(), options.through.begin(), options.through.end());
  for (const std::string& spec : specs) {
    if (names_free_end(spec)) continue;  // its file holds a function
    if (names_tensor_file(spec)) {
      const std::vector<int64_t> sizes = read_tensor_file(spec).sizes().vec();
      const bool of_many = spec == options.pairs || spec == options.tours;
      const auto behind = static_cast<std::ptrdiff_t>(of_many ? 2 : 1);
      if (sizes.empty()) continue;
      add({sizes.back()});
      const std::vector<int64_t> one(
          sizes.begin() + std::min(behind, static_cast<std::ptrdiff_t>(sizes.size())), sizes.end());
      for (const std::vector<int64_t>& shape : {one, of_many ? std::vector<int64_t>() : sizes}) {
        add(shape);
        if (!shape.empty()) add({product_of(shape)});
      }
      return shapes;
    }
    if (is_literal(spec)) return {{static_cast<int64_t>(parse_numbers("from", spec).size())}};
  }
  return shapes;
}

std::vector<int64_t> EndPointReader::latent_shape() const {
  return context_.latent_shape.empty() ? std::vector<int64_t>{context_.decoder->latent_dim()}
                                       : context_.latent_shape;
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
  if (options_.start.defined()) {
    legs_of_tour_ = options_.legs_of_tour;
    return given(dim);
  }
  if (!options_.through.empty() || !options_.tours.empty()) return tour();
  LATENTPATH_CHECK(
      !options_.closed, kArgument,
      "`closed` is about tours: give `through` or `tours`; a path from a point back to itself is a "
      "`loop`");
  if (!options_.pairs.empty()) {
    LATENTPATH_CHECK(options_.from.empty() && options_.to.empty() && !options_.loop, kArgument,
                     "`pairs` already holds both ends: `from`, `to` and `loop` cannot be given with it");
    LATENTPATH_CHECK(names_tensor_file(options_.pairs), kArgument, "`pairs` takes ", kTensorFiles, "; '",
                     options_.pairs, "' is none");
    const Tensor pairs =
        pairs_of(floating(read_tensor_file(options_.pairs), options_.pairs), latent_shape(), options_.pairs);
    return {pairs.select(1, 0).contiguous(), pairs.select(1, 1).contiguous()};
  }
  LATENTPATH_CHECK(!options_.from.empty(), kArgument,
                   "an end point is missing: give `from` and `to`, `from` and `loop`, or `pairs`");
  LATENTPATH_CHECK(options_.loop || !options_.to.empty(), kArgument,
                   "`to` is missing: give the other end, or `loop` to return to `from`");
  LATENTPATH_CHECK(!options_.loop || options_.to.empty(), kArgument,
                   "`loop` returns to `from`: `to` cannot be given with it");
  Tensor start = point("from", options_.from, 0);
  free_end_ = asked_end(options_.to);
  LATENTPATH_CHECK(!free_end_ || !free_end_->level_set.empty() || context_.classifier != nullptr, kArgument,
                   "`to` ", options_.to, " needs a `classifier`");
  Tensor end = options_.loop || free_end_ ? start.clone() : point("to", options_.to, 1);
  if (start.size(0) == 1 && end.size(0) > 1) start = start.expand_as(end).contiguous();
  if (end.size(0) == 1 && start.size(0) > 1) end = end.expand_as(start).contiguous();
  LATENTPATH_CHECK(start.size(0) == end.size(0), kInput, "`from` has ", start.size(0),
                   " points and `to` has ", end.size(0), "; they must be as many, or one of them 1");
  const auto type = at::promote_types(start.scalar_type(), end.scalar_type());
  return {start.to(type), end.to(type)};
}

Tensor EndPointReader::single(const std::string& field, const std::string& spec, uint64_t which) {
  Tensor one = point(field, spec, which);
  LATENTPATH_CHECK(one.size(0) == 1, kInput, "`", field, "` has ", one.size(0),
                   " points, and a tour has one end there: many tours are a file of `tours`");
  return one;
}

/// Start and end of the legs between points [tours, points, D], tour by tour.
std::pair<Tensor, Tensor> EndPointReader::legs(const Tensor& points) {
  const int64_t count = points.size(1);
  const Tensor next = options_.closed ? points.roll(-1, 1) : points.narrow(1, 1, count - 1);
  legs_of_tour_ = next.size(1);
  return {points.narrow(1, 0, legs_of_tour_).reshape({-1, points.size(2)}),
          next.reshape({-1, points.size(2)}).contiguous()};
}

std::pair<Tensor, Tensor> EndPointReader::tour() {
  LATENTPATH_CHECK(options_.pairs.empty() && !options_.loop, kArgument,
                   "`through` and `tours` are about tours: `pairs` and `loop` cannot be given with them; "
                   "`closed` leads a tour back to its first point");
  if (!options_.tours.empty()) {
    LATENTPATH_CHECK(options_.from.empty() && options_.to.empty() && options_.through.empty(), kArgument,
                     "`tours` already holds all points: `from`, `through` and `to` cannot be given with it");
    LATENTPATH_CHECK(names_tensor_file(options_.tours), kArgument, "`tours` takes ", kTensorFiles, "; '",
                     options_.tours, "' is none");
    return legs(
        tours_of(floating(read_tensor_file(options_.tours), options_.tours), latent_shape(), options_.tours));
  }
  LATENTPATH_CHECK(!options_.from.empty(), kArgument, "`from` is missing: the first point of the tour");
  LATENTPATH_CHECK(options_.closed == options_.to.empty(), kArgument,
                   options_.closed
                       ? "`closed` returns to `from`: `to` cannot be given with it"
                       : "`to` is missing: give the last point of the tour, or `closed` to return "
                         "to `from`");
  std::vector<Tensor> points{single("from", options_.from, 0)};
  uint64_t which = 2;
  for (const std::string& spec : options_.through) points.push_back(point("through", spec, which++));
  if (!options_.closed) points.push_back(single("to", options_.to, 1));
  auto type = points[0].scalar_type();
  for (const Tensor& part : points) type = at::promote_types(type, part.scalar_type());
  for (Tensor& part : points) part = part.to(type);
  return legs(at::cat(points).unsqueeze(0));
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
    const auto number = read_count(*seed);
    LATENTPATH_CHECK(number, kArgument, "`", field, "` ", spec, ": a seed is a whole number, 0 or more");
    auto generator = make_generator(static_cast<uint64_t>(*number));
    return context_.prior->sample(1, generator).to(context_.dtype);
  }
  if (const auto name = text_after("class:", spec)) return sample_of_class(field, *name, which);
  if (const auto file = text_after("image:", spec)) return encode(field, *file);
  LATENTPATH_CHECK(!names_free_end(spec), kArgument, "`", field, "` ", spec,
                   ": only the end, `to`, can be wherever is nearest, and of a path without `through`");
  if (names_tensor_file(spec)) return points_of(floating(read_tensor_file(spec), spec), latent_shape(), spec);
  if (is_literal(spec)) {
    const auto numbers = parse_numbers(field, spec);
    LATENTPATH_CHECK(static_cast<int64_t>(numbers.size()) == dim, kArgument, "`", field, "` has ",
                     numbers.size(), " numbers; the decoder's latent size is ", dim);
    return at::tensor(numbers, at::kDouble).to(context_.dtype).unsqueeze(0);
  }
  throw Error(ErrorKind::kArgument, join_message("`", field, "` '", spec, "' is none of ", kTensorFiles,
                                                 ", seed:N, class:C, image:FILE, or numbers like "
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
  const ImageFormat to = encoder_input(encoder, context_.encoder_format, context_.output_range, decoded.vec(),
                                       from.shape, assumed);
  for (const std::string& sentence : assumed) note(sentence);
  const InputAdapter adapter(from, to, "the picture " + file, name);
  for (const std::string& step : adapter.steps()) note("before the encoder, " + file + ": " + step);
  const std::vector<Tensor> found = encoder.forward_all(adapter(picture));
  if (found.size() > 1)
    note(join_message(name, " returns ", found.size(),
                      " tensors: the first is taken as the code; `encoder_tensor` says otherwise"));
  std::vector<std::string> halves;
  const Tensor code = row_of(mean_of(found[0], dim, name, halves), 1, dim, name);
  for (const std::string& sentence : halves) note(sentence);
  return floating(code, name + " for " + file).to(at::kCPU, context_.dtype);
}

}  // namespace latentpath
