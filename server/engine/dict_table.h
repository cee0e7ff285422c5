// A dict's entries in insertion order, with an index to find them by key. The entries are dense;
// one that is removed leaves a hole until there are more holes than entries, then the table is
// compacted.
//
// Every entry has an ordinal, which never changes and grows in insertion order: the cursor of a
// scan. While nothing but the first entries was ever compacted away, the ordinals follow from the
// places and cost nothing.
//
// The index is open addressing with linear probing. A slot is 8 bytes: 32 bits of the key's hash
// (so that growing and most misses touch no key) and the entry's place. Small tables have none.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "server/engine/value.h"

namespace coheld::engine {

class StateReader;
class StateWriter;

class DictTable {
 public:
  struct Entry {
    Value key;
    Value value;
    // A list cannot be a key, so it marks a hole.
    bool hole() const { return key.kind() == ValueKind::kList; }
  };
  // A place among the entries; good until the next change.
  using Place = uint32_t;

  // Entries that are there.
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Keys that hold an opaque value.
  size_t opaque_keys() const { return opaque_keys_; }
  // Entries and holes, in insertion order; the last is never a hole.
  const std::vector<Entry>& entries() const { return entries_; }
  // Places for entries in use or reserved.
  size_t places() const { return entries_.size(); }

  // Returns where the key is. The key must be hashable; likewise below.
  std::optional<Place> Find(const Value& key) const;
  const Value& ValueAt(Place place) const { return entries_[place].value; }
  void SetAt(Place place, Value value) { entries_[place].value = std::move(value); }

  // Stores a value: an existing key keeps its place (and stays the key), another comes last.
  void Set(Value key, Value value);
  // Removes the entry and returns it.
  Entry Take(Place place);
  void Clear();

  // Returns the entry's ordinal.
  uint64_t OrdinalAt(Place place) const;
  // Returns the first place whose ordinal is at least this, or places().
  size_t PlaceOf(uint64_t ordinal) const;
  // Returns an ordinal above all of those given so far.
  uint64_t NextOrdinal() const;

  // Entries in saved state, holes left out; Load only while it is new.
  void Save(StateWriter& state) const;
  void Load(StateReader& state);

 private:
  struct Slot {
    uint32_t hash = 0;
    Place place = kFree;
  };
  static constexpr Place kFree = UINT32_MAX;

  static uint32_t HashOf(const Value& key) { return static_cast<uint32_t>(key.Hash()); }
  std::optional<Place> FindHashed(const Value& key, uint32_t hash) const;
  // Appends an entry whose key is not there.
  void Append(Value key, Value value, uint32_t hash);
  void IndexAdd(Slot slot);
  void IndexRemove(Place place);
  // Makes the index anew with this many slots, a power of two.
  void IndexResize(size_t slots);
  void IndexBuild();
  // Takes the holes out if there are too many.
  void CompactIfSparse();
  void Compact();
  void CompactOrdinals();
  // The place of the first entry; places() if there is none.
  Place FirstKept() const;
  // True if the ordinals of the entries follow one upon another.
  bool dense() const;
  // Reads an entry; if there is an index it is not in it yet, and its hash is added to `hashes`.
  void LoadEntry(StateReader& state, std::vector<uint32_t>* hashes);
  // Indexes an entry that was loaded; false if its key is there already.
  bool IndexLoaded(Place place, uint32_t hash);

  std::vector<Entry> entries_;
  std::vector<Slot> slots_;         // Empty while there are few entries.
  std::vector<uint64_t> ordinals_;  // By place; empty while they are first_ordinal_ + place.
  uint64_t first_ordinal_ = 1;
  size_t size_ = 0;
  size_t opaque_keys_ = 0;
};

}  // namespace coheld::engine
