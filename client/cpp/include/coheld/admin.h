// coheld::Admin: looks at the daemon and its objects from outside; what coheldctl is made of.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "coheld/client.h"

namespace coheld {

// What the daemon says of itself.
struct DaemonStatus {
  std::string version;
  std::string durability;  // "memory", "async" or "sync".
  std::chrono::milliseconds uptime{0};
  uint64_t objects = 0;
  uint64_t sessions = 0;
  uint64_t connections = 0;
  uint64_t parked = 0;  // Ops that wait.
  uint64_t ops = 0;     // Applied since the start.
  int64_t pid = 0;
};

// One line of a listing.
struct ObjectSummary {
  std::string name;
  std::string type;      // "list", "dict", "value", "queue" or "lock".
  uint64_t size = 0;     // Items or entries; 1 for a value; for a lock 1 if held.
  uint64_t version = 0;  // Grows with every change.
  uint64_t waiters = 0;  // Ops parked on it.
};

// Which objects to list.
struct ObjectFilter {
  std::string prefix = "";  // What the names begin with.
  std::string type = "";    // The only type wanted; empty: all.
  bool anonymous = false;   // Anonymous ones too.
};

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
};

// An op parked on an object.
struct Waiter {
  uint64_t session = 0;  // 0 if it has none.
  uint64_t thread = 0;
  std::string method;  // Such as "Queue.Get".
  std::chrono::milliseconds parked{0};
  SessionLabel label;
};

// All about one object.
struct ObjectDescription {
  ObjectSummary summary;
  std::vector<Holder> holders;
  std::vector<Waiter> waiters;  // First come first; at most 1,000.
};

// One open session.
struct SessionSummary {
  uint64_t session = 0;
  SessionLabel label;
  std::chrono::milliseconds ttl{0};
  std::chrono::milliseconds age{0};
  uint64_t connections = 0;
};

// The daemon's admin ops. Throws what Client::call throws.
class Admin {
 public:
  explicit Admin(const Client& client) : client_(client) {}

  // Asks for an answer and returns how long it took.
  std::chrono::nanoseconds ping() const;
  DaemonStatus status() const;
  // Lists all matching objects by name, reading as many pages as it takes.
  std::vector<ObjectSummary> objects(const ObjectFilter& filter = {}) const;
  // Tells all about one object. ObjectNotFound.
  ObjectDescription describe(const std::string& name) const;
  // Removes an object; ops parked on it end with ObjectNotFound. Returns whether there was one.
  bool erase(const std::string& name) const;
  // Lists all sessions by id.
  std::vector<SessionSummary> sessions() const;

 private:
  Client client_;
};

}  // namespace coheld
