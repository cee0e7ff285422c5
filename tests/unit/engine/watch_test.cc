// Watch.Changes as tables, on objects of any type.
#include <string>

#include "coheld/v1/list.pb.h"
#include "server/engine/history.h"
#include "server/engine/limits.h"
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class Watching : public OpTable {
 protected:
  Watching() { KeepEngine(); }

  // Applies so many appends, each of so many bytes, to a list.
  void Append(const std::string& name, size_t count, size_t bytes = 1) {
    v1::ListAppendRequest request;
    request.set_name(name);
    request.mutable_value()->set_bytes(std::string(bytes, 'x'));
    const std::string payload = request.SerializeAsString();
    for (size_t i = 0; i < count; ++i) {
      replies_.clear();
      engine().Apply({.call = CallId{++last_call_}, .now = now()}, 208, payload, &replies_);
    }
  }

 private:
  uint64_t last_call_ = 1'000'000;
  std::vector<Reply> replies_;
};

TEST_F(Watching, BeginsWithTheVersionThatTheObjectHas) {
  Run(R"(
    - List.Append l value=1 -> version=1
    - List.Append l value=2 -> version=2
    - Watch.Changes l -> version=2 changes=[]
    - Watch.Changes l after_version=2 timeout_ms=0 -> version=2 changes=[]
    - Watch.Changes l after_version=1 -> COMPACTED "its version is 2"
  )");
}

TEST_F(Watching, TellsEachChangeOnceAndInOrder) {
  Run(R"(
    - List.Append l value=1 -> version=1
    - Watch.Changes l -> version=1
    s1 List.Append l value=2 -> version=2
    s2 List.Clear l -> version=3
    - List.Len l -> ok
    - List.Remove l value=9 -> VALUE_NOT_FOUND
    - Watch.Changes l after_version=1 -> version=3 changes=[
        {version=2 method=208 session=1}, {version=3 method=219 session=2}]
    - Watch.Changes l after_version=2 -> version=3 changes=[{version=3}]
    - Watch.Changes l after_version=1 limit=1 -> version=2 changes=[{version=2}]
  )");
}

TEST_F(Watching, TellsTheRequestAsItCame) {
  Run(R"(
    - List.Append l value=0 -> ok
    - Watch.Changes l -> version=1
  )");
  Append("l", 1, 3);
  Run(R"(- Watch.Changes l after_version=1 -> changes=[
      {version=2 method=208 payload=b"\n\x01l\x12\x05:\x03xxx" session=0}])");
}

TEST_F(Watching, WaitsForTheNextChange) {
  Run(R"(
    - List.Append l value=0 -> ok
    - Watch.Changes l -> version=1
    s1 Watch.Changes l after_version=1 -> parked #a
    - Watch.Changes l after_version=1 timeout_ms=20 -> parked #b
    - Watch.Changes l after_version=1 timeout_ms=10 -> parked #c
    advance 10 -> #c version=1 changes=[]
    - List.Append l value=1 -> ok; #a version=2 changes=[{method=208}];
      #b version=2 changes=[{method=208}]
    - Watch.Changes l after_version=2 -> parked #d
    cancel #d -> #d CANCELLED
    s1 Watch.Changes l after_version=2 -> parked #e
    end s1 -> #e SESSION_EXPIRED
  )");
}

TEST_F(Watching, NeedsAnObjectAndEndsWithIt) {
  Run(R"(
    - Watch.Changes l -> OBJECT_NOT_FOUND
    s1 Queue.Create "" -> name="~1"
    - Watch.Changes ~1 -> version=1
    - Watch.Changes ~1 after_version=1 -> parked #a
    - Admin.Describe ~1 -> summary={waiters=1} waiters=[{method="Watch.Changes"}]
    s1 Object.Release ~1 -> released=1; #a OBJECT_DELETED
    - Queue.Create q -> ok
    - Watch.Changes q -> ok
    - Watch.Changes q after_version=2 timeout_ms=10 -> COMPACTED
    - Watch.Changes q after_version=1 timeout_ms=10 -> parked #b
    - Admin.Delete q -> ok; #b OBJECT_DELETED
    advance 10
  )");
}

TEST_F(Watching, TellsAnOpThatWasParkedWhenItIsGranted) {
  Run(R"(
    s1 Queue.Create q maxsize=1 -> ok
    s1 Queue.Put q value=1 -> ok
    - Watch.Changes q -> version=2
    s2 Queue.Put q value=2 -> parked #put
    - Watch.Changes q after_version=2 timeout_ms=0 -> changes=[]
    - Queue.Get q -> value=1; #put length=1
    - Watch.Changes q after_version=2 -> changes=[
        {version=3 method=504 session=0}, {version=4 method=502 session=2}]
  )");
}

TEST_F(Watching, TellsWhatTheEndOfASessionGaveBack) {
  Run(R"(
    s1 Lock.Acquire l -> ok
    - Watch.Changes l -> version=1
    - Watch.Changes l after_version=1 -> parked #a
    end s1 -> #a version=2 changes=[{version=2 method=0 payload=b"" session=1}]
  )");
}

TEST_F(Watching, TellsALockThatAConditionLetGo) {
  Run(R"(
    s1 Lock.Create {t}l -> ok
    s1 Condition.Create {t}c lock="{t}l" -> ok
    - Watch.Changes {t}l -> version=1
    s1 Lock.Acquire {t}l -> ok
    s1 Condition.Wait {t}c -> parked #wait
    - Watch.Changes {t}l after_version=1 -> version=3 changes=[
        {version=2 method=601}, {version=3 method=761 session=1}]
  )");
}

TEST_F(Watching, TellsEveryObjectThatAnOpOnManyChanged) {
  Run(R"(
    s1 Lock.Create {t}a -> ok
    s1 Lock.Create {t}b -> ok
    - Watch.Changes {t}a -> version=1
    - Watch.Changes {t}b -> version=1
    s1 Lock.AcquireAll {t}a others=["{t}b"] -> ok
    - Watch.Changes {t}a after_version=1 -> changes=[{version=2 method=604}]
    - Watch.Changes {t}b after_version=1 -> changes=[{version=2 method=604}]
  )");
}

TEST_F(Watching, TellsThatABarrierBrokeWhenAPartyLeft) {
  Run(R"(
    s1 Barrier.Create b parties=2 -> ok
    - Watch.Changes b -> version=1
    s1 Barrier.Wait b -> parked #a
    cancel #a -> #a CANCELLED
    - Watch.Changes b after_version=1 -> changes=[
        {version=2 method=781 session=1}, {version=3 method=0 payload=b"" session=1}]
  )");
}

TEST_F(Watching, TellsAnObjectWhatAnotherOnesEndDidToIt) {
  Run(R"(
    s1 Host.Create h -> ok
    s1 Host.Attach h -> ok
    s1 Hosted.Create x host="h" target="t" -> ok
    - Watch.Changes h -> ok
    - Object.SetTtl x ttl_ms=10 -> ok
    advance 10
    - Admin.Objects -> objects=[{name="h"}]
  )");
}

TEST_F(Watching, KeepsAsManyChangesAsTheLimitSays) {
  Run(R"(
    - List.Append l value=0 -> ok
    - Watch.Changes l -> version=1
  )");
  Append("l", kHistoryChangesMax);
  const std::string last = std::to_string(kHistoryChangesMax);
  Run("- Watch.Changes l after_version=1 limit=1 -> version=2");
  Append("l", 1);
  Run("- Watch.Changes l after_version=1 -> COMPACTED");
  Run("- Watch.Changes l after_version=2 limit=1 -> version=3");
  Run("- Watch.Changes l after_version=" + last + " -> changes=[{version=10001}, {version=10002}]");
}

TEST_F(Watching, KeepsAsManyBytesAsTheLimitSays) {
  Run(R"(
    - List.Append l value=0 -> ok
    - Watch.Changes l -> version=1
  )");
  Append("l", 3, kHistoryBytesMax / 2);
  Run("- Watch.Changes l after_version=2 timeout_ms=0 -> COMPACTED");
  Run("- Watch.Changes l after_version=3 -> version=4");
  Append("l", 1, kHistoryBytesMax + 1);
  Run("- Watch.Changes l after_version=4 -> COMPACTED");
  Run("- Watch.Changes l after_version=5 timeout_ms=0 -> version=5 changes=[]");
}

TEST_F(Watching, WaiterWhoseChangeIsTooLargeToKeepIsTold) {
  Run(R"(
    - List.Append l value=0 -> ok
    - Watch.Changes l -> version=1
    - Watch.Changes l after_version=1 -> parked #a
  )");
  v1::ListAppendRequest request;
  request.set_name("l");
  request.mutable_value()->set_bytes(std::string(kHistoryBytesMax + 1, 'x'));
  std::vector<Reply> replies;
  engine().Apply({.call = CallId{99}, .now = now()}, 208, request.SerializeAsString(), &replies);
  ASSERT_EQ(replies.size(), 2u);
  EXPECT_EQ(replies[1].failure->reason, v1::ERROR_REASON_COMPACTED);
}

TEST_F(Watching, ReplyIsOfAboutAPage) {
  Run(R"(
    - List.Append l value=0 -> ok
    - Watch.Changes l -> version=1
  )");
  Append("l", 4, kPageBytesMax / 2 + 1);
  Run("- Watch.Changes l after_version=1 -> version=2 changes=[{version=2}]");
}

TEST_F(Watching, EndsWhenNobodyAskedForLong) {
  Run(R"(
    - List.Append l value=0 -> ok
    - Watch.Changes l -> version=1
  )");
  Append("l", kHistoryChangesMax);
  Run("- Watch.Changes l after_version=10001 timeout_ms=0 -> version=10001");
  Append("l", kHistoryChangesMax);
  Run("- Watch.Changes l after_version=10002 limit=1 -> version=10003");
  Append("l", kHistoryChangesMax + 1);
  // Now there is no history: this begins it.
  Run("- Watch.Changes l after_version=30001 timeout_ms=0 -> COMPACTED");
  Run("- Watch.Changes l after_version=30002 timeout_ms=0 -> version=30002 changes=[]");
}

}  // namespace
}  // namespace coheld::engine::testing
