// Who holds a right on an object, and who waits for one, as people are told it. An owner is
// (session, logical thread).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace coheld {

// Who a session is.
struct SessionLabel {
  std::string host;
  int64_t pid = 0;
  std::string program;
  std::string user;
};

// An owner that holds a right on an object.
struct Holder {
  uint64_t session = 0;
  uint64_t thread = 0;
  uint64_t token = 0;
  std::chrono::milliseconds held{0};
  SessionLabel label;
  uint64_t count = 1;   // Permits, or levels.
  bool shared = false;  // A reader: others may read at the same time.
  std::string site;     // Where in its program it asked for the right; may be empty.
  // In what time the right ends by itself; absent: with the session.
  std::optional<std::chrono::milliseconds> lease;
};

// An op parked on an object.
struct Waiter {
  uint64_t session = 0;  // 0 if it has none.
  uint64_t thread = 0;
  std::string method;  // Such as "Queue.Get".
  std::chrono::milliseconds parked{0};
  SessionLabel label;
  std::string site;                                  // Where in its program; may be empty.
  std::optional<std::chrono::milliseconds> timeout;  // In what time it gives up; absent: never.
  std::vector<std::string> names;                    // The objects on which it waits.
  uint64_t call = 0;                                 // Waits are ordered by it.
};

// Returns "session 3, worker (pid 12 on host, user), thread 1 at file:line function" for people.
std::string to_string(const Holder& holder);

}  // namespace coheld
