// Objects that only the holder of a lock may change: the daemon checks the lock's fencing token
// itself.
//
//   coheld::guard(accounts, lock);           // Once.
//   const std::unique_lock holding(lock);
//   accounts.set("ann", 7);                  // Refused without the lock: GuardStale.
//
// So whoever lost the lock without knowing, to its session's end or its lease's, does no harm: its
// next change of a guarded object throws LockLost or GuardStale, and changes nothing. Reads are
// free to all. The ops of the thread that holds the lock need nothing more; who works on behalf of
// the holder, in another thread or process, says so by the holder's token (UsingToken).
#pragma once

#include <cstdint>
#include <string>

#include "coheld/client.h"
#include "coheld/handle.h"

namespace coheld {

// Lets only the holder of a lock (Lock, RecursiveLock, SharedLock for writers) change an object
// from now on. ObjectNotFound if either is not there yet; WrongType; InvalidArgument for objects
// that have owners themselves; GuardStale if it is guarded by a lock that the caller does not hold.
void guard(const Client& client, const std::string& object, const std::string& lock);
// Takes the guard away; the caller holds the lock. Returns whether there was one. GuardStale.
bool unguard(const Client& client, const std::string& object);

// The same for handles.
template <IsHandle H, IsHandle L>
void guard(const H& object, const L& lock) {
  guard(object.client(), object.name(), lock.name());
}
template <IsHandle H>
bool unguard(const H& object) {
  return unguard(object.client(), object.name());
}

// While it lives, the ops of this thread carry a token: that of Lock::token() of the holder. To be
// destroyed by the thread that made it, in the opposite order.
class UsingToken {
 public:
  explicit UsingToken(uint64_t token);
  ~UsingToken();
  UsingToken(const UsingToken&) = delete;
  UsingToken& operator=(const UsingToken&) = delete;

 private:
  uint64_t outer_;
};

}  // namespace coheld
