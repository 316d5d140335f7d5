#include <algorithm>
#include <array>
#include <cctype>

#include "fuzz/fuzz.h"

namespace latentpath::fuzz {
namespace {

class Mutator {
 public:
  Mutator(std::string bytes, const std::vector<std::string>& corpus, std::mt19937_64& random)
      : bytes_(std::move(bytes)), corpus_(corpus), random_(random) {}

  std::string run() {
    const size_t count = 1 + below(8);
    for (size_t i = 0; i < count; ++i) change();
    return bytes_;
  }

 private:
  size_t below(size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  void change() {
    if (bytes_.empty()) bytes_ = corpus_[below(corpus_.size())];
    if (bytes_.empty()) return;
    const size_t at = below(bytes_.size()), length = 1 + below(std::min<size_t>(64, bytes_.size() - at));
    switch (below(9)) {
      case 0:
        bytes_[at] = static_cast<char>(bytes_[at] ^ (1 << below(8)));
        break;
      case 1:
        bytes_[at] = static_cast<char>(random_());
        break;
      case 2:
        bytes_.erase(at, length);
        break;
      case 3:
        bytes_.insert(at, bytes_.substr(at, length));
        break;
      case 4:
        bytes_.resize(at);
        break;
      case 5:
        splice(at, length);
        break;
      case 6:
        extreme_bytes(at);
        break;
      default:
        extreme_number(at);
    }
  }

  void splice(size_t at, size_t length) {
    const std::string& other = corpus_[below(corpus_.size())];
    if (other.empty()) return;
    const size_t from = below(other.size());
    bytes_.replace(at, std::min(length, bytes_.size() - at), other.substr(from, 1 + below(64)));
  }

  /// Sizes and offsets of binary formats.
  void extreme_bytes(size_t at) {
    static const std::array<std::string, 7> kBytes{std::string(4, '\0'),
                                                   std::string(4, '\xff'),
                                                   std::string("\xff\xff\xff\x7f"),
                                                   std::string(8, '\xff'),
                                                   std::string("\0\0\0\x80", 4),
                                                   std::string("\1\0\0\0\0\0\0\0", 8),
                                                   std::string("\xff\xff\xff\xff\xff\xff\xff\x7f")};
    const std::string& value = kBytes[below(kBytes.size())];
    bytes_.replace(at, std::min(value.size(), bytes_.size() - at), value);
  }

  /// The next number of a text becomes one that is hard to hold.
  void extreme_number(size_t at) {
    static const std::array<const char*, 14> kNumbers{"0",
                                                      "-1",
                                                      "1e999",
                                                      "-1e999",
                                                      "1e-999",
                                                      "nan",
                                                      "inf",
                                                      "9223372036854775807",
                                                      "18446744073709551616",
                                                      "-9223372036854775808",
                                                      "2147483648",
                                                      "1e308",
                                                      "0x7f",
                                                      ""};
    const auto is_digit = [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; };
    size_t begin = at;
    while (begin < bytes_.size() && !is_digit(bytes_[begin])) ++begin;
    size_t end = begin;
    while (end < bytes_.size() && (is_digit(bytes_[end]) || bytes_[end] == '.')) ++end;
    if (begin < bytes_.size()) bytes_.replace(begin, end - begin, kNumbers[below(kNumbers.size())]);
  }

  std::string bytes_;
  const std::vector<std::string>& corpus_;
  std::mt19937_64& random_;
};

}  // namespace

std::string mutate(const std::vector<std::string>& corpus, std::mt19937_64& random) {
  return Mutator(corpus[random() % corpus.size()], corpus, random).run();
}

}  // namespace latentpath::fuzz
