// The ops of one call on their way to the daemon: which are still open, and of each whether it may
// have happened. Decides what is sent again and what is given up; sends nothing itself. No I/O, no
// clock.
//
// An op that was sent and not answered may have happened. In its session it is sent again, with the
// same lane and seq, and the daemon answers what it answered the first time. When the session is
// gone nobody can tell any more: a changing op then ends as unknown, a read is made in the next
// session, and so is an op that surely did not happen.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "client/cpp/src/frame.h"
#include "client/cpp/src/open_session.h"
#include "coheld/client.h"
#include "proto/wire/result.h"

namespace coheld::core {

// For one call; used by one thread.
class Delivery {
 public:
  // How an op ended.
  enum class Fate {
    kOpen,     // Not yet.
    kReplied,  // With a reply.
    kFailed,   // With the daemon's failure.
    kUnknown,  // It may have happened, or not.
    kNever,    // It did not happen.
  };

  // The requests and the options must outlive it.
  Delivery(std::span<const PipelinedCall> calls, const CallOptions& options);
  // Gives the lanes back.
  ~Delivery();
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;

  bool done() const { return open_ == 0; }
  // True if an open op may have changed something.
  bool uncertain() const;
  // True if no op ended but by GiveUp(), and none may have happened.
  bool sent_none() const;

  // Goes on in this session. In a new one ops may end as unknown.
  void Enter(const std::shared_ptr<OpenSession>& session);
  const OpenSession* session() const { return session_.get(); }

  // Returns the frames of all open ops, in order. Each may be parked for `deadline_ms` (0: for
  // ever) and for what is left of its own timeout, `passed_ms` after it was sent first.
  const std::vector<Frame>& Frames(uint64_t deadline_ms, uint64_t passed_ms);
  // Where the answers to them go.
  std::vector<Answer>* answers() { return &answers_; }

  // What the answers say besides.
  struct Verdict {
    bool session_gone = false;  // The session is to be forgotten.
    bool later = false;         // The daemon is about to end.
  };
  // Takes the answers to the last Frames().
  Verdict Take();

  // Ends all open ops.
  void GiveUp();

  size_t size() const { return ops_.size(); }
  uint32_t method(size_t index) const { return ops_[index].method; }
  Fate fate(size_t index) const { return ops_[index].fate; }
  std::string& payload(size_t index) { return ops_[index].answer.payload; }
  wire::Failure& failure(size_t index) { return ops_[index].answer.failure; }

 private:
  struct Op {
    uint32_t method = 0;
    std::string_view request;
    std::string shortened = {};  // The request, with what is left of its timeout.
    bool read_only = false;
    bool may_wait = false;
    bool uncertain = false;  // Sent in this session, and not answered.
    Fate fate = Fate::kOpen;
    size_t lane = 0;  // In lanes_.
    uint64_t seq = 0;
    Answer answer;
  };

  void TakeAnswer(Op& op, Answer& answer, Verdict* verdict);
  void TakeExpired(Op& op, Answer& answer);
  void End(Op& op, Fate fate);
  void LeaveSession();

  const CallOptions& options_;
  std::vector<Op> ops_;
  size_t open_ = 0;
  std::shared_ptr<OpenSession> session_;
  std::vector<Lane> lanes_;  // As they were taken.
  std::vector<Frame> frames_;
  std::vector<Answer> answers_;
};

// Builds the tables of methods: before a fork, for a child must not find them half built.
void PrepareDeliveries();

}  // namespace coheld::core
