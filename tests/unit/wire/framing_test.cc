// The prefix of a gRPC message.
#include "proto/wire/framing.h"

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace coheld::wire::testing {
namespace {

TEST(Framing, PrefixComesBackAsItWas) {
  for (const uint32_t length :
       {0u, 1u, 255u, 256u, 65'536u, 16'777'216u, 0x12345678u, UINT32_MAX}) {
    for (const bool compressed : {false, true}) {
      std::string bytes = "before";
      AppendPrefix({.compressed = compressed, .length = length}, &bytes);
      ASSERT_EQ(bytes.size(), 6 + kPrefixBytes);
      const MessagePrefix prefix = ReadPrefix(bytes.data() + 6);
      EXPECT_EQ(prefix.length, length);
      EXPECT_EQ(prefix.compressed, compressed);
    }
  }
}

TEST(Framing, LengthIsBigEndianAfterTheFlags) {
  std::string bytes;
  AppendPrefix({.compressed = true, .length = 0x01020384}, &bytes);
  EXPECT_EQ(bytes, std::string("\x01\x01\x02\x03\x84", 5));
}

}  // namespace
}  // namespace coheld::wire::testing
