// How long objects live, with real clients: what they hand each other never dangles, and what they
// leave, however they go, is freed.
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "coheld/client.h"
#include "coheld/v1/admin.pb.h"
#include "coheld/v1/list.pb.h"
#include "coheld/v1/object.pb.h"
#include "coheld/v1/queue.pb.h"
#include "coheld/v1/watch.pb.h"
#include "proto/wire/methods.h"
#include "tests/integration/daemon_process.h"
#include "tests/integration/victim.h"

namespace coheld {
namespace {

using std::chrono::milliseconds;
using testing::Victim;

// Far above what any test takes: an end that waits for it fails the test's own limit.
constexpr milliseconds kLongTtl{600'000};

template <typename Reply, typename Request>
Reply Call(const Client& client, const std::string& path, const Request& request) {
  Reply reply;
  EXPECT_TRUE(reply.ParseFromString(
      client.call(wire::FindMethod("/coheld.v1." + path)->number, request.SerializeAsString())));
  return reply;
}

// Makes an anonymous list of one number.
std::string MakeList(const Client& client, int64_t number) {
  v1::ListCreateRequest request;
  request.add_items()->set_integer(number);
  return Call<v1::ListCreateReply>(client, "List/Create", request).name();
}

int64_t NumberIn(const Client& client, const std::string& list) {
  v1::ListGetRequest request;
  request.set_name(list);
  return Call<v1::ListGetReply>(client, "List/Get", request).value().integer();
}

void PutRef(const Client& client, const std::string& queue, const std::string& list) {
  v1::QueuePutRequest request;
  request.set_name(queue);
  request.mutable_value()->mutable_ref()->set_name(list);
  request.mutable_value()->mutable_ref()->set_type("list");
  Call<v1::QueuePutReply>(client, "Queue/Put", request);
}

std::string GetRef(const Client& client, const std::string& queue) {
  v1::QueueGetRequest request;
  request.set_name(queue);
  return Call<v1::QueueGetReply>(client, "Queue/Get", request).value().ref().name();
}

uint64_t Objects(const Client& client) {
  return Call<v1::AdminStatusReply>(client, "Admin/Status", v1::AdminStatusRequest()).objects();
}

// Waits for the end of an object.
void AwaitEnd(const Client& client, const std::string& name) {
  v1::WatchChangesRequest request;
  request.set_name(name);
  EXPECT_THROW(
      {
        for (;;) {
          request.set_after_version(
              Call<v1::WatchChangesReply>(client, "Watch/Changes", request).version());
        }
      },
      ObjectNotFound);
}

// Reads how much memory a process has.
[[maybe_unused]] size_t ResidentKilobytes(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::stoull(line.substr(6));
  }
  return 0;
}

class Lifetimes : public ::testing::Test {
 protected:
  void SetUp() override { daemon_.Start(); }
  testing::DaemonProcess daemon_;
};

TEST_F(Lifetimes, ObjectInAQueueOutlivesTheKilledMaker) {
  Victim maker([&] {
    static const Client* const own =
        new Client(Client::connect(daemon_.address_unix(), {.session_ttl = kLongTtl}));
    PutRef(*own, "queue", MakeList(*own, 7));
    MakeList(*own, 8);
  });
  const Client taker = Client::connect(daemon_.address_unix());
  v1::AdminObjectsRequest all;
  all.set_anonymous(true);
  const auto listed = Call<v1::AdminObjectsReply>(taker, "Admin/Objects", all);
  ASSERT_EQ(listed.objects_size(), 3);
  const std::string unreferred = listed.objects(2).name();
  maker.Kill();
  AwaitEnd(taker, unreferred);
  const std::string list = GetRef(taker, "queue");
  EXPECT_EQ(NumberIn(taker, list), 7);
  EXPECT_EQ(Objects(taker), 2u);
  v1::ObjectReleaseRequest release;
  release.set_name(list);
  Call<v1::ObjectReleaseReply>(taker, "Object/Release", release);
  EXPECT_EQ(Objects(taker), 1u);
}

TEST_F(Lifetimes, LentObjectWaitsForItsTakerAndNoLonger) {
  const Client maker = Client::connect(daemon_.address_unix());
  const std::string taken = MakeList(maker, 1);
  const std::string left = MakeList(maker, 2);
  for (const std::string& name : {taken, left}) {
    v1::ObjectLendRequest lend;
    lend.set_name(name);
    lend.set_grace_ms(500);
    Call<v1::ObjectLendReply>(maker, "Object/Lend", lend);
  }
  maker.close();
  const Client taker = Client::connect(daemon_.address_unix());
  v1::ObjectHoldRequest hold;
  hold.set_name(taken);
  EXPECT_EQ(Call<v1::ObjectHoldReply>(taker, "Object/Hold", hold).type(), "list");
  AwaitEnd(taker, left);
  EXPECT_EQ(NumberIn(taker, taken), 1);
}

TEST_F(Lifetimes, NamedObjectEndsWithItsTtl) {
  const Client client = Client::connect(daemon_.address_unix());
  v1::ListCreateRequest create;
  create.set_name("list");
  Call<v1::ListCreateReply>(client, "List/Create", create);
  v1::ObjectSetTtlRequest ttl;
  ttl.set_name("list");
  ttl.set_ttl_ms(50);
  Call<v1::ObjectSetTtlReply>(client, "Object/SetTtl", ttl);
  AwaitEnd(client, "list");
  EXPECT_EQ(Objects(client), 0u);
}

TEST_F(Lifetimes, CycleOfAKilledProcessIsFreed) {
  const Client watcher = Client::connect(daemon_.address_unix());
  const std::string last = MakeList(watcher, 0);
  const std::string next = "~" + std::to_string(std::stoull(last.substr(1)) + 1);
  Victim maker([&] {
    static const Client* const own =
        new Client(Client::connect(daemon_.address_unix(), {.session_ttl = kLongTtl}));
    v1::ListAppendRequest append;
    append.set_name(MakeList(*own, 1));
    append.mutable_value()->mutable_ref()->set_name(append.name());
    Call<v1::ListChangeReply>(*own, "List/Append", append);
  });
  maker.Kill();
  AwaitEnd(watcher, next);
  EXPECT_EQ(Objects(watcher), 1u);
}

// Makes so many lists and releases them all, with one op.
void MakeAndReleaseMany(const Client& client, int many) {
  v1::ObjectReleaseRequest release;
  for (int i = 0; i < many; ++i) release.add_others()->set_name(MakeList(client, i));
  EXPECT_EQ(Objects(client), static_cast<uint64_t>(many));
  release.set_name("none");
  EXPECT_EQ(Call<v1::ObjectReleaseReply>(client, "Object/Release", release).released(),
            static_cast<uint64_t>(many));
  EXPECT_EQ(Objects(client), 0u);
}

TEST_F(Lifetimes, ManyMadeAndReleasedLeaveNothing) {
  MakeAndReleaseMany(Client::connect(daemon_.address_unix()), 5'000);
}

// A sanitizer keeps freed memory.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST_F(Lifetimes, MemoryOfManyIsGivenBack) {
  const Client client = Client::connect(daemon_.address_unix());
  MakeAndReleaseMany(client, 100);
  const size_t before = ResidentKilobytes(daemon_.pid());
  MakeAndReleaseMany(client, 100'000);
  const auto deadline = std::chrono::steady_clock::now() + daemon_.kPatience;
  const auto is_near = [&] { return ResidentKilobytes(daemon_.pid()) < before + 8'000; };
  while (!is_near() && std::chrono::steady_clock::now() < deadline) usleep(10'000);
  EXPECT_TRUE(is_near());
}
#endif

}  // namespace
}  // namespace coheld
