// Base64 with padding (RFC 4648, section 4).
#pragma once

#include <string>
#include <string_view>

namespace coheld::cli {

std::string EncodeBase64(std::string_view bytes);

// Whatever follows the first foreign character is ignored.
std::string DecodeBase64(std::string_view text);

}  // namespace coheld::cli
