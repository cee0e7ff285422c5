// When a wait for a reply spins, on a clock of the test's own.
#include "proto/wire/spin_policy.h"

#include <gtest/gtest.h>

namespace coheld::wire {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr microseconds kLongest{60};

// A channel whose ops follow each other.
struct Ops {
  SpinPolicy policy{kLongest};
  SpinPolicy::TimePoint now{};
  microseconds spent{0};  // On looking, the turns of others included.
  int waits_that_looked = 0;

  // Makes an op whose reply comes after `reply`. A look takes 1 us, and `turn` more, which somebody
  // else uses the core for.
  void Make(microseconds reply, microseconds turn = microseconds(0)) {
    const SpinPolicy::TimePoint begin = now;
    policy.Begin(now);
    if (policy.looking()) ++waits_that_looked;
    while (policy.looking()) {
      now += microseconds(1) + turn;
      policy.Looked(now, now - begin >= reply);
    }
    spent += std::chrono::duration_cast<microseconds>(now - begin);
    now = std::max(now, begin + reply);
  }
};

TEST(SpinPolicyTest, QuickRepliesAreAlwaysLookedFor) {
  Ops ops;
  for (int i = 0; i < 1000; ++i) ops.Make(microseconds(20));
  EXPECT_EQ(ops.waits_that_looked, 1000);
}

TEST(SpinPolicyTest, ParkedOpsCostAThousandthOfTheTimeAtMost) {
  Ops ops;
  for (int i = 0; i < 2000; ++i) ops.Make(microseconds(200));
  const microseconds before = ops.spent;
  const SpinPolicy::TimePoint begin = ops.now;
  for (int i = 0; i < 100'000; ++i) ops.Make(microseconds(200));
  EXPECT_LT((ops.spent - before) * 1000, ops.now - begin);
}

TEST(SpinPolicyTest, AnOpThatIsParkedForHoursIsLookedForOnce) {
  Ops ops;
  ops.Make(seconds(7200));
  EXPECT_EQ(ops.spent, kLongest);
}

TEST(SpinPolicyTest, ALostCoreIsAFailureEvenIfTheReplyCame) {
  Ops ops;
  ops.Make(microseconds(20), milliseconds(4));
  ops.policy.Begin(ops.now);
  EXPECT_FALSE(ops.policy.looking());
}

TEST(SpinPolicyTest, TheTurnsOfOthersWhoLookTooAreNoFailure) {
  Ops ops;
  for (int i = 0; i < 1000; ++i) ops.Make(microseconds(20), microseconds(200));
  EXPECT_EQ(ops.waits_that_looked, 1000);
}

TEST(SpinPolicyTest, TheTurnsOfOthersAreNotCounted) {
  Ops ops;
  for (int i = 0; i < 1000; ++i) ops.Make(microseconds(150), microseconds(7));
  EXPECT_EQ(ops.waits_that_looked, 1000);
}

TEST(SpinPolicyTest, NoWaitLooksForMoreThanAMillisecond) {
  Ops ops;
  ops.Make(seconds(1), microseconds(200));
  EXPECT_LE(ops.spent, milliseconds(2));
}

TEST(SpinPolicyTest, LosingTheCoreNowAndThenCostsTwoPercentAtMost) {
  Ops ops;
  microseconds stolen(0);
  for (int i = 0; i < 200'000; ++i) {
    const bool steal = i % 8 == 0;
    const int looks = ops.waits_that_looked;
    ops.Make(microseconds(50), steal ? milliseconds(4) : milliseconds(0));
    if (steal && ops.waits_that_looked > looks) stolen += milliseconds(4);
  }
  EXPECT_LT(stolen * 50, ops.now.time_since_epoch());
}

TEST(SpinPolicyTest, WhenRepliesAreQuickAgainAllAreLookedForWithinHalfASecond) {
  Ops ops;
  for (int i = 0; i < 200'000; ++i) ops.Make(microseconds(50), milliseconds(4));
  const SpinPolicy::TimePoint begin = ops.now;
  const int looks = ops.waits_that_looked;
  while (ops.waits_that_looked == looks) ops.Make(microseconds(50));
  EXPECT_LE(ops.now - begin, milliseconds(501));
  for (int i = 0; i < 1000; ++i) ops.Make(microseconds(50));
  EXPECT_EQ(ops.waits_that_looked, looks + 1001);
}

TEST(SpinPolicyTest, ParkedOpsAmongQuickOnesDoNotEndTheLooking) {
  Ops ops;
  for (int i = 0; i < 1000; ++i) ops.Make(i % 4 == 0 ? milliseconds(10) : microseconds(20));
  EXPECT_GT(ops.waits_that_looked, 900);
}

TEST(SpinPolicyTest, ManyThingsAreLookedForLonger) {
  SpinPolicy policy{kLongest};
  SpinPolicy::TimePoint now{};
  policy.Begin(now, microseconds(64));
  for (; policy.looking(); now += microseconds(1)) policy.Looked(now + microseconds(1), false);
  EXPECT_EQ(now.time_since_epoch(), kLongest + microseconds(64));
}

TEST(SpinPolicyTest, NoLookBeginsAfterTheEndOfItsWait) {
  constexpr SpinPolicy::TimePoint kEnd{microseconds(7)};
  SpinPolicy policy{kLongest};
  SpinPolicy::TimePoint now{};
  for (policy.Begin(now, {}, kEnd); policy.looking(); policy.Looked(now, false)) {
    EXPECT_LT(now, kEnd);
    now += microseconds(2);
  }
  EXPECT_EQ(now.time_since_epoch(), microseconds(8));
}

TEST(SpinPolicyTest, AWaitThatIsOverLooksForNothing) {
  SpinPolicy policy{kLongest};
  policy.Begin({}, {}, {});
  EXPECT_FALSE(policy.looking());
  policy.Begin({});  // It was no failure either.
  EXPECT_TRUE(policy.looking());
}

TEST(SpinPolicyTest, ZeroMeansNever) {
  SpinPolicy policy{SpinPolicy::Duration(0)};
  policy.Begin({}, microseconds(64));
  EXPECT_FALSE(policy.looking());
}

}  // namespace
}  // namespace coheld::wire
