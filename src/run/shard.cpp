#include "latentpath/run/shard.h"

#include <algorithm>

#include "latentpath/core/error.h"

namespace latentpath {

Shard Shard::parse(const std::string& text) {
  const size_t slash = std::min(text.find('/'), text.size());
  const auto number = [&](size_t begin, size_t end) -> int64_t {
    const std::string digits = begin < end ? text.substr(begin, end - begin) : std::string();
    const bool good =
        !digits.empty() && digits.size() < 10 && digits.find_first_not_of("0123456789") == std::string::npos;
    return good ? std::stoll(digits) : 0;
  };
  const Shard shard{number(0, slash), number(slash + 1, text.size())};
  LATENTPATH_CHECK(1 <= shard.index && shard.index <= shard.of, kArgument,
                   "`shard` takes K/N, the K-th of N parts, 1 <= K <= N, like 3/7; '", text, "' is not");
  return shard;
}

std::vector<int64_t> Shard::pairs(int64_t count, int64_t batch) const {
  std::vector<int64_t> own;
  for (int64_t b = index - 1; b * batch < count; b += of)
    for (int64_t pair = b * batch; pair < std::min(count, (b + 1) * batch); ++pair) own.push_back(pair);
  return own;
}

}  // namespace latentpath
