// See grpc_stream.h.
#include "server/transport/grpc_stream.h"

#include <algorithm>

#include "proto/wire/check.h"
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
  static_cast<StreamProgress&>(*this) = StreamProgress();
  reader.Reset(0);
  output.Clear(kSpareBufferBytesKept);
  ending.reset();
  http_status = {};
}

GrpcStreamTable::Streams::const_iterator GrpcStreamTable::Place(StreamId id) const {
  return std::lower_bound(open_.begin(), open_.end(), id,
                          [](const std::unique_ptr<GrpcStream>& stream, StreamId wanted) {
                            return stream->id < wanted;
                          });
}

GrpcStream* GrpcStreamTable::Find(StreamId id) const {
  const auto place = Place(id);
  return place == open_.end() || (*place)->id != id ? nullptr : place->get();
}

GrpcStream& GrpcStreamTable::Open(StreamId id) {
  COHELD_CHECK(open_.empty() || open_.back()->id < id);
  if (spares_.empty()) spares_.push_back(std::make_unique<GrpcStream>());
  open_.push_back(std::move(spares_.back()));
  spares_.pop_back();
  open_.back()->id = id;
  return *open_.back();
}

void GrpcStreamTable::Close(GrpcStream& stream) {
  const auto place = open_.begin() + (Place(stream.id) - open_.begin());
  std::unique_ptr<GrpcStream> closed = std::move(*place);
  open_.erase(place);
  if (spares_.size() >= kSparesMax) return;
  closed->Recycle();
  spares_.push_back(std::move(closed));
}

}  // namespace coheld::transport
