// How safe a reply has to be before it leaves: by the levels of the objects that the op saw.
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/v1/admin.pb.h"
#include "coheld/v1/condition.pb.h"
#include "coheld/v1/dict.pb.h"
#include "coheld/v1/list.pb.h"
#include "coheld/v1/lock.pb.h"
#include "coheld/v1/object.pb.h"
#include "coheld/v1/queue.pb.h"
#include "coheld/v1/set.pb.h"
#include "server/engine/engine.h"
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

// An engine whose daemon is async, and objects of each level.
class Durability : public ::testing::Test {
 protected:
  void SetUp() override {
    engine_.SetDurability(v1::DURABILITY_ASYNC);
    engine_.OpenSession(SessionId{1}, {}, 10'000, kNow);
    for (const std::string name : {"memory", "sync", "default"}) Apply("List.Append", name);
    SetLevel("memory", v1::DURABILITY_MEMORY);
    SetLevel("sync", v1::DURABILITY_SYNC);
  }

  void SetLevel(const std::string& name, v1::Durability level) {
    v1::ObjectSetDurabilityRequest request;
    request.set_name(name);
    request.set_durability(level);
    EXPECT_FALSE(Run("Object.SetDurability", request).failure) << name;
  }
  Reply Run(const std::string& method, const google::protobuf::Message& request, uint64_t seq = 0) {
    std::vector<Reply> replies;
    const Stamp stamp{
        .call = CallId{++last_call_}, .owner = {.session = SessionId{1}}, .now = kNow, .seq = seq};
    engine_.Apply(stamp, FindMethodNamed(method), request.SerializeAsString(), &replies);
    return replies.at(0);
  }
  // Runs an op whose request is a name only, and returns what its reply waits for.
  v1::Durability Apply(const std::string& method, const std::string& name, uint64_t seq = 0) {
    v1::ObjectHoldRequest request;  // As every request: the name is field 1.
    request.set_name(name);
    return Run(method, request, seq).durability;
  }
  static uint32_t FindMethodNamed(std::string method) {
    method.replace(method.find('.'), 1, "/");
    return wire::FindMethod("/coheld.v1." + method)->number;
  }

  static constexpr TimeMs kNow{1000};
  Engine engine_;
  uint64_t last_call_ = 0;
};

TEST_F(Durability, OfAnObjectCountsForEveryOpOnIt) {
  EXPECT_EQ(Apply("List.Append", "memory"), v1::DURABILITY_MEMORY);
  EXPECT_EQ(Apply("List.Len", "memory"), v1::DURABILITY_MEMORY);
  EXPECT_EQ(Apply("List.Append", "sync"), v1::DURABILITY_SYNC);
  EXPECT_EQ(Apply("List.Len", "sync"), v1::DURABILITY_SYNC);
}

TEST_F(Durability, OfTheDaemonCountsForObjectsWithoutTheirOwn) {
  EXPECT_EQ(Apply("List.Append", "default"), v1::DURABILITY_ASYNC);
  EXPECT_EQ(Apply("List.Append", "new"), v1::DURABILITY_ASYNC);
  EXPECT_EQ(Apply("List.Len", "missing"), v1::DURABILITY_ASYNC);
}

TEST_F(Durability, GoesBackToTheDaemons) {
  SetLevel("memory", v1::DURABILITY_UNSPECIFIED);
  EXPECT_EQ(Apply("List.Append", "memory"), v1::DURABILITY_ASYNC);
}

TEST_F(Durability, IsTheHighestOfSeveralObjects) {
  v1::SetCombineRequest request;
  for (const std::string name : {"low", "high"}) Apply("Set.Create", name);
  SetLevel("low", v1::DURABILITY_MEMORY);
  SetLevel("high", v1::DURABILITY_SYNC);
  request.set_name("low");
  request.add_operands()->set_set("high");
  EXPECT_EQ(Run("Set.Combine", request).durability, v1::DURABILITY_SYNC);
  request.set_name("high");
  request.mutable_operands(0)->set_set("low");
  EXPECT_EQ(Run("Set.Combine", request).durability, v1::DURABILITY_SYNC);
}

TEST_F(Durability, OfACopyCountsLikeThatOfANewObject) {
  v1::ListCopyRequest request;
  request.set_name("memory");
  request.set_target("copy");
  EXPECT_EQ(Run("List.Copy", request).durability, v1::DURABILITY_ASYNC);
}

TEST_F(Durability, OfAWriteThatGoesWithAnAckCounts) {
  Apply("List.Append", "log{t}");
  SetLevel("log{t}", v1::DURABILITY_SYNC);
  Apply("Queue.Create", "q{t}");
  SetLevel("q{t}", v1::DURABILITY_MEMORY);
  v1::QueuePutRequest put;
  put.set_name("q{t}");
  Run("Queue.Put", put);
  v1::QueueLeaseRequest lease;
  lease.set_name("q{t}");
  v1::QueueLeaseReply leased;
  ASSERT_TRUE(leased.ParseFromString(Run("Queue.Lease", lease).payload));
  v1::ListAppendRequest append;
  append.set_name("log{t}");
  v1::QueueCompleteRequest complete;
  complete.set_name("q{t}");
  complete.set_delivery(leased.deliveries(0).delivery());
  auto* const write = complete.add_writes();
  write->set_method(FindMethodNamed("List.Append"));
  write->set_payload(append.SerializeAsString());
  const Reply reply = Run("Queue.Complete", complete);
  EXPECT_FALSE(reply.failure) << reply.failure->message;
  EXPECT_EQ(reply.durability, v1::DURABILITY_SYNC);
}

TEST_F(Durability, OfAGuardCounts) {
  Apply("List.Append", "low{t}");
  SetLevel("low{t}", v1::DURABILITY_MEMORY);
  Apply("Lock.Create", "lock{t}");
  SetLevel("lock{t}", v1::DURABILITY_SYNC);
  v1::ObjectGuardRequest guard;
  guard.set_name("low{t}");
  guard.set_lock("lock{t}");
  ASSERT_FALSE(Run("Object.Guard", guard).failure);
  Apply("Lock.Acquire", "lock{t}");
  EXPECT_EQ(Apply("List.Append", "low{t}"), v1::DURABILITY_SYNC);
}

TEST_F(Durability, OfWhatIsDeletedCounts) {
  EXPECT_EQ(Apply("Admin.Delete", "sync"), v1::DURABILITY_SYNC);
}

TEST_F(Durability, OfAnAnswerThatWasKeptIsTheHighest) {
  EXPECT_EQ(Apply("List.Append", "memory", 7), v1::DURABILITY_MEMORY);
  EXPECT_EQ(Apply("List.Append", "memory", 7), v1::DURABILITY_SYNC);
}

TEST_F(Durability, IsState) {
  std::string saved;
  engine_.Save([&](std::string_view bytes) { saved += bytes; });
  Engine loaded;
  ASSERT_FALSE(loaded.Load(saved));
  EXPECT_EQ(loaded.store().Find("memory")->object->durability(), v1::DURABILITY_MEMORY);
  EXPECT_EQ(loaded.Digest(), engine_.Digest());
}

class DurabilityOps : public OpTable {};

TEST_F(DurabilityOps, TellTheLevelOfAnObject) {
  Run(R"(
    - List.Create l -> ok
    - Object.Inspect l -> durability=0
    - Object.SetDurability l durability=3 -> ok
    - Object.Inspect l -> durability=3
    - Admin.Describe l -> durability=3
    - Object.SetDurability l durability=0 -> ok
    - Object.Inspect l -> durability=0
  )");
}

TEST_F(DurabilityOps, RefuseWhatIsNoLevelAndNoObject) {
  Run(R"(
    - List.Create l -> ok
    - Object.SetDurability l durability=4 -> INVALID_ARGUMENT "durability 4"
    - Object.SetDurability nothing durability=1 -> OBJECT_NOT_FOUND
  )");
}

TEST_F(DurabilityOps, AreChangesForAGuard) {
  Run(R"(
    s1 List.Create d -> ok
    s1 Lock.Create l{d} -> ok
    s1 Object.Guard d lock="l{d}" -> ok
    s1 Object.SetDurability d durability=1 -> GUARD_STALE
    s1 Lock.Acquire l{d} -> ok
    s1 Object.SetDurability d durability=1 -> ok
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
