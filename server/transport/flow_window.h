// The arithmetic of HTTP/2's flow control (RFC 9113, 6.9): how much may be sent, how much the peer
// may send and when it is told of more. The same for a stream and for the connection.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "server/transport/h2_frame.h"

namespace coheld::transport {

// What we may send. Negative after the peer has lowered its SETTINGS_INITIAL_WINDOW_SIZE.
class SendWindow {
 public:
  SendWindow() = default;
  explicit SendWindow(uint32_t bytes) : left_(bytes) {}
  // False, and nothing changes, if the window would be larger than the protocol allows.
  bool Grow(int64_t bytes) {
    if (left_ + bytes > int64_t{kWindowMax}) return false;
    left_ += bytes;
    return true;
  }
  // At most left().
  void Spend(size_t bytes) { left_ -= static_cast<int64_t>(bytes); }
  size_t left() const { return static_cast<size_t>(std::max<int64_t>(left_, 0)); }

 private:
  int64_t left_ = kWindowDefault;
};

// What the peer may send. It is told of what was consumed in large steps: once for each half of the
// window.
class ReceiveWindow {
 public:
  explicit ReceiveWindow(size_t bytes) : size_(bytes), left_(bytes) {}
  // False if the peer sent more than it may.
  bool Receive(size_t bytes) {
    if (bytes > left_) return false;
    left_ -= bytes;
    return true;
  }
  // Some of what was received is dealt with. Returns the increment to tell the peer now, perhaps 0.
  uint32_t Consume(size_t bytes) {
    consumed_ += bytes;
    if (consumed_ < size_ / 2) return 0;
    const size_t increment = consumed_;
    left_ += increment;
    consumed_ = 0;
    return static_cast<uint32_t>(increment);
  }

 private:
  size_t size_;
  size_t left_;
  size_t consumed_ = 0;
};

}  // namespace coheld::transport
