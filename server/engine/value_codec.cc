// See value_codec.h.
#include "server/engine/value_codec.h"

#include <algorithm>
#include <unordered_map>

#include "proto/wire/fields.h"
#include "proto/wire/parse.h"
#include "server/engine/lifetime.h"
#include "server/engine/store.h"

namespace coheld::engine {
namespace {

using wire::Failure;
using wire::Result;

// Below this many members the same keys are found by comparing each with each.
constexpr size_t kNaiveMembersMax = 8;

Failure Invalid(std::string message) {
  return {v1::ERROR_REASON_INVALID_VALUE, std::move(message)};
}

Failure NotHashable(const Value& value, const char* role) {
  return {v1::ERROR_REASON_NOT_HASHABLE, std::string(KindWord(value.kind())) + " " +
                                             ShortText(value) + " cannot be " + role +
                                             ": it is, or holds, a list, set or map; use a tuple"};
}

Failure TooDeep() {
  return Invalid("the value nests over " + std::to_string(kNestingMax) +
                 " deep; flatten it or send it as opaque data");
}

// True if the digits (of a number without leading zeros) fit 64 bits.
bool FitsInteger(std::string_view digits, bool negative) {
  constexpr std::string_view kMax = "9223372036854775807";
  constexpr std::string_view kMinMagnitude = "9223372036854775808";
  if (digits.size() != kMax.size()) return digits.size() < kMax.size();
  return digits <= (negative ? kMinMagnitude : kMax);
}

// Calls `same(first, later)` for members, by place, that are the same key, in the order of `later`.
template <typename KeyAt, typename Same>
void ForEachSame(size_t size, KeyAt key_at, Same same) {
  if (size <= kNaiveMembersMax) {
    for (size_t later = 1; later < size; ++later) {
      for (size_t first = 0; first < later; ++first) {
        if (!SameKey(key_at(first), key_at(later))) continue;
        same(first, later);
        break;
      }
    }
    return;
  }
  std::unordered_multimap<uint64_t, size_t> seen;
  seen.reserve(size);
  for (size_t later = 0; later < size; ++later) {
    const uint64_t hash = key_at(later).Hash();
    auto [place, end] = seen.equal_range(hash);
    place = std::find_if(place, end, [&](const auto& entry) {
      return SameKey(key_at(entry.second), key_at(later));
    });
    if (place == end) {
      seen.emplace(hash, later);
    } else {
      same(place->second, later);
    }
  }
}

// Keeps the members that are not marked.
template <typename Members>
void DropMarked(const std::vector<bool>& marked, Members* members) {
  size_t kept = 0;
  for (size_t place = 0; place < members->size(); ++place) {
    if (marked[place]) continue;
    if (kept != place) (*members)[kept] = std::move((*members)[place]);
    ++kept;
  }
  members->erase(members->begin() + static_cast<ptrdiff_t>(kept), members->end());
}

Result<Value> RefFromWire(const v1::Ref& wire) {
  Value ref = Value::Ref(wire.name(), wire.type());
  if (ref.tenure() != nullptr || !IsAnonymous(wire.name())) return ref;
  if (Lifetime::current() == nullptr) return ref;
  if (Lifetime::current()->IsElsewhere(wire.name())) {
    return Failure{v1::ERROR_REASON_CROSS_SHARD,
                   "a reference to \"" + wire.name() +
                       "\", which lives on another shard of the daemon and cannot be kept from "
                       "here; give it a name, and the two the same {tag}"};
  }
  return NotFound(wire.name());
}

// Refs to named objects keep nothing: those are left out.
Result<Value> OpaqueFromWire(const v1::Opaque& wire) {
  Value::Items kept;
  for (const v1::Ref& ref : wire.refs()) {
    Result<Value> made = RefFromWire(ref);
    if (!made.ok()) return made.failure();
    if (made.value().tenure() != nullptr) kept.push_back(std::move(made).value());
  }
  return Value::Opaque(wire.codec(), wire.data(), std::move(kept));
}

Result<Value> Decode(const v1::Value& wire, int depth);

Result<Value::Items> DecodeItems(const v1::ValueList& wire, int depth) {
  if (depth > kNestingMax) return TooDeep();
  Value::Items items;
  items.reserve(static_cast<size_t>(wire.items_size()));
  for (const v1::Value& item : wire.items()) {
    Result<Value> decoded = Decode(item, depth);
    if (!decoded.ok()) return decoded.failure();
    items.push_back(std::move(decoded).value());
  }
  return items;
}

Result<Value> DecodeSet(const v1::ValueList& wire, int depth) {
  Result<Value::Items> decoded = DecodeItems(wire, depth);
  if (!decoded.ok()) return decoded.failure();
  Value::Items items = std::move(decoded).value();
  for (const Value& item : items) {
    if (!item.hashable()) return NotHashable(item, "a set item");
  }
  std::vector<bool> repeated(items.size());
  ForEachSame(
      items.size(), [&](size_t place) -> const Value& { return items[place]; },
      [&](size_t /*first*/, size_t later) { repeated[later] = true; });
  DropMarked(repeated, &items);
  return Value::Set(std::move(items));
}

Result<Value> DecodeMap(const v1::ValueMap& wire, int depth) {
  if (depth > kNestingMax) return TooDeep();
  Value::Entries entries;
  entries.reserve(static_cast<size_t>(wire.entries_size()));
  for (const v1::Entry& entry : wire.entries()) {
    Result<Value> key = Decode(entry.key(), depth);
    if (!key.ok()) return key.failure();
    if (!key.value().hashable()) return NotHashable(key.value(), "a map key");
    Result<Value> value = Decode(entry.value(), depth);
    if (!value.ok()) return value.failure();
    entries.emplace_back(std::move(key).value(), std::move(value).value());
  }
  std::vector<bool> repeated(entries.size());
  ForEachSame(
      entries.size(), [&](size_t place) -> const Value& { return entries[place].first; },
      [&](size_t first, size_t later) {
        repeated[later] = true;
        entries[first].second = std::move(entries[later].second);
      });
  DropMarked(repeated, &entries);
  return Value::Map(std::move(entries));
}

// `depth` is how many lists, tuples, sets and maps the value is in.
Result<Value> Decode(const v1::Value& wire, int depth) {
  switch (wire.kind_case()) {
    case v1::Value::KIND_NOT_SET:
    case v1::Value::kNull:
      return Value();
    case v1::Value::kBoolean:
      return Value::Boolean(wire.boolean());
    case v1::Value::kInteger:
      return Value::Integer(wire.integer());
    case v1::Value::kBigInteger:
      return BigIntegerFromText(wire.big_integer());
    case v1::Value::kReal:
      return Value::Real(wire.real());
    case v1::Value::kText:
      return Value::Text(wire.text());
    case v1::Value::kBytes:
      return Value::Bytes(wire.bytes());
    case v1::Value::kList: {
      Result<Value::Items> items = DecodeItems(wire.list(), depth + 1);
      if (!items.ok()) return items.failure();
      return Value::List(std::move(items).value());
    }
    case v1::Value::kTuple: {
      Result<Value::Items> items = DecodeItems(wire.tuple(), depth + 1);
      if (!items.ok()) return items.failure();
      return Value::Tuple(std::move(items).value());
    }
    case v1::Value::kSet:
      return DecodeSet(wire.set(), depth + 1);
    case v1::Value::kMap:
      return DecodeMap(wire.map(), depth + 1);
    case v1::Value::kRef:
      return RefFromWire(wire.ref());
    case v1::Value::kOpaque:
      return OpaqueFromWire(wire.opaque());
  }
  return Invalid("the value is of a kind that this daemon does not know");
}

void RefToWire(const Value& value, v1::Ref* wire) {
  if (value.tenure() != nullptr && Lifetime::current() != nullptr) {
    Lifetime::current()->NoteSent(*value.tenure());
  }
  const auto [name, type] = value.pair();
  wire->set_name(name.data(), name.size());
  wire->set_type(type.data(), type.size());
}

void ItemsToWire(const Value& value, v1::ValueList* wire) {
  wire->mutable_items()->Reserve(static_cast<int>(value.items().size()));
  for (const Value& item : value.items()) ToWire(item, wire->add_items());
}

void EntriesToWire(const Value& value, v1::ValueMap* wire) {
  for (const auto& [key, held] : value.entries()) {
    v1::Entry* entry = wire->add_entries();
    ToWire(key, entry->mutable_key());
    ToWire(held, entry->mutable_value());
  }
}

}  // namespace

Result<Value> BigIntegerFromText(std::string_view text) {
  const bool negative = text.starts_with('-');
  const std::string_view digits = text.substr(negative ? 1 : 0);
  if (digits.size() > kIntegerDigitsMax) {
    return Invalid("the integer has " + std::to_string(digits.size()) + " digits; at most " +
                   std::to_string(kIntegerDigitsMax) + " are allowed");
  }
  const bool numeric = !digits.empty() && digits.find_first_not_of("0123456789") == digits.npos;
  if (!numeric || (digits.size() > 1 && digits.starts_with('0'))) {
    return Invalid("big_integer " + ShortText(Value::Text(text)) +
                   " is no number; send decimal digits, an optional leading minus and no zeros "
                   "before them");
  }
  if (FitsInteger(digits, negative)) {
    return Invalid("big_integer " + std::string(text) + " fits 64 bits; send it as integer");
  }
  return Value::BigInteger(text);
}

Result<Value> FromWire(const v1::Value& wire) { return Decode(wire, 0); }

Result<Value> KeyFromWire(const v1::Value& wire) {
  Result<Value> key = Decode(wire, 0);
  if (key.ok() && !key.value().hashable()) return NotHashable(key.value(), "a key");
  return key;
}

Result<Value::Items> ItemsFromWire(const google::protobuf::RepeatedPtrField<v1::Value>& wire) {
  Value::Items items;
  items.reserve(static_cast<size_t>(wire.size()));
  for (const v1::Value& item : wire) {
    Result<Value> decoded = Decode(item, 0);
    if (!decoded.ok()) return decoded.failure();
    items.push_back(std::move(decoded).value());
  }
  return items;
}

void ToWire(const Value& value, v1::Value* wire) {
  switch (value.kind()) {
    case ValueKind::kNull:
      wire->set_null(v1::NULL_UNSPECIFIED);
      return;
    case ValueKind::kBoolean:
      wire->set_boolean(value.boolean());
      return;
    case ValueKind::kInteger:
      wire->set_integer(value.integer());
      return;
    case ValueKind::kBigInteger:
      wire->set_big_integer(value.text().data(), value.text().size());
      return;
    case ValueKind::kReal:
      wire->set_real(value.real());
      return;
    case ValueKind::kText:
      wire->set_text(value.text().data(), value.text().size());
      return;
    case ValueKind::kBytes:
      wire->set_bytes(value.text().data(), value.text().size());
      return;
    case ValueKind::kList:
      return ItemsToWire(value, wire->mutable_list());
    case ValueKind::kTuple:
      return ItemsToWire(value, wire->mutable_tuple());
    case ValueKind::kSet:
      return ItemsToWire(value, wire->mutable_set());
    case ValueKind::kMap:
      return EntriesToWire(value, wire->mutable_map());
    case ValueKind::kRef:
      return RefToWire(value, wire->mutable_ref());
    case ValueKind::kOpaque: {
      const auto [codec, data] = value.pair();
      wire->mutable_opaque()->set_codec(codec.data(), codec.size());
      wire->mutable_opaque()->set_data(data.data(), data.size());
      for (const Value& ref : value.kept()) RefToWire(ref, wire->mutable_opaque()->add_refs());
      return;
    }
  }
}

Failure ReplyBudget::Exceeded() {
  return {v1::ERROR_REASON_TOO_LARGE, "the reply would be over " +
                                          std::to_string(kReplyBytesMax >> 20) +
                                          " MiB; read it in pages with Scan, or in slices"};
}

}  // namespace coheld::engine
