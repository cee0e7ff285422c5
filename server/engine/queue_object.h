// The queue's state: items that wait, that are leased and that are delayed, and how they pass from
// one to the other. The ops are in queue_object.cc and queue_lease_ops.cc.
//
// Items that are away (leased, delayed) are the queue's as before: they are unfinished, they keep
// what they refer to, and a priority queue has an order for them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/engine/dedup_window.h"
#include "server/engine/limits.h"
#include "server/engine/object.h"
#include "server/engine/queue_items.h"
#include "server/engine/queue_leases.h"
#include "server/engine/registry.h"
#include "server/engine/turn.h"

namespace coheld::engine {

class QueueObject : public Object {
 public:
  uint64_t size() const override { return items.size(); }
  // The leases of sessions; the tokens are the numbers of the deliveries.
  std::vector<Hold> holds() const override;
  std::vector<WaitQueue*> wait_queues() override { return {&putters, &getters, &joiners}; }
  void VisitValues(const ValueVisitor& visit) const override;
  void Save(StateWriter& state) const override;
  void Load(StateReader& state) override;
  void ForgetSession(SessionId session, Turn& turn) override;
  void OnAlarm(Turn& turn) override;
  void Rearm(uint64_t stalled_ms, Turn& turn) override;
  void Resume(Turn& turn) override;

  // How many items count against maxsize.
  size_t crowd() const { return items.size() + delayed_.size(); }
  bool HasRoomFor(size_t count) const { return maxsize == 0 || crowd() + count <= maxsize; }
  // True if there is an item that can be taken, now or when it comes or returns.
  bool any_left() const { return crowd() > 0 || leases_.returning() > 0; }
  bool ended() const { return shut_down && !any_left(); }
  size_t delayed() const { return delayed_.size(); }
  const QueueLeases& leases() const { return leases_; }

  // Puts items, which it moves from, now or in `delay_ms`. There is room. NOT_ORDERABLE, and then
  // none is put.
  std::optional<Failure> Put(std::span<Value> values, uint64_t delay_ms, Turn& turn);
  // Notes the key of a put that just happened.
  void NoteKey(std::string_view key, Turn& turn);
  bool HasKey(std::string_view key, const Turn& turn) const {
    return !key.empty() && dedup_.Has(key, turn.now());
  }

  // Leases the next item, which there is, to the op's owner, for so long; 0 is until its session
  // ends.
  const QueueLeases::Map::value_type& LeaseNext(uint64_t visibility_ms, Turn& turn);
  // Each of these is for a delivery that goes on.
  void Ack(uint64_t delivery, Turn& turn);
  // Returns true if the item went to the dead letters.
  bool Nack(uint64_t delivery, uint64_t delay_ms, Turn& turn);
  void Extend(uint64_t delivery, uint64_t visibility_ms, Turn& turn);

  // Removes every item; those that are leased will not return. Returns how many it removed.
  uint64_t RemoveAll(Turn& turn);
  // Counts items as finished, of which it takes no more than are unfinished.
  void Finish(uint64_t count, Turn& turn);

  // Sets where dead letters go: the name of a queue, which the caller has checked.
  void SetDeadLetter(const std::string& name);
  // Where they go; empty if that is an anonymous queue that is not there yet.
  std::string DeadLetterName() const;

  QueueItems items;
  uint64_t maxsize = 0;     // 0 is unbounded.
  uint64_t unfinished = 0;  // Put, and not told finished.
  uint32_t deliveries_max = kDeliveriesDefault;
  uint64_t dead_lettered = 0;  // How many items went to the dead letters.
  bool shut_down = false;
  WaitQueue putters;
  WaitQueue getters;
  WaitQueue joiners;

 private:
  // By when they are due, then by ordinal.
  using Delayed = std::map<std::pair<TimeMs, uint64_t>, QueueItem>;

  QueueLease EndLease(uint64_t delivery, Turn& turn);
  // Does what becomes of an item whose lease ended without an ack. Returns true if it is dead.
  bool GiveBack(QueueLease lease, uint64_t delay_ms, Turn& turn);
  void LoadDelayed(StateReader& state, std::vector<uint64_t>* ordinals);
  void Delay(QueueItem item, uint64_t delay_ms, Turn& turn);
  // Lets in the delayed items that are due by this time. Returns true if there were any.
  bool LetIn(TimeMs due);
  void AddDeadLetter(QueueItem item, Turn& turn);
  QueueObject& DeadLetters(Turn& turn);
  // Makes a queue that takes dead letters.
  static QueueObject& MakeDeadLetters(const std::string& name, Turn& turn);
  // When the next delay or visibility ends, or keys are to be forgotten.
  TimeMs NextDue() const;
  void SetAlarm(Turn& turn);

  QueueLeases leases_;
  Delayed delayed_;
  DedupWindow dedup_;
  TimeMs dedup_due_ = kNever;  // When dedup_ is to forget what is old.
  Value dead_letter_;          // A Ref; null for the default.
};

// The ops on leases.
std::vector<OpRow> QueueLeaseOps();

// Why an op of a queue fails.
Failure QueueEmpty(const QueueObject& queue);
Failure QueueShutDown(const QueueObject& queue);
// Returns why so long a time is refused (INVALID_ARGUMENT), or nothing. `field` is the time's name.
std::optional<Failure> CheckLeaseMs(std::string_view field, uint64_t ms);

}  // namespace coheld::engine
