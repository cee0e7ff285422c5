// The death of a process that holds, or waits at, a synchronisation object: kill -9, as other
// clients see it. Each victim is a process of its own; what it was about to do never comes.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <future>
#include <string>

#include <gtest/gtest.h>

#include "coheld/client.h"
#include "coheld/v1/admin.pb.h"
#include "coheld/v1/barrier.pb.h"
#include "coheld/v1/condition.pb.h"
#include "coheld/v1/lock.pb.h"
#include "coheld/v1/read_write_lock.pb.h"
#include "coheld/v1/rlock.pb.h"
#include "coheld/v1/semaphore.pb.h"
#include "proto/wire/methods.h"
#include "tests/integration/daemon_process.h"

namespace coheld {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

// Far above what any test takes: an end that waits for it fails the test's own limit.
constexpr milliseconds kLongTtl{600'000};
constexpr uint64_t kLongMs = 60'000;

template <typename Request>
Request Named(const std::string& name) {
  Request request;
  request.set_name(name);
  return request;
}

template <typename Request>
Request Patient(const std::string& name) {
  auto request = Named<Request>(name);
  request.set_timeout_ms(kLongMs);
  return request;
}

template <typename Reply, typename Request>
Reply Call(const Client& client, const std::string& path, const Request& request,
           const CallOptions& options = {}) {
  Reply reply;
  EXPECT_TRUE(reply.ParseFromString(client.call(wire::FindMethod("/coheld.v1." + path)->number,
                                                request.SerializeAsString(), options)));
  return reply;
}

bool Eventually(const std::function<bool()>& claim) {
  const auto deadline = Clock::now() + milliseconds(kLongMs);
  while (!claim()) {
    if (Clock::now() > deadline) return false;
    usleep(1000);
  }
  return true;
}

// A forked process that runs `task` with a client of its own and then waits to be killed. A task
// that blocks is killed in its wait.
class Victim {
 public:
  Victim(const std::string& address, const std::function<void(const Client&)>& task) {
    pid_ = fork();
    if (pid_ != 0) return;
    const Client client = Client::connect(address, {.session_ttl = kLongTtl});
    task(client);
    pause();
    _exit(0);
  }
  ~Victim() { Kill(); }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;

  void Kill() {
    if (pid_ < 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
};

class SyncDeath : public ::testing::Test {
 protected:
  void SetUp() override {
    daemon_.Start();
    client_ = Client::connect(daemon_.address_unix());
  }
  const Client& client() const { return *client_; }
  std::string address() const { return daemon_.address_unix(); }

  v1::AdminDescribeReply Describe(const std::string& name) const {
    return Call<v1::AdminDescribeReply>(client(), "Admin/Describe",
                                        Named<v1::AdminDescribeRequest>(name));
  }
  // Waits until so many hold the object, and so many wait.
  bool Comes(const std::string& name, int holders, int waiters) const {
    return Eventually([&] {
      const v1::AdminDescribeReply reply = Describe(name);
      return reply.holders_size() == holders && reply.waiters_size() == waiters;
    });
  }
  void MakeBarrier(uint64_t parties) const {
    auto request = Named<v1::BarrierCreateRequest>("barrier");
    request.set_parties(parties);
    Call<v1::BarrierCreateReply>(client(), "Barrier/Create", request);
  }

  testing::DaemonProcess daemon_;
  std::optional<Client> client_;
};

TEST_F(SyncDeath, GivesPermitsBack) {
  auto create = Named<v1::SemaphoreCreateRequest>("semaphore");
  create.set_permits(3);
  create.set_bounded(true);
  Call<v1::SemaphoreCreateReply>(client(), "Semaphore/Create", create);
  auto request = Patient<v1::SemaphoreAcquireRequest>("semaphore");
  Victim victim(address(), [&](const Client& own) {
    request.set_count(2);
    Call<v1::SemaphoreAcquireReply>(own, "Semaphore/Acquire", request);
  });
  ASSERT_TRUE(Comes("semaphore", 1, 0));
  EXPECT_EQ(Describe("semaphore").holders(0).count(), 2u);
  request.set_count(3);
  auto all = std::async(std::launch::async, [&] {
    return Call<v1::SemaphoreAcquireReply>(client(), "Semaphore/Acquire", request);
  });
  ASSERT_TRUE(Comes("semaphore", 1, 1));
  victim.Kill();
  EXPECT_TRUE(all.get().acquired());
}

TEST_F(SyncDeath, FreesAnRLockWhateverItsDepth) {
  Call<v1::RLockCreateReply>(client(), "RLock/Create", Named<v1::RLockCreateRequest>("lock"));
  auto request = Patient<v1::RLockAcquireRequest>("lock");
  Victim victim(address(), [&](const Client& own) {
    request.set_depth(5);
    Call<v1::RLockAcquireReply>(own, "RLock/Acquire", request);
  });
  ASSERT_TRUE(Comes("lock", 1, 0));
  victim.Kill();
  EXPECT_EQ(Call<v1::RLockAcquireReply>(client(), "RLock/Acquire", request).depth(), 1u);
}

TEST_F(SyncDeath, OfAReaderLetsTheWriterIn) {
  Call<v1::ReadWriteLockCreateReply>(client(), "ReadWriteLock/Create",
                                     Named<v1::ReadWriteLockCreateRequest>("lock"));
  Victim victim(address(), [&](const Client& own) {
    Call<v1::ReadWriteLockAcquireReadReply>(own, "ReadWriteLock/AcquireRead",
                                            Patient<v1::ReadWriteLockAcquireReadRequest>("lock"));
  });
  ASSERT_TRUE(Comes("lock", 1, 0));
  EXPECT_TRUE(Describe("lock").holders(0).shared());
  victim.Kill();
  EXPECT_TRUE(Call<v1::ReadWriteLockAcquireWriteReply>(
                  client(), "ReadWriteLock/AcquireWrite",
                  Patient<v1::ReadWriteLockAcquireWriteRequest>("lock"))
                  .acquired());
}

TEST_F(SyncDeath, OfAWriterThatWaitsLetsTheReadersIn) {
  const auto read = [&](const Client& own) {
    return Call<v1::ReadWriteLockAcquireReadReply>(
        own, "ReadWriteLock/AcquireRead", Patient<v1::ReadWriteLockAcquireReadRequest>("lock"));
  };
  read(client());
  Victim writer(address(), [&](const Client& own) {
    Call<v1::ReadWriteLockAcquireWriteReply>(own, "ReadWriteLock/AcquireWrite",
                                             Patient<v1::ReadWriteLockAcquireWriteRequest>("lock"));
  });
  ASSERT_TRUE(Comes("lock", 1, 1));
  const Client other = Client::connect(address());
  auto reader = std::async(std::launch::async, [&] { return read(other); });
  ASSERT_TRUE(Comes("lock", 1, 2));
  writer.Kill();
  EXPECT_TRUE(reader.get().acquired());
}

TEST_F(SyncDeath, OfOneWhoHoldsSeveralLocksReleasesAll) {
  auto request = Patient<v1::LockAcquireAllRequest>("{t}a");
  request.add_others("{t}b");
  for (const char* name : {"{t}a", "{t}b"}) {
    Call<v1::LockCreateReply>(client(), "Lock/Create", Named<v1::LockCreateRequest>(name));
  }
  Victim victim(address(), [&](const Client& own) {
    Call<v1::LockAcquireAllReply>(own, "Lock/AcquireAll", request);
  });
  ASSERT_TRUE(Comes("{t}b", 1, 0));
  victim.Kill();
  EXPECT_TRUE(Call<v1::LockAcquireAllReply>(client(), "Lock/AcquireAll", request).acquired());
}

TEST_F(SyncDeath, OfAPartyBreaksTheBarrierForAll) {
  MakeBarrier(3);
  const auto request = Patient<v1::BarrierWaitRequest>("barrier");
  Victim victim(address(), [&](const Client& own) {
    Call<v1::BarrierWaitReply>(own, "Barrier/Wait", request);
  });
  ASSERT_TRUE(Comes("barrier", 0, 1));
  auto party = std::async(std::launch::async, [&] {
    return Call<v1::BarrierWaitReply>(client(), "Barrier/Wait", request);
  });
  ASSERT_TRUE(Comes("barrier", 0, 2));
  victim.Kill();
  EXPECT_THROW(party.get(), BarrierBroken);
  EXPECT_THROW(Call<v1::BarrierWaitReply>(client(), "Barrier/Wait", request), BarrierBroken);
}

TEST_F(SyncDeath, OfTheOneWhoRunsTheActionBreaksTheBarrier) {
  MakeBarrier(2);
  auto request = Patient<v1::BarrierWaitRequest>("barrier");
  request.set_has_action(true);
  auto party = std::async(std::launch::async, [&] {
    return Call<v1::BarrierWaitReply>(client(), "Barrier/Wait", request);
  });
  ASSERT_TRUE(Comes("barrier", 0, 1));
  Victim runner(address(), [&](const Client& own) {
    Call<v1::BarrierWaitReply>(own, "Barrier/Wait", request);
  });
  ASSERT_TRUE(Comes("barrier", 1, 1));
  runner.Kill();
  EXPECT_THROW(party.get(), BarrierBroken);
}

TEST_F(SyncDeath, OfAPartyByItsDeadlineBreaksTheBarrier) {
  MakeBarrier(2);
  EXPECT_THROW(
      Call<v1::BarrierWaitReply>(client(), "Barrier/Wait", Named<v1::BarrierWaitRequest>("barrier"),
                                 {.deadline = milliseconds(20)}),
      Timeout);
  EXPECT_TRUE(Call<v1::BarrierInspectReply>(client(), "Barrier/Inspect",
                                            Named<v1::BarrierInspectRequest>("barrier"))
                  .broken());
}

// Conditions, over an rlock of their own.
class ConditionDeath : public SyncDeath {
 protected:
  void SetUp() override {
    SyncDeath::SetUp();
    auto request = Named<v1::ConditionCreateRequest>("{t}condition");
    request.set_lock("{t}lock");
    Call<v1::RLockCreateReply>(client(), "RLock/Create", Named<v1::RLockCreateRequest>("{t}lock"));
    Call<v1::ConditionCreateReply>(client(), "Condition/Create", request);
  }
  static void Acquire(const Client& own) {
    Call<v1::RLockAcquireReply>(own, "RLock/Acquire", Patient<v1::RLockAcquireRequest>("{t}lock"));
  }
  static v1::ConditionWaitReply Wait(const Client& own, const CallOptions& options = {}) {
    return Call<v1::ConditionWaitReply>(own, "Condition/Wait",
                                        Patient<v1::ConditionWaitRequest>("{t}condition"), options);
  }
  static uint64_t Notify(const Client& own, uint64_t count) {
    auto request = Named<v1::ConditionNotifyRequest>("{t}condition");
    request.set_count(count);
    return Call<v1::ConditionNotifyReply>(own, "Condition/Notify", request).woken();
  }
};

TEST_F(ConditionDeath, OfAWaiterSwallowsNoNotification) {
  Victim victim(address(), [&](const Client& own) {
    Acquire(own);
    Wait(own);
  });
  ASSERT_TRUE(Comes("{t}condition", 0, 1));
  const Client other = Client::connect(address());
  auto waiter = std::async(std::launch::async, [&] {
    Acquire(other);
    return Wait(other);
  });
  ASSERT_TRUE(Comes("{t}condition", 0, 2));
  victim.Kill();
  ASSERT_TRUE(Comes("{t}condition", 0, 1));
  Acquire(client());
  EXPECT_EQ(Notify(client(), 1), 1u);
  EXPECT_TRUE(waiter.get().notified());
}

TEST_F(ConditionDeath, OfANotifiedWaiterBeforeItHasTheLockAgainLeavesTheLockToOthers) {
  Victim victim(address(), [&](const Client& own) {
    Acquire(own);
    Wait(own);
    Acquire(own);
  });
  ASSERT_TRUE(Comes("{t}condition", 0, 1));
  Acquire(client());
  EXPECT_EQ(Notify(client(), 0), 1u);
  ASSERT_TRUE(Comes("{t}lock", 1, 1));
  victim.Kill();
  ASSERT_TRUE(Comes("{t}lock", 1, 0));
}

TEST_F(ConditionDeath, InterruptedWaitLeavesTheLockFreeToBeTakenAgain) {
  Acquire(client());
  EXPECT_THROW(Wait(client(), {.on_interrupt = [] { return true; }}), Interrupted);
  EXPECT_TRUE(Comes("{t}lock", 0, 0));
  Acquire(client());
  EXPECT_EQ(Notify(client(), 0), 0u);
}

}  // namespace
}  // namespace coheld
