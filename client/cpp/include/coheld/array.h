// coheld::Array<T>: a fixed number of numbers, packed, that many processes share, as
// multiprocessing.Array.
//
//   coheld::Array<double> grid(client, "grid");
//   grid.create(1'000'000);
//   grid.write(std::span(row), 5'000);               // Raw bytes: as fast as the socket.
//   std::vector<double> all = grid.read();
//   grid.add(17, 0.5);
//
// T is one of the fixed-size integers, float, double and char32_t; the daemon enforces its range,
// and that all see the same type: TypecodeMismatch. Indices may be negative, counting from the end.
// A handle is a name: making one does nothing on the daemon. Only create() makes an array: a
// missing one reads as empty, and to write it is ObjectNotFound. Each method is one atomic op, but
// where it says otherwise, and throws what Client::call throws, and what stands with it.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "coheld/client.h"
#include "coheld/codec.h"
#include "coheld/handle.h"
#include "coheld/op.h"
#include "coheld/ops/array.h"

namespace coheld {

// Types that an array holds.
template <typename T>
concept ArrayItem = (std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, wchar_t> &&
                     !std::same_as<T, char16_t> && !std::same_as<T, char8_t>) ||
                    std::same_as<T, float> || std::same_as<T, double>;

// What compare_exchange answers: whether the change was made, and the item then.
template <typename T>
struct ArrayExchanged {
  bool exchanged = false;
  T current = {};
};

namespace core {

// Returns the type code of T, as Python's array module has it.
template <ArrayItem T>
constexpr const char* typecode_of() {
  if constexpr (std::same_as<T, float>) return "f";
  if constexpr (std::same_as<T, double>) return "d";
  if constexpr (std::same_as<T, char32_t>) return "w";
  constexpr bool kSigned = std::is_signed_v<T>;
  if constexpr (sizeof(T) == 1) return kSigned ? "b" : "B";
  if constexpr (sizeof(T) == 2) return kSigned ? "h" : "H";
  if constexpr (sizeof(T) == 4) return kSigned ? "i" : "I";
  return kSigned ? "q" : "Q";
}

// A code point as text, and back. BadConversion.
std::string text_of(char32_t code_point);
char32_t code_point_of(const Value& value);

// Throws TypecodeMismatch unless arrays of the two type codes are laid out alike (l is q on 64-bit
// Linux, u is w).
void check_typecode(const std::string& name, std::string_view typecode, std::string_view wanted);

}  // namespace core

// The single-item ops of an array. Runner is Direct (the method does it and returns the answer) or
// Batched (it returns a Pending answer, see batch.h). Threads: as its Client.
template <ArrayItem T, typename Runner>
class BasicArray : public BasicHandle<Runner> {
 public:
  template <typename R>
  using Result = typename BasicHandle<Runner>::template Result<R>;

  BasicArray(Runner runner, Ref ref) : BasicHandle<Runner>(std::move(runner), std::move(ref)) {}

  using BasicHandle<Runner>::name;

  // Returns the number of items.
  Result<size_t> size() const {
    return run(ops::array_inspect(name()),
               [](const ArrayDetails& array) -> size_t { return array.length; });
  }
  // Returns the type code, the length, the shape and the version.
  Result<ArrayDetails> inspect() const { return run(ops::array_inspect(name())); }
  // Returns one item. IndexOutOfRange.
  Result<T> get(int64_t index) const { return run(ops::array_get(name(), index), ToItem{}); }
  // Sets one item; returns the version. IndexOutOfRange, Overflow.
  Result<uint64_t> set(int64_t index, T item, IfVersion version = {}) const {
    return run(ops::array_set(name(), index, to_value(item), version));
  }
  // Adds to one item, and returns it then. IndexOutOfRange, Overflow.
  Result<T> add(int64_t index, T amount) const {
    return run(ops::array_add(name(), index, to_value(amount)), ToItem{});
  }
  // Sets one item if it equals `expected`. IndexOutOfRange, Overflow.
  Result<ArrayExchanged<T>> compare_exchange(int64_t index, T expected, T desired) const {
    return run(ops::array_compare_exchange(name(), index, to_value(expected), to_value(desired)),
               [](ops::ArrayExchange answer) {
                 return ArrayExchanged<T>{answer.exchanged, ToItem{}(std::move(answer.current))};
               });
  }
  // Sets all items of a slice to one value; returns the version. InvalidSlice, Overflow.
  Result<uint64_t> fill(T item, const Slice& slice = {}, IfVersion version = {}) const {
    return run(ops::array_fill(name(), slice, to_value(item), version));
  }

 protected:
  using BasicHandle<Runner>::run;

 private:
  // Code points travel as text.
  static Value to_value(T item) {
    if constexpr (std::same_as<T, char32_t>) return core::text_of(item);
    if constexpr (!std::same_as<T, char32_t>) return Codec<T>::encode(item);
  }
  struct ToItem {
    T operator()(Value value) const {
      if constexpr (std::same_as<T, char32_t>) return core::code_point_of(value);
      if constexpr (!std::same_as<T, char32_t>) return Codec<T>::decode(std::move(value));
    }
  };
};

// An array that is worked on at once.
template <ArrayItem T>
class Array : public BasicArray<T, Direct> {
  using Base = BasicArray<T, Direct>;

 public:
  // The type's word.
  static constexpr const char* kType = "array";
  using value_type = T;

  // Names an array; nothing is sent.
  Array(const Client& client, std::string name)
      : Base(Direct(client), refer_to(client, std::move(name), kType)) {}
  // Takes over a reference. BadConversion if it is to an object of another type.
  explicit Array(const Ref& ref) : Base(Direct(client_of(ref)), checked(ref, kType)) {}
  // Makes an anonymous array, which lives as long as anything refers to it: of so many zeros, or
  // with these items.
  static Array make(const Client& client, size_t length) {
    return Array(ref_to(Array(client, "").create(length), kType));
  }
  static Array make(const Client& client, std::span<const T> items) {
    return Array(ref_to(Array(client, "").create(items), kType));
  }

  // Makes the array if it is not there, of so many zeros; an existing one is left as it is, unless
  // `exclusive`: ObjectExists. TooLarge.
  Created create(size_t length, bool exclusive = false) const {
    return this->run(ops::array_create(
        this->name(),
        {.typecode = core::typecode_of<T>(), .length = length, .exclusive = exclusive}));
  }
  // The same, of several dimensions, the last varying fastest.
  Created create_shaped(std::vector<uint64_t> shape, bool exclusive = false) const {
    uint64_t length = 1;
    for (const uint64_t side : shape) length *= side;
    return this->run(ops::array_create(this->name(), {.typecode = core::typecode_of<T>(),
                                                      .length = length,
                                                      .shape = std::move(shape),
                                                      .exclusive = exclusive}));
  }
  // The same, with these items. More than fit a message are written part by part after it was made.
  Created create(std::span<const T> items, bool exclusive = false) const {
    if (items.size() > part_length()) {
      Created created = create(items.size(), exclusive);
      if (created.created) Array(named(created)).write(items);
      return created;
    }
    return this->run(ops::array_create(
        this->name(),
        {.typecode = core::typecode_of<T>(), .data = bytes_of(items), .exclusive = exclusive}));
  }

  // Reads items from a place on, as many as the span has. More than fit a message are read part by
  // part, between which others may write. IndexOutOfRange if there are not so many.
  void read(std::span<T> items, size_t start = 0) const {
    for (size_t done = 0; done < items.size();) {
      const size_t length = std::min(part_length(), items.size() - done);
      const std::string data = read_part(start + done, length);
      if (data.size() != length * sizeof(T)) {
        throw IndexOutOfRange(Reason::kIndexOutOfRange, "the array \"" + this->name() +
                                                            "\" has no items " +
                                                            std::to_string(start) + " to " +
                                                            std::to_string(start + items.size()));
      }
      std::memcpy(items.data() + done, data.data(), data.size());
      done += length;
    }
  }
  // Reads all items; the same holds.
  std::vector<T> read() const {
    std::vector<T> items(this->size());
    read(std::span<T>(items));
    return items;
  }
  // Reads the items of a slice, as of one moment. InvalidSlice; TooLarge if they do not fit a
  // reply.
  std::vector<T> slice(const Slice& slice) const {
    ops::ArrayBytes bytes = this->run(ops::array_get_range(this->name(), slice));
    check(bytes.typecode);
    std::vector<T> items(bytes.data.size() / sizeof(T));
    std::memcpy(items.data(), bytes.data.data(), items.size() * sizeof(T));
    return items;
  }
  // Writes items from a place on. More than fit a message are written part by part, between which
  // others may read. InvalidSlice if they go beyond the end. All must know the array's type:
  // TypecodeMismatch.
  void write(std::span<const T> items, size_t start = 0) const {
    check(this->inspect().typecode);
    for (size_t done = 0; done < items.size();) {
      const std::span<const T> part =
          items.subspan(done, std::min(part_length(), items.size() - done));
      this->run(ops::array_set_range(this->name(), places(start + done, part.size()),
                                     bytes_of(part), {}));
      done += part.size();
    }
  }
  // Assigns to a slice, as one op. InvalidSlice if it has another number of places.
  uint64_t set_slice(const Slice& slice, std::span<const T> items, IfVersion version = {}) const {
    check(this->inspect().typecode);
    return this->run(ops::array_set_range(this->name(), slice, bytes_of(items), version));
  }

 private:
  static_assert(std::endian::native == std::endian::little, "raw items are little-endian");

  // How many items travel in one message.
  size_t part_length() const {
    constexpr size_t kPartBytes = size_t{4} << 20;
    const size_t reply_bytes = this->client().options().message_bytes_max / 2;
    return std::max<size_t>(1, std::min(kPartBytes, reply_bytes) / sizeof(T));
  }
  static Slice places(size_t start, size_t length) {
    return {.start = static_cast<int64_t>(start), .stop = static_cast<int64_t>(start + length)};
  }
  static std::string_view bytes_of(std::span<const T> items) {
    return {reinterpret_cast<const char*>(items.data()), items.size_bytes()};
  }
  std::string read_part(size_t start, size_t length) const {
    ops::ArrayBytes bytes = this->run(ops::array_get_range(this->name(), places(start, length)));
    check(bytes.typecode);
    return std::move(bytes.data);
  }
  void check(std::string_view typecode) const {
    core::check_typecode(this->name(), typecode, core::typecode_of<T>());
  }
  // The array as it was made: its name may have been empty.
  Ref named(const Created& created) const {
    Ref ref = refer_to(this->client(), created.name, kType);
    if (created.hold) ref.hold = created.hold;
    return ref;
  }
};

}  // namespace coheld
