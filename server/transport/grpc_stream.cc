// See grpc_stream.h.
#include "server/transport/grpc_stream.h"

#include "proto/wire/framing.h"

namespace coheld::transport {
namespace {

// Buffers that grew beyond this are given back when empty: of a stream in use, of a spare one.
constexpr size_t kBufferBytesKept = 16 << 10;
constexpr size_t kSpareBufferBytesKept = 4 << 10;
// A queue that never runs empty moves its rest to the front after so many bytes.
constexpr size_t kCompactBytes = 1 << 20;

}  // namespace

void OutputQueue::Append(std::string_view front, std::string_view back) {
  const size_t length = front.size() + back.size();
  wire::AppendPrefix({.compressed = false, .length = static_cast<uint32_t>(length)}, &buffer_);
  buffer_.append(front);
  buffer_.append(back);
}

void OutputQueue::AppendCompressed(std::string_view gzip) {
  wire::AppendPrefix({.compressed = true, .length = static_cast<uint32_t>(gzip.size())}, &buffer_);
  buffer_.append(gzip);
}

void OutputQueue::Pop(size_t bytes) {
  sent_ += bytes;
  if (sent_ == buffer_.size()) {
    Clear(kBufferBytesKept);
  } else if (sent_ >= kCompactBytes && sent_ >= buffer_.size() / 2) {
    buffer_.erase(0, sent_);
    sent_ = 0;
  }
}

void OutputQueue::Clear(size_t bytes_kept) {
  buffer_.clear();
  sent_ = 0;
  if (buffer_.capacity() > bytes_kept) buffer_.shrink_to_fit();
}

void GrpcStream::Recycle() {
  static_cast<StreamProgress&>(*this) = {};
  static_cast<RequestTraits&>(request) = {};
  request.head.Clear();
  reader.Reset(0);
  output.Clear(kSpareBufferBytesKept);
  ending.reset();
}

GrpcStream* GrpcStreamPool::Take(StreamId id, size_t message_bytes_max) {
  if (spares_.empty()) {
    streams_.push_back(std::make_unique<GrpcStream>());
    streams_.back()->index = streams_.size() - 1;
    spares_.push_back(streams_.back().get());
  }
  GrpcStream* stream = spares_.back();
  spares_.pop_back();
  stream->id = id;
  stream->reader.Reset(message_bytes_max);
  return stream;
}

void GrpcStreamPool::Put(GrpcStream* stream) {
  const size_t index = stream->index;
  if (spares_.size() >= kSparesMax) {
    std::swap(streams_[index], streams_.back());
    streams_[index]->index = index;
    streams_.pop_back();
    return;
  }
  stream->Recycle();
  spares_.push_back(stream);
}

}  // namespace coheld::transport
