// The simulated daemon: the real dispatcher, engine, calls and HTTP/2 sessions on a simulated event
// loop, clock and connections. It can stall, have its clock jump, and die and start again.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "coheld/v1/session.pb.h"
#include "server/dispatch/dispatcher.h"
#include "server/engine/input_log.h"
#include "tests/simulation/link.h"
#include "tests/simulation/random.h"
#include "tests/simulation/schedule.h"
#include "tests/simulation/storage.h"

namespace coheld::simulation {

using engine::TimeMs;

// A frame of a Session/Call stream, as it reaches the daemon.
struct ArrivedFrame {
  uint64_t link = 0;
  std::string_view session_token;
  TimeMs now{};
  const v1::CallRequest* request = nullptr;
};

// What a daemon that begins found of what it had before.
struct Recovered {
  enum class Promise {
    kNothing,        // It has forgotten everything, or never had anything.
    kAllButTheLast,  // What clients know is there, but for what was done last.
    kAll,            // What clients know is there.
  };
  Promise promise = Promise::kNothing;
  uint64_t index = 0;    // The last input that is there; it has all before that.
  int64_t since_us = 0;  // Of kAllButTheLast: what was done from then on may be lost.
};

// Under which number a client's unary call goes; beyond those of frames.
constexpr uint64_t UnaryFrame(int32_t stream) {
  return (uint64_t{1} << 32) + static_cast<uint64_t>(stream);
}

// Is told what happens in the daemon, in its order.
class DaemonObserver : public engine::InputLog {
 public:
  ~DaemonObserver() override = default;
  // A Session/Call stream begins; the daemon knows its session or does not.
  virtual void OnStream(uint64_t link, std::string_view session_token, bool accepted) = 0;
  // Before and after the daemon takes a frame of an accepted stream.
  virtual void OnFrame(const ArrivedFrame& frame) = 0;
  virtual void AfterFrame(const ArrivedFrame& frame) = 0;
  // Before and after it learns that the client gave up a unary call.
  virtual void OnCallAborted(uint64_t link, uint64_t frame) = 0;
  virtual void AfterCallAborted(uint64_t link, uint64_t frame) = 0;
  // Before and after it learns that a connection is gone.
  virtual void OnLinkClosed(uint64_t link) = 0;
  virtual void AfterLinkClosed(uint64_t link) = 0;
  // The daemon dies: what its parts do from now on nobody can see.
  virtual void OnDeath() = 0;
  // It begins, with this engine; then it may have inputs of its own until OnBegun.
  virtual void OnRecovered(const Recovered& recovered, const engine::Engine& engine) = 0;
  virtual void OnBegun() = 0;
  // It stood still for so long, or its clock jumped as if it had.
  virtual void OnStall(int64_t ms) = 0;
  // At the end of each turn of its loop.
  virtual void AfterTurn() = 0;
};

class Daemon {
 public:
  struct Options {
    int64_t clock_start_ms = 1'000'000;
    int64_t drift_ppm = 0;  // How much its clock is too fast.
    // What it promises; at kMemory it has no disk.
    journal::Level level = journal::Level::kMemory;
    std::function<void(const std::string& line)> on_note = [](const std::string&) {};
    engine::DeadlockPolicy deadlock = engine::DeadlockPolicy::kReport;
  };

  Daemon(Schedule& schedule, DaemonObserver& observer, const Options& options, Random random);
  ~Daemon();

  // Begins for the first time.
  void Begin();
  // Does a unary call at once, as somebody whose connection is perfect, and returns its reply.
  std::string Apply(const std::string& path, const std::string& request);
  // Takes a new connection of a process.
  void Accept(const std::shared_ptr<Link>& link, int process);
  // The process ended: those who watch it are told, unless the daemon sees no processes.
  void ProcessGone(int process);
  // Does nothing for so long; what comes meanwhile waits.
  void Stall(int64_t us);
  void JumpClock(int64_t ms);
  // How it ends, and when it begins again.
  struct Death {
    bool power_cut = false;
    int64_t down_us = 0;
    int64_t clock_back_ms = 0;  // How much the host's clock is set back meanwhile.
  };
  // Ends, and all its connections with it, and begins again: with nothing if it has no disk.
  void Restart(const Death& death);
  // The same, but in the n-th file call from now.
  void DieAtCall(uint64_t calls, const Death& death);
  // Makes durable what was applied so far.
  void Settle();
  // The disk; null if it has none.
  Storage* storage() { return storage_.get(); }
  // What it records goes there; null if it records nothing.
  const journal::CommitLog* log() const { return storage_.get(); }
  bool is_there() const { return dispatcher_ != nullptr; }

  TimeMs now() const;
  engine::DeadlockPolicy deadlock() const { return options_.deadlock; }
  dispatch::Dispatcher& dispatcher() { return *dispatcher_; }
  const engine::Engine& engine() const { return *engine_; }

 private:
  class Loop;
  class Connection;
  class Tap;

  void Construct(std::unique_ptr<engine::Engine> engine, const Recovered& recovered);
  void OnRecord(std::string_view record);
  // Notes what has to be there when it begins again.
  void NotePromise(const Death& death);
  // Runs a task in the next turn.
  void Post(Schedule::Task task);
  void PostFirst(Schedule::Task task);
  void Turn();
  void Flush();
  void Drop(uint64_t link);

  Schedule& schedule_;
  DaemonObserver& observer_;
  const Options options_;
  Random random_;
  int64_t jumped_ms_ = 0;
  Time stalled_until_{};
  int64_t stalled_ms_ = 0;  // Not yet told.
  std::deque<Schedule::Task> inbox_;
  bool turn_scheduled_ = false;
  uint64_t life_ = 0;
  Death next_death_;  // In a file call.
  std::unique_ptr<Storage> storage_;
  Recovered promise_;             // Of the deaths since it was there ...
  int64_t durable_since_us_ = 0;  // ... and how far all was durable then.
  std::unique_ptr<Loop> loop_;
  const engine::Engine* engine_ = nullptr;  // The dispatcher's.
  std::unique_ptr<dispatch::Dispatcher> dispatcher_;
  struct Caretaker;
  std::unique_ptr<Caretaker> caretaker_;                         // Whose connection is perfect.
  std::vector<std::shared_ptr<Link>> links_;                     // All of this life.
  std::map<uint64_t, std::unique_ptr<Connection>> connections_;  // By link.
};

}  // namespace coheld::simulation
