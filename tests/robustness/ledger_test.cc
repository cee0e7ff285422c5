// The ledger itself: a right history passes, and each kind of wrong one is found.
#include "tests/robustness/ledger.h"

#include <string>

#include <gtest/gtest.h>

namespace coheld::testing {
namespace {

class LedgerTest : public ::testing::Test {
 protected:
  // Adds an acknowledged op.
  void Told(int client, const std::string& object, const std::string& op,
            const std::string& arguments, const std::string& result) {
    Begin(client, object, op, arguments);
    ledger_.Add(R"({"client":)" + std::to_string(client) + R"(,"call":1,"event":"ok","time":)" +
                std::to_string(++now_) + R"(,"result":)" + result + "}");
  }
  void Begin(int client, const std::string& object, const std::string& op,
             const std::string& arguments) {
    ledger_.Add(R"({"client":)" + std::to_string(client) + R"(,"call":1,"event":"invoke","time":)" +
                std::to_string(++now_) + R"(,"type":"","object":")" + object + R"(","op":")" + op +
                R"(","arguments":)" + arguments + "}");
  }
  void Add(int client, const std::string& answer) {
    Told(client, "tally/counter", "add", R"({"amount":1})", answer);
  }
  void Put(const std::string& item) {
    Told(1, "tally/queue", "put", R"({"item":)" + item + "}", "true");
  }
  void Get(const std::string& item) { Told(2, "tally/queue", "get", "{}", item); }
  void Acquire(int client, const std::string& token) {
    Told(client, "tally/lock", "acquire", "{}", token);
  }
  void Set(int client) { Told(client, "tally/cell", "set", R"({"value":1})", "true"); }
  void Release(int client) { Told(client, "tally/lock", "release", "{}", "true"); }

  Ledger ledger_;
  uint64_t now_ = 0;
};

TEST_F(LedgerTest, ARightHistoryPasses) {
  Add(1, "1");
  Add(2, "2");
  Put("7");
  Put("8");
  Get("7");
  Get("null");
  Acquire(1, "5");
  Set(1);
  Release(1);
  Acquire(2, "6");
  Set(2);
  Release(2);
  EXPECT_EQ(ledger_.Judge({.counter = 2, .cell = 2, .queue = {8}, .list = {}}),
            std::vector<std::string>());
}

TEST_F(LedgerTest, AnAdditionMadeTwiceIsFound) {
  Add(1, "2");
  EXPECT_EQ(ledger_.Judge({.counter = 2}).size(), 1u);
}

TEST_F(LedgerTest, AnAdditionThatIsLostIsFound) {
  Add(1, "1");
  Add(2, "1");
  EXPECT_EQ(ledger_.Judge({.counter = 1}).size(), 1u);
}

TEST_F(LedgerTest, AnItemThatIsLostIsFound) {
  Put("7");
  EXPECT_EQ(ledger_.Judge({}).size(), 1u);
}

TEST_F(LedgerTest, AnItemThatIsTakenTwiceIsFound) {
  Put("7");
  Get("7");
  Get("7");
  EXPECT_EQ(ledger_.Judge({}).size(), 1u);
}

TEST_F(LedgerTest, AnItemThatIsTakenAndLeftIsFound) {
  Put("7");
  Get("7");
  EXPECT_EQ(ledger_.Judge({.queue = {7}}).size(), 1u);
}

TEST_F(LedgerTest, AnItemFromNowhereIsFound) {
  Get("7");
  EXPECT_EQ(ledger_.Judge({}).size(), 1u);
}

TEST_F(LedgerTest, TwoInTheLockAreFound) {
  Acquire(1, "5");
  Acquire(2, "6");
  Release(1);
  Release(2);
  EXPECT_EQ(ledger_.Judge({}).size(), 1u);
}

TEST_F(LedgerTest, ATokenThatIsGivenTwiceIsFound) {
  Acquire(1, "5");
  Release(1);
  Acquire(1, "5");
  Release(1);
  EXPECT_EQ(ledger_.Judge({}).size(), 1u);
}

TEST_F(LedgerTest, AWriteInTheLockThatIsLostIsFound) {
  Acquire(1, "5");
  Set(1);
  Release(1);
  EXPECT_EQ(ledger_.Judge({.cell = 0}).size(), 1u);
}

TEST_F(LedgerTest, AnUnknownOutcomeIsFound) {
  Begin(1, "tally/counter", "add", "{}");
  ledger_.Add(R"({"client":1,"call":1,"event":"unknown","time":9,"reason":"lost"})");
  EXPECT_EQ(ledger_.Judge({}).size(), 1u);
}

TEST_F(LedgerTest, AnOpThatNeverEndedIsFound) {
  Begin(1, "tally/counter", "add", "{}");
  EXPECT_EQ(ledger_.Judge({}).size(), 1u);
}

}  // namespace
}  // namespace coheld::testing
