// The lanes of one session (exactly once: session.proto): the answers that the client has not
// acknowledged, and the ops that wait, by lane and seq. It judges copies; what an op does is not
// its business.
//
// Two kinds of answers are kept. That of an op that changed something is state, one record with its
// effect. That of one that changed nothing (a failure, a timeout) is kept too, so that no late copy
// does what the client was told did not happen; but it is of this run only, since the copies go
// with the connections. Reads are done again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "server/engine/ids.h"
#include "server/engine/packed_bytes.h"
#include "server/engine/planted_bug.h"
#include "server/engine/reply.h"
#include "server/engine/wait_queue.h"

namespace coheld::engine {

class StateReader;
class StateWriter;

class ReplyTable {
 public:
  // A kept answer: 32 bytes, and a block of those of a payload that has more than 23.
  struct Kept {
    uint64_t seq : 62;
    bool failed : 1;
    bool change : 1;    // It is state.
    PackedBytes bytes;  // The payload; or the reason in 4 bytes and the message.
  };
  // What the table has of one lane.
  class Lane {
   public:
    // All up to here are forgotten, as far as is state.
    uint64_t acked() const { return acked_; }
    // Those kept, by seq; some of them may be acknowledged.
    auto begin() const { return kept_.begin() + static_cast<ptrdiff_t>(first_); }
    auto end() const { return kept_.end(); }
    bool empty() const { return first_ == kept_.size(); }

   private:
    friend class ReplyTable;
    const Kept* Find(uint64_t seq) const;
    void Insert(Kept kept);
    void Forget(uint64_t acked);
    // Forgets the last ones if they are acknowledged and no state: those of a lane whose ops change
    // nothing would pile up.
    void ForgetAcknowledgedUnchanged();
    // Forgets all that are no state.
    void ForgetUnchanged();
    // Those that the client has not acknowledged.
    size_t unacknowledged() const;
    void Save(StateWriter& state) const;
    void Load(StateReader& state);
    // Of those that are state.
    size_t changes() const;
    // True if answers that are state are acknowledged by this.
    bool HasChangeUpTo(uint64_t acked) const;
    bool is_state() const { return acked_ > 0 || changes() > 0; }

    uint64_t acked_ = 0;
    uint64_t seen_ = 0;  // The highest `acked` of any op, also of those that changed nothing.
    std::vector<Kept> kept_;
    size_t first_ = 0;  // Those before are forgotten.
    size_t bytes_ = 0;  // Of what is kept.
    std::vector<std::pair<uint64_t, CallId>> waiting_;
  };

  // What is to become of an op that arrives.
  enum class Verdict { kNew, kAnswered, kWaits };
  struct Judgement {
    Verdict verdict = Verdict::kNew;
    CallId waits{};  // The call of the same op, if it waits.
  };
  // Judges an op that has a seq, and notes how far its lane is acknowledged; the stamp then says
  // the highest of what any op of the lane said. Fills in the reply of one that was answered
  // before, or is refused: ALREADY_ACKNOWLEDGED, TOO_MANY.
  Judgement Judge(Stamp* stamp, Reply* reply);

  // Notes how far a lane is acknowledged. Returns true if that is state: answers were forgotten.
  bool Acknowledge(uint32_t lane, uint64_t acked);
  // True if it keeps an answer to the lane and seq of the op.
  bool Knows(const Stamp& stamp) const;
  // Keeps the answer to an op with a seq. `change`: it changed something.
  void Keep(const Stamp& stamp, const Reply& reply, bool change);
  // Notes that an op with a seq waits, or no more.
  void NoteWaiting(const Stamp& stamp);
  void ForgetWaiting(const Stamp& stamp);

  // The daemon was restarted: forgets the answers that are no state. Nobody was told them who will
  // not send again, and whether they are there would depend on when the last snapshot was made.
  void ForgetUnchanged();

  const std::map<uint32_t, Lane>& lanes() const { return lanes_; }

  // What is state of it: not what changed nothing, nor what waits (the engine saves that itself).
  void Save(StateWriter& state) const;
  void Load(StateReader& state);

 private:
  std::optional<wire::Failure> Refuse(const Lane& lane, const Stamp& stamp) const;
  // Returns a lane, or nullptr.
  Lane* Find(uint32_t number);

  std::map<uint32_t, Lane> lanes_;  // Never less.
  // That which Find returned last: it is sought again when the op is answered.
  uint32_t last_number_ = 0;
  Lane* last_ = nullptr;
};

}  // namespace coheld::engine
