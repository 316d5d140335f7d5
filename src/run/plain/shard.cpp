#include "latentpath/run/shard.h"

#include <algorithm>

#include "latentpath/core/error.h"
#include "latentpath/core/read_number.h"

namespace latentpath {

namespace {

constexpr int64_t kMostShards = 999'999'999;

}  // namespace

Shard Shard::parse(const std::string& text) {
  const size_t slash = std::min(text.find('/'), text.size());
  const std::string of = slash < text.size() ? text.substr(slash + 1) : std::string();
  const Shard shard{read_count(text.substr(0, slash)).value_or(0), read_count(of).value_or(0)};
  LATENTPATH_CHECK(1 <= shard.index && shard.index <= shard.of && shard.of <= kMostShards, kArgument,
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
