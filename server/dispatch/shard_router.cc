// See shard_router.h.
#include "server/dispatch/shard_router.h"

#include <fcntl.h>

#include <algorithm>
#include <array>

#include "coheld/v1/object.pb.h"
#include "proto/wire/check.h"
#include "proto/wire/methods.h"
#include "proto/wire/parse.h"
#include "proto/wire/request_name.h"
#include "server/dispatch/shard_caller.h"
#include "server/engine/store.h"

namespace coheld::dispatch {
namespace {

// So long acknowledgements gather before the other shards are told of them.
constexpr uint64_t kTellAcknowledgedMs = 1'000;

// What an op is about, and so where it is done.
enum class Scope : uint8_t {
  kEdge,     // The connection, or this shard: here.
  kSession,  // Its session: at its home.
  kObject,   // The object that field 1 of the request names.
  kMany,     // Objects in a list: Object.Release.
  kShard,    // The shard that the request names: Admin.ReadSnapshot.
  kAll,
};

Scope ScopeOf(const wire::MethodRow& row) {
  const std::string& service = row.descriptor->service()->name();
  if (row.name == "Object.Release") return Scope::kMany;
  if (IsGathered(row.number)) return Scope::kAll;
  if (row.name == "Session.Close") return Scope::kSession;
  if (row.name == "Admin.ReadSnapshot") return Scope::kShard;
  if (service == "Session" || row.name == "Admin.Ping") return Scope::kEdge;
  return Scope::kObject;
}

Scope ScopeOf(uint32_t method) {
  static const auto* const by_number = [] {
    auto* table = new std::array<Scope, wire::kMethodNumberEnd>{};
    for (const wire::MethodRow& row : wire::Methods()) (*table)[row.number] = ScopeOf(row);
    return table;
  }();
  return method < by_number->size() ? (*by_number)[method] : Scope::kEdge;
}

// Returns the name of the object with which a new anonymous one has to live, or nothing.
std::string_view PartnerIn(uint32_t method, std::string_view payload) {
  static const uint32_t condition = wire::FindMethod("/coheld.v1.Condition/Create")->number;
  static const uint32_t hosted = wire::FindMethod("/coheld.v1.Hosted/Create")->number;
  return method == condition || method == hosted ? wire::TextField(payload, 2) : std::string_view{};
}

// Returns the shard whose snapshot is to be read. One that there is not is refused here.
uint32_t ShardToRead(std::string_view payload, const engine::Placement& placement) {
  v1::AdminReadSnapshotRequest request;
  if (!wire::ParseMessage(payload, &request)) return placement.shard;
  return request.shard() < placement.shards ? request.shard() : placement.shard;
}

constexpr CallId kNobody{0};

}  // namespace

ShardRouter::ShardRouter(Dispatcher& dispatcher, const engine::Placement& placement,
                         ShardPost& post)
    : dispatcher_(dispatcher),
      placement_(placement),
      post_(post),
      outboxes_(placement.shards),
      rings_(dispatcher, placement,
             [this](uint32_t to, ShardMail mail) { Send(to, std::move(mail)); }) {
  for (uint32_t shard = 0; shard < placement.shards; ++shard) {
    callers_.push_back(std::make_unique<ShardCaller>(*this, shard));
  }
}

ShardRouter::~ShardRouter() = default;

// --- At the edge ---

ShardRouter::Where ShardRouter::FindShard(const Submission& submission, uint32_t* shard) const {
  const uint32_t home = submission.session == engine::kNoSession
                            ? placement_.shard
                            : dispatcher_.directory_.HomeOf(submission.session);
  *shard = placement_.shard;
  switch (ScopeOf(submission.method)) {
    case Scope::kEdge:
      break;
    case Scope::kSession:
      *shard = home;
      break;
    case Scope::kObject: {
      std::string_view name = wire::NameIn(submission.payload);
      if (name.empty()) name = PartnerIn(submission.method, submission.payload);
      *shard = name.empty() ? home : engine::ShardOf(name, placement_.shards);
      break;
    }
    case Scope::kShard:
      *shard = ShardToRead(submission.payload, placement_);
      break;
    case Scope::kMany:
      return Where::kRelease;
    case Scope::kAll:
      return Where::kAll;
  }
  return *shard == placement_.shard ? Where::kHere : Where::kShard;
}

bool ShardRouter::Take(const Submission& submission) {
  if (submission.seq != 0) NoteAcknowledged(submission);
  uint32_t shard = 0;
  switch (FindShard(submission, &shard)) {
    case Where::kHere:
      Introduce(submission.session);
      return false;
    case Where::kShard:
      Forward(shard, submission);
      return true;
    case Where::kAll:
      GatherFromAll(submission);
      return true;
    case Where::kRelease:
      Scatter(submission);
      return true;
  }
  return false;
}

OpMail ShardRouter::MailOf(CallId call, const Submission& submission) const {
  return {.call = call,
          .session = submission.session,
          .thread = submission.thread,
          .method = submission.method,
          .lane = submission.lane,
          .seq = submission.seq,
          .acked = submission.acked,
          .token = submission.token,
          .deadline_ms = submission.deadline_ms,
          .parked = submission.route.peer->parked(),
          .site = std::string(submission.site),
          .payload = std::string(submission.payload)};
}

CallId ShardRouter::Park(const Submission& submission, Away away) {
  const CallId call = dispatcher_.NextCall();
  dispatcher_.parked_[call].route = submission.route;
  submission.route.peer->NoteParked(submission.route, call);
  away_.emplace(call, std::move(away));
  return call;
}

void ShardRouter::Forward(uint32_t shard, const Submission& submission) {
  ++forwarded_;
  const auto bytes = static_cast<int64_t>(submission.payload.size());
  OpMail mail = MailOf({}, submission);
  mail.call = Park(submission, {.shard = shard, .bytes = bytes});
  submission.route.peer->NoteUnderway(1, bytes);
  Send(shard, std::move(mail));
}

void ShardRouter::GatherFromAll(const Submission& submission) {
  OpMail mail = MailOf({}, submission);
  mail.call = Park(submission, {.gather = std::make_unique<Gather>(
                                    placement_.shards, submission.method, submission.payload)});
  for (uint32_t shard = 0; shard < placement_.shards; ++shard) SendOrDo(shard, mail);
}

void ShardRouter::Scatter(const Submission& submission) {
  v1::ObjectReleaseRequest request;
  std::map<uint32_t, v1::ObjectReleaseRequest> parts;
  // One that is no request is refused by whoever gets it.
  if (wire::ParseMessage(submission.payload, &request)) {
    const auto add = [&](const std::string& name, uint64_t count) {
      v1::ObjectReleaseRequest& part = parts[engine::ShardOf(name, placement_.shards)];
      if (part.name().empty()) {
        part.set_name(name);
        part.set_count(count);
      } else {
        v1::ObjectHandles* const other = part.add_others();
        other->set_name(name);
        other->set_count(count);
      }
    };
    add(request.name(), request.count());
    for (const v1::ObjectHandles& other : request.others()) add(other.name(), other.count());
  }
  if (parts.size() <= 1) {
    const uint32_t shard = parts.empty() ? placement_.shard : parts.begin()->first;
    if (shard != placement_.shard) return Forward(shard, submission);
    Introduce(submission.session);
    return dispatcher_.SubmitHere(submission);
  }
  OpMail mail = MailOf({}, submission);
  mail.call = Park(submission, {.gather = std::make_unique<Gather>(parts.size(), submission.method,
                                                                   submission.payload)});
  for (const auto& [shard, part] : parts) {
    mail.payload = part.SerializeAsString();
    SendOrDo(shard, mail);
  }
}

void ShardRouter::SendOrDo(uint32_t shard, OpMail mail) {
  // What follows on the connection must not overtake it here either.
  if (shard == placement_.shard) return On(shard, std::move(mail));
  Send(shard, std::move(mail));
}

bool ShardRouter::CancelAway(CallId call) {
  const auto found = away_.find(call);
  if (found == away_.end()) return false;
  if (found->second.gather == nullptr) {
    Send(found->second.shard, CancelMail{.call = call});  // Its answer comes in any case.
  } else {
    Finish(call, {.failure = Failure{v1::ERROR_REASON_CANCELLED, "the caller cancelled the op"}});
  }
  return true;
}

void ShardRouter::AbandonAway(std::vector<CallId>* calls) {
  std::erase_if(*calls, [this](CallId call) {
    const auto found = away_.find(call);
    if (found == away_.end()) return false;
    const Away& away = found->second;
    if (away.gather == nullptr) {
      Caller* const peer = dispatcher_.parked_.at(call).route.peer;
      if (!away.parked) peer->NoteUnderway(-1, -away.bytes);
      Send(away.shard, AbandonMail{.call = call});
    }
    away_.erase(found);
    dispatcher_.Forget(call);
    return true;
  });
}

void ShardRouter::Finish(CallId call, engine::Reply reply) {
  away_.erase(call);
  reply.call = call;
  dispatcher_.Deliver({&reply, 1});
}

// --- Mail ---

void ShardRouter::Send(uint32_t to, ShardMail mail, const transport::OutputMark& mark) {
  Outbox& outbox = outboxes_[to];
  if (mark.empty()) return outbox.ready.push_back(std::move(mail));
  outbox.held.emplace_back(mark, std::move(mail));
}

void ShardRouter::Flush() {
  if (std::exchange(flushing_, true)) return;
  const transport::OutputMark passed = dispatcher_.Passed();
  for (uint32_t to = 0; to < placement_.shards; ++to) {
    Outbox& outbox = outboxes_[to];
    while (!outbox.held.empty() && outbox.held.front().first.IsWithin(passed)) {
      outbox.ready.push_back(std::move(outbox.held.front().second));
      outbox.held.pop_front();
    }
    if (!outbox.ready.empty()) post_.Send(to, std::exchange(outbox.ready, {}));
  }
  flushing_ = false;
}

void ShardRouter::OnMail(uint32_t from, std::vector<ShardMail> mail) {
  for (ShardMail& one : mail) {
    std::visit(
        [&](auto& content) {
          if constexpr (requires { rings_.On(from, std::move(content)); }) {
            rings_.On(from, std::move(content));
          } else {
            On(from, std::move(content));
          }
        },
        one);
  }
}

void ShardRouter::On(uint32_t from, OpMail mail) {
  Introduce(mail.session);
  callers_[from]->Submit(mail);
}

void ShardRouter::On(uint32_t from, ReplyMail mail) {
  const auto found = away_.find(mail.call);
  if (found == away_.end()) return;  // Nobody waits for it any more.
  Away& away = found->second;
  if (away.gather != nullptr) {
    if (!away.gather->Take(from, std::move(mail.failure), std::move(mail.payload))) return;
    wire::Result<std::string> reply = away.gather->Reply();
    if (!reply.ok()) return Finish(mail.call, {.failure = reply.failure()});
    return Finish(mail.call, {.payload = std::move(reply).value()});
  }
  if (!away.parked) {
    dispatcher_.parked_.at(mail.call).route.peer->NoteUnderway(-1, -away.bytes);
  }
  // It has waited for the owner's journal.
  Finish(mail.call, {.failure = std::move(mail.failure),
                     .payload = std::move(mail.payload),
                     .durability = v1::DURABILITY_MEMORY});
}

void ShardRouter::On(uint32_t /*from*/, const ParkedMail& mail) {
  const auto found = away_.find(mail.call);
  if (found == away_.end() || found->second.gather != nullptr) return;
  Away& away = found->second;
  if (std::exchange(away.parked, true)) return;
  dispatcher_.parked_.at(mail.call).route.peer->NoteUnderway(-1, -away.bytes);
}

void ShardRouter::On(uint32_t from, const CancelMail& mail) {
  if (const std::optional<CallId> call = callers_[from]->Find(mail.call)) {
    dispatcher_.CancelForCaller(*call);
  }
}

void ShardRouter::On(uint32_t from, const AbandonMail& mail) {
  if (const std::optional<CallId> call = callers_[from]->Find(mail.call)) {
    callers_[from]->ForgetParked({.frame = static_cast<uint64_t>(mail.call)});
    dispatcher_.Abandon({*call});
  }
}

// --- Sessions ---

void ShardRouter::Introduce(SessionId session) {
  if (session == engine::kNoSession || dispatcher_.directory_.IsOwn(session)) return;
  engine::Engine& engine = dispatcher_.engine_;
  if (engine.sessions().Find(session) != nullptr || dispatcher_.is_frozen()) return;
  const auto label = labels_.find(session);
  if (label == labels_.end()) return;  // Over; the engine says so.
  engine.OpenSession(session, label->second, dispatcher_.directory_.ttl_ms(session),
                     dispatcher_.loop_.Now());
}

void ShardRouter::TellOpened(const Submission& submission, SessionId session,
                             const v1::SessionLabel& label, std::string reply) {
  const SessionDirectory& directory = dispatcher_.directory_;
  const CallId call = Park(
      submission, {.gather = std::make_unique<Gather>(placement_.shards - 1, std::move(reply))});
  for (uint32_t shard = 0; shard < placement_.shards; ++shard) {
    if (shard == placement_.shard) continue;
    Send(shard, OpenedMail{.call = call,
                           .session = session,
                           .label = label,
                           .ttl_ms = directory.ttl_ms(session),
                           .opened = directory.opened(session)});
  }
}

void ShardRouter::On(uint32_t from, OpenedMail mail) {
  dispatcher_.directory_.Learn(mail.session, mail.ttl_ms, mail.opened);
  labels_[mail.session] = std::move(mail.label);
  Send(from, ReplyMail{.call = mail.call});
}

void ShardRouter::TellEnded(SessionId session) {
  if (dispatcher_.directory_.IsOwn(session)) SendEnded(kNobody, session);
}

void ShardRouter::SendEnded(CallId call, SessionId session) {
  for (uint32_t shard = 0; shard < placement_.shards; ++shard) {
    if (shard == placement_.shard) continue;
    // A session that is over elsewhere must not come back here after a crash.
    Send(shard, EndedMail{.call = call, .session = session},
         dispatcher_.MarkOf(v1::DURABILITY_UNSPECIFIED));
  }
}

void ShardRouter::AnswerWhenEnded(const Submission& submission) {
  const CallId call =
      Park(submission, {.gather = std::make_unique<Gather>(
                            placement_.shards - 1, v1::SessionCloseReply().SerializeAsString())});
  SendEnded(call, submission.session);
}

void ShardRouter::On(uint32_t from, const EndedMail& mail) {
  labels_.erase(mail.session);
  dispatcher_.EndSession(mail.session, "over");
  if (mail.call == kNobody) return;
  Send(from, ReplyMail{.call = mail.call}, dispatcher_.MarkOf(v1::DURABILITY_UNSPECIFIED));
}

bool ShardRouter::TellAttached(SessionId session) {
  const SessionDirectory& directory = dispatcher_.directory_;
  if (directory.IsOwn(session)) return false;
  Send(directory.HomeOf(session), AttachedMail{.session = session});
  return true;
}

bool ShardRouter::TellDetached(SessionId session, const transport::Connection& connection) {
  const SessionDirectory& directory = dispatcher_.directory_;
  if (directory.IsOwn(session)) return false;
  const int pidfd = connection.peer().pidfd;
  Send(directory.HomeOf(session),
       DetachedMail{.session = session,
                    .silent_ms = connection.silent_ms(),
                    .pidfd = SentDescriptor(pidfd < 0 ? -1 : fcntl(pidfd, F_DUPFD_CLOEXEC, 0))});
  return true;
}

void ShardRouter::On(uint32_t /*from*/, const AttachedMail& mail) {
  if (!dispatcher_.directory_.Knows(mail.session)) return;  // It ended meanwhile.
  dispatcher_.directory_.Attach(mail.session);
  dispatcher_.watches_.erase(mail.session);
}

void ShardRouter::On(uint32_t /*from*/, const DetachedMail& mail) {
  if (!dispatcher_.directory_.Detach(mail.session, dispatcher_.loop_.Now(), mail.silent_ms)) return;
  dispatcher_.WatchDetached(mail.session, mail.pidfd.get());
}

void ShardRouter::Meet(const Dispatcher& other) {
  const uint32_t shard = other.router_->placement_.shard;
  const auto& theirs = other.engine_.sessions().all();
  for (const auto& [id, session] : theirs) {
    if (dispatcher_.directory_.HomeOf(id) != shard) continue;
    dispatcher_.directory_.Learn(id, session.ttl_ms, session.opened);
    labels_[id] = session.label;
  }
  std::vector<SessionId> over;
  for (const auto& [id, session] : dispatcher_.engine_.sessions().all()) {
    if (dispatcher_.directory_.HomeOf(id) == shard && !theirs.contains(id)) over.push_back(id);
  }
  for (const SessionId id : over) dispatcher_.EndSession(id, "over");
}

// --- Acknowledgements ---

void ShardRouter::NoteAcknowledged(const Submission& submission) {
  if (submission.acked == 0) return;
  uint64_t& acked = acknowledged_[{submission.session, submission.lane}];
  acked = std::max(acked, submission.acked);
  if (due_ != engine::kNever) return;
  due_ = engine::After(dispatcher_.loop_.Now(), kTellAcknowledgedMs);
  dispatcher_.ArmTimer();
}

void ShardRouter::TellAcknowledgedIfDue(TimeMs now) {
  if (due_ > now) return;
  due_ = engine::kNever;
  for (const auto& [lane, acked] : std::exchange(acknowledged_, {})) {
    for (uint32_t shard = 0; shard < placement_.shards; ++shard) {
      Send(shard, AcknowledgedMail{.session = lane.first, .lane = lane.second, .acked = acked});
    }
  }
}

void ShardRouter::On(uint32_t /*from*/, const AcknowledgedMail& mail) {
  if (dispatcher_.is_frozen()) return;
  dispatcher_.engine_.Acknowledge(mail.session, mail.lane, mail.acked, dispatcher_.loop_.Now());
}

void ShardRouter::Describe(v1::AdminStatusReply* status) const {
  v1::ShardStatus* const line = status->add_shards();
  line->set_shard(placement_.shard);
  line->set_objects(status->objects());
  line->set_connections(status->connections());
  line->set_parked(status->parked());
  line->set_ops(status->ops());
  line->set_forwarded(forwarded_);
  if (status->has_recovery()) *line->mutable_recovery() = status->recovery();
  if (status->has_snapshots()) *line->mutable_snapshots() = status->snapshots();
}

}  // namespace coheld::dispatch
