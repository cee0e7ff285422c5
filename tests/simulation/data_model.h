// A model of values, dicts, lists, counters, sets and queues that is obviously right: plain
// containers of integers, and after each event everything that waits is tried again, oldest first.
// Written from the protos' words, not from the engine's code.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/simulation/waiting_model.h"

namespace coheld::simulation {

// One op. Which fields count depends on the kind.
struct DataOp {
  enum class Kind {
    kValueGet,
    kValueSet,       // number.
    kValueAdd,       // number.
    kValueExchange,  // key: expected; number: desired.
    kDictGet,        // key.
    kDictSet,        // key, number.
    kDictPop,        // key.
    kDictIncrement,  // key, number.
    kListLen,
    kListAppend,  // number.
    kListPop,
    kCounterGet,
    kCounterAdd,  // number.
    kSetLen,
    kSetAdd,      // number.
    kSetDiscard,  // number.
    kQueueLen,
    kPut,      // items: one.
    kPutMany,  // items.
    kGet,
    kGetMany,   // number: limit.
    kTaskDone,  // number.
    kJoin,
    kLease,     // number: limit. visibility_ms.
    kAck,       // grant.
    kNack,      // grant, delay_ms.
    kExtend,    // grant, visibility_ms.
    kComplete,  // grant, writes.
  };
  Kind kind = Kind::kValueGet;
  uint64_t call = 0;
  uint64_t session = 0;
  uint64_t thread = 0;
  std::string object;
  std::vector<int64_t> items;
  std::optional<uint64_t> timeout_ms;  // Of those that may park.
  int64_t key = 0;
  int64_t number = 0;
  uint64_t delay_ms = 0;       // Also of puts.
  uint64_t visibility_ms = 0;  // 0 is until the session's end.
  std::string dedup_key;       // Of puts.
  std::vector<DataOp> writes;
  uint64_t grant = 0;  // The delivery, as GrantOf numbers it.
  uint64_t fence = 0;  // The grant of a lock that the op came with, or 0.
};

using engine::testing::GrantOf;
using engine::testing::kGrantsPerCall;

class DataModel {
 public:
  enum class QueueKind { kFifo, kLifo, kPriority };
  struct QueueTraits {
    QueueKind kind = QueueKind::kFifo;
    uint64_t maxsize = 0;
    uint64_t deliveries_max = 20;
    std::string dead_letter;
  };
  void AddQueue(const std::string& name, const QueueTraits& traits);

  // Asks this from now on, until the next; nullptr lets all pass.
  void SetGate(const ChangeGate* gate) { gate_ = gate; }

  void OpenSession(uint64_t session) { sessions_.insert(session); }
  Answers EndSession(uint64_t session, int64_t now);
  Answers Apply(const DataOp& op, int64_t now);
  Answers Cancel(uint64_t call, int64_t now);
  // True if the op waits and would be refused if it came now.
  bool IsRefused(uint64_t call) const;
  // It is refused.
  Answers Refuse(uint64_t call, int64_t now);
  // What is due next, and doing it.
  Due NextDue() const;
  Answers AdvanceOnce(int64_t now);
  // The daemon stood still for so long.
  void Rearm(int64_t stalled_ms);
  // The daemon began again: every lease has its full length.
  void Resume(int64_t now);

  // The calls that wait, in order.
  std::vector<uint64_t> Waiting() const;

 private:
  struct Item {
    int64_t value = 0;
    uint64_t place = 0;  // In the order in which items were put.
    uint64_t attempts = 0;
  };
  struct Delayed {
    Item item;
    int64_t until_ms = 0;
    bool returns = false;  // To its place, rather than behind all others.
  };
  struct Leased {
    Item item;
    uint64_t grant = 0;
    uint64_t session = 0;
    int64_t until_ms = INT64_MAX;
    int64_t visibility_ms = 0;  // 0 is for ever.
  };
  struct Queue {
    QueueKind kind = QueueKind::kFifo;
    uint64_t maxsize = 0;
    uint64_t deliveries_max = 20;
    std::string dead_letter;
    uint64_t unfinished = 0;
    uint64_t last_place = 0;
    std::vector<Item> items;
    std::vector<Delayed> delayed;
    std::vector<Leased> leased;
    std::set<std::string> keys;  // Put before.
  };
  struct Waiter {
    DataOp op;
    int64_t deadline = 0;
  };

  // Does the op if it can proceed now; returns its answer. Nothing: it has to wait. An op that
  // waits is asked by the gate only when it could proceed.
  std::optional<std::string> Attempt(const DataOp& op, bool waits, int64_t now);
  std::optional<std::string> Do(const DataOp& op, int64_t now);
  std::optional<std::string> Refusal(const DataOp& op) const;
  std::string AttemptData(const DataOp& op);
  std::optional<std::string> AttemptQueue(const DataOp& op, int64_t now);
  std::optional<std::string> AttemptPut(Queue& queue, const DataOp& op, int64_t now);
  std::string AttemptDelivery(Queue& queue, const DataOp& op, int64_t now);
  std::string Complete(const DataOp& op, int64_t now);
  std::string Lease(Queue& queue, const DataOp& op, int64_t now);
  // A lease ends without an ack. Returns whether the item is dead.
  bool Return(Queue& queue, const Leased& leased, std::optional<int64_t> until_ms);
  Due AlarmOf(const std::string& name, const Queue& queue) const;
  void Ring(Queue& queue, int64_t now);
  bool IsBehind(const DataOp& op) const;
  bool IsWaiting(uint64_t call) const;
  Item TakeNext(Queue& queue);
  std::string Take(Queue& queue, uint64_t most);
  void Settle(Answers* answers, int64_t now);

  const ChangeGate* gate_ = nullptr;
  std::set<uint64_t> sessions_;
  std::map<std::string, int64_t> values_;
  std::map<std::string, std::map<int64_t, int64_t>> dicts_;
  std::map<std::string, std::vector<int64_t>> lists_;
  std::map<std::string, int64_t> counters_;
  std::map<std::string, std::set<int64_t>> sets_;
  std::map<std::string, Queue> queues_;
  std::vector<Waiter> waiters_;  // By call.
};

}  // namespace coheld::simulation
