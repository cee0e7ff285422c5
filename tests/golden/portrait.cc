// See portrait.h.
#include "tests/golden/portrait.h"

#include <set>
#include <string>

#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include "coheld/v1/admin.pb.h"
#include "proto/wire/methods.h"
#include "server/engine/registry.h"

namespace coheld::golden {
namespace {

using Json = nlohmann::ordered_json;

// Of these an op waits, or asks for more than a name.
const std::set<std::string> kNotAsked = {"Changes", "Compare", "Combine", "Contains",
                                         "Count",   "Index",   "Join",    "Rank",
                                         "Scan",    "Score",   "Wait"};

class Painter {
 public:
  explicit Painter(engine::Engine& engine) : engine_(engine) {}

  Json Paint() {
    Json portrait = {{"objects", Json::array()},
                     {"sessions", engine_.sessions().all().size()},
                     {"waiting", engine_.parked().size()}};
    std::vector<std::pair<std::string, const engine::TypeRow*>> all;
    for (const auto& [name, held] : engine_.store().objects()) all.emplace_back(name, held.type);
    for (const auto& [name, type] : all) portrait["objects"].push_back(PaintObject(name, *type));
    return portrait;
  }

 private:
  Json PaintObject(const std::string& name, const engine::TypeRow& type) {
    Json object = {{"name", name}, {"type", type.word}};
    object["describe"] = Ask(*wire::FindMethod("/coheld.v1.Admin/Describe"), name);
    for (const engine::OpRow& op : type.ops) {
      const std::string& method = op.method->descriptor->name();
      if (!op.method->read_only || kNotAsked.contains(method)) continue;
      object[op.method->name] = Ask(*op.method, name);
    }
    return object;
  }

  // Calls a method with an object's name; every request has it as its first field.
  Json Ask(const wire::MethodRow& method, const std::string& name) {
    v1::AdminDescribeRequest request;
    request.set_name(name);
    std::vector<engine::Reply> replies;
    const auto call =
        engine::CallId{static_cast<uint64_t>(engine_.last_call()) + 1'000'000 + ++calls_};
    engine_.Apply({.call = call, .now = engine_.last_time()}, method.number,
                  request.SerializeAsString(), &replies);
    if (replies.empty()) return "waits";
    if (replies.front().failure) return v1::ErrorReason_Name(replies.front().failure->reason);
    return ToJson(method.descriptor->output_type(), replies.front().payload);
  }

  static Json ToJson(const google::protobuf::Descriptor* type, const std::string& payload) {
    auto* const factory = google::protobuf::MessageFactory::generated_factory();
    const std::unique_ptr<google::protobuf::Message> message(factory->GetPrototype(type)->New());
    std::string text;
    if (!message->ParseFromString(payload) ||
        !google::protobuf::util::MessageToJsonString(*message, &text).ok()) {
      return "unreadable";
    }
    return Json::parse(text);
  }

  engine::Engine& engine_;
  uint64_t calls_ = 0;
};

}  // namespace

Json PortraitOf(engine::Engine& engine) { return Painter(engine).Paint(); }

}  // namespace coheld::golden
