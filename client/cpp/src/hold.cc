// References between values and handles. See hold.h and coheld/handle.h.
#include "client/cpp/src/hold.h"

#include "coheld/handle.h"

namespace coheld {
namespace {

thread_local const Client* receiving = nullptr;

}  // namespace

namespace core {
namespace {

// Filled and emptied by one thread while it builds one op.
std::vector<std::shared_ptr<const Hold>>& Kept() {
  thread_local std::vector<std::shared_ptr<const Hold>> kept;
  return kept;
}

std::shared_ptr<const Hold> HoldFor(const Client* client, const std::string& name) {
  return client == nullptr ? nullptr : std::make_shared<const Hold>(*client, name);
}

}  // namespace

Ref ReceiveRef(std::string name, std::string type) {
  std::shared_ptr<const Hold> hold = HoldFor(receiving, name);
  return {std::move(name), std::move(type), std::move(hold)};
}

std::shared_ptr<const Hold> ReceiveCreated(const std::string& name, bool created) {
  return created ? HoldFor(receiving, name) : nullptr;
}

void Keep(std::shared_ptr<const Hold> hold) { Kept().push_back(std::move(hold)); }

std::vector<std::shared_ptr<const Hold>> TakeKept() { return std::exchange(Kept(), {}); }

}  // namespace core

Receiving::Receiving(const Client& client) : outer_(std::exchange(receiving, &client)) {}

Receiving::~Receiving() { receiving = outer_; }

Ref refer_to(const Client& client, std::string name, const char* type) {
  auto hold = std::make_shared<const core::Hold>(client, name);
  return {std::move(name), type, std::move(hold)};
}

const Client& client_of(const Ref& ref) {
  if (ref.hold) return ref.hold->client();
  throw InvalidArgument(Reason::kInvalidArgument,
                        "the reference to \"" + ref.name +
                            "\" came from no daemon; name the object: Handle(client, name)");
}

const Ref& checked(const Ref& ref, const char* type) {
  if (ref.type == type) return ref;
  throw BadConversion("the reference to \"" + ref.name + "\" is to a " + ref.type + ", not a " +
                      type);
}

Handle::Handle(const Ref& ref, const char* type)
    : BasicHandle(Direct(client_of(ref)), checked(ref, type)) {}

}  // namespace coheld
