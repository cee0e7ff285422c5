// The engine: a deterministic state machine over the store and the sessions. Ops go in stamped,
// replies come out; the same ops give the same state and replies, always.
//
// After each op the engine tries the parked ops that the op woke, so that when Apply returns
// nothing that could proceed is waiting. One thread; no call re-enters.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/engine/history.h"
#include "server/engine/ids.h"
#include "server/engine/input_log.h"
#include "server/engine/lifetime.h"
#include "server/engine/registry.h"
#include "server/engine/reply.h"
#include "server/engine/sessions.h"
#include "server/engine/state_writer.h"
#include "server/engine/store.h"
#include "server/engine/turn.h"
#include "server/engine/wait_graph.h"

namespace coheld::engine {

// What becomes of owners that would wait for each other for ever (wait_graph.h).
enum class DeadlockPolicy {
  kReport,   // Nothing; Engine::TakeRingReports tells.
  kCloser,   // The op that closes the ring fails with DEADLOCK; if the ring was closed not by an op
             // that came but by the end of a lease, a release or a grant, then the waiting op of
             // the owner who lost or got the right.
  kYoungest  // The op fails whose owner has had for the shortest time what the others wait for.
};

class Engine {
 public:
  // Anonymous objects are named from `first_anonymous` on.
  explicit Engine(uint64_t first_anonymous = 1);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Tells all that changes the state to a log, which must outlive the engine; nullptr is none.
  void SetInputLog(InputLog* log) { log_ = log; }

  // Says which shard of the daemon this is; the only one unless told otherwise. It is no part of
  // the state: ops that need objects of other shards are refused, and change nothing.
  void SetPlacement(const Placement& placement) { store_.SetPlacement(placement); }

  // Names anonymous objects from `first_anonymous` on. Only before anything else.
  void Begin(uint64_t first_anonymous, TimeMs now);

  // Applies one op and appends its reply, unless it parks, and then those of the ops that it woke.
  // The call id must be above all before. A copy of an op of the session (its lane and seq) is not
  // applied: it gets the reply again, or shares the fate of the one that waits. Returns under which
  // call the op waits, this one or the copy's; nothing if it was answered.
  std::optional<CallId> Apply(const Stamp& stamp, uint32_t method, std::string_view payload,
                              std::vector<Reply>* replies);
  // Empties a list of replies, and keeps memory of theirs for the next op.
  void TakeBack(std::vector<Reply>* replies);
  // The same for an op that is not let in: a copy is answered, or waits, as by Apply; a new op is
  // not applied but fails with this, which is kept as its answer so that no late copy is applied.
  std::optional<CallId> Refuse(const Stamp& stamp, uint32_t method, Failure failure,
                               std::vector<Reply>* replies);

  // Ends a parked op with this failure, which is its answer. Does nothing if it is not parked (any
  // more). May wake ops that queued behind it.
  void Cancel(CallId call, Failure failure, TimeMs now, std::vector<Reply>* replies);
  // Tells that nobody is there to take the answer of a parked op: it ends with CANCELLED, and may
  // be sent anew. But one that changed something and has a seq waits on until it is sent again or
  // its session ends; then returns false.
  bool Abandon(CallId call, TimeMs now, std::vector<Reply>* replies);

  // Tells that time passed: alarms go off, parked ops whose time is up are tried a last time, and
  // objects go whose TTL or grace has passed. What is due earlier comes first.
  void Advance(TimeMs now, std::vector<Reply>* replies);
  // Returns when Advance has something to do next, or kNever.
  TimeMs NextDeadline() const;

  // Tells that the daemon stood still for so long, up to now: leases, TTLs and graces end that much
  // later, because nobody could renew them. The timeouts of parked ops stay as they are.
  void Rearm(uint64_t stalled_ms, TimeMs now, std::vector<Reply>* replies);

  // Tells that the daemon was restarted and the engine made again, by Load and Replay. Ops that
  // waited are abandoned, as by Abandon; every lease has its full length again; TTLs and graces end
  // later by the time since the last input. Tokens and anonymous names go on at a distance, so that
  // none is given twice although records of the last moment were lost. Answers that are no state
  // are forgotten: their callers are gone. A session has its full TTL again, too, but that clock is
  // the edge's.
  void Resume(TimeMs now, std::vector<Reply>* replies);

  // Tells how far a lane of a session is acknowledged, if no op came that said so: what is kept of
  // it up to there goes.
  void Acknowledge(SessionId id, uint32_t lane, uint64_t acked, TimeMs now);

  // Opens a session under an id that is new.
  void OpenSession(SessionId id, const v1::SessionLabel& label, uint64_t ttl_ms, TimeMs now);
  // Ends a session: its parked ops fail with SESSION_EXPIRED, its rights go to the next in line,
  // its handles are given back. Does nothing if it is not open.
  void EndSession(SessionId id, TimeMs now, std::vector<Reply>* replies);

  // Deletes an object; ops parked on it fail with OBJECT_DELETED. Returns false if it is not there.
  // For handlers: the failures go out after the reply of the op that is being applied.
  bool DeleteObject(std::string_view name);

  // Writes the whole state, and its digest at the end: the same state as the same bytes. Not a part
  // of it: what the objects' histories hold (history.h), and how many ops were applied.
  void Save(const StateWriter::Sink& sink) const;
  // Takes what Save wrote, into an engine that has done nothing yet: from then on it does what the
  // saved one would. MALFORMED if the bytes are not that; the engine is then good for nothing.
  std::optional<Failure> Load(std::string_view bytes);
  // Returns a hash of what Save writes.
  StateDigest Digest() const;

  // Says what to do about deadlocks; kReport unless told otherwise. It is no part of the state: an
  // op that it fails is logged as cancelled, and whoever replays inputs leaves it at kReport.
  void SetDeadlockPolicy(DeadlockPolicy policy) { deadlock_policy_ = policy; }
  DeadlockPolicy deadlock_policy() const { return deadlock_policy_; }
  // Says which level of durability counts for objects that have none of their own. It is no part of
  // the state: only Reply::durability depends on it.
  void SetDurability(v1::Durability durability) { durability_ = durability; }
  v1::Durability durability() const { return durability_; }
  // Returns the rings of waiting owners that were found since the last time, in words.
  std::vector<std::string> TakeRingReports() { return std::exchange(ring_reports_, {}); }
  bool has_ring_reports() const { return !ring_reports_.empty(); }
  // Returns a ring of waiting owners that begins with this parked op, or an empty one.
  Ring FindRing(const ParkedOp& op, WaitGraph::Rules rules) const;
  const WaitGraph& wait_graph() const { return wait_graph_; }

  const Store& store() const { return store_; }
  // Returns the history of an object, which begins now if there is none.
  History& HistoryOf(Object& object);
  const Sessions& sessions() const { return sessions_; }
  Lifetime& lifetime() { return lifetime_; }
  const Lifetime& lifetime() const { return lifetime_; }
  const std::map<CallId, ParkedOp>& parked() const { return parked_; }
  uint64_t ops_applied() const { return ops_applied_; }
  // Lets all numbers that are given out jump: tokens, deliveries, anonymous names, ids of sessions
  // and calls, and the versions of all objects, so that none was ever given out by an engine that
  // went on from the same state before. For a state that is restored; no input, and not while
  // anybody holds or waits for something.
  void Jump(uint64_t distance);

  // The highest call and session, and the latest time, of all inputs that changed the state. What
  // is stamped after a restart goes on from there.
  CallId last_call() const { return last_call_; }
  SessionId last_session() const { return last_session_; }
  TimeMs last_time() const { return last_time_; }
  // The number of the last grant.
  uint64_t last_token() const { return last_token_; }

 private:
  friend class EngineState;
  friend class JointTurn;
  friend class Turn;
  friend Result<Object*> ResolveObject(Engine&, const OpRow&, std::string_view, Turn&);
  friend OpMessages& MessagesOf(Engine& engine, const OpRow& row);

  // Why an op cannot be applied now, whatever it is; or its answer, or who waits, if it is a copy.
  ReplyTable::Judgement Admit(Stamp* stamp, Reply* reply);
  // Keeps the answer of an op if the op has a seq. `change`: it changed something.
  void KeepAnswer(const Stamp& stamp, const OpRow& row, bool change, const Reply& reply) {
    if (stamp.seq == 0 || (row.method->read_only && !change)) return;
    if (Session* const session = sessions_.Find(stamp.owner.session)) {
      session->replies.Keep(stamp, reply, change);
    }
  }
  // True if a parked op waits on although nobody is there to take its answer.
  static bool WaitsAlone(const ParkedOp& op) { return op.effect && op.stamp.seq != 0; }
  // Notes an input, and tells it the log.
  void Log(Input::Kind kind, const Stamp& stamp, uint32_t code = 0, std::string_view payload = {},
           uint64_t ms = 0);
  // Ends a parked op.
  void End(CallId call, Failure failure, bool keep, TimeMs now, std::vector<Reply>* replies);
  // Runs a handler and emits its reply; the caller deals with kParked.
  Outcome::Kind Try(const OpRow& row, std::string_view payload, Turn& turn,
                    std::vector<Reply>* replies);
  void Park(const Stamp& stamp, const OpRow& row, std::string_view payload, Turn& turn);
  // Tries a parked op again. Returns false if it parked again (it kept its place).
  bool Retry(ParkedOp& op, Turn::Try attempt, TimeMs now, std::vector<Reply>* replies);
  // Tells the objects on which an op asked to park that it left ungranted.
  void TellLeft(const Turn& turn);
  void TellLeft(const Waitplace& place, const Stamp& waiter);
  // True if who waits there only watches the object.
  static bool Watches(const Object* object, const WaitQueue* queue);
  // Tries what the ops so far woke, and what those wake, until nothing can proceed.
  void DrainWakes(TimeMs now, std::vector<Reply>* replies);
  void TakeWakes(Turn& turn);
  // Takes a parked op out of the table, its queue, its session and the deadlines.
  void Unpark(CallId call);
  void FailParked(CallId call, Failure failure, bool keep, std::vector<Reply>* replies);
  // Does one thing that is due.
  void AdvanceOnce(TimeMs now, std::vector<Reply>* replies);
  void SetAlarm(Object& object, TimeMs when);
  void RingAlarm(Object& object, TimeMs now, std::vector<Reply>* replies);
  // Visits every object that has an alarm.
  void ForEachAlarm(TimeMs now, std::vector<Reply>* replies,
                    const std::function<void(Object&, Turn&)>& visit);
  // Takes over what an object did in a turn that is no op's.
  void FinishEffect(Turn& turn, std::vector<Reply>* replies);
  // Cancel, but looks for no deadlocks.
  void CancelOne(CallId call, Failure failure, TimeMs now, std::vector<Reply>* replies);
  // Looks for deadlocks of which this op is a part (deadlock.cc). What fails is an input of its
  // own: only when the one that closed the ring was logged.
  void BreakRings(CallId call, TimeMs now, std::vector<Reply>* replies);
  // Looks for those that were closed by what owners of waiting ops got or lost.
  void BreakShifted(TimeMs now, std::vector<Reply>* replies);
  Object* CreateAnonymous(const TypeRow& type);
  Result<Object*> CreateObject(const TypeRow& type, std::string_view name, Turn& turn);
  // Removes what the op made, as if it had never been.
  void DiscardCreated(Turn& turn) {
    if (!created_.empty()) Discard(turn);
  }
  void Discard(Turn& turn);
  // Discards provisional objects on which nobody waits any more.
  void SweepProvisional();
  // Adds the change that just happened to the histories of the watched objects that changed.
  void Record(uint32_t method, std::string_view payload, SessionId session);
  // Frees the anonymous objects that nothing keeps any more.
  void Settle(TimeMs now, std::vector<Reply>* replies);
  void FailDeleted(std::vector<Reply>* replies);
  // Takes an object that is about to go out of all books.
  void Unlist(Object& object);

  const OpRow* const* const ops_;         // By method number.
  Lifetime lifetime_{store_, sessions_};  // Outlives the values in the store.
  Store store_;
  Sessions sessions_;
  std::map<CallId, ParkedOp> parked_;
  std::set<std::pair<TimeMs, CallId>> deadlines_;
  std::set<std::pair<TimeMs, std::string>> alarms_;  // By the object's name.
  std::deque<Turn::WakeRequest> wakes_;
  std::vector<std::pair<CallId, Failure>> failed_;  // Parked ops to fail once the handler returned.
  std::vector<OpMessages> messages_;                // By method number.
  std::vector<Object*> changed_;   // Watched objects that changed and have no record of it yet.
  std::vector<Object*> created_;   // Made by the op being applied; undone if it fails.
  std::vector<std::string> left_;  // Names of provisional objects that a parked op left.
  InputLog* log_ = nullptr;
  std::string spare_payload_;   // Empty; memory for the next reply.
  bool changed_state_ = false;  // The op being applied did, itself.
  WaitGraph wait_graph_;
  DeadlockPolicy deadlock_policy_ = DeadlockPolicy::kReport;
  v1::Durability durability_ = v1::DURABILITY_MEMORY;
  std::vector<std::string> ring_reports_;
  std::vector<Owner> shifted_;  // Have waiting ops and got or lost a right (Turn::NoteShift).
  uint64_t last_token_ = 0;
  CallId last_call_{};
  SessionId last_session_ = kNoSession;
  TimeMs last_time_{};
  uint64_t ops_applied_ = 0;
};

}  // namespace coheld::engine
