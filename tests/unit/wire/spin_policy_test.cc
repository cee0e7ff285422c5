// When a wait for a reply spins, on a clock of the test's own.
#include "proto/wire/spin_policy.h"

#include <gtest/gtest.h>

#include "proto/wire/busy_machine.h"

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
  microseconds spent{0};
  int looks = 0;

  // Makes an op whose reply comes after `reply`; looking takes that long, or all that is allowed,
  // but at least `stolen`, which somebody else uses the core for.
  void Make(microseconds reply, microseconds stolen = microseconds(0)) {
    const auto allowed = policy.Allowed(now);
    const SpinPolicy::TimePoint begin = now;
    if (allowed > allowed.zero()) {
      const bool answered = reply <= allowed;
      const microseconds took = std::max(stolen, answered ? reply : kLongest);
      now += took;
      spent += took;
      ++looks;
      policy.Looked(begin, now, answered);
    }
    now = std::max(now, begin + reply);
  }
};

TEST(SpinPolicyTest, QuickRepliesAreAlwaysLookedFor) {
  Ops ops;
  for (int i = 0; i < 1000; ++i) ops.Make(microseconds(20));
  EXPECT_EQ(ops.looks, 1000);
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
  EXPECT_EQ(ops.policy.Allowed(ops.now).count(), 0);
}

TEST(SpinPolicyTest, LosingTheCoreNowAndThenCostsTwoPercentAtMost) {
  Ops ops;
  microseconds stolen(0);
  for (int i = 0; i < 200'000; ++i) {
    const bool steal = i % 8 == 0;
    const int looks = ops.looks;
    ops.Make(microseconds(50), steal ? milliseconds(4) : milliseconds(0));
    if (steal && ops.looks > looks) stolen += milliseconds(4);
  }
  EXPECT_LT(stolen * 50, ops.now.time_since_epoch());
}

TEST(SpinPolicyTest, WhenRepliesAreQuickAgainAllAreLookedForWithinHalfASecond) {
  Ops ops;
  for (int i = 0; i < 200'000; ++i) ops.Make(microseconds(50), milliseconds(4));
  const SpinPolicy::TimePoint begin = ops.now;
  const int looks = ops.looks;
  while (ops.looks == looks) ops.Make(microseconds(50));
  EXPECT_LE(ops.now - begin, milliseconds(501));
  for (int i = 0; i < 1000; ++i) ops.Make(microseconds(50));
  EXPECT_EQ(ops.looks, looks + 1001);
}

TEST(SpinPolicyTest, ParkedOpsAmongQuickOnesDoNotEndTheLooking) {
  Ops ops;
  for (int i = 0; i < 1000; ++i) ops.Make(i % 4 == 0 ? milliseconds(10) : microseconds(20));
  EXPECT_GT(ops.looks, 900);
}

TEST(BusyMachineTest, TheKernelTellsHowManyThreadsWantToRun) {
  EXPECT_EQ(RunnableIn("24.90 20.10 3.05 17/503 24511\n"), 17u);
  EXPECT_EQ(RunnableIn("3/503"), 3u);
}

TEST(BusyMachineTest, WhereItIsNotToldTheMachineIsNotBusy) {
  EXPECT_EQ(RunnableIn(""), 0u);
  EXPECT_EQ(RunnableIn("24.90 20.10"), 0u);
  EXPECT_EQ(RunnableIn("24.90 x/503"), 0u);
}

TEST(SpinPolicyTest, ZeroMeansNever) {
  EXPECT_EQ(SpinPolicy(SpinPolicy::Duration(0)).Allowed({}).count(), 0);
}

}  // namespace
}  // namespace coheld::wire
