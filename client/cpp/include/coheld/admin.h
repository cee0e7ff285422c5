// coheld::Admin: looks at the daemon and its objects from outside; what coheldctl is made of.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "coheld/client.h"
#include "coheld/owner.h"

namespace coheld {

// How the daemon came by its state when it started.
struct RecoveryStatus {
  uint64_t snapshot_index = 0;  // The last record of the snapshot; 0: there was none.
  uint64_t snapshot_bytes = 0;  // Of the state in it.
  uint64_t records = 0;         // Of the journal, after it.
  uint64_t record_bytes = 0;
  std::chrono::milliseconds duration{0};
};

// The snapshot of one shard of a daemon that has several.
struct ShardSnapshot {
  uint64_t index = 0;  // Of the last record that it has, in the shard's own journal.
  uint64_t bytes = 0;  // Of its file.
};

// A snapshot of all that the daemon holds.
struct SnapshotMade {
  uint64_t index = 0;  // Of the last record that it has; 0: there is none. Of shards the sum.
  uint64_t bytes = 0;  // Of its file. Of shards the sum.
  std::chrono::milliseconds took{0};
  std::vector<ShardSnapshot> shards;  // Each shard's; empty if the daemon has but one.
};

// The daemon's snapshots.
struct SnapshotStatus {
  SnapshotMade newest;
  uint64_t journal_bytes = 0;  // Of the records after it.
  uint64_t next_at_bytes = 0;  // When the next one is made; 0: only on demand.
  bool running = false;
  uint64_t made = 0;  // Since the start.
  uint64_t failed = 0;
  std::string last_failure;  // Since the last one was made.
};

// What the daemon's memory is used for.
struct MemoryUse {
  uint64_t used_bytes = 0;        // Allocated, for whatever purpose.
  uint64_t growth_max_bytes = 0;  // Up to where ops may add something; 0: no limit.
  uint64_t max_bytes = 0;         // How much may be used at all (--memory-max); 0: no limit.
  uint64_t refused = 0;           // Ops that failed with MemoryFull since the start.
};

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
  MemoryUse memory = {};
  bool disk_full = false;  // No room on the disk for what adds something.
  // Nothing if the daemon keeps everything in memory.
  std::optional<RecoveryStatus> recovery = {};
  std::optional<SnapshotStatus> snapshots = {};
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

// An object that owners hold.
struct HeldObject {
  ObjectSummary summary;
  std::vector<Holder> holders;  // At most 10.
  uint64_t holder_count = 0;
};

// An op that waits, and what it waits for.
struct Wait {
  Waiter waiter;
  std::string object;            // Which keeps it waiting, of those on which it waits.
  std::string type;              // The object's type word.
  std::optional<Holder> holder;  // Who holds it, for longest; nothing if nobody does.
  bool deadlocked = false;       // It waits, through others, for itself.
};

// Why those who wait on an object wait.
struct Explanation {
  ObjectSummary summary;
  std::vector<Holder> holders;
  std::vector<Waiter> waiters;  // First come first.
  // What the first holder that waits itself waits for, and so on from holder to holder.
  std::vector<Wait> chain;
  bool deadlocked = false;             // The chain comes back to one who was told before.
  std::string guard;                   // The lock that guards the object; empty: none.
  std::optional<Holder> guard_holder;  // Who holds that lock.
};

// A part of a snapshot's file.
struct SnapshotPart {
  std::string bytes;
  uint64_t total = 0;  // Of the file.
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
  // Lists what is held by owners, of every type, by name; what begins with the prefix, and what one
  // session holds, if that is not 0.
  std::vector<HeldObject> locks(const std::string& prefix = "", uint64_t session = 0) const;
  // Lists the ops that wait, first come first; those of one session, if that is not 0.
  std::vector<Wait> waits(uint64_t session = 0) const;
  // Tells why those who wait on an object wait. ObjectNotFound.
  Explanation explain(const std::string& name) const;
  // Lists all sessions by id.
  std::vector<SessionSummary> sessions() const;
  // Has a snapshot made of all that is held, and waits until it is durable and verified; one that
  // has it all already is returned as it is. NoJournal, SnapshotFailed.
  SnapshotMade snapshot() const;
  // Reads a part of a snapshot's file, all of which is a backup. Empty at its end. NoJournal;
  // SnapshotFailed if a newer one has taken its place before the first read, or a minute passed
  // since the last one. Of a daemon with several shards that of one of them; InvalidArgument if
  // there is no such shard.
  SnapshotPart read_snapshot(uint64_t index, uint64_t offset, uint32_t shard = 0) const;

 private:
  Client client_;
};

}  // namespace coheld
