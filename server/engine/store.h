// The store: every held object by its name. It knows names and types, nothing of what objects hold.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "proto/wire/result.h"
#include "server/engine/object.h"
#include "server/engine/placement.h"
#include "server/engine/registry.h"

namespace coheld::engine {

inline constexpr size_t kNameBytesMax = 512;

// Says whether a name is of the form that the store gives to anonymous objects ("~17").
bool IsAnonymous(std::string_view name);

// Returns why a client may not use this as a name, or nothing.
std::optional<Failure> CheckName(std::string_view name);

// OBJECT_NOT_FOUND for this name.
Failure NotFound(std::string_view name);

// CROSS_SHARD for an op that needs `other`, which lives on another shard than `name`, if that is
// known: else it is empty.
Failure CrossShard(std::string_view name, std::string_view other);

// Objects by name. Iteration is in bytewise order of the names.
class Store {
 public:
  struct Held {
    const TypeRow* type = nullptr;
    std::unique_ptr<Object> object;
  };
  using Map = std::map<std::string, Held, std::less<>>;

  // Anonymous objects are numbered from `first_anonymous` on.
  explicit Store(uint64_t first_anonymous);

  // Says which shard's objects these are. No state: names of other shards are only refused.
  void SetPlacement(const Placement& placement) { placement_ = placement; }
  // True if the object of this name lives on another shard.
  bool IsElsewhere(std::string_view name) const {
    return !placement_.is_only() && ShardOf(name, placement_.shards) != placement_.shard;
  }
  // Returns the object, or nullptr.
  const Held* Find(std::string_view name) const;
  // Makes an object under a name that is free. Its version starts above every one that a deleted
  // object of the store had.
  Object* Create(const TypeRow& type, const std::string& name);
  // Returns a new name for an anonymous object; never the same twice.
  std::string NextAnonymousName();
  // Removes an object that is there. This is a change like any other: whoever saw its last version
  // sees a higher one from now on.
  void Erase(std::string_view name);
  // Removes an object that is there as if it had never been made.
  void Discard(std::string_view name);
  // Returns an object of the type that is always empty, to answer reads of a missing name.
  Object* Empty(const TypeRow& type);

  const Map& objects() const { return objects_; }
  // The version that the next created object starts with; also that of missing ones.
  uint64_t version_floor() const { return version_floor_; }
  // The number of the next anonymous object.
  uint64_t next_anonymous() const { return next_anonymous_; }
  // Passes over so many of those numbers, but over no more than half of those that are left in the
  // range of the shard: beyond it no op would find the objects.
  void SkipAnonymous(uint64_t count);
  // Adds to the versions of all objects, those to come too, and passes over so many numbers of
  // anonymous ones.
  void Jump(uint64_t distance);
  // Sets both, while there are no objects.
  void Restore(uint64_t version_floor, uint64_t next_anonymous);

 private:
  void SetVersionFloor(uint64_t version);
  void Remove(Map::iterator place);

  Map objects_;
  // Finds without walking the tree; the pointers are into objects_, whose nodes never move.
  std::unordered_map<std::string_view, const Held*> index_;
  std::map<const TypeRow*, std::unique_ptr<Object>> empties_;
  uint64_t version_floor_ = 0;
  uint64_t next_anonymous_;
  Placement placement_;
};

}  // namespace coheld::engine
