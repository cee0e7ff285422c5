// Strong types for what the engine is told from outside: ids and time. The engine never makes up
// either; the edge stamps them.
#pragma once

#include <compare>
#include <cstdint>

namespace coheld::engine {

// A session, never reused; kNoSession is a caller without one.
enum class SessionId : uint64_t {};
inline constexpr SessionId kNoSession{0};

// One call of an op, never reused; calls are numbered in the order in which they arrive.
enum class CallId : uint64_t {};

// Milliseconds on the edge's clock, which never runs backwards.
enum class TimeMs : int64_t {};
inline constexpr TimeMs kNever{INT64_MAX};

// Returns the time `ms` after `start`, or kNever if that is beyond the clock.
constexpr TimeMs After(TimeMs start, uint64_t ms) {
  const auto room = static_cast<uint64_t>(INT64_MAX - static_cast<int64_t>(start));
  return ms >= room ? kNever : TimeMs{static_cast<int64_t>(start) + static_cast<int64_t>(ms)};
}

// Returns the milliseconds from `start` to `now`.
constexpr uint64_t Elapsed(TimeMs start, TimeMs now) {
  return static_cast<uint64_t>(static_cast<int64_t>(now) - static_cast<int64_t>(start));
}

// Returns the milliseconds from `now` to `end`, 0 if it is past.
constexpr uint64_t TimeLeft(TimeMs end, TimeMs now) { return end <= now ? 0 : Elapsed(now, end); }

// Who does an op: the unit that owns locks.
struct Owner {
  SessionId session = kNoSession;
  uint64_t thread = 0;  // The client's logical thread, never an OS thread id of the daemon.
  auto operator<=>(const Owner&) const = default;
};

}  // namespace coheld::engine
