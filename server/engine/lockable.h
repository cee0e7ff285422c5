// What Lock and RLock have in common: one owner at a time, and a line of those who wait. A
// condition and Lock.AcquireAll reach locks of either type through it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/engine/lock_like.h"
#include "server/engine/object.h"
#include "server/engine/turn.h"

namespace coheld::engine {

// A lock. Subclasses say who may release it and whether its owner may take it again.
//
//   free --Take--> held by owner, token --GiveBack--> free
//                   |'--lease ends, object deleted--> free; the session keeps what it lost
//                   '---session ends--> free              (and the next is told: owner_died)
class Lockable : public Object, public ExclusiveLock {
 public:
  uint64_t size() const override { return hold_ ? 1 : 0; }
  std::vector<Hold> holds() const override {
    return hold_ ? std::vector<Hold>{*hold_} : std::vector<Hold>();
  }
  std::vector<WaitQueue*> wait_queues() override { return {&waiters_}; }
  Awaits awaits() const override { return Awaits::kAllHolders; }
  bool guardable() const override { return false; }
  std::vector<Hold> BlockersOf(const ParkedOp& waiter, bool timeouts) const override;
  const Hold* exclusive() const override { return hold_ ? &*hold_ : nullptr; }
  void ForgetSession(SessionId session, Turn& turn) override;
  void OnAlarm(Turn& turn) override;
  void Rearm(uint64_t stalled_ms, Turn& turn) override;
  void Resume(Turn& turn) override;
  void Ending(Turn& turn) override;

  // Its type's word, "lock" or "rlock".
  virtual std::string_view word() const = 0;
  // Returns it for people: "the lock \"l\"".
  std::string What() const { return engine::What(word(), *this); }

  // Who holds it and, as its count, how deep; nothing if it is free.
  const std::optional<Hold>& hold() const { return hold_; }
  bool HeldBy(const Owner& owner) const { return hold_ && hold_->owner == owner; }
  // True if the caller holds it and may take it once more.
  bool MayGoDeeper(const Turn& turn) const { return reentrant() && HeldBy(turn.owner()); }
  // Where those wait who want it.
  WaitQueue& waiters() { return waiters_; }

  // Returns why the caller may not take it so many levels deep, now or ever, or
  // nothing: SESSION_REQUIRED, INVALID_ARGUMENT, OVERFLOW.
  std::optional<Failure> CheckAcquire(uint64_t levels, const Turn& turn) const;
  // Gives it, free or one that MayGoDeeper, to the caller. The grant ends `lease_ms` from now; 0 is
  // not before the session does, and one that goes deeper keeps the lease it has.
  struct Grant {
    uint64_t token = 0;
    bool owner_died = false;  // The owner before did not give it back.
  };
  Grant Take(uint64_t levels, uint64_t lease_ms, Turn& turn);
  // Sets when the grant that there is ends: `lease_ms` from now, or 0 for not before the session.
  void SetLease(uint64_t lease_ms, Turn& turn);
  // Returns why the caller may not renew the grant, or nothing: LOCK_NOT_HELD, LOCK_NOT_OWNER,
  // LOCK_LOST. A token that is not 0 stands for the owner.
  std::optional<Failure> CheckRenew(uint64_t token, const Turn& turn) const;

  // Returns why the caller may not give back so many levels, or nothing: LOCK_NOT_HELD,
  // LOCK_NOT_OWNER (also if `token` is neither 0 nor the current one), LOCK_LOST, INVALID_ARGUMENT.
  std::optional<Failure> CheckRelease(uint64_t levels, uint64_t token, const Turn& turn) const;
  // Gives back so many of the levels there are; with the last it is free and the next may try.
  // Returns the levels left.
  uint64_t GiveBack(uint64_t levels, Turn& turn);

 protected:
  void SaveHold(StateWriter& state) const;
  void LoadHold(StateReader& state);
  // True if who does not hold it may release it too.
  virtual bool anyone_releases() const = 0;
  // True if its owner may take it again.
  virtual bool reentrant() const = 0;

 private:
  // LOCK_LOST, LOCK_NOT_HELD, or LOCK_NOT_OWNER for a token that is not the current one.
  std::optional<Failure> CheckCurrent(uint64_t token, const Turn& turn) const;
  Failure NotOwner(const Owner& caller, std::string_view verb) const;
  // Its owner lost it.
  void EndByDeath(Turn& turn);

  std::optional<Hold> hold_;
  std::string spare_site_;   // Memory for the next hold's.
  bool owner_died_ = false;  // The last owner did not give it back, and nobody was told yet.
  WaitQueue waiters_;
};

}  // namespace coheld::engine
