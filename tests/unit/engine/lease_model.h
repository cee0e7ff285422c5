// A model of queues with leases that is obviously right: each queue is one plain list of all items
// that it owns, in order of arrival, and after each event everything that waits is tried again.
// Written from the proto's words, not from the engine's code; random_lease_test.cc runs the same
// ops through both. All queues are there from the start.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace coheld::engine::testing {

// One op of the random test. Which fields count depends on the kind.
struct LeaseOp {
  enum class Kind {
    kPut,
    kPutMany,
    kGet,
    kGetMany,
    kLease,
    kAck,
    kNack,
    kExtend,
    kComplete,
    kPeek,
    kLen,
    kTaskDone,
    kJoin,
    kPurge,
    kShutdown,
  };
  Kind kind = Kind::kLen;
  uint64_t call = 0;
  uint64_t session = 0;  // 0 is none.
  uint64_t thread = 0;
  std::string object;
  std::vector<int64_t> items;          // Put, PutMany; Complete: one item for `other`.
  std::optional<uint64_t> timeout_ms;  // Of all that may park.
  uint64_t ms = 0;                     // Put, PutMany, Nack: delay. Lease, Extend: visibility.
  uint64_t number = 0;  // Lease, GetMany: limit. TaskDone: count. Shutdown: immediate.
  std::string key;      // Put, PutMany.
  std::string other;    // Complete: the queue to put into.
  // Ack, Nack, Extend, Complete: the item's delivery, by its number and by what it was.
  uint64_t delivery = 0;
  int64_t item = 0;
  uint32_t attempt = 0;
};

class LeaseModel {
 public:
  using Answers = std::map<uint64_t, std::string>;  // By call.

  struct QueueOptions {
    std::string name;
    int kind = 1;  // FIFO 1, LIFO 2, PRIORITY 3.
    uint64_t maxsize = 0;
    uint32_t deliveries_max = UINT32_MAX;
    std::string dead_letter;
  };

  void AddQueue(const QueueOptions& options) { queues_[options.name].options = options; }
  void OpenSession(uint64_t session) { sessions_.insert(session); }
  Answers EndSession(uint64_t session);
  Answers Apply(const LeaseOp& op, int64_t now);
  Answers Cancel(uint64_t call);
  Answers Advance(int64_t now);

  // The calls that wait, in order.
  std::vector<uint64_t> Waiting() const;

 private:
  struct Item {
    enum class State { kWaiting, kLeased, kDelayed };
    int64_t value = 0;
    uint64_t arrival = 0;
    uint32_t attempts = 0;
    State state = State::kWaiting;
    uint64_t grant = 0;    // Leased: the later, the larger.
    uint64_t session = 0;  // Leased.
    int64_t until = 0;     // Leased, delayed.
    bool dropped = false;  // Leased.
  };
  struct Waiter {
    LeaseOp op;
    int64_t deadline;
  };
  struct Queue {
    QueueOptions options;
    std::vector<Item> items;
    std::set<std::string> keys;
    uint64_t unfinished = 0;
    uint64_t dead = 0;
    bool shut_down = false;
    std::vector<Waiter> waiters;
  };

  // Does the op if it can proceed now; returns its answer. Nothing: it has to wait. `first` tells
  // that nobody stands before it.
  std::optional<std::string> Attempt(const LeaseOp& op, bool first, int64_t now);
  std::optional<std::string> AttemptPut(Queue& queue, const LeaseOp& op, bool first, int64_t now);
  std::optional<std::string> AttemptTake(Queue& queue, const LeaseOp& op, bool first, int64_t now);
  std::string ApplyToLease(Queue& queue, const LeaseOp& op, int64_t now);
  std::string ApplyOther(Queue& queue, const LeaseOp& op);
  // What an op is told that cannot wait (any more).
  static std::string GivenUp(const LeaseOp& op);

  static size_t CountOf(const Queue& queue, Item::State state);
  static bool HasRoom(const Queue& queue, size_t more);
  static bool Ended(const Queue& queue);
  // The waiting item that leaves next; end() if there is none.
  static std::vector<Item>::iterator Next(Queue& queue);
  // Puts a leased item back, or where it goes instead.
  void GiveBack(Queue& queue, size_t place, int64_t due);
  static void Finish(Queue& queue, uint64_t count);
  bool IsFirst(const Queue& queue, const LeaseOp& op) const;
  void Settle(int64_t now, Answers* answers);
  bool GrantFirst(Queue& queue, char line, int64_t now, Answers* answers);
  // What is due at this time: delays end, visibilities end.
  bool EndTimes(Queue& queue, int64_t due);
  template <typename Match>
  void Dismiss(const std::string& answer, Answers* answers, Match match);

  std::set<uint64_t> sessions_;
  std::map<std::string, Queue> queues_;
  uint64_t last_arrival_ = 0;
  uint64_t last_grant_ = 0;
  int64_t now_ = 0;
};

}  // namespace coheld::engine::testing
