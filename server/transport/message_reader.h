// Cuts the bytes of one stream into gRPC messages and inflates those that are compressed. Sizes are
// checked before anything is allocated. Knows nothing of HTTP/2.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "proto/wire/framing.h"
#include "proto/wire/result.h"

namespace coheld::transport {

// What Next found.
enum class Read {
  kMessage,  // message() is the next message.
  kPartial,  // More bytes are needed.
  kRefused,  // The bytes cannot be a message; failure() says why. Nothing more is read.
};

// Whether the call's grpc-encoding allows compressed messages.
enum class Encoding { kIdentity, kGzip };

// Messages of one direction of a stream. Reusable by Reset.
class MessageReader {
 public:
  // Forgets everything.
  void Reset(size_t message_bytes_max) {
    message_bytes_max_ = message_bytes_max;
    encoding_ = Encoding::kIdentity;
    refused_ = false;
    Forget();
  }
  void set_encoding(Encoding encoding) { encoding_ = encoding; }

  // Gives bytes to read, after Next has returned kPartial or Keep was called for those before. They
  // must stay valid until the same happens to them.
  void Give(std::string_view bytes) { given_ = bytes; }
  // Looks for the next message. Its bytes are valid until the next call to anything here. After
  // kPartial everything given has been read or copied.
  Read Next() { return NextPlain() ? Read::kMessage : NextAny(); }
  // Copies what was given and not read, so that the caller may let go of it.
  void Keep();
  // Makes room for all of the message that began: its bytes will be there.
  void ReserveAll() { kept_.reserve(kept_read_ + PendingBytes()); }
  // Lets go of everything that was given, and of large buffers.
  void Forget() {
    given_ = message_ = {};
    kept_read_ = 0;
    if (kept_.size() + inflated_.size() > 0 || kept_.capacity() > kBufferBytesKept) EmptyBuffers();
  }
  // Lets go of the buffers, which are empty.
  void GiveBack();

  std::string_view message() const { return message_; }
  const wire::Failure& failure() const { return failure_; }
  // True if bytes are left: after kPartial, a message that began and did not end.
  bool HasRest() const { return RestBytes() > 0; }
  size_t RestBytes() const { return kept_.size() - kept_read_ + given_.size(); }
  // The size of the message that began, with its prefix; 0 if not known yet.
  size_t PendingBytes() const;

 private:
  // Buffers that grew beyond this are given back when their stream ends.
  static constexpr size_t kBufferBytesKept = 4 << 10;

  // What is known of the message at the front of some bytes.
  struct Front {
    size_t wanted = 0;  // Bytes needed to know more, or to have it all.
    bool whole = false;
  };
  Front Look(std::string_view bytes) const;
  // Next for what nearly all messages are: whole in what was given, and not compressed.
  bool NextPlain() {
    if (!kept_.empty() || given_.size() < wire::kPrefixBytes || given_[0] != 0) return false;
    const size_t length = wire::ReadPrefix(given_.data()).length;
    if (refused_ || length > message_bytes_max_) return false;
    if (length > given_.size() - wire::kPrefixBytes) return false;
    message_ = given_.substr(wire::kPrefixBytes, length);
    given_.remove_prefix(wire::kPrefixBytes + length);
    return true;
  }
  Read NextAny();
  void EmptyBuffers();
  // Moves bytes from given_ behind kept_ until its front message is whole or given_ is empty.
  Front FillKept();
  Read Hand(std::string_view framed);
  Read Refuse(v1::ErrorReason reason, std::string message);

  size_t message_bytes_max_ = 0;
  Encoding encoding_ = Encoding::kIdentity;
  bool refused_ = false;
  std::string_view given_;
  std::string kept_;      // A message that began; after Keep, perhaps several.
  size_t kept_read_ = 0;  // What Next has already handed out of kept_.
  std::string inflated_;
  std::string_view message_;
  wire::Failure failure_;
};

}  // namespace coheld::transport
