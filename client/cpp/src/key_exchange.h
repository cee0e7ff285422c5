// The client's side of proving the key on a new connection (proto/wire/key_proof.h).
#pragma once

#include <string>
#include <string_view>

#include "client/cpp/src/channel.h"
#include "coheld/v1/session.pb.h"

namespace coheld::core {

// Makes one unary call of the Session service. Throws what its reason maps to, or LinkBroken.
std::string AskSession(Channel& channel, std::string_view path, const std::string& request,
                       const WaitLimits& limits);

// One exchange: made by asking the daemon for a challenge. Throws Unauthenticated if the daemon has
// no key.
class KeyExchange {
 public:
  KeyExchange(Channel& channel, std::string_view key, const std::string& address,
              const WaitLimits& limits);

  // What the client sends.
  const v1::KeyProof& proof() const { return proof_; }
  // Throws Unauthenticated if the daemon's answer does not prove the key.
  void Check(std::string_view daemon_proof) const;

 private:
  const std::string& address_;
  v1::KeyProof proof_;
  std::string expected_;
};

// Lets both sides prove the key, before a session's token goes over the connection.
void ProveKey(Channel& channel, std::string_view key, const std::string& address,
              const WaitLimits& limits);

}  // namespace coheld::core
