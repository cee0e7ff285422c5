// Which anonymous objects a client holds: how many holds its session was given on each, and whether
// a handle still lives. The daemon gives one hold with every reference that a reply carries; when
// the last handle goes, all that were given are given back at once. So it does not matter how
// replies and releases cross. No I/O.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "coheld/client.h"

namespace coheld::core {

class Hold;

// Thread-safe; whole in a child of fork().
class HoldTable {
 public:
  // Returns the Hold that all handles of an object share. `session` gave `given` holds on it.
  std::shared_ptr<const Hold> Take(const Client& client, const std::string& name, uint64_t session,
                                   uint64_t given);

  // What is to be given back to a session.
  struct Due {
    uint64_t session = 0;
    uint64_t count = 0;
    bool forked = false;  // A child inherited the handle, and may not have taken its own hold yet.
  };
  // Forgets an object after its Hold has gone. Nothing is due if none was given, or if there is a
  // new Hold already.
  std::optional<Due> Leave(const std::string& name);

  // Returns what is held by grace of another session only: after a fork, or when a session was
  // lost.
  std::vector<std::string> NotGivenBy(uint64_t session) const;
  // Notes that the session gave so many more holds on an object. False if no handle is left to have
  // them.
  bool Give(const std::string& name, uint64_t session, uint64_t count);

 private:
  struct Entry {
    std::weak_ptr<const Hold> hold;
    uint64_t session = 0;
    uint64_t given = 0;
    uint64_t forks = 0;  // ForksMade() when it was first held.

    void Count(uint64_t by_session, uint64_t count);
  };

  std::unordered_map<std::string, Entry> entries_;  // Under ForkLock.
};

}  // namespace coheld::core
