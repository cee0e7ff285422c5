// Fuzzes the HTTP/2 byte machine: whatever a peer sends, in whatever pieces, the calls that come
// out obey CallHandler's rules and the limits hold.
//
//   input := options (1 byte), piece (1), bytes of the connection
//
// Of the options bit 0 sends the client's preface first, bit 1 sets small limits, bits 2-3 say how
// much is pumped at a time, bit 4 drains midway.
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "proto/wire/check.h"
#include "server/transport/grpc_session.h"
#include "tests/fuzz/byte_source.h"

namespace coheld::fuzz {
namespace {

using transport::CallHead;
using transport::GrpcSession;
using transport::SessionLimits;
using transport::StreamId;

constexpr std::string_view kPreface{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33};

// Answers in every way there is, as the path's last letter and the message's first byte say, and
// checks what it is told.
class Answerer : public transport::CallHandler {
 public:
  explicit Answerer(const SessionLimits& limits) : limits_(limits) {}

  void set_session(GrpcSession* session) { session_ = session; }

  void OnCall(StreamId stream, const CallHead& head) override {
    COHELD_CHECK(stream > last_stream_ && stream % 2 == 1);
    last_stream_ = stream;
    COHELD_CHECK(calls_.emplace(stream, Call{}).second);
    COHELD_CHECK(calls_.size() <= limits_.streams_max);
    for (const auto& [name, value] : head.metadata) COHELD_CHECK(!name.starts_with(':'));
    if (head.path.ends_with('F')) End(stream, 'F');
  }

  void OnMessage(StreamId stream, std::string_view message) override {
    const auto call = calls_.find(stream);
    COHELD_CHECK(call != calls_.end() && !call->second.half_closed);
    COHELD_CHECK(message.size() <= limits_.message_bytes_max);
    if (!message.empty()) End(stream, message.front());
  }

  void OnHalfClose(StreamId stream) override {
    const auto call = calls_.find(stream);
    COHELD_CHECK(call != calls_.end() && !call->second.half_closed);
    call->second.half_closed = true;
    if (stream % 4 == 1) End(stream, 'R');
  }

  void OnAbort(StreamId stream) override { COHELD_CHECK(calls_.erase(stream) == 1); }

 private:
  struct Call {
    bool half_closed = false;
  };

  void End(StreamId stream, char how) {
    const std::string reply(static_cast<uint8_t>(how) * size_t{100}, 'r');
    if (how == 'S') return session_->Send(stream, reply);
    if (how != 'R' && how != 'F' && how != 'E') return;
    calls_.erase(stream);
    if (how == 'R') session_->Reply(stream, reply);
    if (how == 'F') session_->Finish(stream, {v1::ERROR_REASON_QUEUE_EMPTY, "empty: \xc3\xa9 %\n"});
    if (how == 'E') session_->Finish(stream);
  }

  SessionLimits limits_;
  GrpcSession* session_ = nullptr;
  StreamId last_stream_ = 0;
  std::map<StreamId, Call> calls_;
};

SessionLimits SmallLimits() {
  return {.message_bytes_max = 1000,
          .header_bytes_max = 300,
          .streams_max = 3,
          .stream_window_bytes = 70000,
          .connection_window_bytes = 70000};
}

class Run {
 public:
  explicit Run(uint8_t options)
      : options_(options),
        limits_(options & 2 ? SmallLimits() : SessionLimits{}),
        handler_(limits_),
        session_(limits_, handler_) {
    handler_.set_session(&session_);
  }

  void Feed(std::string_view bytes, size_t piece) {
    const size_t midway = bytes.size() / 2;
    bool alive = (options_ & 1) == 0 || Give(kPreface);
    for (size_t done = 0; alive && done < bytes.size(); done += piece) {
      if ((options_ & 16) != 0 && done <= midway && midway < done + piece) session_.BeginDrain();
      alive = Give(bytes.substr(done, piece));
    }
    if ((options_ & 16) != 0) session_.FinishDrain();
    session_.Ping();
    Pump();
  }

 private:
  bool Give(std::string_view bytes) {
    const bool alive = session_.Feed(bytes);
    COHELD_CHECK(alive || !session_.error().empty());
    // Refused streams count until their reset is out.
    Pump();
    COHELD_CHECK(session_.open_streams() <= 2 * size_t{limits_.streams_max} + 16);
    return alive;
  }

  void Pump() {
    const size_t bytes_max = size_t{1} << (4 * (1 + (options_ >> 2 & 3)));
    for (int turns = 0; turns < 1000 && session_.WantsWrite(); ++turns) {
      out_.clear();
      session_.Pump(bytes_max, &out_);
    }
  }

  uint8_t options_;
  SessionLimits limits_;
  Answerer handler_;
  GrpcSession session_;
  std::string out_;
};

}  // namespace
}  // namespace coheld::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  coheld::fuzz::ByteSource source(bytes, size);
  coheld::fuzz::Run run(source.Byte());
  const size_t piece = 1 + source.Byte() * 8u;
  run.Feed(source.Rest(), piece);
  return 0;
}
