// The ops of coheld.v1.Array as values. Users call them through array.h; the semantics are told in
// coheld/v1/array.proto.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coheld/op.h"
#include "coheld/ops/list.h"
#include "coheld/value.h"

namespace coheld {

// What an array is like.
struct ArrayDetails {
  std::string typecode;  // Empty: there is no such array.
  uint32_t item_bytes = 0;
  uint64_t length = 0;
  std::vector<uint64_t> shape;  // The lengths of the dimensions, the last varying fastest.
  uint64_t version = 0;         // Grows with every change.
};

namespace ops {

// What a new array is like: its items are raw bytes, or `length` zeros.
struct ArrayCreation {
  std::string typecode;
  std::string_view data = {};
  uint64_t length = 0;
  std::vector<uint64_t> shape = {};
  bool exclusive = false;
};

// A range as raw bytes, little-endian.
struct ArrayBytes {
  std::string data;
  std::string typecode;
  uint64_t length = 0;  // Items in the whole array.
  uint64_t version = 0;
};

struct ArrayExchange {
  bool exchanged = false;
  Value current;
};

Op<Created> array_create(const std::string& name, const ArrayCreation& creation);
Op<ArrayDetails> array_inspect(const std::string& name);
Op<Value> array_get(const std::string& name, int64_t index);
// Answers the version.
Op<uint64_t> array_set(const std::string& name, int64_t index, Value value, IfVersion version);
Op<ArrayBytes> array_get_range(const std::string& name, const Slice& slice);
Op<uint64_t> array_set_range(const std::string& name, const Slice& slice, std::string_view data,
                             IfVersion version);
Op<uint64_t> array_fill(const std::string& name, const Slice& slice, Value value,
                        IfVersion version);
Op<Value> array_add(const std::string& name, int64_t index, Value amount);
Op<ArrayExchange> array_compare_exchange(const std::string& name, int64_t index, Value expected,
                                         Value desired);

}  // namespace ops
}  // namespace coheld
