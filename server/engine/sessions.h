// The sessions: who is open, and what each one has to give back at its end. Secrets, connections
// and TTLs' clocks are the edge's (server/dispatch); here a session is open or it is not.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "coheld/v1/session.pb.h"
#include "server/engine/ids.h"
#include "server/engine/lost_rights.h"
#include "server/engine/reply_table.h"

namespace coheld::engine {

class StateReader;
class StateWriter;
struct Tenure;

// What the engine knows of an open session.
struct Session {
  v1::SessionLabel label;
  uint64_t ttl_ms = 0;
  TimeMs opened{};
  // Handles on one anonymous object (lifetime.h).
  struct Handles {
    Tenure* tenure = nullptr;
    uint64_t count = 0;
  };
  // Notes, or no more, that it has rights on an object.
  void NoteHold(const std::string& name);
  void ForgetHold(const std::string& name);

  std::set<std::string> held;                           // Names of the objects it has rights on.
  std::set<std::string>::node_type spare_hold;          // Memory for the next.
  std::map<std::string, Handles, std::less<>> handles;  // By the object's name.
  std::set<CallId> parked;                              // Its ops that wait.
  ReplyTable replies;                                   // To its ops that have a seq.
  LostRights lost;

  // The session in saved state, without its id and what follows from the objects and the ops that
  // wait: `held`, `parked`.
  void Save(StateWriter& state) const;
  void Load(StateReader& state);
};

// SESSION_EXPIRED for this session.
wire::Failure Expired(SessionId session);

// Open sessions by id, in order.
class Sessions {
 public:
  // Opens a session. The id must be new.
  Session& Open(SessionId id, const v1::SessionLabel& label, uint64_t ttl_ms, TimeMs now);
  // Returns the session, or nullptr.
  Session* Find(SessionId id);
  const Session* Find(SessionId id) const;
  // Forgets a session that is open.
  void Erase(SessionId id);

  const std::map<SessionId, Session>& all() const { return sessions_; }

 private:
  std::map<SessionId, Session> sessions_;
  // That which Find returned last: it is sought several times in each op.
  SessionId last_id_ = kNoSession;
  Session* last_ = nullptr;
};

}  // namespace coheld::engine
