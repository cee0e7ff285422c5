// References between values and handles. See hold.h and coheld/handle.h.
#include "client/cpp/src/hold.h"

#include "client/cpp/src/core.h"
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

// `given`: how many holds on an anonymous object the reply gave.
std::shared_ptr<const Hold> HoldFor(const Client* client, const std::string& name, uint64_t given) {
  if (client == nullptr) return nullptr;
  if (IsAnonymous(name)) return client->core().TakeHold(*client, name, given);
  return std::make_shared<const Hold>(*client, name, Hold::Counted::kNo);
}

}  // namespace

Hold::~Hold() {
  if (counted_ == Counted::kYes) client_.core().EndHold(name_);
}

bool IsAnonymous(std::string_view name) { return name.starts_with('~'); }

Ref ReceiveRef(std::string name, std::string type) {
  std::shared_ptr<const Hold> hold = HoldFor(receiving, name, 1);
  return {std::move(name), std::move(type), std::move(hold)};
}

std::shared_ptr<const Hold> ReceiveCreated(const std::string& name, bool created) {
  return created ? HoldFor(receiving, name, 1) : nullptr;
}

void Keep(std::shared_ptr<const Hold> hold) { Kept().push_back(std::move(hold)); }

std::vector<std::shared_ptr<const Hold>> TakeKept() { return std::exchange(Kept(), {}); }

}  // namespace core

Receiving::Receiving(const Client& client) : outer_(std::exchange(receiving, &client)) {}

Receiving::~Receiving() { receiving = outer_; }

Ref refer_to(const Client& client, std::string name, const char* type) {
  auto hold = core::HoldFor(&client, name, 0);
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
