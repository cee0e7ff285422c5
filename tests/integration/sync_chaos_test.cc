// Processes that do everything one can do with synchronisation objects, killed at any moment: what
// they held is free in the end, nobody ever was where another one was, and nothing that waits is
// left. Run one seed again with COHELD_SEED=N.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <mutex>
#include <optional>
#include <random>
#include <shared_mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/coheld.h"
#include "tests/integration/daemon_process.h"
#include "tests/unit/seeds.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;

constexpr int kWorkers = 6;
constexpr int kKills = 60;
constexpr uint64_t kPermits = 3;

// What the workers share.
struct Things {
  explicit Things(const Client& client)
      : lock(client, "{t}lock"),
        other(client, "{t}other"),
        rlock(client, "{t}rlock"),
        changed(client, "{t}changed"),
        semaphore(client, "semaphore"),
        shared(client, "shared"),
        barrier(client, "barrier"),
        in_lock(client, "in lock"),
        in_shared(client, "in shared"),
        violations(client, "violations"),
        done(client, "done") {}

  void Create() const {
    lock.create();
    other.create();
    rlock.create();
    changed.create(rlock);
    semaphore.create({.permits = kPermits, .bounded = true});
    shared.create();
    barrier.create(3);
    in_lock.set(0);
    in_shared.set(0);
    done.set(0);
  }

  Lock lock, other;
  RecursiveLock rlock;
  Condition changed;
  Semaphore semaphore;
  SharedLock shared;
  Barrier barrier;
  SharedValue<int64_t> in_lock, in_shared;  // The token of who is in, while somebody is.
  List<std::string> violations;
  SharedValue<int64_t> done;  // Things done by all workers.
};

// A process that works until it is killed.
class Worker {
 public:
  Worker(const Things& things, uint64_t seed) : things_(things), random_(seed) {}

  [[noreturn]] void Run() {
    while (true) {
      try {
        DoOneThing();
        things_.done.fetch_add(1);
      } catch (const BarrierBroken&) {
        things_.barrier.reset();
      }
    }
  }

 private:
  uint64_t Pick(uint64_t count) { return random_() % count; }
  std::chrono::milliseconds Patience() { return std::chrono::milliseconds(1 + Pick(20)); }

  void DoOneThing() {
    switch (Pick(7)) {
      case 0:
        return BeIn(things_.lock, things_.in_lock);
      case 1:
        return TakeAll();
      case 2:
        return TakePermits();
      case 3:
        return WaitOnCondition();
      case 4:
        things_.barrier.arrive_and_wait_for(Patience(), [] { usleep(500); });
        return;
      case 5:
        return BeIn(things_.shared, things_.in_shared);
      default:
        if (things_.shared.try_lock_shared_for(Patience())) {
          const int64_t writer = things_.in_shared.get();
          if (writer != things_.in_shared.get()) Complain("written under a reader");
          things_.shared.unlock_shared();
        }
    }
  }

  // Is alone in a lock, and checks that it is.
  template <typename L>
  void BeIn(L& lock, const SharedValue<int64_t>& who) {
    if (!lock.try_lock_for(Patience())) return;
    const auto token = static_cast<int64_t>(lock.token());
    if (who.get() >= token) Complain("a token did not grow");
    who.set(token);
    if (Pick(4) == 0) usleep(1000);
    if (who.get() != token) Complain("two were in a lock");
    lock.unlock();
  }

  void TakeAll() {
    const bool swap = Pick(2) == 0;
    std::optional<AllLocked> guard =
        swap ? try_lock_all_for(Patience(), things_.rlock, things_.lock, things_.other)
             : try_lock_all_for(Patience(), things_.other, things_.lock, things_.rlock);
    if (!guard) return;
    const auto token = static_cast<int64_t>(things_.lock.token());
    things_.in_lock.set(token);
    if (things_.in_lock.get() != token) Complain("two were in all locks");
  }

  void TakePermits() {
    const uint64_t count = 1 + Pick(kPermits);
    if (!things_.semaphore.try_acquire_for(Patience(), count)) return;
    if (things_.semaphore.inspect().held > kPermits) Complain("more permits than there are");
    things_.semaphore.release(count);
  }

  void WaitOnCondition() {
    std::unique_lock guard(things_.rlock, std::defer_lock);
    if (!guard.try_lock_for(Patience())) return;
    if (Pick(2) == 0) {
      things_.changed.notify(Pick(3));
    } else {
      things_.changed.wait_for(guard, Patience());
    }
  }

  void Complain(const char* what) { things_.violations.append(what); }

  Things things_;
  std::mt19937_64 random_;
};

class SyncChaos : public ::testing::Test {
 protected:
  void SetUp() override {
    daemon_.Start();
    client_ = Client::connect(daemon_.address_unix());
  }

  pid_t Spawn(uint64_t seed) const {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    const Client own = Client::connect(daemon_.address_unix(), {.session_ttl = 10min});
    Worker(Things(own), seed).Run();
  }
  static void Kill(pid_t pid) {
    int status = 0;
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "a worker failed";
  }
  bool IsAlone() const {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (std::chrono::steady_clock::now() < deadline) {
      if (Admin(*client_).sessions().size() == 1) return true;
      usleep(1000);
    }
    return false;
  }

  testing::DaemonProcess daemon_;
  std::optional<Client> client_;
};

TEST_F(SyncChaos, LeavesNothingHeldAndNobodyWaiting) {
  const uint64_t seed = coheld::testing::FirstSeed();
  std::mt19937_64 random(seed);
  Things things(*client_);
  things.Create();
  std::vector<pid_t> workers;
  for (int i = 0; i < kWorkers; ++i) workers.push_back(Spawn(random()));
  for (int kills = 0; kills < kKills; ++kills) {
    // The next one dies somewhere in the next things to be done.
    const int64_t goal = things.done.get() + 1 + static_cast<int64_t>(random() % 20);
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (things.done.get() < goal) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "nothing goes on";
    }
    pid_t& victim = workers[random() % workers.size()];
    Kill(victim);
    victim = Spawn(random());
  }
  for (const pid_t worker : workers) Kill(worker);
  ASSERT_TRUE(IsAlone());
  EXPECT_EQ(things.violations.slice({}), std::vector<std::string>());
  for (const ObjectSummary& object : Admin(*client_).objects()) {
    EXPECT_EQ(object.waiters, 0u) << object.name;
  }
  EXPECT_EQ(things.semaphore.inspect().available, kPermits);
  EXPECT_TRUE(try_lock_all(things.lock, things.other, things.rlock).has_value());
  EXPECT_TRUE(things.shared.try_lock());
}

}  // namespace
}  // namespace coheld
