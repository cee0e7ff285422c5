// The one table from reason to exception. See error.h.
#include "coheld/error.h"

#include <array>

#include "proto/wire/status.h"

namespace coheld {
namespace {

using Thrower = void (*)(Reason, const std::string&);

template <typename Exception>
[[noreturn]] void Throw(Reason reason, const std::string& message) {
  throw Exception(reason, message);
}

struct Row {
  Reason reason;
  Thrower thrower;
};

constexpr std::array kTable = {
    Row{Reason::kMalformed, Throw<InvalidArgument>},
    Row{Reason::kUnknownMethod, Throw<InvalidArgument>},
    Row{Reason::kInvalidArgument, Throw<InvalidArgument>},
    Row{Reason::kInvalidName, Throw<InvalidArgument>},
    Row{Reason::kInvalidValue, Throw<InvalidArgument>},
    Row{Reason::kWrongType, Throw<WrongType>},
    Row{Reason::kObjectNotFound, Throw<ObjectNotFound>},
    Row{Reason::kObjectExists, Throw<ObjectExists>},
    Row{Reason::kObjectDeleted, Throw<ObjectNotFound>},
    Row{Reason::kIndexOutOfRange, Throw<IndexOutOfRange>},
    Row{Reason::kValueNotFound, Throw<ValueNotFound>},
    Row{Reason::kKeyNotFound, Throw<KeyNotFound>},
    Row{Reason::kVersionMismatch, Throw<VersionMismatch>},
    Row{Reason::kNotComparable, Throw<NotOrderable>},
    Row{Reason::kNotOrderable, Throw<NotOrderable>},
    Row{Reason::kNotHashable, Throw<NotHashable>},
    Row{Reason::kUnsupportedOperand, Throw<UnsupportedOperand>},
    Row{Reason::kSliceStepZero, Throw<InvalidSlice>},
    Row{Reason::kSliceSizeMismatch, Throw<InvalidSlice>},
    Row{Reason::kTypecodeMismatch, Throw<TypecodeMismatch>},
    Row{Reason::kOverflow, Throw<Overflow>},
    Row{Reason::kDivisionByZero, Throw<DivisionByZero>},
    Row{Reason::kQueueEmpty, Throw<QueueEmpty>},
    Row{Reason::kQueueFull, Throw<QueueFull>},
    Row{Reason::kTaskDoneTooOften, Throw<TaskDoneTooOften>},
    Row{Reason::kLockNotHeld, Throw<LockNotHeld>},
    Row{Reason::kLockNotOwner, Throw<LockNotOwner>},
    Row{Reason::kSessionRequired, Throw<SessionExpired>},
    Row{Reason::kSessionExpired, Throw<SessionExpired>},
    Row{Reason::kTooLarge, Throw<TooLarge>},
    Row{Reason::kTooMany, Throw<TooMany>},
    Row{Reason::kCancelled, Throw<Cancelled>},
    Row{Reason::kDeadlineExceeded, Throw<Timeout>},
    Row{Reason::kShuttingDown, Throw<ConnectionLost>},
    Row{Reason::kSlowConsumer, Throw<TooMany>},
    Row{Reason::kInternal, Throw<InternalError>},
    Row{Reason::kSemaphoreReleasedTooOften, Throw<SemaphoreReleasedTooOften>},
    Row{Reason::kBarrierBroken, Throw<BarrierBroken>},
    Row{Reason::kAttributeNotFound, Throw<AttributeNotFound>},
    Row{Reason::kHostGone, Throw<HostGone>},
    Row{Reason::kHostTaken, Throw<HostTaken>},
    Row{Reason::kHostNotAttached, Throw<HostNotAttached>},
    Row{Reason::kQueueShutDown, Throw<QueueShutDown>},
    Row{Reason::kTopicFull, Throw<TopicFull>},
    Row{Reason::kSubscriptionNotFound, Throw<SubscriptionNotFound>},
    Row{Reason::kCompacted, Throw<Compacted>},
    Row{Reason::kUnauthenticated, Throw<Unauthenticated>},
    Row{Reason::kAlreadyAcknowledged, Throw<InvalidArgument>},
    Row{Reason::kTakenOver, Throw<Cancelled>},
    Row{Reason::kLeaseLost, Throw<LeaseLost>},
    Row{Reason::kGuardStale, Throw<GuardStale>},
    Row{Reason::kLockLost, Throw<LockLost>},
    Row{Reason::kDeadlock, Throw<Deadlock>},
    Row{Reason::kMemoryFull, Throw<MemoryFull>},
    Row{Reason::kDiskFull, Throw<DiskFull>},
    Row{Reason::kSnapshotFailed, Throw<SnapshotFailed>},
    Row{Reason::kNoJournal, Throw<NoJournal>},
    Row{Reason::kCrossShard, Throw<CrossShard>},
    Row{Reason::kConnectionLost, Throw<ConnectionLost>},
};

}  // namespace

std::string to_string(Reason reason) {
  if (reason == Reason::kConnectFailed) return "CONNECT_FAILED";
  if (reason == Reason::kConnectionLost) return "CONNECTION_LOST";
  if (reason == Reason::kOutcomeUnknown) return "OUTCOME_UNKNOWN";
  if (reason == Reason::kInterrupted) return "INTERRUPTED";
  if (reason == Reason::kBadConversion) return "BAD_CONVERSION";
  if (reason == Reason::kCallRaised) return "CALL_RAISED";
  return wire::ReasonWord(static_cast<v1::ErrorReason>(reason));
}

int Error::code() const {
  if (reason_ == Reason::kInterrupted) return static_cast<int>(wire::Code::kCancelled);
  if (reason_ == Reason::kBadConversion) return static_cast<int>(wire::Code::kInvalidArgument);
  if (reason_ == Reason::kCallRaised) return static_cast<int>(wire::Code::kUnknown);
  if (reason_ >= Reason::kConnectFailed) return static_cast<int>(wire::Code::kUnavailable);
  return static_cast<int>(wire::CodeOf(static_cast<v1::ErrorReason>(reason_)));
}

void throw_error(Reason reason, const std::string& message) {
  if (reason == Reason::kConnectFailed) throw ConnectFailed(message);
  if (reason == Reason::kOutcomeUnknown) throw OutcomeUnknown(message);
  if (reason == Reason::kInterrupted) throw Interrupted(message);
  for (const Row& row : kTable) {
    if (row.reason == reason) row.thrower(reason, message);
  }
  throw InternalError(reason, message);
}

}  // namespace coheld
