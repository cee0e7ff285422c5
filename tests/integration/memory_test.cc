// A daemon with --memory-max, filled up by real clients: it refuses what adds something, stays
// within its cap, goes on with all else, and takes more again once something was deleted.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/integration/cpp_fixture.h"

namespace coheld {
namespace {

using namespace std::chrono_literals;

constexpr size_t kMiB = size_t{1} << 20;
constexpr size_t kMax = 48 * kMiB;
// What the cap does not count: stacks, and what lies free between blocks.
constexpr size_t kMargin = 8 * kMiB;

class MemoryTest : public ::testing::Test {
 protected:
  MemoryTest() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    sanitized_ = true;
#endif
    daemon_.Start({"--memory-max", std::to_string(kMax)});
  }

  // `more`: what else an op may take for as long as it lasts.
  void ExpectWithinCap(size_t more = 0) const {
    if (!sanitized_) {
      EXPECT_LT(daemon_.AnonymousBytes(), kMax + kMargin + more);
    }
  }
  Client Connect() const { return Client::connect(daemon_.address_unix()); }

  // Adds until the daemon refuses; returns how often it did not.
  template <typename Add>
  size_t Fill(const Add& add) const {
    for (size_t added = 0;; ++added) {
      try {
        add(added);
      } catch (const MemoryFull&) {
        return added;
      }
      if (added > 10'000'000) throw std::logic_error("it never filled up");
    }
  }

  bool sanitized_ = false;
  testing::DaemonProcess daemon_;
};

TEST_F(MemoryTest, LargeValuesFillItUpToTheCap) {
  const List<std::string> list(Connect(), "list");
  const std::string large(256 << 10, 'x');
  const size_t added = Fill([&](size_t) { list.append(large); });
  EXPECT_GT(added * large.size(), kMax / 2);
  EXPECT_LT(added * large.size(), kMax);
  ExpectWithinCap();
}

TEST_F(MemoryTest, SmallEntriesFillItUpToTheCap) {
  const Dict<int64_t, int64_t> dict(Connect(), "dict");
  Fill([&](size_t i) {
    std::vector<std::pair<int64_t, int64_t>> entries;
    for (int64_t j = 0; j < 1000; ++j) entries.emplace_back(i * 1000 + j, j);
    dict.update(entries);
  });
  EXPECT_GT(Admin(Connect()).describe("dict").summary.size, 50'000u);
  // A table that grows has its entries twice for a moment, which no op's request tells.
  ExpectWithinCap(kMax / 2);
}

TEST_F(MemoryTest, OneHugeOpIsRefusedBeforeItIsDone) {
  const List<int> list(Connect(), "list");
  list.append(1);
  EXPECT_THROW(list.extend(std::vector<int>(2'000'000, 7)), MemoryFull);
  EXPECT_THROW(list.repeat(50'000'000), MemoryFull);
  EXPECT_EQ(list.size(), 1u);
  ExpectWithinCap();
}

TEST_F(MemoryTest, ReadsTakesAndReleasesGoOnWhenItIsFull) {
  const Client client = Connect();
  const Queue<std::string> queue(client, "queue");
  Lock lock(client, "lock");
  lock.lock();
  Counter(client, "counter").add(1);
  const std::string large(256 << 10, 'x');
  const size_t added = Fill([&](size_t) { queue.put(large); });
  EXPECT_EQ(queue.size(), added);
  lock.unlock();
  lock.lock();
  EXPECT_EQ(Counter(client, "counter").add(1), 2);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(queue.get(), large);
  EXPECT_NO_THROW(queue.put(large));
  while (queue.try_get()) {
  }
  EXPECT_EQ(queue.size(), 0u);
}

TEST_F(MemoryTest, WhatWasDeletedMakesRoom) {
  const Client client = Connect();
  const std::string large(256 << 10, 'x');
  size_t first = 0;
  for (int round = 0; round < 3; ++round) {
    const List<std::string> list(client, "list");
    const size_t added = Fill([&](size_t) { list.append(large); });
    if (round == 0) first = added;
    EXPECT_GT(added, first * 9 / 10) << "round " << round;
    ExpectWithinCap();
    EXPECT_TRUE(Admin(Connect()).erase("list"));
  }
}

TEST_F(MemoryTest, SessionsFillItUpToTheCapAndNoFurther) {
  const List<std::string> list(Connect(), "list");
  const std::string large(256 << 10, 'x');
  Fill([&](size_t) { list.append(large); });
  std::vector<Client> clients;
  try {
    for (int i = 0; i < 2000; ++i) {
      clients.push_back(Connect());
      Admin(clients.back()).ping();
    }
  } catch (const Error&) {
    // Refused, or not let in: either will do.
  }
  ExpectWithinCap();
  EXPECT_TRUE(Admin(clients.front()).erase("list"));
  EXPECT_NO_THROW(list.append(large));
}

TEST_F(MemoryTest, TheMessageSaysWhatIsUsedAndWhatToDo) {
  const List<std::string> list(Connect(), "list");
  try {
    Fill([&](size_t) { list.append(std::string(256 << 10, 'x')); });
    list.append(std::string(kMiB, 'x'));
    FAIL() << "it was taken";
  } catch (const MemoryFull& error) {
    EXPECT_EQ(error.reason(), Reason::kMemoryFull);
    EXPECT_NE(std::string(error.what()).find("of the 48 MiB"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("--memory-max"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace coheld
