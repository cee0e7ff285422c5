// The ops that need what only the edge knows: opening and closing sessions, the key, Ping, Status,
// Sessions, Snapshot, ReadSnapshot.
#include <unistd.h>

#include <algorithm>
#include <array>

#include "coheld/v1/admin.pb.h"
#include "coheld/v1/object.pb.h"
#include "coheld/v1/session.pb.h"
#include "server/dispatch/dispatcher.h"
#include "server/dispatch/peer_calls.h"
#include "server/dispatch/shard_router.h"

namespace coheld::dispatch {
namespace {

constexpr uint32_t kListingLimit = 1000;

// Parses the request or answers MALFORMED.
template <typename Request>
bool Parse(const Submission& submission, Request* request) {
  if (request->ParseFromArray(submission.payload.data(),
                              static_cast<int>(submission.payload.size()))) {
    return true;
  }
  submission.route.peer->Answer(submission.route, Failure{v1::ERROR_REASON_MALFORMED,
                                                          "the payload is not a valid " +
                                                              Request::descriptor()->full_name()});
  return false;
}

Failure NoJournal() {
  return {v1::ERROR_REASON_NO_JOURNAL,
          "the daemon keeps nothing on disk: start it with --data-dir"};
}

Failure NoSuchShard(uint32_t shard, uint32_t shards) {
  return {v1::ERROR_REASON_INVALID_ARGUMENT, "there is no shard " + std::to_string(shard) +
                                                 ": the daemon has " + std::to_string(shards) +
                                                 ", numbered from 0"};
}

}  // namespace

const Dispatcher::EdgeOps& Dispatcher::AllEdgeOps() {
  static const auto* const by_number = [] {
    auto* table = new EdgeOps;
    const auto add = [table](std::string_view path, const EdgeOp& op) {
      (*table)[wire::FindMethod(path)->number] = op;
    };
    add("/coheld.v1.Session/Open", {&Dispatcher::OpenSession, true});
    add("/coheld.v1.Session/Close", {&Dispatcher::CloseSession});
    add("/coheld.v1.Session/Challenge", {&Dispatcher::AnswerChallenge, true});
    add("/coheld.v1.Session/Prove", {&Dispatcher::AnswerProve, true});
    add("/coheld.v1.Admin/Ping", {&Dispatcher::AnswerPing, true});
    add("/coheld.v1.Admin/Status", {&Dispatcher::AnswerStatus});
    add("/coheld.v1.Admin/Sessions", {&Dispatcher::AnswerSessions});
    add("/coheld.v1.Object/SetDurability", {&Dispatcher::SetDurability});
    add("/coheld.v1.Admin/Snapshot", {&Dispatcher::AnswerSnapshot});
    add("/coheld.v1.Admin/ReadSnapshot", {&Dispatcher::AnswerReadSnapshot});
    return table;
  }();
  return *by_number;
}

void Dispatcher::AnswerChallenge(const Submission& submission) {
  v1::SessionChallengeRequest request;
  if (!Parse(submission, &request)) return;
  v1::SessionChallengeReply reply;
  reply.set_nonce(guard_.Challenge(loop_.Now()));
  reply.set_has_key(guard_.has_key());
  submission.route.peer->AnswerWith(submission.route, reply.SerializeAsString());
}

void Dispatcher::AnswerProve(const Submission& submission) {
  v1::SessionProveRequest request;
  if (!Parse(submission, &request)) return;
  const engine::Result<std::string> proof = guard_.Check(request.proof(), loop_.Now());
  if (!proof.ok()) return submission.route.peer->Answer(submission.route, proof.failure());
  v1::SessionProveReply reply;
  reply.set_proof(proof.value());
  submission.route.peer->AnswerWith(submission.route, reply.SerializeAsString());
}

void Dispatcher::AnswerPing(const Submission& submission) {
  v1::AdminPingRequest request;  // Request and reply are alike: one field of bytes.
  if (!Parse(submission, &request)) return;
  submission.route.peer->AnswerWith(submission.route, request.SerializeAsString());
}

void Dispatcher::OpenSession(const Submission& submission) {
  v1::SessionOpenRequest request;
  if (!Parse(submission, &request)) return;
  Caller& peer = *submission.route.peer;
  if (directory_.size() >= limits_.sessions_max) {
    return peer.Answer(
        submission.route,
        Failure{v1::ERROR_REASON_TOO_MANY,
                "the daemon has " + std::to_string(directory_.size()) +
                    " sessions open, the most allowed; close some or try again later"});
  }
  v1::SessionOpenReply reply;
  if (guard_.has_key() || request.has_proof()) {
    engine::Result<std::string> proof = guard_.Check(request.proof(), loop_.Now());
    if (!proof.ok()) return peer.Answer(submission.route, proof.failure());
    reply.set_proof(std::move(proof).value());
  }
  const uint64_t asked = request.ttl_ms() == 0 ? limits_.session_ttl_ms : request.ttl_ms();
  const uint64_t ttl_ms = std::clamp(asked, limits_.session_ttl_ms_min, limits_.session_ttl_ms_max);
  const TimeMs now = loop_.Now();
  const SessionDirectory::Opened opened = directory_.Open(ttl_ms, now);
  engine_.OpenSession(opened.id, request.label(), ttl_ms, now);
  peer.UseSession(opened.id);
  reply.set_session(static_cast<uint64_t>(opened.id));
  reply.set_token(opened.token);
  reply.set_ttl_ms(ttl_ms);
  reply.set_durability(facts_.durability);
  reply.set_message_bytes_max(facts_.message_bytes_max);
  reply.set_version(facts_.version);
  if (router_ != nullptr) {
    return router_->TellOpened(submission, opened.id, request.label(), reply.SerializeAsString());
  }
  peer.AnswerWith(submission.route, reply.SerializeAsString());
}

void Dispatcher::CloseSession(const Submission& submission) {
  v1::SessionCloseRequest request;
  if (!Parse(submission, &request)) return;
  if (submission.session == engine::kNoSession) {
    return submission.route.peer->Answer(
        submission.route,
        Failure{v1::ERROR_REASON_SESSION_REQUIRED,
                "send the token of the session to close as coheld-session metadata"});
  }
  if (engine_.sessions().Find(submission.session) == nullptr) {
    return submission.route.peer->Answer(
        submission.route,
        Failure{v1::ERROR_REASON_SESSION_EXPIRED, "the session was closed before"});
  }
  EndSession(submission.session, "closed");
  if (router_ != nullptr) return router_->AnswerWhenEnded(submission);
  submission.route.peer->AnswerWith(submission.route, v1::SessionCloseReply().SerializeAsString());
}

void Dispatcher::AnswerStatus(const Submission& submission) {
  v1::AdminStatusRequest request;
  if (!Parse(submission, &request)) return;
  v1::AdminStatusReply reply;
  reply.set_version(facts_.version);
  reply.set_durability(facts_.durability);
  reply.set_uptime_ms(engine::Elapsed(started_, loop_.Now()));
  reply.set_objects(engine_.store().objects().size());
  reply.set_sessions(directory_.size());
  reply.set_connections(peers_.size());
  reply.set_parked(engine_.parked().size());
  reply.set_ops(engine_.ops_applied());
  reply.set_pid(getpid());
  reply.set_anonymous(engine_.lifetime().anonymous());
  const observe::MemoryCap& memory = admission_.memory();
  reply.mutable_memory()->set_used(memory.used());
  reply.mutable_memory()->set_max(memory.max);
  reply.mutable_memory()->set_growth_max(memory.growth_max());
  reply.mutable_memory()->set_refused(admission_.memory_refusals());
  reply.set_disk_full(admission_.disk_full());
  if (snapshots_ != nullptr) snapshots_->Describe(&reply);
  if (router_ != nullptr) router_->Describe(&reply);
  submission.route.peer->AnswerWith(submission.route, reply.SerializeAsString());
}

// The engine's, but for what it does not know: what this daemon can.
void Dispatcher::SetDurability(const Submission& submission) {
  v1::ObjectSetDurabilityRequest request;
  if (!Parse(submission, &request)) return;
  if (log_ != nullptr || request.durability() <= v1::DURABILITY_MEMORY) return Apply(submission);
  submission.route.peer->Answer(
      submission.route,
      Failure{v1::ERROR_REASON_NO_JOURNAL,
              "\"" + request.name() +
                  "\" cannot be kept any safer than in memory: the daemon has no --data-dir"});
}

void Dispatcher::AnswerSessions(const Submission& submission) {
  v1::AdminSessionsRequest request;
  if (!Parse(submission, &request)) return;
  const uint32_t limit = request.limit() == 0 ? kListingLimit : request.limit();
  const auto& sessions = engine_.sessions().all();
  const TimeMs now = loop_.Now();
  v1::AdminSessionsReply reply;
  auto place = sessions.upper_bound(SessionId{request.after()});
  for (; place != sessions.end() && static_cast<uint32_t>(reply.sessions_size()) < limit; ++place) {
    if (!directory_.IsOwn(place->first)) continue;
    v1::SessionSummary* summary = reply.add_sessions();
    summary->set_session(static_cast<uint64_t>(place->first));
    *summary->mutable_label() = place->second.label;
    summary->set_ttl_ms(place->second.ttl_ms);
    summary->set_age_ms(engine::Elapsed(place->second.opened, now));
    summary->set_connections(directory_.connections(place->first));
  }
  reply.set_done(place == sessions.end());
  submission.route.peer->AnswerWith(submission.route, reply.SerializeAsString());
}

void Dispatcher::AnswerSnapshot(const Submission& submission) {
  v1::AdminSnapshotRequest request;
  if (!Parse(submission, &request)) return;
  if (snapshots_ == nullptr) return submission.route.peer->Answer(submission.route, NoJournal());
  const CallId call = NextCall();
  Remember(call, submission, loop_.Now());
  edge_waits_.insert(call);
  snapshots_->Request([this, call](const engine::Result<Snapshots::Made>& made) {
    if (!made.ok()) return FinishWait(call, {.failure = made.failure()});
    v1::AdminSnapshotReply reply;
    reply.set_index(made.value().index);
    reply.set_bytes(made.value().bytes);
    reply.set_duration_ms(made.value().duration_ms);
    FinishWait(call, {.payload = reply.SerializeAsString()});
  });
  ArmTimer();
}

void Dispatcher::AnswerReadSnapshot(const Submission& submission) {
  v1::AdminReadSnapshotRequest request;
  if (!Parse(submission, &request)) return;
  Caller& peer = *submission.route.peer;
  if (request.shard() >= call_stride_) {
    return peer.Answer(submission.route,
                       NoSuchShard(request.shard(), static_cast<uint32_t>(call_stride_)));
  }
  if (snapshot_reads_ == nullptr) return peer.Answer(submission.route, NoJournal());
  engine::Result<SnapshotReads::Part> part =
      snapshot_reads_->Read(request.index(), request.offset(), loop_.Now());
  if (!part.ok()) return peer.Answer(submission.route, part.failure());
  v1::AdminReadSnapshotReply reply;
  reply.set_total(part.value().total);
  reply.set_bytes(std::move(part.value().bytes));
  peer.AnswerWith(submission.route, reply.SerializeAsString());
  ArmTimer();
}

}  // namespace coheld::dispatch
