// A model of queues, locks and values that is obviously right: plain vectors, and after each event
// everything that waits is tried again. Written from the protos' words, not from the engine's code;
// random_ops_test.cc runs the same ops through both.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace coheld::engine::testing {

// One op of the random test. Which fields count depends on the kind.
struct RandomOp {
  enum class Kind {
    kQueueCreate,
    kPut,
    kPutMany,
    kGet,
    kGetMany,
    kPeek,
    kTaskDone,
    kJoin,
    kPurge,
    kLen,
    kLockCreate,
    kAcquire,
    kRelease,
    kInspect,
    kSet,
    kAdd,
    kWait,
    kDelete,
  };
  Kind kind = Kind::kLen;
  uint64_t call = 0;
  uint64_t session = 0;  // 0 is none.
  uint64_t thread = 0;
  std::string object;
  std::vector<int64_t> items;          // Put, PutMany.
  std::optional<uint64_t> timeout_ms;  // Of all that may park.
  uint64_t number = 0;  // Create: maxsize. GetMany: limit. TaskDone: count. Set, Add: operand.
                        // Wait: since_version.
  int mode = 1;         // Create: QueueKind or LockRelease.
};

// What each call was answered, in words: "item 5", "length 2", "QUEUE_EMPTY".
using Answers = std::map<uint64_t, std::string>;

// Holds the objects and the ops that wait. Each call returns the answers that it brought about.
class NaiveModel {
 public:
  void OpenSession(uint64_t session) { sessions_.insert(session); }
  Answers EndSession(uint64_t session);
  Answers Apply(const RandomOp& op, int64_t now);
  Answers Cancel(uint64_t call);
  Answers Advance(int64_t now);

  // The calls that wait, in order.
  std::vector<uint64_t> Waiting() const;

 private:
  struct Waiter {
    RandomOp op;
    int64_t deadline;
  };
  // A queue, a lock or a value.
  struct Thing {
    bool made = false;  // False while it is only waited on.
    uint64_t version = 0;
    std::vector<Waiter> waiters;
    int kind = 1;
    uint64_t maxsize = 0;
    uint64_t unfinished = 0;
    std::vector<int64_t> items;
    bool anyone_releases = false;
    std::optional<std::pair<uint64_t, uint64_t>> owner;
    int64_t value = 0;
  };

  // Does the op if it can proceed now; returns its answer. Nothing: it has to wait.
  std::optional<std::string> Attempt(Thing& thing, const RandomOp& op);
  std::optional<std::string> AttemptQueue(Thing& thing, const RandomOp& op);
  std::optional<std::string> AttemptLock(Thing& thing, const RandomOp& op);
  std::optional<std::string> AttemptValue(Thing& thing, const RandomOp& op);
  std::string Put(Thing& thing, const RandomOp& op);
  std::string Delete(const std::string& name, Answers* answers);
  // Grants all that can be granted, and drops things that nobody made or waits on.
  void Settle(Answers* answers);
  bool GrantFirst(Thing& thing, std::initializer_list<RandomOp::Kind> role, Answers* answers);
  // Takes the waiters that match out of all things, answering them.
  template <typename Match>
  void Dismiss(const std::string& answer, Answers* answers, Match match);

  std::set<uint64_t> sessions_;
  std::map<std::string, Thing> things_;
  // Who held a lock when it was deleted, and has not acquired one of its name since.
  std::set<std::pair<std::string, std::pair<uint64_t, uint64_t>>> lost_;
  uint64_t version_floor_ = 0;
};

}  // namespace coheld::engine::testing
