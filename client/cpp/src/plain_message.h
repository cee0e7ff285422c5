// Requests written and replies read without message objects, for the ops that come most often:
// making objects of small messages is most of what they cost here. The bytes are those that
// protobuf would write. No I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "coheld/value.h"

namespace coheld::core {

// A request. Fields are appended in the order of their numbers.
class PlainRequest {
 public:
  // Begins with field 1, the object's name.
  explicit PlainRequest(std::string_view name);

  // Appends a field of type coheld.v1.Value.
  PlainRequest& Append(uint32_t field, Value value);
  // Appends a number, unless it is absent.
  PlainRequest& Append(uint32_t field, const std::optional<uint64_t>& number);

  std::string Take() { return std::move(bytes_); }

 private:
  struct ValueWriter;

  std::string bytes_;
};

// Reads a serialised coheld.v1.Value. Throws InternalError if it is none.
Value ReadValue(std::string_view bytes);

// Throws InternalError: the daemon's reply is no such message.
[[noreturn]] void RefuseReply(std::string_view type);

}  // namespace coheld::core
