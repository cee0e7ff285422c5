// A model of the synchronisation objects that is obviously right: plain vectors, and after each
// event everything that waits is tried again, oldest first. Written from the protos' words, not
// from the engine's code; random_sync_test.cc runs the same ops through both.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/engine/lock_model.h"

namespace coheld::engine::testing {

// One op of the random test. Which fields count depends on the kind.
struct SyncOp {
  enum class Kind {
    kSemaphoreAcquire,
    kSemaphoreRelease,
    kLockAcquire,  // Of a Lock or an RLock; number: depth. lease_ms. flag: retake.
    kLockRelease,  // number: depth.
    kRenew,        // lease_ms.
    kAcquireAll,
    kReleaseAll,
    kConditionWait,
    kConditionNotify,
    kBarrierWait,  // flag: has_action.
    kActionDone,   // number: the call that was told to run the action. flag: failed.
    kAbort,
    kReset,
    kAcquireRead,
    kAcquireWrite,
    kReadWriteRelease,
    kEventSet,
    kEventClear,
    kEventWait,
    kLatchCreate,  // number: count.
    kCountDown,
    kLatchWait,
    kLatchDelete,
    kInspect,  // Of any object but a latch.
  };
  Kind kind = Kind::kInspect;
  uint64_t call = 0;
  uint64_t session = 0;  // 0 is none.
  uint64_t thread = 0;
  std::string object;
  std::vector<std::string> others;     // AcquireAll, ReleaseAll.
  std::optional<uint64_t> timeout_ms;  // Of all that may park.
  uint64_t number = 1;
  bool flag = false;
  uint64_t lease_ms = 0;    // Of what acquires locks, and kRenew.
  bool with_token = false;  // Releases and renewals of one lock name the grant ...
  uint64_t grant = 0;       // ... which is this one; 0 is none.
};

// The object of an op, and the other locks of one that takes many.
std::vector<std::string> NamesOf(const SyncOp& op);

// What comes next when time passes: what is due first; at one time what ends comes before who gives
// up waiting.
struct Due {
  int64_t at_ms = INT64_MAX;
  bool waits = false;
  std::string object;  // Whose alarm it is ...
  uint64_t call = 0;   // ... or who has waited long enough.
  auto operator<=>(const Due&) const = default;
};

// What each call was answered, in words: "acquired 1", "BARRIER_BROKEN".
using SyncAnswers = std::map<uint64_t, std::string>;

// Holds the objects and the ops that wait. Each call returns the answers that it brought about.
class SyncModel {
 public:
  // The objects that there are from the start.
  void AddSemaphore(const std::string& name, uint64_t permits, bool bounded);
  void AddLock(const std::string& name, bool reentrant, bool anyone_releases);
  void AddCondition(const std::string& name, const std::string& lock);
  void AddBarrier(const std::string& name, uint64_t parties);
  void AddReadWriteLock(const std::string& name) { read_writes_[name]; }

  void OpenSession(uint64_t session) { sessions_.insert(session); }
  SyncAnswers EndSession(uint64_t session);
  SyncAnswers Apply(const SyncOp& op, int64_t now);
  SyncAnswers Cancel(uint64_t call);
  SyncAnswers Advance(int64_t now);
  // What is due next, and doing it.
  Due NextDue() const;
  SyncAnswers AdvanceOnce(int64_t now);
  // Tells the time of what is not told it.
  void SetTime(int64_t now) { now_ = now; }
  // The daemon stood still for so long.
  void Rearm(int64_t stalled_ms) { locks_.Rearm(stalled_ms); }
  void Resume(int64_t now) { locks_.Resume(now); }
  const LockModel& locks() const { return locks_; }

  // One for whom a waiting op waits: the owner of a right, or an op before it in line.
  struct Blocker {
    Caller owner;
    uint64_t turn = 0;     // When the owner was granted it.
    uint64_t ahead = 0;    // Or, if not 0, the op before.
    bool permits = false;  // A semaphore's, of which anybody may release.
  };
  // Those for all of whom the op waits that would wait for ever; empty if it does not.
  std::vector<Blocker> BlockersOf(uint64_t call) const;
  // The waiting ops of an owner.
  std::vector<uint64_t> WaitsOf(const Caller& owner) const;
  Caller OwnerOf(uint64_t call) const;

  // The calls that wait, in order.
  std::vector<uint64_t> Waiting() const;
  // True if the call waits and has changed something already.
  bool HasEffect(uint64_t call) const;
  // True if an op of the caller waits.
  bool IsWaiting(const Caller& caller) const;
  bool HasLatch(const std::string& name) const { return latches_.contains(name); }

 private:
  struct Waiter {
    SyncOp op;
    int64_t deadline = 0;
    uint64_t depth = 0;    // ConditionWait: what it let go of.
    bool arrived = false;  // BarrierWait.
    uint64_t index = 0;
    std::optional<std::string> fate;  // BarrierWait: what it is answered next.
  };
  // Who holds how much, and in which turn it got the last of it; in the order in which they began.
  struct Holder {
    Caller owner;
    uint64_t count = 0;
    uint64_t turn = 0;
  };
  using Holders = std::vector<Holder>;
  struct Semaphore {
    uint64_t available = 1;
    uint64_t permits = 1;
    bool bounded = false;
    Holders holders;
  };
  struct Barrier {
    uint64_t parties = 1;
    uint64_t arrived = 0;
    bool broken = false;
    std::optional<Caller> runner;
    uint64_t runner_call = 0;
    uint64_t runner_turn = 0;
  };
  struct ReadWrite {
    Holders readers;
    std::optional<Caller> writer;
    uint64_t writer_turn = 0;
  };

  // Does the op if it can proceed now; returns its answer. Nothing: it has to wait. `waiter` keeps
  // what the op remembers while it waits.
  std::optional<std::string> Attempt(Waiter& waiter);
  std::optional<std::string> AttemptSemaphore(const SyncOp& op);
  std::optional<std::string> AttemptCondition(Waiter& waiter);
  std::optional<std::string> AttemptBarrier(Waiter& waiter);
  std::optional<std::string> AttemptReadWrite(const SyncOp& op);
  std::optional<std::string> AttemptFlags(const SyncOp& op);
  std::string Inspect(const SyncOp& op) const;
  // True if an op that came before waits on one of the objects of this one.
  bool IsBehind(const SyncOp& op, const std::string& object) const;
  void EndRound(const std::string& barrier, const std::string& fate);
  // Takes a waiter out and lets its leaving take effect.
  void Leave(uint64_t call);
  void Settle(SyncAnswers* answers);
  std::string TimedOut(const Waiter& waiter, bool waited) const;
  void AddTo(Holders& holders, const Caller& caller, uint64_t count) const;
  bool IsForgiven(const SyncOp& op, const std::string& name) const;
  bool IsBehindWriter(const SyncOp& op) const;
  void AddHolders(const SyncOp& op, std::vector<Blocker>* blockers) const;
  void AddLine(const SyncOp& op, std::vector<Blocker>* blockers) const;

  std::set<uint64_t> sessions_;
  std::map<std::string, Semaphore> semaphores_;
  LockModel locks_;
  std::map<std::string, std::string> conditions_;  // By name: its lock.
  std::map<std::string, Barrier> barriers_;
  std::map<std::string, ReadWrite> read_writes_;
  std::map<std::string, bool> events_;
  std::map<std::string, uint64_t> latches_;
  std::vector<Waiter> waiters_;  // By call.
  std::set<uint64_t> notified_;  // Calls of condition waits.
  int64_t now_ = 0;
};

}  // namespace coheld::engine::testing
