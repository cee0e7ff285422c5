// See watch_words.h.
#include "tests/simulation/watch_words.h"

#include "coheld/v1/counter.pb.h"
#include "coheld/v1/watch.pb.h"
#include "tests/simulation/check.h"
#include "tests/simulation/method_numbers.h"
#include "tests/unit/engine/op_messages.h"

namespace coheld::simulation {

using engine::testing::Count;
using engine::testing::Named;
using engine::testing::Parse;
using engine::testing::Waiting;
using Kind = WatchOp::Kind;

std::string MethodName(const WatchOp& op) {
  return op.kind == Kind::kAdd ? "Counter.Add" : "Watch.Changes";
}

std::string Payload(const WatchOp& op, uint64_t /*token*/) {
  if (op.kind == Kind::kAdd) {
    auto request = Named<v1::CounterAddRequest>(op);
    request.set_amount(op.number);
    return request.SerializeAsString();
  }
  auto request = Waiting<v1::WatchChangesRequest>(op);
  if (op.after) request.set_after_version(*op.after);
  request.set_limit(static_cast<uint32_t>(op.number));
  return request.SerializeAsString();
}

std::string Words(const WatchOp& op, const std::string& payload) {
  if (op.kind == Kind::kAdd) {
    return "value " + std::to_string(Parse<v1::CounterAddReply>(payload).value());
  }
  const auto reply = Parse<v1::WatchChangesReply>(payload);
  std::string words = Count("version", reply.version());
  for (const v1::Change& change : reply.changes()) {
    Require(change.method() == NumberOf("Counter.Add"), "a watched change is another op");
    const auto add = Parse<v1::CounterAddRequest>(change.payload());
    Require(add.name() == op.object, "a watched change is another object's");
    words += ", " + std::to_string(change.version()) + Count(" by", change.session()) + " adds " +
             std::to_string(add.amount());
  }
  return words;
}

std::vector<uint64_t> GrantTokens(const WatchOp& /*op*/, const std::string& /*payload*/) {
  return {};
}

bool MayChangeNothing(const WatchOp& op, const std::string& /*words*/) {
  return op.kind == Kind::kChanges;
}

std::string Describe(const WatchOp& op) {
  std::string line = MethodName(op) + " " + op.object + " number " + std::to_string(op.number);
  return line + (op.after ? Count(" after", *op.after) : "");
}

}  // namespace coheld::simulation
