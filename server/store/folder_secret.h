// The secret of a data folder: random bytes that prove the tokens of its sessions, so that they are
// good after a restart. Whoever can read it can make up tokens; the file is its owner's alone.
#pragma once

#include <cstddef>
#include <string>

#include "server/journal/files.h"

namespace coheld::store {

inline constexpr char kSecretName[] = "secret";
inline constexpr size_t kSecretBytes = 32;

// Reads the secret of a folder, or makes one. A Fault if a call fails, or if the file has another
// size.
[[nodiscard]] journal::Status LoadSecret(journal::Files& files, const std::string& folder,
                                         std::string* secret);

}  // namespace coheld::store
