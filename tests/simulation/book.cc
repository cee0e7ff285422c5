// See book.h.
#include "tests/simulation/book.h"

#include <algorithm>

#include "coheld/v1/session.pb.h"
#include "tests/simulation/check.h"

namespace coheld::simulation {
namespace {

// True of the answer of an op that failed, or got nothing in its time.
bool DidNothing(const std::string& words) {
  return IsFailure(words) || words.starts_with("acquired 0") || words == "timed out" ||
         words == "popped none" || words == "received nothing";
}

}  // namespace

Book::Session* Book::Find(uint64_t session) {
  const auto found = sessions_.find(session);
  return found == sessions_.end() ? nullptr : &found->second;
}

Book::Call* Book::FindCall(uint64_t call) {
  const auto found = calls_.find(call);
  return found == calls_.end() ? nullptr : &found->second;
}

std::vector<Book::Ended> Book::Take(const Event& event) {
  using Kind = engine::Input::Kind;
  Answers answers;
  std::optional<uint64_t> abandoned;
  switch (event.kind) {
    case Kind::kOp:
      if (!event.setup) answers = TakeOp(event);
      break;
    case Kind::kCancel:
      answers = world_.Cancel(event.call, event.now_ms);
      answers[event.call] = event.words;
      break;
    case Kind::kAbandon:
      abandoned = event.call;
      if (Call* call = FindCall(event.call)) call->route.reset();
      answers = world_.Cancel(event.call, event.now_ms);
      break;
    case Kind::kAdvance:
      answers = world_.Advance(event.now_ms);
      break;
    case Kind::kRearm:
      world_.Rearm(static_cast<int64_t>(event.ms));
      break;
    case Kind::kBegin:
    case Kind::kAcknowledge:
      break;
    case Kind::kResume: {
      std::vector<Ended> left = Resume(event.now_ms);
      world_.NoteTime(event.now_ms);
      return left;
    }
    case Kind::kOpenSession:
      TakeOpen(event);
      break;
    case Kind::kEndSession:
      answers = world_.EndSession(event.session, event.now_ms);
      break;
  }
  world_.NoteTime(event.now_ms);
  std::vector<Ended> ended;
  for (const auto& [call, words] : answers) {
    ended.push_back(Finish(call, words, call != abandoned));
  }
  for (Ended& more : Refuse(event.refused, event.now_ms)) ended.push_back(std::move(more));
  if (event.kind == Kind::kEndSession) sessions_.erase(event.session);
  return ended;
}

std::vector<Book::Ended> Book::Refuse(const std::vector<uint64_t>& calls, int64_t now_ms) {
  std::vector<Ended> ended;
  for (const uint64_t refused : calls) {
    for (const auto& [call, words] : world_.Refuse(refused, now_ms)) {
      ended.push_back(Finish(call, words, true));
    }
  }
  return ended;
}

Answers Book::TakeOp(const Event& event) {
  Session* owner = Find(event.session);
  Require(owner != nullptr, "executed for a session that is over: " + Describe(event.op));
  if (event.seq != 0) {
    Lane& lane = owner->lanes[event.lane];
    lane.acked = std::max(lane.acked, event.acked);
    lane.kept.erase(lane.kept.begin(), lane.kept.upper_bound(lane.acked));
    Require(event.seq > lane.acked && !lane.kept.contains(event.seq) &&
                !lane.parked.contains(event.seq),
            "executed again: " + Describe(event.op));
    lane.parked[event.seq] = event.call;
  }
  Call& call = calls_[event.call];
  call = {.op = event.op,
          .route = event.route,
          .session = event.session,
          .lane = event.lane,
          .seq = event.seq,
          .deadline_ms = event.deadline_ms};
  Answers answers = world_.Apply(event.op, {.call = event.call,
                                            .session = event.session,
                                            .thread = event.thread,
                                            .now_ms = event.now_ms,
                                            .grant = event.grant,
                                            .fence = event.fence});
  // A party whose time is up as it comes has broken its barrier; else the op would be no input.
  const auto answer = answers.find(event.call);
  call.changed =
      world_.HasEffect(event.call) || (answer != answers.end() && answer->second == "timed out");
  return answers;
}

std::vector<Book::Ended> Book::Resume(int64_t now_ms) {
  std::vector<Ended> ended;
  for (auto& [number, session] : sessions_) {
    for (auto& [lane_number, lane] : session.lanes) {
      std::erase_if(lane.kept, [](const auto& kept) { return !kept.second.change; });
    }
  }
  std::vector<uint64_t> leaving;
  for (auto& [id, call] : calls_) {
    call.route.reset();
    if (!Stays(id, call)) leaving.push_back(id);
  }
  // Last come first, so that none that goes makes way for another one that goes.
  for (auto id = leaving.rbegin(); id != leaving.rend(); ++id) {
    if (!calls_.contains(*id)) continue;
    for (const auto& [call, words] : world_.Cancel(*id, now_ms)) {
      ended.push_back(Finish(call, words, call != *id));
    }
  }
  world_.Resume(now_ms);
  return ended;
}

void Book::TakeOpen(const Event& event) {
  Require(opened_.insert(event.session).second,
          "session " + std::to_string(event.session) + " was used before");
  v1::SessionLabel who;
  Require(who.ParseFromString(event.label), "the label of a session is none");
  Session& session = sessions_[event.session];
  session.ttl_ms = event.ms;
  session.detached_ms = event.now_ms;
  session.process = static_cast<int>(who.pid());
  world_.OpenSession(event.session);
}

Book::Ended Book::Finish(uint64_t id, const std::string& words, bool keeps) {
  auto node = calls_.extract(id);
  Require(!node.empty(), "the model answered a call that the daemon has not: " + words);
  const Call& call = node.mapped();
  if (call.changed || !MayChangeNothing(call.op, words)) {
    Require(++effects_[call.op.id] == 1, "applied twice: " + Describe(call.op));
  }
  if (Session* session = Find(call.session); call.seq != 0 && session != nullptr) {
    Lane& lane = session->lanes[call.lane];
    lane.parked.erase(call.seq);
    if (keeps && !IsRead(call.op) && call.seq > lane.acked) {
      lane.kept[call.seq] = {words, id, call.changed || !DidNothing(words)};
    }
  }
  return {id, call, words};
}

std::optional<std::string> Book::Ask(const Op& op, const Standing& standing) {
  const Answers answers = world_.Apply(op, standing);
  const auto found = answers.find(standing.call);
  if (answers.size() != 1 || found == answers.end()) return std::nullopt;
  return found->second;
}

}  // namespace coheld::simulation
