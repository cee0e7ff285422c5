// Output of copied and lent bytes keeps its order, however it is taken.
#include "server/transport/output.h"

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <string>

#include <gtest/gtest.h>

#include "tests/unit/seeds.h"

namespace coheld::transport {
namespace {

std::string Gathered(const Output& output) {
  std::array<iovec, 100> parts;
  std::string bytes;
  const size_t count = output.Gather(parts);
  for (size_t i = 0; i < count; ++i) {
    bytes.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  }
  return bytes;
}

void Lend(const std::string& bytes, Output* output) {
  const auto owner = std::make_shared<const std::string>(bytes);
  output->Lend(*owner, owner);
}

// "ab" + lent "CDEF" + lent "GH" + "ij".
void Fill(Output* output) {
  output->buffer() += "ab";
  Lend("CDEF", output);
  Lend("GH", output);
  output->buffer() += "ij";
}

TEST(OutputTest, LentBytesStayWhereTheyWerePut) {
  Output output;
  Fill(&output);
  EXPECT_EQ(output.size(), 10U);
  EXPECT_EQ(Gathered(output), "abCDEFGHij");
}

TEST(OutputTest, AnyPartCanBeSentFirst) {
  const std::string all = "abCDEFGHij";
  for (size_t first = 0; first <= all.size(); ++first) {
    for (size_t second = 0; first + second <= all.size(); ++second) {
      Output output;
      Fill(&output);
      output.Pop(first);
      output.Pop(second);
      EXPECT_EQ(Gathered(output), all.substr(first + second));
      EXPECT_EQ(output.size(), all.size() - first - second);
    }
  }
}

TEST(OutputTest, MovingKeepsWhatIsLentLent) {
  Output from;
  Lend("0123456789", &from);
  std::array<iovec, 1> lent;
  ASSERT_EQ(from.Gather(lent), 1U);
  Output to;
  from.MoveTo(4, &to);
  std::array<iovec, 1> moved;
  ASSERT_EQ(to.Gather(moved), 1U);
  EXPECT_EQ(moved[0].iov_base, lent[0].iov_base);
  EXPECT_EQ(Gathered(to), "0123");
  EXPECT_EQ(Gathered(from), "456789");
}

TEST(OutputTest, MovingInPiecesOfAnySizeKeepsTheOrder) {
  for (size_t piece = 1; piece <= 10; ++piece) {
    Output from;
    Output to;
    Fill(&from);
    while (!from.empty()) from.MoveTo(std::min(piece, from.size()), &to);
    EXPECT_EQ(Gathered(to), "abCDEFGHij");
  }
}

TEST(OutputTest, AStringTakesEverything) {
  Output output;
  Fill(&output);
  output.Pop(3);
  std::string bytes = "+";
  output.MoveTo(&bytes);
  EXPECT_EQ(bytes, "+DEFGHij");
  EXPECT_TRUE(output.empty());
}

// A queue that always holds something: what was sent from its front must go all the same.
TEST(OutputTest, ABufferThatNeverRunsEmptyIsCompacted) {
  const auto payload = std::make_shared<const std::string>(kLentBytesMin, 'P');
  const std::string small(15'000, 's');
  Output output;
  const auto append = [&] {
    output.Lend(*payload, payload);
    output.buffer() += small;
  };
  for (int i = 0; i < 4; ++i) append();
  size_t largest = 0;
  for (int i = 0; i < 2000; ++i) {
    append();
    Output sent;
    output.MoveTo(payload->size() + small.size(), &sent);
    ASSERT_EQ(Gathered(sent), *payload + small);
    largest = std::max(largest, output.buffer().size());
  }
  EXPECT_EQ(output.size(), 4 * (payload->size() + small.size()));
  EXPECT_LT(largest, size_t{3} << 20);
}

TEST(OutputTest, LentPartsThatAreSentAreForgotten) {
  const auto payload = std::make_shared<const std::string>(kLentBytesMin, 'P');
  Output output;
  for (int i = 0; i < 10; ++i) output.Lend(*payload, payload);
  for (int i = 0; i < 100'000; ++i) {
    output.Lend(*payload, payload);
    output.Pop(payload->size());
  }
  EXPECT_EQ(output.size(), 10 * payload->size());
  EXPECT_LT(output.parts_kept(), 1000U);
}

TEST(OutputTest, RandomTrafficComesOutAsItWentIn) {
  const uint64_t seed = coheld::testing::FirstSeed();
  SCOPED_TRACE("run again with COHELD_SEED=" + std::to_string(seed));
  std::mt19937 random(seed);
  Output output;
  std::string in;
  std::string out;
  for (int step = 0; step < 10'000; ++step) {
    const std::string bytes(1 + random() % 5000, static_cast<char>('a' + random() % 26));
    in += bytes;
    if (random() % 3 == 0) {
      Lend(bytes, &output);
    } else {
      output.buffer() += bytes;
    }
    const size_t taken = random() % (output.size() / 8 + 2);
    std::array<iovec, 4> parts;
    const size_t count = output.Gather(parts);
    size_t left = std::min(taken, output.size());
    for (size_t i = 0; i < count && left > 0; ++i) {
      const size_t part = std::min(left, parts[i].iov_len);
      out.append(static_cast<const char*>(parts[i].iov_base), part);
      output.Pop(part);
      left -= part;
      if (part < parts[i].iov_len) break;
    }
  }
  output.MoveTo(&out);
  EXPECT_TRUE(in == out);
}

}  // namespace
}  // namespace coheld::transport
