// Items of one C type, packed in one block of fixed length, as Python's array.array holds them
// (https://docs.python.org/3/library/array.html): what an item may be, and how it is packed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proto/wire/result.h"
#include "server/engine/slice.h"
#include "server/engine/typecode.h"
#include "server/engine/value.h"

namespace coheld::engine {

class StateReader;
class StateWriter;

class PackedArray {
 public:
  // An item as it is packed: its bytes are the lowest ones.
  using Bits = uint64_t;

  // No items, of no type.
  PackedArray() = default;
  // Makes an array of zeros. INVALID_ARGUMENT without such a type code, TOO_LARGE above
  // kArrayBytesMax.
  static wire::Result<PackedArray> Make(std::string_view typecode, uint64_t length);

  size_t length() const { return length_; }
  // Empty if it has no type.
  std::string_view typecode() const { return typecode_.word(); }
  size_t item_bytes() const { return item_bytes_; }
  // True if its items are numbers, not text.
  bool is_numeric() const { return kind_ != Kind::kText; }

  // Returns the item at an index below the length.
  Value At(size_t index) const;
  // Packs a value. TYPECODE_MISMATCH, OVERFLOW.
  wire::Result<Bits> Pack(const Value& value) const;
  void SetAt(size_t index, Bits item);

  // Says why these are not the raw bytes of items: INVALID_ARGUMENT if the last is not whole,
  // INVALID_VALUE if a text is no code point.
  std::optional<wire::Failure> CheckRaw(std::string_view raw) const;
  // Copies the items of a range out.
  void Read(const SliceRange& range, std::string* raw) const;
  // Sets the items of a range; `raw` has as many, and was checked.
  void Write(const SliceRange& range, std::string_view raw);
  void Fill(const SliceRange& range, Bits item);

  // Items in saved state.
  void Save(StateWriter& state) const;
  void Load(StateReader& state);

 private:
  enum class Kind { kSigned, kUnsigned, kReal, kText };
  struct Type {
    char code;
    uint8_t bytes;
    Kind kind;
  };
  struct Free {
    void operator()(char* block) const { std::free(block); }
  };
  static const Type kTypes[];

  char* Item(size_t index) const { return items_.get() + index * item_bytes_; }

  Typecode typecode_;
  Kind kind_ = Kind::kSigned;
  size_t item_bytes_ = 0;
  size_t length_ = 0;
  std::unique_ptr<char, Free> items_;  // From calloc: pages that were never written cost nothing.
};

}  // namespace coheld::engine
