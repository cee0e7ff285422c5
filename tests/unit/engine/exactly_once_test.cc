// Exactly once: copies of ops by lane and seq, at every moment at which one may come.
#include <deque>
#include <map>
#include <random>
#include <string>

#include "coheld/v1/counter.pb.h"
#include "server/engine/limits.h"
#include "tests/unit/engine/op_table.h"
#include "tests/unit/seeds.h"

namespace coheld::engine::testing {
namespace {

class Copies : public OpTable {};
class Lanes : public OpTable {};
class Waiting : public OpTable {};

// --- Copies of what was answered ---

TEST_F(Copies, GetTheFirstAnswerAndDoNothing) {
  Run(R"(
    s1@0.1 Queue.Put q value=1 -> length=1
    s1@0.1 Queue.Put q value=1 -> length=1
    s1@0.2 Queue.Put q value=2 -> length=2
    s1@0.1 Queue.Put q value=1 -> length=1
    s1@0.3 Queue.Get q -> value=1
    s1@0.3 Queue.Get q -> value=1
    - Queue.Len q -> length=1
  )");
}

TEST_F(Copies, OfWhatWasAcknowledgedAreRefused) {
  KeepEngine();  // Answers that changed nothing are kept in memory only.
  Run(R"(
    s1@0.1 Queue.Put q value=1 -> length=1
    s1@0.2^1 Queue.Put q value=2 -> length=2
    s1@0.1 Queue.Put q value=1 -> ALREADY_ACKNOWLEDGED "seq 1 of lane 0"
    s1@0.2 Queue.Put q value=2 -> length=2
    s1@0.3^2 Queue.Len q -> length=2
    s1@0.2 Queue.Put q value=2 -> ALREADY_ACKNOWLEDGED "up to 2"
    s1@0.4^4 Queue.Put q value=3 -> ALREADY_ACKNOWLEDGED
    - Queue.Len q -> length=2
  )");
}

TEST_F(Copies, OfFailuresAndTimeoutsGetThemAgain) {
  KeepEngine();  // Answers that changed nothing are kept in memory only.
  Run(R"(
    s1@0.1 Queue.Get q timeout_ms=0 -> QUEUE_EMPTY
    - Queue.Put q value=1 -> length=1
    s1@0.1 Queue.Get q timeout_ms=0 -> QUEUE_EMPTY
    s2 Lock.Acquire l -> acquired=True
    s1@0.2^1 Lock.Acquire l timeout_ms=0 -> acquired=False
    s2 Lock.Release l -> ok
    s1@0.2^1 Lock.Acquire l timeout_ms=0 -> acquired=False
    s1@0.3^2 Lock.Acquire l timeout_ms=0 -> acquired=True
  )");
}

TEST_F(Copies, OfReadsAreDoneAgain) {
  Run(R"(
    s1@0.1 Queue.Len q -> length=0
    - Queue.Put q value=1 -> length=1
    s1@0.1 Queue.Len q -> length=1
  )");
}

TEST_F(Copies, OfAReadThatGaveHandlesGiveNoMore) {
  Run(R"(
    s1 List.Create "" -> name="~1"
    - Dict.Set d key="a" value=ref("~1", "list") -> ok
    s2@0.1 Dict.Get d key="a" -> value=ref("~1", "list")
    s2@0.1 Dict.Get d key="a" -> value=ref("~1", "list")
    s2 Object.Inspect ~1 -> own_handles=1
  )");
}

TEST_F(Copies, OfAMakerOfAnAnonymousObjectNameTheSameOne) {
  Run(R"(
    s1@0.1 List.Create "" -> name="~1"
    s1@0.1 List.Create "" -> name="~1"
    s1 Object.Inspect ~1 -> handles=1
  )");
}

TEST_F(Copies, AreOfTheirOwnSession) {
  Run(R"(
    s1@0.1 Queue.Put q value=1 -> length=1
    s2@0.1 Queue.Put q value=2 -> length=2
    end s1
    s1@0.1 Queue.Put q value=1 -> SESSION_EXPIRED
    - Queue.Len q -> length=2
  )");
}

TEST_F(Copies, NeedASession) {
  std::vector<Reply> replies;
  engine().Apply({.call = CallId{1}, .now = now(), .seq = 1},
                 wire::FindMethod("/coheld.v1.Queue/Len")->number, {}, &replies);
  EXPECT_EQ(replies.at(0).failure->reason, v1::ERROR_REASON_SESSION_REQUIRED);
}

TEST_F(Copies, WithoutASeqAreOpsOfTheirOwn) {
  Run(R"(
    s1@0.0 Queue.Put q value=1 -> length=1
    s1@0.0 Queue.Put q value=1 -> length=2
  )");
}

// --- Copies of what waits ---

TEST_F(Waiting, CopiesShareTheFateOfTheOp) {
  Run(R"(
    s1@3.1 Queue.Get q -> parked #a
    s1@3.1 Queue.Get q -> copy #a
    - Queue.Put q value=7 -> ok; #a value=7
    s1@3.1 Queue.Get q -> value=7
    - Queue.Put q value=8 -> length=1
    s1@3.1 Queue.Get q -> value=7
    - Queue.Len q -> length=1
  )");
}

TEST_F(Waiting, TimeoutsAreTheAnswer) {
  KeepEngine();  // Answers that changed nothing are kept in memory only.
  Run(R"(
    s1@0.1 Queue.Get q timeout_ms=10 -> parked #a
    advance 10 -> #a QUEUE_EMPTY
    - Queue.Put q value=1 -> ok
    s1@0.1 Queue.Get q timeout_ms=10 -> QUEUE_EMPTY
    s1@0.2 Queue.Get q timeout_ms=10 -> value=1
  )");
}

TEST_F(Waiting, CancelsAreTheAnswer) {
  KeepEngine();  // Answers that changed nothing are kept in memory only.
  Run(R"(
    s1@0.1 Queue.Get q -> parked #a
    cancel #a -> #a CANCELLED
    - Queue.Put q value=1 -> ok
    s1@0.1 Queue.Get q -> CANCELLED
  )");
}

TEST_F(Waiting, OrdinaryOpsGoWithTheirConnectionAndMayComeAnew) {
  Run(R"(
    s1@0.1 Queue.Get q -> parked #a
    abandon #a -> #a CANCELLED
    - Queue.Put q value=1 -> length=1
    s1@0.1 Queue.Get q -> value=1
  )");
}

TEST_F(Waiting, WhatChangedSomethingOutlivesItsConnection) {
  Run(R"(
    - RLock.Create {c}l -> ok
    - Condition.Create c lock="{c}l" -> ok
    s1 RLock.Acquire {c}l -> acquired=True
    s1@0.1 Condition.Wait c -> parked #a
    abandon #a
    s1@0.1 Condition.Wait c -> copy #a
    abandon #a
    s2 RLock.Acquire {c}l -> acquired=True
    s2 Condition.Notify c count=1 -> woken=1; #a notified=True
    s1@0.1 Condition.Wait c -> notified=True depth=1
  )");
}

TEST_F(Waiting, WhatWasAcknowledgedWhileItWaitedLeavesNoAnswer) {
  Run(R"(
    - RLock.Create {c}l -> ok
    - Condition.Create c lock="{c}l" -> ok
    s1 RLock.Acquire {c}l -> acquired=True
    s1@0.1 Condition.Wait c timeout_ms=50 -> parked #a
    abandon #a
    s1@0.2^1 Queue.Put q value=1 -> length=1
    advance 60 -> #a notified=False
    s1@0.1 Condition.Wait c timeout_ms=50 -> ALREADY_ACKNOWLEDGED
    s1@0.2^1 Queue.Put q value=1 -> length=1
  )");
}

TEST_F(Waiting, WhatChangedSomethingWithoutASeqGoesWithItsConnection) {
  Run(R"(
    - Barrier.Create b parties=2 -> ok
    s1 Barrier.Wait b -> parked #a
    abandon #a -> #a CANCELLED
    s1 Barrier.Wait b -> BARRIER_BROKEN
  )");
}

TEST_F(Waiting, APartyArrivesOnce) {
  Run(R"(
    - Barrier.Create b parties=2 -> ok
    s1@0.1 Barrier.Wait b -> parked #a
    abandon #a
    s1@0.1 Barrier.Wait b -> copy #a
    s2@0.1 Barrier.Wait b -> index=1; #a index=0
    s1@0.1 Barrier.Wait b -> index=0
    s2@0.1 Barrier.Wait b -> index=1
  )");
}

TEST_F(Waiting, ABrokenBarrierIsTheAnswerAlsoAfterItsReset) {
  Run(R"(
    - Barrier.Create b parties=2 -> ok
    s1@0.1 Barrier.Wait b timeout_ms=10 -> parked #a
    s2@0.1 Barrier.Wait b timeout_ms=0 -> index=1; #a index=0
    s1@0.2^1 Barrier.Wait b timeout_ms=10 -> parked #b
    - Barrier.Abort b -> ok; #b BARRIER_BROKEN
    - Barrier.Reset b -> ok
    s1@0.2^1 Barrier.Wait b timeout_ms=10 -> BARRIER_BROKEN
  )");
}

TEST_F(Waiting, SessionsTakeTheirOpsWithThem) {
  Run(R"(
    - Barrier.Create b parties=2 -> ok
    s1@0.1 Barrier.Wait b -> parked #a
    abandon #a
    end s1 -> #a SESSION_EXPIRED
    - Barrier.Inspect b -> broken=True
  )");
}

// --- Lanes ---

TEST_F(Lanes, AreApart) {
  Run(R"(
    s1@0.1 Queue.Get q -> parked #a
    s1@1.1 Queue.Put other value=1 -> length=1
    s1@1.2^1 Queue.Put other value=1 -> length=2
    s1@7.1^0 Queue.Put q value=1 -> ok; #a value=1
    s1@0.1 Queue.Get q -> value=1
    s1@1.1 Queue.Put other value=1 -> ALREADY_ACKNOWLEDGED "lane 1"
  )");
}

TEST_F(Lanes, KeepAnswersInAnyOrder) {
  Run(R"(
    s1@0.1 Queue.Get a -> parked #a
    s1@0.2 Queue.Get b -> parked #b
    s1@0.3 Queue.Put c value=3 -> length=1
    - Queue.Put b value=2 -> ok; #b value=2
    - Queue.Put a value=1 -> ok; #a value=1
    s1@0.1 Queue.Get a -> value=1
    s1@0.2 Queue.Get b -> value=2
    s1@0.3 Queue.Put c value=3 -> length=1
  )");
}

TEST_F(Lanes, AreRefusedMoreOnceTheyAreFull) {
  for (size_t seq = 1; seq <= kLaneRepliesMax; ++seq) {
    Run("s1@0." + std::to_string(seq) + " Queue.Put q value=1 -> ok");
  }
  Run(R"(
    s1@0.1025 Queue.Put q value=1 -> TOO_MANY "lane 0 has 1024 replies"
    s1@1.1025 Queue.Put q value=1 -> ok
    s1@0.1 Queue.Put q value=1 -> length=1
    s1@0.1025^1 Queue.Put q value=1 -> length=1026
    s1@0.1026 Queue.Put q value=1 -> TOO_MANY
    s1@0.1026^1025 Queue.Put q value=1 -> length=1027
  )");
}

TEST_F(Lanes, OfOneSessionAreLimited) {
  for (size_t lane = 0; lane < kSessionLanesMax; ++lane) {
    Run("s1@" + std::to_string(lane) + ".1 Queue.Put q value=1 -> ok");
  }
  Run(R"(
    s1@10000.1 Queue.Put q value=1 -> TOO_MANY "10000 lanes"
    s1@9999.2^1 Queue.Put q value=1 -> ok
    s2@10000.1 Queue.Put q value=1 -> ok
  )");
}

TEST_F(Lanes, OfFailuresDoNotGrow) {
  Run("s1@0.1 Queue.Put q value=1 -> ok");
  for (uint64_t seq = 2; seq < 5000; ++seq) {
    Run("s1@0." + std::to_string(seq) + "^" + std::to_string(seq - 1) +
        " Queue.Get empty timeout_ms=0 -> QUEUE_EMPTY");
  }
  const ReplyTable::Lane& lane = engine().sessions().Find(SessionId{1})->replies.lanes().at(0);
  EXPECT_LE(lane.end() - lane.begin(), 2);
}

// --- Random ---

// Clients that add to a counter, whose frames are lost, doubled and late. Each addition must happen
// once, whose reply the client got; and each answer must be the first one.
TEST(ExactlyOnce, HoldsUnderRandomCopies) {
  const uint64_t seed = coheld::testing::FirstSeed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  Engine engine;
  constexpr uint64_t kLanes = 5;
  constexpr TimeMs kNow{1000};
  const SessionId session{1};
  engine.OpenSession(session, {}, 10'000, kNow);
  const uint32_t add = wire::FindMethod("/coheld.v1.Counter/Add")->number;
  struct Lane {
    uint64_t next = 1;
    uint64_t acked = 0;
    std::map<uint64_t, std::string> answers;  // By seq, of those that were done.
  };
  Lane lanes[kLanes];
  uint64_t call = 0;
  uint64_t done = 0;
  const auto send = [&](uint64_t lane, uint64_t seq, uint64_t acked) {
    v1::CounterAddRequest request;
    request.set_name("c" + std::to_string(lane));
    request.set_amount(static_cast<int64_t>(seq));
    std::vector<Reply> replies;
    engine.Apply({.call = CallId{++call},
                  .owner = {.session = session},
                  .now = kNow,
                  .seq = seq,
                  .acked = acked,
                  .lane = static_cast<uint32_t>(lane)},
                 add, request.SerializeAsString(), &replies);
    EXPECT_EQ(replies.size(), 1u);
    return replies.at(0);
  };
  for (int step = 0; step < 20'000; ++step) {
    const uint64_t number = random() % kLanes;
    Lane& lane = lanes[number];
    if (lane.next == 1 || random() % 3 == 0) {
      const Reply reply = send(number, lane.next, lane.acked);
      ASSERT_FALSE(reply.failure) << reply.failure->message;
      lane.answers[lane.next++] = reply.payload;
      ++done;
    } else if (random() % 2 == 0 && lane.acked + 1 < lane.next) {
      lane.acked += 1 + random() % (lane.next - 1 - lane.acked);
    } else {
      const uint64_t seq = 1 + random() % (lane.next - 1);
      const Reply reply = send(number, seq, random() % (lane.acked + 1));
      if (reply.failure) {
        EXPECT_EQ(reply.failure->reason, v1::ERROR_REASON_ALREADY_ACKNOWLEDGED);
        EXPECT_LE(seq, lane.acked);
      } else {
        EXPECT_EQ(reply.payload, lane.answers[seq]);
      }
    }
  }
  EXPECT_GT(done, 1000u);
  for (uint64_t number = 0; number < kLanes; ++number) {
    v1::CounterAddRequest request;
    request.set_name("c" + std::to_string(number));
    request.set_amount(0);
    std::vector<Reply> replies;
    engine.Apply({.call = CallId{++call}, .now = kNow}, add, request.SerializeAsString(), &replies);
    v1::CounterAddReply reply;
    ASSERT_TRUE(reply.ParseFromString(replies.at(0).payload));
    const uint64_t last = lanes[number].next - 1;
    EXPECT_EQ(reply.value(), static_cast<int64_t>(last * (last + 1) / 2));
  }
}

}  // namespace
}  // namespace coheld::engine::testing
