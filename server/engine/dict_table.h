// A dict's entries in insertion order, with an index to find them by key. The entries are in a
// sequence; one that is removed leaves a hole. Holes at either end go at once, so that a dict from
// which always the oldest is taken moves nothing; when there are more holes than entries between
// them, the table is compacted.
//
// Every entry has an ordinal, which never changes and grows in insertion order: the cursor of a
// scan. While nothing but the first entries was ever taken out, the ordinals follow from the places
// and cost nothing.
//
// Nothing is made anew as a whole when the table grows (sequence.h, place_index.h). Small tables
// have no index.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "server/engine/place_index.h"
#include "server/engine/sequence.h"
#include "server/engine/value.h"

namespace coheld::engine {

class StateReader;
class StateWriter;

class DictTable {
 public:
  DictTable() = default;
  DictTable(const DictTable& other);
  DictTable(DictTable&& other) noexcept { Swap(other); }
  DictTable& operator=(DictTable other) noexcept;

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
  const Sequence<Entry>& entries() const { return entries_; }
  // Places for entries in use or reserved.
  size_t places() const { return entries_.size(); }

  // Returns where the key is. The key must be hashable; likewise below.
  std::optional<Place> Find(const Value& key) const;
  const Value& ValueAt(Place place) const { return entries_[place].value; }
  // What is stored may be lent: the table copies it.
  void SetAt(Place place, Value value) {
    Value& stored = entries_[place].value;
    if (!stored.OverwriteWith(value)) stored = std::move(value).Owned();
  }

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
  void Swap(DictTable& other) noexcept;
  static uint32_t HashOf(const Value& key) { return static_cast<uint32_t>(key.Hash()); }
  std::optional<Place> FindHashed(const Value& key, uint32_t hash) const;
  // Appends an entry whose key is not there.
  void Append(Value key, Value value, uint32_t hash);
  // What the index has for a place: places are counted from that of the first entry ever, so that
  // taking out the first ones changes none.
  uint32_t IndexedAs(Place place) const { return base_ + place; }
  Place PlaceOfIndexed(uint32_t indexed) const { return indexed - base_; }
  void Index(Place place, uint32_t hash);
  void IndexBuild();
  // Takes the holes out: those at the ends, and all if there are too many.
  void TakeHolesOut();
  void Compact();
  // Takes away the first entries, which are holes.
  void TakeFirst(size_t count);
  // The place of the first entry; places() if there is none.
  Place FirstKept() const;
  // True if the ordinals of the entries follow one upon another.
  bool dense() const;
  // Reads an entry; if there is an index it is not in it yet, and its hash is added to `hashes`.
  void LoadEntry(StateReader& state, std::vector<uint32_t>* hashes);
  // Indexes an entry that was loaded; false if its key is there already.
  bool IndexLoaded(Place place, uint32_t hash);

  Sequence<Entry> entries_;
  PlaceIndex index_;  // Empty while there are few entries.
  uint32_t base_ = 0;
  Sequence<uint64_t> ordinals_;  // By place; empty while they are first_ordinal_ + place.
  uint64_t first_ordinal_ = 1;
  size_t size_ = 0;
  size_t opaque_keys_ = 0;
};

}  // namespace coheld::engine
