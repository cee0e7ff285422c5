// The hosted object: stands for one object in a host. It holds no calls; it tells its host when it
// goes.
#include <optional>
#include <string>
#include <vector>

#include "coheld/v1/hosted.pb.h"
#include "server/engine/host_object.h"
#include "server/engine/object.h"
#include "server/engine/registry.h"
#include "server/engine/requests.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/turn.h"

namespace coheld::engine {
namespace {

class HostedObject : public Object {
 public:
  uint64_t size() const override { return host.empty() ? 0 : 1; }
  bool guardable() const override { return false; }
  void Ending(Turn& turn) override {
    if (HostObject* found = FindHost(turn)) found->DropHosted(service_token, target, turn);
  }
  void Save(StateWriter& state) const override {
    state.PutVersion(1);
    state.PutBytes(host);
    state.PutUnsigned(service_token);
    state.PutBytes(target);
    state.PutBytes(type_id);
    state.PutUnsigned(exposed.size());
    for (const std::string& method : exposed) state.PutBytes(method);
  }
  void Load(StateReader& state) override {
    state.TakeVersion(1);
    host = state.TakeString();
    service_token = state.TakeUnsigned();
    target = state.TakeString();
    type_id = state.TakeString();
    exposed.resize(state.TakeCount());
    for (std::string& method : exposed) method = state.TakeString();
  }

  // Returns its host, or nullptr; it may be another one of the same name.
  HostObject* FindHost(Turn& turn) const {
    Result<HostObject*> found = turn.Find<HostObject>(host, "host");
    return found.ok() ? found.value() : nullptr;
  }

  std::string host;
  uint64_t service_token = 0;  // Of the service in which it was made.
  std::string target;
  std::string type_id;
  std::vector<std::string> exposed;
};

Outcome Create(HostedObject& hosted, const v1::HostedCreateRequest& request,
               v1::HostedCreateReply* reply, Turn& turn) {
  if (auto failure = CheckExclusive("hosted object", hosted, request, turn)) return *failure;
  Result<HostObject*> host = turn.Find<HostObject>(request.host(), "host");
  if (!host.ok()) return host.failure();
  if (auto failure = host.value()->CheckServedBy(turn.owner().session)) return *failure;
  if (turn.created()) {
    hosted.host = request.host();
    hosted.service_token = host.value()->AddHosted();
    hosted.target = request.target();
    hosted.type_id = request.type_id();
    hosted.exposed.assign(request.exposed().begin(), request.exposed().end());
    hosted.Touch();
  }
  AnswerCreate(hosted, turn, reply);
  return Done();
}

Outcome Inspect(HostedObject& hosted, const v1::HostedInspectRequest& request,
                v1::HostedInspectReply* reply, Turn& turn) {
  if (hosted.host.empty()) {
    return Failure{v1::ERROR_REASON_OBJECT_NOT_FOUND,
                   "no hosted object \"" + request.name() + "\""};
  }
  reply->set_host(hosted.host);
  reply->set_target(hosted.target);
  reply->set_type_id(hosted.type_id);
  for (const std::string& method : hosted.exposed) reply->add_exposed(method);
  const HostObject* host = hosted.FindHost(turn);
  reply->set_served(host != nullptr && host->service() &&
                    host->service()->token == hosted.service_token);
  return Done();
}

}  // namespace

const TypeRow& HostedType() {
  static const TypeRow row = MakeType<HostedObject>(
      "hosted", {Op<Create>("Hosted.Create"), Op<Inspect>("Hosted.Inspect")});
  return row;
}

}  // namespace coheld::engine
