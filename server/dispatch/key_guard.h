// Who may be served: anybody, or whoever proves to know the daemon's key (proto/wire/key_proof.h).
//
// The nonces that challenge a client are not kept: each is its time, its number, and a code that
// only this daemon can make of them. So strangers can ask for as many as they like. What is kept,
// for as long as a nonce is good, is which ones proved the key: none of them does so twice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "coheld/v1/session.pb.h"
#include "proto/wire/result.h"
#include "server/engine/ids.h"

namespace coheld::dispatch {

class KeyGuard {
 public:
  // How long a nonce is good.
  static constexpr uint64_t kNonceMs = 10'000;
  // How many clients may prove the key in that time.
  static constexpr size_t kProvedMax = 100'000;

  // An empty key lets everybody in.
  explicit KeyGuard(std::string key);

  bool has_key() const { return !key_.empty(); }
  // Returns a new nonce.
  std::string Challenge(engine::TimeMs now);
  // Returns the daemon's proof in answer to a client's. UNAUTHENTICATED if that is none, or there
  // is no key to prove; TOO_MANY.
  wire::Result<std::string> Check(const v1::KeyProof& proof, engine::TimeMs now);

 private:
  std::string Sign(std::string_view stamp) const;

  const std::string key_;
  const std::string secret_;  // Signs the nonces; this process's own.
  uint64_t last_number_ = 0;
  std::set<std::pair<engine::TimeMs, std::string>> proved_;  // By time of the nonce.
};

}  // namespace coheld::dispatch
