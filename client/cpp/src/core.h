// What all copies of a Client share: the pool of channels, the session, reconnects, and which
// errors are repeated. State that a fork could tear is in one block that a child replaces by a
// fresh one.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "client/cpp/src/channel.h"
#include "client/cpp/src/client_tls.h"
#include "client/cpp/src/delivery.h"
#include "client/cpp/src/hold_table.h"
#include "client/cpp/src/open_session.h"
#include "client/cpp/src/patience.h"
#include "client/cpp/src/socket.h"
#include "coheld/client.h"
#include "coheld/v1/session.pb.h"

namespace coheld::core {

// Thread-safe; fork-safe.
class Core {
 public:
  Core(const std::string& address, ClientOptions options);
  ~Core();
  Core(const Core&) = delete;
  Core& operator=(const Core&) = delete;

  // Makes sure that there is a session: what connect() does.
  void Connect();
  // Answers with what the daemon said; throws only without an answer.
  CallResult Call(uint32_t method, std::string_view request, const CallOptions& options);
  std::vector<CallResult> CallMany(std::span<const PipelinedCall> calls,
                                   const CallOptions& options);
  SessionDetails Session();
  // 0: there is none.
  uint64_t SessionId() noexcept;

  // Returns the Hold on an anonymous object; the session gave `given` more (hold_table.h).
  std::shared_ptr<const Hold> TakeHold(const Client& client, const std::string& name,
                                       uint64_t given);
  // An op whose answer nobody wants.
  using Posted = Posting::Posted;
  // Stands for the session that is in use.
  static constexpr uint64_t kAnySession = 0;
  // Makes such ops, in order, if the session is still in use. Does not wait for answers. Without an
  // idle channel they go with the next call, or with one that is under way when it next looks up.
  void Post(uint64_t session, std::vector<Posted> ops) noexcept;
  // Gives back what was given on an object whose last handle has gone. Does not wait for the
  // answer.
  void EndHold(const std::string& name) noexcept;

  void CloseSession() noexcept;

  const Address& address() const { return address_; }
  const ClientOptions& options() const { return options_; }

 private:
  // All that belongs to one process.
  struct State {
    uint64_t fork_generation = 0;
    std::mutex mutex;  // Short: guards the pool and the session.
    std::vector<std::unique_ptr<Channel>> idle;
    std::shared_ptr<OpenSession> session;  // Null: there is none.
    std::atomic<uint64_t> session_id{0};   // Its id, for those who only ask for that.
    TlsFilesInUse tls_files;
    std::mutex opening;                          // Held while one thread opens the session for all.
    std::atomic<uint64_t> request_bytes_max{0};  // What the daemon takes; 0: not known yet.
    State* next_abandoned = nullptr;
  };

  // What a call still may do.
  struct Attempt {
    Patience patience;
    const std::function<bool()>* on_interrupt = nullptr;
    std::optional<Clock::time_point> deadline = {};  // Ops are not parked beyond it ...
    std::optional<Clock::time_point> end = {};       // ... and given up then.
    LinkBroken trouble = {};                         // The last.
    std::optional<Clock::time_point> first_sent = {};
  };

  // core.cc
  State& state();
  // Keeps a parent's state reachable for ever, untouched: its mutexes may be locked.
  static void Abandon(State* inherited);
  const std::function<bool()>* InterruptOf(const CallOptions& options) const;
  Attempt MakeAttempt(const CallOptions& options) const;
  void MakeSureOfSession(Attempt& attempt);
  std::string LostMessage(uint32_t method, const LinkBroken& trouble) const;

  // core_connect.cc
  std::unique_ptr<Channel> Checkout(State& state, Attempt& attempt);
  std::unique_ptr<Channel> TakeIdle(State& state);
  // Makes a channel idle; what is posted goes with it.
  void GiveBack(State& state, std::unique_ptr<Channel> channel);
  std::unique_ptr<Channel> Dial(State& state, Attempt& attempt);
  std::unique_ptr<Channel> DialOnce(State& state, const WaitLimits& limits);
  Link MakeLink(State& state, const WaitLimits& limits) const;
  // Returns ClientOptions::reconnect_timeout where none was given.
  std::chrono::milliseconds PatienceWith(const v1::SessionOpenReply& session) const;
  std::shared_ptr<OpenSession> OpenSessionOn(Channel& channel, const WaitLimits& limits);
  std::shared_ptr<OpenSession> CurrentSession(State& state);
  void SetSession(State& state, std::shared_ptr<OpenSession> session);
  void ForgetSession(State& state, const OpenSession* session);
  // Waits before the next try; throws ConnectFailed when there is no time left, Interrupted.
  void BackOff(Attempt& attempt);
  // Holds in a new session what the process holds from before.
  void HoldAnew(Channel& channel, const WaitLimits& limits);

  // core_deliver.cc
  // Makes the ops of a call: sends them, and sends again what has to be. On return each has ended.
  // Throws Interrupted.
  void Deliver(Delivery& delivery, Attempt& attempt);
  static uint64_t MillisecondsSinceFirst(Attempt& attempt);
  void DeliverOnce(State& state, Delivery& delivery, Attempt& attempt);
  // Cancels the open ops, over another connection if need be, and throws Interrupted.
  [[noreturn]] void Interrupt(State& state, std::unique_ptr<Channel> channel, Delivery& delivery);
  void CancelOn(State& state, std::unique_ptr<Channel> channel, Delivery& delivery,
                Clock::time_point until);
  void CancelAnew(State& state, Delivery& delivery, Clock::time_point until);

  const Address address_;
  const ClientOptions options_;
  const TlsOptions tls_;
  const SpinPolicy::Duration spin_;
  v1::SessionLabel label_;
  std::vector<Address::Resolved> resolved_;  // Set by the constructor: children need no resolver.
  std::atomic<State*> state_;
  std::atomic<std::chrono::milliseconds::rep> reconnect_timeout_;
  HoldTable holds_;
};

}  // namespace coheld::core
