// coheld::Value: any value that an object can hold, as the daemon and Python see it. Typed handles
// hide it behind Codec<T> (codec.h); List<Value> and friends take anything.
#pragma once

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace coheld {

namespace core {
class Hold;
}

class Value;

// One key with its value. (A template, so that it is complete as soon as Value is.)
template <typename V>
struct BasicEntry {
  V key;
  V value;
  friend bool operator==(const BasicEntry&, const BasicEntry&) = default;
};
using Entry = BasicEntry<Value>;

// A byte string; never equal to text.
struct Bytes {
  std::string data;
  friend auto operator<=>(const Bytes&, const Bytes&) = default;
};

// An integer outside 64 bits: decimal digits with an optional leading minus.
struct BigInteger {
  std::string digits;
  friend bool operator==(const BigInteger&, const BigInteger&) = default;
};

// A plain list, held by value.
struct ValueList {
  std::vector<Value> items;
};

// A plain tuple.
struct Tuple {
  std::vector<Value> items;
};

// A plain set: no two items equal, order insignificant.
struct ValueSet {
  std::vector<Value> items;
};

// A plain mapping in insertion order.
struct Map {
  std::vector<Entry> entries;
};

// A reference to another held object. Handles are made from one: `List<int> list(ref)`.
struct Ref {
  std::string name;
  std::string type;  // The type's word, such as "list"; may be empty.
  // Tells whose daemon has the object, and holds an anonymous one; null if made by hand.
  std::shared_ptr<const core::Hold> hold = nullptr;
  friend bool operator==(const Ref& a, const Ref& b) {
    return a.name == b.name && a.type == b.type;
  }
};

// Encoded data that only clients decode.
struct Opaque {
  std::string codec;
  std::string data;
  friend bool operator==(const Opaque&, const Opaque&) = default;
};

// A dynamic value. Equality and order follow Python: 1 == 1.0 == true, text never equals bytes, and
// values that Python cannot order are unordered.
class Value {
 public:
  // The alternatives, in the order of Kind.
  using Variant = std::variant<std::monostate, bool, int64_t, BigInteger, double, std::string,
                               Bytes, ValueList, Tuple, ValueSet, Map, Ref, Opaque>;
  enum class Kind {
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
    kOpaque
  };

  // Null.
  Value() = default;
  Value(std::nullptr_t) {}
  template <std::same_as<bool> B>  // A template, so that pointers do not become booleans.
  Value(B boolean) : variant_(boolean) {}
  // Unsigned numbers above the signed range become big integers.
  template <std::integral I>
  requires(!std::same_as<I, bool>) Value(I integer) : variant_(from_integer(integer)) {}
  template <std::floating_point F>
  Value(F real) : variant_(static_cast<double>(real)) {}
  Value(const char* text) : variant_(std::string(text)) {}
  Value(std::string_view text) : variant_(std::string(text)) {}
  Value(std::string text) : variant_(std::move(text)) {}
  Value(Bytes bytes) : variant_(std::move(bytes)) {}
  Value(BigInteger integer) : variant_(std::move(integer)) {}
  Value(ValueList list) : variant_(std::move(list)) {}
  Value(Tuple tuple) : variant_(std::move(tuple)) {}
  Value(ValueSet set) : variant_(std::move(set)) {}
  Value(Map map) : variant_(std::move(map)) {}
  Value(Ref ref) : variant_(std::move(ref)) {}
  Value(Opaque opaque) : variant_(std::move(opaque)) {}

  Kind kind() const { return static_cast<Kind>(variant_.index()); }
  bool is_null() const { return kind() == Kind::kNull; }
  const Variant& variant() const { return variant_; }
  Variant& variant() { return variant_; }

  // Returns the alternative T, or nullptr if the value is of another kind.
  template <typename T>
  const T* get_if() const {
    return std::get_if<T>(&variant_);
  }
  // Returns the alternative T. Throws BadConversion if the value is of another kind. No conversion
  // is made; Codec<T>::decode (codec.h) converts.
  template <typename T>
  const T& get() const {
    const T* found = get_if<T>();
    if (found == nullptr) refuse(static_cast<Kind>(Variant(T{}).index()));
    return *found;
  }

  friend bool operator==(const Value& a, const Value& b);
  friend std::partial_ordering operator<=>(const Value& a, const Value& b);

 private:
  template <std::integral I>
  static Variant from_integer(I integer) {
    if (std::in_range<int64_t>(integer)) return static_cast<int64_t>(integer);
    return BigInteger{std::to_string(integer)};
  }
  [[noreturn]] void refuse(Kind wanted) const;

  Variant variant_;
};

bool operator==(const ValueList& a, const ValueList& b);
bool operator==(const Tuple& a, const Tuple& b);
bool operator==(const ValueSet& a, const ValueSet& b);
bool operator==(const Map& a, const Map& b);

// Returns the kind's word, such as "big_integer".
std::string_view to_string(Value::Kind kind);

// Returns the value as Python would print it: [1, 2.0, 'text', b'bytes', None, True].
std::string to_string(const Value& value);

std::ostream& operator<<(std::ostream& out, const Value& value);

}  // namespace coheld
