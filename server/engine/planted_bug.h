// Bugs that tests plant, to prove that they would be found (tests/simulation). Each breaks one
// guarantee. The product has none of them: there Planted is false at compile time, and what it
// guards is not compiled in.
#pragma once

namespace coheld::engine {

enum class PlantedBug {
  kNone,
  // Exactly once.
  kAnsweredFromAnotherSession,  // The key of a kept reply is without its session.
  kReplyForgottenEarly,         // Kept replies go before the client acknowledged them.
  kReplyUnderWrongLane,         // A reply is kept under another lane.
  kGrantNotKept,                // Only the replies of ops that did not wait are kept.
  kLateCopyDone,                // An acknowledged op is done again when an old frame comes late.
  kCopyWaitsToo,                // A copy of an op that waits waits beside it.
  kEffectUndone,                // A waiting op that changed something ends with its connection.
  // Waiting.
  kWaiterLostOnCancel,    // A cancelled op leaves its line, and nobody looks who is next.
  kNewcomerOvertakes,     // An op that comes is served before those that wait.
  kOneLineWoken,          // An op that stood in many lines is missed in one of them only.
  kNotificationLost,      // A notification is given to one waiter fewer.
  kBarrierOutlivesParty,  // A party dies and the barrier waits on.
  // Sessions and locks.
  kLockOutlivesSession,  // A session's end releases nothing.
  kTokenFromClock,       // The fencing token of a lock is the time.
  kStallUnnoticed,       // A daemon that stood still expires what nobody could renew.
  // Rights.
  kTokenShrinks,         // Of two fencing tokens the later one is the lower.
  kDepthForgotten,       // One release frees an rlock, however deep it is held.
  kLockLeaseNeverEnds,   // The lease of a lock ends when its session does.
  kLockLeaseEndsEarly,   // It lasts half as long.
  kLockLeaseNotRearmed,  // It goes on while the daemon stands still.
  kDeathNotTold,         // The next owner is not told that the one before died.
  kLossNotTold,          // Who lost a lock is told that it is not the owner.
  kLossToldForEver,      // Who lost a lock and acquired it again is told so still.
  kLostLockRenewed,      // Who lost a lock renews the lease of the next owner.
  kGuardNotChecked,      // Anybody changes a guarded object.
  kGuardCheckedOnce,     // An op that waits is not asked again for its right.
  kStaleTokenAccepted,   // Any token is the guard's.
  // Deadlocks.
  kSecondLineMissed,   // Of several locks that an op waits for, the first only counts.
  kPlaceInLineMissed,  // Who is before an op in line does not count.
  kDeadlockInvented,   // Who gives up in time counts as waiting for ever.
  kWrongVictim,        // The op fails that the other policy would have chosen.
  // Leases on queues.
  kItemLostAtLeaseEnd,  // An item whose lease ends does not return to the queue.
  kLateAckAccepted,     // An ack of a delivery that ended acks another one.
  kLeaseNotRearmed,     // A lease goes on while the daemon stands still.
  // How long objects live.
  kHandlesOutliveSession,  // What a session's handles kept stays when it ends.
  kTtlRunsWhileDown,       // A TTL goes on while there is no daemon.
  // Watches.
  kWatcherNotWoken,  // Who waits for a change is not told when there is one.
  // The record.
  kInputNotLogged,  // That a broken connection ended an op is not in the record.
};

#ifdef COHELD_PLANTED_BUGS
// The one that is planted now.
inline PlantedBug planted_bug = PlantedBug::kNone;
// (Each file has its own: one name must not stand for two functions in one program.)
static inline bool Planted(PlantedBug bug) { return planted_bug == bug; }
#else
static constexpr bool Planted(PlantedBug /*bug*/) { return false; }
#endif

}  // namespace coheld::engine
