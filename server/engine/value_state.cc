// Values in saved state: a byte for the kind, then what it holds (STATE.md).
#include <limits>
#include <utility>

#include "server/engine/lifetime.h"
#include "server/engine/limits.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/value.h"
#include "server/engine/value_codec.h"

namespace coheld::engine {
namespace {

// What a saved value begins with. Numbers stay as they are.
enum Saved : uint64_t {
  kNull = 0,
  kFalse = 1,
  kTrue = 2,
  kInteger = 3,
  kBigInteger = 4,
  kReal = 5,
  kText = 6,
  kBytes = 7,
  kList = 8,
  kTuple = 9,
  kSet = 10,
  kMap = 11,
  kRef = 12,         // To a named object, or one of another daemon.
  kCountedRef = 13,  // To an anonymous object, which it keeps.
  kOpaque = 14,
};

// A value's strings are shorter than this, with room for what stands between two of them.
constexpr size_t kStringBytesMax = std::numeric_limits<uint32_t>::max() - 64;

void PutItems(StateWriter* state, Saved kind, std::span<const Value> items) {
  state->PutUnsigned(kind);
  state->PutUnsigned(items.size());
  for (const Value& item : items) state->PutValue(item);
}

void PutString(StateWriter* state, Saved kind, std::string_view string) {
  state->PutUnsigned(kind);
  state->PutBytes(string);
}

void PutMap(StateWriter* state, const Value& map) {
  state->PutUnsigned(kMap);
  state->PutUnsigned(map.entries().size());
  for (const auto& [key, value] : map.entries()) {
    state->PutValue(key);
    state->PutValue(value);
  }
}

void PutOpaque(StateWriter* state, const Value& opaque) {
  const auto [codec, data] = opaque.pair();
  PutString(state, kOpaque, codec);
  state->PutBytes(data);
  state->PutUnsigned(opaque.kept().size());
  for (const Value& ref : opaque.kept()) state->PutTenure(*ref.tenure());
}

void PutRef(StateWriter* state, const Value& ref) {
  if (ref.tenure() != nullptr) {
    state->PutUnsigned(kCountedRef);
    return state->PutTenure(*ref.tenure());
  }
  const auto [name, type] = ref.pair();
  PutString(state, kRef, name);
  state->PutBytes(type);
}

}  // namespace

void StateWriter::PutValue(const Value& value) {
  switch (value.kind()) {
    case ValueKind::kNull:
      return PutUnsigned(kNull);
    case ValueKind::kBoolean:
      return PutUnsigned(value.boolean() ? kTrue : kFalse);
    case ValueKind::kInteger:
      PutUnsigned(kInteger);
      return PutSigned(value.integer());
    case ValueKind::kBigInteger:
      return PutString(this, kBigInteger, value.text());
    case ValueKind::kReal:
      PutUnsigned(kReal);
      return PutReal(value.real());
    case ValueKind::kText:
      return PutString(this, kText, value.text());
    case ValueKind::kBytes:
      return PutString(this, kBytes, value.text());
    case ValueKind::kList:
      return PutItems(this, kList, value.items());
    case ValueKind::kTuple:
      return PutItems(this, kTuple, value.items());
    case ValueKind::kSet:
      return PutItems(this, kSet, value.items());
    case ValueKind::kMap:
      return PutMap(this, value);
    case ValueKind::kRef:
      return PutRef(this, value);
    case ValueKind::kOpaque:
      return PutOpaque(this, value);
  }
}

void StateWriter::PutTenure(const Tenure& tenure) {
  PutBytes(tenure.name);
  PutFlag(tenure.object == nullptr);
  if (tenure.object == nullptr) PutBytes(tenure.type);
}

Value StateReader::TakeValue(int depth) {
  switch (TakeUnsigned(kOpaque, "the kind of a value")) {
    case kNull:
      return Value();
    case kFalse:
      return Value::Boolean(false);
    case kTrue:
      return Value::Boolean(true);
    case kInteger:
      return Value::Integer(TakeSigned());
    case kBigInteger:
      return TakeBigInteger();
    case kReal:
      return Value::Real(TakeReal());
    case kText:
      return Value::Text(TakeStringOfValue());
    case kBytes:
      return Value::Bytes(TakeStringOfValue());
    case kList:
      return Value::List(TakeItems(depth + 1));
    case kTuple:
      return Value::Tuple(TakeItems(depth + 1));
    case kSet:
      return TakeSet(depth + 1);
    case kMap:
      return TakeMap(depth + 1);
    case kRef:
      return TakeRef();
    case kCountedRef:
      return TakeCountedRef();
    case kOpaque:
      return TakeOpaque();
  }
  return Value();
}

std::string_view StateReader::TakeStringOfValue() {
  const std::string_view string = TakeBytes();
  if (string.size() <= kStringBytesMax) return string;
  Fail("a string is too long");
  return {};
}

Value StateReader::TakeBigInteger() {
  wire::Result<Value> integer = BigIntegerFromText(TakeBytes());
  if (integer.ok()) return std::move(integer).value();
  Fail(integer.failure().message);
  return Value();
}

Value::Items StateReader::TakeItems(int depth) {
  const size_t count = TakeCount();
  if (depth > kNestingMax) Fail("a value is nested too deep");
  Value::Items items;
  if (!ok()) return items;
  items.reserve(count);
  for (size_t i = 0; i < count && ok(); ++i) items.push_back(TakeValue(depth));
  return items;
}

Value StateReader::TakeSet(int depth) {
  Value::Items items = TakeItems(depth);
  for (const Value& item : items) {
    if (!item.hashable()) Fail("a set item is not hashable");
  }
  if (!ok()) return Value();
  return Value::Set(std::move(items));
}

Value StateReader::TakeMap(int depth) {
  const size_t count = TakeCount();
  if (depth > kNestingMax) Fail("a value is nested too deep");
  if (!ok()) return Value();
  Value::Entries entries;
  entries.reserve(count);
  for (size_t i = 0; i < count && ok(); ++i) {
    Value key = TakeValue(depth);
    if (!key.hashable()) Fail("a map key is not hashable");
    entries.emplace_back(std::move(key), TakeValue(depth));
  }
  if (!ok()) return Value();
  return Value::Map(std::move(entries));
}

Value StateReader::TakeRef() {
  const std::string_view name = TakeBytes();
  const std::string_view type = TakeBytes();
  if (name.size() + type.size() > kStringBytesMax) Fail("a ref is too long");
  if (lifetime_ != nullptr && lifetime_->Find(name) != nullptr) Fail("a ref is not counted");
  return ok() ? Value::Ref(name, type) : Value();
}

Value StateReader::TakeCountedRef() {
  Tenure* const tenure = TakeTenure();
  return tenure == nullptr ? Value() : Value::RefTo(*tenure);
}

Value StateReader::TakeOpaque() {
  const std::string_view codec = TakeBytes();
  const std::string_view data = TakeBytes();
  if (codec.size() + data.size() > kStringBytesMax) Fail("an opaque value is too long");
  const size_t count = TakeCount();
  Value::Items kept;
  for (size_t i = 0; i < count && ok(); ++i) {
    if (Tenure* const tenure = TakeTenure()) kept.push_back(Value::RefTo(*tenure));
  }
  return ok() ? Value::Opaque(codec, data, std::move(kept)) : Value();
}

Value StateReader::TakeKey() {
  Value key = TakeValue();
  if (key.hashable()) return key;
  Fail("a key is not hashable");
  return Value();
}

Tenure* StateReader::TakeTenure() {
  const std::string_view name = TakeBytes();
  const bool gone = TakeFlag();
  const std::string_view type = gone ? TakeBytes() : std::string_view();
  if (!ok()) return nullptr;
  Tenure* const tenure = lifetime_ == nullptr ? nullptr
                         : gone               ? lifetime_->LoadGone(name, type)
                                              : lifetime_->Find(name);
  if (tenure == nullptr) Fail("no anonymous object has the name that is referred to");
  return tenure;
}

}  // namespace coheld::engine
