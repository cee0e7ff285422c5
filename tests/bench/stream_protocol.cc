// coheld over gRPC, every op a frame of one Session/Call stream.
#include <algorithm>
#include <optional>

#include "proto/wire/framing.h"
#include "tests/bench/grpc_connection.h"

namespace coheld::bench {
namespace {

// Of a reply that does not come at once only the front is kept: enough for its id and length.
constexpr size_t kReplyHeadBytes = 64;

// A slot is its frame's id less one.
class StreamProtocol final : public GrpcConnection {
 public:
  StreamProtocol(uint32_t depth, Promise promise)
      : promise_(promise), sequences_(depth), reply_min_(depth) {}

  void Issue(const Operation& operation, uint32_t slot) override {
    reply_min_[slot] = operation.reply_min;
    frame_.clear();
    frame_.push_back(0x08);
    AppendVarint(uint64_t{slot} + 1, &frame_);
    frame_.push_back(0x10);
    AppendVarint(operation.method, &frame_);
    if (promise_ != Promise::kNone) AppendSequence(slot);
    frame_.push_back(0x1a);
    AppendVarint(operation.payload.size(), &frame_);
    const auto length = static_cast<uint32_t>(frame_.size() + operation.payload.size());
    prefix_.clear();
    wire::AppendPrefix({.length = length}, &prefix_);
    waiting_.Append(prefix_);
    waiting_.Append(frame_);
    waiting_.AppendStable(operation.payload);
  }

 private:
  // CallRequest.seq, acked and lane.
  void AppendSequence(uint32_t slot) {
    const uint64_t sequence = ++sequences_[slot];
    frame_.push_back(0x30);
    AppendVarint(sequence, &frame_);
    if (promise_ == Promise::kExactlyOnce) {
      frame_.push_back(0x38);
      AppendVarint(sequence - 1, &frame_);
    }
    frame_.push_back(0x40);
    AppendVarint(slot, &frame_);
  }

  void OnOpened() override {
    stream_ = OpenStream(Head("/coheld.v1.Session/Call", true));
    window_ = stream_window_start();
    WatchWindow(stream_, &window_);
  }

  void SendReady() override {
    const int64_t room = std::min(window_, connection_window());
    if (waiting_.empty() || room <= 0) return;
    const size_t bytes = std::min(waiting_.size(), static_cast<size_t>(room));
    SendData(stream_, &waiting_, bytes, false, &window_);
  }

  void OnCallHeaders(StreamNumber /*stream*/, bool succeeds) override {
    if (!succeeds) Break("the Call stream failed: " + decoder().failure());
  }

  void OnCallEnd(StreamNumber /*stream*/, bool /*reset*/) override {
    Break("the server ended the Call stream");
  }

  void OnCallData(StreamNumber /*stream*/, std::string_view data) override {
    if (rest_ > 0) data.remove_prefix(TakeRest(data));
    if (data.empty()) return;
    if (partial_.empty()) {
      data.remove_prefix(TakeMessages(data));
      if (!BeginRest(data)) partial_.assign(data);
      return;
    }
    partial_.append(data);
    partial_.erase(0, TakeMessages(partial_));
    if (BeginRest(partial_)) partial_.clear();
  }

  // Returns the bytes of the whole messages in front.
  size_t TakeMessages(std::string_view data) {
    size_t used = 0;
    while (data.size() - used >= wire::kPrefixBytes) {
      const size_t length = wire::ReadPrefix(data.data() + used).length;
      if (data.size() - used - wire::kPrefixBytes < length) break;
      if (const auto answer = ReadReply(data.substr(used + wire::kPrefixBytes, length))) {
        answers()->push_back(*answer);
      }
      used += wire::kPrefixBytes + length;
    }
    return used;
  }

  // Reads a long message by its front, and lets go of it. False if too little of it is there.
  bool BeginRest(std::string_view front) {
    if (front.size() < kReplyHeadBytes) return false;
    const auto answer = ReadReply(front.substr(wire::kPrefixBytes));
    if (!answer) return true;
    late_ = *answer;
    rest_ = wire::kPrefixBytes + wire::ReadPrefix(front.data()).length - front.size();
    return true;
  }

  size_t TakeRest(std::string_view data) {
    const size_t bytes = std::min(rest_, data.size());
    rest_ -= bytes;
    if (rest_ == 0) answers()->push_back(late_);
    return bytes;
  }

  // Reads a reply of which at least the front is there.
  std::optional<Answer> ReadReply(std::string_view reply) {
    uint64_t id = 0;
    size_t payload_bytes = 0;
    std::string_view failure;
    while (!reply.empty()) {
      const char tag = reply.front();
      reply.remove_prefix(1);
      const uint64_t number = TakeVarint(&reply);
      if (tag == 0x08) {
        id = number;
        continue;
      }
      if (tag == 0x12) payload_bytes = number;
      if (tag == 0x1a) failure = reply.substr(0, number);
      reply.remove_prefix(std::min<size_t>(number, reply.size()));
    }
    if (id == 0 || id > reply_min_.size()) {
      Break("a reply to no op");
      return std::nullopt;
    }
    const bool ok = failure.data() == nullptr && payload_bytes >= reply_min_[id - 1];
    if (!ok) NoteFailure(failure.empty() ? "a reply without the value" : failure);
    return Answer{static_cast<uint32_t>(id - 1), ok};
  }

  const Promise promise_;
  std::vector<uint64_t> sequences_;  // The last one, by slot.
  std::vector<size_t> reply_min_;    // By slot.
  StreamNumber stream_ = 0;
  int64_t window_ = 0;
  std::string prefix_;
  std::string frame_;
  Output waiting_;       // Messages to send as soon as the windows allow.
  std::string partial_;  // The front of a message whose rest has not come.
  size_t rest_ = 0;      // Bytes to come of a long message ...
  Answer late_;          // ... and what it answers then.
};

}  // namespace

std::unique_ptr<Protocol> MakeStreamProtocol(uint32_t depth, Promise promise) {
  return std::make_unique<StreamProtocol>(depth, promise);
}

}  // namespace coheld::bench
