// See dispatcher.h.
#include "server/dispatch/dispatcher.h"

#include <spdlog/spdlog.h>
#include <sys/random.h>

#include <algorithm>

#include "proto/wire/check.h"
#include "server/dispatch/peer_calls.h"
#include "server/dispatch/shard_router.h"
#include "server/engine/explain.h"
#include "server/engine/planted_bug.h"
#include "server/journal/failpoint.h"
#include "server/journal/planted_bug.h"

namespace coheld::dispatch {
namespace {

constexpr std::string_view kDidNotHappen = "it did not happen";
constexpr std::string_view kDidItsPart =
    "it got nothing, and what it did when it came is done: it let go of its lock, or arrived";

Failure ShuttingDown(std::string_view outcome = kDidNotHappen) {
  return {v1::ERROR_REASON_SHUTTING_DOWN,
          "the daemon is shutting down; reconnect and send the op again; " + std::string(outcome)};
}

v1::Durability LevelInProto(journal::Level level) {
  switch (level) {
    case journal::Level::kMemory:
      return v1::DURABILITY_MEMORY;
    case journal::Level::kAsync:
      return v1::DURABILITY_ASYNC;
    case journal::Level::kSync:
      return v1::DURABILITY_SYNC;
  }
  return v1::DURABILITY_SYNC;
}

// Returns a number of 14 digits to name the first anonymous object by. It is random, so that a name
// from before a restart means no other object after it. (With its ~ it fits a std::string without
// memory of its own.)
uint64_t FirstAnonymous(const engine::Placement& placement) {
  uint64_t random = 0;
  COHELD_CHECK(getrandom(&random, sizeof(random), 0) == sizeof(random));
  constexpr uint64_t kFirst = 10'000'000'000'000;
  return placement.shard * engine::kAnonymousPerShard + kFirst + random % (8 * kFirst);
}

// A loop that stands still for less than this is only busy.
constexpr uint64_t kPatienceMsMin = 250;

// When a call ends that still waits then.
TimeMs DeadlineOf(const Submission& submission, TimeMs now) {
  if (submission.deadline_ms == 0) return engine::kNever;
  return engine::After(now, submission.deadline_ms);
}

}  // namespace

Dispatcher::Dispatcher(EdgeLoop& loop, const DispatchLimits& limits, DaemonFacts facts,
                       std::string key, Beginning beginning)
    : loop_(loop),
      limits_(limits),
      facts_(std::move(facts)),
      started_(loop.Now()),
      owned_engine_(beginning.engine != nullptr
                        ? std::move(beginning.engine)
                        : std::make_unique<engine::Engine>(FirstAnonymous(beginning.placement))),
      engine_(*owned_engine_),
      log_(beginning.log),
      level_(beginning.log == nullptr ? journal::Level::kMemory : beginning.level),
      guard_(std::move(key)),
      admission_(limits.memory, log_),
      directory_(std::move(beginning.session_secret), beginning.placement),
      last_call_(beginning.placement.shard),
      call_stride_(beginning.placement.shards),
      router_(beginning.post == nullptr
                  ? nullptr
                  : std::make_unique<ShardRouter>(*this, beginning.placement, *beginning.post)) {
  engine_.SetPlacement(beginning.placement);
  engine_.SetDeadlockPolicy(limits.deadlock);
  engine_.SetDurability(LevelInProto(level_));
  if (log_ == nullptr) return;
  engine_.SetInputLog(&journal_log_.emplace(*log_));
  if (log_->last_index() == 0) {
    engine_.Begin(FirstAnonymous(beginning.placement), started_);
  } else {
    Resume(started_);
  }
  OnTurnEnd();
}

Dispatcher::~Dispatcher() = default;

std::unique_ptr<transport::CallHandler> Dispatcher::OnConnection(
    transport::Connection& connection) {
  return std::make_unique<PeerCalls>(*this, connection);
}

void Dispatcher::Resume(TimeMs now) {
  const auto last_call = static_cast<uint64_t>(engine_.last_call());
  last_call_ += (last_call + call_stride_ - 1) / call_stride_ * call_stride_;
  directory_.BeginAfter(engine_.last_session());
  for (const auto& [id, session] : engine_.sessions().all()) {
    if (journal::Planted(journal::PlantedBug::kSessionNotRestored)) break;
    if (!directory_.IsOwn(id)) continue;  // MeetShard.
    const bool goes_on = journal::Planted(journal::PlantedBug::kTtlNotRearmed);
    directory_.Restore(id, session.ttl_ms, session.opened, goes_on ? session.opened : now);
  }
  for (const auto& [call, op] : engine_.parked()) parked_[call] = {};
  std::vector<engine::Reply> replies;
  engine_.Resume(now, &replies);
  COHELD_FAILPOINT("dispatch.resumed");
  Deliver(replies);
  spdlog::info("resumed objects={} sessions={} waits_abandoned={}",
               engine_.store().objects().size(), directory_.size(), replies.size());
  ArmTimer();
}

void Dispatcher::OnTurnEnd() {
  if (log_ != nullptr) {
    log_->Submit(awaited_durable_);
    COHELD_FAILPOINT("dispatch.submitted");
  }
  if (router_ != nullptr) router_->Flush();
  loop_.OnTurnEnd();
}

transport::OutputMark Dispatcher::Passed() const {
  if (log_ == nullptr) return Acceptor::Passed();
  const transport::OutputMark passed = {.written = log_->written(), .durable = log_->durable()};
  COHELD_FAILPOINT("dispatch.passed");
  return passed;
}

void Dispatcher::HoldUntilSafe(transport::Connection& connection, v1::Durability level) {
  const transport::OutputMark mark = MarkOf(level);
  if (!mark.empty()) connection.HoldOutput(mark);
}

transport::OutputMark Dispatcher::MarkOf(v1::Durability level) {
  if (level_ == journal::Level::kMemory) return {};
  const uint64_t last = log_->last_index();
  if (journal::Planted(journal::PlantedBug::kReplyBeforeSync)) return {};
  if (journal::Planted(journal::PlantedBug::kReadNotHeld) && last == awaited_durable_) return {};
  COHELD_FAILPOINT("dispatch.held");
  if (level == v1::DURABILITY_UNSPECIFIED) level = engine_.durability();
  if (level == v1::DURABILITY_MEMORY) return {};
  if (level == v1::DURABILITY_ASYNC) return {.written = last};
  awaited_durable_ = last;
  return {.durable = last};
}

void Dispatcher::Submit(const Submission& submission) {
  if (router_ != nullptr && router_->Take(submission)) return;
  SubmitHere(submission);
}

void Dispatcher::SubmitHere(const Submission& submission) {
  const EdgeOp* const edge_op = FindEdgeOp(submission.method);
  if (is_selective()) {
    if (const std::optional<Failure> refusal = Refuse(submission, edge_op)) {
      return submission.route.peer->Answer(submission.route, *refusal);
    }
  }
  if (edge_op == nullptr && HasPlentyOfRoom(submission)) return Apply(submission);
  const std::optional<Failure> no_room = RefuseForRoom(submission);
  if (edge_op == nullptr) return Apply(submission, no_room ? &*no_room : nullptr);
  if (no_room) {
    admission_.NoteAnswer(no_room);
    return submission.route.peer->Answer(submission.route, *no_room);
  }
  (this->*edge_op->answer)(submission);
}

void Dispatcher::Apply(const Submission& submission, const Failure* refusal) {
  const CallId call = NextCall();
  const TimeMs now = loop_.Now();
  if (now > too_late_) NoteTurn(now);
  std::vector<engine::Reply> replies = std::exchange(spare_replies_, {});
  const engine::Stamp stamp = {
      .call = call,
      .owner = {.session = submission.session, .thread = submission.thread},
      .now = now,
      .seq = submission.seq,
      .acked = submission.acked,
      .lane = submission.lane,
      .token = submission.token,
      .site = submission.site};
  std::optional<CallId> waits;
  if (refusal != nullptr) {
    waits = engine_.Refuse(stamp, submission.method, *refusal, &replies);
    if (!waits) admission_.NoteAnswer(replies.front().failure);
  } else {
    waits = engine_.Apply(stamp, submission.method, submission.payload, &replies);
  }
  if (!waits) {
    submission.route.peer->AnswerTaking(submission.route, std::move(replies.front()));
  } else if (*waits == call) {
    Remember(call, submission, now);
  } else {
    TakeOver(*waits, submission, now);
  }
  // The op's own reply, if it did not park, comes first: before those of the ops that it woke.
  Deliver(std::span(replies).subspan(waits ? 0 : 1));
  engine_.TakeBack(&replies);
  spare_replies_ = std::move(replies);
  spare_memory_.NoteWork(now);
  ArmTimer();
}

std::optional<Failure> Dispatcher::Refuse(const Submission& submission,
                                          const EdgeOp* edge_op) const {
  if (shutting_down_) return ShuttingDown();
  if (guard_.has_key() && submission.session == engine::kNoSession &&
      (edge_op == nullptr || !edge_op->for_strangers)) {
    return Failure{v1::ERROR_REASON_UNAUTHENTICATED,
                   "this daemon serves only those who know its key: open a session with a proof of "
                   "it, and send the session's token"};
  }
  return std::nullopt;
}

std::optional<Failure> Dispatcher::RefuseForRoom(const Submission& submission) {
  if (submission.route.peer->parked() >= limits_.parked_per_connection_max) {
    return Failure{v1::ERROR_REASON_TOO_MANY,
                   "this connection has " + std::to_string(submission.route.peer->parked()) +
                       " ops waiting, the most allowed; use another connection"};
  }
  if (parked_.size() >= limits_.parked_max) {
    return Failure{v1::ERROR_REASON_TOO_MANY,
                   "the daemon has " + std::to_string(parked_.size()) +
                       " ops waiting, the most allowed; try again later"};
  }
  return admission_.Refuse(submission.method, submission.payload, engine_.store());
}

void Dispatcher::Remember(CallId call, const Submission& submission, TimeMs now) {
  ParkedCall& parked = parked_[call];
  parked.route = submission.route;
  SetDeadline(call, &parked, DeadlineOf(submission, now));
  submission.route.peer->NoteParked(submission.route, call);
  if (router_ != nullptr) router_->rings().NoteParked(now);
}

void Dispatcher::TakeOver(CallId call, const Submission& submission, TimeMs now) {
  ParkedCall& parked = parked_.at(call);
  const Route before = std::exchange(parked.route, submission.route);
  SetDeadline(call, &parked, DeadlineOf(submission, now));
  submission.route.peer->NoteParked(submission.route, call);
  if (before.peer == nullptr) return;
  before.peer->ForgetParked(before);
  before.peer->Answer(before, Failure{v1::ERROR_REASON_TAKEN_OVER,
                                      "the op waits, and its reply goes to a copy of it that came "
                                      "later"});
  before.peer->RequestFlush();
}

void Dispatcher::SetDeadline(CallId call, ParkedCall* parked, TimeMs deadline) {
  if (parked->deadline != engine::kNever) deadlines_.erase({parked->deadline, call});
  parked->deadline = deadline;
  if (deadline != engine::kNever) deadlines_.insert({deadline, call});
}

void Dispatcher::Forget(CallId call) {
  const auto found = parked_.find(call);
  COHELD_CHECK(found != parked_.end());
  SetDeadline(call, &found->second, engine::kNever);
  parked_.erase(found);
}

void Dispatcher::DeliverAll(std::span<const engine::Reply> replies) {
  for (const engine::Reply& reply : replies) {
    const auto found = parked_.find(reply.call);
    if (found == parked_.end()) continue;  // Abandoned.
    const Route route = found->second.route;
    Forget(reply.call);
    if (route.peer == nullptr) continue;
    route.peer->ForgetParked(route);
    route.peer->Answer(route, reply);
    route.peer->RequestFlush();
  }
}

void Dispatcher::FinishWait(CallId call, engine::Reply reply) {
  if (edge_waits_.erase(call) == 0) return;
  reply.call = call;
  Deliver({&reply, 1});
}

void Dispatcher::OnMail(uint32_t from, std::vector<ShardMail> mail) {
  router_->OnMail(from, std::move(mail));
  OnTurnEnd();
}

void Dispatcher::MeetShard(const Dispatcher& other) {
  router_->Meet(other);
  OnTurnEnd();
}

void Dispatcher::Cancel(CallId call, Failure failure) {
  if (edge_waits_.contains(call)) return FinishWait(call, {.failure = std::move(failure)});
  if (is_frozen()) return;
  std::vector<engine::Reply> replies;
  engine_.Cancel(call, std::move(failure), loop_.Now(), &replies);
  Deliver(replies);
  ArmTimer();
}

void Dispatcher::Abandon(std::vector<CallId> calls) {
  // Last come first, so that none that goes makes way for another one that goes.
  std::sort(calls.rbegin(), calls.rend());
  if (router_ != nullptr) router_->AbandonAway(&calls);
  for (const CallId call : calls) parked_.at(call).route = {};
  for (const CallId call : calls) FinishWait(call, {});
  if (is_frozen()) return;
  std::vector<engine::Reply> replies;
  for (const CallId call : calls) engine_.Abandon(call, loop_.Now(), &replies);
  Deliver(replies);
  ArmTimer();
}

engine::Result<SessionId> Dispatcher::Authenticate(std::string_view token) const {
  const std::optional<SessionId> session = directory_.Authenticate(token);
  if (session) return *session;
  return Failure{
      v1::ERROR_REASON_SESSION_EXPIRED,
      "no open session has this token; it ended or the daemon was restarted; open a new one"};
}

void Dispatcher::Attach(SessionId session, transport::Connection& connection) {
  // So that a network that is cut is noticed well within the TTL, which counts from the last sign.
  connection.LimitSilence(directory_.ttl_ms(session) / 4 * 3);
  if (router_ != nullptr && router_->TellAttached(session)) return;
  directory_.Attach(session);
  watches_.erase(session);
}

void Dispatcher::Detach(SessionId session, const transport::Connection& connection) {
  if (router_ != nullptr && router_->TellDetached(session, connection)) return;
  if (!directory_.Detach(session, loop_.Now(), connection.silent_ms())) return;
  WatchDetached(session, connection.peer().pidfd);
}

void Dispatcher::WatchDetached(SessionId session, int pidfd) {
  if (pidfd >= 0) {
    // The process may be alive and reconnect; if it is dead there is nothing to wait for.
    std::unique_ptr<EdgeLoop::Watch> watch = loop_.WatchProcess(pidfd, [this, session] {
      if (directory_.IsDetached(session)) EndSession(session, "process_gone");
      OnTurnEnd();
    });
    if (watch != nullptr) watches_[session] = std::move(watch);
  }
  ArmTimer();
}

void Dispatcher::EndSession(SessionId session, std::string_view why) {
  if (is_frozen()) return;
  spdlog::debug("session_ended session={} why={}", static_cast<uint64_t>(session), why);
  directory_.Erase(session);
  watches_.erase(session);
  const TimeMs now = loop_.Now();
  std::vector<engine::Reply> replies;
  engine_.EndSession(session, now, &replies);
  Deliver(replies);
  if (router_ != nullptr) router_->TellEnded(session);
  spare_memory_.NoteWork(now);
  ArmTimer();
}

void Dispatcher::OnTimer() {
  armed_ = engine::kNever;
  if (is_frozen()) return;
  const TimeMs now = loop_.Now();
  if (too_late_ != engine::kNever) NoteTurn(now);
  std::vector<engine::Reply> replies;
  engine_.Advance(now, &replies);
  Deliver(replies);
  while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
    const CallId call = deadlines_.begin()->second;
    Cancel(call, DeadlineExceeded(call, now));
  }
  while (const std::optional<SessionId> session = directory_.Overdue(now)) {
    EndSession(*session, "ttl");
  }
  spare_memory_.ReturnIfDue(now);
  if (router_ != nullptr) {
    router_->TellAcknowledgedIfDue(now);
    router_->rings().AskIfDue(now);
  }
  if (snapshot_reads_ != nullptr) snapshot_reads_->CloseIdle(now);
  ArmTimer();
  OnTurnEnd();
}

std::string_view Dispatcher::OutcomeOf(CallId call) const {
  const auto op = engine_.parked().find(call);
  return op != engine_.parked().end() && op->second.effect ? kDidItsPart : kDidNotHappen;
}

void Dispatcher::CancelForCaller(CallId call) {
  if (router_ != nullptr && router_->CancelAway(call)) return;
  std::string message = "the caller cancelled the op; ";
  message += OutcomeOf(call);
  Cancel(call, {v1::ERROR_REASON_CANCELLED, std::move(message)});
}

Failure Dispatcher::DeadlineExceeded(CallId call, TimeMs now) const {
  std::string message = "the call's deadline passed while it waited; ";
  message += OutcomeOf(call);
  const auto op = engine_.parked().find(call);
  if (op != engine_.parked().end()) message += ": " + WaitInWords(engine_, op->second, now);
  return {v1::ERROR_REASON_DEADLINE_EXCEEDED, std::move(message)};
}

void Dispatcher::TellRings() {
  for (const std::string& ring : engine_.TakeRingReports()) {
    spdlog::warn("deadlock_found ring=\"{}\"", ring);
  }
}

void Dispatcher::ArmTimer() {
  const TimeMs expiry = std::min(engine_.NextDeadline(), directory_.NextDeadline());
  if (expiry == engine::kNever) {
    too_late_ = engine::kNever;
  } else if (too_late_ == engine::kNever) {
    NoteTurn(loop_.Now());
  }
  TimeMs next = std::min(expiry, spare_memory_.due());
  if (router_ != nullptr) next = std::min(next, router_->due());
  if (snapshot_reads_ != nullptr) next = std::min(next, snapshot_reads_->due());
  if (!deadlines_.empty()) next = std::min(next, deadlines_.begin()->first);
  if (expiry != engine::kNever) {
    next = std::min(next, engine::After(last_turn_, patience_ms() / 2));
  }
  // One that was armed earlier fires in vain and arms again: cheaper than re-arming for each op.
  if (next >= armed_) return;
  armed_ = next;
  loop_.ArmTimer(next, [this] { OnTimer(); });
}

uint64_t Dispatcher::patience_ms() const {
  return std::max(kPatienceMsMin,
                  std::min(limits_.session_ttl_ms, directory_.shortest_ttl_ms()) / 4);
}

void Dispatcher::NoteTurn(TimeMs now) {
  if (now > too_late_ && !engine::Planted(engine::PlantedBug::kStallUnnoticed)) {
    const uint64_t stalled_ms = engine::Elapsed(last_turn_, now);
    std::vector<engine::Reply> replies;
    engine_.Rearm(stalled_ms, now, &replies);
    const size_t sessions = directory_.Rearm(now);
    spdlog::warn("stalled ms={} sessions_rearmed={}", stalled_ms, sessions);
    Deliver(replies);
  }
  last_turn_ = now;
  too_late_ = engine::After(now, patience_ms());
}

void Dispatcher::SendWaitersAway() {
  for (auto& [call, parked] : parked_) {
    if (router_ != nullptr && router_->IsAway(call)) continue;  // Its shard tells.
    const Route route = std::exchange(parked.route, {});
    if (route.peer == nullptr) continue;
    route.peer->ForgetParked(route);
    route.peer->Answer(route, ShuttingDown(OutcomeOf(call)));
    route.peer->RequestFlush();
  }
}

void Dispatcher::Shutdown() {
  shutting_down_ = true;
  if (is_frozen()) {
    SendWaitersAway();
    COHELD_FAILPOINT("stop.sent_away");
  } else {
    // Last come first: none makes way for another.
    while (!engine_.parked().empty()) {
      const CallId call = engine_.parked().rbegin()->first;
      Cancel(call, ShuttingDown(OutcomeOf(call)));
    }
    while (!edge_waits_.empty()) Cancel(*edge_waits_.begin(), ShuttingDown());
  }
  if (router_ == nullptr) return EndStreams();
  OnTurnEnd();
}

void Dispatcher::EndStreams() {
  for (PeerCalls* peer : peers_) peer->Shutdown();
}

}  // namespace coheld::dispatch
