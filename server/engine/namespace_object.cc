// The namespace: attributes by name, in the order in which they were first set
// (coheld/v1/namespace.proto).
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coheld/v1/namespace.pb.h"
#include "server/engine/dict_table.h"
#include "server/engine/if_version.h"
#include "server/engine/object.h"
#include "server/engine/registry.h"
#include "server/engine/requests.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/turn.h"
#include "server/engine/value_codec.h"

namespace coheld::engine {
namespace {

class NamespaceObject : public Object {
 public:
  uint64_t size() const override { return attributes.size(); }
  void VisitValues(const ValueVisitor& visit) const override {
    for (const DictTable::Entry& attribute : attributes.entries()) {
      if (!attribute.hole()) visit(attribute.value);
    }
  }
  void Save(StateWriter& state) const override {
    state.PutVersion(1);
    attributes.Save(state);
  }
  void Load(StateReader& state) override {
    state.TakeVersion(1);
    attributes.Load(state);
    for (const DictTable::Entry& attribute : attributes.entries()) {
      if (attribute.key.kind() != ValueKind::kText) state.Fail("an attribute's name is no text");
    }
  }

  DictTable attributes;  // The keys are texts.
};

using WireAttributes = google::protobuf::RepeatedPtrField<v1::Attribute>;

Outcome Answer(NamespaceObject& space, bool changed, v1::NamespaceChangeReply* reply) {
  if (changed) space.Touch();
  reply->set_length(space.attributes.size());
  reply->set_version(space.version());
  return Done();
}

Failure AttributeNotFound(const std::string& name, const std::string& attribute) {
  return {v1::ERROR_REASON_ATTRIBUTE_NOT_FOUND,
          "the namespace \"" + name + "\" has no attribute " + ShortText(Value::Text(attribute))};
}

// Sets all attributes, or none.
std::optional<Failure> SetAll(const WireAttributes& wire, DictTable* attributes) {
  std::vector<Value> values;
  values.reserve(static_cast<size_t>(wire.size()));
  for (const v1::Attribute& attribute : wire) {
    Result<Value> value = FromWire(attribute.value());
    if (!value.ok()) return value.failure();
    values.push_back(std::move(value).value());
  }
  for (int i = 0; i < wire.size(); ++i) {
    attributes->Set(Value::Text(wire[i].attribute()), std::move(values[static_cast<size_t>(i)]));
  }
  return std::nullopt;
}

Outcome Create(NamespaceObject& space, const v1::NamespaceCreateRequest& request,
               v1::NamespaceCreateReply* reply, Turn& turn) {
  if (auto failure = CheckExclusive("namespace", space, request, turn)) return *failure;
  if (turn.created()) {
    if (auto failure = SetAll(request.attributes(), &space.attributes)) return *failure;
    space.Touch();
  }
  AnswerCreate(space, turn, reply);
  reply->set_version(space.version());
  return Done();
}

Outcome Get(NamespaceObject& space, const v1::NamespaceGetRequest& request,
            v1::NamespaceGetReply* reply, Turn& /*turn*/) {
  const auto place = space.attributes.Find(Value::Text(request.attribute()));
  if (!place) return AttributeNotFound(request.name(), request.attribute());
  ToWire(space.attributes.ValueAt(*place), reply->mutable_value());
  reply->set_version(space.version());
  return Done();
}

Outcome Set(NamespaceObject& space, const v1::NamespaceSetRequest& request,
            v1::NamespaceChangeReply* reply, Turn& turn) {
  if (std::optional<Failure> failure = CheckVersion(space, request)) return *failure;
  Result<Value> value = FromWire(request.value());
  if (!value.ok()) return value.failure();
  if (turn.rehearsal()) return Done();
  space.attributes.Set(Value::Text(request.attribute()), std::move(value).value());
  return Answer(space, true, reply);
}

Outcome Delete(NamespaceObject& space, const v1::NamespaceDeleteRequest& request,
               v1::NamespaceChangeReply* reply, Turn& /*turn*/) {
  if (std::optional<Failure> failure = CheckVersion(space, request)) return *failure;
  const auto place = space.attributes.Find(Value::Text(request.attribute()));
  if (!place) return AttributeNotFound(request.name(), request.attribute());
  space.attributes.Take(*place);
  return Answer(space, true, reply);
}

Outcome Items(NamespaceObject& space, const v1::NamespaceItemsRequest& /*request*/,
              v1::NamespaceItemsReply* reply, Turn& /*turn*/) {
  ReplyBudget budget;
  for (const DictTable::Entry& entry : space.attributes.entries()) {
    if (entry.hole()) continue;
    if (!budget.Take(entry.key) || !budget.Take(entry.value)) return ReplyBudget::Exceeded();
    v1::Attribute* attribute = reply->add_attributes();
    attribute->set_attribute(std::string(entry.key.text()));
    ToWire(entry.value, attribute->mutable_value());
  }
  reply->set_version(space.version());
  return Done();
}

Outcome UpdateMany(NamespaceObject& space, const v1::NamespaceUpdateManyRequest& request,
                   v1::NamespaceChangeReply* reply, Turn& turn) {
  if (std::optional<Failure> failure = CheckVersion(space, request)) return *failure;
  DictTable fresh;  // First aside, as one of them may be wrong.
  if (auto failure = SetAll(request.attributes(), &fresh)) return *failure;
  if (turn.rehearsal()) return Done();
  bool changed = !fresh.empty();
  for (const std::string& attribute : request.remove()) {
    const auto place = space.attributes.Find(Value::Text(attribute));
    if (!place) continue;
    space.attributes.Take(*place);
    changed = true;
  }
  for (const DictTable::Entry& entry : fresh.entries()) {
    space.attributes.Set(entry.key, entry.value);
  }
  return Answer(space, changed, reply);
}

}  // namespace

const TypeRow& NamespaceType() {
  static const TypeRow row = MakeType<NamespaceObject>(
      "namespace", {Op<Create>("Namespace.Create"), Op<Get>("Namespace.Get"),
                    JointOp<Set>("Namespace.Set"), Op<Delete>("Namespace.Delete"),
                    Op<Items>("Namespace.Items"), JointOp<UpdateMany>("Namespace.UpdateMany")});
  return row;
}

}  // namespace coheld::engine
