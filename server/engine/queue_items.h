// The items of a queue in the order in which they leave: FIFO, LIFO or by priority. It knows
// nothing of ops and waiting (queue_object.cc).
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <span>

#include "coheld/v1/queue.pb.h"
#include "proto/wire/result.h"
#include "server/engine/value.h"

namespace coheld::engine {

class StateReader;
class StateWriter;

// Values in the order of a kind. Adding and taking are O(1), by priority O(log n).
class QueueItems {
 public:
  QueueItems() = default;

  v1::QueueKind kind() const { return kind_; }
  // Chooses the order; only while there are no items.
  void SetKind(v1::QueueKind kind);

  // By priority, an item must be orderable with itself: NOT_ORDERABLE for null, a map, NaN, ...
  std::optional<wire::Failure> Check(const Value& item) const;

  // Adds all items, which it moves from, or none. By priority NOT_ORDERABLE if one has no order
  // with another, or with one that is there.
  std::optional<wire::Failure> Add(std::span<Value> items);
  // Returns the item that Take would, or nullptr.
  const Value* Next() const;
  // Removes and returns the next item. There must be one.
  Value Take();
  void Clear();

  // Visits all items; those of one kind in their order.
  template <typename Visitor>
  void Visit(const Visitor& visit) const {
    for (const Value& item : by_arrival_) visit(item);
    for (const Value& item : by_priority_) visit(item);
  }

  size_t size() const { return by_arrival_.size() + by_priority_.size(); }
  bool empty() const { return size() == 0; }

  // Items in saved state; Load only while there are none.
  void Save(StateWriter& state) const;
  void Load(StateReader& state);

 private:
  // Orders values and remembers the failure when it meets two that have no order.
  struct Order {
    std::shared_ptr<std::optional<wire::Failure>> failure;  // Shared with QueueItems::no_order_.
    bool operator()(const Value& a, const Value& b) const;
  };
  using ByPriority = std::multiset<Value, Order>;

  std::optional<wire::Failure> AddByPriority(std::span<Value> items);

  v1::QueueKind kind_ = v1::QUEUE_KIND_FIFO;
  // Set by Order during a search, as a comparison of the standard library cannot fail.
  std::shared_ptr<std::optional<wire::Failure>> no_order_ =
      std::make_shared<std::optional<wire::Failure>>();
  std::deque<Value> by_arrival_;  // FIFO and LIFO.
  ByPriority by_priority_{Order{no_order_}};
};

}  // namespace coheld::engine
