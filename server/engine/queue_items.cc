// See queue_items.h.
#include "server/engine/queue_items.h"

#include <compare>
#include <string>
#include <utility>

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

bool QueueItems::Order::operator()(const QueueItem& a, const QueueItem& b) const {
  const wire::Result<std::partial_ordering> order = Compare(a.value, b.value);
  if (!order.ok() || order.value() == std::partial_ordering::unordered) {
    *failure = NotOrderable(a.value, b.value);
    return false;
  }
  if (order.value() == std::partial_ordering::equivalent) return a.ordinal < b.ordinal;
  return order.value() == std::partial_ordering::less;
}

void QueueItems::SetKind(v1::QueueKind kind) {
  COHELD_CHECK(empty() && away_.empty());
  kind_ = kind == v1::QUEUE_KIND_UNSPECIFIED ? v1::QUEUE_KIND_FIFO : kind;
}

std::optional<wire::Failure> QueueItems::Check(const Value& item) const {
  if (!by_priority()) return std::nullopt;
  const wire::Result<std::partial_ordering> order = Compare(item, item);
  if (order.ok() && order.value() == std::partial_ordering::equivalent) return std::nullopt;
  return NotOrderable(item, item);
}

std::optional<wire::Failure> QueueItems::CheckAdd(std::span<Value> items) {
  if (!by_priority()) return std::nullopt;
  const uint64_t before = next_ordinal_;
  const wire::Result<std::vector<ByPriority::iterator>> inserted = Insert(items);
  if (!inserted.ok()) return inserted.failure();
  for (const auto& place : inserted.value()) by_priority_.erase(place);
  next_ordinal_ = before;
  return std::nullopt;
}

std::optional<wire::Failure> QueueItems::Add(std::span<Value> items) {
  if (by_priority()) {
    const wire::Result<std::vector<ByPriority::iterator>> inserted = Insert(items);
    if (!inserted.ok()) return inserted.failure();
    return std::nullopt;
  }
  for (Value& item : items) {
    by_arrival_.Append({std::move(item), next_ordinal_++});
  }
  return std::nullopt;
}

wire::Result<std::vector<QueueItem>> QueueItems::Admit(std::span<Value> items) {
  std::vector<QueueItem> admitted;
  admitted.reserve(items.size());
  if (by_priority()) {
    const wire::Result<std::vector<ByPriority::iterator>> inserted = Insert(items);
    if (!inserted.ok()) return inserted.failure();
    for (const auto& place : inserted.value()) {
      admitted.push_back(std::move(by_priority_.extract(place).value()));
    }
    return admitted;
  }
  for (Value& item : items) {
    admitted.push_back({.value = std::move(item), .ordinal = next_ordinal_++});
  }
  return admitted;
}

wire::Result<std::vector<QueueItems::ByPriority::iterator>> QueueItems::Insert(
    std::span<Value> items) {
  const uint64_t before = next_ordinal_;
  std::vector<ByPriority::iterator> inserted;
  inserted.reserve(items.size());
  for (Value& value : items) {
    QueueItem item{.value = std::move(value), .ordinal = next_ordinal_++};
    // Each search meets both neighbours of the item's place; what is beyond them has an order with
    // the item when they have one.
    away_.lower_bound(&item);
    const auto place = by_priority_.upper_bound(item);
    if (*no_order_) {
      for (const auto& other : inserted) by_priority_.erase(other);
      next_ordinal_ = before;
      return *std::exchange(*no_order_, std::nullopt);
    }
    inserted.push_back(by_priority_.emplace_hint(place, std::move(item)));
  }
  return inserted;
}

bool QueueItems::NextReturned() const {
  if (returned_.empty()) return false;
  if (by_arrival_.empty()) return true;
  if (kind_ == v1::QUEUE_KIND_LIFO) return returned_.rbegin()->first > by_arrival_.back().ordinal;
  return returned_.begin()->first < by_arrival_.front().ordinal;
}

const Value* QueueItems::Next() const {
  if (empty()) return nullptr;
  const bool last = kind_ == v1::QUEUE_KIND_LIFO;
  if (by_priority()) return &by_priority_.begin()->value;
  if (NextReturned()) return &(last ? *returned_.rbegin() : *returned_.begin()).second.value;
  return &(last ? by_arrival_.back() : by_arrival_.front()).value;
}

QueueItem QueueItems::Take() {
  COHELD_CHECK(!empty());
  if (by_priority()) return std::move(by_priority_.extract(by_priority_.begin()).value());
  const bool last = kind_ == v1::QUEUE_KIND_LIFO;
  if (NextReturned()) {
    return std::move(
        returned_.extract(last ? std::prev(returned_.end()) : returned_.begin()).mapped());
  }
  Arrival next = by_arrival_.Take(last ? by_arrival_.size() - 1 : 0);
  return {.value = std::move(next.value), .ordinal = next.ordinal};
}

void QueueItems::Return(QueueItem item) {
  const uint64_t ordinal = item.ordinal;
  const bool fresh = by_priority() ? by_priority_.insert(std::move(item)).second
                                   : returned_.emplace(ordinal, std::move(item)).second;
  COHELD_CHECK(fresh && !*no_order_);
}

void QueueItems::ReturnAsLast(QueueItem item) {
  item.ordinal = next_ordinal_++;
  if (by_priority()) return Return(std::move(item));
  by_arrival_.Append({std::move(item.value), item.ordinal});
}

void QueueItems::HoldAway(const QueueItem& item) {
  if (by_priority()) COHELD_CHECK(away_.insert(&item).second);
}

void QueueItems::EndAway(const QueueItem& item) {
  if (by_priority()) COHELD_CHECK(away_.erase(&item) == 1);
}

void QueueItems::Clear() {
  by_arrival_.Clear();
  returned_.clear();
  by_priority_.clear();
}

// --- Saved state ---

void QueueItem::Save(StateWriter& state) const {
  state.PutValue(value);
  state.PutUnsigned(ordinal);
  state.PutUnsigned(attempts);
}

void QueueItem::Load(StateReader& state) {
  value = state.TakeValue();
  ordinal = state.TakeUnsigned();
  attempts = static_cast<uint32_t>(state.TakeUnsigned(UINT32_MAX, "attempts"));
}

void QueueItems::Save(StateWriter& state) const {
  state.PutUnsigned(static_cast<uint64_t>(kind_));
  state.PutUnsigned(next_ordinal_);
  state.PutUnsigned(by_arrival_.size());
  for (const Arrival& arrival : by_arrival_) {
    state.PutValue(arrival.value);
    state.PutUnsigned(arrival.ordinal);
  }
  state.PutUnsigned(returned_.size() + by_priority_.size());
  for (const auto& [ordinal, item] : returned_) item.Save(state);
  for (const QueueItem& item : by_priority_) item.Save(state);
}

void QueueItems::Load(StateReader& state, std::vector<uint64_t>* ordinals) {
  const uint64_t kind = state.TakeUnsigned(v1::QueueKind_MAX, "the kind of a queue");
  if (kind == v1::QUEUE_KIND_UNSPECIFIED) return state.Fail("a queue has no kind");
  SetKind(static_cast<v1::QueueKind>(kind));
  next_ordinal_ = state.TakeUnsigned(INT64_MAX, "an ordinal");
  const size_t arrivals = state.TakeCount();
  if (arrivals > 0 && by_priority()) state.Fail("a queue by priority has items by arrival");
  for (size_t i = 0; i < arrivals && state.ok(); ++i) {
    QueueItem item{.value = state.TakeValue(), .ordinal = state.TakeUnsigned()};
    const bool ordered = by_arrival_.empty() || by_arrival_.back().ordinal < item.ordinal;
    if (!ordered) state.Fail("an item is not in the order of arrival");
    CheckLoaded(item, state, ordinals);
    by_arrival_.Append({std::move(item.value), item.ordinal});
  }
  const size_t count = state.TakeCount();
  for (size_t i = 0; i < count && state.ok(); ++i) {
    QueueItem item;
    item.Load(state);
    CheckLoaded(item, state, ordinals);
    const bool ordered =
        by_priority()
            ? by_priority_.empty() || by_priority_.key_comp()(*by_priority_.rbegin(), item)
            : item.attempts > 0 && (returned_.empty() || returned_.rbegin()->first < item.ordinal);
    if (!ordered) state.Fail("an item is not in its place");
    if (state.ok()) Return(std::move(item));
  }
}

void QueueItems::LoadAway(const QueueItem& item, StateReader& state,
                          std::vector<uint64_t>* ordinals) {
  CheckLoaded(item, state, ordinals);
  if (by_priority() && state.ok() && !away_.insert(&item).second) {
    state.Fail("an item is there twice");
  }
}

void QueueItems::CheckLoaded(const QueueItem& item, StateReader& state,
                             std::vector<uint64_t>* ordinals) {
  if (item.ordinal >= next_ordinal_) state.Fail("an item has an ordinal that was not given");
  ordinals->push_back(item.ordinal);
  if (!by_priority()) return;
  if (Check(item.value)) state.Fail("an item has no order by priority");
  by_priority_.lower_bound(item);
  away_.lower_bound(&item);
  if (std::exchange(*no_order_, std::nullopt)) state.Fail("two items have no order");
}

}  // namespace coheld::engine
