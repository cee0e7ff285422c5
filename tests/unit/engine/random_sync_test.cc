// Random ops of several sessions on the synchronisation objects, with cancels, timeouts and session
// ends, through the engine and through a naive model: every answer must be the same. Run one seed
// again with COHELD_SEED=N.
#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/v1/barrier.pb.h"
#include "coheld/v1/condition.pb.h"
#include "coheld/v1/lock.pb.h"
#include "coheld/v1/rlock.pb.h"
#include "coheld/v1/semaphore.pb.h"
#include "proto/wire/methods.h"
#include "tests/unit/engine/model_run.h"
#include "tests/unit/engine/op_messages.h"
#include "tests/unit/engine/sync_model.h"
#include "tests/unit/engine/sync_words.h"
#include "tests/unit/seeds.h"

namespace coheld::engine::testing {
namespace {

using Kind = SyncOp::Kind;

// So many, and then as many more as it takes until each of kAnswers came up once.
constexpr uint64_t kSeeds = 150;
constexpr uint64_t kSeedsMax = 3000;
constexpr int kEventsPerSeed = 300;
constexpr uint64_t kSessions = 4;
constexpr uint64_t kThreads = 3;
// (Of locks without their grants and holders.)
constexpr const char* kAnswers[] = {"acquired 0",
                                    "acquired 1",
                                    "acquired 2",
                                    "acquired 3",
                                    "died",
                                    "held by",
                                    "renewed",
                                    "LOCK_LOST",
                                    "notified 1 depth 1",
                                    "notified 1 depth 2",
                                    "notified 0 depth 1",
                                    "woken 2",
                                    "index 0",
                                    "index 1",
                                    "index 2",
                                    "action index 2",
                                    "timed out",
                                    "set 1",
                                    "open 1",
                                    "BARRIER_BROKEN",
                                    "CANCELLED",
                                    "INVALID_ARGUMENT",
                                    "LOCK_NOT_HELD",
                                    "LOCK_NOT_OWNER",
                                    "OBJECT_DELETED",
                                    "SESSION_EXPIRED",
                                    "SEMAPHORE_RELEASED_TOO_OFTEN"};

class SyncRun : public ModelRun<SyncModel, SyncOp> {
 public:
  explicit SyncRun(uint64_t seed)
      : ModelRun(seed, {.ops = 84, .advances = 6, .cancels = 7}, kSessions) {
    MakeObjects();
  }

  // The answers that came up.
  const std::set<std::string>& answers() const { return answers_; }

 private:
  template <typename Request>
  void Make(const char* path, const Request& request) {
    std::vector<Reply> replies;
    engine_->Apply({.call = CallId{++last_call_}, .now = TimeMs{now_}},
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

  void ApplyOne() override {
    const SyncOp op = MakeOp();
    const std::string line = MethodName(op) + " " + op.object + Count(" session", op.session) +
                             Count(" thread", op.thread) + Count(" number", op.number) +
                             Count(" call", op.call);
    const uint64_t token = op.kind == Kind::kActionDone ? tokens_[op.number]
                           : op.with_token              ? TokenOf(op.grant)
                                                        : 0;
    Apply(op, line, MethodNumber(op), Payload(op, token));
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
                                     Kind::kRenew,
                                     Kind::kRenew,
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
    const bool releases = op.kind == Kind::kLockRelease || op.kind == Kind::kReadWriteRelease ||
                          op.kind == Kind::kRenew;
    if (!releases && Pick(3) != 0) op.timeout_ms = Pick(3) * 30;
    if (op.kind <= Kind::kSemaphoreRelease || op.kind >= Kind::kLatchCreate)
      op.number = 1 + Pick(3);
    if ((op.kind == Kind::kLockAcquire || op.kind == Kind::kLockRelease) && IsRLock(op)) {
      op.number = 1 + Pick(2);
    }
    if (op.kind == Kind::kConditionNotify) op.number = Pick(3);
    if (op.kind >= Kind::kLockAcquire && op.kind <= Kind::kReleaseAll) AddRights(&op);
    if (op.kind == Kind::kActionDone) op.number = runners_[op.object];
    for (const char* other : {"{t}a", "{t}b", "{t}r"}) {
      const bool many = op.kind == Kind::kAcquireAll || op.kind == Kind::kReleaseAll;
      if (many && op.object != other && Pick(2) == 0) op.others.push_back(other);
    }
    // The holder of a lock releases it more often than chance has it.
    const bool holds = op.kind == Kind::kLockRelease || op.kind == Kind::kRenew;
    if ((holds || op.kind >= Kind::kConditionWait) && Pick(3) != 0) {
      BeTheHolder(&op);
    }
    return op;
  }

  // Gives an op on locks a lease, or a grant that there was.
  void AddRights(SyncOp* op) {
    if (Pick(3) == 0) op->lease_ms = 1 + Pick(60);
    const bool names = op->kind == Kind::kLockRelease || op->kind == Kind::kRenew;
    if (!names || grants_.empty() || Pick(3) != 0) return;
    op->with_token = true;
    const auto& all = model_.locks().all().at(op->object).grants;
    const auto any = std::next(grants_.begin(), static_cast<std::ptrdiff_t>(Pick(grants_.size())));
    op->grant =
        all.empty() || Pick(4) == 0 ? any->second : all[all.size() - 1 - Pick(2) % all.size()];
  }

  uint64_t TokenOf(uint64_t grant) const {
    for (const auto& [token, known] : grants_) {
      if (known == grant) return token;
    }
    ADD_FAILURE() << "no grant " << grant;
    return 0;
  }

  // Makes the op one of the caller who holds the lock that it needs, if somebody does.
  void BeTheHolder(SyncOp* op) {
    std::string name = op->object;
    if (name == "{t}c") name = "{t}r";
    if (name == "{t}d") name = "{t}b";
    const Store::Held* held = engine_->store().Find(name);
    if (held == nullptr || held->object->holds().empty()) return;
    const Owner owner = held->object->holds().front().owner;
    const auto session = static_cast<uint64_t>(owner.session);
    if (model_.IsWaiting({session, owner.thread})) return;
    op->session = session;
    op->thread = owner.thread;
  }

  // With the model's numbers for grants, whose tokens were told when they were made.
  std::string WordsOf(const SyncOp& op, const std::string& payload) override {
    NoteTokens(op, payload);
    std::string words;
    for (std::string rest = Words(op, payload); !rest.empty();) {
      const size_t at = rest.find('@');
      words += rest.substr(0, at);
      if (at == std::string::npos) break;
      size_t digits = 0;
      const uint64_t token = std::stoull(rest.substr(at + 1), &digits);
      EXPECT_TRUE(grants_.contains(token)) << token << " after:\n" << transcript();
      words += "@" + std::to_string(grants_[token]);
      rest.erase(0, at + 1 + digits);
    }
    return words;
  }

  void Check(const SyncOp& /*op*/, const Reply& /*reply*/, const std::string& words) override {
    for (const char* const part : {"died", "held by", "renewed"}) {
      if (words.find(part) != std::string::npos) answers_.insert(part);
    }
    answers_.insert(words.substr(0, std::min(words.find(" @"), words.find(" held by"))));
  }

  // A grant's token is above all before, but for that of an RLock that its owner takes again.
  void NoteTokens(const SyncOp& op, const std::string& payload) {
    uint64_t index = 0;
    for (const uint64_t token : GrantTokens(op, payload)) {
      const uint64_t grant = GrantOf(op.call, index++);
      if (op.kind == Kind::kBarrierWait) {
        runners_[op.object] = op.call;
        tokens_[op.call] = token;
      }
      if (grants_.contains(token)) continue;
      EXPECT_GT(token, last_token_) << "after:\n" << transcript();
      last_token_ = token;
      grants_[token] = grant;
    }
  }

  uint64_t last_token_ = 0;
  std::map<std::string, uint64_t>
      runners_;                          // By barrier: the last call that was to run the action.
  std::map<uint64_t, uint64_t> tokens_;  // By such a call.
  std::map<uint64_t, uint64_t> grants_;  // By token.
  std::set<std::string> answers_;
};

TEST(RandomSync, IsAnsweredAsByTheNaiveModelAndTheSameEachTime) {
  const uint64_t first = coheld::testing::FirstSeed();
  const uint64_t seeds = coheld::testing::SeedsHere(kSeeds);
  const bool one = coheld::testing::OneSeedWanted();
  std::set<std::string> answers;
  const auto came_up = [&](const char* answer) { return answers.contains(answer); };
  const auto enough = [&](uint64_t done) {
    if (done < seeds) return false;
    return one || done >= kSeedsMax || std::ranges::all_of(kAnswers, came_up);
  };
  for (uint64_t seed = first; !enough(seed - first); ++seed) {
    SCOPED_TRACE("run again with COHELD_SEED=" + std::to_string(seed));
    SyncRun run(seed);
    ASSERT_TRUE(run.Go(kEventsPerSeed));
    SyncRun again(seed);
    ASSERT_TRUE(again.GoReloading(kEventsPerSeed));
    ASSERT_EQ(run.transcript(), again.transcript());
    ASSERT_EQ(run.Digest(), again.Digest());
    SyncRun shadowed(seed);
    ASSERT_TRUE(shadowed.GoShadowed(kEventsPerSeed));
    answers.insert(run.answers().begin(), run.answers().end());
  }
  if (one) return;
  for (const char* answer : kAnswers) {
    EXPECT_TRUE(answers.contains(answer)) << "never came up: " << answer;
  }
}

}  // namespace
}  // namespace coheld::engine::testing
