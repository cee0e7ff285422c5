// See set_algebra.h.
#include "server/engine/set_algebra.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "server/engine/value_codec.h"

namespace coheld::engine {
namespace {

size_t Unite(const ItemTable& right, ItemTable* left) {
  size_t added = 0;
  for (const ItemTable::Entry& entry : right.entries()) {
    if (!entry.hole() && AddItem(entry.key, left)) ++added;
  }
  return added;
}

size_t Subtract(const ItemTable& right, ItemTable* left) {
  size_t removed = 0;
  for (const ItemTable::Entry& entry : right.entries()) {
    if (left->empty()) break;
    if (!entry.hole() && RemoveItem(entry.key, left)) ++removed;
  }
  return removed;
}

// Keeps the items of `left` that are in `right`.
size_t Intersect(const ItemTable& right, ItemTable* left) {
  std::vector<Value> gone;
  for (const ItemTable::Entry& entry : left->entries()) {
    if (!entry.hole() && !right.Find(entry.key)) gone.push_back(entry.key);
  }
  for (const Value& item : gone) RemoveItem(item, left);
  return gone.size();
}

ItemChange TakeDifferences(const ItemTable& right, ItemTable* left) {
  ItemChange change;
  for (const ItemTable::Entry& entry : right.entries()) {
    if (entry.hole()) continue;
    if (RemoveItem(entry.key, left)) {
      ++change.removed;
    } else {
      AddItem(entry.key, left);
      ++change.added;
    }
  }
  return change;
}

ItemChange CombineWithItself(v1::SetOperator op, ItemTable* items) {
  if (op == v1::SET_OPERATOR_UNION || op == v1::SET_OPERATOR_INTERSECTION) return {};
  const ItemChange change = {.removed = items->size()};
  items->Clear();
  return change;
}

}  // namespace

bool AddItem(Value item, ItemTable* items) {
  if (items->Find(item)) return false;
  items->Set(std::move(item), Value());
  return true;
}

bool RemoveItem(const Value& item, ItemTable* items) {
  const auto place = items->Find(item);
  if (place) items->Take(*place);
  return place.has_value();
}

wire::Result<ItemTable> ItemsFromValues(const google::protobuf::RepeatedPtrField<v1::Value>& wire) {
  ItemTable items;
  for (const v1::Value& value : wire) {
    wire::Result<Value> item = KeyFromWire(value);
    if (!item.ok()) return item.failure();
    AddItem(std::move(item).value(), &items);
  }
  return items;
}

ItemChange CombineItems(v1::SetOperator op, const ItemTable& right, ItemTable* left) {
  if (&right == left) return CombineWithItself(op, left);
  switch (op) {
    case v1::SET_OPERATOR_UNION:
      return {.added = Unite(right, left)};
    case v1::SET_OPERATOR_INTERSECTION:
      return {.removed = Intersect(right, left)};
    case v1::SET_OPERATOR_DIFFERENCE:
      return {.removed = Subtract(right, left)};
    case v1::SET_OPERATOR_SYMMETRIC_DIFFERENCE:
      return TakeDifferences(right, left);
    case v1::SET_OPERATOR_UNSPECIFIED:
    case v1::SetOperator_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::SetOperator_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return {};
}

bool IsSubset(const ItemTable& a, const ItemTable& b) {
  if (a.size() > b.size()) return false;
  return std::all_of(a.entries().begin(), a.entries().end(), [&](const ItemTable::Entry& entry) {
    return entry.hole() || b.Find(entry.key);
  });
}

bool IsDisjoint(const ItemTable& a, const ItemTable& b) {
  if (a.size() > b.size()) return IsDisjoint(b, a);
  return std::none_of(a.entries().begin(), a.entries().end(), [&](const ItemTable::Entry& entry) {
    return !entry.hole() && b.Find(entry.key);
  });
}

}  // namespace coheld::engine
