// See place_index.h.
#include "server/engine/place_index.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "proto/wire/check.h"

namespace coheld::engine {

PlaceIndex::PlaceIndex(const PlaceIndex& other) : depth_(other.depth_) {
  directory_.reserve(other.directory_.size());
  other.ForEachBucket([this](const Bucket& bucket) {
    Bucket* const copy = MakeBucket(bucket.capacity, bucket.depth);
    copy->used = bucket.used;
    std::memcpy(copy->slots(), bucket.slots(), bucket.capacity * sizeof(Slot));
    directory_.insert(directory_.end(), size_t{1} << (depth_ - bucket.depth), copy);
  });
}

PlaceIndex& PlaceIndex::operator=(PlaceIndex other) noexcept {
  std::swap(directory_, other.directory_);
  std::swap(depth_, other.depth_);
  return *this;
}

void PlaceIndex::Clear() {
  ForEachBucket([](Bucket& bucket) { std::free(&bucket); });
  directory_ = {};
  depth_ = 0;
}

PlaceIndex::Bucket* PlaceIndex::MakeBucket(uint32_t capacity, uint32_t depth) {
  const size_t slot_bytes = capacity * sizeof(Slot);
  auto* const bucket = static_cast<Bucket*>(std::malloc(sizeof(Bucket) + slot_bytes));
  COHELD_CHECK(bucket != nullptr);
  bucket->capacity = capacity;
  bucket->used = 0;
  bucket->depth = depth;
  std::memset(bucket->slots(), 0xFF, slot_bytes);  // All places are kFree.
  return bucket;
}

void PlaceIndex::Put(Bucket* bucket, uint32_t hash, uint32_t place) {
  const uint32_t mask = bucket->capacity - 1;
  uint32_t at = hash & mask;
  while (bucket->slots()[at].place != kFree) at = (at + 1) & mask;
  bucket->slots()[at] = {hash, place};
  ++bucket->used;
}

void PlaceIndex::Reserve(size_t places) {
  COHELD_CHECK(empty());
  constexpr size_t kPlacesOfMost = kMostSlots / 8 * 6;  // A little less than is full.
  while (depth_ < kMostDepth && (places >> depth_) > kPlacesOfMost) ++depth_;
  const size_t each = (places >> depth_) * 8 / 6 + 1;
  const uint32_t capacity = std::max(kLeastSlots, static_cast<uint32_t>(std::bit_ceil(each)));
  directory_.resize(size_t{1} << depth_);
  for (Bucket*& bucket : directory_) bucket = MakeBucket(capacity, depth_);
}

void PlaceIndex::Add(uint32_t hash, uint32_t place) {
  if (empty()) Reserve(1);
  Bucket* bucket = &BucketOf(hash);
  while (IsFull(*bucket)) {
    if (bucket->capacity < kMostSlots || bucket->depth >= kMostDepth) {
      Resize(bucket, hash, 2 * bucket->capacity);
    } else {
      Split(bucket, hash);
    }
    bucket = &BucketOf(hash);
  }
  Put(bucket, hash, place);
}

void PlaceIndex::Remove(uint32_t hash, uint32_t place) {
  Bucket* const bucket = &BucketOf(hash);
  Slot* const slots = bucket->slots();
  const uint32_t mask = bucket->capacity - 1;
  uint32_t hole = hash & mask;
  while (slots[hole].place != place) hole = (hole + 1) & mask;
  // Close the hole with those behind it that may stand there.
  for (uint32_t at = (hole + 1) & mask; slots[at].place != kFree; at = (at + 1) & mask) {
    if (((at - slots[at].hash) & mask) < ((at - hole) & mask)) continue;
    slots[hole] = slots[at];
    hole = at;
  }
  slots[hole].place = kFree;
  --bucket->used;
  if (bucket->capacity > kLeastSlots && bucket->used < bucket->capacity / 8) {
    Resize(bucket, hash, bucket->capacity / 2);
  }
}

void PlaceIndex::Replace(const Bucket* bucket, uint32_t hash, Bucket* by) {
  const size_t count = size_t{1} << (depth_ - bucket->depth);
  const size_t first = NumberOf(hash) & ~(count - 1);
  std::fill_n(directory_.begin() + static_cast<ptrdiff_t>(first), count, by);
}

void PlaceIndex::Resize(Bucket* bucket, uint32_t hash, uint32_t capacity) {
  Bucket* const resized = MakeBucket(capacity, bucket->depth);
  for (uint32_t at = 0; at < bucket->capacity; ++at) {
    const Slot& slot = bucket->slots()[at];
    if (slot.place != kFree) Put(resized, slot.hash, slot.place);
  }
  Replace(bucket, hash, resized);
  std::free(bucket);
}

void PlaceIndex::Split(Bucket* bucket, uint32_t hash) {
  if (bucket->depth == depth_) {
    std::vector<Bucket*> wider(2 * directory_.size());
    for (size_t n = 0; n < wider.size(); ++n) wider[n] = directory_[n / 2];
    directory_.swap(wider);
    ++depth_;
  }
  Bucket* const halves[] = {MakeBucket(bucket->capacity, bucket->depth + 1),
                            MakeBucket(bucket->capacity, bucket->depth + 1)};
  const uint32_t shift = 31 - bucket->depth;  // Of the bit by which they differ.
  for (uint32_t at = 0; at < bucket->capacity; ++at) {
    const Slot& slot = bucket->slots()[at];
    if (slot.place != kFree) Put(halves[(slot.hash >> shift) & 1], slot.hash, slot.place);
  }
  const uint32_t bit = uint32_t{1} << shift;
  Replace(halves[0], hash & ~bit, halves[0]);
  Replace(halves[1], hash | bit, halves[1]);
  std::free(bucket);
}

}  // namespace coheld::engine
