// Reads the secret that the daemon and its clients share.
#pragma once

#include <string>

namespace coheld::config {

// Reads a key file: its bytes are the key, but for one newline at the end. Returns false, and says
// why in *error, if there is no such file, it is empty or over 4096 bytes, somebody else than its
// owner can read or write it, or the owner is neither this user nor root.
bool ReadKeyFile(const std::string& path, std::string* key, std::string* error);

}  // namespace coheld::config
