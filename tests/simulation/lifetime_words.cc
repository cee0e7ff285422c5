// See lifetime_words.h.
#include "tests/simulation/lifetime_words.h"

#include <array>

#include "coheld/v1/admin.pb.h"
#include "coheld/v1/object.pb.h"
#include "coheld/v1/queue.pb.h"
#include "tests/unit/engine/op_messages.h"

namespace coheld::simulation {
namespace {

using engine::testing::Count;
using engine::testing::Named;
using engine::testing::Parse;
using engine::testing::Waiting;
using Kind = LifetimeOp::Kind;

// Beyond the numbers of all grants of other kinds, which anonymous names do not share.
constexpr uint64_t kNames = uint64_t{1} << 50;

std::string NameOf(uint64_t token) {
  return "~" + std::to_string(token < kNames ? token : token - kNames);
}
uint64_t TokenOf(const std::string& name) { return kNames + std::stoull(name.substr(1)); }
std::string At(const std::string& name) { return "@" + std::to_string(TokenOf(name)); }

// The op with the anonymous queue's name instead of where the thread keeps it.
LifetimeOp WithName(const LifetimeOp& op, uint64_t token) {
  LifetimeOp named = op;
  if (op.kind < Kind::kNamedPut) named.object = NameOf(token);
  if (op.kind == Kind::kFetch || op.kind == Kind::kPeek) named.object = op.bag;
  if (op.kind == Kind::kMake) named.object.clear();
  return named;
}

std::string InspectWords(const v1::ObjectInspectReply& reply) {
  return Count("handles", reply.handles()) + Count(" own", reply.own_handles()) +
         Count(" references", reply.references()) + Count(" grace", reply.grace_ms());
}

}  // namespace

std::string MethodName(const LifetimeOp& op) {
  static constexpr std::array kMethods = {
      "Queue.Create", "Queue.Put",      "Queue.Get",     "Object.Hold",    "Object.Release",
      "Object.Lend",  "Object.Inspect", "Queue.Put",     "Queue.Get",      "Queue.Peek",
      "Queue.Put",    "Queue.Get",      "Object.SetTtl", "Object.Inspect", "Admin.Delete"};
  return kMethods[static_cast<size_t>(op.kind)];
}

std::string Payload(const LifetimeOp& op, uint64_t token) {
  const LifetimeOp named = WithName(op, token);
  switch (op.kind) {
    case Kind::kPut:
    case Kind::kNamedPut: {
      auto request = Named<v1::QueuePutRequest>(named);
      request.mutable_value()->set_integer(op.number);
      return request.SerializeAsString();
    }
    case Kind::kShare: {
      v1::QueuePutRequest request;
      request.set_name(op.bag);
      request.mutable_value()->mutable_ref()->set_name(named.object);
      request.mutable_value()->mutable_ref()->set_type("queue");
      return request.SerializeAsString();
    }
    case Kind::kGet:
    case Kind::kFetch:
    case Kind::kNamedGet:
      return Waiting<v1::QueueGetRequest>(named).SerializeAsString();
    case Kind::kRelease: {
      auto request = Named<v1::ObjectReleaseRequest>(named);
      request.set_count(static_cast<uint64_t>(op.number));
      return request.SerializeAsString();
    }
    case Kind::kLend: {
      auto request = Named<v1::ObjectLendRequest>(named);
      request.set_grace_ms(op.ms);
      return request.SerializeAsString();
    }
    case Kind::kSetTtl: {
      auto request = Named<v1::ObjectSetTtlRequest>(named);
      if (op.ms != 0) request.set_ttl_ms(op.ms);
      return request.SerializeAsString();
    }
    case Kind::kMake:
    case Kind::kHold:
    case Kind::kInspect:
    case Kind::kPeek:
    case Kind::kNamedInspect:
    case Kind::kDelete:
      break;
  }
  return Named<v1::ObjectInspectRequest>(named).SerializeAsString();  // Only the name counts.
}

std::string Words(const LifetimeOp& op, const std::string& payload) {
  switch (op.kind) {
    case Kind::kMake:
      return "made " + At(Parse<v1::QueueCreateReply>(payload).name());
    case Kind::kPut:
    case Kind::kShare:
    case Kind::kNamedPut:
      return Count("length", Parse<v1::QueuePutReply>(payload).length());
    case Kind::kGet:
    case Kind::kNamedGet:
      return "got " + std::to_string(Parse<v1::QueueGetReply>(payload).value().integer());
    case Kind::kFetch:
      return "fetched " + At(Parse<v1::QueueGetReply>(payload).value().ref().name());
    case Kind::kPeek: {
      const auto reply = Parse<v1::QueuePeekReply>(payload);
      return reply.has_value() ? "next " + At(reply.value().ref().name()) : "nothing";
    }
    case Kind::kHold:
      return Count("handles", Parse<v1::ObjectHoldReply>(payload).handles());
    case Kind::kRelease:
      return Count("released", Parse<v1::ObjectReleaseReply>(payload).released());
    case Kind::kLend:
      return Count("kept for", Parse<v1::ObjectLendReply>(payload).grace_ms());
    case Kind::kSetTtl:
      return "set";
    case Kind::kDelete:
      return Count("deleted", Parse<v1::AdminDeleteReply>(payload).deleted());
    case Kind::kInspect:
      return InspectWords(Parse<v1::ObjectInspectReply>(payload));
    case Kind::kNamedInspect: {
      const auto reply = Parse<v1::ObjectInspectReply>(payload);
      return reply.has_ttl_ms() ? Count("ends in", reply.ttl_ms()) : "never ends";
    }
  }
  return "";
}

std::vector<uint64_t> GrantTokens(const LifetimeOp& op, const std::string& payload) {
  switch (op.kind) {
    case Kind::kMake:
      return {TokenOf(Parse<v1::QueueCreateReply>(payload).name())};
    case Kind::kFetch:
      return {TokenOf(Parse<v1::QueueGetReply>(payload).value().ref().name())};
    case Kind::kPeek: {
      const auto reply = Parse<v1::QueuePeekReply>(payload);
      if (!reply.has_value()) return {};
      return {TokenOf(reply.value().ref().name())};
    }
    case Kind::kPut:
    case Kind::kGet:
    case Kind::kHold:
    case Kind::kRelease:
    case Kind::kLend:
    case Kind::kInspect:
    case Kind::kShare:
    case Kind::kNamedPut:
    case Kind::kNamedGet:
    case Kind::kSetTtl:
    case Kind::kNamedInspect:
    case Kind::kDelete:
      break;
  }
  return {};
}

bool MayChangeNothing(const LifetimeOp& op, const std::string& words) {
  switch (op.kind) {
    case Kind::kInspect:
    case Kind::kNamedInspect:
    case Kind::kPeek:  // It gives a handle each time.
      return true;
    case Kind::kRelease:
    case Kind::kDelete:
      return words.ends_with(" 0");
    case Kind::kMake:
    case Kind::kPut:
    case Kind::kGet:
    case Kind::kHold:
    case Kind::kLend:
    case Kind::kShare:
    case Kind::kFetch:
    case Kind::kNamedPut:
    case Kind::kNamedGet:
    case Kind::kSetTtl:
      break;
  }
  return false;
}

std::string Describe(const LifetimeOp& op) {
  std::string line = MethodName(op) + " " + op.object;
  if (!op.bag.empty()) line += " in " + op.bag;
  return line + Count(" number", static_cast<uint64_t>(op.number)) + Count(" ms", op.ms);
}

}  // namespace coheld::simulation
