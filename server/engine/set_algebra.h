// Sets of hashable values and what can be made of two of them. The set's ops are in set_object.cc.
#pragma once

#include <cstddef>

#include "coheld/v1/set.pb.h"
#include "proto/wire/result.h"
#include "server/engine/dict_table.h"
#include "server/engine/value.h"

namespace coheld::engine {

// The items are the keys; the values are null. Insertion order is kept.
using ItemTable = DictTable;

// Adds an item; returns false if it is there.
bool AddItem(Value item, ItemTable* items);
// Removes an item; returns false if it is not there.
bool RemoveItem(const Value& item, ItemTable* items);

// Reads values as items: NOT_HASHABLE.
wire::Result<ItemTable> ItemsFromValues(const google::protobuf::RepeatedPtrField<v1::Value>& wire);

// How many items came and went.
struct ItemChange {
  size_t added = 0;
  size_t removed = 0;
};

// Makes `left` what the operator says of both, which may be the same table. The operator is a valid
// one.
ItemChange CombineItems(v1::SetOperator op, const ItemTable& right, ItemTable* left);

// Returns whether every item of `a` is in `b`.
bool IsSubset(const ItemTable& a, const ItemTable& b);
// Returns whether no item is in both.
bool IsDisjoint(const ItemTable& a, const ItemTable& b);

}  // namespace coheld::engine
