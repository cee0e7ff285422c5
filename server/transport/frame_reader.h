// Cuts a connection's bytes, which come in pieces of any size, into frames. DATA is handed on as it
// comes, without its padding; what we do not know is skipped; other frames are gathered until they
// are whole, but only after their head was found to be in order.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "server/transport/h2_frame.h"

namespace coheld::transport {

// What Next found.
enum class FrameStep {
  kMore,   // Everything given was read; more bytes are needed.
  kFrame,  // A whole frame, or a piece of DATA; of an unknown frame only the head.
  kFault,  // The peer broke a rule: fault() says which. Nothing more can be read.
};

class FrameReader {
 public:
  // Reads on in `*bytes` and removes what it has read from their front. What payload() shows is
  // valid until the next call, and as long as the bytes are.
  FrameStep Next(std::string_view* bytes);

  const FrameHead& head() const { return head_; }
  std::string_view payload() const { return payload_; }
  // True if this piece of DATA is the first of its frame, or the last.
  bool begins_frame() const { return begins_frame_; }
  bool ends_frame() const { return !in_frame_; }
  // What the DATA frame has beside its data.
  size_t padding_bytes() const { return head_.Has(kPadded) ? 1 + padding_ : 0; }
  const FrameFault& fault() const { return fault_; }

 private:
  // True if skip_ bytes have been skipped.
  bool Skip(std::string_view* bytes);
  FrameStep ReadHead(std::string_view* bytes);
  FrameStep ReadData(std::string_view* bytes);
  FrameStep ReadWhole(std::string_view* bytes);
  // True if gathered_ has so many bytes.
  bool Gather(std::string_view* bytes, size_t wanted);
  FrameStep Break(const FrameFault& fault);

  FrameHead head_;
  std::string_view payload_;
  size_t data_left_ = 0;   // Of the DATA that began: bytes that have not come, without padding.
  size_t padding_ = 0;     // Of the DATA that began.
  size_t skip_ = 0;        // Padding, or an unknown frame's payload, that has to be skipped now.
  bool in_frame_ = false;  // head_ was read; its payload was not, or not all of it.
  bool first_piece_due_ = false;
  bool begins_frame_ = false;
  bool pad_length_due_ = false;
  bool gathered_told_ = false;  // payload_ shows gathered_.
  std::string gathered_;        // A part of a head or of a frame.
  FrameFault fault_;
};

}  // namespace coheld::transport
