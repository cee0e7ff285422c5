// See frame_reader.h.
#include "server/transport/frame_reader.h"

#include <algorithm>
#include <utility>

namespace coheld::transport {
namespace {

// A larger buffer is given back as soon as its frame was told.
constexpr size_t kGatheredBytesKept = 256;

}  // namespace

FrameStep FrameReader::Next(std::string_view* bytes) {
  if (gathered_told_) {
    gathered_told_ = false;
    gathered_.clear();
    if (gathered_.capacity() > kGatheredBytesKept) gathered_.shrink_to_fit();
  }
  if (skip_ > 0 && !Skip(bytes)) return FrameStep::kMore;
  if (!in_frame_) {
    const FrameStep step = ReadHead(bytes);
    if (step != FrameStep::kFrame) return step;
  }
  return head_.type == FrameType::kData ? ReadData(bytes) : ReadWhole(bytes);
}

bool FrameReader::Skip(std::string_view* bytes) {
  const size_t skipped = std::min(skip_, bytes->size());
  bytes->remove_prefix(skipped);
  skip_ -= skipped;
  return skip_ == 0;
}

FrameStep FrameReader::ReadHead(std::string_view* bytes) {
  if (gathered_.empty() && bytes->size() >= kFrameHeadBytes) {
    head_ = ReadFrameHead(bytes->data());
    bytes->remove_prefix(kFrameHeadBytes);
  } else {
    if (!Gather(bytes, kFrameHeadBytes)) return FrameStep::kMore;
    head_ = ReadFrameHead(gathered_.data());
    gathered_.clear();
  }
  if (!IsPlainHead(head_)) {
    if (const auto fault = CheckFrameHead(head_)) return Break(*fault);
  }
  in_frame_ = true;
  first_piece_due_ = true;
  data_left_ = head_.length;
  padding_ = 0;
  pad_length_due_ = head_.type == FrameType::kData && head_.Has(kPadded);
  return FrameStep::kFrame;
}

FrameStep FrameReader::ReadData(std::string_view* bytes) {
  if (pad_length_due_) {
    if (bytes->empty()) return FrameStep::kMore;
    padding_ = static_cast<uint8_t>(bytes->front());
    bytes->remove_prefix(1);
    pad_length_due_ = false;
    if (padding_ >= data_left_) return Break({H2Error::kProtocol, "DATA with too much padding"});
    data_left_ -= 1 + padding_;
  }
  if (data_left_ > 0 && bytes->empty()) return FrameStep::kMore;
  payload_ = bytes->substr(0, data_left_);
  bytes->remove_prefix(payload_.size());
  data_left_ -= payload_.size();
  in_frame_ = data_left_ > 0;
  if (!in_frame_) skip_ = padding_;
  begins_frame_ = std::exchange(first_piece_due_, false);
  return FrameStep::kFrame;
}

FrameStep FrameReader::ReadWhole(std::string_view* bytes) {
  if (!IsKnown(head_.type)) {
    payload_ = {};
    skip_ = head_.length;
  } else if (gathered_.empty() && bytes->size() >= head_.length) {
    payload_ = bytes->substr(0, head_.length);
    bytes->remove_prefix(head_.length);
  } else {
    if (!Gather(bytes, head_.length)) return FrameStep::kMore;
    payload_ = gathered_;
    gathered_told_ = true;
  }
  in_frame_ = false;
  return FrameStep::kFrame;
}

bool FrameReader::Gather(std::string_view* bytes, size_t wanted) {
  const std::string_view taken = bytes->substr(0, wanted - gathered_.size());
  gathered_.append(taken);
  bytes->remove_prefix(taken.size());
  return gathered_.size() == wanted;
}

FrameStep FrameReader::Break(const FrameFault& fault) {
  fault_ = fault;
  return FrameStep::kFault;
}

}  // namespace coheld::transport
