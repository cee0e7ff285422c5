// What a handler may ask of the engine while it applies one op.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/wire/result.h"
#include "server/engine/lost_rights.h"
#include "server/engine/object.h"
#include "server/engine/wait_queue.h"

namespace coheld::engine {

class Engine;
struct TypeRow;
using wire::Failure;
using wire::Result;

// What became of an op. Make one with Done(), a Failure, or Turn::Park.
class [[nodiscard]] Outcome {
 public:
  enum class Kind { kDone, kFailed, kParked };

  Outcome(Failure failure)
      : kind_(Kind::kFailed), failure_(std::make_unique<Failure>(std::move(failure))) {}
  Kind kind() const { return kind_; }
  // Only of one that failed.
  const Failure& failure() const { return *failure_; }

 private:
  friend class Turn;
  friend Outcome Done();
  explicit Outcome(Kind kind) : kind_(kind) {}

  Kind kind_;
  std::unique_ptr<Failure> failure_;  // Apart: hardly any op fails, and each returns an Outcome.
};

// The op happened; the reply message is filled in.
inline Outcome Done() { return Outcome(Outcome::Kind::kDone); }

// One application of one op. An op that was parked gets a new Turn each time it is tried.
class Turn {
 public:
  enum class Try {
    kFirst,     // The op just arrived.
    kWoken,     // It was parked, and its queue was woken.
    kTimedOut,  // It was parked, and its time is up: it must not park again.
    kRehearsal  // To see whether it could be done; it must neither park nor change anything.
  };

  Turn(Engine& engine, const Stamp& stamp, Try attempt)
      : engine_(engine), stamp_(stamp), try_(attempt) {}

  const Owner& owner() const { return stamp_.owner; }
  // The op's call, the same at each try: by it an op that changed something before it parked finds
  // what is its own.
  CallId call() const { return stamp_.call; }
  // The token that the op came with (CallRequest.token), or 0.
  uint64_t token() const { return stamp_.token; }
  // Where in the caller's program the op is, if the caller told.
  std::string_view site() const { return stamp_.site; }
  // The time of this try (not of the op's arrival).
  TimeMs now() const { return stamp_.now; }
  // True if the op was parked and its time is up, so that it is tried a last time.
  bool gives_up() const { return try_ == Try::kTimedOut; }
  // True if this op made the object, or found it only waited on (Object::provisional).
  bool created() const { return created_; }

  // True if the op is only tried. Its handler checks all that it does otherwise, and where it would
  // begin to change things returns Done() instead.
  bool rehearsal() const { return try_ == Try::kRehearsal; }

  // True if others wait there already that go first: when the op just arrived, and when its time is
  // up while it is not the first in line.
  bool MustQueue(const WaitQueue& queue) const {
    if (try_ == Try::kWoken) return false;
    return !IsFirst(queue);
  }
  // True if nobody waits in the queue, or this op before all others.
  bool IsFirst(const WaitQueue& queue) const;
  // Parks the op on a queue of its object until it is woken or its time is up; absent is for ever.
  // When there is no time left (timeout 0, or the last try) returns `timed_out` instead.
  Outcome Park(WaitQueue& queue, std::optional<uint64_t> timeout_ms, Outcome timed_out);

  // The same on several queues at once, of any objects, each named once and at least one: the op is
  // tried when any of them is woken. Not MustQueue but IsFirst tells such an op whether others go
  // first, also when it was woken. Each try must park on the same ones.
  Outcome ParkInAll(const std::vector<Waitplace>& places, std::optional<uint64_t> timeout_ms,
                    Outcome timed_out);

  // Tells that the op changed something although it may park or fail now. When its connection
  // breaks such an op waits on, if it can be sent again (it has a seq), and its answer, also a
  // failure, is kept with what it did. Called before Park.
  void NoteEffect() { effect_ = true; }

  // After this op: tries the parked ops of the queue in order, until one parks again.
  void Wake(WaitQueue& queue) {
    if (!queue.empty()) wakes_.push_back({&queue, false});
  }
  // After this op: tries every parked op of the queue once, in order.
  void WakeAll(WaitQueue& queue) {
    if (!queue.empty()) wakes_.push_back({&queue, true});
  }

  // Has Object::OnAlarm called when this time has come; kNever clears it. An object has one alarm.
  void SetAlarm(Object& object, TimeMs when);

  // Returns a fencing token above all before.
  uint64_t NextToken();
  // Notes that a session has a right on the object, so that the object is told at the session's
  // end.
  void NoteHold(SessionId session, Object& object);
  // Notes that the session has no right on the object any more.
  void NoteRelease(SessionId session, Object& object);
  // Notes that an owner got or lost a right, whether or not it waits for something: what waits may
  // be in a ring now (deadlock.cc).
  void NoteShift(const Owner& owner);
  // Notes that an owner lost a right on the object that it did not give back, so that it can be
  // told. Nothing happens if its session is over.
  void NoteLost(const Hold& hold, const Object& object, LostRight::Why why);
  // Notes that the caller has a right on the object again.
  void ForgetLost(const Object& object);
  // Returns what the caller lost of that name, or, if `token` is not 0, what its session lost that
  // had this token; else nullptr.
  const LostRight* FindLost(const std::string& name, uint64_t token) const;

  // Finds another object, as what it can do: `Find<Lockable>("l", "lock or rlock")`.
  // OBJECT_NOT_FOUND, WRONG_TYPE (told with the word). Good for this try only: an op that parks
  // finds it again.
  template <typename Interface>
  Result<Interface*> Find(const std::string& name, std::string_view word) {
    Result<Object*> object = FindObject(name);
    if (!object.ok()) return object.failure();
    if (auto* found = dynamic_cast<Interface*>(object.value())) return found;
    return NotA(name, word);
  }
  // Makes another object: anonymous if the name is empty. OBJECT_EXISTS, INVALID_NAME,
  // SESSION_REQUIRED.
  Result<Object*> Create(const TypeRow& type, const std::string& name);
  // Makes another, anonymous object on which nobody has a handle: the maker keeps a Value that
  // refers to it, or it is freed after the op.
  Object* CreateKept(const TypeRow& type);
  // Makes another object, anonymous and kept by nobody if the name is empty. It stays whatever
  // becomes of the op: for what cannot fail any more. The name must be free.
  Object& Make(const TypeRow& type, const std::string& name);
  // Notes that the answer tells something of an object: it is to be as safe as the object's level
  // says. What finds objects here notes it already.
  void See(const Object& object);
  // Notes that it tells that an object is not there, or was made.
  void SeeNone();
  // Notes that another object is used, not only waited on, from now on.
  void Use(Object& object);
  // Makes another object of the same type as `like`.
  Result<Object*> CreateLike(const Object& like, const std::string& name);

  Engine& engine() { return engine_; }

 private:
  friend class Engine;
  friend class JointTurn;
  friend Result<Object*> ResolveObject(Engine&, const OpRow&, std::string_view, Turn&);
  struct WakeRequest {
    WaitQueue* queue;
    bool all;
    bool operator==(const WakeRequest&) const = default;
  };

  Outcome ParkIn(const Waitplace& place, std::optional<uint64_t> timeout_ms, Outcome timed_out);
  Result<Object*> FindObject(const std::string& name);
  Failure NotA(const std::string& name, std::string_view word);

  Engine& engine_;
  Stamp stamp_;
  Try try_;
  Object* object_ = nullptr;  // The named object that the op is for.
  // The highest level of the objects that were seen; unspecified as long as there were none.
  v1::Durability durability_ = v1::DURABILITY_UNSPECIFIED;
  bool created_ = false;
  Waitplace park_;
  std::vector<Waitplace> park_others_;
  std::optional<uint64_t> park_timeout_ms_;
  bool gave_up_ = false;  // It asked to park when there was no time.
  bool effect_ = false;   // It changed something at this try or one before, whatever it answers.
  std::vector<WakeRequest> wakes_;
};

}  // namespace coheld::engine
