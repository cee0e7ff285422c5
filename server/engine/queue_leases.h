// The deliveries of a queue that go on: items that a consumer has for a time. It keeps books; what
// becomes of an item when its lease ends is the queue's (queue_object.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "server/engine/ids.h"
#include "server/engine/queue_items.h"

namespace coheld::engine {

class StateReader;
class StateWriter;

// An item that a consumer has.
struct QueueLease {
  QueueItem item;
  Owner owner;  // Its session may be kNoSession.
  TimeMs since{};
  TimeMs until = kNever;       // When its visibility ends; kNever is with the session.
  uint64_t visibility_ms = 0;  // How long it is, from the lease or the last extension.
  bool dropped = false;        // It was purged: it will not return.
};

// Returns when a visibility that begins now ends; 0 is with the session.
constexpr TimeMs VisibleUntil(uint64_t visibility_ms, TimeMs now) {
  return visibility_ms == 0 ? kNever : After(now, visibility_ms);
}

// Leases by the number of their delivery, in order.
class QueueLeases {
 public:
  using Map = std::map<uint64_t, QueueLease>;

  // Begins a lease; its number must be new. The item stays at its address until the end.
  const Map::value_type& Begin(uint64_t delivery, QueueLease lease);
  // Returns the lease of a delivery, or nullptr if it ended.
  const QueueLease* Find(uint64_t delivery) const;
  // Ends a lease that is there.
  QueueLease End(uint64_t delivery);
  // Begins the visibility of a lease that is there anew; 0 is until its session ends.
  void Extend(uint64_t delivery, uint64_t visibility_ms, TimeMs now);
  // Marks all: none will return.
  void DropAll();
  // Moves the end of every visibility by so much.
  void Shift(uint64_t ms);
  // Begins every visibility anew.
  void Renew(TimeMs now);

  // When the next visibility ends, or kNever.
  TimeMs NextEnd() const { return ends_.empty() ? kNever : ends_.begin()->first; }
  // Returns the first delivery whose visibility ends by this time, or 0.
  uint64_t NextEnded(TimeMs due) const {
    return ends_.empty() || NextEnd() > due ? 0 : ends_.begin()->second;
  }
  // Returns the session's first delivery, or 0. The session is one.
  uint64_t FirstOf(SessionId session) const;

  // The leases in saved state; Load only while there are none.
  void Save(StateWriter& state) const;
  void Load(StateReader& state);

  const Map& all() const { return leases_; }
  size_t size() const { return leases_.size(); }
  // How many will return if they are not acked.
  size_t returning() const { return leases_.size() - dropped_; }

 private:
  Map leases_;
  std::set<std::pair<TimeMs, uint64_t>> ends_;         // Of those whose visibility ends.
  std::set<std::pair<SessionId, uint64_t>> sessions_;  // Of those that belong to one.
  size_t dropped_ = 0;
};

}  // namespace coheld::engine
