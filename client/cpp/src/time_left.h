// What is left of the time that an op may wait, when it is sent once more. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coheld::core {

// Returns a request with its timeout_ms less what has passed since it was sent first; nothing if it
// has none and is to be sent as it is.
std::optional<std::string> WithTimeLeft(uint32_t method, std::string_view request,
                                        uint64_t passed_ms);

}  // namespace coheld::core
