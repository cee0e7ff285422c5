// Finds places by the hash of what stands there: the index of a table of entries. It knows hashes
// and places only; its owner compares the keys.
//
// It grows a piece at a time (extendible hashing): the leading bits of a hash choose a bucket, a
// small open-addressing table of up to 1,024 slots, which splits in two when it is full. So no op
// waits for a large table to be made anew, and the slots in use are always about two thirds. A slot
// is 8 bytes: 32 bits of hash, so that growing and most misses touch no key, and the place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace coheld::engine {

class PlaceIndex {
 public:
  PlaceIndex() = default;
  PlaceIndex(const PlaceIndex& other);
  PlaceIndex(PlaceIndex&& other) noexcept
      : directory_(std::exchange(other.directory_, {})), depth_(std::exchange(other.depth_, 0)) {}
  PlaceIndex& operator=(PlaceIndex other) noexcept;
  ~PlaceIndex() { Clear(); }

  // True if nothing was ever added since it was cleared.
  bool empty() const { return directory_.empty(); }

  // Returns the place with this hash for which `same(place)` is true.
  template <typename Same>
  std::optional<uint32_t> Find(uint32_t hash, Same same) const {
    const Bucket& bucket = BucketOf(hash);
    const uint32_t mask = bucket.capacity - 1;
    for (uint32_t at = hash & mask; bucket.slots()[at].place != kFree; at = (at + 1) & mask) {
      if (bucket.slots()[at].hash == hash && same(bucket.slots()[at].place)) {
        return bucket.slots()[at].place;
      }
    }
    return std::nullopt;
  }
  // Adds a place, which is not there and not kFree.
  void Add(uint32_t hash, uint32_t place);
  // Removes a place that is there.
  void Remove(uint32_t hash, uint32_t place);
  // Calls `move` with each place, to change it.
  template <typename Move>
  void MoveEach(Move move) {
    ForEachBucket([&](Bucket& bucket) {
      for (uint32_t at = 0; at < bucket.capacity; ++at) {
        if (bucket.slots()[at].place != kFree) move(bucket.slots()[at].place);
      }
    });
  }
  // Makes room for so many places; while it is empty.
  void Reserve(size_t places);
  // Has the memory at hand that a search for the hash looks at first.
  void Prefetch(uint32_t hash) const {
    const Bucket& bucket = BucketOf(hash);
    __builtin_prefetch(&bucket.slots()[hash & (bucket.capacity - 1)], 1);
  }
  void Clear();

  static constexpr uint32_t kFree = UINT32_MAX;

 private:
  struct Slot {
    uint32_t hash;
    uint32_t place;
  };
  struct Bucket {
    uint32_t capacity;  // A power of two.
    uint32_t used;
    uint32_t depth;  // So many leading bits of all its hashes are the same.
    // They follow it.
    Slot* slots() { return reinterpret_cast<Slot*>(this + 1); }
    const Slot* slots() const { return reinterpret_cast<const Slot*>(this + 1); }
  };

  static constexpr uint32_t kLeastSlots = 16;
  static constexpr uint32_t kMostSlots = 1024;
  // Beyond this buckets grow: their slots are found by the other bits.
  static constexpr uint32_t kMostDepth = 22;

  static Bucket* MakeBucket(uint32_t capacity, uint32_t depth);
  static void Put(Bucket* bucket, uint32_t hash, uint32_t place);
  // Its slots are full enough for a search to become slow.
  static bool IsFull(const Bucket& bucket) { return bucket.used >= bucket.capacity / 8 * 7; }

  size_t NumberOf(uint32_t hash) const { return uint64_t{hash} >> (32 - depth_); }
  Bucket& BucketOf(uint32_t hash) const { return *directory_[NumberOf(hash)]; }
  // Visits each bucket once.
  template <typename Visit>
  void ForEachBucket(Visit visit) const {
    for (size_t n = 0; n < directory_.size();) {
      Bucket* const bucket = directory_[n];
      n += size_t{1} << (depth_ - bucket->depth);
      visit(*bucket);
    }
  }
  void Replace(const Bucket* bucket, uint32_t hash, Bucket* by);
  void Resize(Bucket* bucket, uint32_t hash, uint32_t capacity);
  void Split(Bucket* bucket, uint32_t hash);

  std::vector<Bucket*> directory_;  // 2^depth_; neighbours may be the same.
  uint32_t depth_ = 0;
};

}  // namespace coheld::engine
