// Which shard of the daemon an object lives on. It follows from the object's name alone, so that
// whoever has the name knows the way, and nobody keeps a map.
//
//   "~17", anonymous   the shard that made it: the numbers of shard k begin at k * 10^15
//   "a{t}b"            the hash of "t": objects that act together have the same tag
//   "ab"               the hash of the whole name
#pragma once

#include <cstdint>
#include <string_view>

namespace coheld::engine {

// A daemon has at most so many shards.
inline constexpr uint32_t kShardsMax = 64;

// So many numbers of anonymous objects are a shard's own.
inline constexpr uint64_t kAnonymousPerShard = 1'000'000'000'000'000;

// One shard of several, or the only one.
struct Placement {
  uint32_t shard = 0;
  uint32_t shards = 1;

  bool is_only() const { return shards == 1; }
};

// Returns the part of a name that decides its shard: what stands between the first `{` and the next
// `}` if that is not empty, else the whole name (the rule of Redis Cluster).
std::string_view ShardKey(std::string_view name);

// Returns the shard of so many on which the object of this name lives. The same for ever: it says
// where the records of the object are.
uint32_t ShardOf(std::string_view name, uint32_t shards);

}  // namespace coheld::engine
