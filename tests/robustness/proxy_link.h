// One connection through the cutting proxy: a client's socket, a daemon's socket, and a plan of
// what happens to the bytes between them. Tests only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "tests/robustness/cutting_proxy.h"
#include "tests/robustness/frame_counter.h"

namespace coheld::testing {

using ProxyClock = std::chrono::steady_clock;

// What is to happen to a connection.
struct LinkPlan {
  Fault fault = Fault::kNone;
  size_t bytes = 0;                      // When: see Fault.
  std::chrono::microseconds delay{0};    // Of each chunk, in both directions.
  bool dribbles = false;                 // Chunks are passed byte by byte.
  bool silences_requests = true;         // kSilence, kOneWay: which direction is harmed ...
  bool silences_replies = true;          // ...
  std::chrono::milliseconds lingers{0};  // ... and how long until both are cut.
};

// One side's bytes on their way to the other.
struct Direction {
  Direction(int from_socket, int to_socket, size_t preface_bytes)
      : from(from_socket), to(to_socket), frames(preface_bytes) {}

  int from;
  int to;
  FrameCounter frames;   // Of what came.
  std::string waiting;   // Came, and was not passed on yet.
  size_t passed = 0;     // Bytes passed on.
  bool silent = false;   // Nothing more is passed on.
  bool ended = false;    // `from` said that nothing more comes.
  bool blocked = false;  // `to` takes nothing more now.
  ProxyClock::time_point release_at{};
};

// Owns both sockets, which must not block.
class ProxyLink {
 public:
  ProxyLink(int client, int daemon, const LinkPlan& plan);
  ~ProxyLink();
  ProxyLink(const ProxyLink&) = delete;
  ProxyLink& operator=(const ProxyLink&) = delete;

  int client() const { return up_.from; }
  int daemon() const { return down_.from; }
  // What to poll these sockets for.
  short ClientEvents() const { return Events(up_, down_); }
  short DaemonEvents() const { return Events(down_, up_); }

  // Takes what poll found, and does what is due.
  void Turn(ProxyClock::time_point now, short client_ready, short daemon_ready);
  // When Turn is needed though no socket is ready.
  std::optional<ProxyClock::time_point> due() const;

  // Harms nothing from now on, unless it began already.
  void Calm();
  // The connection is over, and what ended it.
  bool over() const { return over_; }
  Fault ended_by() const { return ended_by_; }

 private:
  static short Events(const Direction& from, const Direction& to);
  void Read(Direction& direction, ProxyClock::time_point now);
  // Passes on what the plan and the receiver allow.
  void Pass(Direction& direction, ProxyClock::time_point now);
  size_t Allowance(const Direction& direction) const;
  bool Send(Direction& direction, size_t count);
  // Does to the connection what is planned, as soon as the place is reached.
  void Strike(ProxyClock::time_point now);
  void Silence(Direction& direction) const;
  void End(Fault fault);

  LinkPlan plan_;
  Direction up_;    // From the client to the daemon.
  Direction down_;  // From the daemon to the client.
  bool struck_ = false;
  uint64_t replies_before_ = 0;  // kCutApplied: the daemon's messages when it struck.
  ProxyClock::time_point cut_at_{};
  bool over_ = false;
  Fault ended_by_ = Fault::kNone;
};

}  // namespace coheld::testing
