// See key_proof.h.
#include "proto/wire/key_proof.h"

#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "proto/wire/check.h"

namespace coheld::wire {
namespace {

// Of equal size, so that the texts to prove are cut in one way only.
constexpr std::string_view kClientLabel = "coheld key proof 1: client\n";
constexpr std::string_view kDaemonLabel = "coheld key proof 1: daemon\n";
static_assert(kClientLabel.size() == kDaemonLabel.size());

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

std::string HmacSha256(std::string_view key, std::string_view text) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned int size = 0;
  COHELD_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), Bytes(text),
                    text.size(), reinterpret_cast<unsigned char*>(out.data()), &size) != nullptr);
  out.resize(size);
  return out;
}

std::string KeyProof(std::string_view key, Prover prover, const Nonces& nonces) {
  std::string text(prover == Prover::kClient ? kClientLabel : kDaemonLabel);
  text.append(nonces.daemon).append(nonces.client);
  return HmacSha256(key, text);
}

bool SameSecret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string RandomBytes(size_t bytes) {
  std::string random(bytes, '\0');
  COHELD_CHECK(getentropy(random.data(), bytes) == 0);
  return random;
}

}  // namespace coheld::wire
