// The ops of coheld.v1.List as values. Users call them through list.h; the semantics are Python's,
// and are told in coheld/v1/list.proto.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coheld/op.h"
#include "coheld/value.h"

namespace coheld {

// A Python slice; an absent bound means the end that Python would take.
struct Slice {
  std::optional<int64_t> start = std::nullopt;
  std::optional<int64_t> stop = std::nullopt;
  std::optional<int64_t> step = std::nullopt;
};

namespace ops {

// Items of a list, and its version when they were read.
struct ListItems {
  std::vector<Value> values;
  uint64_t version = 0;
};

// One page of a list.
struct ListPage {
  std::vector<Value> values;
  uint64_t next = 0;     // The index to ask for next.
  bool done = false;     // The page reaches the end.
  uint64_t version = 0;  // Another one than the last page's: the list changed meanwhile.
  uint64_t length = 0;   // Of the whole list.
};

Op<Created> list_create(const std::string& name, std::vector<Value> items, bool exclusive);
Op<Changed> list_len(const std::string& name);
Op<Value> list_get(const std::string& name, int64_t index);
Op<Changed> list_set(const std::string& name, int64_t index, Value value, IfVersion version);
Op<Changed> list_delete(const std::string& name, int64_t index, IfVersion version);
Op<ListItems> list_get_slice(const std::string& name, const Slice& slice);
Op<Changed> list_set_slice(const std::string& name, const Slice& slice, std::vector<Value> values,
                           IfVersion version);
Op<Changed> list_delete_slice(const std::string& name, const Slice& slice, IfVersion version);
Op<Changed> list_append(const std::string& name, Value value, IfVersion version);
Op<Changed> list_extend(const std::string& name, std::vector<Value> values, IfVersion version);
Op<Changed> list_insert(const std::string& name, int64_t index, Value value, IfVersion version);
Op<Value> list_pop(const std::string& name, std::optional<int64_t> index, IfVersion version);
// The same, answering nothing when there is no such index.
Op<std::optional<Value>> list_try_pop(const std::string& name, std::optional<int64_t> index,
                                      IfVersion version);
Op<Changed> list_remove(const std::string& name, Value value, IfVersion version);
Op<uint64_t> list_index(const std::string& name, Value value, std::optional<int64_t> start,
                        std::optional<int64_t> stop);
Op<uint64_t> list_count(const std::string& name, Value value);
Op<bool> list_contains(const std::string& name, Value value);
Op<Changed> list_reverse(const std::string& name, IfVersion version);
Op<Changed> list_sort(const std::string& name, bool descending, IfVersion version);
Op<Changed> list_repeat(const std::string& name, int64_t count, IfVersion version);
Op<Changed> list_clear(const std::string& name, IfVersion version);
Op<Created> list_copy(const std::string& name, const std::string& target);
Op<ListPage> list_scan(const std::string& name, uint64_t start, uint32_t limit);

}  // namespace ops
}  // namespace coheld
