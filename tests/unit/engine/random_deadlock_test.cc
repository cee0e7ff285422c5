// Random owners that lock at random: every deadlock is found, when an op, the end of a lease or a
// release closes it, none is invented by an op, and afterwards everything proceeds. What a deadlock
// is, is decided by playing it out: whoever does not wait gives back all that it has, whoever then
// may is granted, and so on; who still waits at the end would wait for ever.
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/v1/lock.pb.h"
#include "coheld/v1/queue.pb.h"
#include "coheld/v1/read_write_lock.pb.h"
#include "coheld/v1/rlock.pb.h"
#include "proto/wire/methods.h"
#include "server/engine/engine.h"
#include "server/engine/lock_like.h"
#include "tests/unit/seeds.h"

namespace coheld::engine::testing {
namespace {

constexpr uint64_t kSeeds = 60;
constexpr int kEventsPerSeed = 600;
constexpr uint64_t kSessions = 3;
constexpr uint64_t kThreads = 3;
const std::vector<std::string> kLocks = {"{t}a", "{t}any", "{t}b", "{t}r"};
const std::vector<std::string> kReadWriteLocks = {"w", "x"};

// The locks, as a deadlock is played out on them.
class Play {
 public:
  struct Waiter {
    CallId call{};
    Owner owner;
    std::vector<std::string> names;
    bool ends_by_itself = false;  // It has a timeout, or waits for an item.
    bool reads = false;
  };

  void AddHold(const std::string& name, const Hold& hold) { holds_[name].push_back(hold); }
  void AddWaiter(const Waiter& waiter) { waiters_.push_back(waiter); }

  // Returns the calls that would wait for ever.
  std::set<CallId> Stuck() {
    while (DropHoldsOfFree() || GrantOne()) {
    }
    std::set<CallId> stuck;
    for (const Waiter& waiter : waiters_) stuck.insert(waiter.call);
    return stuck;
  }

 private:
  bool Waits(const Owner& owner) const {
    return std::any_of(waiters_.begin(), waiters_.end(),
                       [&](const Waiter& waiter) { return waiter.owner == owner; });
  }

  bool DropHoldsOfFree() {
    size_t dropped = 0;
    for (auto& [name, holds] : holds_) {
      dropped += std::erase_if(holds, [&](const Hold& hold) { return !Waits(hold.owner); });
    }
    return dropped > 0;
  }

  // Lets one waiter go that is granted or gives up.
  bool GrantOne() {
    const auto granted = std::find_if(waiters_.begin(), waiters_.end(), [&](const Waiter& waiter) {
      const auto may = [&](const std::string& name) { return MayHave(waiter, name); };
      return waiter.ends_by_itself || std::all_of(waiter.names.begin(), waiter.names.end(), may);
    });
    if (granted == waiters_.end()) return false;
    waiters_.erase(granted);
    return true;
  }

  bool MayHave(const Waiter& waiter, const std::string& name) {
    const std::vector<Hold>& holds = holds_[name];
    const auto own = [&](const Hold& hold) { return hold.owner == waiter.owner; };
    // The one may be taken again, the other released by anybody.
    const bool forgiving = name == "{t}r" || name == "{t}any";
    if (forgiving && std::any_of(holds.begin(), holds.end(), own)) return true;
    // Who reads may read again.
    const auto reads = [&](const Hold& hold) { return own(hold) && hold.shared && waiter.reads; };
    if (std::any_of(holds.begin(), holds.end(), reads)) return true;
    const auto in_way = [&](const Hold& hold) { return !hold.shared || !waiter.reads; };
    return IsFirst(waiter, name) && std::none_of(holds.begin(), holds.end(), in_way);
  }

  bool IsFirst(const Waiter& waiter, const std::string& name) const {
    for (const Waiter& other : waiters_) {
      if (other.call == waiter.call) return true;
      if (std::count(other.names.begin(), other.names.end(), name) > 0) return false;
    }
    return false;
  }

  std::map<std::string, std::vector<Hold>> holds_;
  std::vector<Waiter> waiters_;  // By call.
};

uint32_t MethodNumber(const std::string& name) {
  for (const wire::MethodRow& row : wire::Methods()) {
    if (row.name == name) return row.number;
  }
  ADD_FAILURE() << "no method " << name;
  return 0;
}

struct Op {
  std::string method;
  std::string payload;
  Play::Waiter waiter;  // As what it would wait.
};

class DeadlockRun {
 public:
  DeadlockRun(uint64_t seed, DeadlockPolicy policy) : random_(seed), policy_(policy) {
    engine_.SetDeadlockPolicy(policy);
    for (uint64_t session = 1; session <= kSessions; ++session) Open(session);
    for (const std::string& name : kLocks) {
      if (name == "{t}r") continue;
      v1::LockCreateRequest request;
      request.set_name(name);
      if (name == "{t}any") request.set_release(v1::LOCK_RELEASE_ANYONE);
      Do({}, {.method = "Lock.Create", .payload = request.SerializeAsString(), .waiter = {}});
    }
    v1::RLockCreateRequest request;
    request.set_name("{t}r");
    Do({}, {.method = "RLock.Create", .payload = request.SerializeAsString(), .waiter = {}});
  }

  void Go() {
    for (int event = 0; event < kEventsPerSeed && !::testing::Test::HasFailure(); ++event) Step();
    WindUp();
  }

  uint64_t found() const { return found_; }
  uint64_t parked() const { return parked_; }

 private:
  uint64_t Pick(uint64_t count) { return random_() % count; }

  void Open(uint64_t session) {
    engine_.OpenSession(SessionId{session}, {}, 10'000, now_);
    sessions_.push_back(session);
  }

  // A caller of whom no op waits; one without a session if there is none.
  Owner PickFree() {
    for (int tries = 0; tries < 30; ++tries) {
      const Owner owner{.session = SessionId{sessions_[Pick(sessions_.size())]},
                        .thread = Pick(kThreads)};
      if (!IsWaiting(owner)) return owner;
    }
    return {};
  }

  bool IsWaiting(const Owner& owner) const {
    const auto& parked = engine_.parked();
    return std::any_of(parked.begin(), parked.end(),
                       [&](const auto& op) { return op.second.stamp.owner == owner; });
  }

  void Step() {
    const uint64_t dice = Pick(100);
    if (dice < 2) return EndSession();
    if (dice < 6) return Cancel();
    if (dice < 12) return Advance(Pick(30));
    if (dice < 15) return Signal();
    const Owner owner = PickFree();
    if (owner.session == kNoSession) return Advance(10);
    if (dice < 45) return ReleaseOne(owner);
    Do(owner, MakeOp());
  }

  void EndSession() {
    const size_t place = Pick(sessions_.size());
    const uint64_t session = sessions_[place];
    std::vector<Reply> replies;
    engine_.EndSession(SessionId{session}, now_, &replies);
    sessions_.erase(sessions_.begin() + static_cast<std::ptrdiff_t>(place));
    Open(session + 100);
    ExpectNoneStuck();
  }

  void Cancel() {
    if (engine_.parked().empty()) return;
    const auto op = std::next(engine_.parked().begin(),
                              static_cast<std::ptrdiff_t>(Pick(engine_.parked().size())));
    std::vector<Reply> replies;
    engine_.Cancel(op->first, {v1::ERROR_REASON_CANCELLED, "cancelled"}, now_, &replies);
    ExpectNoneStuck();
  }

  void Advance(uint64_t ms) {
    now_ = After(now_, ms);
    std::vector<Reply> replies;
    engine_.Advance(now_, &replies);
    ExpectNoneStuck();
  }

  template <typename Request>
  Op MakeAcquire(const std::string& method, Request request, const std::string& name) {
    Op op{.method = method, .payload = {}, .waiter = {.names = {name}}};
    request.set_name(name);
    if (Pick(4) == 0) {
      request.set_timeout_ms(10 + Pick(40));
      op.waiter.ends_by_itself = true;
    }
    op.payload = request.SerializeAsString();
    return op;
  }

  // Some locks end by themselves, also while who has them waits for them, as a signal.
  template <typename Request>
  Request WithLease(Request request) {
    if (Pick(4) == 0) request.set_lease_ms(10 + Pick(100));
    return request;
  }

  Op MakeOp() {
    const std::string lock = kLocks[Pick(kLocks.size())];
    const std::string read_write = kReadWriteLocks[Pick(kReadWriteLocks.size())];
    switch (Pick(8)) {
      case 0: {
        Op op = MakeAcquire("ReadWriteLock.AcquireRead", v1::ReadWriteLockAcquireReadRequest(),
                            read_write);
        op.waiter.reads = true;
        return op;
      }
      case 1:
        return MakeAcquire("ReadWriteLock.AcquireWrite", v1::ReadWriteLockAcquireWriteRequest(),
                           read_write);
      case 2: {
        v1::LockAcquireAllRequest request;
        for (const std::string& other : kLocks) {
          if (other != lock && Pick(2) == 0) request.add_others(other);
        }
        Op op = MakeAcquire("Lock.AcquireAll", request, lock);
        for (const std::string& other : request.others()) op.waiter.names.push_back(other);
        return op;
      }
      case 3: {
        Op op = MakeAcquire("Queue.Get", v1::QueueGetRequest(), "q");
        op.waiter.ends_by_itself = true;
        return op;
      }
      default:
        if (lock == "{t}r") {
          return MakeAcquire("RLock.Acquire", WithLease(v1::RLockAcquireRequest()), lock);
        }
        return MakeAcquire("Lock.Acquire", WithLease(v1::LockAcquireRequest()), lock);
    }
  }

  // Puts the locks, and the ops that wait for them, as they are.
  Play Board() const {
    Play play;
    for (const auto& [name, held] : engine_.store().objects()) {
      for (const Hold& hold : held.object->holds()) play.AddHold(name, hold);
    }
    for (const auto& [call, op] : engine_.parked()) {
      Play::Waiter waiter{.call = call, .owner = op.stamp.owner, .names = {}};
      ForEachPlace(
          op, [&](const ParkedOp::Place& place) { waiter.names.push_back(place.object->name()); });
      waiter.ends_by_itself = op.deadline != kNever || op.row->method->name == "Queue.Get";
      waiter.reads = op.row->method->name == "ReadWriteLock.AcquireRead";
      play.AddWaiter(waiter);
    }
    return play;
  }

  // Every hold and every wait, a line each.
  std::string Show(const std::set<CallId>& stuck) const {
    std::string lines;
    for (const auto& [name, held] : engine_.store().objects()) {
      for (const Hold& hold : held.object->holds()) {
        lines +=
            name + " is held by " + Describe(hold.owner) + (hold.shared ? " to read" : "") + "\n";
      }
    }
    for (const auto& [call, op] : engine_.parked()) {
      lines += (stuck.contains(call) ? "stuck: " : "") + Describe(op.stamp.owner) + " waits in " +
               op.row->method->name + " call " + std::to_string(static_cast<uint64_t>(call));
      ForEachPlace(op, [&](const ParkedOp::Place& place) { lines += " " + place.object->name(); });
      lines += op.deadline == kNever ? "\n" : " (in time)\n";
    }
    return lines;
  }

  void ExpectNoneStuck() {
    if (policy_ == DeadlockPolicy::kReport) return;
    const std::set<CallId> stuck = Board().Stuck();
    EXPECT_TRUE(stuck.empty()) << stuck.size() << " ops wait for ever and nobody was told\n"
                               << Show(stuck);
  }

  void Do(const Owner& owner, const Op& op) {
    const CallId call{++last_call_};
    Play as_parked = Board();
    Play::Waiter waiter = op.waiter;
    waiter.call = call;
    waiter.owner = owner;
    as_parked.AddWaiter(waiter);
    const std::set<CallId> stuck = as_parked.Stuck();
    std::vector<Reply> replies;
    engine_.Apply({.call = call, .owner = owner, .now = now_}, MethodNumber(op.method), op.payload,
                  &replies);
    if (engine_.parked().contains(call)) ++parked_;
    size_t failed = 0;
    for (const Reply& reply : replies) {
      if (!reply.failure || reply.failure->reason != v1::ERROR_REASON_DEADLOCK) continue;
      ++failed;
      if (op.waiter.names.empty()) continue;  // What it released closed the ring.
      EXPECT_TRUE(stuck.contains(reply.call)) << "no deadlock: " << reply.failure->message;
      EXPECT_TRUE(policy_ != DeadlockPolicy::kCloser || reply.call == call);
    }
    found_ += failed;
    if (policy_ == DeadlockPolicy::kCloser && !op.waiter.names.empty()) {
      EXPECT_EQ(failed, stuck.empty() ? 0u : 1u) << op.method;
    }
    ExpectNoneStuck();
  }

  // Releases the lock that anybody may release.
  void Signal() {
    const Owner owner = PickFree();
    if (owner.session == kNoSession) return;
    v1::LockReleaseRequest request;
    request.set_name("{t}any");
    Do(owner, {.method = "Lock.Release", .payload = request.SerializeAsString(), .waiter = {}});
  }

  // Gives back something that the owner has, if it has anything.
  void ReleaseOne(const Owner& owner) {
    std::vector<std::string> held;
    for (const auto& [name, place] : engine_.store().objects()) {
      for (const Hold& hold : place.object->holds()) {
        if (hold.owner == owner) held.push_back(name);
      }
    }
    if (held.empty()) return;
    const std::string name = held[Pick(held.size())];
    v1::LockReleaseRequest request;  // The first field of each kind of release.
    request.set_name(name);
    const std::string type = engine_.store().Find(name)->type->word;
    const std::string service = type == "rwlock"  ? "ReadWriteLock"
                                : type == "rlock" ? "RLock"
                                                  : "Lock";
    Do(owner,
       {.method = service + ".Release", .payload = request.SerializeAsString(), .waiter = {}});
  }

  // Has everybody who does not wait give back all, again and again: nobody is left over.
  void WindUp() {
    for (int round = 0; round < 10'000 && !::testing::Test::HasFailure(); ++round) {
      bool held = false;
      for (const uint64_t session : sessions_) {
        for (uint64_t thread = 0; thread < kThreads; ++thread) {
          const Owner owner{.session = SessionId{session}, .thread = thread};
          if (!IsWaiting(owner)) ReleaseOne(owner);
        }
        held = held || !engine_.sessions().Find(SessionId{session})->held.empty();
      }
      Advance(100);
      CancelForgiven();
      if (!held && engine_.parked().empty()) return;
    }
    FAIL() << engine_.parked().size() << " ops still wait";
  }

  // Ends the waits that need somebody from outside: for an item, or for one's own lock of anybody.
  void CancelForgiven() {
    std::vector<CallId> calls;
    for (const auto& [call, op] : engine_.parked()) {
      const auto& holds = op.place.object->holds();
      const auto own = [&, &waiter = op](const Hold& hold) {
        return hold.owner == waiter.stamp.owner;
      };
      const bool itself = std::any_of(holds.begin(), holds.end(), own);
      if (op.row->method->name == "Queue.Get" || itself || !op.others.empty())
        calls.push_back(call);
    }
    std::vector<Reply> replies;
    for (const CallId call : calls) {
      engine_.Cancel(call, {v1::ERROR_REASON_CANCELLED, "cancelled"}, now_, &replies);
    }
  }

  std::mt19937_64 random_;
  const DeadlockPolicy policy_;
  Engine engine_;
  TimeMs now_{1000};
  uint64_t last_call_ = 0;
  std::vector<uint64_t> sessions_;
  uint64_t found_ = 0;
  uint64_t parked_ = 0;
};

uint64_t RunSeeds(DeadlockPolicy policy) {
  uint64_t found = 0;
  uint64_t parked = 0;
  for (const uint64_t seed : coheld::testing::ChooseSeeds(kSeeds)) {
    SCOPED_TRACE("run again with COHELD_SEED=" + std::to_string(seed));
    DeadlockRun run(seed, policy);
    run.Go();
    if (::testing::Test::HasFailure()) break;
    found += run.found();
    parked += run.parked();
  }
  std::cout << found << " deadlocks, " << parked << " waits\n";
  return found;
}

TEST(RandomDeadlocks, AreFoundAsTheyCloseAndNoneIsInvented) {
  EXPECT_GT(RunSeeds(DeadlockPolicy::kCloser), 10u);
}

TEST(RandomDeadlocks, AreBrokenByFailingTheYoungest) {
  EXPECT_GT(RunSeeds(DeadlockPolicy::kYoungest), 10u);
}

}  // namespace
}  // namespace coheld::engine::testing
