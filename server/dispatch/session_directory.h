// What the edge knows of sessions: their secrets, and whether a connection of theirs is open. Says
// when a session is over; ending it is the dispatcher's.
//
//   open --last connection closed--> detached --TTL, or its process is gone--> over
//     ^---------- used again -----------'
//
// Of several shards each knows all sessions, so that any connection can prove one; where a session
// was opened is its home, which follows from its id, and only there its connections are counted and
// its end is decided.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "server/engine/ids.h"
#include "server/engine/placement.h"

namespace coheld::dispatch {

using engine::SessionId;
using engine::TimeMs;

class SessionDirectory {
 public:
  struct Opened {
    SessionId id;
    std::string token;  // "ID.PROOF", the proof being 128 bits in hex.
  };

  // Tokens are proved with this secret: those of a session that is restored are good again if it is
  // the same.
  explicit SessionDirectory(std::string secret = {}, const engine::Placement& placement = {});

  // Makes a session that no connection uses yet.
  Opened Open(uint64_t ttl_ms, TimeMs now);
  // Takes over a session of before a restart, which no connection uses yet.
  void Restore(SessionId id, uint64_t ttl_ms, TimeMs opened, TimeMs now);
  // Takes note of a session that was opened on another shard.
  void Learn(SessionId id, uint64_t ttl_ms, TimeMs opened);
  // True if the session's home is this shard.
  bool IsOwn(SessionId id) const { return HomeOf(id) == placement_.shard; }
  // Returns the shard that is the session's home.
  uint32_t HomeOf(SessionId id) const {
    return static_cast<uint32_t>(static_cast<uint64_t>(id) % placement_.shards);
  }
  // Gives the sessions that follow higher ids than this.
  void BeginAfter(SessionId last) { last_id_ = static_cast<uint64_t>(last); }
  // Returns the session that a token proves, or nothing. Takes the same time for every wrong
  // secret.
  std::optional<SessionId> Authenticate(std::string_view token) const;
  // Notes one more connection that uses the session.
  void Attach(SessionId id);
  // Notes one less. Returns true if it was the last: the TTL runs from now, or from `silent_ms`
  // ago.
  bool Detach(SessionId id, TimeMs now, uint64_t silent_ms = 0);
  // True if the session is open and no connection uses it.
  bool IsDetached(SessionId id) const;
  // True if the session is open.
  bool Knows(SessionId id) const { return sessions_.contains(id); }
  void Erase(SessionId id);

  // Gives every session that no connection uses its full TTL from now: the daemon stood still, and
  // nobody could come back. Returns how many.
  size_t Rearm(TimeMs now);
  // The shortest TTL of an open session; the largest number if there is none.
  uint64_t shortest_ttl_ms() const;

  // When the next detached session is over, or kNever.
  TimeMs NextDeadline() const;
  // Returns a session whose TTL has passed, or nothing.
  std::optional<SessionId> Overdue(TimeMs now) const;

  size_t size() const { return sessions_.size(); }
  uint64_t connections(SessionId id) const;
  // The session's TTL, and when it was opened; it must be open.
  uint64_t ttl_ms(SessionId id) const { return sessions_.at(id).ttl_ms; }
  TimeMs opened(SessionId id) const { return sessions_.at(id).opened; }

 private:
  struct Entry {
    std::string proof;
    uint64_t ttl_ms = 0;
    TimeMs opened{};
    uint64_t connections = 0;
    TimeMs deadline = engine::kNever;
  };
  // What proves a session: nobody can make it up, and it is no other's, even if the record of that
  // one was lost and the id given again.
  std::string ProofOf(SessionId id, TimeMs opened) const;
  Entry& Add(SessionId id, uint64_t ttl_ms, TimeMs opened);
  void SetDeadline(SessionId id, Entry& entry, TimeMs deadline);

  const std::string secret_;
  const engine::Placement placement_;
  std::map<SessionId, Entry> sessions_;
  std::set<std::pair<TimeMs, SessionId>> deadlines_;
  std::multiset<uint64_t> ttls_ms_;  // Of all.
  uint64_t last_id_ = 0;
};

}  // namespace coheld::dispatch
