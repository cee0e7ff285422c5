// See oracle.h.
#include "tests/simulation/oracle.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "coheld/v1/counter.pb.h"
#include "coheld/v1/queue.pb.h"
#include "proto/wire/methods.h"
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

// True of an error that tells for sure that the op was not done, nor will be.
bool DidNotHappen(v1::ErrorReason reason) {
  return reason != v1::ERROR_REASON_TAKEN_OVER && reason != v1::ERROR_REASON_SESSION_EXPIRED &&
         reason != v1::ERROR_REASON_ALREADY_ACKNOWLEDGED &&
         reason != v1::ERROR_REASON_SHUTTING_DOWN;
}

template <typename Request, typename Reply>
Reply Ask(Daemon& daemon, const std::string& path, const std::string& name) {
  Request request;
  request.set_name(name);
  Reply reply;
  Require(reply.ParseFromString(daemon.Apply(path, request.SerializeAsString())), path + " failed");
  return reply;
}

}  // namespace

Book::Session* Oracle::SessionOf(std::string_view token) {
  const auto known = tokens_.find(token);
  return known == tokens_.end() ? nullptr : book_.Find(known->second);
}

// --- Clients ---

void Oracle::Sent(uint64_t link, uint64_t frame, const Op& op, uint64_t token, uint64_t fence) {
  sent_[{link, frame}] = {op, token, fence};
  ledger_.Sent(op);
}

std::string Oracle::Answered(uint64_t link, uint64_t frame, const v1::CallReply& reply) {
  const FrameKey key = {link, frame};
  const auto sent = sent_.find(key);
  Require(sent != sent_.end(), Name(key) + " was answered but never sent");
  const Op& op = sent->second.op;
  const std::string words =
      reply.has_error() ? wire::ReasonWord(reply.error().reason()) : Words(op, reply.payload());
  const auto found = expected_.find(key);
  Require(found != expected_.end(), Name(key) + " was answered \"" + words +
                                        "\" before it could be, or twice: " + Describe(op));
  const Expected expected = expected_.extract(found).mapped();
  const bool compacted = words == "COMPACTED" && expected.words.ends_with(kOrCompacted);
  const std::string wanted = expected.words.substr(0, expected.words.find(kOrCompacted));
  Require(compacted || GrantBook::MatchWords(words, wanted),
          Describe(op) + " was answered \"" + words + "\" and not \"" + expected.words + "\"");
  Require(!expected.broken, "the daemon lost what it answered: " + Describe(op) + " -> " + words);
  if (expected.lost) return words;
  told_index_ = std::max(told_index_, expected.index);
  if (reply.has_error()) {
    if (DidNotHappen(reply.error().reason())) ledger_.Failed(op);
    return words;
  }
  NoteGrants(op, reply.payload(), expected);
  if (!told_ops_.insert(op.id).second) return words;
  ledger_.Answered(op, words);
  told_.push_back({op, words, expected.index});
  return words;
}

void Oracle::NoteGrants(const Op& op, const std::string& payload, const Expected& expected) {
  const std::string words = Words(op, payload);
  grants_.Match(words, expected.words, expected.call, expected.index);
  if (TellsGrants(op)) return grants_.JudgeOrder(book_.world().sync().locks());
  uint64_t count = 0;
  for (const uint64_t token : GrantTokens(op, payload)) {
    grants_.Note(token, GrantOf(expected.call, count++), expected.call, expected.index);
  }
}

void Oracle::SessionOpened(int process, uint64_t session, const std::string& token) {
  // The news may be from a daemon that is no more.
  const Book::Session* found = book_.Find(session);
  if (found != nullptr && found->process == process) tokens_[token] = session;
}

void Oracle::ClosesSession(const std::string& token) {
  const auto known = tokens_.find(token);
  if (known != tokens_.end()) closing_.insert(known->second);
}

// --- The daemon ---

void Oracle::OnStream(uint64_t link, std::string_view session_token, bool accepted) {
  Judge([&] {
    Book::Session* session = SessionOf(session_token);
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
    rings_.BeginFrame();
  });
}

void Oracle::OnInput(const engine::Input& input) {
  Judge([&] {
    replica_.OnInput(input);
    Event event = EventOf(input);
    const std::vector<Book::Ended> ended = book_.Take(event);
    events_.push_back(std::move(event));
    Announce(ended);
    Refuse(&events_.back());
    if (input.kind == engine::Input::Kind::kOp) {
      rings_.NoteOp(book_.world().sync(), events_.back().call);
    }
    rings_.NoteInput(book_.world().sync());
  });
}

void Oracle::Announce(const std::vector<Book::Ended>& ended) {
  for (const auto& [id, call, words] : ended) {
    if (call.route) {
      Expect(*call.route, {.words = words, .call = id, .op = call.op});
    } else {
      history_.Note("  " + Describe(call.op) + " -> " + words + ", told nobody");
    }
  }
}

void Oracle::Refuse(Event* event) {
  const auto& parked = daemon_->engine().parked();
  for (const uint64_t call : book_.world().Waiting()) {
    if (parked.contains(engine::CallId{call}) || !book_.world().IsRefused(call)) continue;
    event->refused.push_back(call);
    Announce(book_.Refuse({call}, event->now_ms));
  }
}

Event Oracle::EventOf(const engine::Input& input) {
  Event event;
  event.kind = input.kind;
  event.setup = setup_;
  event.call = static_cast<uint64_t>(input.stamp.call);
  event.session = static_cast<uint64_t>(input.stamp.owner.session);
  event.now_ms = static_cast<int64_t>(input.stamp.now);
  event.ms = input.ms;
  event.at_us = history_.now_us();
  switch (input.kind) {
    case engine::Input::Kind::kOp:
      if (!setup_) ReadOp(input.stamp, &event);
      break;
    case engine::Input::Kind::kCancel:
      event.words = wire::ReasonWord(static_cast<v1::ErrorReason>(input.code));
      ExamineCancel(event);
      break;
    case engine::Input::Kind::kAbandon:
      ExamineAbandon(event);
      break;
    case engine::Input::Kind::kAdvance:
    case engine::Input::Kind::kAcknowledge:
      break;
    case engine::Input::Kind::kRearm:
      history_.Note("leases go on for " + std::to_string(input.ms) + " ms more");
      break;
    case engine::Input::Kind::kBegin:
    case engine::Input::Kind::kResume:
      Require(begins_, "the engine begins in the middle of its life");
      break;
    case engine::Input::Kind::kOpenSession:
      event.label = input.payload;
      break;
    case engine::Input::Kind::kEndSession:
      ExamineEnd(event);
      history_.Note("session " + std::to_string(event.session) + " ends");
      break;
  }
  return event;
}

void Oracle::ReadOp(const engine::Stamp& stamp, Event* event) {
  Require(frame_ != nullptr && !logged_, "the engine applied an op that nobody sent now");
  logged_ = true;
  const v1::CallRequest& request = *frame_->request;
  const FrameKey key = {frame_->link, request.id()};
  const SentOp& sent = sent_.at(key);
  Require(SessionOf(frame_->session_token) != nullptr &&
              tokens_.find(frame_->session_token)->second == event->session &&
              stamp.owner.thread == request.thread(),
          "the daemon took the op for another's: " + Describe(sent.op));
  Require(!IsForFullDisk(sent.op), "let in although the disk is full: " + Describe(sent.op));
  event->op = sent.op;
  event->thread = request.thread();
  event->lane = request.lane();
  event->seq = request.seq();
  event->acked = stamp.acked;
  event->grant = grants_.With(sent.token);
  event->fence = grants_.With(sent.fence);
  event->route = key;
  event->deadline_ms = DeadlineOf(*frame_);
}

void Oracle::ExamineCancel(const Event& event) const {
  const auto found = book_.calls().find(event.call);
  Require(found != book_.calls().end(), "the engine cancelled a call that does not wait");
  const Book::Call& call = found->second;
  if (event.words == "DEADLOCK") return rings_.ExamineFailure(book_.world().sync(), event.call);
  const bool asked = frame_ != nullptr && frame_->request->method() == 0 && call.route &&
                     *call.route == FrameKey{frame_->link, frame_->request->id()};
  Require(event.words == (asked ? "CANCELLED" : "DEADLINE_EXCEEDED") &&
              (asked || call.deadline_ms <= event.now_ms),
          "cancelled for no reason: " + Describe(call.op));
}

void Oracle::ExamineAbandon(const Event& event) const {
  const auto found = book_.calls().find(event.call);
  Require(found != book_.calls().end(), "the engine abandoned a call that does not wait");
  const Book::Call& call = found->second;
  const bool gone = call.route && (call.route == closing_call_ ||
                                   (closing_link_ && call.route->first == *closing_link_));
  Require(gone && !book_.Stays(event.call, call), "abandoned for no reason: " + Describe(call.op));
}

void Oracle::ExamineEnd(const Event& event) const {
  const auto found = book_.sessions().find(event.session);
  Require(found != book_.sessions().end(),
          "session " + std::to_string(event.session) + " ended twice");
  const Book::Session& session = found->second;
  const int64_t alone_ms = event.now_ms - session.detached_ms;
  const bool may_end =
      closing_.contains(event.session) ||
      (session.links.empty() && (processes_gone_.contains(session.process) ||
                                 alone_ms >= static_cast<int64_t>(session.ttl_ms)));
  Require(may_end, "session " + std::to_string(event.session) + " ended with " +
                       std::to_string(session.links.size()) + " connections open, " +
                       std::to_string(alone_ms) + " ms after the last one closed");
}

void Oracle::AfterFrame(const ArrivedFrame& frame) {
  Judge([&] {
    frame_ = nullptr;
    const FrameKey key = {frame.link, frame.request->id()};
    if (!logged_ && frame.request->method() != 0) AnswerUnlogged(frame, sent_.at(key));
    rings_.EndFrame(book_.world().sync());
    Book::Session* session = SessionOf(frame.session_token);
    if (session == nullptr || frame.request->seq() == 0) return;
    Book::Lane& lane = session->lanes[frame.request->lane()];
    lane.acked = std::max(lane.acked, frame.request->acked());
    lane.kept.erase(lane.kept.begin(), lane.kept.upper_bound(lane.acked));
  });
}

bool Oracle::IsForFullDisk(const Op& op) const {
  const journal::CommitLog* const log = daemon_->log();
  if (log == nullptr || log->has_room()) return false;
  const wire::MethodRow& row = *wire::FindMethod(MethodNumber(op));
  // A Create of what is there changes nothing. (Other types' make anonymous objects here.)
  const auto* sync = std::get_if<SyncOp>(&op.body);
  const bool is_there = sync != nullptr && sync->kind == SyncOp::Kind::kLatchCreate &&
                        book_.world().sync().HasLatch(sync->object);
  if (log->has_reserve_for(0)) return !row.read_only && row.room != v1::ROOM_FREED && !is_there;
  const bool may_wait = row.descriptor->input_type()->FindFieldByName("timeout_ms") != nullptr;
  return !row.read_only || may_wait;
}

void Oracle::AnswerUnlogged(const ArrivedFrame& frame, const SentOp& sent) {
  const v1::CallRequest& request = *frame.request;
  const FrameKey key = {frame.link, request.id()};
  Book::Session* session = SessionOf(frame.session_token);
  if (session == nullptr) return Expect(key, {.words = "SESSION_EXPIRED", .op = sent.op});
  if (request.seq() != 0) {
    Book::Lane& lane = session->lanes[request.lane()];
    const uint64_t acked = std::max(lane.acked, request.acked());
    if (request.seq() <= acked)
      return Expect(key, {.words = "ALREADY_ACKNOWLEDGED", .op = sent.op});
    if (const auto kept = lane.kept.find(request.seq()); kept != lane.kept.end()) {
      history_.Note("resent, answered from what was kept: " + Describe(sent.op));
      return Expect(key, {kept->second.words, kept->second.call, sent.op});
    }
    if (const auto parked = lane.parked.find(request.seq()); parked != lane.parked.end()) {
      Book::Call& call = book_.calls().at(parked->second);
      history_.Note("resent, it waits already: " + Describe(sent.op));
      if (call.route) Expect(*call.route, {.words = "TAKEN_OVER", .op = sent.op});
      call.route = key;
      call.deadline_ms = DeadlineOf(frame);
      return;
    }
  }
  if (IsForFullDisk(sent.op)) {
    if (request.seq() != 0 && !IsRead(sent.op)) {
      session->lanes[request.lane()].kept[request.seq()] = {"DISK_FULL", 0};
    }
    return Expect(key, {.words = "DISK_FULL", .op = sent.op});
  }
  const std::optional<std::string> words =
      book_.Ask(sent.op, {.call = kUnlogged,
                          .session = tokens_.find(frame.session_token)->second,
                          .thread = request.thread(),
                          .now_ms = static_cast<int64_t>(frame.now),
                          .grant = grants_.With(sent.token),
                          .fence = grants_.With(sent.fence)});
  Require(words && MayChangeNothing(sent.op, *words),
          "the engine has not logged what changes or waits: " + Describe(sent.op) +
              (words ? ": " + *words : ""));
  if (request.seq() != 0 && !IsRead(sent.op)) {
    session->lanes[request.lane()].kept[request.seq()] = {*words, 0};
  }
  Expect(key, {*words, 0, sent.op});
}

void Oracle::Expect(const FrameKey& frame, Expected expected) {
  history_.Note("  " + Describe(expected.op) + " -> " + expected.words);
  expected.index = events_.size();
  Require(expected_.emplace(frame, std::move(expected)).second, Name(frame) + " is answered twice");
}

void Oracle::OnCallAborted(uint64_t link, uint64_t frame) {
  Judge([&] { closing_call_ = {link, frame}; });
}

void Oracle::AfterCallAborted(uint64_t link, uint64_t frame) {
  Judge([&] {
    closing_call_.reset();
    for (auto& [id, call] : book_.calls()) {
      if (call.route != FrameKey{link, frame}) continue;
      Require(book_.Stays(id, call), "it was given up and still waits: " + Describe(call.op));
      call.route.reset();
    }
  });
}

void Oracle::OnLinkClosed(uint64_t link) {
  Judge([&] { closing_link_ = link; });
}

void Oracle::AfterLinkClosed(uint64_t link) {
  Judge([&] {
    closing_link_.reset();
    for (auto& [id, call] : book_.calls()) {
      if (!call.route || call.route->first != link) continue;
      Require(book_.Stays(id, call),
              "its connection is gone and it still waits: " + Describe(call.op));
      call.route.reset();
    }
    for (auto& [id, session] : book_.sessions()) {
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
  // (By its own clock it was a little more or less.)
  const auto now_ms = static_cast<int64_t>(daemon_->now());
  for (auto& [id, session] : book_.sessions()) {
    session.detached_ms = std::min(session.detached_ms + ms, now_ms);
  }
}

void Oracle::AfterTurn() {
  Judge([&] {
    std::vector<uint64_t> parked;
    for (const auto& [call, op] : daemon_->engine().parked()) {
      parked.push_back(static_cast<uint64_t>(call));
    }
    rings_.JudgeAll(book_.world().sync());
    const uint64_t anonymous = daemon_->engine().lifetime().anonymous();
    Require(anonymous == book_.world().anonymous(), std::to_string(anonymous) +
                                                        " anonymous objects are there and not " +
                                                        std::to_string(book_.world().anonymous()));
    const std::vector<uint64_t> waiting = book_.world().Waiting();
    if (parked == waiting) return;
    std::string message = "in the engine wait";
    for (const uint64_t call : parked) message += " " + std::to_string(call);
    message += "; in the model";
    for (const uint64_t call : waiting) message += " " + std::to_string(call);
    for (const auto& [id, call] : book_.calls())
      message += "\n    " + std::to_string(id) + " is " + Describe(call.op);
    throw Violation(message);
  });
}

// --- The end ---

bool Oracle::IsWaiting(uint64_t op) const {
  for (const auto& [id, call] : book_.calls()) {
    if (call.op.id == op) return true;
  }
  return false;
}

void Oracle::JudgeQueue(Daemon& daemon, const std::string& queue) const {
  const auto length = [&](const std::string& name) {
    return Ask<v1::QueueLenRequest, v1::QueueLenReply>(daemon, "/coheld.v1.Queue/Len", name);
  };
  const v1::QueueLenReply own = length(queue);
  ledger_.JudgeQueue(queue, {.held = own.length() + own.delayed() + own.leased(),
                             .dead = length(queue + ".dead").length()});
}

void Oracle::JudgeEnd(Daemon& daemon) {
  replica_.Judge(daemon.engine(), random_);
  for (const char* counter : {"{t}n0", "{t}n1"}) {
    ledger_.JudgeCounter(counter, Ask<v1::CounterGetRequest, v1::CounterGetReply>(
                                      daemon, "/coheld.v1.Counter/Get", counter)
                                      .value());
  }
  for (const char* queue : {"{t}q0", "{t}q1", "{t}q2"}) JudgeQueue(daemon, queue);
}

}  // namespace coheld::simulation
