// The locks of the naive model (sync_model.h): Lock and RLock with their leases, the deaths of
// their owners and what owners lost. It knows nothing of those who wait: SyncModel tries them
// again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace coheld::engine::testing {

struct SyncOp;

// Session and logical thread.
using Caller = std::pair<uint64_t, uint64_t>;

// How the models number what an op granted: a lock's hold, the deliveries of a lease. (The engine's
// own numbers are not known before they are told.) In words a grant of a lock is "@NUMBER".
constexpr uint64_t kGrantsPerCall = 16;
constexpr uint64_t GrantOf(uint64_t call, uint64_t index) { return call * kGrantsPerCall + index; }

class LockModel {
 public:
  struct Hold {
    Caller owner;
    uint64_t grant = 0;
    uint64_t depth = 0;
    int64_t ends_ms = INT64_MAX;
    uint64_t lease_ms = 0;  // 0 is for ever.
    uint64_t turn = 0;      // When it was granted, in turns.
  };
  struct Lock {
    bool reentrant = false;
    bool anyone_releases = false;
    bool owner_died = false;  // And nobody was told.
    std::optional<Hold> hold;
    std::vector<uint64_t> grants;  // All, in order.
  };

  void Add(const std::string& name, bool reentrant, bool anyone_releases);
  const std::map<std::string, Lock>& all() const { return locks_; }
  bool Has(const std::string& name) const { return locks_.contains(name); }

  // A new turn begins: whatever is granted in one is granted at the same time.
  void BeginTurn() { ++turn_; }
  uint64_t turn() const { return turn_; }

  // True if an op stands before the asking one in the line of this lock.
  using Behind = std::function<bool(const std::string& lock)>;

  // Does an op on locks if it can proceed now. Nothing: it has to wait.
  std::optional<std::string> Attempt(const SyncOp& op, const Behind& behind, int64_t now);
  // What an acquire is answered that cannot be granted in time.
  std::string TimedOut(const SyncOp& op, const Behind& behind, bool waited) const;
  // Why the caller may not release the lock, or nothing. `grant` is what the op came with, or 0.
  std::optional<std::string> ReleaseRefusal(const std::string& name, const Caller& caller,
                                            uint64_t grant) const;
  // Why the caller, who is not the holder, is told LOCK_LOST; or nothing.
  bool HasLost(const std::string& name, const Caller& caller, uint64_t grant) const;
  // Its owner lets it go wholly, as a condition's wait does; returns how deep it was.
  uint64_t LetGo(const std::string& name);
  std::string Inspect(const std::string& name, int64_t now) const;

  void EndSession(uint64_t session);
  // The lock whose lease ends next, and when.
  std::pair<int64_t, std::string> NextEnd() const;
  // That lease ends.
  void EndLease(const std::string& name);
  void Rearm(int64_t stalled_ms);
  // The daemon began again: every lease has its full length.
  void Resume(int64_t now);

 private:
  // True if the op may have the lock now.
  bool IsTurn(const std::string& name, const SyncOp& op, const Behind& behind) const;
  std::string AcquireOne(const std::string& name, const SyncOp& op, uint64_t index, int64_t now);
  std::string Acquire(const SyncOp& op, int64_t now);
  std::string Release(const SyncOp& op);
  std::string Renew(const SyncOp& op, int64_t now);
  void Die(Lock& lock);

  std::map<std::string, Lock> locks_;
  // What owners lost and have not acquired again: by owner and lock, the grant.
  std::map<std::pair<Caller, std::string>, uint64_t> lost_;
  uint64_t turn_ = 0;
};

}  // namespace coheld::engine::testing
