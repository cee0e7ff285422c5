// What the daemon must be after the inputs so far: the models of its objects, its sessions, their
// lanes and kept replies, and the calls that wait. A function of the events alone, so that what a
// crash lost is taken back by making the book anew from those that are left.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/engine/input_log.h"
#include "tests/simulation/op.h"
#include "tests/simulation/world.h"

namespace coheld::simulation {

// A frame of a Session/Call stream: its link and its number.
using FrameKey = std::pair<uint64_t, uint64_t>;

// An input of the engine, and what only the simulation knows of it.
struct Event {
  engine::Input::Kind kind = engine::Input::Kind::kOp;
  bool setup = false;  // It makes the objects, which the models have from the start.
  uint64_t call = 0;
  uint64_t session = 0;
  int64_t now_ms = 0;
  uint64_t ms = 0;    // As in Input.
  std::string words;  // Of kCancel what the call is answered.
  std::string label;  // Of kOpenSession.
  int64_t at_us = 0;  // When it was, in simulated time.
  // Calls that it had refused, which wait on guarded objects, although they could not proceed.
  std::vector<uint64_t> refused;
  // Of kOp.
  Op op;
  uint64_t thread = 0;
  uint64_t lane = 0;
  uint64_t seq = 0;
  uint64_t acked = 0;
  uint64_t grant = 0;  // What the op is about.
  uint64_t fence = 0;  // The grant of a lock that it came with.
  std::optional<FrameKey> route;
  int64_t deadline_ms = INT64_MAX;
};

class Book {
 public:
  // A call that the daemon executed and has not answered.
  struct Call {
    Op op;
    std::optional<FrameKey> route;  // Where its answer goes.
    uint64_t session = 0;
    uint64_t lane = 0;
    uint64_t seq = 0;
    int64_t deadline_ms = INT64_MAX;
    bool changed = false;  // Before it parked.
  };
  struct Kept {
    std::string words;
    uint64_t call = 0;
    bool change = false;  // The op changed something: a restart does not take the answer.
  };
  struct Lane {
    uint64_t acked = 0;
    std::map<uint64_t, Kept> kept;        // By seq.
    std::map<uint64_t, uint64_t> parked;  // Calls by seq.
  };
  struct Session {
    uint64_t ttl_ms = 0;
    std::set<uint64_t> links;
    int64_t detached_ms = 0;
    int process = 0;
    std::map<uint64_t, Lane> lanes;
  };
  // A call that an event ended.
  struct Ended {
    uint64_t id = 0;
    Call call;
    std::string words;
  };

  // Takes an event; returns the calls that it ended, by id. Throws a Violation if it cannot be.
  std::vector<Ended> Take(const Event& event);
  // The last event had these calls refused too (Event::refused).
  std::vector<Ended> Refuse(const std::vector<uint64_t>& calls, int64_t now_ms);
  // Returns what an op is answered that changes nothing and does not wait; nothing if it does.
  std::optional<std::string> Ask(const Op& op, const Standing& standing);

  Session* Find(uint64_t session);
  // True if the session was opened, whether it is over or not.
  bool HadSession(uint64_t session) const { return opened_.contains(session); }
  Call* FindCall(uint64_t call);
  // True if a call has changed something already and may be sent again: it waits without a
  // connection.
  bool Stays(uint64_t id, const Call& call) const { return world_.HasEffect(id) && call.seq != 0; }

  // What was done is done, also if this book does not know of it: what another one says.
  void KeepEffects(const Book& other) { effects_ = other.effects_; }

  World& world() { return world_; }
  const World& world() const { return world_; }
  std::map<uint64_t, Session>& sessions() { return sessions_; }
  const std::map<uint64_t, Session>& sessions() const { return sessions_; }
  std::map<uint64_t, Call>& calls() { return calls_; }
  const std::map<uint64_t, Call>& calls() const { return calls_; }

 private:
  Answers TakeOp(const Event& event);
  void TakeOpen(const Event& event);
  // The daemon begins again: nobody waits but who waits without a connection.
  std::vector<Ended> Resume(int64_t now_ms);
  Ended Finish(uint64_t call, const std::string& words, bool keeps);

  World world_;
  std::map<uint64_t, Session> sessions_;
  std::set<uint64_t> opened_;
  std::map<uint64_t, Call> calls_;
  std::map<uint64_t, int> effects_;  // How often an op changed something; by op.
};

}  // namespace coheld::simulation
