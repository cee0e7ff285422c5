// See oracle.h.
#include "tests/simulation/oracle.h"

#include <utility>
#include <vector>

#include "coheld/v1/counter.pb.h"
#include "proto/wire/status.h"

namespace coheld::simulation {
namespace {

// Calls of ops that the engine did not log are numbered beyond all others.
constexpr uint64_t kUnlogged = uint64_t{1} << 62;

// When the daemon gives up an op of a frame that waits.
int64_t DeadlineOf(const ArrivedFrame& frame) {
  if (frame.request->deadline_ms() == 0) return INT64_MAX;
  return static_cast<int64_t>(frame.now) + static_cast<int64_t>(frame.request->deadline_ms());
}

std::string Name(const std::pair<uint64_t, uint64_t>& frame) {
  return "frame " + std::to_string(frame.second) + " on connection " + std::to_string(frame.first);
}

}  // namespace

template <typename Act>
void Oracle::Judge(Act act) {
  if (violation_ || dead_) return;
  try {
    act();
  } catch (const Violation& violation) {
    violation_ = violation.what();
  }
}

void Oracle::Begin(const Daemon* daemon) {
  daemon_ = daemon;
  setup_ = true;
  dead_ = false;
  ++life_;
  tokens_.clear();
  world_ = World();
  ledger_ = Ledger();
  replica_.Begin(daemon->engine());
  sessions_.clear();
  calls_.clear();
  grants_.clear();
}

Oracle::Session* Oracle::SessionOf(std::string_view token) {
  const auto known = tokens_.find(token);
  if (known == tokens_.end()) return nullptr;
  const auto found = sessions_.find(known->second);
  return found == sessions_.end() ? nullptr : &found->second;
}

// --- Clients ---

void Oracle::Sent(uint64_t link, uint64_t frame, const Op& op, uint64_t token) {
  sent_[{link, frame}] = {op, token};
  ledger_.Sent(op);
}

std::string Oracle::Answered(uint64_t link, uint64_t frame, const v1::CallReply& reply) {
  const FrameKey key = {link, frame};
  const auto expected = expected_.find(key);
  const auto sent = sent_.find(key);
  Require(sent != sent_.end(), Name(key) + " was answered but never sent");
  const Op& op = sent->second.op;
  const std::string words =
      reply.has_error() ? wire::ReasonWord(reply.error().reason()) : Words(op, reply.payload());
  Require(expected != expected_.end(), Name(key) + " was answered \"" + words +
                                           "\" before it could be, or twice: " + Describe(op));
  Require(words == expected->second.words, Describe(op) + " was answered \"" + words +
                                               "\" and not \"" + expected->second.words + "\"");
  if (!reply.has_error() && expected->second.life == life_) {
    NoteGrants(op, reply.payload(), expected->second.call);
    if (told_.insert(op.id).second) ledger_.Answered(op, words);
  }
  expected_.erase(expected);
  return words;
}

void Oracle::NoteGrants(const Op& op, const std::string& payload, uint64_t call) {
  uint64_t index = 0;
  for (const uint64_t token : GrantTokens(op, payload)) {
    const uint64_t grant = GrantOf(call, index++);
    const auto [place, fresh] = grants_.try_emplace(token, grant);
    Require(fresh || place->second == grant,
            "two grants have number " + std::to_string(token) + ": " + Describe(op));
  }
}

void Oracle::SessionOpened(int process, uint64_t session, const std::string& token) {
  // The news may be from a daemon that is no more.
  const auto found = sessions_.find(session);
  if (found != sessions_.end() && found->second.process == process) tokens_[token] = session;
}

void Oracle::ClosesSession(const std::string& token) {
  if (Session* session = SessionOf(token)) session->closes = true;
}

// --- The daemon ---

void Oracle::OnStream(uint64_t link, std::string_view session_token, bool accepted) {
  Judge([&] {
    Session* session = SessionOf(session_token);
    Require(accepted == (session != nullptr),
            std::string("the daemon ") + (accepted ? "accepts" : "refuses") + " session " +
                std::string(session_token.substr(0, session_token.find('.'))));
    if (session != nullptr) session->links.insert(link);
  });
}

void Oracle::OnFrame(const ArrivedFrame& frame) {
  Judge([&] {
    frame_ = &frame;
    logged_ = false;
  });
}

void Oracle::OnInput(const engine::Input& input) {
  Judge([&] {
    replica_.OnInput(input);
    const auto call = static_cast<uint64_t>(input.stamp.call);
    const auto session = static_cast<uint64_t>(input.stamp.owner.session);
    const auto now_ms = static_cast<int64_t>(input.stamp.now);
    switch (input.kind) {
      case engine::Input::Kind::kOp:
        return OnOp(input.stamp);
      case engine::Input::Kind::kCancel:
        return OnCancel(call, now_ms, wire::ReasonWord(static_cast<v1::ErrorReason>(input.code)));
      case engine::Input::Kind::kAbandon:
        return OnAbandon(call, now_ms);
      case engine::Input::Kind::kAdvance:
        return Distribute(world_.Advance(now_ms));
      case engine::Input::Kind::kRearm:
        history_.Note("leases go on for " + std::to_string(input.ms) + " ms more");
        return world_.Rearm(static_cast<int64_t>(input.ms));
      case engine::Input::Kind::kOpenSession:
        return OnOpen(session, input.ms, std::string(input.payload));
      case engine::Input::Kind::kEndSession:
        return OnEnd(session, now_ms);
    }
  });
}

void Oracle::OnOpen(uint64_t id, uint64_t ttl_ms, const std::string& label) {
  Require(!sessions_.contains(id), "session " + std::to_string(id) + " was used before");
  v1::SessionLabel who;
  Require(who.ParseFromString(label), "the label of a session is none");
  Session& session = sessions_[id];
  session.ttl_ms = ttl_ms;
  session.detached_ms = static_cast<int64_t>(daemon_->now());
  session.process = static_cast<int>(who.pid());
  world_.OpenSession(id);
}

void Oracle::OnEnd(uint64_t id, int64_t now_ms) {
  const auto found = sessions_.find(id);
  Require(found != sessions_.end(), "session " + std::to_string(id) + " ended twice");
  const Session& session = found->second;
  const int64_t alone_ms = now_ms - session.detached_ms;
  const bool may_end = session.closes || (session.links.empty() &&
                                          (processes_gone_.contains(session.process) ||
                                           alone_ms >= static_cast<int64_t>(session.ttl_ms)));
  Require(may_end, "session " + std::to_string(id) + " ended with " +
                       std::to_string(session.links.size()) + " connections open, " +
                       std::to_string(alone_ms) + " ms after the last one closed");
  history_.Note("session " + std::to_string(id) + " ends");
  Distribute(world_.EndSession(id, now_ms));
  sessions_.erase(found);
}

void Oracle::OnOp(const engine::Stamp& stamp) {
  if (setup_) return;
  const auto call = static_cast<uint64_t>(stamp.call);
  const auto session = static_cast<uint64_t>(stamp.owner.session);
  const auto now_ms = static_cast<int64_t>(stamp.now);
  Require(frame_ != nullptr && !logged_, "the engine applied an op that nobody sent now");
  logged_ = true;
  const v1::CallRequest& request = *frame_->request;
  const FrameKey key = {frame_->link, request.id()};
  const SentOp& sent = sent_.at(key);
  Session* owner = SessionOf(frame_->session_token);
  Require(owner != nullptr && tokens_.find(frame_->session_token)->second == session &&
              stamp.owner.thread == request.thread(),
          "the daemon took the op for another's: " + Describe(sent.op));
  Lane& lane = owner->lanes[request.lane()];
  const uint64_t seq = request.seq();
  if (seq != 0) {
    const uint64_t acked = std::max(lane.acked, request.acked());
    Require(seq > acked && !lane.kept.contains(seq) && !lane.parked.contains(seq),
            "executed again: " + Describe(sent.op));
    lane.parked[seq] = call;
  }
  Call& state = calls_[call];
  state = {.op = sent.op, .route = key, .session = session, .lane = request.lane(), .seq = seq};
  state.deadline_ms = DeadlineOf(*frame_);
  Answers answers = world_.Apply(sent.op, {.call = call,
                                           .session = session,
                                           .thread = request.thread(),
                                           .now_ms = now_ms,
                                           .grant = GrantWith(sent.token)});
  state.changed = world_.HasEffect(call);
  Distribute(answers);
}

void Oracle::OnCancel(uint64_t id, int64_t now_ms, const std::string& words) {
  const auto found = calls_.find(id);
  Require(found != calls_.end(), "the engine cancelled a call that does not wait");
  const Call& call = found->second;
  const bool asked = frame_ != nullptr && frame_->request->method() == 0 && call.route &&
                     *call.route == FrameKey{frame_->link, frame_->request->id()};
  Require(
      words == (asked ? "CANCELLED" : "DEADLINE_EXCEEDED") && (asked || call.deadline_ms <= now_ms),
      "cancelled for no reason: " + Describe(call.op));
  Answers answers = world_.Cancel(id, now_ms);
  answers[id] = words;
  Distribute(answers);
}

void Oracle::OnAbandon(uint64_t id, int64_t now_ms) {
  const auto found = calls_.find(id);
  Require(found != calls_.end(), "the engine abandoned a call that does not wait");
  Call& call = found->second;
  const bool gone = closing_link_ && call.route && call.route->first == *closing_link_;
  Require(gone && !(world_.HasEffect(id) && call.seq != 0),
          "abandoned for no reason: " + Describe(call.op));
  call.route.reset();
  Distribute(world_.Cancel(id, now_ms), id);
}

void Oracle::AfterFrame(const ArrivedFrame& frame) {
  Judge([&] {
    frame_ = nullptr;
    const FrameKey key = {frame.link, frame.request->id()};
    if (!logged_ && frame.request->method() != 0) AnswerUnlogged(frame, sent_.at(key));
    Session* session = SessionOf(frame.session_token);
    if (session == nullptr || frame.request->seq() == 0) return;
    Lane& lane = session->lanes[frame.request->lane()];
    lane.acked = std::max(lane.acked, frame.request->acked());
    lane.kept.erase(lane.kept.begin(), lane.kept.upper_bound(lane.acked));
  });
}

void Oracle::AnswerUnlogged(const ArrivedFrame& frame, const SentOp& sent) {
  const v1::CallRequest& request = *frame.request;
  const FrameKey key = {frame.link, request.id()};
  Session* session = SessionOf(frame.session_token);
  if (session == nullptr) return Expect(key, {.words = "SESSION_EXPIRED", .op = sent.op});
  if (request.seq() != 0) {
    Lane& lane = session->lanes[request.lane()];
    const uint64_t acked = std::max(lane.acked, request.acked());
    if (request.seq() <= acked)
      return Expect(key, {.words = "ALREADY_ACKNOWLEDGED", .op = sent.op});
    if (const auto kept = lane.kept.find(request.seq()); kept != lane.kept.end()) {
      history_.Note("resent, answered from what was kept: " + Describe(sent.op));
      return Expect(key, {kept->second.words, kept->second.call, sent.op});
    }
    if (const auto parked = lane.parked.find(request.seq()); parked != lane.parked.end()) {
      Call& call = calls_.at(parked->second);
      history_.Note("resent, it waits already: " + Describe(sent.op));
      if (call.route) Expect(*call.route, {.words = "TAKEN_OVER", .op = sent.op});
      call.route = key;
      call.deadline_ms = DeadlineOf(frame);
      return;
    }
  }
  const uint64_t call = kUnlogged;
  Answers answers = world_.Apply(sent.op, {.call = call,
                                           .session = tokens_.find(frame.session_token)->second,
                                           .thread = request.thread(),
                                           .now_ms = static_cast<int64_t>(frame.now),
                                           .grant = GrantWith(sent.token)});
  Require(answers.size() == 1 && answers.contains(call) &&
              MayChangeNothing(sent.op, answers.begin()->second),
          "the engine has not logged what changes or waits: " + Describe(sent.op) +
              (answers.empty() ? "" : ": " + answers.begin()->second));
  if (request.seq() != 0 && !IsRead(sent.op)) {
    session->lanes[request.lane()].kept[request.seq()] = {answers[call], 0};
  }
  Expect(key, {answers[call], 0, sent.op});
}

uint64_t Oracle::GrantWith(uint64_t token) const {
  const auto found = grants_.find(token);
  return found == grants_.end() ? 0 : found->second;
}

void Oracle::Expect(const FrameKey& frame, Expected expected) {
  history_.Note("  " + Describe(expected.op) + " -> " + expected.words);
  expected.life = life_;
  Require(expected_.emplace(frame, std::move(expected)).second, Name(frame) + " is answered twice");
}

void Oracle::Distribute(const Answers& answers, std::optional<uint64_t> abandoned) {
  for (const auto& [call, words] : answers) Finish(call, words, call != abandoned);
}

void Oracle::Finish(uint64_t id, const std::string& words, bool keeps) {
  auto node = calls_.extract(id);
  Require(!node.empty(), "the model answered a call that the daemon has not: " + words);
  const Call& call = node.mapped();
  const bool changed = call.changed || !MayChangeNothing(call.op, words);
  if (changed) {
    Require(++effects_[call.op.id] == 1, "applied twice: " + Describe(call.op));
  }
  const auto session = sessions_.find(call.session);
  if (call.seq != 0 && session != sessions_.end()) {
    Lane& lane = session->second.lanes[call.lane];
    lane.parked.erase(call.seq);
    if (keeps && !IsRead(call.op) && call.seq > lane.acked) lane.kept[call.seq] = {words, id};
  }
  if (call.route) {
    Expect(*call.route, {words, id, call.op});
  } else {
    history_.Note("  " + Describe(call.op) + " -> " + words + ", told nobody");
  }
}

void Oracle::OnLinkClosed(uint64_t link) {
  Judge([&] { closing_link_ = link; });
}

void Oracle::AfterLinkClosed(uint64_t link) {
  Judge([&] {
    closing_link_.reset();
    for (auto& [id, call] : calls_) {
      if (!call.route || call.route->first != link) continue;
      Require(world_.HasEffect(id) && call.seq != 0,
              "its connection is gone and it still waits: " + Describe(call.op));
      call.route.reset();
    }
    for (auto& [id, session] : sessions_) {
      if (session.links.erase(link) > 0 && session.links.empty()) {
        session.detached_ms = static_cast<int64_t>(daemon_->now());
      }
    }
  });
}

void Oracle::OnStall(int64_t ms) {
  // A short one need not be noticed.
  constexpr int64_t kNoticedMs = 2000;
  if (ms < kNoticedMs) return;
  for (auto& [id, session] : sessions_) session.detached_ms += ms;
}

void Oracle::OnDeath() {
  Judge([&] { replica_.Judge(daemon_->engine(), random_); });
  dead_ = true;
}

void Oracle::AfterTurn() {
  Judge([&] {
    std::vector<uint64_t> parked;
    for (const auto& [call, op] : daemon_->engine().parked()) {
      parked.push_back(static_cast<uint64_t>(call));
    }
    const std::vector<uint64_t> waiting = world_.Waiting();
    if (parked == waiting) return;
    std::string message = "in the engine wait";
    for (const uint64_t call : parked) message += " " + std::to_string(call);
    message += "; in the model";
    for (const uint64_t call : waiting) message += " " + std::to_string(call);
    for (const auto& [id, call] : calls_)
      message += "\n    " + std::to_string(id) + " is " + Describe(call.op);
    throw Violation(message);
  });
}

// --- The end ---

bool Oracle::IsWaiting(uint64_t op) const {
  for (const auto& [id, call] : calls_) {
    if (call.op.id == op) return true;
  }
  return false;
}

void Oracle::JudgeEnd(Daemon& daemon) {
  replica_.Judge(daemon.engine(), random_);
  for (const char* counter : {"{t}n0", "{t}n1"}) {
    v1::CounterGetRequest request;
    request.set_name(counter);
    v1::CounterGetReply reply;
    const std::string payload = daemon.Apply("/coheld.v1.Counter/Get", request.SerializeAsString());
    Require(reply.ParseFromString(payload), "Counter.Get failed");
    ledger_.JudgeCounter(counter, reply.value());
  }
}

}  // namespace coheld::simulation
