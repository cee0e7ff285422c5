// What a request says of the object that it is about, without making a message of it: field 1 of
// every request for an object is the object's name.
#pragma once

#include <cstdint>
#include <string_view>

namespace coheld::wire {

// Returns the last field of text of this number, which is the one that counts; empty if there is
// none. The result is part of `message`.
std::string_view TextField(std::string_view message, uint32_t number);

// Returns the name in a request; empty if there is none. The result is part of `request`.
std::string_view NameIn(std::string_view request);

}  // namespace coheld::wire
