// OpTable: a test fixture that runs a table of ops against an Engine and compares every reply.
//
//   s1 Queue.Get jobs -> parked #a           session 1 (opened at its first use), object "jobs"
//   s2/t7 Queue.Put jobs value=1             session 2, logical thread 7
//     -> length=0; #a value=1                its reply, then those of the ops it woke, in order
//   s1!5 Dict.Set d ...                      with the fencing token 5
//   s1%a.py:3 Lock.Acquire l                 from this place in its program
//   - Queue.Get jobs timeout_ms=0 -> QUEUE_EMPTY "within 0 ms"    no session; reason; part of
//   message
//   - Queue.Purge jobs -> ok                 any success
//   advance 50 -> #b acquired=False          the clock moves by 50 ms
//   stall 50                               the daemon stands still for so long, and notices
//   restart 50 -> #b CANCELLED             the daemon was away for so long, and goes on
//   cancel #c -> #c CANCELLED                as the edge does
//   abandon #c -> #c CANCELLED               its connection broke
//   s1@2.7^6 Queue.Get jobs -> copy #a       lane 2, seq 7, acknowledged to 6; it waits as #a
//   end s1 -> #d SESSION_EXPIRED             ends the session; it is not opened again by use
//   session s1                               opens a session explicitly
//
// A line that begins otherwise continues the one before; `//` begins a comment line. Each reply
// must be expected, in its order; of a reply the fields named are compared (notation.h).
//
// After each line, until that were two MiB, the engine is saved, and another one that loads that
// goes on: a table shows too that Save and Load forget nothing on which its replies depend.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "server/engine/engine.h"
#include "tests/unit/engine/notation.h"
#include "tests/unit/engine/shadow.h"

namespace coheld::engine::testing {

// Tests derive from it (`class QueueOps : public OpTable {};`) and call Run.
class OpTable : public ::testing::Test {
 public:
  OpTable() { engine_->SetInputLog(&shadow_); }

  // Runs the lines; each that does not hold is a test failure that quotes it.
  void Run(std::string_view table);

  // Tells that the test opened a session itself.
  void NoteOpened(SessionId session) { seen_sessions_.insert(session); }

  // At the end of each test: the inputs that the engine logged make the same state again.
  void TearDown() override { shadow_.Follow(*engine_); }

  Engine& engine() { return *engine_; }
  TimeMs now() const { return now_; }
  // All replies so far as text, one a line, to compare runs.
  const std::string& transcript() const { return transcript_; }

 protected:
  // Goes on with the same engine from here on: for what is no state, as past changes, and for what
  // is very large.
  void KeepEngine() { reload_bytes_left_ = 0; }

 private:
  struct Call {
    const wire::MethodRow* method = nullptr;
    std::string tag;  // "#a" once it parked.
  };

  void RunStatement(std::string_view statement);
  void RunOp(const std::string& who, Reader* reader);
  Owner OwnerNamed(std::string_view who);
  // The stamp of the next call, by "s1/t7@2.1!5%a.py:3".
  Stamp StampOf(std::string who);
  CallId CallTagged(const std::string& tag) const;
  // Compares the replies with what the rest of the statement expects: the op's own, the others.
  void ExpectOwn(Reader* reader);
  void ExpectWoken(Reader* reader);
  void ExpectReply(Reader* reader, const Reply& reply);
  void ExpectFailure(Reader* reader, const Reply& reply);
  std::string ShowReply(const Reply& reply) const;
  std::unique_ptr<google::protobuf::Message> Decode(const Reply& reply) const;

  Shadow shadow_;
  std::unique_ptr<Engine> engine_ = std::make_unique<Engine>();
  size_t reload_bytes_left_ = size_t{2} << 20;
  TimeMs now_{1000};
  uint64_t last_call_ = 0;
  std::optional<CallId> waits_;  // What the last op's Apply returned.
  std::set<SessionId> seen_sessions_;
  std::map<CallId, Call> calls_;
  std::map<std::string, CallId> tags_;
  std::string site_;           // Of the op that runs.
  std::deque<Reply> replies_;  // Of the statement that runs, not yet expected.
  std::string transcript_;
};

}  // namespace coheld::engine::testing
