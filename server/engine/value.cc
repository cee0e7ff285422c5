// See value.h. Storage only: comparison is in value_compare.cc, arithmetic in value_arithmetic.cc.
#include "server/engine/value.h"

#include "proto/wire/check.h"
#include "server/engine/lifetime.h"

namespace coheld::engine {
namespace {

constexpr size_t kPairHeadBytes = sizeof(uint32_t);

}  // namespace

std::string_view KindWord(ValueKind kind) {
  switch (kind) {
    case ValueKind::kNull:
      return "null";
    case ValueKind::kBoolean:
      return "boolean";
    case ValueKind::kInteger:
    case ValueKind::kBigInteger:
      return "integer";
    case ValueKind::kReal:
      return "real";
    case ValueKind::kText:
      return "text";
    case ValueKind::kBytes:
      return "bytes";
    case ValueKind::kList:
      return "list";
    case ValueKind::kTuple:
      return "tuple";
    case ValueKind::kSet:
      return "set";
    case ValueKind::kMap:
      return "map";
    case ValueKind::kRef:
      return "ref";
    case ValueKind::kOpaque:
      return "opaque";
  }
  return "";
}

void Value::CopyBlock(const Value& other) {
  if (other.lent()) {
    Value own = String(other.kind(), other.text());
    return Take(own);
  }
  std::memcpy(&wide_, &other.wide_, sizeof(wide_));
  switch (kind()) {
    case ValueKind::kList:
    case ValueKind::kTuple:
    case ValueKind::kSet:
      wide_.items = new Items(*other.wide_.items);
      return;
    case ValueKind::kMap:
      wide_.entries = new Entries(*other.wide_.entries);
      return;
    case ValueKind::kRef:
      if (tenure() != nullptr) {
        Lifetime::Refer(*tenure());
        return;
      }
      [[fallthrough]];
    case ValueKind::kOpaque:
      if (keeps()) {
        wide_.items = new Items(*other.wide_.items);
        return;
      }
      [[fallthrough]];
    case ValueKind::kNull:
    case ValueKind::kBoolean:
    case ValueKind::kInteger:
    case ValueKind::kReal:
    case ValueKind::kBigInteger:
    case ValueKind::kText:
    case ValueKind::kBytes:
      wide_.block = new char[wide_.block_bytes];
      std::memcpy(wide_.block, other.wide_.block, wide_.block_bytes);
      return;
  }
}

void Value::Free() {
  switch (kind()) {
    case ValueKind::kList:
    case ValueKind::kTuple:
    case ValueKind::kSet:
      delete wide_.items;
      return;
    case ValueKind::kMap:
      delete wide_.entries;
      return;
    case ValueKind::kRef:
      if (tenure() != nullptr) return Lifetime::Unrefer(*tenure());
      [[fallthrough]];
    case ValueKind::kOpaque:
      if (keeps()) {
        delete wide_.items;
        return;
      }
      [[fallthrough]];
    case ValueKind::kNull:
    case ValueKind::kBoolean:
    case ValueKind::kInteger:
    case ValueKind::kReal:
    case ValueKind::kBigInteger:
    case ValueKind::kText:
    case ValueKind::kBytes:
      delete[] wide_.block;
      return;
  }
}

Value Value::BigInteger(std::string_view digits) { return String(ValueKind::kBigInteger, digits); }
Value Value::Text(std::string_view text) { return String(ValueKind::kText, text); }
Value Value::Bytes(std::string_view bytes) { return String(ValueKind::kBytes, bytes); }

Value Value::String(ValueKind kind, std::string_view characters) {
  Value made;
  if (characters.size() <= kInlineBytesMax) {
    made.SetInline(kind, characters);
    return made;
  }
  COHELD_CHECK(characters.size() <= UINT32_MAX);
  made.wide_.kind = kind;
  made.wide_.inline_bytes = kOwned;
  made.wide_.block_bytes = static_cast<uint32_t>(characters.size());
  made.wide_.block = new char[characters.size()];
  std::memcpy(made.wide_.block, characters.data(), characters.size());
  return made;
}

void Value::SetLent(ValueKind kind, std::string_view characters) {
  COHELD_CHECK(characters.size() <= UINT32_MAX);
  wide_.kind = kind;
  wide_.inline_bytes = kLent;
  wide_.block_bytes = static_cast<uint32_t>(characters.size());
  wide_.block = const_cast<char*>(characters.data());  // Never written through.
}

Value Value::List(Items items) { return Sequence(ValueKind::kList, std::move(items)); }
Value Value::Tuple(Items items) { return Sequence(ValueKind::kTuple, std::move(items)); }
Value Value::Set(Items items) { return Sequence(ValueKind::kSet, std::move(items)); }

Value Value::Sequence(ValueKind kind, Items items) {
  Value made;
  made.wide_.kind = kind;
  if (items.empty()) return made;
  made.wide_.inline_bytes = kOwned;
  made.wide_.items = new Items(std::move(items));
  return made;
}

Value Value::Map(Entries entries) {
  Value made;
  made.wide_.kind = ValueKind::kMap;
  if (entries.empty()) return made;
  made.wide_.inline_bytes = kOwned;
  made.wide_.entries = new Entries(std::move(entries));
  return made;
}

Value Value::Ref(std::string_view name, std::string_view type) {
  Tenure* const tenure = Lifetime::current() == nullptr ? nullptr : Lifetime::current()->Find(name);
  return tenure == nullptr ? Pair(ValueKind::kRef, name, type) : RefTo(*tenure);
}

Value Value::RefTo(Tenure& tenure) {
  Value made;
  made.wide_.kind = ValueKind::kRef;
  made.wide_.inline_bytes = kOwned;
  made.wide_.tenure = &tenure;
  Lifetime::Refer(tenure);
  return made;
}

Value Value::Opaque(std::string_view codec, std::string_view data, Items kept) {
  Value made = Pair(ValueKind::kOpaque, codec, data);
  if (kept.empty()) return made;
  kept.insert(kept.begin(), std::move(made));
  Value keeper = Sequence(ValueKind::kOpaque, std::move(kept));
  return keeper;
}

std::span<const Value> Value::kept() const {
  if (!keeps()) return {};
  return std::span(*wide_.items).subspan(1);
}

Value Value::Pair(ValueKind kind, std::string_view first, std::string_view second) {
  const size_t bytes = kPairHeadBytes + first.size() + second.size();
  COHELD_CHECK(bytes <= UINT32_MAX);
  const auto first_bytes = static_cast<uint32_t>(first.size());
  Value made;
  made.wide_.kind = kind;
  made.wide_.inline_bytes = kOwned;
  made.wide_.block_bytes = static_cast<uint32_t>(bytes);
  made.wide_.block = new char[bytes];
  std::memcpy(made.wide_.block, &first_bytes, kPairHeadBytes);
  first.copy(made.wide_.block + kPairHeadBytes, first.size());
  second.copy(made.wide_.block + kPairHeadBytes + first.size(), second.size());
  return made;
}

const Value::Items& Value::items() const {
  static const Items none;
  return owned() ? *wide_.items : none;
}

const Value::Entries& Value::entries() const {
  static const Entries none;
  return owned() ? *wide_.entries : none;
}

std::pair<std::string_view, std::string_view> Value::pair() const {
  if (kind() == ValueKind::kRef && tenure() != nullptr) return {tenure()->name, tenure()->type};
  if (keeps()) return wide_.items->front().pair();
  uint32_t first_bytes = 0;
  std::memcpy(&first_bytes, wide_.block, kPairHeadBytes);
  const std::string_view both(wide_.block + kPairHeadBytes, wide_.block_bytes - kPairHeadBytes);
  return {both.substr(0, first_bytes), both.substr(first_bytes)};
}

size_t Value::owned_bytes() const {
  if (lent()) return wide_.block_bytes;
  if (!owned()) return 0;
  switch (kind()) {
    case ValueKind::kList:
    case ValueKind::kTuple:
    case ValueKind::kSet: {
      size_t bytes = sizeof(Items) + items().size() * sizeof(Value);
      for (const Value& item : items()) bytes += item.owned_bytes();
      return bytes;
    }
    case ValueKind::kMap: {
      size_t bytes = sizeof(Entries) + entries().size() * 2 * sizeof(Value);
      for (const auto& [key, value] : entries()) bytes += key.owned_bytes() + value.owned_bytes();
      return bytes;
    }
    case ValueKind::kNull:
    case ValueKind::kBoolean:
    case ValueKind::kInteger:
    case ValueKind::kReal:
    case ValueKind::kBigInteger:
    case ValueKind::kText:
    case ValueKind::kBytes:
    case ValueKind::kRef:
      return tenure() != nullptr ? tenure()->name.size() + tenure()->type.size()
                                 : wide_.block_bytes;
    case ValueKind::kOpaque: {
      if (!keeps()) return wide_.block_bytes;
      size_t bytes = sizeof(Items) + wide_.items->size() * sizeof(Value);
      for (const Value& part : *wide_.items) bytes += part.owned_bytes();
      return bytes;
    }
  }
  return 0;
}

}  // namespace coheld::engine
