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
  kTokenFromClock,       // A fencing token is the time.
  kStallUnnoticed,       // A daemon that stood still expires what nobody could renew.
  // Leases on queues.
  kItemLostAtLeaseEnd,  // An item whose lease ends does not return to the queue.
  kLateAckAccepted,     // An ack of a delivery that ended acks another one.
  kLeaseNotRearmed,     // A lease goes on while the daemon stands still.
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
