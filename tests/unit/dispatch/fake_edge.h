// An event loop whose clock is the test's, and clients of a dispatcher on it, with real sessions
// over HTTP/2 bytes. Tests only.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coheld/v1/session.pb.h"
#include "server/dispatch/dispatcher.h"
#include "tests/unit/transport/client_session.h"

namespace coheld::dispatch {

inline constexpr uint64_t kTtlMs = 4000;

class FakeLoop : public EdgeLoop {
 public:
  TimeMs Now() const override { return now_; }
  void ArmTimer(TimeMs when, std::function<void()> fire) override {
    when_ = when;
    fire_ = std::move(fire);
  }
  std::unique_ptr<Watch> WatchProcess(int, std::function<void()>) override { return nullptr; }

  // Lets time pass as it should: the timer fires when it is due.
  void Pass(uint64_t ms) {
    const TimeMs end = engine::After(now_, ms);
    while (when_ <= end) {
      now_ = std::max(now_, when_);
      Fire();
    }
    now_ = end;
  }
  // Lets time pass while nothing runs.
  void Stall(uint64_t ms) { now_ = engine::After(now_, ms); }
  void FireIfDue() {
    if (when_ <= now_) Fire();
  }

 private:
  void Fire() {
    when_ = engine::kNever;
    std::exchange(fire_, nullptr)();
  }

  TimeMs now_{1000};
  TimeMs when_ = engine::kNever;
  std::function<void()> fire_;
};

// A client and its connection.
class Client : public transport::Connection {
 public:
  explicit Client(Dispatcher& dispatcher)
      : calls_(dispatcher.OnConnection(*this)), session_({}, *calls_) {}
  const transport::Peer& peer() const override { return peer_; }
  transport::GrpcSession& session() override { return session_; }
  void RequestFlush() override {}
  void HoldOutput(const transport::OutputMark& mark) override { mark_ = mark; }
  void HoldInput(bool hold) override { input_held_ = hold; }
  bool input_held() const { return input_held_; }
  void Drop(std::string_view) override {}

  template <typename Reply>
  Reply Call(const std::string& path, const google::protobuf::Message& request, uint64_t seq = 0) {
    return Result<Reply>(Begin(path, request, seq));
  }
  // Sends an op, with a seq unless that is 0, and waits for nothing.
  transport::StreamId Begin(const std::string& path, const google::protobuf::Message& request,
                            uint64_t seq = 0) {
    transport::Fields more;
    if (!token_.empty()) more.emplace_back("coheld-session", token_);
    if (seq != 0) more.emplace_back("coheld-seq", std::to_string(seq));
    if (acked_ != 0) more.emplace_back("coheld-acked", std::to_string(acked_));
    const transport::StreamId stream =
        client_.Call(transport::RequestFields("/coheld.v1." + path, more),
                     transport::Framed(request.SerializeAsString()));
    transport::Exchange(client_, session_);
    return stream;
  }
  // Gives up an op that was sent.
  void Reset(transport::StreamId stream) {
    client_.Reset(stream);
    transport::Exchange(client_, session_);
  }
  // Returns the reply to an op that was sent, or an empty one; status() is empty if there is none.
  template <typename Reply>
  Reply Result(transport::StreamId stream) {
    transport::Exchange(client_, session_);
    status_ = client_.response(stream).status();
    Reply reply;
    if (status_ == "0") reply.ParseFromString(client_.response(stream).messages().at(0));
    return reply;
  }
  void Open() {
    v1::SessionOpenRequest request;
    request.set_ttl_ms(kTtlMs);
    token_ = Call<v1::SessionOpenReply>("Session/Open", request).token();
  }
  // Uses a session that another connection opened.
  void Use(const Client& other) { token_ = other.token_; }
  void Use(const std::string& token) { token_ = token; }
  const std::string& token() const { return token_; }
  // Says with each op from now on how far it has the answers.
  void Acknowledge(uint64_t acked) { acked_ = acked; }
  const std::string& status() const { return status_; }
  // What the output so far has to wait for.
  const transport::OutputMark& mark() const { return mark_; }

 private:
  const transport::Peer peer_;
  std::string token_;
  std::string status_;
  uint64_t acked_ = 0;
  bool input_held_ = false;
  transport::OutputMark mark_;
  std::unique_ptr<transport::CallHandler> calls_;
  transport::GrpcSession session_;
  transport::ClientSession client_;
};

}  // namespace coheld::dispatch
