// Codec<T>: how a C++ type is held as a Value. Specialise it for your own types:
//
//   template <>
//   struct coheld::Codec<Point> {
//     static Value encode(const Point& p) { return Tuple{{p.x, p.y}}; }
//     static Point decode(Value value) {
//       auto [x, y] = Codec<std::pair<int, int>>::decode(std::move(value));
//       return {x, y};
//     }
//   };
//
// decode throws BadConversion when the value is not one of T, also when a number does not fit.
#pragma once

#include <array>
#include <concepts>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "coheld/error.h"
#include "coheld/value.h"

namespace coheld {

template <typename T>
struct Codec;

// Throws BadConversion that names the value and the wanted type.
[[noreturn]] inline void refuse_conversion(const Value& value, const char* wanted) {
  throw BadConversion("the value " + to_string(value) + " of kind " +
                      std::string(to_string(value.kind())) + " is not " + wanted);
}

// Takes the items of a list, tuple or set.
inline std::vector<Value> take_items(Value value) {
  if (auto* list = std::get_if<ValueList>(&value.variant())) return std::move(list->items);
  if (auto* tuple = std::get_if<Tuple>(&value.variant())) return std::move(tuple->items);
  if (auto* set = std::get_if<ValueSet>(&value.variant())) return std::move(set->items);
  refuse_conversion(value, "a sequence");
}

// Anything.
template <>
struct Codec<Value> {
  static Value encode(Value value) { return value; }
  static Value decode(Value value) { return value; }
};

// Takes booleans only.
template <>
struct Codec<bool> {
  static Value encode(bool boolean) { return boolean; }
  static bool decode(const Value& value) {
    const bool* boolean = value.get_if<bool>();
    if (boolean == nullptr) refuse_conversion(value, "a boolean");
    return *boolean;
  }
};

// Takes integers that fit, and booleans as 0 and 1.
template <std::integral I>
requires(!std::same_as<I, bool>) struct Codec<I> {
  static Value encode(I integer) { return integer; }
  static I decode(const Value& value) {
    if (const auto* boolean = value.get_if<bool>()) return static_cast<I>(*boolean);
    const auto* integer = value.get_if<int64_t>();
    if (integer != nullptr && std::in_range<I>(*integer)) return static_cast<I>(*integer);
    const auto* big = value.get_if<BigInteger>();
    if (std::unsigned_integral<I> && sizeof(I) == sizeof(uint64_t) && big != nullptr) {
      return from_digits(value, big->digits);
    }
    refuse_conversion(value, "an integer of this type's range");
  }

 private:
  static I from_digits(const Value& value, const std::string& digits) {
    if (digits.starts_with('-') || digits.size() > 20 ||
        (digits.size() == 20 && digits > "18446744073709551615")) {
      refuse_conversion(value, "an integer of this type's range");
    }
    return static_cast<I>(std::stoull(digits));
  }
};

// Takes reals, and integers as reals.
template <std::floating_point F>
struct Codec<F> {
  static Value encode(F real) { return real; }
  static F decode(const Value& value) {
    if (const auto* real = value.get_if<double>()) return static_cast<F>(*real);
    if (const auto* integer = value.get_if<int64_t>()) return static_cast<F>(*integer);
    if (const auto* big = value.get_if<BigInteger>()) return static_cast<F>(std::stod(big->digits));
    if (const auto* boolean = value.get_if<bool>()) return static_cast<F>(*boolean);
    refuse_conversion(value, "a number");
  }
};

// Text in UTF-8; the daemon refuses other bytes (use Bytes).
template <>
struct Codec<std::string> {
  static Value encode(std::string text) { return text; }
  static std::string decode(Value value) {
    auto* text = std::get_if<std::string>(&value.variant());
    if (text == nullptr) refuse_conversion(value, "text");
    return std::move(*text);
  }
};

// The alternatives of Value themselves.
template <typename T>
requires(std::same_as<T, Bytes> || std::same_as<T, BigInteger> || std::same_as<T, ValueList> ||
         std::same_as<T, Tuple> || std::same_as<T, ValueSet> || std::same_as<T, Map> ||
         std::same_as<T, Ref> || std::same_as<T, Opaque>) struct Codec<T> {
  static Value encode(T alternative) { return alternative; }
  static T decode(Value value) {
    (void)value.get<T>();
    return std::move(std::get<T>(value.variant()));
  }
};

// Encodes many.
template <typename T>
std::vector<Value> encode_all(std::vector<T> items) {
  std::vector<Value> values;
  values.reserve(items.size());
  for (auto&& item : items) values.push_back(Codec<T>::encode(std::move(item)));
  return values;
}

// Decodes many. Function objects, so that they can be what reads an answer.
template <typename T>
struct DecodeAll {
  std::vector<T> operator()(std::vector<Value> values) const {
    std::vector<T> items;
    items.reserve(values.size());
    for (Value& value : values) items.push_back(Codec<T>::decode(std::move(value)));
    return items;
  }
};
template <typename T>
struct Decode {
  T operator()(Value value) const { return Codec<T>::decode(std::move(value)); }
};
template <typename T>
struct DecodeOptional {
  std::optional<T> operator()(std::optional<Value> value) const {
    if (!value) return std::nullopt;
    return Codec<T>::decode(std::move(*value));
  }
};

// A missing value is null.
template <typename T>
struct Codec<std::optional<T>> {
  static Value encode(std::optional<T> value) {
    return value ? Codec<T>::encode(std::move(*value)) : Value();
  }
  static std::optional<T> decode(Value value) {
    if (value.is_null()) return std::nullopt;
    return Codec<T>::decode(std::move(value));
  }
};

// A list; takes tuples and sets too.
template <typename T>
struct Codec<std::vector<T>> {
  static Value encode(std::vector<T> items) {
    ValueList list;
    list.items.reserve(items.size());
    for (auto&& item : items) list.items.push_back(Codec<T>::encode(std::move(item)));
    return list;
  }
  static std::vector<T> decode(Value value) {
    std::vector<T> items;
    for (Value& item : take_items(std::move(value))) {
      items.push_back(Codec<T>::decode(std::move(item)));
    }
    return items;
  }
};

// A set; takes lists and tuples too.
template <typename T, typename... Rest>
struct Codec<std::set<T, Rest...>> {
  static Value encode(const std::set<T, Rest...>& items) {
    ValueSet set;
    for (const T& item : items) set.items.push_back(Codec<T>::encode(item));
    return set;
  }
  static std::set<T, Rest...> decode(Value value) {
    std::set<T, Rest...> items;
    for (Value& item : take_items(std::move(value)))
      items.insert(Codec<T>::decode(std::move(item)));
    return items;
  }
};

// A map. std::map and std::unordered_map lose the insertion order; a vector of pairs is a list.
template <typename M>
struct MapCodec {
  static Value encode(const M& mapping) {
    Map map;
    for (const auto& [key, value] : mapping) {
      map.entries.push_back({Codec<typename M::key_type>::encode(key),
                             Codec<typename M::mapped_type>::encode(value)});
    }
    return map;
  }
  static M decode(Value value) {
    (void)value.get<Map>();
    M mapping;
    for (Entry& entry : std::get<Map>(value.variant()).entries) {
      mapping.insert_or_assign(Codec<typename M::key_type>::decode(std::move(entry.key)),
                               Codec<typename M::mapped_type>::decode(std::move(entry.value)));
    }
    return mapping;
  }
};
template <typename K, typename V, typename... Rest>
struct Codec<std::map<K, V, Rest...>> : MapCodec<std::map<K, V, Rest...>> {};
template <typename K, typename V, typename... Rest>
struct Codec<std::unordered_map<K, V, Rest...>> : MapCodec<std::unordered_map<K, V, Rest...>> {};

// A tuple of a fixed size; takes a list of that size too.
template <typename... Ts>
struct Codec<std::tuple<Ts...>> {
  static Value encode(std::tuple<Ts...> items) {
    Tuple tuple;
    std::apply(
        [&](auto&... item) { (tuple.items.push_back(Codec<Ts>::encode(std::move(item))), ...); },
        items);
    return tuple;
  }
  static std::tuple<Ts...> decode(Value value) {
    std::vector<Value> items = take_items(std::move(value));
    if (items.size() != sizeof...(Ts)) {
      throw BadConversion("the tuple has " + std::to_string(items.size()) + " items, not " +
                          std::to_string(sizeof...(Ts)));
    }
    return from_items(items, std::index_sequence_for<Ts...>());
  }

 private:
  template <size_t... I>
  static std::tuple<Ts...> from_items(std::vector<Value>& items, std::index_sequence<I...>) {
    return {Codec<Ts>::decode(std::move(items[I]))...};
  }
};
template <typename A, typename B>
struct Codec<std::pair<A, B>> {
  static Value encode(std::pair<A, B> pair) {
    return Codec<std::tuple<A, B>>::encode({std::move(pair.first), std::move(pair.second)});
  }
  static std::pair<A, B> decode(Value value) {
    auto [first, second] = Codec<std::tuple<A, B>>::decode(std::move(value));
    return {std::move(first), std::move(second)};
  }
};

}  // namespace coheld
