// Proofs of a shared key.
#include "proto/wire/key_proof.h"

#include <set>

#include <gtest/gtest.h>

namespace coheld::wire {
namespace {

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    hex += kDigits[static_cast<unsigned char>(byte) >> 4];
    hex += kDigits[static_cast<unsigned char>(byte) & 15];
  }
  return hex;
}

TEST(KeyProofTest, HmacIsThatOfRfc4231) {
  EXPECT_EQ(Hex(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(Hex(HmacSha256(std::string(131, '\xAA'),
                           "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(KeyProofTest, AProofIsForOneSideAndOneExchange) {
  const std::string a(kNonceBytes, 'a');
  const std::string b(kNonceBytes, 'b');
  std::set<std::string> proofs;
  for (const std::string_view key : {"key", "another"}) {
    for (const Prover prover : {Prover::kClient, Prover::kDaemon}) {
      for (const std::string& daemon : {a, b}) {
        for (const std::string& client : {a, b}) {
          proofs.insert(KeyProof(key, prover, {.daemon = daemon, .client = client}));
        }
      }
    }
  }
  EXPECT_EQ(proofs.size(), 16U);
  EXPECT_EQ(proofs.begin()->size(), kProofBytes);
}

TEST(KeyProofTest, SecretsAreComparedWhole) {
  EXPECT_TRUE(SameSecret("", ""));
  EXPECT_TRUE(SameSecret("same", "same"));
  EXPECT_FALSE(SameSecret("same", "samE"));
  EXPECT_FALSE(SameSecret("same", "sam"));
}

TEST(KeyProofTest, RandomBytesDiffer) {
  EXPECT_EQ(RandomBytes(kNonceBytes).size(), kNonceBytes);
  EXPECT_NE(RandomBytes(kNonceBytes), RandomBytes(kNonceBytes));
}

}  // namespace
}  // namespace coheld::wire
