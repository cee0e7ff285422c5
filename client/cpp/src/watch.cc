// Watch.Changes, and requests as values. See coheld/watch.h.
#include "coheld/watch.h"

#include "client/cpp/src/message_value.h"
#include "client/cpp/src/op_builder.h"
#include "coheld/v1/watch.pb.h"

namespace coheld {
namespace {

using core::MakeOp;
using core::MethodNumber;

// What one look tells.
struct Look {
  std::deque<Change> changes;
  uint64_t version = 0;
};

Change ChangeOf(v1::Change message) {
  const wire::MethodRow* row = wire::FindMethod(message.method());
  return {.version = message.version(),
          .method_number = message.method(),
          .method = row == nullptr ? "" : row->name,
          .payload = std::move(*message.mutable_payload()),
          .session = message.session()};
}

Op<Look> ChangesOp(const std::string& name, std::optional<uint64_t> after_version, WaitTime time) {
  static constinit MethodNumber method("/coheld.v1.Watch/Changes");
  auto request = core::Waiting<v1::WatchChangesRequest>(name, time);
  if (after_version) request.set_after_version(*after_version);
  return MakeOp<v1::WatchChangesReply>(method, request, [](v1::WatchChangesReply reply) {
    Look look{.version = reply.version()};
    for (v1::Change& change : *reply.mutable_changes()) {
      look.changes.push_back(ChangeOf(std::move(change)));
    }
    return look;
  });
}

}  // namespace

Value Change::request() const {
  const wire::MethodRow* row = wire::FindMethod(method_number);
  if (row == nullptr) return Map{};
  return core::RequestValue(*row->descriptor->input_type(), payload);
}

Watch::Watch(Client client, std::string name, std::optional<uint64_t> after_version)
    : client_(std::move(client)), name_(std::move(name)) {
  restart(after_version);
}

void Watch::restart(std::optional<uint64_t> after_version) {
  fetched_.clear();
  if (!after_version) after_version = Direct(client_).run(ChangesOp(name_, {}, {})).version;
  version_ = *after_version;
}

std::optional<Change> Watch::next(WaitTime time) {
  if (fetched_.empty()) fetched_ = Direct(client_).run(ChangesOp(name_, version_, time)).changes;
  if (fetched_.empty()) return std::nullopt;
  Change change = std::move(fetched_.front());
  fetched_.pop_front();
  version_ = change.version;
  return change;
}

}  // namespace coheld
