// What a handler may ask of the engine while it applies one op.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "proto/wire/result.h"
#include "server/engine/object.h"
#include "server/engine/wait_queue.h"

namespace coheld::engine {

class Engine;
using wire::Failure;
using wire::Result;

// What became of an op. Make one with Done(), a Failure, or Turn::Park.
class [[nodiscard]] Outcome {
 public:
  enum class Kind { kDone, kFailed, kParked };

  Outcome(Failure failure) : kind_(Kind::kFailed), failure_(std::move(failure)) {}
  Kind kind() const { return kind_; }
  const Failure& failure() const { return failure_; }

 private:
  friend class Turn;
  friend Outcome Done();
  explicit Outcome(Kind kind) : kind_(kind) {}

  Kind kind_;
  Failure failure_;
};

// The op happened; the reply message is filled in.
inline Outcome Done() { return Outcome(Outcome::Kind::kDone); }

// One application of one op. An op that was parked gets a new Turn each time it is tried.
class Turn {
 public:
  enum class Try {
    kFirst,    // The op just arrived.
    kWoken,    // It was parked, and its queue was woken.
    kTimedOut  // It was parked, and its time is up: it must not park again.
  };

  Turn(Engine& engine, const Stamp& stamp, Try attempt)
      : engine_(engine), stamp_(stamp), try_(attempt) {}

  const Owner& owner() const { return stamp_.owner; }
  // The time of this try (not of the op's arrival).
  TimeMs now() const { return stamp_.now; }
  // True if this op made the object, or found it only waited on (Object::provisional).
  bool created() const { return created_; }

  // True if others wait there already that go first: when the op just arrived, and when its time is
  // up while it is not the first in line.
  bool MustQueue(const WaitQueue& queue) const;

  // Parks the op on a queue of its object until it is woken or its time is up; absent is for ever.
  // When there is no time left (timeout 0, or the last try) returns `timed_out` instead.
  Outcome Park(WaitQueue& queue, std::optional<uint64_t> timeout_ms, Outcome timed_out);

  // After this op: tries the parked ops of the queue in order, until one parks again.
  void Wake(WaitQueue& queue) {
    if (!queue.empty()) wakes_.push_back({&queue, false});
  }
  // After this op: tries every parked op of the queue once, in order.
  void WakeAll(WaitQueue& queue) {
    if (!queue.empty()) wakes_.push_back({&queue, true});
  }

  // Returns a fencing token above all before.
  uint64_t NextToken();
  // Notes that a session has a right on the object, so that the object is told at the session's
  // end.
  void NoteHold(SessionId session, Object& object);
  // Notes that the session has no right on the object any more.
  void NoteRelease(SessionId session, Object& object);

  // Makes another object of the same type as `like`: anonymous if the name is empty. OBJECT_EXISTS,
  // INVALID_NAME, SESSION_REQUIRED.
  Result<Object*> CreateLike(const Object& like, const std::string& name);

  Engine& engine() { return engine_; }

 private:
  friend class Engine;
  friend Result<Object*> ResolveObject(Engine&, const OpRow&, const std::string&, Turn&);
  struct WakeRequest {
    WaitQueue* queue;
    bool all;
  };

  Engine& engine_;
  Stamp stamp_;
  Try try_;
  Object* object_ = nullptr;  // The named object that the op is for.
  bool created_ = false;
  WaitQueue* park_queue_ = nullptr;
  std::optional<uint64_t> park_timeout_ms_;
  std::vector<WakeRequest> wakes_;
};

}  // namespace coheld::engine
