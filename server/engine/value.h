// A value in memory: 16 bytes, small scalars inline, the rest owned through one pointer. Not a
// protobuf message; value_codec.h goes between the two. Equality, order, hash and arithmetic follow
// Python.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coheld/v1/shared_value.pb.h"
#include "proto/wire/result.h"

namespace coheld::engine {

// The alternatives of v1::Value.
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

// An immutable value. Copying copies what it owns; moving is cheap.
class Value {
 public:
  using Items = std::vector<Value>;
  using Entries = std::vector<std::pair<Value, Value>>;

  Value() = default;  // Null.
  Value(const Value& other);
  Value(Value&& other) noexcept;
  Value& operator=(Value other) noexcept;
  ~Value();

  static Value Boolean(bool value);
  static Value Integer(int64_t value);
  // Decimal digits with an optional minus, no leading zeros, outside 64 bits (the codec checks).
  static Value BigInteger(std::string digits);
  static Value Real(double value);
  static Value Text(std::string text);
  static Value Bytes(std::string bytes);
  static Value List(Items items);
  static Value Tuple(Items items);
  static Value Set(Items items);
  static Value Map(Entries entries);
  static Value Ref(std::string name, std::string type);
  static Value Opaque(std::string codec, std::string data);

  ValueKind kind() const { return kind_; }
  // Each accessor may be called only on its kind.
  bool boolean() const;
  int64_t integer() const;
  double real() const;
  std::string_view text() const;  // Text, bytes, big integer's digits.
  const Items& items() const;     // List, tuple, set.
  const Entries& entries() const;
  std::pair<std::string_view, std::string_view> pair()
      const;  // Ref: name, type. Opaque: codec, data.

  // Python's ==: 1 == 1.0 == True; a list never equals a tuple; sets and maps without order; NaN is
  // equal to nothing (but a container finds an identical one as Python's `is` would not: by ==).
  friend bool operator==(const Value& a, const Value& b);

  // False if a list, set or map is in it (a tuple is hashable when its items are).
  bool hashable() const;
  // Equal values have equal hashes. The same in every process and run. Only for hashable values.
  uint64_t Hash() const;

  // Bytes owned beyond the 16.
  size_t owned_bytes() const;

 private:
  // The owner of this file lays out the 16 bytes.
  ValueKind kind_ = ValueKind::kNull;
  union {
    bool boolean_;
    int64_t integer_ = 0;
    double real_;
    void* owned_;
  };
};
static_assert(sizeof(Value) == 16);

// Python's order: numbers among each other, texts, bytes, lists and tuples itemwise. Unordered
// where a NaN is involved; NOT_ORDERABLE, naming both kinds, where Python raises TypeError.
wire::Result<std::partial_ordering> Compare(const Value& a, const Value& b);

// Python's arithmetic, `a OP b`. UNSUPPORTED_OPERAND, DIVISION_BY_ZERO, OVERFLOW (only where a
// result has more than 4,096 digits), TOO_LARGE.
wire::Result<Value> Add(const Value& a, const Value& b);
wire::Result<Value> Apply(v1::Operator op, const Value& a, const Value& b);

}  // namespace coheld::engine
