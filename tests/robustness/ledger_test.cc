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
    Told(client, "{tally}/lock", "acquire", "{}", token);
  }
  void Set(int client) { Told(client, "{tally}/cell", "set", R"({"value":1})", "true"); }
  void Release(int client) { Told(client, "{tally}/lock", "release", "{}", "true"); }

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

TEST_F(LedgerTest, ARightHistoryOfAllTypesPasses) {
  Told(1, "tally/tasks", "put", R"({"item":7})", "true");
  Told(2, "tally/tasks", "lease", "{}", R"({"item":7,"delivery":3})");
  Told(2, "tally/tasks", "ack", R"({"item":7})", "true");
  Told(1, "held/rwlock", "acquire", R"({"share":1,"of":2})", "true");
  Told(2, "held/rwlock", "acquire", R"({"share":1,"of":2})", "true");
  Told(1, "held/rwlock", "release", R"({"share":1,"of":2})", "true");
  Told(3, "held/rwlock", "acquire", R"({"share":1,"of":2})", "true");
  Told(1, "own/dict", "set", R"({"slot":"1","value":5})", "true");
  Told(1, "own/dict", "get", R"({"slot":"1"})", "5");
  Told(1, "own/topic/1", "publish", R"({"value":5})", "1");
  Told(1, "own/topic/1", "receive", "{}", "5");
  EXPECT_EQ(ledger_.Judge({.own = {{"own/dict 1", 5}}}), std::vector<std::string>());
}

TEST_F(LedgerTest, ATaskDeliveredTwiceIsFound) {
  Told(1, "tally/tasks", "put", R"({"item":7})", "true");
  Told(2, "tally/tasks", "lease", "{}", R"({"item":7,"delivery":3})");
  Told(3, "tally/tasks", "lease", "{}", R"({"item":7,"delivery":4})");
  Told(3, "tally/tasks", "ack", R"({"item":7})", "true");
  EXPECT_EQ(ledger_.Judge({}),
            std::vector<std::string>{"task 7 was delivered 2 times, though nobody lost it"});
}

TEST_F(LedgerTest, ADeliveryNumberGivenTwiceIsFound) {
  Told(2, "tally/tasks", "lease", "{}", R"({"item":7,"delivery":3})");
  Told(3, "tally/tasks", "lease", "{}", R"({"item":8,"delivery":3})");
  EXPECT_EQ(ledger_.Judge({}), std::vector<std::string>{"there are two deliveries with number 3"});
}

TEST_F(LedgerTest, AnAcknowledgedTaskThatIsStillThereIsFound) {
  Told(1, "tally/tasks", "put", R"({"item":7})", "true");
  Told(2, "tally/tasks", "ack", R"({"item":7})", "true");
  EXPECT_EQ(
      ledger_.Judge({.tasks = {7}}),
      std::vector<std::string>{"tally/tasks: item 7 was put 1 times and taken or left 2 times"});
}

TEST_F(LedgerTest, MoreHeldThanThereIsIsFound) {
  Told(1, "held/rwlock", "acquire", R"({"share":1,"of":2})", "true");
  Told(2, "held/rwlock", "acquire", R"({"share":2,"of":2})", "true");
  EXPECT_EQ(ledger_.Judge({}),
            std::vector<std::string>{"of held/rwlock more than there is was held at 4"});
}

TEST_F(LedgerTest, AnOlderValueReadIsFound) {
  Told(1, "own/dict", "set", R"({"slot":"1","value":5})", "true");
  Told(1, "own/dict", "set", R"({"slot":"1","value":6})", "true");
  Told(1, "own/dict", "get", R"({"slot":"1"})", "5");
  EXPECT_EQ(ledger_.Judge({.own = {{"own/dict 1", 6}}}),
            std::vector<std::string>{"own/dict 1 was 5 after it was set to 6"});
}

TEST_F(LedgerTest, AnOlderValueInTheEndIsFound) {
  Told(1, "own/dict", "set", R"({"slot":"1","value":5})", "true");
  EXPECT_EQ(ledger_.Judge({}),
            std::vector<std::string>{"own/dict 1 is 0 in the end, and was set to 5"});
}

TEST_F(LedgerTest, AChangeMadeTwiceIsFound) {
  Told(1, "own/set", "set", R"({"slot":"1","value":1})", "false");
  EXPECT_EQ(ledger_.Judge({.own = {{"own/set 1", 1}}}),
            std::vector<std::string>{"own/set 1 was set to 1, and had not changed"});
}

TEST_F(LedgerTest, APublicationReceivedTwiceIsFound) {
  Told(1, "own/topic/1", "publish", R"({"value":5})", "1");
  Told(1, "own/topic/1", "publish", R"({"value":6})", "1");
  Told(1, "own/topic/1", "receive", "{}", "5");
  EXPECT_EQ(ledger_.Judge({}),
            std::vector<std::string>{"own/topic/1 gave 5 after 6 was published"});
}

}  // namespace
}  // namespace coheld::testing
