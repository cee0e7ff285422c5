// See message_reader.h.
#include "server/transport/message_reader.h"

#include <algorithm>

#include "server/transport/gzip.h"

namespace coheld::transport {
namespace {

// Those that grew beyond this are given back as soon as they are empty.
constexpr size_t kLargeBufferBytes = 64 << 10;

}  // namespace

Read MessageReader::NextAny() {
  if (refused_) return Read::kRefused;
  if (kept_read_ > 0 && kept_read_ == kept_.size()) {
    kept_.clear();
    kept_read_ = 0;
    if (kept_.capacity() > kLargeBufferBytes) kept_.shrink_to_fit();
  }
  if (!kept_.empty()) {
    const Front front = FillKept();
    const std::string_view unread = std::string_view{kept_}.substr(kept_read_);
    if (unread.size() >= wire::kPrefixBytes) {
      const Read read = Hand(unread);
      if (read == Read::kMessage) kept_read_ += front.wanted;
      return read;
    }
    return Read::kPartial;
  }
  if (given_.empty()) return Read::kPartial;
  const Front front = Look(given_);
  if (given_.size() >= wire::kPrefixBytes) {
    const Read read = Hand(given_);
    if (read == Read::kMessage) given_.remove_prefix(front.wanted);
    if (read == Read::kPartial) Keep();
    return read;
  }
  Keep();
  return Read::kPartial;
}

void MessageReader::Keep() {
  kept_.erase(0, kept_read_);
  kept_read_ = 0;
  kept_.append(given_);
  given_ = {};
}

void MessageReader::EmptyBuffers() {
  for (std::string* const buffer : {&kept_, &inflated_}) {
    buffer->clear();
    if (buffer->capacity() > kBufferBytesKept) buffer->shrink_to_fit();
  }
}

void MessageReader::GiveBack() {
  Forget();
  std::string().swap(kept_);
  std::string().swap(inflated_);
}

size_t MessageReader::PendingBytes() const {
  const std::string_view unread = std::string_view{kept_}.substr(kept_read_);
  return unread.size() < wire::kPrefixBytes ? 0 : Look(unread).wanted;
}

MessageReader::Front MessageReader::Look(std::string_view bytes) const {
  if (bytes.size() < wire::kPrefixBytes) return {.wanted = wire::kPrefixBytes};
  const size_t wanted = wire::kPrefixBytes + wire::ReadPrefix(bytes.data()).length;
  return {.wanted = wanted, .whole = bytes.size() >= wanted};
}

MessageReader::Front MessageReader::FillKept() {
  Front front;
  while (true) {
    const size_t unread = kept_.size() - kept_read_;
    front = Look(std::string_view{kept_}.substr(kept_read_));
    if (front.whole || given_.empty()) return front;
    // A refused length is found by Hand before its bytes are copied.
    if (front.wanted > wire::kPrefixBytes + message_bytes_max_) return front;
    const size_t taken = std::min(front.wanted - unread, given_.size());
    kept_.append(given_.substr(0, taken));
    given_.remove_prefix(taken);
  }
}

Read MessageReader::Hand(std::string_view framed) {
  const unsigned char flags = static_cast<unsigned char>(framed[0]);
  const wire::MessagePrefix prefix = wire::ReadPrefix(framed.data());
  if (flags > 1) {
    return Refuse(v1::ERROR_REASON_MALFORMED,
                  "the message's flag byte is " + std::to_string(flags) + "; it must be 0 or 1");
  }
  if (prefix.length > message_bytes_max_) {
    return Refuse(v1::ERROR_REASON_TOO_LARGE, "the message has " + std::to_string(prefix.length) +
                                                  " bytes, over the limit of " +
                                                  std::to_string(message_bytes_max_));
  }
  if (prefix.compressed && encoding_ == Encoding::kIdentity) {
    return Refuse(v1::ERROR_REASON_MALFORMED,
                  "the message is marked as compressed, but the call has no grpc-encoding");
  }
  if (framed.size() - wire::kPrefixBytes < prefix.length) return Read::kPartial;
  message_ = framed.substr(wire::kPrefixBytes, prefix.length);
  if (!prefix.compressed) return Read::kMessage;
  switch (InflateGzip(message_, message_bytes_max_, &inflated_)) {
    case Inflated::kOk:
      message_ = inflated_;
      return Read::kMessage;
    case Inflated::kTooLarge:
      return Refuse(v1::ERROR_REASON_TOO_LARGE, "the message inflates to over the limit of " +
                                                    std::to_string(message_bytes_max_) + " bytes");
    case Inflated::kMalformed:
      return Refuse(v1::ERROR_REASON_MALFORMED, "the compressed message is not valid gzip");
  }
  return Read::kRefused;
}

Read MessageReader::Refuse(v1::ErrorReason reason, std::string message) {
  refused_ = true;
  Forget();
  failure_ = {reason, std::move(message)};
  return Read::kRefused;
}

}  // namespace coheld::transport
