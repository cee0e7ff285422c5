// See data_words.h.
#include "tests/simulation/data_words.h"

#include <array>

#include "coheld/v1/counter.pb.h"
#include "coheld/v1/dict.pb.h"
#include "coheld/v1/list.pb.h"
#include "coheld/v1/queue.pb.h"
#include "coheld/v1/set.pb.h"
#include "coheld/v1/shared_value.pb.h"
#include "tests/simulation/method_numbers.h"
#include "tests/unit/engine/op_messages.h"

namespace coheld::simulation {
namespace {

using engine::testing::Count;
using engine::testing::Named;
using engine::testing::Parse;
using engine::testing::Waiting;
using Kind = DataOp::Kind;

constexpr std::array kDataMethods = {"SharedValue.Get",
                                     "SharedValue.Set",
                                     "SharedValue.Modify",
                                     "SharedValue.CompareExchange",
                                     "Dict.Get",
                                     "Dict.Set",
                                     "Dict.Pop",
                                     "Dict.Increment",
                                     "List.Len",
                                     "List.Append",
                                     "List.Pop",
                                     "Counter.Get",
                                     "Counter.Add",
                                     "Set.Len",
                                     "Set.Add",
                                     "Set.Discard",
                                     "Queue.Len",
                                     "Queue.Put",
                                     "Queue.PutMany",
                                     "Queue.Get",
                                     "Queue.GetMany",
                                     "Queue.TaskDone",
                                     "Queue.Join",
                                     "Queue.Lease",
                                     "Queue.Ack",
                                     "Queue.Nack",
                                     "Queue.Extend",
                                     "Queue.Complete"};

std::string Number(const char* word, int64_t number) {
  return std::string(word) + " " + std::to_string(number);
}

std::string ValueOr(bool there, const v1::Value& value) {
  return there ? Number("value", value.integer()) : "nothing";
}

template <typename Request>
std::string KeyPayload(const DataOp& op) {
  auto request = Named<Request>(op);
  request.mutable_key()->set_integer(op.key);
  return request.SerializeAsString();
}

v1::QueueWrite Write(const DataOp& op);

template <typename Request>
Request Delivery(const DataOp& op, uint64_t delivery) {
  auto request = Named<Request>(op);
  request.set_delivery(delivery);
  return request;
}

std::string PutWords(const v1::QueuePutReply& reply) {
  return Count(reply.duplicate() ? "duplicate length" : "length", reply.length());
}

}  // namespace

std::string MethodName(const DataOp& op) { return kDataMethods[static_cast<size_t>(op.kind)]; }

std::string Payload(const DataOp& op, uint64_t delivery) {
  switch (op.kind) {
    case Kind::kValueSet: {
      auto request = Named<v1::SharedValueSetRequest>(op);
      request.mutable_value()->set_integer(op.number);
      return request.SerializeAsString();
    }
    case Kind::kValueAdd: {
      auto request = Named<v1::SharedValueModifyRequest>(op);
      request.set_operator_(v1::OPERATOR_ADD);
      request.mutable_operand()->set_integer(op.number);
      return request.SerializeAsString();
    }
    case Kind::kValueExchange: {
      auto request = Named<v1::SharedValueCompareExchangeRequest>(op);
      request.mutable_expected()->set_integer(op.key);
      request.mutable_desired()->set_integer(op.number);
      return request.SerializeAsString();
    }
    case Kind::kDictGet:
      return KeyPayload<v1::DictGetRequest>(op);
    case Kind::kDictPop:
      return KeyPayload<v1::DictPopRequest>(op);
    case Kind::kDictSet: {
      auto request = Named<v1::DictSetRequest>(op);
      request.mutable_key()->set_integer(op.key);
      request.mutable_value()->set_integer(op.number);
      return request.SerializeAsString();
    }
    case Kind::kDictIncrement: {
      auto request = Named<v1::DictIncrementRequest>(op);
      request.mutable_key()->set_integer(op.key);
      request.mutable_amount()->set_integer(op.number);
      return request.SerializeAsString();
    }
    case Kind::kListAppend: {
      auto request = Named<v1::ListAppendRequest>(op);
      request.mutable_value()->set_integer(op.number);
      return request.SerializeAsString();
    }
    case Kind::kCounterAdd: {
      auto request = Named<v1::CounterAddRequest>(op);
      request.set_amount(op.number);
      return request.SerializeAsString();
    }
    case Kind::kSetAdd:
    case Kind::kSetDiscard: {  // Both requests begin alike.
      auto request = Named<v1::SetAddRequest>(op);
      request.add_values()->set_integer(op.number);
      return request.SerializeAsString();
    }
    case Kind::kPut: {
      auto request = Waiting<v1::QueuePutRequest>(op);
      request.mutable_value()->set_integer(op.items.at(0));
      request.set_delay_ms(op.delay_ms);
      request.set_dedup_key(op.dedup_key);
      return request.SerializeAsString();
    }
    case Kind::kPutMany: {
      auto request = Waiting<v1::QueuePutManyRequest>(op);
      for (const int64_t item : op.items) request.add_values()->set_integer(item);
      request.set_delay_ms(op.delay_ms);
      request.set_dedup_key(op.dedup_key);
      return request.SerializeAsString();
    }
    case Kind::kGetMany: {
      auto request = Waiting<v1::QueueGetManyRequest>(op);
      request.set_limit(static_cast<uint32_t>(op.number));
      return request.SerializeAsString();
    }
    case Kind::kTaskDone: {
      auto request = Named<v1::QueueTaskDoneRequest>(op);
      request.set_count(static_cast<uint32_t>(op.number));
      return request.SerializeAsString();
    }
    case Kind::kLease: {
      auto request = Waiting<v1::QueueLeaseRequest>(op);
      request.set_limit(static_cast<uint32_t>(op.number));
      request.set_visibility_ms(op.visibility_ms);
      return request.SerializeAsString();
    }
    case Kind::kAck:
      return Delivery<v1::QueueAckRequest>(op, delivery).SerializeAsString();
    case Kind::kNack: {
      auto request = Delivery<v1::QueueNackRequest>(op, delivery);
      request.set_delay_ms(op.delay_ms);
      return request.SerializeAsString();
    }
    case Kind::kExtend: {
      auto request = Delivery<v1::QueueExtendRequest>(op, delivery);
      request.set_visibility_ms(op.visibility_ms);
      return request.SerializeAsString();
    }
    case Kind::kComplete: {
      auto request = Delivery<v1::QueueCompleteRequest>(op, delivery);
      for (const DataOp& write : op.writes) *request.add_writes() = Write(write);
      return request.SerializeAsString();
    }
    case Kind::kGet:
    case Kind::kJoin:
      return Waiting<v1::QueueGetRequest>(op).SerializeAsString();
    case Kind::kValueGet:
    case Kind::kListLen:
    case Kind::kListPop:
    case Kind::kCounterGet:
    case Kind::kSetLen:
    case Kind::kQueueLen:
      break;
  }
  return Named<v1::QueueLenRequest>(op).SerializeAsString();  // Of all, only the name counts.
}

namespace {

v1::QueueWrite Write(const DataOp& op) {
  v1::QueueWrite write;
  write.set_method(NumberOf(MethodName(op)));
  write.set_payload(Payload(op, 0));
  return write;
}

}  // namespace

std::string Words(const DataOp& op, const std::string& payload) {
  switch (op.kind) {
    case Kind::kValueGet:
      return Number("value", Parse<v1::SharedValueGetReply>(payload).value().integer());
    case Kind::kValueSet:
      return "set";
    case Kind::kValueAdd:
      return Number("value", Parse<v1::SharedValueModifyReply>(payload).value().integer());
    case Kind::kValueExchange: {
      const auto reply = Parse<v1::SharedValueCompareExchangeReply>(payload);
      return Number(reply.exchanged() ? "exchanged" : "current", reply.current().integer());
    }
    case Kind::kDictGet: {
      const auto reply = Parse<v1::DictGetReply>(payload);
      return ValueOr(reply.has_value(), reply.value());
    }
    case Kind::kDictPop: {
      const auto reply = Parse<v1::DictPopReply>(payload);
      return ValueOr(reply.has_value(), reply.value());
    }
    case Kind::kDictSet:
      return Count("length", Parse<v1::DictChangeReply>(payload).length());
    case Kind::kDictIncrement:
      return Number("value", Parse<v1::DictIncrementReply>(payload).value().integer());
    case Kind::kListLen:
      return Count("length", Parse<v1::ListLenReply>(payload).length());
    case Kind::kListAppend:
      return Count("length", Parse<v1::ListChangeReply>(payload).length());
    case Kind::kListPop: {
      const auto reply = Parse<v1::ListPopReply>(payload);
      return Number("value", reply.value().integer()) + Count(" length", reply.length());
    }
    case Kind::kCounterGet:
      return Number("value", Parse<v1::CounterGetReply>(payload).value());
    case Kind::kCounterAdd:
      return Number("value", Parse<v1::CounterAddReply>(payload).value());
    case Kind::kSetLen:
      return Count("length", Parse<v1::SetLenReply>(payload).length());
    case Kind::kSetAdd:
      return Count("added", Parse<v1::SetChangeReply>(payload).added());
    case Kind::kSetDiscard:
      return Count("removed", Parse<v1::SetChangeReply>(payload).removed());
    case Kind::kQueueLen: {
      const auto reply = Parse<v1::QueueLenReply>(payload);
      return Count("length", reply.length()) + Count(" unfinished", reply.unfinished()) +
             Count(" leased", reply.leased()) + Count(" delayed", reply.delayed());
    }
    case Kind::kPut:
    case Kind::kPutMany:
      return PutWords(Parse<v1::QueuePutReply>(payload));
    case Kind::kGet:
      return Number("items", Parse<v1::QueueGetReply>(payload).value().integer());
    case Kind::kGetMany: {
      std::string words = "items";
      const auto reply = Parse<v1::QueueGetManyReply>(payload);
      for (const v1::Value& item : reply.values()) words += " " + std::to_string(item.integer());
      return words;
    }
    case Kind::kTaskDone:
      return Count("unfinished", Parse<v1::QueueTaskDoneReply>(payload).unfinished());
    case Kind::kJoin:
      return Count("joined", Parse<v1::QueueJoinReply>(payload).joined());
    case Kind::kLease: {
      std::string words = "leased";
      const auto reply = Parse<v1::QueueLeaseReply>(payload);
      for (const v1::QueueDelivery& delivery : reply.deliveries()) {
        words += Number("", delivery.value().integer()) + Count(" attempt", delivery.attempt());
      }
      return words;
    }
    case Kind::kAck:
      return Count("unfinished", Parse<v1::QueueAckReply>(payload).unfinished());
    case Kind::kNack:
      return Count("dead", Parse<v1::QueueNackReply>(payload).dead());
    case Kind::kExtend:
      return "extended";
    case Kind::kComplete: {
      const auto reply = Parse<v1::QueueCompleteReply>(payload);
      std::string words = Count("unfinished", reply.unfinished());
      for (size_t i = 0; i < op.writes.size(); ++i) {
        words += ", " + Words(op.writes[i], reply.replies(static_cast<int>(i)));
      }
      return words;
    }
  }
  return "";
}

bool MayChangeNothing(const DataOp& op, const std::string& words) {
  switch (op.kind) {
    case Kind::kValueExchange:
      return words.starts_with("current");
    case Kind::kDictPop:
      return words == "nothing";
    case Kind::kPut:
    case Kind::kPutMany:
      return words.starts_with("duplicate");
    case Kind::kSetAdd:
    case Kind::kSetDiscard:
      return words.ends_with(" 0");
    case Kind::kDictSet:
    case Kind::kDictIncrement:
    case Kind::kValueSet:
    case Kind::kValueAdd:
    case Kind::kCounterAdd:
    case Kind::kListAppend:
    case Kind::kListPop:
    case Kind::kGet:
    case Kind::kGetMany:
    case Kind::kTaskDone:
    case Kind::kLease:
    case Kind::kAck:
    case Kind::kNack:
    case Kind::kExtend:
    case Kind::kComplete:
      return false;
    case Kind::kValueGet:
    case Kind::kDictGet:
    case Kind::kListLen:
    case Kind::kCounterGet:
    case Kind::kSetLen:
    case Kind::kQueueLen:
    case Kind::kJoin:
      break;
  }
  return true;
}

std::string Describe(const DataOp& op) {
  std::string line =
      MethodName(op) + " " + op.object + Number(" key", op.key) + Number(" number", op.number);
  for (const int64_t item : op.items) line += Number(" item", item);
  if (op.delay_ms != 0) line += Count(" delay", op.delay_ms);
  if (op.visibility_ms != 0) line += Count(" visibility", op.visibility_ms);
  if (!op.dedup_key.empty()) line += " dedup " + op.dedup_key;
  for (const DataOp& write : op.writes) line += " and " + Describe(write);
  return line;
}

std::vector<uint64_t> GrantTokens(const DataOp& op, const std::string& payload) {
  std::vector<uint64_t> tokens;
  if (op.kind != Kind::kLease) return tokens;
  const auto reply = Parse<v1::QueueLeaseReply>(payload);
  for (const v1::QueueDelivery& delivery : reply.deliveries()) {
    tokens.push_back(delivery.delivery());
  }
  return tokens;
}

}  // namespace coheld::simulation
