// See placement.h.
#include "server/engine/placement.h"

#include <charconv>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace coheld::engine {

std::string_view ShardKey(std::string_view name) {
  const size_t open = name.find('{');
  if (open == std::string_view::npos) return name;
  const size_t close = name.find('}', open + 1);
  if (close == std::string_view::npos || close == open + 1) return name;
  return name.substr(open + 1, close - open - 1);
}

uint32_t ShardOf(std::string_view name, uint32_t shards) {
  if (name.starts_with('~')) {
    uint64_t number = 0;
    const char* const end = name.data() + name.size();
    if (std::from_chars(name.data() + 1, end, number).ptr == end) {
      return static_cast<uint32_t>(number / kAnonymousPerShard % shards);
    }
  }
  const std::string_view key = ShardKey(name);
  return static_cast<uint32_t>(XXH3_64bits(key.data(), key.size()) % shards);
}

}  // namespace coheld::engine
