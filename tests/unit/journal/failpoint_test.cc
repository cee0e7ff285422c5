// Failpoints: armed by the environment, they end the process.
#include "server/journal/failpoint.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <csignal>
#include <set>

namespace coheld::journal {
namespace {

class FailpointTest : public testing::Test {
 protected:
  ~FailpointTest() override {
    unsetenv("COHELD_FAILPOINT");
    armed_failpoint = -1;
  }

  static std::string Arm(const char* text) {
    setenv("COHELD_FAILPOINT", text, 1);
    return ArmFailpoint();
  }
};

using FailpointDeathTest = FailpointTest;

TEST_F(FailpointTest, HasEachNameOnce) {
  const std::set<std::string_view> names(std::begin(kFailpoints), std::end(kFailpoints));
  EXPECT_EQ(names.size(), std::size(kFailpoints));
}

TEST_F(FailpointTest, NotArmedDoesNothing) {
  EXPECT_EQ(Arm(""), "");
  COHELD_FAILPOINT("journal.wrote");
}

TEST_F(FailpointTest, OfAnotherNameDoesNothing) {
  EXPECT_EQ(Arm("journal.synced"), "");
  COHELD_FAILPOINT("journal.wrote");
}

TEST_F(FailpointDeathTest, KillsTheProcessAtItsFirstPass) {
  EXPECT_EXIT(
      {
        Arm("journal.wrote");
        COHELD_FAILPOINT("journal.wrote");
        exit(0);
      },
      testing::KilledBySignal(SIGKILL), "failpoint_passed name=journal.wrote\n");
}

TEST_F(FailpointDeathTest, KillsTheProcessAtTheNthPass) {
  int passes = 0;
  EXPECT_EXIT(
      {
        Arm("journal.wrote@3");
        for (; passes < 4; ++passes) {
          std::fprintf(stderr, "pass %d\n", passes);
          COHELD_FAILPOINT("journal.wrote");
        }
        exit(0);
      },
      testing::KilledBySignal(SIGKILL), "pass 2\nfailpoint_passed name=journal.wrote\n$");
}

TEST_F(FailpointTest, ThatIsNotThereIsToldOf) {
  EXPECT_EQ(Arm("journal.nothing"),
            "COHELD_FAILPOINT is \"journal.nothing\", and there is no such failpoint");
  EXPECT_EQ(armed_failpoint, -1);
}

TEST_F(FailpointTest, WithANumberThatIsNoneIsToldOf) {
  for (const char* text : {"journal.wrote@", "journal.wrote@0", "journal.wrote@2x"}) {
    EXPECT_EQ(Arm(text), std::string("COHELD_FAILPOINT is \"") + text +
                             "\": after @ there has to be a number from 1");
  }
}

}  // namespace
}  // namespace coheld::journal
