// The messages of coheld.v1.Admin. See coheld/admin.h.
#include "coheld/admin.h"

#include "client/cpp/src/op_builder.h"
#include "coheld/v1/admin.pb.h"

namespace coheld {
namespace {

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

SessionLabel Read(const v1::SessionLabel& message) {
  return {.host = message.host(),
          .pid = message.pid(),
          .program = message.program(),
          .user = message.user()};
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
  return {.version = reply.version(),
          .durability = reply.durability(),
          .uptime = Milliseconds(reply.uptime_ms()),
          .objects = reply.objects(),
          .sessions = reply.sessions(),
          .connections = reply.connections(),
          .parked = reply.parked(),
          .ops = reply.ops(),
          .pid = reply.pid()};
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
  ObjectDescription description{.summary = Read(reply.summary())};
  for (const v1::Holder& holder : reply.holders()) {
    description.holders.push_back({.session = holder.session(),
                                   .thread = holder.thread(),
                                   .token = holder.token(),
                                   .held = Milliseconds(holder.held_ms()),
                                   .label = Read(holder.label())});
  }
  for (const v1::Waiter& waiter : reply.waiters()) {
    description.waiters.push_back({.session = waiter.session(),
                                   .thread = waiter.thread(),
                                   .method = waiter.method(),
                                   .parked = Milliseconds(waiter.parked_ms()),
                                   .label = Read(waiter.label())});
  }
  return description;
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
                          .label = Read(session.label()),
                          .ttl = Milliseconds(session.ttl_ms()),
                          .age = Milliseconds(session.age_ms()),
                          .connections = session.connections()});
    }
    if (reply.done() || reply.sessions().empty()) return sessions;
    request.set_after(sessions.back().session);
  }
}

}  // namespace coheld
