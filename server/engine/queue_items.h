// The items of a queue that wait to be taken, in the order in which they leave: FIFO, LIFO or by
// priority. It knows nothing of ops and waiting (queue_object.cc), and of items that are away,
// leased or delayed (queue_leases.h), only what a priority queue needs to keep its order.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "coheld/v1/queue.pb.h"
#include "proto/wire/result.h"
#include "server/engine/sequence.h"
#include "server/engine/value.h"

namespace coheld::engine {

class StateReader;
class StateWriter;

// An item of a queue.
struct QueueItem {
  Value value;
  uint64_t ordinal = 0;   // Its place in the order of arrival; unique in the queue.
  uint32_t attempts = 0;  // How often it was leased.

  void Save(StateWriter& state) const;
  void Load(StateReader& state);
};

// Items in the order of a kind. Adding and taking are O(1), by priority O(log n); returning is
// O(log n).
class QueueItems {
 public:
  QueueItems() = default;

  v1::QueueKind kind() const { return kind_; }
  // Chooses the order; only while there are no items.
  void SetKind(v1::QueueKind kind);

  // By priority, an item must be orderable with itself: NOT_ORDERABLE for null, a map, NaN, ...
  std::optional<wire::Failure> Check(const Value& item) const;
  // Says why Add would fail, or nothing. Moves from the items in any case.
  std::optional<wire::Failure> CheckAdd(std::span<Value> items);
  // Adds all items, which it moves from, or none. By priority NOT_ORDERABLE if one has no order
  // with another, or with one that is there or away.
  std::optional<wire::Failure> Add(std::span<Value> items);
  // The same for items that do not wait yet: returns them with their ordinals. The caller holds
  // them away.
  wire::Result<std::vector<QueueItem>> Admit(std::span<Value> items);

  // Returns the item that Take would, or nullptr.
  const Value* Next() const;
  // Removes and returns the next item. There must be one.
  QueueItem Take();
  // Puts an item that was taken or admitted into its place by its ordinal. It must not be away any
  // more.
  void Return(QueueItem item);
  // The same behind all that arrived so far.
  void ReturnAsLast(QueueItem item);

  // Tells that an item which was taken or admitted is held at this address, still the queue's, and
  // that it is so no more.
  void HoldAway(const QueueItem& item);
  void EndAway(const QueueItem& item);

  // Removes all items, but not those that are away.
  void Clear();

  // Visits all items that are not away.
  template <typename Visitor>
  void Visit(const Visitor& visit) const {
    for (const Arrival& arrival : by_arrival_) visit(arrival.value);
    for (const auto& [ordinal, item] : returned_) visit(item.value);
    for (const QueueItem& item : by_priority_) visit(item.value);
  }

  size_t size() const { return by_arrival_.size() + returned_.size() + by_priority_.size(); }
  bool empty() const { return size() == 0; }

  // Items in saved state; Load only while there are none. It adds the items' ordinals to a list;
  // that they are all different is for the caller to check.
  void Save(StateWriter& state) const;
  void Load(StateReader& state, std::vector<uint64_t>* ordinals);
  // The same of an item that is away, which was loaded and is held at this address.
  void LoadAway(const QueueItem& item, StateReader& state, std::vector<uint64_t>* ordinals);

 private:
  // Orders items by value, equal ones by ordinal, and remembers the failure when it meets two that
  // have no order.
  struct Order {
    std::shared_ptr<std::optional<wire::Failure>> failure;  // Shared with QueueItems::no_order_.
    bool operator()(const QueueItem& a, const QueueItem& b) const;
    bool operator()(const QueueItem* a, const QueueItem* b) const { return (*this)(*a, *b); }
  };
  using ByPriority = std::set<QueueItem, Order>;

  bool by_priority() const { return kind_ == v1::QUEUE_KIND_PRIORITY; }
  // Adds all to by_priority_ and returns where, or adds none.
  wire::Result<std::vector<ByPriority::iterator>> Insert(std::span<Value> items);
  // True if the next item to leave is one that returned.
  bool NextReturned() const;
  // Notes a loaded item's ordinal, and checks that it has an order with all that is there.
  void CheckLoaded(const QueueItem& item, StateReader& state, std::vector<uint64_t>* ordinals);

  v1::QueueKind kind_ = v1::QUEUE_KIND_FIFO;
  uint64_t next_ordinal_ = 1;
  // Set by Order during a search, as a comparison of the standard library cannot fail.
  std::shared_ptr<std::optional<wire::Failure>> no_order_ =
      std::make_shared<std::optional<wire::Failure>>();
  // FIFO and LIFO. What never left has growing ordinals; what returned, seldom much, stands apart.
  struct Arrival {
    Value value;
    uint64_t ordinal;
  };
  Sequence<Arrival> by_arrival_;
  std::map<uint64_t, QueueItem> returned_;  // By ordinal.
  // By priority. A put must find its order with the items that are away too, so that they can
  // return.
  ByPriority by_priority_{Order{no_order_}};
  std::set<const QueueItem*, Order> away_{Order{no_order_}};
};

}  // namespace coheld::engine
