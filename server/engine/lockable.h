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
class Lockable : public Object {
 public:
  uint64_t size() const override { return hold_ ? 1 : 0; }
  std::vector<Hold> holds() const override {
    return hold_ ? std::vector<Hold>{*hold_} : std::vector<Hold>();
  }
  std::vector<WaitQueue*> wait_queues() override { return {&waiters_}; }
  void ForgetSession(SessionId session, Turn& turn) override;

  // Its type's word, "lock" or "rlock".
  virtual std::string_view word() const = 0;
  // Returns it for people: "the lock \"l\"".
  std::string What() const { return engine::What(word(), *this); }

  // Who holds it and, as its count, how deep; nothing if it is free.
  const std::optional<Hold>& hold() const { return hold_; }
  bool HeldBy(const Owner& owner) const { return hold_ && hold_->owner == owner; }
  // True if the caller holds it and may take it once more.
  virtual bool MayGoDeeper(const Turn& turn) const = 0;
  // Where those wait who want it.
  WaitQueue& waiters() { return waiters_; }

  // Returns why the caller may not take it so many levels deep, now or ever, or
  // nothing: SESSION_REQUIRED, INVALID_ARGUMENT, OVERFLOW.
  std::optional<Failure> CheckAcquire(uint64_t levels, const Turn& turn) const;
  // Gives it, free or one that MayGoDeeper, to the caller. Returns the grant's token.
  uint64_t Take(uint64_t levels, Turn& turn);

  // Returns why the caller may not give back so many levels, or nothing: LOCK_NOT_HELD,
  // LOCK_NOT_OWNER (also if `token` is neither 0 nor the current one), INVALID_ARGUMENT.
  std::optional<Failure> CheckRelease(uint64_t levels, uint64_t token, const Turn& turn) const;
  // Gives back so many of the levels there are; with the last it is free and the next may try.
  // Returns the levels left.
  uint64_t GiveBack(uint64_t levels, Turn& turn);

 protected:
  void SaveHold(StateWriter& state) const;
  void LoadHold(StateReader& state);

 private:
  // True if who does not hold it may release it too.
  virtual bool anyone_releases() const = 0;

  std::optional<Hold> hold_;
  WaitQueue waiters_;
};

}  // namespace coheld::engine
