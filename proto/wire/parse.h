// Parsing of messages that hold values. Protobuf's own limit of 100 nested messages is below what a
// Value may nest.
#pragma once

#include <string_view>

#include <google/protobuf/message_lite.h>

namespace coheld::wire {

// How deep a Value may nest: a list in a list is 2 deep.
inline constexpr int kNestingMax = 64;

// Parses a request or reply. Returns false if the bytes are not such a message, or nest deeper than
// one with values of kNestingMax can.
bool ParseMessage(std::string_view bytes, google::protobuf::MessageLite* message);

}  // namespace coheld::wire
