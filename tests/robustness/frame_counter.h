// Finds HTTP/2 frames in one direction of a connection, as its bytes pass, and counts those that
// carry messages. Not a parser of what they say.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace coheld::testing {

// Counts frames of type DATA that are not empty, each when its last byte has passed.
class FrameCounter {
 public:
  // `preface_bytes` are skipped first: 24 from a client, 0 from a server.
  explicit FrameCounter(size_t preface_bytes) : skip_(preface_bytes) {}

  void Feed(std::string_view bytes) {
    while (!bytes.empty()) {
      if (skip_ > 0) {
        const size_t count = std::min(skip_, bytes.size());
        skip_ -= count;
        bytes.remove_prefix(count);
        if (skip_ == 0 && in_data_) Finish();
        continue;
      }
      head_[head_bytes_++] = static_cast<uint8_t>(bytes.front());
      bytes.remove_prefix(1);
      if (head_bytes_ == head_.size()) Begin();
    }
  }

  uint64_t data_frames() const { return data_frames_; }

 private:
  void Begin() {
    head_bytes_ = 0;
    skip_ = size_t{head_[0]} << 16 | size_t{head_[1]} << 8 | head_[2];
    in_data_ = head_[3] == 0 && skip_ > 0;
  }
  void Finish() {
    ++data_frames_;
    in_data_ = false;
  }

  size_t skip_;
  bool in_data_ = false;
  std::array<uint8_t, 9> head_{};
  size_t head_bytes_ = 0;
  uint64_t data_frames_ = 0;
};

}  // namespace coheld::testing
