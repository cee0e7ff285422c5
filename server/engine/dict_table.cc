// See dict_table.h.
#include "server/engine/dict_table.h"

#include <algorithm>

#include "proto/wire/check.h"
#include "server/engine/limits.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"

namespace coheld::engine {
namespace {

// Up to so many entries are searched one by one.
constexpr size_t kUnindexedMax = 8;
constexpr size_t kHolesKept = 32;
// While a table is loaded its index is so many entries behind, until its slots come from memory.
constexpr size_t kIndexBehind = 16;
// No table lives to see more.
constexpr uint64_t kOrdinalMax = uint64_t{1} << 62;

}  // namespace

DictTable::DictTable(const DictTable& other)
    : index_(other.index_),
      base_(other.base_),
      first_ordinal_(other.first_ordinal_),
      size_(other.size_),
      opaque_keys_(other.opaque_keys_) {
  for (const Entry& entry : other.entries_) entries_.Append(entry);
  for (const uint64_t ordinal : other.ordinals_) ordinals_.Append(ordinal);
}

DictTable& DictTable::operator=(DictTable other) noexcept {
  Swap(other);
  return *this;
}

void DictTable::Swap(DictTable& other) noexcept {
  entries_.Swap(other.entries_);
  std::swap(index_, other.index_);
  std::swap(base_, other.base_);
  ordinals_.Swap(other.ordinals_);
  std::swap(first_ordinal_, other.first_ordinal_);
  std::swap(size_, other.size_);
  std::swap(opaque_keys_, other.opaque_keys_);
}

std::optional<DictTable::Place> DictTable::Find(const Value& key) const {
  return FindHashed(key, index_.empty() ? 0 : HashOf(key));
}

std::optional<DictTable::Place> DictTable::FindHashed(const Value& key, uint32_t hash) const {
  if (index_.empty()) {
    for (Place place = 0; place < entries_.size(); ++place) {
      if (!entries_[place].hole() && SameKey(entries_[place].key, key)) return place;
    }
    return std::nullopt;
  }
  const auto found = index_.Find(
      hash, [&](uint32_t indexed) { return SameKey(entries_[PlaceOfIndexed(indexed)].key, key); });
  if (!found) return std::nullopt;
  return PlaceOfIndexed(*found);
}

void DictTable::Set(Value key, Value value) {
  const uint32_t hash = index_.empty() ? 0 : HashOf(key);
  if (const std::optional<Place> place = FindHashed(key, hash)) {
    SetAt(*place, std::move(value));
  } else {
    Append(std::move(key).Owned(), std::move(value).Owned(), hash);
  }
}

void DictTable::Append(Value key, Value value, uint32_t hash) {
  COHELD_CHECK(entries_.size() < kDictEntriesMax);
  if (!ordinals_.empty()) ordinals_.Append(NextOrdinal());
  const auto place = static_cast<Place>(entries_.size());
  if (key.holds_opaque()) ++opaque_keys_;
  entries_.Append({std::move(key), std::move(value)});
  ++size_;
  if (!index_.empty()) {
    Index(place, hash);
  } else if (entries_.size() > kUnindexedMax) {
    IndexBuild();
  }
}

void DictTable::Index(Place place, uint32_t hash) {
  if (IndexedAs(place) == PlaceIndex::kFree) {
    index_.MoveEach([this](uint32_t& indexed) { indexed -= base_; });
    base_ = 0;
  }
  index_.Add(hash, IndexedAs(place));
}

void DictTable::IndexBuild() {
  base_ = 0;
  for (Place place = 0; place < entries_.size(); ++place) {
    const Entry& entry = entries_[place];
    if (!entry.hole()) Index(place, HashOf(entry.key));
  }
}

DictTable::Entry DictTable::Take(Place place) {
  if (!index_.empty()) index_.Remove(HashOf(entries_[place].key), IndexedAs(place));
  Entry taken = std::move(entries_[place]);
  entries_[place].key = Value::List({});
  entries_[place].value = Value();
  --size_;
  if (taken.key.holds_opaque()) --opaque_keys_;
  TakeHolesOut();
  return taken;
}

void DictTable::TakeHolesOut() {
  if (size_ == 0) {
    first_ordinal_ = NextOrdinal();
    entries_.Remove(0, entries_.size());
    ordinals_.Clear();
    index_.Clear();
    return;
  }
  while (entries_.back().hole()) {
    entries_.Remove(entries_.size() - 1, 1);
    if (!ordinals_.empty()) ordinals_.Remove(ordinals_.size() - 1, 1);
  }
  if (const Place first = FirstKept(); first > 0) TakeFirst(first);
  const size_t holes = entries_.size() - size_;
  if (holes > kHolesKept && holes > size_) Compact();
}

void DictTable::TakeFirst(size_t count) {
  entries_.Remove(0, count);
  base_ += static_cast<uint32_t>(count);
  if (ordinals_.empty()) {
    first_ordinal_ += count;
  } else {
    ordinals_.Remove(0, count);
  }
}

void DictTable::Clear() {
  first_ordinal_ = NextOrdinal();
  entries_.Clear();
  ordinals_.Clear();
  index_.Clear();
  size_ = 0;
  opaque_keys_ = 0;
}

uint64_t DictTable::OrdinalAt(Place place) const {
  return ordinals_.empty() ? first_ordinal_ + place : ordinals_[place];
}

size_t DictTable::PlaceOf(uint64_t ordinal) const {
  if (!ordinals_.empty()) {
    size_t first = 0;
    for (size_t count = ordinals_.size(); count > 0;) {
      const size_t half = count / 2;
      const bool below = ordinals_[first + half] < ordinal;
      first += below ? half + 1 : 0;
      count = below ? count - half - 1 : half;
    }
    return first;
  }
  if (ordinal <= first_ordinal_) return 0;
  return std::min<uint64_t>(ordinal - first_ordinal_, entries_.size());
}

uint64_t DictTable::NextOrdinal() const {
  return ordinals_.empty() ? first_ordinal_ + entries_.size() : ordinals_.back() + 1;
}

DictTable::Place DictTable::FirstKept() const {
  Place first = 0;
  while (first < entries_.size() && entries_[first].hole()) ++first;
  return first;
}

void DictTable::Compact() {
  Sequence<uint64_t> ordinals;
  Sequence<Entry> kept;
  std::vector<uint32_t> moved(index_.empty() ? 0 : entries_.size());
  for (Place place = 0; place < entries_.size(); ++place) {
    if (entries_[place].hole()) continue;
    if (!moved.empty()) moved[place] = static_cast<uint32_t>(kept.size());
    ordinals.Append(OrdinalAt(place));
    kept.Append(std::move(entries_[place]));
  }
  index_.MoveEach([&](uint32_t& indexed) { indexed = moved[indexed - base_]; });
  base_ = 0;
  entries_.Swap(kept);
  ordinals_.Swap(ordinals);
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
  if (count > kUnindexedMax) index_.Reserve(count);
  Sequence<uint64_t> ordinals;
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
      ordinals.Append(ordinal);
    }
    LoadEntry(state, &hashes);
    if (hashes.size() > kIndexBehind) index_up_to(hashes.size() - kIndexBehind);
  }
  index_up_to(hashes.size());
  ordinals_.Swap(ordinals);
  if (state.ok() && (all_follow != dense() || (count > 0 && OrdinalAt(0) != first))) {
    state.Fail("the ordinals of a table are not as they are written");
  }
}

void DictTable::LoadEntry(StateReader& state, std::vector<uint32_t>* hashes) {
  Value key = state.TakeKey();
  Value value = state.TakeValue();
  if (!state.ok()) return;
  if (index_.empty()) {
    if (FindHashed(key, 0)) return state.Fail("a table has a key twice");
    return Append(std::move(key), std::move(value), 0);
  }
  hashes->push_back(HashOf(key));
  index_.Prefetch(hashes->back());
  if (key.holds_opaque()) ++opaque_keys_;
  entries_.Append({std::move(key), std::move(value)});
  ++size_;
}

bool DictTable::IndexLoaded(Place place, uint32_t hash) {
  if (FindHashed(entries_[place].key, hash)) return false;
  Index(place, hash);
  return true;
}

}  // namespace coheld::engine
