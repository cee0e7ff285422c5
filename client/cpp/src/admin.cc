// The messages of coheld.v1.Admin. See coheld/admin.h.
#include "coheld/admin.h"

#include "client/cpp/src/op_builder.h"
#include "client/cpp/src/owner_messages.h"
#include "coheld/v1/admin.pb.h"

namespace coheld {
namespace {

using core::FromMessage;
using core::MethodNumber;
using core::Named;
using std::chrono::milliseconds;

milliseconds Milliseconds(uint64_t count) { return milliseconds(static_cast<int64_t>(count)); }

template <typename Reply, typename Request>
Reply Call(const Client& client, uint32_t method, const Request& request) {
  return core::ParseReply<Reply>(client.call(method, request.SerializeAsString()));
}

ObjectSummary Read(const v1::ObjectSummary& message) {
  return {.name = message.name(),
          .type = message.type(),
          .size = message.size(),
          .version = message.version(),
          .waiters = message.waiters()};
}

Wait Read(const v1::Wait& message) {
  Wait wait{.waiter = FromMessage(message.waiter()),
            .object = message.object(),
            .type = message.type(),
            .holder = {},
            .deadlocked = message.deadlocked()};
  if (message.has_holder()) wait.holder = FromMessage(message.holder());
  return wait;
}

RecoveryStatus Read(const v1::RecoveryStatus& message) {
  return {.snapshot_index = message.snapshot_index(),
          .snapshot_bytes = message.snapshot_bytes(),
          .records = message.records(),
          .record_bytes = message.record_bytes(),
          .duration = Milliseconds(message.duration_ms())};
}

SnapshotStatus Read(const v1::SnapshotStatus& message) {
  return {.newest = {.index = message.index(),
                     .bytes = message.bytes(),
                     .took = Milliseconds(message.duration_ms())},
          .journal_bytes = message.journal_bytes(),
          .next_at_bytes = message.next_at_bytes(),
          .running = message.running(),
          .made = message.made(),
          .failed = message.failed(),
          .last_failure = message.last_failure()};
}

MemoryUse Read(const v1::MemoryUse& memory) {
  return {.used_bytes = memory.used(),
          .growth_max_bytes = memory.growth_max(),
          .max_bytes = memory.max(),
          .refused = memory.refused()};
}

// Reads messages of owner.proto.
template <typename Messages>
auto ReadAll(const Messages& messages) {
  std::vector<decltype(FromMessage(messages.Get(0)))> all;
  for (const auto& message : messages) all.push_back(FromMessage(message));
  return all;
}

}  // namespace

std::chrono::nanoseconds Admin::ping() const {
  static constinit MethodNumber method("/coheld.v1.Admin/Ping");
  const auto start = std::chrono::steady_clock::now();
  Call<v1::AdminPingReply>(client_, method, v1::AdminPingRequest());
  return std::chrono::steady_clock::now() - start;
}

DaemonStatus Admin::status() const {
  static constinit MethodNumber method("/coheld.v1.Admin/Status");
  const auto reply = Call<v1::AdminStatusReply>(client_, method, v1::AdminStatusRequest());
  DaemonStatus status{.version = reply.version(),
                      .durability = reply.durability(),
                      .uptime = Milliseconds(reply.uptime_ms()),
                      .objects = reply.objects(),
                      .sessions = reply.sessions(),
                      .connections = reply.connections(),
                      .parked = reply.parked(),
                      .ops = reply.ops(),
                      .pid = reply.pid(),
                      .memory = Read(reply.memory()),
                      .disk_full = reply.disk_full()};
  if (reply.has_recovery()) status.recovery = Read(reply.recovery());
  if (reply.has_snapshots()) status.snapshots = Read(reply.snapshots());
  return status;
}

SnapshotMade Admin::snapshot() const {
  static constinit MethodNumber method("/coheld.v1.Admin/Snapshot");
  const auto reply = Call<v1::AdminSnapshotReply>(client_, method, v1::AdminSnapshotRequest());
  SnapshotMade made{
      .index = reply.index(), .bytes = reply.bytes(), .took = Milliseconds(reply.duration_ms())};
  for (const auto& shard : reply.shards()) {
    made.shards.push_back({.index = shard.index(), .bytes = shard.bytes()});
  }
  return made;
}

std::vector<ObjectSummary> Admin::objects(const ObjectFilter& filter) const {
  static constinit MethodNumber method("/coheld.v1.Admin/Objects");
  v1::AdminObjectsRequest request;
  request.set_prefix(filter.prefix);
  request.set_type(filter.type);
  request.set_anonymous(filter.anonymous);
  std::vector<ObjectSummary> objects;
  while (true) {
    const auto reply = Call<v1::AdminObjectsReply>(client_, method, request);
    for (const v1::ObjectSummary& object : reply.objects()) objects.push_back(Read(object));
    if (reply.done() || reply.objects().empty()) return objects;
    request.set_after(objects.back().name);
  }
}

ObjectDescription Admin::describe(const std::string& name) const {
  static constinit MethodNumber method("/coheld.v1.Admin/Describe");
  const auto reply =
      Call<v1::AdminDescribeReply>(client_, method, Named<v1::AdminDescribeRequest>(name));
  return {.summary = Read(reply.summary()),
          .holders = ReadAll(reply.holders()),
          .waiters = ReadAll(reply.waiters())};
}

std::vector<HeldObject> Admin::locks(const std::string& prefix, uint64_t session) const {
  static constinit MethodNumber method("/coheld.v1.Admin/Locks");
  v1::AdminLocksRequest request;
  request.set_prefix(prefix);
  request.set_session(session);
  std::vector<HeldObject> objects;
  while (true) {
    const auto reply = Call<v1::AdminLocksReply>(client_, method, request);
    for (const v1::HeldObject& object : reply.objects()) {
      objects.push_back({.summary = Read(object.summary()),
                         .holders = ReadAll(object.holders()),
                         .holder_count = object.holder_count()});
    }
    if (reply.done() || reply.objects().empty()) return objects;
    request.set_after(objects.back().summary.name);
  }
}

std::vector<Wait> Admin::waits(uint64_t session) const {
  static constinit MethodNumber method("/coheld.v1.Admin/Waits");
  v1::AdminWaitsRequest request;
  request.set_session(session);
  std::vector<Wait> waits;
  while (true) {
    const auto reply = Call<v1::AdminWaitsReply>(client_, method, request);
    for (const v1::Wait& wait : reply.waits()) waits.push_back(Read(wait));
    if (reply.done() || reply.waits().empty()) return waits;
    request.set_after(waits.back().waiter.call);
  }
}

Explanation Admin::explain(const std::string& name) const {
  static constinit MethodNumber method("/coheld.v1.Admin/Explain");
  const auto reply =
      Call<v1::AdminExplainReply>(client_, method, Named<v1::AdminExplainRequest>(name));
  Explanation explanation{.summary = Read(reply.summary()),
                          .holders = ReadAll(reply.holders()),
                          .waiters = ReadAll(reply.waiters()),
                          .chain = {},
                          .deadlocked = reply.deadlocked(),
                          .guard = reply.guard(),
                          .guard_holder = {}};
  for (const v1::Wait& wait : reply.chain()) explanation.chain.push_back(Read(wait));
  if (reply.has_guard_holder()) explanation.guard_holder = FromMessage(reply.guard_holder());
  return explanation;
}

bool Admin::erase(const std::string& name) const {
  static constinit MethodNumber method("/coheld.v1.Admin/Delete");
  return Call<v1::AdminDeleteReply>(client_, method, Named<v1::AdminDeleteRequest>(name)).deleted();
}

std::vector<SessionSummary> Admin::sessions() const {
  static constinit MethodNumber method("/coheld.v1.Admin/Sessions");
  v1::AdminSessionsRequest request;
  std::vector<SessionSummary> sessions;
  while (true) {
    const auto reply = Call<v1::AdminSessionsReply>(client_, method, request);
    for (const v1::SessionSummary& session : reply.sessions()) {
      sessions.push_back({.session = session.session(),
                          .label = FromMessage(session.label()),
                          .ttl = Milliseconds(session.ttl_ms()),
                          .age = Milliseconds(session.age_ms()),
                          .connections = session.connections()});
    }
    if (reply.done() || reply.sessions().empty()) return sessions;
    request.set_after(sessions.back().session);
  }
}

SnapshotPart Admin::read_snapshot(uint64_t index, uint64_t offset, uint32_t shard) const {
  static constinit MethodNumber method("/coheld.v1.Admin/ReadSnapshot");
  v1::AdminReadSnapshotRequest request;
  request.set_index(index);
  request.set_offset(offset);
  request.set_shard(shard);
  auto reply = Call<v1::AdminReadSnapshotReply>(client_, method, request);
  return {.bytes = std::move(*reply.mutable_bytes()), .total = reply.total()};
}

}  // namespace coheld
