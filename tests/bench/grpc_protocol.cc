// coheld over gRPC: ops as unary calls, or as frames of one Session/Call stream. Both open a
// session first, by a unary call. Messages are read by hand, as much of them as tells right from
// wrong.
#include <algorithm>
#include <deque>

#include "coheld/v1/session.pb.h"
#include "proto/wire/framing.h"
#include "tests/bench/http2_client.h"

namespace coheld::bench {
namespace {

void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 128; value /= 128) out->push_back(static_cast<char>(value | 128));
  out->push_back(static_cast<char>(value));
}

// Reads a varint off the front; 0 if it is cut short.
uint64_t TakeVarint(std::string_view* bytes) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes->empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes->front());
    bytes->remove_prefix(1);
    value |= uint64_t{byte & 127u} << shift;
    if (byte < 128) return value;
  }
  return 0;
}

std::string Framed(std::string_view message) {
  std::string framed;
  wire::AppendPrefix({.length = static_cast<uint32_t>(message.size())}, &framed);
  return framed.append(message);
}

// What both ways have in common: HTTP/2, headers, and the session that is opened first.
class GrpcProtocol : public Http2Client {
 public:
  bool ready() const final { return !token_.empty(); }

 protected:
  // The session is open.
  virtual void OnSession() = 0;
  virtual void OnCallHeaders(StreamNumber stream, bool succeeds) = 0;
  virtual void OnCallData(StreamNumber stream, std::string_view data) = 0;
  virtual void OnCallEnd(StreamNumber stream, bool reset) = 0;

  std::vector<HeaderField> Head(const std::string& path, bool with_session) const {
    std::vector<HeaderField> fields = {{":method", "POST"}, {":scheme", "http"},
                                       {":path", path},     {":authority", "localhost"},
                                       {"te", "trailers"},  {"content-type", "application/grpc"}};
    if (with_session) fields.emplace_back("coheld-session", token_);
    return fields;
  }

 private:
  void OnSettled() final {
    opening_ = OpenStream(Head("/coheld.v1.Session/Open", false));
    int64_t window = stream_window_start();
    SendData(opening_, Framed(""), true, &window);
  }

  void OnHeaders(StreamNumber stream, bool succeeds) final {
    if (stream != opening_) return OnCallHeaders(stream, succeeds);
    if (!succeeds) Break("Session/Open failed: " + decoder().failure());
  }

  void OnData(StreamNumber stream, std::string_view data) final {
    if (stream != opening_) return OnCallData(stream, data);
    opened_.append(data);
  }

  void OnEnd(StreamNumber stream, bool reset) final {
    if (stream != opening_) return OnCallEnd(stream, reset);
    v1::SessionOpenReply reply;
    if (opened_.size() < wire::kPrefixBytes ||
        !reply.ParseFromString(opened_.substr(wire::kPrefixBytes)) || reply.token().empty()) {
      return Break("Session/Open gave no token");
    }
    token_ = reply.token();
    OnSession();
  }

  StreamNumber opening_ = 0;
  std::string opened_;
  std::string token_;
};

// Every op a frame of one stream; a slot is the frame's id less one.
class StreamProtocol final : public GrpcProtocol {
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
    wire::AppendPrefix({.length = length}, &waiting_);
    waiting_ += frame_;
    waiting_ += operation.payload;
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

  void OnSession() override {
    stream_ = OpenStream(Head("/coheld.v1.Session/Call", true));
    window_ = stream_window_start();
    WatchWindow(stream_, &window_);
  }

  void SendReady() override {
    const int64_t room = std::min(window_, connection_window());
    if (waiting_.empty() || room <= 0) return;
    const size_t bytes = std::min(waiting_.size() - sent_, static_cast<size_t>(room));
    SendData(stream_, std::string_view(waiting_).substr(sent_, bytes), false, &window_);
    sent_ += bytes;
    if (sent_ < waiting_.size()) return;
    waiting_.clear();
    sent_ = 0;
  }

  void OnCallHeaders(StreamNumber /*stream*/, bool succeeds) override {
    if (!succeeds) Break("the Call stream failed: " + decoder().failure());
  }

  void OnCallEnd(StreamNumber /*stream*/, bool /*reset*/) override {
    Break("the server ended the Call stream");
  }

  void OnCallData(StreamNumber /*stream*/, std::string_view data) override {
    if (partial_.empty()) {
      partial_.assign(data.substr(TakeMessages(data)));
      return;
    }
    partial_.append(data);
    partial_.erase(0, TakeMessages(partial_));
  }

  // Returns the bytes of the whole messages in front.
  size_t TakeMessages(std::string_view data) {
    size_t used = 0;
    while (data.size() - used >= wire::kPrefixBytes) {
      const size_t length = wire::ReadPrefix(data.data() + used).length;
      if (data.size() - used - wire::kPrefixBytes < length) break;
      TakeReply(data.substr(used + wire::kPrefixBytes, length));
      used += wire::kPrefixBytes + length;
    }
    return used;
  }

  void TakeReply(std::string_view reply) {
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
    if (id == 0 || id > reply_min_.size()) return Break("a reply to no op");
    const bool ok = failure.data() == nullptr && payload_bytes >= reply_min_[id - 1];
    if (!ok) NoteFailure(failure.empty() ? "a reply without the value" : failure);
    answers()->push_back({static_cast<uint32_t>(id - 1), ok});
  }

  const Promise promise_;
  std::vector<uint64_t> sequences_;  // The last one, by slot.
  std::vector<size_t> reply_min_;    // By slot.
  StreamNumber stream_ = 0;
  int64_t window_ = 0;
  std::string frame_;
  std::string waiting_;  // Messages to send as soon as the windows allow ...
  size_t sent_ = 0;      // ... of which so much is sent.
  std::string partial_;  // The front of a message whose rest has not come.
};

// Every op a call of its own.
class UnaryProtocol final : public GrpcProtocol {
 public:
  explicit UnaryProtocol(uint32_t depth) : calls_(depth) {}

  void Issue(const Operation& operation, uint32_t slot) override {
    waiting_.push_back({&operation, slot});
  }

 private:
  struct Waiting {
    const Operation* operation;
    uint32_t slot;
  };
  struct Call {
    StreamNumber stream = 0;
    size_t reply_min = 0;
    size_t bytes = 0;
    bool succeeds = true;
  };
  struct Block {
    size_t generation = 0;
    std::string bytes;
  };

  void OnSession() override {
    if (streams_max() < calls_.size()) {
      Break("the server allows only " + std::to_string(streams_max()) + " streams");
    }
  }

  void SendReady() override {
    while (!waiting_.empty()) {
      const Waiting next = waiting_.front();
      const size_t bytes = wire::kPrefixBytes + next.operation->payload.size();
      if (static_cast<int64_t>(bytes) > stream_window_start()) {
        return Break("a request is larger than the server's stream window");
      }
      if (static_cast<int64_t>(bytes) > connection_window()) return;
      Send(*next.operation, next.slot);
      waiting_.pop_front();
    }
  }

  void Send(const Operation& operation, uint32_t slot) {
    const StreamNumber stream = OpenStreamWith(BlockOf(operation));
    message_.clear();
    const auto length = static_cast<uint32_t>(operation.payload.size());
    wire::AppendPrefix({.length = length}, &message_);
    message_ += operation.payload;
    int64_t window = stream_window_start();
    SendData(stream, message_, true, &window);
    calls_[slot] = {.stream = stream, .reply_min = operation.reply_min};
  }

  // Encodes an op's headers once for each state of the header table.
  std::string_view BlockOf(const Operation& operation) {
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

  Call* Find(StreamNumber stream) {
    for (Call& call : calls_) {
      if (call.stream == stream) return &call;
    }
    Break("a frame on stream " + std::to_string(stream) + ", which is not open");
    return nullptr;
  }

  void OnCallHeaders(StreamNumber stream, bool succeeds) override {
    if (succeeds) return;
    NoteFailure(decoder().failure());
    if (Call* call = Find(stream)) call->succeeds = false;
  }

  void OnCallData(StreamNumber stream, std::string_view data) override {
    if (Call* call = Find(stream)) call->bytes += data.size();
  }

  void OnCallEnd(StreamNumber stream, bool reset) override {
    Call* call = Find(stream);
    if (call == nullptr) return;
    const bool whole = call->bytes >= wire::kPrefixBytes + call->reply_min;
    if (reset) NoteFailure("the server reset the stream");
    if (!whole) NoteFailure("a reply without the value");
    call->stream = 0;
    answers()->push_back(
        {static_cast<uint32_t>(call - calls_.data()), call->succeeds && whole && !reset});
  }

  std::vector<Call> calls_;  // By slot.
  std::deque<Waiting> waiting_;
  std::vector<Block> blocks_;  // By method number.
  std::string first_;
  std::string message_;
};

}  // namespace

std::unique_ptr<Protocol> MakeStreamProtocol(uint32_t depth, Promise promise) {
  return std::make_unique<StreamProtocol>(depth, promise);
}

std::unique_ptr<Protocol> MakeUnaryProtocol(uint32_t depth) {
  return std::make_unique<UnaryProtocol>(depth);
}

std::unique_ptr<Protocol> MakeProtocol(Wire wire, uint32_t depth, Promise promise) {
  switch (wire) {
    case Wire::kStream:
      return MakeStreamProtocol(depth, promise);
    case Wire::kUnary:
      return MakeUnaryProtocol(depth);
    case Wire::kRedis:
      return MakeRedisProtocol();
  }
  return nullptr;
}

}  // namespace coheld::bench
