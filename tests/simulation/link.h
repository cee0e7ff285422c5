// One simulated connection: two pipes of bytes between a client and the daemon. Each keeps its
// order, as TCP does; what the network does to the connection as a whole is drawn here: delays,
// pieces, and how it ends. What was sent before an end may still arrive, long after the client has
// connected anew: that is how old frames come late and twice.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "tests/simulation/random.h"
#include "tests/simulation/schedule.h"

namespace coheld::simulation {

enum class Side { kClient = 0, kDaemon = 1 };

constexpr Side Other(Side side) { return side == Side::kClient ? Side::kDaemon : Side::kClient; }

// What the network is like for one connection.
struct LinkTraits {
  int64_t delay_us_min = 20;
  int64_t delay_us_max = 400;
  uint64_t split_percent = 10;  // Of what is sent at once, how much comes in pieces.
  bool single_bytes = false;    // Pieces are of one byte.
};

// How a connection is cut: when each side learns of it, and whether what is on its way to the
// daemon still arrives, just before the daemon learns. What is on its way to the client is lost.
struct Cut {
  int64_t client_learns_us = 0;
  int64_t daemon_learns_us = 0;
  bool upstream_arrives = false;
};

class Link : public std::enable_shared_from_this<Link> {
 public:
  // What an end does with what comes.
  struct End {
    std::function<void(std::string_view)> on_bytes;
    std::function<void()> on_closed;
  };

  Link(Schedule& schedule, uint64_t id, const LinkTraits& traits, Random random)
      : schedule_(schedule), id_(id), traits_(traits), random_(random) {}

  uint64_t id() const { return id_; }
  void SetEnd(Side side, End end) { ends_[Index(side)] = std::move(end); }

  // Sends bytes to the other side.
  void Send(Side from, std::string bytes);
  // Closes this side in order: the other side learns after what was sent.
  void Close(Side from);
  void CutOff(const Cut& cut);
  // Holds all bytes to a side back, until Release.
  void Hold(Side to) { pipe(to).held = true; }
  void Release(Side to);
  // The process of this side is gone: it is told nothing any more.
  void Forget(Side side) { ends_[Index(side)] = {}; }
  bool closed(Side side) const { return pipes_[Index(side)].closed; }

 private:
  struct Pipe {  // To a side.
    Time last{};
    bool shut = false;    // Nothing sent from now on arrives.
    bool lost = false;    // Nor does what is on its way.
    bool closed = false;  // The side knows that the connection is over.
    bool held = false;
    std::string backlog;        // What came while held ...
    bool close_behind = false;  // ... and whether the end came too.
  };
  static size_t Index(Side side) { return static_cast<size_t>(side); }
  Pipe& pipe(Side to) { return pipes_[Index(to)]; }
  void Transmit(Side to, std::string bytes);
  void Deliver(Side to, const std::string& bytes);
  void CloseAt(Side to, Time when);
  // Tells a side that the connection is over.
  void Learn(Side to);
  Time Arrival(Side to);

  Schedule& schedule_;
  const uint64_t id_;
  const LinkTraits traits_;
  Random random_;
  std::array<End, 2> ends_;
  std::array<Pipe, 2> pipes_;
};

}  // namespace coheld::simulation
