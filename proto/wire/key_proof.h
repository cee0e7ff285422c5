// How a client and a daemon show each other that they know the same key, without saying it:
//
//   client -> daemon  Session.Challenge
//   daemon -> client  nonce
//   client -> daemon  Session.Open or Prove: nonce, client_nonce, the client's proof
//   daemon -> client  the daemon's proof
//
// A proof is HMAC-SHA256 (RFC 2104) by the key over who proves, nonce and client_nonce: it is good
// for one exchange and one direction. Whoever only listens, or talks to either side, learns nothing
// that proves the key again; of a key that can be guessed, though, he can try his guesses.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace coheld::wire {

// What every nonce and proof measures.
inline constexpr size_t kNonceBytes = 32;
inline constexpr size_t kProofBytes = 32;

enum class Prover { kClient, kDaemon };

// The two sides' contributions to one exchange. Each has kNonceBytes.
struct Nonces {
  std::string_view daemon;
  std::string_view client;
};

// Returns the proof. Both sides compute it; only the prover sends it.
std::string KeyProof(std::string_view key, Prover prover, const Nonces& nonces);

// Returns HMAC-SHA256 of some text.
std::string HmacSha256(std::string_view key, std::string_view text);

// Compares in a time that depends on the sizes alone.
bool SameSecret(std::string_view a, std::string_view b);

// Returns bytes from the system's random number generator. Ends the process if there is none.
std::string RandomBytes(size_t bytes);

}  // namespace coheld::wire
