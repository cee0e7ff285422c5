// The namespace's ops. See coheld/namespace.h.
#include "coheld/namespace.h"

#include "client/cpp/src/op_builder.h"
#include "coheld/v1/namespace.pb.h"

namespace coheld {
namespace {

using core::Changing;
using core::FromMessage;
using core::MakeOp;
using core::MethodNumber;
using core::Named;
using core::ToMessage;

void Fill(Namespace::Attributes attributes,
          google::protobuf::RepeatedPtrField<v1::Attribute>* messages) {
  for (auto& [attribute, value] : attributes) {
    v1::Attribute* message = messages->Add();
    message->set_attribute(std::move(attribute));
    ToMessage(std::move(value), message->mutable_value());
  }
}

}  // namespace

Namespace Namespace::make(const Client& client, Attributes attributes) {
  return Namespace(ref_to(Namespace(client, "").create(std::move(attributes)), kType));
}

Value Namespace::get_value(const std::string& attribute) const {
  static constinit MethodNumber method("/coheld.v1.Namespace/Get");
  auto request = Named<v1::NamespaceGetRequest>(name());
  request.set_attribute(attribute);
  return run(MakeOp<v1::NamespaceGetReply>(method, request, [](v1::NamespaceGetReply reply) {
    return FromMessage(std::move(*reply.mutable_value()));
  }));
}

Changed Namespace::set_value(const std::string& attribute, Value value, IfVersion version) const {
  static constinit MethodNumber method("/coheld.v1.Namespace/Set");
  auto request = Changing<v1::NamespaceSetRequest>(name(), version);
  request.set_attribute(attribute);
  ToMessage(std::move(value), request.mutable_value());
  return run(core::ChangeOp<v1::NamespaceChangeReply>(method, request));
}

Changed Namespace::erase(const std::string& attribute, IfVersion version) const {
  static constinit MethodNumber method("/coheld.v1.Namespace/Delete");
  auto request = Changing<v1::NamespaceDeleteRequest>(name(), version);
  request.set_attribute(attribute);
  return run(core::ChangeOp<v1::NamespaceChangeReply>(method, request));
}

Namespace::Attributes Namespace::items() const {
  static constinit MethodNumber method("/coheld.v1.Namespace/Items");
  return run(MakeOp<v1::NamespaceItemsReply>(
      method, Named<v1::NamespaceItemsRequest>(name()), [](v1::NamespaceItemsReply reply) {
        Attributes attributes;
        for (v1::Attribute& message : *reply.mutable_attributes()) {
          attributes.emplace_back(std::move(*message.mutable_attribute()),
                                  FromMessage(std::move(*message.mutable_value())));
        }
        return attributes;
      }));
}

Changed Namespace::update(Attributes attributes, const std::vector<std::string>& remove,
                          IfVersion version) const {
  static constinit MethodNumber method("/coheld.v1.Namespace/UpdateMany");
  auto request = Changing<v1::NamespaceUpdateManyRequest>(name(), version);
  Fill(std::move(attributes), request.mutable_attributes());
  request.mutable_remove()->Add(remove.begin(), remove.end());
  return run(core::ChangeOp<v1::NamespaceChangeReply>(method, request));
}

Created Namespace::create(Attributes attributes, bool exclusive) const {
  static constinit MethodNumber method("/coheld.v1.Namespace/Create");
  auto request = Named<v1::NamespaceCreateRequest>(name());
  Fill(std::move(attributes), request.mutable_attributes());
  request.set_exclusive(exclusive);
  return run(core::CreateOp<v1::NamespaceCreateReply>(method, request));
}

}  // namespace coheld
