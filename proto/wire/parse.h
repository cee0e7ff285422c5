// How deep values nest, and parsing of messages that may hold deeper ones.
#pragma once

#include <string_view>

#include <google/protobuf/message_lite.h>

namespace coheld::wire {

// How deep a Value may nest: a list in a list is 2 deep. Each level is up to three messages (Value,
// ValueMap, Entry), and protobuf's parsers stop at 100: every stock client can read every value.
inline constexpr int kNestingMax = 32;

// Parses a request. Returns false if the bytes are not such a message, or nest far deeper than
// values may; those that nest a little too deep are read, so that they can be refused by that name.
bool ParseMessage(std::string_view bytes, google::protobuf::MessageLite* message);

}  // namespace coheld::wire
