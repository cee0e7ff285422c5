// The frames of the Session/Call stream without a message object in between: CallRequest is read as
// a view of its bytes, CallReply is written from its parts. The encoding is protobuf's own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace coheld::wire {

// A CallRequest, as views into the bytes it was read from.
struct CallRequestView {
  uint64_t id = 0;
  uint32_t method = 0;
  std::string_view payload;
  uint64_t thread = 0;
  uint64_t deadline_ms = 0;
  uint64_t seq = 0;
  uint64_t acked = 0;
  uint32_t lane = 0;
  uint64_t token = 0;
  std::string_view site;  // Not checked to be UTF-8.
};

// Reads a serialised CallRequest; unknown fields are skipped. False if it is not valid protobuf.
bool ParseCallRequest(std::string_view bytes, CallRequestView* request);

// Writes what stands before the payload in a serialised CallReply and returns it.
using CallReplyHead = std::array<char, 24>;
std::string_view EncodeCallReplyHead(uint64_t id, size_t payload_bytes, CallReplyHead* head);

}  // namespace coheld::wire
