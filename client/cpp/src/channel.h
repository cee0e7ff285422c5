// One connection with one open coheld.v1.Session/Call stream, used by one thread at a time. It
// sends frames and reads replies; which errors are repeated, and where channels come from, is
// core.h's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/cpp/src/frame.h"
#include "client/cpp/src/http_client.h"
#include "client/cpp/src/link.h"
#include "client/cpp/src/longest_spin.h"
#include "client/cpp/src/open_session.h"
#include "coheld/v1/session.pb.h"
#include "proto/wire/result.h"

namespace coheld::core {

// A channel. Its methods throw LinkBroken when the connection breaks; it must be dropped then.
class Channel {
 public:
  // Exchanges settings. `spin` is how long a wait for replies may spin. Throws LinkBroken,
  // Interrupted.
  Channel(Link link, const std::string& authority, size_t message_bytes_max,
          SpinPolicy::Duration spin, const WaitLimits& limits);
  // What was posted and not answered goes back to the session.
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // Makes a unary call. Returns the reply's bytes or the daemon's failure. Throws LinkBroken also
  // when the limits end the wait.
  wire::Result<std::string> CallUnary(std::string_view path, std::string_view session_token,
                                      std::string_view request, const WaitLimits& limits);

  // Opens the Call stream. Nothing is waited for.
  void OpenStream(std::shared_ptr<OpenSession> session);
  // The session that the stream belongs to.
  const std::shared_ptr<OpenSession>& session() const { return session_; }

  // Sends all frames in one write and reads until each has its final answer, or the wait ends.
  // `answers` is up to date also when LinkBroken is thrown.
  WaitEnd Exchange(const std::vector<Frame>& frames, const WaitLimits& limits,
                   std::vector<Answer>* answers);

  // Cancels what the last Exchange left pending, and waits for the final answers.
  WaitEnd CancelPending(const WaitLimits& limits, std::vector<Answer>* answers);

  // Sends what the session has to post, as far as the socket takes it now; the rest goes with the
  // next exchange. Does nothing while many postings are unanswered. False if the channel is of no
  // more use.
  bool Post();
  // Waits a little until all that is to be posted has left, so that an idle process keeps nothing
  // back. It waits once for a daemon that takes nothing.
  void Drain();
  // True if Post would do something.
  bool has_to_post() const {
    return session_->has_postings() && posted_.size() < kUnansweredPostingsMax;
  }

  // Takes what came while nobody listened. False if the channel is of no more use. Does nothing
  // right after an exchange.
  bool Refresh();

  // Since when the connection stands.
  Clock::time_point made() const { return made_; }

  bool own() const { return link_.own(); }

 private:
  static constexpr size_t kUnansweredPostingsMax = 64;

  struct Reply;

  void AppendFrame(const Frame& frame, uint64_t id);
  // Sends what it can and receives what is there, waiting for the socket if `wait`.
  WaitEnd Step(const WaitLimits& limits);
  void Flush();
  // Looks for bytes again and again for a short while, if that pays and until the wait's limit.
  // True if some came. Who wants to interrupt it is asked when it sleeps.
  bool Spin(SpinPolicy* policy, const WaitLimits& limits);
  // Takes what is there. False if that is nothing.
  bool ReceiveOnce();
  // Waits for bytes and takes them.
  WaitEnd WaitAndReceive(const WaitLimits& limits);
  // Takes what Socket::Receive returned. False if that is nothing.
  bool TakeReceived(const char* buffer, std::optional<size_t> received);
  // Waits until every answer is final.
  WaitEnd Collect(const WaitLimits& limits, std::vector<Answer>* answers);
  // Reads a message; the parts stay in it. False if it is none.
  static bool ReadReply(std::string_view message, Reply* reply);
  // Takes the messages that came.
  void TakeReplies(std::vector<Answer>* answers);
  void TakeReply(const Reply& reply, Answer* answer);
  // Takes the answer to an op that was posted, or given up.
  void TakeUnwanted(uint64_t id);
  void TakeStreamEnd(std::vector<Answer>* answers);
  void MarkSent(std::vector<Answer>* answers) const;
  [[noreturn]] void Break(std::string why, int system_error);

  Link link_;
  HttpClient http_;
  // Ops that wait for others say nothing about how soon the daemon answers the rest.
  SpinPolicy spin_;
  SpinPolicy spin_for_others_;
  SpinPolicy* may_spin_ = nullptr;  // Once in an exchange.
  std::string authority_;
  HttpClient::StreamId stream_ = 0;
  std::shared_ptr<OpenSession> session_;
  const Clock::time_point made_ = Clock::now();
  Clock::time_point used_{};  // When the last exchange ended.
  uint64_t next_id_ = 1;
  uint64_t first_id_ = 1;  // Of the current exchange.
  size_t open_answers_ = 0;
  bool sent_any_ = false;  // Of the current exchange.
  std::string out_;        // Pumped, not yet sent ...
  size_t out_sent_ = 0;    // ... from here on.
  int send_error_ = 0;     // The socket takes no more bytes, but may still give some.
  // Posted and not answered; the ids of one are consecutive.
  struct Sent {
    uint64_t last_id = 0;
    Posting posting;
    size_t answered = 0;
  };
  std::vector<Sent> posted_;
  bool stuck_ = false;  // The last Drain waited in vain.
};

}  // namespace coheld::core
