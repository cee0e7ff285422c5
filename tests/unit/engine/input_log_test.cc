// The bytes of inputs: numbers of every size are read again, and take no more than a varint does.
#include "server/engine/input_log.h"

#include <gtest/gtest.h>

#include "proto/wire/fields.h"

namespace coheld::engine {
namespace {

TEST(InputLogTest, NumbersOfEverySizeAreReadAgain) {
  for (unsigned bits = 0; bits < 64; ++bits) {
    for (const uint64_t number : {(uint64_t{1} << bits) - 1, uint64_t{1} << bits,
                                  (uint64_t{1} << bits) | 0x5555555555555555 >> (63 - bits)}) {
      const Input input = {.stamp = {.seq = number, .acked = 1, .site = "here"}, .payload = "what"};
      std::string bytes;
      EncodeInput(input, &bytes);
      EXPECT_EQ(bytes.size(), 11 + wire::VarintBytes(number) + 8) << number;
      Input again;
      ASSERT_TRUE(DecodeInput(bytes, &again)) << number;
      EXPECT_EQ(again.stamp.seq, number);
      EXPECT_EQ(again.stamp.acked, 1u);
      EXPECT_EQ(again.stamp.site, "here");
      EXPECT_EQ(again.payload, "what");
    }
  }
}

}  // namespace
}  // namespace coheld::engine
