// A value in memory: 16 bytes, small scalars and short strings inline, the rest owned through one
// pointer. Not a protobuf message; value_codec.h goes between the two. Equality, order, hash and
// arithmetic follow Python.
//
//   byte 0   kind
//   byte 1   bytes of an inline string (0-14), kOwned if the value owns a heap block, or kLent if
//            the block is somebody else's
//   inline   14 characters of text, bytes, or a big integer's digits
//   else     bytes 4-7: the block's length in bytes; bytes 8-15: the scalar or the pointer
#pragma once

#include <compare>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coheld/v1/shared_value.pb.h"
#include "proto/wire/result.h"

namespace coheld::engine {

struct Tenure;

// The alternatives of v1::Value. The numbers stand together.
enum class ValueKind : uint8_t {
  kNull,
  kBoolean,
  kInteger,
  kBigInteger,
  kReal,
  kText,
  kBytes,
  kList,
  kTuple,
  kSet,
  kMap,
  kRef,
  kOpaque,
};

// Returns the kind's word for messages: "null", "integer", ...
std::string_view KindWord(ValueKind kind);

// An immutable value. Copying copies what it owns; moving is cheap and leaves null behind.
class Value {
 public:
  using Items = std::vector<Value>;
  using Entries = std::vector<std::pair<Value, Value>>;

  Value() = default;  // Null.
  Value(const Value& other) {
    if (other.wide_.inline_bytes < kLent) {
      std::memcpy(&wide_, &other.wide_, sizeof(wide_));
    } else {
      CopyBlock(other);
    }
  }
  Value(Value&& other) noexcept { Take(other); }
  Value& operator=(Value other) noexcept {
    Release();
    Take(other);
    return *this;
  }
  ~Value() { Release(); }

  static Value Boolean(bool value) {
    Value made;
    made.wide_.kind = ValueKind::kBoolean;
    made.wide_.boolean = value;
    return made;
  }
  static Value Integer(int64_t value) {
    Value made;
    made.wide_.kind = ValueKind::kInteger;
    made.wide_.integer = value;
    return made;
  }
  // Decimal digits with an optional minus, no leading zeros, outside 64 bits (the codec checks).
  static Value BigInteger(std::string_view digits);
  static Value Real(double value) {
    Value made;
    made.wide_.kind = ValueKind::kReal;
    made.wide_.real = value;
    return made;
  }
  static Value Text(std::string_view text);
  static Value Bytes(std::string_view bytes);
  // A text, bytes or a big integer whose characters stay where they are. It is good as long as
  // they are, wherever it is moved to; a copy has its own.
  static Value Lent(ValueKind kind, std::string_view characters) {
    Value made;
    if (characters.size() <= kInlineBytesMax) {
      made.SetInline(kind, characters);
    } else {
      made.SetLent(kind, characters);
    }
    return made;
  }
  // Returns the same value, lent if it can be; and one that has its own, whatever was lent.
  Value Lend() const { return is_characters() ? Lent(kind(), text()) : Value(*this); }
  bool lent() const { return wide_.inline_bytes == kLent; }
  Value Owned() && { return lent() ? Value(std::as_const(*this)) : Value(std::move(*this)); }
  static Value List(Items items);
  static Value Tuple(Items items);
  // No two items may be the same key (the codec drops those that are); likewise for Map.
  static Value Set(Items items);
  static Value Map(Entries entries);
  // A Ref to an anonymous object of the engine in scope (lifetime.h) is counted while it exists,
  // and has the type that the object has.
  static Value Ref(std::string_view name, std::string_view type);
  // A Ref to the anonymous object that this keeps, though it may be gone.
  static Value RefTo(Tenure& tenure);
  // `kept` are Refs that its data stands for: they live as long as it.
  static Value Opaque(std::string_view codec, std::string_view data, Items kept = {});

  // Becomes the same as another text or bytes if its own block has just the size for that, else
  // returns false: spares the values that are written again and again a new block.
  bool OverwriteWith(const Value& other) {
    if (!owned() || !is_string() || !other.is_string()) return false;
    const std::string_view characters = other.text();
    if (characters.size() != wide_.block_bytes) return false;
    std::memcpy(wide_.block, characters.data(), characters.size());
    wide_.kind = other.kind();
    return true;
  }

  ValueKind kind() const { return wide_.kind; }
  // True for booleans, integers, big integers and reals.
  bool is_number() const { return kind() >= ValueKind::kBoolean && kind() <= ValueKind::kReal; }
  // Each accessor may be called only on its kind.
  bool boolean() const { return wide_.boolean; }
  int64_t integer() const { return wide_.integer; }
  double real() const { return wide_.real; }
  std::string_view text() const {  // Text, bytes, big integer's digits.
    if (wide_.inline_bytes >= kLent) return {wide_.block, wide_.block_bytes};
    return {inline_.characters, inline_.inline_bytes};
  }
  const Items& items() const;  // List, tuple, set.
  const Entries& entries() const;
  // Of an opaque value: the Refs that it keeps.
  std::span<const Value> kept() const;
  // Ref: name, type. Opaque: codec, data.
  std::pair<std::string_view, std::string_view> pair() const;

  // Ref: what keeps the anonymous object that it names; nullptr if it is not counted.
  Tenure* tenure() const { return wide_.block_bytes == 0 ? wide_.tenure : nullptr; }

  // Python's ==: 1 == 1.0 == True; a list never equals a tuple; sets and maps without order; NaN is
  // equal to nothing (and a container finds no identical one as Python's `is` would).
  friend bool operator==(const Value& a, const Value& b);

  // True if it is opaque, or an opaque value is in it: the daemon cannot compare it as clients do.
  bool holds_opaque() const;
  // False if a list, set or map is in it (a tuple is hashable when its items are).
  bool hashable() const;
  // The same keys have the same hash. The same in every process that seeds the same. Only for
  // hashable values.
  uint64_t Hash() const;

  // Bytes owned beyond the 16, at least. Equal for equal contents, so that limits by it are too.
  size_t owned_bytes() const;

 private:
  static constexpr uint8_t kOwned = 0xFF;
  static constexpr uint8_t kLent = 0xFE;
  static constexpr size_t kInlineBytesMax = 14;

  struct Wide {
    ValueKind kind = ValueKind::kNull;
    uint8_t inline_bytes = 0;
    uint32_t block_bytes = 0;
    union {
      int64_t integer = 0;
      bool boolean;
      double real;
      char* block;  // Text, bytes, big integer; ref, opaque: the first part's length, both parts.
      Items* items;
      Entries* entries;
      Tenure* tenure;  // Ref that is counted: block_bytes is 0.
    };
  };
  struct Inline {
    ValueKind kind;
    uint8_t inline_bytes;
    char characters[kInlineBytesMax];
  };

  static Value String(ValueKind kind, std::string_view characters);
  static Value Sequence(ValueKind kind, Items items);
  static Value Pair(ValueKind kind, std::string_view first, std::string_view second);

  bool is_characters() const { return is_string() || kind() == ValueKind::kBigInteger; }
  bool is_string() const { return kind() == ValueKind::kText || kind() == ValueKind::kBytes; }
  bool owned() const { return wide_.inline_bytes == kOwned; }
  // True for an opaque value that keeps Refs: its items are one without any, then the Refs.
  bool keeps() const { return kind() == ValueKind::kOpaque && wide_.block_bytes == 0; }
  void Take(Value& other) noexcept {
    std::memcpy(&wide_, &other.wide_, sizeof(wide_));
    other.wide_ = Wide();
  }
  void Release() {
    if (owned()) Free();
  }
  void Free();
  // These are of a value that is null. Copies a value that has a block, owned or lent.
  void CopyBlock(const Value& other);
  void SetLent(ValueKind kind, std::string_view characters);
  void SetInline(ValueKind kind, std::string_view characters) {
    inline_ = {.kind = kind, .inline_bytes = static_cast<uint8_t>(characters.size())};
    // Two words that may overlap cost less than a copy of any length.
    char* const to = inline_.characters;
    const char* const from = characters.data();
    const size_t size = characters.size();
    if (size >= 8) {
      std::memcpy(to, from, 8);
      std::memcpy(to + size - 8, from + size - 8, 8);
    } else if (size >= 4) {
      std::memcpy(to, from, 4);
      std::memcpy(to + size - 4, from + size - 4, 4);
    } else {
      for (size_t i = 0; i < size; ++i) to[i] = from[i];
    }
  }

  // Both begin with the same members, which may be read through either.
  union {
    Wide wide_ = Wide();
    Inline inline_;
  };
};
static_assert(sizeof(Value) == 16);

// Says whether two hashable values are the same dict key or set item: equal, or NaN both times.
bool SameKey(const Value& a, const Value& b);

// Seeds the hash of all values, against made-up collisions. Call it before the first value is
// hashed, or never. No order and no reply depends on it.
void SeedValueHash(uint64_t low, uint64_t high);

// Python's order: numbers among each other, texts, bytes, lists and tuples itemwise, sets by
// inclusion. Unordered where a NaN is involved or no set includes the other; NOT_ORDERABLE, naming
// both kinds, where Python raises TypeError.
wire::Result<std::partial_ordering> Compare(const Value& a, const Value& b);

// Python's arithmetic, `a OP b`. UNSUPPORTED_OPERAND, DIVISION_BY_ZERO, OVERFLOW (a result of more
// than kIntegerDigitsMax digits, or an integer too large for a real), TOO_LARGE (limits.h); for MIN
// and MAX NOT_ORDERABLE; INVALID_ARGUMENT without an operator.
wire::Result<Value> Add(const Value& a, const Value& b);
wire::Result<Value> Apply(v1::Operator op, const Value& a, const Value& b);

// Returns the value for a message: as Python writes it, cut to about 60 bytes.
std::string ShortText(const Value& value);

}  // namespace coheld::engine
