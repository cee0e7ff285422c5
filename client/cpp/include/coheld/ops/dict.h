// The ops of coheld.v1.Dict as values. Users call them through dict.h; the semantics are Python's,
// and are told in coheld/v1/dict.proto.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coheld/op.h"
#include "coheld/value.h"

namespace coheld::ops {

// Entries of a dict, and its version when they were read.
struct DictItems {
  std::vector<Entry> entries;
  uint64_t version = 0;
};

// One page of a dict.
struct DictPage {
  std::vector<Entry> entries;
  uint64_t next = 0;          // The cursor to ask for next.
  bool done = false;          // The page reaches the end.
  uint64_t length = 0;        // Of the whole dict.
  bool size_changed = false;  // It has another length than the caller saw.
  uint64_t version = 0;
};

// How to read a page.
struct DictScan {
  uint64_t cursor = 0;
  uint32_t limit = 0;  // 0: the daemon's default.
  bool keys_only = false;
  std::optional<uint64_t> if_length = std::nullopt;
};

// What SetDefault answers.
struct SetDefaultAnswer {
  Value value;
  bool inserted = false;
};

// What CompareAndSet answers: the key's value after the op; absent if it is missing.
struct SwapAnswer {
  bool swapped = false;
  std::optional<Value> current;
};

Op<Created> dict_create(const std::string& name, std::vector<Entry> entries, bool exclusive);
Op<Changed> dict_len(const std::string& name);
Op<std::optional<Value>> dict_get(const std::string& name, Value key);
Op<std::vector<std::optional<Value>>> dict_get_many(const std::string& name,
                                                    std::vector<Value> keys);
Op<Changed> dict_set(const std::string& name, Value key, Value value, IfVersion version);
Op<Changed> dict_set_many(const std::string& name, std::vector<Entry> entries, IfVersion version);
Op<SetDefaultAnswer> dict_set_default(const std::string& name, Value key, Value value);
Op<Changed> dict_delete(const std::string& name, Value key, IfVersion version);
Op<std::optional<Value>> dict_pop(const std::string& name, Value key, IfVersion version);
Op<std::optional<Entry>> dict_pop_item(const std::string& name);
Op<bool> dict_contains(const std::string& name, Value key);
Op<std::vector<Value>> dict_keys(const std::string& name);
Op<std::vector<Value>> dict_values(const std::string& name);
Op<DictItems> dict_items(const std::string& name);
Op<Changed> dict_clear(const std::string& name, IfVersion version);
Op<Created> dict_copy(const std::string& name, const std::string& target);
Op<Value> dict_increment(const std::string& name, Value key, Value amount,
                         std::optional<Value> initial);
Op<Changed> dict_increment_many(const std::string& name, std::vector<Entry> amounts);
Op<SwapAnswer> dict_compare_and_set(const std::string& name, Value key,
                                    std::optional<Value> expected, std::optional<Value> desired);
Op<DictPage> dict_scan(const std::string& name, const DictScan& scan);

}  // namespace coheld::ops
