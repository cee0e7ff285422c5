// Random ops of several sessions on the synchronisation objects, with cancels, timeouts and session
// ends, through the engine and through a naive model: every answer must be the same. Run one seed
// again with COHELD_SEED=N.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/v1/admin.pb.h"
#include "coheld/v1/barrier.pb.h"
#include "coheld/v1/condition.pb.h"
#include "coheld/v1/count_down_latch.pb.h"
#include "coheld/v1/event.pb.h"
#include "coheld/v1/lock.pb.h"
#include "coheld/v1/read_write_lock.pb.h"
#include "coheld/v1/rlock.pb.h"
#include "coheld/v1/semaphore.pb.h"
#include "proto/wire/methods.h"
#include "proto/wire/status.h"
#include "server/engine/engine.h"
#include "tests/unit/engine/sync_model.h"

namespace coheld::engine::testing {
namespace {

using Kind = SyncOp::Kind;

constexpr int kSeeds = 150;
constexpr int kEventsPerSeed = 300;
constexpr uint64_t kSessions = 4;
constexpr uint64_t kThreads = 3;

// --- Between a SyncOp and the engine's messages ---

template <typename Request>
Request Named(const SyncOp& op) {
  Request request;
  request.set_name(op.object);
  return request;
}

template <typename Request>
Request Waiting(const SyncOp& op) {
  auto request = Named<Request>(op);
  if (op.timeout_ms) request.set_timeout_ms(*op.timeout_ms);
  return request;
}

bool IsRLock(const SyncOp& op) { return op.object.ends_with("r"); }

// "{t}r" is of an RLock, "s0" of a Semaphore.
std::string ServiceOf(const SyncOp& op) {
  static const std::map<char, std::string> kServices = {
      {'a', "Lock"},      {'b', "Lock"},          {'r', "RLock"},         {'c', "Condition"},
      {'d', "Condition"}, {'s', "Semaphore"},     {'w', "ReadWriteLock"}, {'e', "Event"},
      {'p', "Barrier"},   {'l', "CountDownLatch"}};
  const char letter = op.object.starts_with('{') ? op.object[3] : op.object[0];
  return kServices.at(letter);
}

std::string MethodName(const SyncOp& op) {
  static constexpr const char* kVerbs[] = {"Acquire",      "Release",         "Acquire",
                                           "Release",      "Lock.AcquireAll", "Lock.ReleaseAll",
                                           "Wait",         "Notify",          "Wait",
                                           "ActionDone",   "Abort",           "Reset",
                                           "AcquireRead",  "AcquireWrite",    "Release",
                                           "Set",          "Clear",           "Wait",
                                           "Create",       "CountDown",       "Wait",
                                           "Admin.Delete", "Inspect"};
  std::string verb = kVerbs[static_cast<size_t>(op.kind)];
  if (verb.find('.') != std::string::npos) return verb;
  if (op.kind == Kind::kInspect && ServiceOf(op) == "Event") verb = "IsSet";
  return ServiceOf(op) + "." + verb;
}

uint32_t MethodNumber(const SyncOp& op) {
  std::string path = "/coheld.v1." + MethodName(op);
  path[path.rfind('.')] = '/';
  return wire::FindMethod(path)->number;
}

std::string LockPayload(const SyncOp& op) {
  if (op.kind == Kind::kAcquireAll) {
    auto request = Waiting<v1::LockAcquireAllRequest>(op);
    for (const std::string& other : op.others) request.add_others(other);
    return request.SerializeAsString();
  }
  if (op.kind == Kind::kReleaseAll) {
    auto request = Named<v1::LockReleaseAllRequest>(op);
    for (const std::string& other : op.others) request.add_others(other);
    return request.SerializeAsString();
  }
  if (!IsRLock(op)) return Waiting<v1::LockAcquireRequest>(op).SerializeAsString();
  if (op.kind == Kind::kLockAcquire) {
    auto request = Waiting<v1::RLockAcquireRequest>(op);
    request.set_depth(op.number);
    return request.SerializeAsString();
  }
  auto request = Named<v1::RLockReleaseRequest>(op);
  request.set_depth(op.number);
  return request.SerializeAsString();
}

// `token` is that of the call that ActionDone names.
std::string Payload(const SyncOp& op, uint64_t token) {
  if (op.kind == Kind::kSemaphoreAcquire) {
    auto request = Waiting<v1::SemaphoreAcquireRequest>(op);
    request.set_count(op.number);
    return request.SerializeAsString();
  }
  if (op.kind == Kind::kSemaphoreRelease) {
    auto request = Named<v1::SemaphoreReleaseRequest>(op);
    request.set_count(op.number);
    return request.SerializeAsString();
  }
  if (op.kind == Kind::kLockAcquire || op.kind == Kind::kAcquireAll ||
      op.kind == Kind::kReleaseAll || (op.kind == Kind::kLockRelease && IsRLock(op))) {
    return LockPayload(op);
  }
  if (op.kind == Kind::kConditionNotify) {
    auto request = Named<v1::ConditionNotifyRequest>(op);
    request.set_count(op.number);
    return request.SerializeAsString();
  }
  if (op.kind == Kind::kBarrierWait) {
    auto request = Waiting<v1::BarrierWaitRequest>(op);
    request.set_has_action(op.flag);
    return request.SerializeAsString();
  }
  if (op.kind == Kind::kActionDone) {
    auto request = Named<v1::BarrierActionDoneRequest>(op);
    request.set_token(token);
    request.set_failed(op.flag);
    return request.SerializeAsString();
  }
  if (op.kind == Kind::kLatchCreate || op.kind == Kind::kCountDown) {
    auto request = Named<v1::CountDownLatchCreateRequest>(op);  // CountDown has the same fields.
    request.set_count(op.number);
    return request.SerializeAsString();
  }
  // Of all others only the name counts, and the timeout of those that wait, which is field 2. (Of a
  // release field 2 is the token: it has no timeout.)
  return Waiting<v1::EventWaitRequest>(op).SerializeAsString();
}

template <typename Message>
Message Parse(const std::string& payload) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(payload));
  return message;
}

std::string Count(const char* word, uint64_t count) {
  return std::string(word) + " " + std::to_string(count);
}

std::string InspectWords(const SyncOp& op, const std::string& payload) {
  const std::string service = ServiceOf(op);
  if (service == "Semaphore") {
    const auto reply = Parse<v1::SemaphoreInspectReply>(payload);
    return Count("available", reply.available()) + Count(" held", reply.held()) +
           Count(" waiters", reply.waiters());
  }
  if (service == "Lock") {
    const auto reply = Parse<v1::LockInspectReply>(payload);
    return Count("by", reply.session()) + Count(" thread", reply.thread()) + " depth 0" +
           Count(" waiters", reply.waiters());
  }
  if (service == "RLock") {
    const auto reply = Parse<v1::RLockInspectReply>(payload);
    return Count("by", reply.session()) + Count(" thread", reply.thread()) +
           Count(" depth", reply.depth()) + Count(" waiters", reply.waiters());
  }
  if (service == "Condition") {
    return Count("waiters", Parse<v1::ConditionInspectReply>(payload).waiters());
  }
  if (service == "Barrier") {
    const auto reply = Parse<v1::BarrierInspectReply>(payload);
    return Count("waiting", reply.waiting()) + Count(" broken", reply.broken()) +
           Count(" acting", reply.acting());
  }
  if (service == "ReadWriteLock") {
    const auto reply = Parse<v1::ReadWriteLockInspectReply>(payload);
    return Count("readers", reply.readers()) + Count(" written", reply.written()) +
           Count(" waiters", reply.read_waiters() + reply.write_waiters());
  }
  return Count("set", Parse<v1::EventIsSetReply>(payload).set());
}

// Returns what the engine answered in the model's words.
std::string Words(const SyncOp& op, const std::string& payload) {
  switch (op.kind) {
    case Kind::kSemaphoreAcquire:
    case Kind::kAcquireRead:
    case Kind::kAcquireWrite:  // All three replies begin alike.
      return Count("acquired", Parse<v1::SemaphoreAcquireReply>(payload).acquired());
    case Kind::kSemaphoreRelease:
      return Count("available", Parse<v1::SemaphoreReleaseReply>(payload).available());
    case Kind::kLockAcquire:
      if (IsRLock(op)) return Count("acquired", Parse<v1::RLockAcquireReply>(payload).depth());
      return Count("acquired", Parse<v1::LockAcquireReply>(payload).acquired());
    case Kind::kLockRelease:
      if (!IsRLock(op)) return "left 0";
      return Count("left", Parse<v1::RLockReleaseReply>(payload).depth());
    case Kind::kAcquireAll: {
      const auto reply = Parse<v1::LockAcquireAllReply>(payload);
      EXPECT_EQ(reply.acquired(), reply.tokens_size() > 0);
      return Count("acquired", static_cast<uint64_t>(reply.tokens_size()));
    }
    case Kind::kReleaseAll:
    case Kind::kReadWriteRelease:
      return "released";
    case Kind::kConditionWait: {
      const auto reply = Parse<v1::ConditionWaitReply>(payload);
      return Count("notified", reply.notified()) + Count(" depth", reply.depth());
    }
    case Kind::kConditionNotify:
      return Count("woken", Parse<v1::ConditionNotifyReply>(payload).woken());
    case Kind::kBarrierWait: {
      const auto reply = Parse<v1::BarrierWaitReply>(payload);
      EXPECT_EQ(reply.run_action(), reply.token() != 0);
      if (reply.timed_out()) return "timed out";
      return Count(reply.run_action() ? "action index" : "index", reply.index());
    }
    case Kind::kActionDone:
    case Kind::kAbort:
    case Kind::kReset:
      return "done";
    case Kind::kEventSet:
    case Kind::kEventClear:
      return Count("was", Parse<v1::EventSetReply>(payload).was_set());
    case Kind::kEventWait:
      return Count("set", Parse<v1::EventWaitReply>(payload).set());
    case Kind::kLatchCreate:
      return Count("created", Parse<v1::CountDownLatchCreateReply>(payload).created());
    case Kind::kCountDown:
      return Count("remaining", Parse<v1::CountDownLatchCountDownReply>(payload).remaining());
    case Kind::kLatchWait:
      return Count("open", Parse<v1::CountDownLatchWaitReply>(payload).open());
    case Kind::kLatchDelete:
      return Count("deleted", Parse<v1::AdminDeleteReply>(payload).deleted());
    case Kind::kInspect:
      return InspectWords(op, payload);
  }
  return "";
}

// --- One run ---

// Drives the engine and, beside it, the model.
class SyncRun {
 public:
  explicit SyncRun(uint64_t seed) : random_(seed) {
    for (uint64_t session = 1; session <= kSessions; ++session) Open(session);
    MakeObjects();
  }

  // Makes all events; false as soon as the two differ.
  bool Go() {
    for (int event = 0; event < kEventsPerSeed && !::testing::Test::HasFailure(); ++event) Step();
    return !::testing::Test::HasFailure();
  }

  // Every event and every reply in words.
  const std::string& transcript() const { return transcript_; }
  // The answers that came up.
  const std::set<std::string>& answers() const { return answers_; }

 private:
  uint64_t Pick(uint64_t count) { return random_() % count; }

  void Open(uint64_t session) {
    engine_.OpenSession(SessionId{session}, {}, 10'000, TimeMs{now_});
    model_.OpenSession(session);
    sessions_.push_back(session);
  }

  template <typename Request>
  void Make(const char* path, const Request& request) {
    std::vector<Reply> replies;
    engine_.Apply({.call = CallId{++last_call_}, .now = TimeMs{now_}},
                  wire::FindMethod(path)->number, request.SerializeAsString(), &replies);
    ASSERT_FALSE(replies.at(0).failure);
  }

  void MakeSemaphore(const std::string& name, uint64_t permits, bool bounded) {
    v1::SemaphoreCreateRequest request;
    request.set_name(name);
    request.set_permits(permits);
    request.set_bounded(bounded);
    Make("/coheld.v1.Semaphore/Create", request);
    model_.AddSemaphore(name, permits, bounded);
  }

  void MakeLock(const std::string& name, v1::LockRelease release) {
    v1::LockCreateRequest request;
    request.set_name(name);
    request.set_release(release);
    Make("/coheld.v1.Lock/Create", request);
    model_.AddLock(name, false, release == v1::LOCK_RELEASE_ANYONE);
  }

  void MakeCondition(const std::string& name, const std::string& lock) {
    v1::ConditionCreateRequest request;
    request.set_name(name);
    request.set_lock(lock);
    Make("/coheld.v1.Condition/Create", request);
    model_.AddCondition(name, lock);
  }

  void MakeBarrier(const std::string& name, uint64_t parties) {
    v1::BarrierCreateRequest request;
    request.set_name(name);
    request.set_parties(parties);
    Make("/coheld.v1.Barrier/Create", request);
    model_.AddBarrier(name, parties);
  }

  void MakeObjects() {
    MakeSemaphore("s0", 2, false);
    MakeSemaphore("s1", 3, true);
    MakeLock("{t}a", v1::LOCK_RELEASE_OWNER);
    MakeLock("{t}b", v1::LOCK_RELEASE_ANYONE);
    v1::RLockCreateRequest request;
    request.set_name("{t}r");
    Make("/coheld.v1.RLock/Create", request);
    model_.AddLock("{t}r", true, false);
    MakeCondition("{t}c", "{t}r");
    MakeCondition("{t}d", "{t}b");
    MakeBarrier("p0", 2);
    MakeBarrier("p1", 3);
    model_.AddReadWriteLock("w0");  // The engine makes it when it is first used.
  }

  void Step() {
    std::vector<Reply> replies;
    const uint64_t dice = Pick(100);
    const std::vector<uint64_t> waiting = model_.Waiting();
    if (dice < 84) {
      Apply(MakeOp());
    } else if (dice < 90) {
      now_ += static_cast<int64_t>(Pick(40));
      Note(Count("advance to", static_cast<uint64_t>(now_)));
      engine_.Advance(TimeMs{now_}, &replies);
      Compare(replies, model_.Advance(now_));
    } else if (dice < 97) {
      const uint64_t call = waiting.empty() ? last_call_ : waiting[Pick(waiting.size())];
      Note(Count("cancel", call));
      engine_.Cancel(CallId{call}, {v1::ERROR_REASON_CANCELLED, "cancelled"}, TimeMs{now_},
                     &replies);
      Compare(replies, model_.Cancel(call));
    } else {
      const size_t place = Pick(sessions_.size());
      const uint64_t session = sessions_[place];
      Note(Count("end session", session));
      engine_.EndSession(SessionId{session}, TimeMs{now_}, &replies);
      Compare(replies, model_.EndSession(session));
      sessions_.erase(sessions_.begin() + static_cast<std::ptrdiff_t>(place));
      Open(session + 100);
    }
  }

  void Apply(const SyncOp& op) {
    std::vector<Reply> replies;
    ops_[op.call] = op;
    Note(MethodName(op) + " " + op.object + Count(" session", op.session) +
         Count(" thread", op.thread) + Count(" number", op.number) + Count(" call", op.call));
    const uint64_t token = op.kind == Kind::kActionDone ? tokens_[op.number] : 0;
    engine_.Apply({.call = CallId{op.call},
                   .owner = {.session = SessionId{op.session}, .thread = op.thread},
                   .now = TimeMs{now_}},
                  MethodNumber(op), Payload(op, token), &replies);
    Compare(replies, model_.Apply(op, now_));
  }

  std::string ObjectFor(Kind kind) {
    static const std::vector<std::string> kAll = {"s0",   "s1", "{t}a", "{t}b", "{t}r", "{t}c",
                                                  "{t}d", "p0", "p1",   "w0",   "e0"};
    if (kind <= Kind::kSemaphoreRelease) return Pick(2) == 0 ? "s0" : "s1";
    if (kind <= Kind::kReleaseAll) return kAll[2 + Pick(3)];
    if (kind <= Kind::kConditionNotify) return kAll[5 + Pick(2)];
    if (kind <= Kind::kReset) return Pick(2) == 0 ? "p0" : "p1";
    if (kind <= Kind::kReadWriteRelease) return "w0";
    if (kind <= Kind::kEventWait) return "e0";
    if (kind <= Kind::kLatchDelete) return "l0";
    return kAll[Pick(kAll.size())];
  }

  // Draws a caller of whom no op waits: a thread does one thing at a time.
  void PickCaller(SyncOp* op) {
    for (int tries = 0; tries < 20; ++tries) {
      op->session = Pick(12) == 0 ? 0 : sessions_[Pick(sessions_.size())];
      op->thread = Pick(kThreads);
      if (op->session == 0 || !model_.IsWaiting({op->session, op->thread})) return;
    }
    op->session = 0;
  }

  SyncOp MakeOp() {
    // Most of the ops take and give back.
    static constexpr Kind kDeck[] = {Kind::kSemaphoreAcquire,
                                     Kind::kSemaphoreAcquire,
                                     Kind::kSemaphoreRelease,
                                     Kind::kLockAcquire,
                                     Kind::kLockAcquire,
                                     Kind::kLockAcquire,
                                     Kind::kLockRelease,
                                     Kind::kLockRelease,
                                     Kind::kLockRelease,
                                     Kind::kAcquireAll,
                                     Kind::kAcquireAll,
                                     Kind::kReleaseAll,
                                     Kind::kConditionWait,
                                     Kind::kConditionWait,
                                     Kind::kConditionWait,
                                     Kind::kConditionNotify,
                                     Kind::kConditionNotify,
                                     Kind::kBarrierWait,
                                     Kind::kBarrierWait,
                                     Kind::kBarrierWait,
                                     Kind::kActionDone,
                                     Kind::kActionDone,
                                     Kind::kAbort,
                                     Kind::kReset,
                                     Kind::kReset,
                                     Kind::kAcquireRead,
                                     Kind::kAcquireRead,
                                     Kind::kAcquireWrite,
                                     Kind::kReadWriteRelease,
                                     Kind::kReadWriteRelease,
                                     Kind::kEventSet,
                                     Kind::kEventClear,
                                     Kind::kEventWait,
                                     Kind::kLatchCreate,
                                     Kind::kCountDown,
                                     Kind::kLatchWait,
                                     Kind::kLatchDelete,
                                     Kind::kInspect,
                                     Kind::kInspect};
    SyncOp op;
    op.kind = kDeck[Pick(std::size(kDeck))];
    op.call = ++last_call_;
    op.object = ObjectFor(op.kind);
    PickCaller(&op);
    op.flag = Pick(3) == 0;
    const bool releases = op.kind == Kind::kLockRelease || op.kind == Kind::kReadWriteRelease;
    if (!releases && Pick(3) != 0) op.timeout_ms = Pick(3) * 30;
    if (op.kind <= Kind::kSemaphoreRelease || op.kind >= Kind::kLatchCreate)
      op.number = 1 + Pick(3);
    if ((op.kind == Kind::kLockAcquire || op.kind == Kind::kLockRelease) && IsRLock(op)) {
      op.number = 1 + Pick(2);
    }
    if (op.kind == Kind::kConditionNotify) op.number = Pick(3);
    if (op.kind == Kind::kActionDone) op.number = runners_[op.object];
    for (const char* other : {"{t}a", "{t}b", "{t}r"}) {
      const bool many = op.kind == Kind::kAcquireAll || op.kind == Kind::kReleaseAll;
      if (many && op.object != other && Pick(2) == 0) op.others.push_back(other);
    }
    // The holder of a lock releases it more often than chance has it.
    if ((op.kind == Kind::kLockRelease || op.kind >= Kind::kConditionWait) && Pick(3) != 0) {
      BeTheHolder(&op);
    }
    return op;
  }

  // Makes the op one of the caller who holds the lock that it needs, if somebody does.
  void BeTheHolder(SyncOp* op) {
    std::string name = op->object;
    if (name == "{t}c") name = "{t}r";
    if (name == "{t}d") name = "{t}b";
    const Store::Held* held = engine_.store().Find(name);
    if (held == nullptr || held->object->holds().empty()) return;
    const Owner owner = held->object->holds().front().owner;
    const auto session = static_cast<uint64_t>(owner.session);
    if (model_.IsWaiting({session, owner.thread})) return;
    op->session = session;
    op->thread = owner.thread;
  }

  void Note(const std::string& line) { transcript_ += line + "\n"; }

  void Compare(const std::vector<Reply>& replies, const SyncAnswers& expected) {
    SyncAnswers actual;
    for (const Reply& reply : replies) {
      const SyncOp& op = ops_.at(static_cast<uint64_t>(reply.call));
      const std::string words =
          reply.failure ? wire::ReasonWord(reply.failure->reason) : Words(op, reply.payload);
      EXPECT_TRUE(actual.emplace(op.call, words).second) << "answered twice: call " << op.call;
      Note("  " + std::to_string(op.call) + ": " + words);
      answers_.insert(words);
      if (!reply.failure) CheckTokens(op, reply.payload);
    }
    EXPECT_EQ(actual, expected) << "after:\n" << transcript_;
    std::vector<uint64_t> parked;
    for (const auto& [call, op] : engine_.parked()) parked.push_back(static_cast<uint64_t>(call));
    EXPECT_EQ(parked, model_.Waiting()) << "after:\n" << transcript_;
    CheckBooks();
  }

  // A grant's token is above all before, but for an RLock that its owner takes again.
  void CheckTokens(const SyncOp& op, const std::string& payload) {
    uint64_t token = 0;
    if (op.kind == Kind::kSemaphoreAcquire || op.kind == Kind::kAcquireRead ||
        op.kind == Kind::kAcquireWrite || (op.kind == Kind::kLockAcquire && !IsRLock(op))) {
      token = Parse<v1::SemaphoreAcquireReply>(payload).token();
    }
    if (op.kind == Kind::kLockAcquire && IsRLock(op)) {
      const auto reply = Parse<v1::RLockAcquireReply>(payload);
      token = reply.depth() > op.number ? 0 : reply.token();
    }
    if (op.kind == Kind::kBarrierWait) {
      token = Parse<v1::BarrierWaitReply>(payload).token();
      if (token != 0) runners_[op.object] = op.call;
      tokens_[op.call] = token;
    }
    if (token == 0) return;
    EXPECT_GT(token, last_token_) << "after:\n" << transcript_;
    last_token_ = token;
  }

  // What the engine keeps twice agrees: rights, by object and by session.
  void CheckBooks() {
    std::set<std::pair<SessionId, std::string>> held;
    for (const auto& [name, place] : engine_.store().objects()) {
      for (const Hold& hold : place.object->holds()) held.emplace(hold.owner.session, name);
    }
    for (const auto& [id, session] : engine_.sessions().all()) {
      for (const std::string& name : session.held) EXPECT_EQ(held.erase({id, name}), 1u) << name;
    }
    EXPECT_TRUE(held.empty()) << "after:\n" << transcript_;
  }

  std::mt19937_64 random_;
  Engine engine_;
  SyncModel model_;
  int64_t now_ = 1000;
  uint64_t last_call_ = 0;
  uint64_t last_token_ = 0;
  std::vector<uint64_t> sessions_;
  std::map<uint64_t, SyncOp> ops_;
  std::map<std::string, uint64_t>
      runners_;                          // By barrier: the last call that was to run the action.
  std::map<uint64_t, uint64_t> tokens_;  // By such a call.
  std::string transcript_;
  std::set<std::string> answers_;
};

TEST(RandomSync, IsAnsweredAsByTheNaiveModelAndTheSameEachTime) {
  const char* const wanted = std::getenv("COHELD_SEED");
  const uint64_t first = wanted != nullptr ? std::stoull(wanted) : std::random_device()();
  const int seeds = wanted != nullptr ? 1 : kSeeds;
  std::set<std::string> answers;
  std::cout << "seeds " << first << " to " << first + static_cast<uint64_t>(seeds) - 1 << ", "
            << kEventsPerSeed << " events each\n";
  for (uint64_t seed = first; seed < first + static_cast<uint64_t>(seeds); ++seed) {
    SCOPED_TRACE("run again with COHELD_SEED=" + std::to_string(seed));
    SyncRun run(seed);
    ASSERT_TRUE(run.Go());
    SyncRun again(seed);
    ASSERT_TRUE(again.Go());
    ASSERT_EQ(run.transcript(), again.transcript());
    answers.insert(run.answers().begin(), run.answers().end());
  }
  if (seeds == 1) return;
  for (const char* answer :
       {"acquired 0", "acquired 1", "acquired 2", "acquired 3", "notified 1 depth 1",
        "notified 1 depth 2", "notified 0 depth 1", "woken 2", "index 0", "index 1", "index 2",
        "action index 2", "timed out", "set 1", "open 1", "BARRIER_BROKEN", "CANCELLED",
        "INVALID_ARGUMENT", "LOCK_NOT_HELD", "LOCK_NOT_OWNER", "OBJECT_DELETED", "SESSION_EXPIRED",
        "SEMAPHORE_RELEASED_TOO_OFTEN"}) {
    EXPECT_TRUE(answers.contains(answer)) << "never came up: " << answer;
  }
}

}  // namespace
}  // namespace coheld::engine::testing
