// See parse.h.
#include "proto/wire/parse.h"

#include <climits>

#include <google/protobuf/io/coded_stream.h>

namespace coheld::wire {
namespace {

// Twice what values may nest, in messages.
constexpr int kRecursionLimit = 2 * 3 * kNestingMax + 16;

}  // namespace

bool ParseMessage(std::string_view bytes, google::protobuf::MessageLite* message) {
  if (bytes.size() > INT_MAX) return false;
  const auto size = static_cast<int>(bytes.size());
  // Nearly every message nests little: the plain parser is twice as fast as one with a limit of its
  // own.
  if (message->ParseFromArray(bytes.data(), size)) return true;
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(bytes.data()),
                                               size);
  input.SetRecursionLimit(kRecursionLimit);
  return message->ParseFromCodedStream(&input) && input.ConsumedEntireMessage();
}

}  // namespace coheld::wire
