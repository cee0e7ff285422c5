// See store.h.
#include "server/engine/store.h"

#include <algorithm>
#include <optional>

#include "proto/wire/check.h"

namespace coheld::engine {

namespace {

// So many buckets of the index are kept, however few objects there are.
constexpr size_t kBucketsKeptMax = 4096;

// Returns how many numbers follow this one in its shard's range (placement.h).
uint64_t LeftAfter(uint64_t anonymous) {
  return kAnonymousPerShard - 1 - anonymous % kAnonymousPerShard;
}

}  // namespace

bool IsAnonymous(std::string_view name) { return name.starts_with('~'); }

std::optional<Failure> CheckName(std::string_view name) {
  // UTF-8 was checked by the parser: the field is a proto3 string.
  if (name.empty()) {
    return Failure{v1::ERROR_REASON_INVALID_NAME, "the object name is empty; give it a name"};
  }
  if (name.size() > kNameBytesMax) {
    return Failure{v1::ERROR_REASON_INVALID_NAME,
                   "the object name has " + std::to_string(name.size()) + " bytes; at most " +
                       std::to_string(kNameBytesMax) + " are allowed"};
  }
  return std::nullopt;
}

Failure NotFound(std::string_view name) {
  return {v1::ERROR_REASON_OBJECT_NOT_FOUND,
          "no object \"" + std::string(name) +
              "\"; an anonymous object ends when nothing refers to it any more"};
}

Failure CrossShard(std::string_view name, std::string_view other) {
  return {v1::ERROR_REASON_CROSS_SHARD,
          "\"" + std::string(other) + "\" lives on another shard of the daemon than " +
              (name.empty() ? "the rest of the op" : "\"" + std::string(name) + "\"") +
              ", and no op is on two of them; give all its objects names with the same {tag}, such "
              "as \"{a}1\" and \"{a}2\" (anonymous objects live where the session that made them "
              "was opened)"};
}

Store::Store(uint64_t first_anonymous) : next_anonymous_(first_anonymous) {
  for (const TypeRow* type : Types()) empties_[type] = type->make();
}

const Store::Held* Store::Find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : found->second;
}

Object* Store::Create(const TypeRow& type, const std::string& name) {
  const auto [place, fresh] = objects_.try_emplace(name);
  COHELD_CHECK(fresh);
  place->second = {.type = &type, .object = type.make()};
  place->second.object->name_ = name;
  place->second.object->version_ = version_floor_;
  index_[place->first] = &place->second;
  return place->second.object.get();
}

std::string Store::NextAnonymousName() { return "~" + std::to_string(next_anonymous_++); }

void Store::Erase(std::string_view name) {
  const auto found = objects_.find(name);
  COHELD_CHECK(found != objects_.end());
  SetVersionFloor(std::max(version_floor_, found->second.object->version() + 1));
  Remove(found);
}

void Store::SetVersionFloor(uint64_t version) {
  version_floor_ = version;
  for (auto& [type, empty] : empties_) empty->version_ = version;
}

void Store::SkipAnonymous(uint64_t count) {
  next_anonymous_ += std::min(count, LeftAfter(next_anonymous_) / 2);
}

void Store::Jump(uint64_t distance) {
  for (const auto& [name, held] : objects_) held.object->version_ += distance;
  SetVersionFloor(version_floor_ + distance);
  SkipAnonymous(distance);
}

void Store::Restore(uint64_t version_floor, uint64_t next_anonymous) {
  COHELD_CHECK(objects_.empty());
  SetVersionFloor(version_floor);
  next_anonymous_ = next_anonymous;
}

void Store::Discard(std::string_view name) {
  const auto found = objects_.find(name);
  COHELD_CHECK(found != objects_.end());
  Remove(found);
}

void Store::Remove(Map::iterator place) {
  index_.erase(place->first);
  objects_.erase(place);
  // Hash tables never shrink by themselves.
  if (index_.bucket_count() > kBucketsKeptMax && index_.bucket_count() / 8 > index_.size()) {
    index_.rehash(2 * index_.size());
  }
}

Object* Store::Empty(const TypeRow& type) { return empties_.at(&type).get(); }

}  // namespace coheld::engine
