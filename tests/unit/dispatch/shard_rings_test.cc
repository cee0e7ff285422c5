// Owners that wait for each other over several shards: found, failed as within one, and nobody
// else.
#include "server/dispatch/shard_rings.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "coheld/v1/lock.pb.h"
#include "coheld/v1/object.pb.h"
#include "server/engine/input_log.h"
#include "tests/unit/dispatch/scripted_shards.h"

namespace coheld::dispatch {
namespace {

using transport::StreamId;

constexpr char kOk[] = "0";
constexpr char kAborted[] = "10";
constexpr uint64_t kLongMs = 1'000;

ShardStep Step(uint32_t shard, uint64_t op, uint64_t owner, uint64_t next) {
  return {.shard = shard,
          .step = {.op = CallId{op},
                   .owner = {.session = SessionId{owner}},
                   .next = {.session = SessionId{next}}}};
}

std::vector<uint64_t> OpsOf(const std::vector<ShardStep>& ring) {
  std::vector<uint64_t> ops;
  for (const ShardStep& step : ring) ops.push_back(static_cast<uint64_t>(step.step.op));
  return ops;
}

TEST(FindShardRing, FindsTheOpsThatLeadToEachOther) {
  // 5 waits for 1, which waits for 2, which waits for 1; 3 waits for 4, which does not wait.
  const std::vector<ShardStep> steps = {Step(0, 50, 5, 1), Step(0, 10, 1, 2), Step(1, 20, 2, 1),
                                        Step(1, 30, 3, 4)};
  EXPECT_EQ(OpsOf(FindShardRing(steps)), (std::vector<uint64_t>{20, 10}));
}

TEST(FindShardRing, LeavesThoseWithinOneShardToIt) {
  EXPECT_TRUE(FindShardRing({Step(0, 10, 1, 2), Step(0, 20, 2, 1)}).empty());
  // But not one that shares an op with such a ring.
  const std::vector<ShardStep> steps = {Step(0, 10, 1, 2), Step(0, 20, 2, 1), Step(0, 11, 1, 3),
                                        Step(1, 30, 3, 1)};
  EXPECT_EQ(OpsOf(FindShardRing(steps)), (std::vector<uint64_t>{30, 11}));
}

TEST(FindShardRing, FollowsWhoIsBeforeInLine) {
  ShardStep behind = Step(0, 10, 1, 2);
  behind.step.before = CallId{20};
  const std::vector<ShardStep> steps = {behind, Step(0, 20, 2, 3), Step(1, 21, 2, 1),
                                        Step(1, 30, 3, 1)};
  EXPECT_EQ(OpsOf(FindShardRing(steps)), (std::vector<uint64_t>{30, 10, 20}));
}

TEST(FindShardRing, FindsNoneInALineOfThousands) {
  std::vector<ShardStep> steps;
  for (uint64_t owner = 1; owner < 5'000; ++owner) {
    steps.push_back(Step(static_cast<uint32_t>(owner % 3), owner, owner, owner + 1));
  }
  EXPECT_TRUE(FindShardRing(steps).empty());
}

class RingsOfShards : public ::testing::Test {
 protected:
  static std::string NameOn(uint32_t shard) { return ScriptedShards::NameOn(shard, "lock"); }
  static v1::LockAcquireRequest Acquire(uint32_t shard) {
    v1::LockAcquireRequest request;
    request.set_name(NameOn(shard));
    return request;
  }
  void Lock(ScriptedShards& shards, Client& client, uint32_t shard) {
    shards.Call<v1::LockAcquireReply>(client, "Lock/Acquire", Acquire(shard));
    ASSERT_EQ(client.status(), kOk);
  }
  // Opens both; the first has a lock on shard 1, the second one on shard 2.
  void LockEach(ScriptedShards& shards, Client& first, Client& second) {
    shards.Open(first);
    shards.Open(second);
    Lock(shards, first, 1);
    Lock(shards, second, 2);
  }
  void Unlock(ScriptedShards& shards, Client& client, uint32_t shard) {
    v1::LockReleaseRequest request;
    request.set_name(NameOn(shard));
    shards.Call<v1::LockReleaseReply>(client, "Lock/Release", request);
  }
  StreamId Wait(ScriptedShards& shards, Client& client, uint32_t shard) {
    const StreamId stream = client.Begin("Lock/Acquire", Acquire(shard));
    shards.Settle();
    return stream;
  }
  static std::string StatusOf(Client& client, StreamId stream) {
    client.Result<v1::LockAcquireReply>(stream);
    return client.status();
  }
};

TEST_F(RingsOfShards, FailWhoClosesOneOverTwo) {
  ScriptedShards shards;
  Client first(shards[1]), second(shards[2]);
  LockEach(shards, first, second);
  const StreamId waits = Wait(shards, first, 2);
  shards.Pass(5);
  const StreamId closes = Wait(shards, second, 1);
  shards.Pass(kLongMs);
  EXPECT_EQ(StatusOf(second, closes), kAborted);
  EXPECT_EQ(StatusOf(first, waits), "");
  Unlock(shards, second, 2);
  EXPECT_EQ(StatusOf(first, waits), kOk);
}

TEST_F(RingsOfShards, FailOneOfThoseOverThree) {
  ScriptedShards shards;
  std::vector<std::unique_ptr<Client>> clients;
  std::vector<StreamId> waits;
  for (uint32_t i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<Client>(shards[0]));
    shards.Open(*clients[i]);
    Lock(shards, *clients[i], i);
  }
  for (uint32_t i = 0; i < 3; ++i) {
    waits.push_back(Wait(shards, *clients[i], (i + 1) % 3));
    shards.Pass(200);
  }
  shards.Pass(kLongMs);
  EXPECT_EQ(StatusOf(*clients[0], waits[0]), "");
  EXPECT_EQ(StatusOf(*clients[1], waits[1]), "");
  EXPECT_EQ(StatusOf(*clients[2], waits[2]), kAborted);
}

TEST_F(RingsOfShards, AreNoneWhileSomebodyHasATimeout) {
  ScriptedShards shards;
  Client first(shards[0]), second(shards[0]);
  LockEach(shards, first, second);
  const StreamId waits = Wait(shards, first, 2);
  v1::LockAcquireRequest patient = Acquire(1);
  patient.set_timeout_ms(60'000);
  const StreamId ends = second.Begin("Lock/Acquire", patient);
  shards.Settle();
  shards.Pass(30'000);
  EXPECT_EQ(StatusOf(first, waits), "");
  EXPECT_EQ(StatusOf(second, ends), "");
}

TEST_F(RingsOfShards, FindALockThatWasTakenWhileItsOwnerWaited) {
  ScriptedShards shards;
  Client first(shards[0]), second(shards[0]);
  shards.Open(first);
  shards.Open(second);
  Lock(shards, second, 2);
  const StreamId waits = Wait(shards, first, 2);
  shards.Pass(5'000);
  Lock(shards, first, 1);  // By the same thread, as a batch does it.
  const StreamId closes = Wait(shards, second, 1);
  shards.Pass(kLongMs);
  EXPECT_EQ(StatusOf(second, closes), kAborted);
  EXPECT_EQ(StatusOf(first, waits), "");
}

TEST_F(RingsOfShards, AreFoundInTimeWhenAGrantCloses) {
  ScriptedShards shards;
  Client first(shards[0]), second(shards[0]), third(shards[0]);
  for (Client* client : {&first, &second, &third}) shards.Open(*client);
  Lock(shards, second, 2);
  Lock(shards, third, 1);
  const StreamId waits = Wait(shards, first, 2);
  const StreamId granted = Wait(shards, first, 1);  // By the same thread, as a batch does it.
  shards.Pass(5);
  const StreamId behind = Wait(shards, second, 1);
  shards.Pass(5'000);
  Unlock(shards, third, 1);
  EXPECT_EQ(StatusOf(first, granted), kOk);
  shards.Pass(20'000);
  EXPECT_EQ(StatusOf(second, behind), kAborted);
  EXPECT_EQ(StatusOf(first, waits), "");
}

TEST_F(RingsOfShards, AreNoneIfAStepIsGoneWhenItIsAskedFor) {
  ScriptedShards shards;
  Client first(shards[1]), second(shards[2]);
  LockEach(shards, first, second);
  const StreamId goes = Wait(shards, second, 1);
  shards.Pass(5);
  const StreamId closes = Wait(shards, first, 2);  // It would be the one to fail.
  // The search begins, and stops before the second round: all have told their waits.
  for (uint32_t shard = 0; shard < ScriptedShards::kCount; ++shard) shards.loop(shard).Pass(150);
  const auto deliver_all = [&](uint32_t from, uint32_t to) {
    shards.EndTurns();
    while (shards.Deliver(from, to)) {
    }
  };
  for (uint32_t shard : {1u, 2u}) deliver_all(shard, 0);                                    // Look.
  for (uint32_t shard = 0; shard < ScriptedShards::kCount; ++shard) deliver_all(0, shard);  // Tell.
  for (uint32_t shard = 0; shard < ScriptedShards::kCount; ++shard)
    deliver_all(shard, 0);  // Waits.
  second.Reset(goes);
  deliver_all(2, 1);  // It has given up.
  shards.Settle();
  shards.Pass(kLongMs);
  EXPECT_EQ(StatusOf(first, closes), "");
  EXPECT_EQ(shards.engine(1).parked().size(), 0u);
}

TEST_F(RingsOfShards, FailByAnInputSoThatTheRecordsMakeTheSameState) {
  FakeLog logs[ScriptedShards::kCount];
  ScriptedShards shards([&](uint32_t shard) {
    return Beginning{.log = &logs[shard], .level = journal::Level::kMemory};
  });
  Client first(shards[1]), second(shards[2]);
  LockEach(shards, first, second);
  Wait(shards, first, 2);
  shards.Pass(5);
  const StreamId closes = Wait(shards, second, 1);
  shards.Pass(kLongMs);
  ASSERT_EQ(StatusOf(second, closes), kAborted);
  for (uint32_t shard = 0; shard < ScriptedShards::kCount; ++shard) {
    engine::Engine again;
    std::vector<engine::Reply> replies;
    for (const std::string& record : logs[shard].records) {
      engine::Input input;
      ASSERT_TRUE(engine::DecodeInput(record, &input));
      engine::Replay(again, input, &replies);
    }
    EXPECT_EQ(again.Digest(), shards.engine(shard).Digest()) << "shard " << shard;
  }
}

}  // namespace
}  // namespace coheld::dispatch
