#include "latentpath/models/model_signature.h"

#include <algorithm>
#include <limits>
#include <set>
#include <sstream>

#include "latentpath/core/error.h"
#include "latentpath/core/read_number.h"

namespace latentpath {
namespace {

void check_signature(const ModelSignature& signature) {
  parse_extents("latent_shape", signature.latent_shape);
  std::set<std::string> names;
  for (const std::string& text : signature.inputs) {
    const std::string name = parse_input(text).first;
    LATENTPATH_CHECK(names.insert(name).second, kArgument, "`input` gives '", name, "' twice");
    LATENTPATH_CHECK(name != signature.latent_input, kArgument, "`input` gives '", name,
                     "', which is the latent by `latent_input`");
  }
}

OptionTable<ModelSignature> make_table() {
  using S = ModelSignature;
  return OptionTable<S>()
      .group("Models")
      .add("decoder-method", &S::method)
      .help("Method of the decoder's file to call, like decode")
      .unset("forward")
      .add("latent-input", &S::latent_input)
      .help("Which of the decoder's inputs is the latent: its NAME, or its number from 0")
      .unset("the first that is not given")
      .add("input", &S::inputs)
      .help(
          "Another input of the decoder, the same for all points: NAME=VALUE, a number, numbers like 0,0,1, "
          "or "
          "a file (.npy, .npz, .csv, .pt); repeatable")
      .names_file()
      .add("output", &S::output)
      .help("Which of the decoder's outputs: NAME, number from 0, or all of them side by side")
      .unset("the only one")
      .add("latent-shape", &S::latent_shape)
      .help("Shape of one latent, like 4,32,32 or 512,1,1")
      .unset("as its file says, or as is found by trying")
      .add("channels", &S::channels)
      .help("Where the channels of the decoder's pictures stand")
      .choices(
          {{"auto", "last where only that extent is 1 or 3"}, {"first", "[C, H, W]"}, {"last", "[H, W, C]"}})
      .rule(check_signature);
}

}  // namespace

const OptionTable<ModelSignature>& model_signature_option_table() {
  static const OptionTable<ModelSignature> table = make_table();
  return table;
}

bool states_anything(const ModelSignature& s) {
  return !s.method.empty() || !s.latent_input.empty() || !s.inputs.empty() || !s.output.empty() ||
         !s.latent_shape.empty() || s.channels != "auto";
}

std::vector<int64_t> parse_extents(const std::string& field, const std::string& text) {
  std::vector<int64_t> extents;
  std::string words = text;
  std::replace(words.begin(), words.end(), 'x', ',');
  const bool ended = !words.empty() && words.back() == ',';
  std::stringstream stream(words);
  int64_t product = 1;
  for (std::string word; std::getline(stream, word, ',');) {
    word.erase(std::remove(word.begin(), word.end(), ' '), word.end());
    const int64_t extent = read_count(word).value_or(0);
    LATENTPATH_CHECK(extent >= 1 && !ended && extent <= std::numeric_limits<int32_t>::max() / product,
                     kArgument, "`", field, "` takes sizes of 1 or more, like 4,32,32; '", text, "' is not");
    product *= extent;
    extents.push_back(extent);
  }
  return extents;
}

std::pair<std::string, std::string> parse_input(const std::string& text) {
  const size_t sign = text.find('=');
  LATENTPATH_CHECK(sign != std::string::npos && sign > 0 && sign + 1 < text.size(), kArgument,
                   "`input` is written NAME=VALUE, like label=3 or noise=FILE.npy; '", text, "' is not");
  return {text.substr(0, sign), text.substr(sign + 1)};
}

SignatureFields signature_fields(const std::string& role) {
  if (role == "decoder" || role == "embedding") return {"`decoder_method`", "`output`", "`input`"};
  if (role == "classifier") return {"`classifier_method`", "`classifier_tensor`", {}};
  if (role == "encoder") return {"`encoder_method`", "`encoder_tensor`", {}};
  return {};
}

}  // namespace latentpath
