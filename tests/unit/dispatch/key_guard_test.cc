// Which proofs of the key the daemon takes.
#include "server/dispatch/key_guard.h"

#include <gtest/gtest.h>

#include "proto/wire/key_proof.h"

namespace coheld::dispatch {
namespace {

using engine::TimeMs;

constexpr char kKey[] = "the shared secret";
constexpr TimeMs kNow{1000};

// What a client that knows `key` answers to a challenge.
v1::KeyProof ProofOf(std::string_view key, const std::string& nonce) {
  v1::KeyProof proof;
  proof.set_nonce(nonce);
  proof.set_client_nonce(std::string(wire::kNonceBytes, 'c'));
  proof.set_proof(wire::KeyProof(key, wire::Prover::kClient,
                                 {.daemon = proof.nonce(), .client = proof.client_nonce()}));
  return proof;
}

// "ok", or the reason.
std::string Answer(KeyGuard& guard, const v1::KeyProof& proof, TimeMs now = kNow) {
  const wire::Result<std::string> checked = guard.Check(proof, now);
  return checked.ok() ? "ok" : v1::ErrorReason_Name(checked.failure().reason).substr(13);
}

TEST(KeyGuardTest, WhoKnowsTheKeyGetsTheDaemonsProof) {
  KeyGuard guard(kKey);
  const v1::KeyProof proof = ProofOf(kKey, guard.Challenge(kNow));
  const wire::Result<std::string> answer = guard.Check(proof, kNow);
  ASSERT_TRUE(answer.ok()) << answer.failure().message;
  EXPECT_EQ(answer.value(),
            wire::KeyProof(kKey, wire::Prover::kDaemon,
                           {.daemon = proof.nonce(), .client = proof.client_nonce()}));
}

TEST(KeyGuardTest, AnotherKeyIsRejected) {
  KeyGuard guard(kKey);
  EXPECT_EQ(Answer(guard, ProofOf("the shared secreT", guard.Challenge(kNow))), "UNAUTHENTICATED");
  EXPECT_EQ(Answer(guard, ProofOf("", guard.Challenge(kNow))), "UNAUTHENTICATED");
}

TEST(KeyGuardTest, AProofIsTakenOnce) {
  KeyGuard guard(kKey);
  const v1::KeyProof proof = ProofOf(kKey, guard.Challenge(kNow));
  EXPECT_EQ(Answer(guard, proof), "ok");
  EXPECT_EQ(Answer(guard, proof), "UNAUTHENTICATED");
}

TEST(KeyGuardTest, ANonceProvesOnceWhateverTheClientAdds) {
  KeyGuard guard(kKey);
  const std::string nonce = guard.Challenge(kNow);
  EXPECT_EQ(Answer(guard, ProofOf(kKey, nonce)), "ok");
  v1::KeyProof other = ProofOf(kKey, nonce);
  other.set_client_nonce(std::string(wire::kNonceBytes, 'd'));
  other.set_proof(wire::KeyProof(kKey, wire::Prover::kClient,
                                 {.daemon = nonce, .client = other.client_nonce()}));
  EXPECT_EQ(Answer(guard, other), "UNAUTHENTICATED");
}

TEST(KeyGuardTest, ANonceIsGoodForTenSeconds) {
  KeyGuard guard(kKey);
  const std::string first = guard.Challenge(kNow);
  const std::string second = guard.Challenge(kNow);
  EXPECT_EQ(Answer(guard, ProofOf(kKey, first), engine::After(kNow, KeyGuard::kNonceMs - 1)), "ok");
  EXPECT_EQ(Answer(guard, ProofOf(kKey, second), engine::After(kNow, KeyGuard::kNonceMs)),
            "UNAUTHENTICATED");
}

TEST(KeyGuardTest, AUsedNonceStaysUsedUntilItIsTooOld) {
  KeyGuard guard(kKey);
  const v1::KeyProof proof = ProofOf(kKey, guard.Challenge(kNow));
  EXPECT_EQ(Answer(guard, proof), "ok");
  for (uint64_t ms = 0; ms < 2 * KeyGuard::kNonceMs; ms += 100) {
    const TimeMs now = engine::After(kNow, ms);
    EXPECT_EQ(Answer(guard, ProofOf(kKey, guard.Challenge(now)), now), "ok");
    EXPECT_EQ(Answer(guard, proof, now), "UNAUTHENTICATED");
  }
}

TEST(KeyGuardTest, ANonceOfAnotherDaemonWithTheSameKeyIsRejected) {
  KeyGuard guard(kKey);
  KeyGuard other(kKey);
  EXPECT_EQ(Answer(guard, ProofOf(kKey, other.Challenge(kNow))), "UNAUTHENTICATED");
}

TEST(KeyGuardTest, ANonceThatWasChangedIsRejected) {
  KeyGuard guard(kKey);
  const std::string nonce = guard.Challenge(kNow);
  for (size_t i = 0; i < nonce.size(); ++i) {
    std::string changed = nonce;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_EQ(Answer(guard, ProofOf(kKey, changed)), "UNAUTHENTICATED") << i;
  }
}

TEST(KeyGuardTest, NoncesOfAnotherSizeAreRejected) {
  KeyGuard guard(kKey);
  const std::string nonce = guard.Challenge(kNow);
  for (const std::string& wrong : {std::string(), nonce.substr(1), nonce + "x"}) {
    EXPECT_EQ(Answer(guard, ProofOf(kKey, wrong)), "UNAUTHENTICATED");
  }
  v1::KeyProof proof = ProofOf(kKey, nonce);
  proof.clear_client_nonce();
  EXPECT_EQ(Answer(guard, proof), "UNAUTHENTICATED");
}

TEST(KeyGuardTest, TheDaemonsProofIsNoClientsProof) {
  KeyGuard guard(kKey);
  v1::KeyProof proof = ProofOf(kKey, guard.Challenge(kNow));
  proof.set_proof(wire::KeyProof(kKey, wire::Prover::kDaemon,
                                 {.daemon = proof.nonce(), .client = proof.client_nonce()}));
  EXPECT_EQ(Answer(guard, proof), "UNAUTHENTICATED");
}

TEST(KeyGuardTest, WithoutAKeyNothingIsProved) {
  KeyGuard guard("");
  EXPECT_FALSE(guard.has_key());
  EXPECT_EQ(Answer(guard, ProofOf("", guard.Challenge(kNow))), "UNAUTHENTICATED");
}

}  // namespace
}  // namespace coheld::dispatch
