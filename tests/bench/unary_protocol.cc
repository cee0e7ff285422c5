// See unary_protocol.h.
#include "tests/bench/unary_protocol.h"

#include <algorithm>

#include "proto/wire/framing.h"

namespace coheld::bench {

void UnaryProtocol::OnOpened() {
  if (streams_max() < calls_.size()) {
    Break("the server allows only " + std::to_string(streams_max()) + " streams");
  }
}

void UnaryProtocol::AppendRequest(const Operation& operation, Output* out) {
  out->AppendStable(operation.payload);
}

void UnaryProtocol::SendReady() {
  while (SendRest() && !waiting_.empty() && connection_window() > 0) {
    Open(*waiting_.front().operation, waiting_.front().slot);
    waiting_.pop_front();
  }
}

void UnaryProtocol::Open(const Operation& operation, uint32_t slot) {
  sending_ = OpenStreamWith(BlockOf(operation));
  AppendRequest(operation, &message_);
  prefix_.clear();
  wire::AppendPrefix({.length = static_cast<uint32_t>(message_.size())}, &prefix_);
  request_.Append(prefix_);
  request_.MoveFrom(&message_, message_.size());
  window_ = stream_window_start();
  WatchWindow(sending_, &window_);
  calls_[slot] = {.stream = sending_, .reply_min = operation.reply_min};
}

bool UnaryProtocol::SendRest() {
  if (request_.empty()) return true;
  const int64_t room = std::min(window_, connection_window());
  if (room <= 0) return false;
  const size_t bytes = std::min(request_.size(), static_cast<size_t>(room));
  SendData(sending_, &request_, bytes, bytes == request_.size(), &window_);
  return request_.empty();
}

std::string_view UnaryProtocol::BlockOf(const Operation& operation) {
  if (blocks_.size() <= operation.method) blocks_.resize(operation.method + 1);
  Block& block = blocks_[operation.method];
  if (block.generation != encoder().generation()) {
    // Locks have owners; the rest is sent as a stock client does, without a session.
    const bool with_session = operation.path.starts_with("/coheld.v1.Lock/");
    const std::vector<HeaderField> head = Head(operation.path, with_session);
    std::string bytes = encoder().Encode(head);
    first_.assign(bytes);
    block = {.generation = encoder().generation(), .bytes = encoder().Encode(head)};
    return first_;
  }
  return block.bytes;
}

UnaryProtocol::Call* UnaryProtocol::Find(StreamNumber stream) {
  for (Call& call : calls_) {
    if (call.stream == stream) return &call;
  }
  Break("a frame on stream " + std::to_string(stream) + ", which is not open");
  return nullptr;
}

void UnaryProtocol::OnCallHeaders(StreamNumber stream, bool succeeds) {
  if (succeeds) return;
  NoteFailure(decoder().failure());
  if (Call* call = Find(stream)) call->succeeds = false;
}

void UnaryProtocol::OnCallData(StreamNumber stream, std::string_view data) {
  if (Call* call = Find(stream)) call->bytes += data.size();
}

void UnaryProtocol::OnCallEnd(StreamNumber stream, bool reset) {
  Call* call = Find(stream);
  if (call == nullptr) return;
  const bool whole = call->bytes >= wire::kPrefixBytes + call->reply_min;
  if (reset) NoteFailure("the server reset the stream");
  if (call->succeeds && !whole) NoteFailure("a reply without the value");
  call->stream = 0;
  answers()->push_back(
      {static_cast<uint32_t>(call - calls_.data()), call->succeeds && whole && !reset});
}

std::unique_ptr<Protocol> MakeUnaryProtocol(uint32_t depth) {
  return std::make_unique<UnaryProtocol>(depth);
}

}  // namespace coheld::bench
