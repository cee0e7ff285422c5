// One connection with one open coheld.v1.Session/Call stream, used by one thread at a time. It
// sends frames and reads replies; which errors are repeated, and where channels come from, is
// core.h's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/cpp/src/http_client.h"
#include "client/cpp/src/socket.h"
#include "client/cpp/src/spin_policy.h"
#include "coheld/v1/session.pb.h"
#include "proto/wire/result.h"

namespace coheld::core {

// Internal: the connection broke. Core turns it into a retry or a public exception.
struct LinkBroken {
  std::string why;
  int system_error = 0;
};

// One op to send.
struct Frame {
  uint32_t method = 0;
  std::string_view request;
  uint64_t thread = 0;
  uint64_t deadline_ms = 0;  // 0: none.
};

// The answer to a frame.
struct Answer {
  enum class State {
    kUnsent,   // Not all of the frame left this process: it did not happen.
    kPending,  // Sent, and no answer came.
    kReplied,  // `payload` is the reply.
    kFailed,   // `failure` is the daemon's answer.
  };
  State state = State::kUnsent;
  std::string payload;
  wire::Failure failure;
};

// A channel. Its methods throw LinkBroken when the connection breaks; it must be dropped then.
class Channel {
 public:
  // Exchanges settings. `spin` is how long a wait for replies may spin. Throws LinkBroken,
  // Interrupted.
  Channel(Socket socket, const std::string& authority, size_t message_bytes_max,
          SpinPolicy::Duration spin, const WaitLimits& limits);

  // Makes a unary call. Returns the reply's bytes or the daemon's failure. Throws LinkBroken also
  // when the limits end the wait.
  wire::Result<std::string> CallUnary(std::string_view path, std::string_view session_token,
                                      std::string_view request, const WaitLimits& limits);

  // Opens the Call stream. Nothing is waited for.
  void OpenStream(std::string_view session_token, uint64_t session_generation);
  // Which of the client's sessions the stream belongs to.
  uint64_t session_generation() const { return session_generation_; }

  // Sends all frames in one write and reads until each has its final answer, or the wait ends.
  // `answers` is up to date also when LinkBroken is thrown.
  WaitEnd Exchange(const std::vector<Frame>& frames, const WaitLimits& limits,
                   std::vector<Answer>* answers);

  // Cancels what the last Exchange left pending, and waits for the final answers.
  WaitEnd CancelPending(const WaitLimits& limits, std::vector<Answer>* answers);

  // Sends frames whose answers nobody wants, as far as the socket takes them now; the rest goes
  // with the next exchange. Call Refresh before. False if the channel is of no more use.
  bool Post(const std::vector<Frame>& frames);

  // Waits a little until all that was posted has left, so that an idle process keeps nothing back.
  // It waits once for a daemon that takes nothing; the rest then goes with the next exchange.
  void Drain();

  // Takes what came while nobody listened. False if the channel is of no more use.
  bool Refresh();

  bool own() const { return socket_.own(); }

 private:
  void AppendFrame(const Frame& frame, uint64_t id);
  // Sends what it can and receives what is there, waiting for the socket if `wait`.
  WaitEnd Step(const WaitLimits& limits);
  void Flush();
  // Looks for bytes again and again for a short while, if that pays. True if some came.
  bool Spin();
  // Takes what is there. False if that is nothing.
  bool ReceiveOnce();
  // Waits until every answer is final.
  WaitEnd Collect(const WaitLimits& limits, std::vector<Answer>* answers);
  void TakeReplies(std::vector<Answer>* answers);
  void TakeStreamEnd(std::vector<Answer>* answers);
  void MarkSent(std::vector<Answer>* answers) const;
  [[noreturn]] void Break(std::string why, int system_error);

  Socket socket_;
  HttpClient http_;
  SpinPolicy spin_;
  bool may_spin_ = false;  // Once in an exchange.
  std::string authority_;
  HttpClient::StreamId stream_ = 0;
  uint64_t session_generation_ = 0;
  uint64_t next_id_ = 1;
  uint64_t first_id_ = 1;  // Of the current exchange.
  size_t open_answers_ = 0;
  bool sent_any_ = false;  // Of the current exchange.
  std::string out_;        // Pumped, not yet sent ...
  size_t out_sent_ = 0;    // ... from here on.
  bool stuck_ = false;     // The last Drain waited in vain.
  int send_error_ = 0;     // The socket takes no more bytes, but may still give some.
  v1::CallReply reply_;
};

}  // namespace coheld::core
