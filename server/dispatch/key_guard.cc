// See key_guard.h. A nonce is 8 bytes of time, 8 bytes of number, and 16 bytes that sign them.
#include "server/dispatch/key_guard.h"

#include <cstring>

#include "proto/wire/key_proof.h"

namespace coheld::dispatch {
namespace {

constexpr size_t kStampBytes = 2 * sizeof(uint64_t);
constexpr size_t kSecretBytes = 32;

wire::Failure Rejected(const char* why) {
  return {v1::ERROR_REASON_UNAUTHENTICATED,
          std::string("the proof of the key was rejected: ") + why};
}

}  // namespace

KeyGuard::KeyGuard(std::string key)
    : key_(std::move(key)), secret_(wire::RandomBytes(kSecretBytes)) {}

std::string KeyGuard::Sign(std::string_view stamp) const {
  return wire::HmacSha256(secret_, stamp).substr(0, wire::kNonceBytes - kStampBytes);
}

std::string KeyGuard::Challenge(engine::TimeMs now) {
  const uint64_t stamp[2] = {static_cast<uint64_t>(now), ++last_number_};
  std::string nonce(reinterpret_cast<const char*>(stamp), kStampBytes);
  return nonce.append(Sign(nonce));
}

wire::Result<std::string> KeyGuard::Check(const v1::KeyProof& proof, engine::TimeMs now) {
  if (!has_key()) return Rejected("the daemon has no key; it was started without --key-file");
  const std::string& nonce = proof.nonce();
  if (nonce.empty()) {
    return wire::Failure{
        v1::ERROR_REASON_UNAUTHENTICATED,
        "this daemon serves only clients that prove to know its key; give them its "
        "key file (coheldctl --key-file, COHELD_KEY_FILE) or the key in it"};
  }
  if (nonce.size() != wire::kNonceBytes || proof.client_nonce().size() != wire::kNonceBytes) {
    return Rejected("a nonce has another size than 32 bytes");
  }
  const std::string_view stamp = std::string_view(nonce).substr(0, kStampBytes);
  if (!wire::SameSecret(std::string_view(nonce).substr(kStampBytes), Sign(stamp))) {
    return Rejected("the nonce is not of this daemon; ask Session.Challenge for one");
  }
  int64_t made = 0;
  std::memcpy(&made, stamp.data(), sizeof(made));
  const engine::TimeMs expires = engine::After(engine::TimeMs{made}, kNonceMs);
  if (expires <= now) return Rejected("the nonce is too old; ask Session.Challenge for another");
  const wire::Nonces nonces{.daemon = nonce, .client = proof.client_nonce()};
  if (!wire::SameSecret(proof.proof(), wire::KeyProof(key_, wire::Prover::kClient, nonces))) {
    return Rejected("the client's key is not the daemon's");
  }
  while (!proved_.empty() && proved_.begin()->first <= now) proved_.erase(proved_.begin());
  if (proved_.size() >= kProvedMax) {
    return wire::Failure{v1::ERROR_REASON_TOO_MANY,
                         "too many clients proved the key just now; try again in some seconds"};
  }
  if (!proved_.emplace(expires, nonce).second) return Rejected("the nonce was used before");
  return wire::KeyProof(key_, wire::Prover::kDaemon, nonces);
}

}  // namespace coheld::dispatch
