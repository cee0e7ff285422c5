// See grpc_stream.h.
#include "server/transport/grpc_stream.h"

#include <algorithm>

#include "proto/wire/check.h"

namespace coheld::transport {
namespace {

// Buffers of a closed stream that grew beyond this are given back.
constexpr size_t kSpareBufferBytesKept = 4 << 10;

}  // namespace

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

void GrpcStreamTable::GiveBack() {
  Streams().swap(spares_);
  for (const auto& stream : open_) {
    if (stream->output.empty()) stream->output.Clear(0);
    if (!stream->reader.HasRest()) stream->reader.GiveBack();
  }
}

}  // namespace coheld::transport
