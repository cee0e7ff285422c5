// How long a call tries to reach its daemon, on a clock of the test's own.
#include "client/cpp/src/patience.h"

#include <gtest/gtest.h>

namespace coheld::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Patience::TimePoint kStart{};

TEST(PatienceTest, TheFirstTryAfterTroubleIsMadeAtOnce) {
  Patience patience(seconds(5), std::nullopt, true);
  EXPECT_EQ(patience.Pause(kStart, 0.5), Patience::Duration(0));
}

TEST(PatienceTest, PausesDoubleUpToHalfASecond) {
  Patience patience(seconds(1000), std::nullopt, true);
  patience.Pause(kStart, 0);
  Patience::Duration before{};
  for (int i = 0; i < 9; ++i) {
    const auto pause = patience.Pause(kStart, 0);
    ASSERT_TRUE(pause);
    EXPECT_GT(*pause, before);
    before = *pause;
  }
  for (int i = 0; i < 50; ++i) EXPECT_LE(*patience.Pause(kStart, 0.999), milliseconds(500));
}

TEST(PatienceTest, TheDiceSpreadAPauseOverItsUpperHalf) {
  Patience low(seconds(5), std::nullopt, true);
  Patience high(seconds(5), std::nullopt, true);
  low.Pause(kStart, 0);
  high.Pause(kStart, 0);
  EXPECT_EQ(low.Pause(kStart, 0), milliseconds(1));
  EXPECT_EQ(high.Pause(kStart, 1), milliseconds(2));
}

TEST(PatienceTest, TroubleThatLastsTooLongIsGivenUp) {
  Patience patience(seconds(5), std::nullopt, true);
  EXPECT_EQ(patience.Until(kStart), kStart + seconds(5));
  EXPECT_TRUE(patience.Pause(kStart + milliseconds(4999), 0.5));
  EXPECT_FALSE(patience.Pause(kStart + seconds(5), 0.5));
}

TEST(PatienceTest, ManyShortConnectionsAreOneTrouble) {
  Patience patience(seconds(5), std::nullopt, true);
  Patience::TimePoint now = kStart;
  int tries = 0;
  while (const auto pause = patience.Pause(now, 0.5)) {
    now += *pause + milliseconds(1);
    patience.Lost(milliseconds(1));
    ++tries;
  }
  EXPECT_GT(tries, 10);
  EXPECT_LE(now, kStart + seconds(6));
}

TEST(PatienceTest, AfterAGoodConnectionItBeginsAnew) {
  Patience patience(seconds(5), std::nullopt, true);
  patience.Until(kStart);
  patience.Lost(seconds(3600));
  const Patience::TimePoint later = kStart + seconds(3600);
  EXPECT_EQ(patience.Pause(later, 0.5), Patience::Duration(0));
  EXPECT_EQ(patience.Until(later), later + seconds(5));
}

TEST(PatienceTest, NothingIsTriedBeyondTheEnd) {
  Patience patience(seconds(5), kStart + seconds(2), true);
  EXPECT_EQ(patience.Until(kStart), kStart + seconds(2));
  EXPECT_FALSE(patience.Pause(kStart + seconds(2), 0.5));
}

TEST(PatienceTest, OneOfManyTriesTakesAQuarterOfTheTimeButASecondIsFree) {
  Patience patience(seconds(40), std::nullopt, true);
  EXPECT_EQ(patience.TryUntil(kStart), kStart + seconds(10));
  EXPECT_EQ(patience.TryUntil(kStart + seconds(35)), kStart + seconds(40));
  Patience hasty(seconds(2), std::nullopt, true);
  EXPECT_EQ(hasty.TryUntil(kStart), kStart + seconds(1));
}

TEST(PatienceTest, WhoAsksForOneTryHasOne) {
  Patience patience(seconds(5), std::nullopt, false);
  EXPECT_EQ(patience.TryUntil(kStart), kStart + seconds(5));
  EXPECT_EQ(patience.Until(kStart), kStart + seconds(5));
  EXPECT_FALSE(patience.Pause(kStart, 0.5));
}

TEST(PatienceTest, WhoAsksForOneTryHasManyOnceSomebodyWasMet) {
  Patience patience(seconds(5), std::nullopt, false);
  patience.Met();
  EXPECT_TRUE(patience.Pause(kStart, 0.5));
  EXPECT_TRUE(patience.Pause(kStart + seconds(4), 0.5));
  EXPECT_FALSE(patience.Pause(kStart + seconds(5), 0.5));
}

}  // namespace
}  // namespace coheld::core
