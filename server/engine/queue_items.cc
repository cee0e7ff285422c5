// See queue_items.h.
#include "server/engine/queue_items.h"

#include <compare>
#include <string>
#include <utility>
#include <vector>

#include "proto/wire/check.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"

namespace coheld::engine {
namespace {

wire::Failure NotOrderable(const Value& a, const Value& b) {
  return {v1::ERROR_REASON_NOT_ORDERABLE,
          "a priority queue cannot order " + std::string(KindWord(a.kind())) + " and " +
              std::string(KindWord(b.kind())) + "; put items that compare with <"};
}

}  // namespace

bool QueueItems::Order::operator()(const Value& a, const Value& b) const {
  const wire::Result<std::partial_ordering> order = Compare(a, b);
  if (!order.ok() || order.value() == std::partial_ordering::unordered) {
    *failure = NotOrderable(a, b);
    return false;
  }
  return order.value() == std::partial_ordering::less;
}

void QueueItems::SetKind(v1::QueueKind kind) {
  COHELD_CHECK(empty());
  kind_ = kind == v1::QUEUE_KIND_UNSPECIFIED ? v1::QUEUE_KIND_FIFO : kind;
}

std::optional<wire::Failure> QueueItems::Check(const Value& item) const {
  if (kind_ != v1::QUEUE_KIND_PRIORITY) return std::nullopt;
  by_priority_.key_comp()(item, item);
  return std::exchange(*no_order_, std::nullopt);
}

std::optional<wire::Failure> QueueItems::Add(std::span<Value> items) {
  if (kind_ == v1::QUEUE_KIND_PRIORITY) return AddByPriority(items);
  for (Value& item : items) by_arrival_.push_back(std::move(item));
  return std::nullopt;
}

std::optional<wire::Failure> QueueItems::AddByPriority(std::span<Value> items) {
  std::vector<ByPriority::iterator> added;
  for (Value& item : items) {
    // Behind its equals, so that they leave in order of arrival. The search meets both neighbours
    // of the place; what is beyond them has an order with the item when they have one.
    const auto place = by_priority_.upper_bound(item);
    if (*no_order_) {
      for (const auto& place_added : added) by_priority_.erase(place_added);
      return std::exchange(*no_order_, std::nullopt);
    }
    added.push_back(by_priority_.emplace_hint(place, std::move(item)));
  }
  return std::nullopt;
}

const Value* QueueItems::Next() const {
  if (empty()) return nullptr;
  switch (kind_) {
    case v1::QUEUE_KIND_LIFO:
      return &by_arrival_.back();
    case v1::QUEUE_KIND_PRIORITY:
      return &*by_priority_.begin();
    case v1::QUEUE_KIND_UNSPECIFIED:
    case v1::QUEUE_KIND_FIFO:
    case v1::QueueKind_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::QueueKind_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return &by_arrival_.front();
}

Value QueueItems::Take() {
  COHELD_CHECK(!empty());
  if (kind_ == v1::QUEUE_KIND_PRIORITY) {
    return std::move(by_priority_.extract(by_priority_.begin()).value());
  }
  const bool last = kind_ == v1::QUEUE_KIND_LIFO;
  Value item = std::move(last ? by_arrival_.back() : by_arrival_.front());
  last ? by_arrival_.pop_back() : by_arrival_.pop_front();
  return item;
}

void QueueItems::Clear() {
  by_arrival_.clear();
  by_priority_.clear();
}

void QueueItems::Save(StateWriter& state) const {
  state.PutUnsigned(static_cast<uint64_t>(kind_));
  state.PutUnsigned(size());
  Visit([&](const Value& item) { state.PutValue(item); });
}

void QueueItems::Load(StateReader& state) {
  const uint64_t kind = state.TakeUnsigned(v1::QueueKind_MAX, "the kind of a queue");
  if (kind == v1::QUEUE_KIND_UNSPECIFIED) return state.Fail("a queue has no kind");
  SetKind(static_cast<v1::QueueKind>(kind));
  const size_t count = state.TakeCount();
  for (size_t i = 0; i < count && state.ok(); ++i) {
    Value item = state.TakeValue();
    if (kind_ != v1::QUEUE_KIND_PRIORITY) {
      by_arrival_.push_back(std::move(item));
      continue;
    }
    const bool misplaced = Check(item).has_value() ||
                           (!empty() && by_priority_.key_comp()(item, *by_priority_.rbegin()));
    if (std::exchange(*no_order_, std::nullopt) || misplaced) {
      return state.Fail("an item is not in the order of its priority");
    }
    by_priority_.insert(by_priority_.end(), std::move(item));
  }
}

}  // namespace coheld::engine
