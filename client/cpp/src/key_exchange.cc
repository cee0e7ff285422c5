// See key_exchange.h.
#include "client/cpp/src/key_exchange.h"

#include "coheld/error.h"
#include "proto/wire/key_proof.h"

namespace coheld::core {
namespace {

constexpr std::string_view kChallengePath = "/coheld.v1.Session/Challenge";
constexpr std::string_view kProvePath = "/coheld.v1.Session/Prove";

template <typename Reply>
Reply Parsed(const std::string& bytes) {
  Reply reply;
  if (!reply.ParseFromString(bytes)) throw LinkBroken{"the daemon sent a malformed reply"};
  return reply;
}

}  // namespace

std::string AskSession(Channel& channel, std::string_view path, const std::string& request,
                       const WaitLimits& limits) {
  wire::Result<std::string> reply = channel.CallUnary(path, "", request, limits);
  if (reply.ok()) return std::move(reply).value();
  const wire::Failure& failure = reply.failure();
  if (failure.reason == v1::ERROR_REASON_SHUTTING_DOWN) {
    throw LinkBroken{.why = failure.message, .cut = true};
  }
  throw_error(static_cast<Reason>(failure.reason), failure.message);
}

KeyExchange::KeyExchange(Channel& channel, std::string_view key, const std::string& address,
                         const WaitLimits& limits)
    : address_(address) {
  const auto challenge =
      Parsed<v1::SessionChallengeReply>(AskSession(channel, kChallengePath, "", limits));
  if (!challenge.has_key()) {
    throw Unauthenticated(
        Reason::kUnauthenticated,
        "the daemon at " + address_ +
            " has no key to prove (coheld --key-file); connect without one if you trust it");
  }
  const std::string nonce = wire::RandomBytes(wire::kNonceBytes);
  const wire::Nonces nonces{.daemon = challenge.nonce(), .client = nonce};
  proof_.set_nonce(challenge.nonce());
  proof_.set_client_nonce(nonce);
  proof_.set_proof(wire::KeyProof(key, wire::Prover::kClient, nonces));
  expected_ = wire::KeyProof(key, wire::Prover::kDaemon, nonces);
}

void KeyExchange::Check(std::string_view daemon_proof) const {
  if (wire::SameSecret(daemon_proof, expected_)) return;
  throw Unauthenticated(Reason::kUnauthenticated,
                        "the daemon at " + address_ +
                            " did not prove to know the key: it is not the one that it is for");
}

void ProveKey(Channel& channel, std::string_view key, const std::string& address,
              const WaitLimits& limits) {
  const KeyExchange exchange(channel, key, address, limits);
  v1::SessionProveRequest request;
  *request.mutable_proof() = exchange.proof();
  exchange.Check(Parsed<v1::SessionProveReply>(
                     AskSession(channel, kProvePath, request.SerializeAsString(), limits))
                     .proof());
}

}  // namespace coheld::core
