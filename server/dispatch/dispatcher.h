// Between the connections and the engine: authenticates, stamps, applies, and routes each reply
// back to where its call came from. Owns the engine, the session directory, and the table of parked
// calls. One thread: the event loop's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "proto/wire/methods.h"
#include "server/dispatch/admission.h"
#include "server/dispatch/caller.h"
#include "server/dispatch/edge_loop.h"
#include "server/dispatch/journal_log.h"
#include "server/dispatch/key_guard.h"
#include "server/dispatch/session_directory.h"
#include "server/dispatch/shard_post.h"
#include "server/dispatch/snapshot_reads.h"
#include "server/dispatch/snapshots.h"
#include "server/dispatch/spare_memory.h"
#include "server/engine/engine.h"
#include "server/journal/commit_log.h"
#include "server/transport/connection.h"

namespace coheld::dispatch {

class PeerCalls;
class ShardRouter;

// Limits on what clients may have open. server/config fills it.
struct DispatchLimits {
  size_t parked_per_connection_max = 10'000;
  size_t parked_max = 1'000'000;
  size_t sessions_max = 100'000;
  uint64_t session_ttl_ms = 10'000;  // What a client gets that asks for none.
  uint64_t session_ttl_ms_min = 1'000;
  uint64_t session_ttl_ms_max = 3'600'000;
  // What becomes of owners that would wait for each other for ever.
  engine::DeadlockPolicy deadlock = engine::DeadlockPolicy::kCloser;
  observe::MemoryCap memory;
};

// What a daemon that keeps its state begins with; all that is missing is as in one that does not.
struct Beginning {
  // Made again from what was recorded; null is one that has done nothing.
  std::unique_ptr<engine::Engine> engine;
  // Takes the inputs as records, and outlives the dispatcher. Null: nothing is recorded.
  journal::CommitLog* log = nullptr;
  // What replies wait for.
  journal::Level level = journal::Level::kMemory;
  // Proves the sessions' tokens; the same as before a restart if they are to be good again. Empty:
  // a random one.
  std::string session_secret;
  // Which shard of the daemon this is, and its way to the others, which outlives the dispatcher;
  // null if it is the only one.
  engine::Placement placement;
  ShardPost* post = nullptr;
};

// What the daemon tells about itself.
struct DaemonFacts {
  std::string version;
  std::string durability;
  uint64_t message_bytes_max = 0;
};

// One op on its way in.
struct Submission {
  Route route;
  SessionId session = engine::kNoSession;
  uint64_t thread = 0;
  uint32_t method = 0;
  std::string_view payload;
  uint64_t deadline_ms = 0;  // How long it may be parked; 0 is for ever.
  // As in CallRequest (session.proto).
  uint64_t seq = 0;
  uint64_t acked = 0;
  uint32_t lane = 0;
  uint64_t token = 0;
  std::string_view site;
};

class Dispatcher : public transport::Acceptor {
 public:
  // With a key only sessions that proved to know it are served; an empty one lets everybody in.
  // Goes on with what it begins with: sessions are detached and have their full TTL, no op waits
  // for anybody, leases have their full length.
  Dispatcher(EdgeLoop& loop, const DispatchLimits& limits, DaemonFacts facts, std::string key,
             Beginning beginning = {});
  // Records nothing.
  ~Dispatcher() override;

  std::unique_ptr<transport::CallHandler> OnConnection(transport::Connection& connection) override;
  // Has what was recorded in this turn written.
  void OnTurnEnd() override;
  transport::OutputMark Passed() const override;

  // Applies an op, or has its shard do that; its reply goes to its route now or when it is granted.
  void Submit(const Submission& submission);
  // Takes what another shard sent by its ShardPost, in the order in which it was sent.
  void OnMail(uint32_t from, std::vector<ShardMail> mail);
  // Takes note of the sessions of another shard, whose dispatcher does nothing meanwhile, and ends
  // what it has of sessions that are no more. For each pair of shards before there are connections.
  void MeetShard(const Dispatcher& other);
  // Ends a parked call; its failure is delivered to its route.
  void Cancel(CallId call, Failure failure);
  // The same, because its caller wants that.
  void CancelForCaller(CallId call);
  // Ends parked calls whose routes are gone: none of them happens, and nothing is delivered to
  // them. But those that may be sent again after they changed something wait on, without a route.
  void Abandon(std::vector<CallId> calls);

  // Returns the session of a token. SESSION_EXPIRED.
  engine::Result<SessionId> Authenticate(std::string_view token) const;
  // A connection begins, or ends, to use a session. The end of its last one starts the TTL: from
  // now, or from when the peer's host fell silent.
  void Attach(SessionId session, transport::Connection& connection);
  void Detach(SessionId session, const transport::Connection& connection);

  // Has Admin.Snapshot answered by this, which must outlive the dispatcher; nullptr: NO_JOURNAL.
  void SetSnapshots(Snapshots* snapshots) { snapshots_ = snapshots; }
  // The same for Admin.ReadSnapshot.
  void SetSnapshotReads(SnapshotReads* reads) { snapshot_reads_ = reads; }

  // Stops taking ops (SHUTTING_DOWN), tells it to all who wait (none of their ops happened), and
  // ends the streams that would stay open. What is recorded does not change any more: whoever waits
  // comes again after the restart. With several shards the streams stay until all of them were
  // told: then EndStreams.
  void Shutdown();
  void EndStreams();
  bool shutting_down() const { return shutting_down_; }

  const engine::Engine& engine() const { return engine_; }

 private:
  friend class PeerCalls;
  friend class ShardCaller;
  friend class ShardRings;
  friend class ShardRouter;
  struct ParkedCall {
    Route route;
    TimeMs deadline = engine::kNever;
  };

  // An op that needs what only the edge knows.
  struct EdgeOp {
    void (Dispatcher::*answer)(const Submission&) = nullptr;
    bool for_strangers = false;  // Answered also to those who have not proved the key.
  };
  using EdgeOps = std::array<EdgeOp, wire::kMethodNumberEnd>;  // By method number.
  static const EdgeOps& AllEdgeOps();
  // Returns the edge's op with this method number, or nullptr.
  const EdgeOp* FindEdgeOp(uint32_t method) const {
    if (method >= edge_ops_.size() || edge_ops_[method].answer == nullptr) return nullptr;
    return &edge_ops_[method];
  }
  void AnswerChallenge(const Submission& submission);
  void AnswerProve(const Submission& submission);
  void AnswerPing(const Submission& submission);
  void OpenSession(const Submission& submission);
  void CloseSession(const Submission& submission);
  void AnswerStatus(const Submission& submission);
  void SetDurability(const Submission& submission);
  void AnswerSessions(const Submission& submission);
  void AnswerSnapshot(const Submission& submission);
  void AnswerReadSnapshot(const Submission& submission);
  // Answers a call that waits for the edge, unless it ended before.
  void FinishWait(CallId call, engine::Reply reply);

  // Goes on with what was recorded before.
  void Resume(TimeMs now);
  // Holds back the replies that a connection is about to get until what they tell is as safe as
  // this level says; unspecified is the daemon's.
  void Hold(transport::Connection& connection, v1::Durability level = v1::DURABILITY_UNSPECIFIED) {
    if (level_ != journal::Level::kMemory) HoldUntilSafe(connection, level);
  }
  void HoldUntilSafe(transport::Connection& connection, v1::Durability level);
  // What a reply of this level has to wait for.
  transport::OutputMark MarkOf(v1::Durability level);
  // True if nothing is recorded any more.
  bool is_frozen() const { return shutting_down_ && log_ != nullptr; }
  // Tells all who wait, and changes nothing.
  void SendWaitersAway();

  // Submit, for an op that is this shard's to do.
  void SubmitHere(const Submission& submission);
  CallId NextCall() { return CallId{last_call_ += call_stride_}; }
  // Why an op is refused whatever it is: copies of what was done before, too.
  std::optional<Failure> Refuse(const Submission& submission, const EdgeOp* edge_op) const;
  // False if nothing is refused by that.
  bool is_selective() const { return shutting_down_ || guard_.has_key(); }
  // True if there is room for sure, whatever the op is: costs next to nothing.
  bool HasPlentyOfRoom(const Submission& submission) const {
    return parked_.empty() && admission_.HasPlenty(submission.method, submission.payload.size());
  }
  // Why there is no room for what an op may add. Copies add nothing.
  std::optional<Failure> RefuseForRoom(const Submission& submission);
  // Has the engine do it; or refuse it with this, if it is no copy.
  void Apply(const Submission& submission, const Failure* refusal = nullptr);
  void Remember(CallId call, const Submission& submission, TimeMs now);
  // Routes a parked call to a copy that came later; the call before ends.
  void TakeOver(CallId call, const Submission& submission, TimeMs now);
  void Deliver(std::span<const engine::Reply> replies) {
    if (!replies.empty()) DeliverAll(replies);
    if (engine_.has_ring_reports()) TellRings();
  }
  void DeliverAll(std::span<const engine::Reply> replies);
  void Forget(CallId call);
  void SetDeadline(CallId call, ParkedCall* parked, TimeMs deadline);
  // Returns why the call ends whose deadline passed.
  Failure DeadlineExceeded(CallId call, TimeMs now) const;
  // Returns what is to be said of a call that ends in vain.
  std::string_view OutcomeOf(CallId call) const;
  // Logs the deadlocks that were found.
  void TellRings();
  void EndSession(SessionId session, std::string_view why);
  // Its last connection is closed: waits for its process, if that is known, besides the TTL.
  void WatchDetached(SessionId session, int pidfd);
  void OnTimer();
  void ArmTimer();
  // How long the loop may stand still before sessions and leases are given that time back.
  uint64_t patience_ms() const;
  // Notes that the loop turns, and if it did not for too long, gives the time back.
  void NoteTurn(TimeMs now);

  EdgeLoop& loop_;
  const EdgeOps& edge_ops_ = AllEdgeOps();
  const DispatchLimits limits_;
  const DaemonFacts facts_;
  const TimeMs started_;
  const std::unique_ptr<engine::Engine> owned_engine_;
  engine::Engine& engine_;
  journal::CommitLog* const log_;
  const journal::Level level_;
  std::optional<JournalLog> journal_log_;
  uint64_t awaited_durable_ = 0;  // By replies.
  KeyGuard guard_;
  Admission admission_;
  SessionDirectory directory_;
  std::unordered_map<CallId, ParkedCall> parked_;
  std::set<std::pair<TimeMs, CallId>> deadlines_;
  std::set<CallId> edge_waits_;  // Of parked_ those that the engine does not know.
  std::map<SessionId, std::unique_ptr<EdgeLoop::Watch>> watches_;
  std::set<PeerCalls*> peers_;
  std::vector<engine::Reply> spare_replies_;  // Empty; keeps its memory from op to op.
  SpareMemory spare_memory_;
  Snapshots* snapshots_ = nullptr;
  SnapshotReads* snapshot_reads_ = nullptr;
  TimeMs armed_ = engine::kNever;
  // While something may expire the timer fires at least twice in patience_ms, so that a stall is
  // noticed: when it last did, and from when on it is too late. Else kNever.
  TimeMs last_turn_ = engine::kNever;
  TimeMs too_late_ = engine::kNever;
  uint64_t last_call_ = 0;
  const uint64_t call_stride_;                 // Calls of different shards have different numbers.
  const std::unique_ptr<ShardRouter> router_;  // Null if there is one shard.
  bool shutting_down_ = false;
};

}  // namespace coheld::dispatch
