// A model of a client process and its SDK: a session, some connections, lanes that pair with them,
// logical threads that do their ops one after the other. It reconnects with jitter, sends again
// what was not answered under the same lane and seq, and gives up when an op's deadline has passed.
// Speaks real HTTP/2 and gRPC.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/history.h"
#include "tests/simulation/link.h"
#include "tests/simulation/op.h"
#include "tests/simulation/oracle.h"
#include "tests/simulation/random.h"
#include "tests/simulation/schedule.h"
#include "tests/unit/transport/client_session.h"

namespace coheld::simulation {

// What the whole run shares.
struct Stage {
  Schedule& schedule;
  History& history;
  Oracle& oracle;
  // Opens a connection of a process to the daemon.
  std::function<std::shared_ptr<Link>(int process)> connect;
};

class Client {
 public:
  struct Options {
    int process = 0;
    size_t channels = 1;
    size_t threads = 1;
    uint64_t ttl_ms = 2000;
  };

  Client(Stage& stage, const Options& options, Random random);
  ~Client();

  // The thread does these ops, in one batch, after those that it was given before.
  void Do(size_t thread, std::vector<Op> batch);
  // Closes the session in order and ends.
  void Leave();
  // Ends at once; the network tells the daemon so much later.
  void Die(int64_t daemon_learns_us = 0);
  bool alive() const { return alive_; }
  int process() const { return options_.process; }

  // The open connections, for those who cut them.
  std::vector<std::shared_ptr<Link>> links() const;
  // True if no thread has anything left to do.
  bool idle() const;
  // The ops that were begun and are not answered.
  std::vector<Op> Unanswered() const;
  const std::string& session_token() const { return token_; }

 private:
  struct Channel;
  struct Lane;
  struct Flight;
  struct Thread;

  void Connect(Channel& channel);
  void OnBytes(Channel& channel, std::string_view bytes);
  void OnClosed(Channel& channel);
  void Begin(Channel& channel);
  void OnOpened(Channel& channel);
  void OnFrames(Channel& channel);
  void OnReply(Channel& channel, const v1::CallReply& reply);
  void Flush(Channel& channel);
  void Reconnect(Channel& channel);
  // The session is lost, as the daemon said here: what it may have done has an unknown outcome, the
  // rest is done in the next session.
  void LoseSession(const Channel& told);
  void CutChannels();

  void StartNext(size_t thread);
  void Launch(size_t thread, Lane& lane);
  Lane& TakeLane();
  void Send(Lane& lane, Flight& flight);
  // The same as a unary call.
  void SendUnary(Channel& channel, const Flight& flight, const v1::CallRequest& request);
  // Takes the answers of unary calls.
  void OnUnary(Channel& channel);
  void CancelUnary(Channel& channel, uint64_t op);
  void GiveUp(size_t thread, uint64_t op);
  void Complete(size_t thread, Flight& flight, const std::string& words,
                const std::vector<uint64_t>& tokens);
  void FinishBatchIfDone(size_t thread);

  Stage& stage_;
  const Options options_;
  Random random_;
  bool alive_ = true;
  bool leaves_ = false;
  std::string token_;  // Of the session; empty: there is none.
  uint64_t sessions_ = 0;
  std::vector<std::unique_ptr<Channel>> channels_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::vector<std::unique_ptr<Thread>> threads_;
};

}  // namespace coheld::simulation
