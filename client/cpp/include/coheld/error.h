// What the SDK throws: coheld::Error and a subclass for every failure that a program may want to
// catch by itself. One table (src/error.cc) maps reasons to classes.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace coheld {

// Why an op failed. The values below 1000 are the wire's (coheld.v1.ErrorReason); those above are
// the SDK's own. A reason that a newer daemon invented keeps its number.
enum class Reason : int {
  kUnspecified = 0,
  kMalformed = 1,
  kUnknownMethod = 2,
  kInvalidArgument = 3,
  kInvalidName = 4,
  kInvalidValue = 5,
  kWrongType = 6,
  kObjectNotFound = 7,
  kObjectExists = 8,
  kObjectDeleted = 9,
  kIndexOutOfRange = 10,
  kValueNotFound = 11,
  kKeyNotFound = 12,
  kVersionMismatch = 13,
  kNotOrderable = 14,
  kNotHashable = 15,
  kUnsupportedOperand = 16,
  kSliceStepZero = 17,
  kSliceSizeMismatch = 18,
  kTypecodeMismatch = 19,
  kOverflow = 20,
  kDivisionByZero = 21,
  kQueueEmpty = 22,
  kQueueFull = 23,
  kTaskDoneTooOften = 24,
  kLockNotHeld = 25,
  kLockNotOwner = 26,
  kSessionRequired = 27,
  kSessionExpired = 28,
  kTooLarge = 29,
  kTooMany = 30,
  kCancelled = 31,
  kDeadlineExceeded = 32,
  kShuttingDown = 33,
  kSlowConsumer = 34,
  kInternal = 35,
  kSemaphoreReleasedTooOften = 36,
  kBarrierBroken = 37,
  kNotComparable = 80,
  kAttributeNotFound = 60,
  kHostGone = 61,
  kHostTaken = 62,
  kHostNotAttached = 63,
  kQueueShutDown = 64,
  kTopicFull = 65,
  kSubscriptionNotFound = 66,
  kCompacted = 90,
  kUnauthenticated = 95,
  kAlreadyAcknowledged = 110,
  kTakenOver = 111,
  kLeaseLost = 120,
  kGuardStale = 130,
  kLockLost = 131,
  kDeadlock = 132,
  kMemoryFull = 140,
  kDiskFull = 141,
  kSnapshotFailed = 145,
  kNoJournal = 146,
  kCrossShard = 150,

  kConnectFailed = 1001,   // No connection could be made.
  kConnectionLost = 1002,  // The connection broke; the op did not happen.
  kOutcomeUnknown = 1003,  // The connection broke; the op may have happened.
  kInterrupted = 1004,     // CallOptions::on_interrupt asked to stop.
  kBadConversion = 1005,   // A value is not of the C++ type that was asked for.
  kCallRaised = 1006,      // A hosted function failed (host.h).
};

// Returns the reason's word, such as "QUEUE_EMPTY".
std::string to_string(Reason reason);

// Everything the SDK throws.
class Error : public std::runtime_error {
 public:
  Error(Reason reason, const std::string& message) : std::runtime_error(message), reason_(reason) {}

  // Why, for programs; what() is for people.
  Reason reason() const { return reason_; }
  // The canonical gRPC code that belongs to the reason, 1-16.
  int code() const;

 private:
  Reason reason_;
};

// The request was wrong in itself: MALFORMED, UNKNOWN_METHOD, INVALID_ARGUMENT, INVALID_NAME,
// INVALID_VALUE, and the subclasses.
class InvalidArgument : public Error {
  using Error::Error;
};
class NotOrderable : public InvalidArgument {
  using InvalidArgument::InvalidArgument;
};
class NotHashable : public InvalidArgument {
  using InvalidArgument::InvalidArgument;
};
class UnsupportedOperand : public InvalidArgument {
  using InvalidArgument::InvalidArgument;
};
// SLICE_STEP_ZERO, SLICE_SIZE_MISMATCH.
class InvalidSlice : public InvalidArgument {
  using InvalidArgument::InvalidArgument;
};
class TypecodeMismatch : public InvalidArgument {
  using InvalidArgument::InvalidArgument;
};
class DivisionByZero : public InvalidArgument {
  using InvalidArgument::InvalidArgument;
};

// The name belongs to an object of another type.
class WrongType : public Error {
  using Error::Error;
};
// OBJECT_NOT_FOUND, and OBJECT_DELETED (deleted while the op was parked on it).
class ObjectNotFound : public Error {
  using Error::Error;
};
class ObjectExists : public Error {
  using Error::Error;
};
class IndexOutOfRange : public Error {
  using Error::Error;
};
class ValueNotFound : public Error {
  using Error::Error;
};
class KeyNotFound : public Error {
  using Error::Error;
};
class AttributeNotFound : public Error {
  using Error::Error;
};
class VersionMismatch : public Error {
  using Error::Error;
};
class Overflow : public Error {
  using Error::Error;
};
class QueueEmpty : public Error {
  using Error::Error;
};
class QueueFull : public Error {
  using Error::Error;
};
class QueueShutDown : public Error {
  using Error::Error;
};
class TaskDoneTooOften : public Error {
  using Error::Error;
};
class SemaphoreReleasedTooOften : public Error {
  using Error::Error;
};
class BarrierBroken : public Error {
  using Error::Error;
};
class LockNotHeld : public Error {
  using Error::Error;
};
class LockNotOwner : public Error {
  using Error::Error;
};
// The caller held the lock and lost it, as its lease ended or the lock was deleted: LOCK_LOST.
class LockLost : public LockNotOwner {
  using LockNotOwner::LockNotOwner;
};
// The object is guarded by a lock that the caller does not hold; nothing changed: GUARD_STALE.
class GuardStale : public Error {
  using Error::Error;
};
// The op would have waited for ever, as the one that it waits for waits for the caller; the message
// names them all: DEADLOCK.
class Deadlock : public Error {
  using Error::Error;
};
// The snapshot that was asked for could not be made: SNAPSHOT_FAILED.
class SnapshotFailed : public Error {
  using Error::Error;
};
// The daemon was started without a data directory: NO_JOURNAL.
class NoJournal : public Error {
  using Error::Error;
};
// The op needs objects of several shards of the daemon, which names with the same {tag} are not:
// CROSS_SHARD.
class CrossShard : public Error {
  using Error::Error;
};
// No session serves the host, or it went before it answered: the call may have run or not.
class HostGone : public Error {
  using Error::Error;
};
class HostTaken : public Error {
  using Error::Error;
};
class HostNotAttached : public Error {
  using Error::Error;
};
class TopicFull : public Error {
  using Error::Error;
};
class SubscriptionNotFound : public Error {
  using Error::Error;
};
// A leased item is not the caller's any more: the lease ended before; somebody else may have it.
class LeaseLost : public Error {
  using Error::Error;
};
// The changes that a watch should go on with are not kept any more: read the object and go on.
class Compacted : public Error {
  using Error::Error;
};
// SESSION_EXPIRED and SESSION_REQUIRED. What the session owned (locks) is released.
class SessionExpired : public Error {
  using Error::Error;
};
// The daemon has a key that this client did not prove, or the other way round: UNAUTHENTICATED.
class Unauthenticated : public Error {
  using Error::Error;
};
// A limit on sizes: TOO_LARGE.
class TooLarge : public Error {
  using Error::Error;
};
// A limit on counts: TOO_MANY, SLOW_CONSUMER.
class TooMany : public Error {
  using Error::Error;
};
// The daemon has no memory for what the op would add: MEMORY_FULL. Nothing changed; reads, and what
// gives memory back, go on.
class MemoryFull : public Error {
  using Error::Error;
};
// The daemon's disk has no room for what the op would add: DISK_FULL. Nothing changed; reads, and
// what gives room back, go on.
class DiskFull : public Error {
  using Error::Error;
};
class Cancelled : public Error {
  using Error::Error;
};
// CallOptions::deadline passed; the op did not happen, but for what some do before they wait: a
// condition's wait has let go of its lock, and a party has arrived at its barrier.
class Timeout : public Error {
  using Error::Error;
};
// A defect of the daemon, or a reason that this SDK does not know.
class InternalError : public Error {
  using Error::Error;
};

// A value is not of the C++ type that was asked for.
class BadConversion : public Error {
 public:
  explicit BadConversion(const std::string& message) : Error(Reason::kBadConversion, message) {}
};

// There is no connection, and the op did not happen (but see OutcomeUnknown). CONNECTION_LOST and
// SHUTTING_DOWN.
class ConnectionLost : public Error {
 public:
  ConnectionLost(Reason reason, const std::string& message, int system_error = 0)
      : Error(reason, message), system_error_(system_error) {}

  // The errno behind it, such as ECONNREFUSED or ENOENT; 0 if there was none.
  int system_error() const { return system_error_; }

 private:
  int system_error_;
};

// No connection could be made.
class ConnectFailed : public ConnectionLost {
 public:
  explicit ConnectFailed(const std::string& message, int system_error = 0)
      : ConnectionLost(Reason::kConnectFailed, message, system_error) {}
};

// The connection broke after a changing op was sent and before its reply came: it may have
// happened, or not.
class OutcomeUnknown : public ConnectionLost {
 public:
  explicit OutcomeUnknown(const std::string& message, int system_error = 0)
      : ConnectionLost(Reason::kOutcomeUnknown, message, system_error) {}
};

// CallOptions::on_interrupt said so. The op was cancelled, unless it was faster.
class Interrupted : public Error {
 public:
  explicit Interrupted(const std::string& message, std::optional<std::string> reply = std::nullopt,
                       bool outcome_known = true)
      : Error(Reason::kInterrupted, message),
        reply_(std::move(reply)),
        outcome_known_(outcome_known) {}

  // The serialised reply of an op that happened before it could be cancelled; else nothing.
  const std::optional<std::string>& reply() const { return reply_; }
  // False if the daemon did not answer the cancellation in time: the op may have happened.
  bool outcome_known() const { return outcome_known_; }

 private:
  std::optional<std::string> reply_;
  bool outcome_known_;
};

// Throws the class that belongs to the reason.
[[noreturn]] void throw_error(Reason reason, const std::string& message);

}  // namespace coheld
