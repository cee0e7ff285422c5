// Who holds and who waits, as people are told it: in the messages of Admin and of acquires that
// timed out, and in words. It only looks.
#pragma once

#include <string>

#include "coheld/v1/admin.pb.h"
#include "coheld/v1/owner.pb.h"
#include "server/engine/object.h"
#include "server/engine/sessions.h"
#include "server/engine/store.h"
#include "server/engine/turn.h"
#include "server/engine/wait_queue.h"

namespace coheld::engine {

class Engine;

// Fills in who holds something.
void TellHolder(const Sessions& sessions, const Hold& hold, TimeMs now, v1::Holder* holder);
void TellHolder(Turn& turn, const Hold& hold, v1::Holder* holder);
// Fills in who waits.
void TellWaiter(const Sessions& sessions, const ParkedOp& op, TimeMs now, v1::Waiter* waiter);

// Fills in an object's line.
void TellObject(const Store::Held& held, v1::ObjectSummary* summary);
// Adds those who hold the object, and those who wait on it over all its queues in the order in
// which they came: at most `limit` of each.
void TellHolders(const Engine& engine, const Object& object, TimeMs now, size_t limit,
                 google::protobuf::RepeatedPtrField<v1::Holder>* holders);
void TellWaiters(const Engine& engine, Object& object, TimeMs now, size_t limit,
                 google::protobuf::RepeatedPtrField<v1::Waiter>* waiters);

// Returns an owner in words: `session 3 thread 0 (worker.py, pid 17, ann@h1)`.
std::string OwnerInWords(const Sessions& sessions, const Owner& owner);
// Returns a holder in words: `session 3 thread 0 (...) for 120 ms, token 4, since worker.py:9
// main`.
std::string HolderInWords(const Sessions& sessions, const Hold& hold, TimeMs now);

// Returns the first of the places where the op waits that keeps it waiting: one that somebody holds
// if there is one.
const ParkedOp::Place& HeldPlace(const ParkedOp& op);
// Returns who has held the object for longest. False if nobody holds it.
bool FindOldestHold(const Object& object, Hold* oldest);
// Fills in the reply's holder with that if the op gives up waiting.
template <typename Reply>
void TellOldestHolder(const Object& object, Turn& turn, Reply* reply) {
  Hold oldest;
  if (turn.gives_up() && FindOldestHold(object, &oldest)) {
    TellHolder(turn, oldest, reply->mutable_holder());
  }
}

// Returns why a parked op waits, in words: `it waited for the lock "l", which is held by ...`; of
// one that waits for no holder, `it waited in Queue.Get on "q"`.
std::string WaitInWords(const Engine& engine, const ParkedOp& op, TimeMs now);

}  // namespace coheld::engine
