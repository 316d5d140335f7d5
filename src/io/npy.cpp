#include "latentpath/io/npy.h"

#include <ATen/Functions.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>
#include <xtensor/xnpy.hpp>

#include "latentpath/core/error.h"
#include "latentpath/io/file.h"
#include "latentpath/io/npy_stream.h"

namespace latentpath {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are copied to and from files byte by byte");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::string_view kSupported = "float32, float64, int64, int32, uint8 and bool";
constexpr std::string_view kReadable = "float32, float64, float16, int64, int32, int16, int8, uint8 and bool";
constexpr size_t kMostDimensions = 32;  // NumPy's own limit
constexpr int64_t kMostBytes = int64_t{1} << 60;

struct Header {
  std::string descr;  // empty for a structured array, whose description is a list
  bool fortran_order = false;
  std::vector<int64_t> shape;
};

// Reads the Python literal {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } with its keys in any
// order. xtensor's own reader of headers trusts them (it allocates what the shape says and accepts a short
// file), so it only serves for writing.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  // Empty when the text is anything else than such a dictionary.
  std::optional<Header> parse() {
    Header header;
    bool has_descr = false, has_order = false, has_shape = false;
    if (!accept('{')) return std::nullopt;
    while (!accept('}')) {
      std::string key;
      if (!parse_string(key) || !accept(':')) return std::nullopt;
      if (key == "descr" && !has_descr) {
        has_descr = parse_descr(header.descr);
        if (!has_descr) return std::nullopt;
      } else if (key == "fortran_order" && !has_order) {
        has_order = true;
        if (accept_word("True"))
          header.fortran_order = true;
        else if (!accept_word("False"))
          return std::nullopt;
      } else if (key == "shape" && !has_shape) {
        has_shape = parse_shape(header.shape);
        if (!has_shape) return std::nullopt;
      } else {
        return std::nullopt;
      }
      if (!accept(',') && peek() != '}') return std::nullopt;
    }
    if (peek() != '\0' || !has_descr || !has_order || !has_shape) return std::nullopt;
    return header;
  }

 private:
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  bool accept_word(std::string_view word) {
    peek();
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  bool parse_string(std::string& value) {
    const char quote = peek();
    if (quote != '\'' && quote != '"') return false;
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return false;
    value = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return true;
  }
  // A structured array's description is a list: it is recognised, so that it can be refused by name.
  bool parse_descr(std::string& value) {
    if (peek() != '[') return parse_string(value);
    int depth = 0;
    for (; at_ < text_.size(); ++at_) {
      depth += text_[at_] == '[' ? 1 : text_[at_] == ']' ? -1 : 0;
      if (depth == 0) break;
    }
    value.clear();
    return accept(']');
  }
  bool parse_shape(std::vector<int64_t>& shape) {
    if (!accept('(')) return false;
    while (!accept(')')) {
      int64_t size = 0;
      peek();
      const auto [end, code] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), size);
      if (code != std::errc() || size < 0) return false;
      at_ = static_cast<size_t>(end - text_.data());
      accept('L');  // Python 2 wrote long integers so
      shape.push_back(size);
      if (!accept(',') && peek() != ')') return false;
    }
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
};

// Empty when no array of that shape fits into kMostBytes.
std::optional<int64_t> byte_count(const std::vector<int64_t>& shape, int64_t item) {
  int64_t bytes = item, nonzero = item;  // the second bounds the strides of an empty array
  for (const int64_t size : shape) {
    const int64_t factor = std::max<int64_t>(size, 1);
    if (factor > kMostBytes / nonzero) return std::nullopt;
    nonzero *= factor;
    bytes *= size;
  }
  return bytes;
}

// An element type of NumPy: as its bytes are read, and as what the array is given back.
struct ElementType {
  std::string_view name;
  at::ScalarType read, given;
};

// Types that have no reader of their own are widened to the next that has.
constexpr ElementType kElementTypes[] = {
    {"f4", at::kFloat, at::kFloat}, {"f8", at::kDouble, at::kDouble}, {"i8", at::kLong, at::kLong},
    {"i4", at::kInt, at::kInt},     {"u1", at::kByte, at::kByte},     {"b1", at::kBool, at::kBool},
    {"f2", at::kHalf, at::kFloat},  {"i1", at::kChar, at::kInt},      {"i2", at::kShort, at::kInt},
};

struct Description {
  ElementType type;
  bool big_endian = false;
};

Description parse_dtype(const std::string& descr, const std::string& file) {
  LATENTPATH_CHECK(!descr.empty(), kInput, file, " holds a structured array; expected one of ", kReadable);
  const std::string_view type = std::string_view(descr).substr(1);
  LATENTPATH_CHECK(type.substr(0, 1) != "O" && descr != "O", kInput, file,
                   " holds Python objects (dtype object), which are never loaded; expected one of ",
                   kReadable);
  for (const ElementType& known : kElementTypes)
    if (type == known.name && std::string_view("<>|=").find(descr[0]) != std::string_view::npos)
      return {known, descr[0] == '>'};
  throw Error(ErrorKind::kInput, join_message(file, " has dtype '", descr, "'; expected one of ", kReadable,
                                              ", as given by x.astype('float32')"));
}

// Bytes of numbers, read from the other end.
void swap_bytes(char* bytes, int64_t numbers, int64_t size) {
  for (int64_t i = 0; i < numbers; ++i) std::reverse(bytes + i * size, bytes + (i + 1) * size);
}

// The text of the header, and the offset at which the array begins.
std::pair<std::string_view, size_t> find_header(std::string_view bytes, const std::string& file) {
  LATENTPATH_CHECK(!bytes.empty(), kInput, file, " is empty; expected a NumPy .npy array");
  LATENTPATH_CHECK(bytes.substr(0, 4) != "PK\x03\x04", kInput, file,
                   " is a zip archive (an .npz or .pt file); expected a single NumPy .npy array");
  const std::string_view start = bytes.substr(0, kMagic.size());
  LATENTPATH_CHECK(kMagic.substr(0, start.size()) == start, kInput, file,
                   " is not a NumPy .npy file: it does not begin with \\x93NUMPY");
  LATENTPATH_CHECK(bytes.size() >= 10, kInput, file,
                   " is cut short: a .npy file has at least 10 bytes, this one ", bytes.size());
  const auto byte = [&](size_t i) { return static_cast<size_t>(static_cast<unsigned char>(bytes[i])); };
  const size_t version = byte(6);
  LATENTPATH_CHECK(version >= 1 && version <= 3, kInput, file, " has .npy format version ", version, ".",
                   byte(7), "; expected 1, 2 or 3");
  const size_t prefix = version == 1 ? 10 : 12;
  size_t length = byte(8) | byte(9) << 8;
  if (version > 1 && bytes.size() >= prefix) length |= byte(10) << 16 | byte(11) << 24;
  LATENTPATH_CHECK(bytes.size() >= prefix && length <= bytes.size() - prefix, kInput, file,
                   " is cut short: its header ends at byte ", prefix + length, " but the file has ",
                   bytes.size(), " bytes");
  return {bytes.substr(prefix, length), prefix + length};
}

template <typename T>
std::string header_of(at::IntArrayRef shape) {
  std::ostringstream stream;
  xt::detail::write_header(stream, xt::detail::build_typestring<T>(), false,
                           std::vector<int64_t>(shape.begin(), shape.end()));
  return stream.str();
}

std::string npy_header(at::ScalarType dtype, at::IntArrayRef shape, const std::filesystem::path& path) {
  switch (dtype) {
    case at::kFloat:
      return header_of<float>(shape);
    case at::kDouble:
      return header_of<double>(shape);
    case at::kLong:
      return header_of<int64_t>(shape);
    case at::kInt:
      return header_of<int32_t>(shape);
    case at::kByte:
      return header_of<uint8_t>(shape);
    case at::kBool:
      return header_of<bool>(shape);
    default:
      throw Error(ErrorKind::kArgument, join_message("cannot write ", path.string(), ": dtype ",
                                                     c10::toString(dtype), " is not one of ", kSupported));
  }
}

/// What the file of `bytes` bytes in all, of which these are the first, holds behind its header.
struct Contents {
  Header header;
  Description description;
  int64_t offset = 0;
};

Contents contents_of(std::string_view bytes, int64_t all, const std::string& file) {
  const auto [text, offset] = find_header(bytes, file);
  const std::optional<Header> header = HeaderParser(text).parse();
  LATENTPATH_CHECK(header, kInput, file,
                   " has a malformed .npy header; expected {'descr': …, 'fortran_order': …, 'shape': …}");
  const Description description = parse_dtype(header->descr, file);
  const auto size = static_cast<int64_t>(c10::elementSize(description.type.read));
  LATENTPATH_CHECK(header->shape.size() <= kMostDimensions, kInput, file, " has ", header->shape.size(),
                   " dimensions; expected at most ", kMostDimensions);
  const std::optional<int64_t> expected = byte_count(header->shape, size);
  LATENTPATH_CHECK(expected, kInput, file, " claims the impossible shape ", shape_string(header->shape));
  const int64_t actual = all - static_cast<int64_t>(offset);
  LATENTPATH_CHECK(actual == *expected, kInput, file,
                   actual < *expected ? " is cut short" : " has bytes left over", ": shape ",
                   shape_string(header->shape), " of dtype ", header->descr, " takes ", *expected,
                   " bytes, the file has ", actual);
  return {*header, description, static_cast<int64_t>(offset)};
}

}  // namespace

Tensor read_npy(const std::filesystem::path& path) { return parse_npy(read_file(path), path.string()); }

Tensor parse_npy(std::string_view bytes, const std::string& file) {
  const auto [header, description, offset] = contents_of(bytes, static_cast<int64_t>(bytes.size()), file);
  const auto [type, big_endian] = description;
  const auto size = static_cast<int64_t>(c10::elementSize(type.read));
  const size_t begin = static_cast<size_t>(offset), actual = bytes.size() - begin;

  std::vector<int64_t> shape = header.shape;
  if (header.fortran_order) std::reverse(shape.begin(), shape.end());
  // A bool other than 0 and 1 is undefined behaviour: such bytes are read as numbers first.
  Tensor tensor = at::empty(shape, type.read == at::kBool ? at::kByte : type.read);
  if (actual > 0) std::memcpy(tensor.data_ptr(), bytes.data() + begin, actual);
  if (big_endian) swap_bytes(static_cast<char*>(tensor.data_ptr()), tensor.numel(), size);
  tensor = type.read == at::kBool ? tensor.ne(0) : tensor.to(type.given);
  if (!header.fortran_order) return tensor;
  std::vector<int64_t> order(shape.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(order.size() - 1 - i);
  return tensor.permute(order).contiguous();
}

void write_npy(const std::filesystem::path& path, const Tensor& tensor) {
  LATENTPATH_CHECK(tensor.defined(), kArgument, "cannot write ", path.string(), ": there is no array");
  const Tensor array = tensor.detach().to(at::kCPU).contiguous();
  std::string bytes = npy_header(array.scalar_type(), array.sizes(), path);
  if (array.nbytes() > 0) bytes.append(static_cast<const char*>(array.data_ptr()), array.nbytes());
  write_file(path, bytes);
}

NpyReader::NpyReader(const std::filesystem::path& path)
    : name_(path.string()), file_(path, std::ios::binary), dtype_(at::kFloat) {
  constexpr size_t kLongestHeader = 1 << 12;  // of what write_npy() writes
  std::error_code code;
  const auto all = static_cast<int64_t>(std::filesystem::file_size(path, code));
  LATENTPATH_CHECK(file_.good() && !code, kInput, "cannot read ", name_);
  std::string bytes(std::min<size_t>(static_cast<size_t>(all), kLongestHeader), '\0');
  file_.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  LATENTPATH_CHECK(file_.good(), kInput, "cannot read ", name_);
  const Contents contents = contents_of(bytes, all, name_);
  const auto [type, big_endian] = contents.description;
  LATENTPATH_CHECK((type.read == at::kFloat || type.read == at::kDouble) && !big_endian &&
                       (!contents.header.fortran_order || contents.header.shape.size() < 2),
                   kInput, name_, " must hold float32 or float64 numbers in C order, as it was written");
  shape_ = contents.header.shape;
  dtype_ = type.read;
  offset_ = contents.offset;
}

Tensor NpyReader::read(int64_t first, int64_t count) {
  const auto size = static_cast<int64_t>(c10::elementSize(dtype_));
  Tensor numbers = at::empty({count}, dtype_);
  file_.clear();
  file_.seekg(offset_ + first * size);
  file_.read(static_cast<char*>(numbers.data_ptr()), count * size);
  LATENTPATH_CHECK(file_.good(), kInput, "cannot read the numbers ", first, " to ", first + count - 1, " of ",
                   name_);
  return numbers;
}

NpyWriter::NpyWriter(const std::filesystem::path& path, at::ScalarType dtype,
                     const std::vector<int64_t>& shape)
    : file_(path), dtype_(dtype), left_(1) {
  file_.append(npy_header(dtype, shape, path));
  for (const int64_t size : shape) left_ *= size;
}

void NpyWriter::append(const Tensor& numbers) {
  LATENTPATH_ASSERT(numbers.scalar_type() == dtype_ && numbers.numel() <= left_);
  const Tensor array = numbers.contiguous();
  if (array.nbytes() > 0) file_.append({static_cast<const char*>(array.data_ptr()), array.nbytes()});
  left_ -= array.numel();
}

void NpyWriter::close() {
  LATENTPATH_ASSERT(left_ == 0);
  file_.close();
}

}  // namespace latentpath
