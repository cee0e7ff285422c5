// See dict_table.h.
#include "server/engine/dict_table.h"

#include <algorithm>
#include <bit>

#include "proto/wire/check.h"
#include "server/engine/limits.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"

namespace coheld::engine {
namespace {

// Up to so many entries are searched one by one.
constexpr size_t kUnindexedMax = 8;
constexpr size_t kLeastSlots = 16;
constexpr size_t kHolesKept = 32;
// While a table is loaded its index is so many entries behind, until its slots come from memory.
constexpr size_t kIndexBehind = 16;
// No table lives to see more.
constexpr uint64_t kOrdinalMax = uint64_t{1} << 62;

// Slots for so many entries, so that at most three quarters are used.
size_t SlotsFor(size_t entries) {
  return std::max(kLeastSlots, std::bit_ceil(entries + entries / 3 + 1));
}

// Gives the memory back too, but for a little: many dicts have one entry, then none, and so on.
template <typename Item>
void Empty(std::vector<Item>* items) {
  constexpr size_t kItemsKept = 16;
  items->clear();
  if (items->capacity() > kItemsKept) items->shrink_to_fit();
}

}  // namespace

std::optional<DictTable::Place> DictTable::Find(const Value& key) const {
  return FindHashed(key, slots_.empty() ? 0 : HashOf(key));
}

std::optional<DictTable::Place> DictTable::FindHashed(const Value& key, uint32_t hash) const {
  if (slots_.empty()) {
    for (Place place = 0; place < entries_.size(); ++place) {
      if (!entries_[place].hole() && SameKey(entries_[place].key, key)) return place;
    }
    return std::nullopt;
  }
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask; slots_[at].place != kFree; at = (at + 1) & mask) {
    if (slots_[at].hash == hash && SameKey(entries_[slots_[at].place].key, key)) {
      return slots_[at].place;
    }
  }
  return std::nullopt;
}

void DictTable::Set(Value key, Value value) {
  const uint32_t hash = slots_.empty() ? 0 : HashOf(key);
  if (const std::optional<Place> place = FindHashed(key, hash)) {
    SetAt(*place, std::move(value));
  } else {
    Append(std::move(key), std::move(value), hash);
  }
}

void DictTable::Append(Value key, Value value, uint32_t hash) {
  COHELD_CHECK(entries_.size() < kDictEntriesMax);
  if (entries_.size() == entries_.capacity()) {
    entries_.reserve(std::max<size_t>(2, entries_.size() + entries_.size() / 2));
  }
  if (!ordinals_.empty()) ordinals_.push_back(NextOrdinal());
  const auto place = static_cast<Place>(entries_.size());
  if (key.holds_opaque()) ++opaque_keys_;
  entries_.push_back({std::move(key), std::move(value)});
  ++size_;
  if (!slots_.empty()) {
    if (SlotsFor(size_) > slots_.size()) IndexResize(SlotsFor(size_));
    IndexAdd({.hash = hash, .place = place});
  } else if (entries_.size() > kUnindexedMax) {
    IndexBuild();
  }
}

void DictTable::IndexAdd(Slot slot) {
  const size_t mask = slots_.size() - 1;
  size_t at = slot.hash & mask;
  while (slots_[at].place != kFree) at = (at + 1) & mask;
  slots_[at] = slot;
}

void DictTable::IndexBuild() {
  slots_.assign(SlotsFor(size_), Slot());
  for (Place place = 0; place < entries_.size(); ++place) {
    const Entry& entry = entries_[place];
    if (!entry.hole()) IndexAdd({.hash = HashOf(entry.key), .place = place});
  }
}

void DictTable::IndexResize(size_t slots) {
  std::vector<Slot> old(slots);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.place != kFree) IndexAdd(slot);
  }
}

void DictTable::IndexRemove(Place place) {
  if (slots_.empty()) return;
  const size_t mask = slots_.size() - 1;
  size_t hole = HashOf(entries_[place].key) & mask;
  while (slots_[hole].place != place) hole = (hole + 1) & mask;
  // Close the hole with those behind it that may stand there.
  for (size_t at = (hole + 1) & mask; slots_[at].place != kFree; at = (at + 1) & mask) {
    const size_t home = slots_[at].hash & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    slots_[hole] = slots_[at];
    hole = at;
  }
  slots_[hole] = Slot();
}

DictTable::Entry DictTable::Take(Place place) {
  IndexRemove(place);
  Entry taken = std::move(entries_[place]);
  entries_[place].key = Value::List({});
  entries_[place].value = Value();
  --size_;
  if (taken.key.holds_opaque()) --opaque_keys_;
  if (size_ == 0) {
    Clear();
    return taken;
  }
  while (entries_.back().hole()) {
    entries_.pop_back();
    if (!ordinals_.empty()) ordinals_.pop_back();
  }
  CompactIfSparse();
  return taken;
}

void DictTable::Clear() {
  first_ordinal_ = NextOrdinal();
  Empty(&entries_);
  Empty(&slots_);
  Empty(&ordinals_);
  size_ = 0;
  opaque_keys_ = 0;
}

uint64_t DictTable::OrdinalAt(Place place) const {
  return ordinals_.empty() ? first_ordinal_ + place : ordinals_[place];
}

size_t DictTable::PlaceOf(uint64_t ordinal) const {
  if (!ordinals_.empty()) {
    const auto place = std::lower_bound(ordinals_.begin(), ordinals_.end(), ordinal);
    return static_cast<size_t>(place - ordinals_.begin());
  }
  if (ordinal <= first_ordinal_) return 0;
  return std::min<uint64_t>(ordinal - first_ordinal_, entries_.size());
}

uint64_t DictTable::NextOrdinal() const {
  return ordinals_.empty() ? first_ordinal_ + entries_.size() : ordinals_.back() + 1;
}

void DictTable::CompactIfSparse() {
  const size_t holes = entries_.size() - size_;
  if (holes > kHolesKept && holes > size_) Compact();
}

DictTable::Place DictTable::FirstKept() const {
  const auto first_kept = std::find_if(entries_.begin(), entries_.end(),
                                       [](const Entry& entry) { return !entry.hole(); });
  return static_cast<Place>(first_kept - entries_.begin());
}

void DictTable::CompactOrdinals() {
  const size_t leading = FirstKept();
  if (ordinals_.empty() && leading == entries_.size() - size_) {
    first_ordinal_ += leading;
    return;
  }
  std::vector<uint64_t> kept;
  kept.reserve(size_);
  for (Place place = 0; place < entries_.size(); ++place) {
    if (!entries_[place].hole()) kept.push_back(OrdinalAt(place));
  }
  ordinals_ = std::move(kept);
}

void DictTable::Compact() {
  CompactOrdinals();
  std::vector<Entry> kept;
  kept.reserve(size_);
  std::vector<Place> moved(slots_.empty() ? 0 : entries_.size());
  for (Place place = 0; place < entries_.size(); ++place) {
    if (entries_[place].hole()) continue;
    if (!moved.empty()) moved[place] = static_cast<Place>(kept.size());
    kept.push_back(std::move(entries_[place]));
  }
  entries_ = std::move(kept);
  for (Slot& slot : slots_) {
    if (slot.place != kFree) slot.place = moved[slot.place];
  }
  if (slots_.size() > 4 * SlotsFor(size_)) IndexResize(SlotsFor(size_));
}

bool DictTable::dense() const {
  if (empty()) return true;
  const Place last = static_cast<Place>(entries_.size() - 1);
  return OrdinalAt(last) - OrdinalAt(FirstKept()) == size_ - 1;
}

void DictTable::Save(StateWriter& state) const {
  const bool all_follow = dense();
  uint64_t next = empty() ? NextOrdinal() : OrdinalAt(FirstKept());
  state.PutUnsigned(size_);
  state.PutUnsigned(next);
  state.PutFlag(all_follow);
  for (Place place = 0; place < entries_.size(); ++place) {
    const Entry& entry = entries_[place];
    if (entry.hole()) continue;
    if (!all_follow) state.PutUnsigned(OrdinalAt(place) - next);
    next = OrdinalAt(place) + 1;
    state.PutValue(entry.key);
    state.PutValue(entry.value);
  }
}

void DictTable::Load(StateReader& state) {
  const size_t count = state.TakeCount();
  const uint64_t first = state.TakeUnsigned(kOrdinalMax, "an ordinal");
  const bool all_follow = state.TakeFlag();
  if (count > kDictEntriesMax) return state.Fail("a table has too many entries");
  if (!state.ok()) return;
  first_ordinal_ = first;
  entries_.reserve(count);
  if (count > kUnindexedMax) slots_.assign(SlotsFor(count), Slot());
  std::vector<uint64_t> ordinals;
  std::vector<uint32_t> hashes;
  uint64_t ordinal = first;
  size_t indexed = 0;
  const auto index_up_to = [&](size_t end) {
    for (; indexed < end && state.ok(); ++indexed) {
      if (!IndexLoaded(static_cast<Place>(indexed), hashes[indexed])) {
        state.Fail("a table has a key twice");
      }
    }
  };
  for (size_t i = 0; i < count && state.ok(); ++i, ++ordinal) {
    if (!all_follow) {
      ordinal += state.TakeUnsigned(kOrdinalMax - ordinal, "an ordinal");
      ordinals.push_back(ordinal);
    }
    LoadEntry(state, &hashes);
    if (hashes.size() > kIndexBehind) index_up_to(hashes.size() - kIndexBehind);
  }
  index_up_to(hashes.size());
  ordinals_ = std::move(ordinals);
  if (state.ok() && (all_follow != dense() || (count > 0 && OrdinalAt(0) != first))) {
    state.Fail("the ordinals of a table are not as they are written");
  }
}

void DictTable::LoadEntry(StateReader& state, std::vector<uint32_t>* hashes) {
  Value key = state.TakeKey();
  Value value = state.TakeValue();
  if (!state.ok()) return;
  if (slots_.empty()) {
    if (FindHashed(key, 0)) return state.Fail("a table has a key twice");
    return Append(std::move(key), std::move(value), 0);
  }
  hashes->push_back(HashOf(key));
  __builtin_prefetch(&slots_[hashes->back() & (slots_.size() - 1)], 1);
  if (key.holds_opaque()) ++opaque_keys_;
  entries_.push_back({std::move(key), std::move(value)});
  ++size_;
}

bool DictTable::IndexLoaded(Place place, uint32_t hash) {
  if (FindHashed(entries_[place].key, hash)) return false;
  IndexAdd({.hash = hash, .place = place});
  return true;
}

}  // namespace coheld::engine
