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
#include "client/cpp/src/hold_table.h"
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

  // Makes sure that there is a session: what connect() does. `patient`: as after a lost connection.
  void Connect(bool patient);
  // Answers with what the daemon said; throws only without an answer.
  CallResult Call(uint32_t method, std::string_view request, const CallOptions& options);
  std::vector<CallResult> CallMany(std::span<const PipelinedCall> calls,
                                   const CallOptions& options);
  SessionDetails Session();

  // Returns the Hold on an anonymous object; the session gave `given` more (hold_table.h).
  std::shared_ptr<const Hold> TakeHold(const Client& client, const std::string& name,
                                       uint64_t given);
  // An op whose answer nobody wants.
  struct Posted {
    uint32_t method = 0;
    std::string request;
  };
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
  // The session as the daemon gave it. `generation` counts this process's sessions from 1; 0: none
  // yet.
  struct OpenSession {
    uint64_t generation = 0;
    std::string token;
    v1::SessionOpenReply reply;
  };

  // All that belongs to one process.
  struct State {
    uint64_t fork_generation = 0;
    std::mutex mutex;  // Short: guards the pool and the session.
    std::vector<std::unique_ptr<Channel>> idle;
    OpenSession session;
    bool session_valid = false;
    std::vector<Posted> posted;                  // Waiting for an idle channel.
    std::mutex opening;                          // Held while one thread opens the session for all.
    std::atomic<uint64_t> request_bytes_max{0};  // What the daemon takes; 0: not known yet.
    State* next_abandoned = nullptr;
  };

  // What a call still may do: how long to go on connecting, how often it was repeated.
  struct Attempt {
    WaitLimits limits;
    std::optional<Clock::time_point> give_up;
    int repeats = 0;
    bool patient = true;
  };

  const std::function<bool()>* InterruptOf(const CallOptions& options) const;
  State& state();
  // Keeps a parent's state reachable for ever, untouched: its mutexes may be locked.
  static void Abandon(State* inherited);
  std::unique_ptr<Channel> Checkout(State& state, Attempt& attempt);
  std::unique_ptr<Channel> TakeIdle(State& state);
  std::unique_ptr<Channel> Dial(State& state, Attempt& attempt);
  std::unique_ptr<Channel> DialOnce(State& state, const Attempt& attempt);
  void OpenSessionOn(Channel& channel, State& state, const WaitLimits& limits);
  // Sends on a channel what is posted. False if the channel is of no more use.
  bool SendPosted(State& state, Channel& channel);
  // Makes a channel idle; what is posted goes with it.
  void GiveBack(State& state, std::unique_ptr<Channel> channel);
  // Holds in a new session what the process holds from before.
  void HoldAnew(Channel& channel, State& state, const WaitLimits& limits);
  void ForgetSession(State& state, uint64_t generation);
  void StartOver(Attempt& attempt) const;
  // Waits before the next try; throws `failure` when there is no time left.
  void BackOff(Attempt& attempt, const ConnectFailed& failure);
  std::vector<Address::Resolved> Resolved();

  // Sends frames and deals with interrupts and dead peers. Fills `answers`; returns true if the
  // channel is reusable and was given back.
  struct Outcome {
    bool broken = false;
    LinkBroken link;
    uint64_t session_generation = 0;
  };
  Outcome Run(State& state, const std::vector<Frame>& frames, const CallOptions& options,
              Attempt& attempt, std::vector<Answer>* answers);
  [[noreturn]] void Interrupt(State& state, std::unique_ptr<Channel> channel,
                              std::vector<Answer>* answers);

  const Address address_;
  const ClientOptions options_;
  const SpinPolicy::Duration spin_;
  v1::SessionLabel label_;
  std::vector<Address::Resolved> resolved_;  // Set by the constructor: children need no resolver.
  std::atomic<State*> state_;
  HoldTable holds_;
};

}  // namespace coheld::core
