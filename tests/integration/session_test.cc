// The end of a session as other clients see it: by a clean close, by the death of its process, by
// its TTL. Clients are processes of their own where the test needs one to die.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "coheld/client.h"
#include "coheld/v1/admin.pb.h"
#include "coheld/v1/list.pb.h"
#include "coheld/v1/lock.pb.h"
#include "coheld/v1/queue.pb.h"
#include "proto/wire/methods.h"
#include "tests/integration/daemon_process.h"
#include "tests/integration/victim.h"

namespace coheld {
namespace {

using std::chrono::milliseconds;
using testing::Victim;
using Clock = std::chrono::steady_clock;

// Far above what any test takes: an end that waits for it fails the test's own limit.
constexpr milliseconds kLongTtl{600'000};
constexpr milliseconds kSoon{5'000};

template <typename Reply, typename Request>
Reply Call(const Client& client, const std::string& path, const Request& request) {
  Reply reply;
  EXPECT_TRUE(reply.ParseFromString(
      client.call(wire::FindMethod("/coheld.v1." + path)->number, request.SerializeAsString())));
  return reply;
}

v1::LockAcquireReply Acquire(const Client& client, milliseconds timeout) {
  v1::LockAcquireRequest request;
  request.set_name("lock");
  request.set_timeout_ms(static_cast<uint64_t>(timeout.count()));
  return Call<v1::LockAcquireReply>(client, "Lock/Acquire", request);
}

class SessionEnd : public ::testing::Test {
 protected:
  void SetUp() override { daemon_.Start({"--log-level", "debug"}); }
  testing::DaemonProcess daemon_;
};

TEST_F(SessionEnd, CloseReleasesLocksAtOnce) {
  const Client holder = Client::connect(daemon_.address_tcp(), {.session_ttl = kLongTtl});
  EXPECT_TRUE(Acquire(holder, milliseconds(0)).acquired());
  const Client other = Client::connect(daemon_.address_tcp());
  EXPECT_FALSE(Acquire(other, milliseconds(0)).acquired());
  holder.close();
  EXPECT_TRUE(Acquire(other, kSoon).acquired());
}

TEST_F(SessionEnd, DeathOfAUnixPeerReleasesItsLocksAtOnce) {
  Victim victim([&] {
    const Client holder = Client::connect(daemon_.address_unix(), {.session_ttl = kLongTtl});
    Acquire(holder, milliseconds(0));
    static const Client* const kept = new Client(holder);
    (void)kept;
  });
  const Client other = Client::connect(daemon_.address_unix());
  EXPECT_FALSE(Acquire(other, milliseconds(0)).acquired());
  victim.Kill();
  EXPECT_TRUE(Acquire(other, kSoon).acquired());
}

TEST_F(SessionEnd, DeathOfATcpPeerReleasesItsLocksAfterItsTtl) {
  constexpr milliseconds kTtl{1'000};
  Victim victim([&] {
    static const Client* const kept =
        new Client(Client::connect(daemon_.address_tcp(), {.session_ttl = kTtl}));
    Acquire(*kept, milliseconds(0));
  });
  const Client other = Client::connect(daemon_.address_tcp());
  victim.Kill();
  const auto start = Clock::now();
  EXPECT_TRUE(Acquire(other, milliseconds(30'000)).acquired());
  EXPECT_GE(Clock::now() - start, kTtl - milliseconds(200));
}

TEST_F(SessionEnd, TokensGrowOverOwners) {
  const Client first = Client::connect(daemon_.address_unix());
  const uint64_t token = Acquire(first, milliseconds(0)).token();
  first.close();
  const Client second = Client::connect(daemon_.address_unix());
  EXPECT_GT(Acquire(second, kSoon).token(), token);
}

TEST_F(SessionEnd, ParkedGetterOfADeadProcessTakesNothing) {
  const Client client = Client::connect(daemon_.address_unix());
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t getter = fork();
  if (getter == 0) {
    const Client own = Client::connect(daemon_.address_unix(), {.session_ttl = kLongTtl});
    v1::QueueGetRequest request;
    request.set_name("queue");
    own.call(wire::FindMethod("/coheld.v1.Queue/Get")->number, request.SerializeAsString());
    _exit(0);
  }
  const auto waiters = [&] {
    v1::AdminObjectsRequest request;
    const auto reply = Call<v1::AdminObjectsReply>(client, "Admin/Objects", request);
    return reply.objects_size() == 0 ? 0 : reply.objects(0).waiters();
  };
  const auto deadline = Clock::now() + milliseconds(30'000);
  while (waiters() != 1 && Clock::now() < deadline) usleep(1000);
  kill(getter, SIGKILL);
  waitpid(getter, nullptr, 0);
  while (waiters() != 0 && Clock::now() < deadline) usleep(1000);
  v1::QueuePutRequest put;
  put.set_name("queue");
  put.mutable_value()->set_integer(7);
  Call<v1::QueuePutReply>(client, "Queue/Put", put);
  v1::QueueGetRequest get;
  get.set_name("queue");
  get.set_timeout_ms(0);
  EXPECT_EQ(Call<v1::QueueGetReply>(client, "Queue/Get", get).value().integer(), 7);
}

TEST_F(SessionEnd, DoesNotComeWhileTheUnixPeerLives) {
  const Client holder = Client::connect(daemon_.address_unix(), {.idle_channels_max = 0});
  const uint64_t token = Acquire(holder, milliseconds(0)).token();
  const Client other = Client::connect(daemon_.address_unix());
  v1::LockInspectRequest inspect;
  inspect.set_name("lock");
  // Each call is its session's only connection; the lock shows that the session goes on.
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(Call<v1::LockInspectReply>(holder, "Lock/Inspect", inspect).token(), token) << i;
    ASSERT_EQ(Call<v1::LockInspectReply>(other, "Lock/Inspect", inspect).token(), token) << i;
  }
}

TEST_F(SessionEnd, FreesItsAnonymousObjects) {
  const Client maker = Client::connect(daemon_.address_unix());
  const auto made = Call<v1::ListCreateReply>(maker, "List/Create", v1::ListCreateRequest());
  EXPECT_TRUE(made.created());
  const Client other = Client::connect(daemon_.address_unix());
  v1::AdminDescribeRequest describe;
  describe.set_name(made.name());
  EXPECT_EQ(Call<v1::AdminDescribeReply>(other, "Admin/Describe", describe).summary().type(),
            "list");
  maker.close();
  EXPECT_THROW(Call<v1::AdminDescribeReply>(other, "Admin/Describe", describe), ObjectNotFound);
}

TEST_F(SessionEnd, SessionsAreListedWithTheirLabels) {
  const Client client = Client::connect(daemon_.address_unix(), {.program = "the test"});
  const auto reply =
      Call<v1::AdminSessionsReply>(client, "Admin/Sessions", v1::AdminSessionsRequest());
  ASSERT_EQ(reply.sessions_size(), 1);
  EXPECT_EQ(reply.sessions(0).label().program(), "the test");
  EXPECT_EQ(reply.sessions(0).label().pid(), getpid());
  EXPECT_GE(reply.sessions(0).connections(), 1u);
}

}  // namespace
}  // namespace coheld
