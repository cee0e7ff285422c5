// The value object: one cell as multiprocessing.Value, with atomic read-modify-write and a wait for
// the next change. (In memory values are engine::Value; this is the held object around one.)
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coheld/v1/shared_value.pb.h"
#include "server/engine/object.h"
#include "server/engine/plain_messages.h"
#include "server/engine/registry.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/turn.h"
#include "server/engine/typecode.h"
#include "server/engine/value.h"
#include "server/engine/value_codec.h"

namespace coheld::engine {
namespace {

class SharedValueObject : public Object {
 public:
  uint64_t size() const override { return 1; }
  std::vector<WaitQueue*> wait_queues() override { return {&watchers}; }
  void VisitValues(const ValueVisitor& visit) const override { visit(value); }
  void Save(StateWriter& state) const override {
    state.PutVersion(1);
    state.PutBytes(typecode.word());
    state.PutValue(value);
  }
  void Load(StateReader& state) override {
    state.TakeVersion(1);
    const Result<Typecode> loaded = Typecode::Parse(state.TakeBytes());
    value = state.TakeValue();
    if (!loaded.ok()) return state.Fail(loaded.failure().message);
    typecode = loaded.value();
    if (const auto fits = typecode.Conform(value); !fits.ok()) state.Fail(fits.failure().message);
  }

  // Stores a value that conforms to the type code and tells those who wait for a change.
  void Store(Value next, Turn& turn) {
    value = std::move(next);
    Touch();
    turn.WakeAll(watchers);
  }

  Typecode typecode;
  Value value;
  WaitQueue watchers;
};

// Returns a value from the wire as the cell holds it.
Result<Value> FittingValue(Result<Value> value, const Typecode& typecode) {
  if (!value.ok()) return value;
  return typecode.Conform(std::move(value).value());
}

Outcome Create(SharedValueObject& cell, const v1::SharedValueCreateRequest& request,
               v1::SharedValueCreateReply* reply, Turn& turn) {
  const Result<Typecode> typecode = Typecode::Parse(request.typecode());
  if (!typecode.ok()) return typecode.failure();
  Result<Value> initial = request.has_initial()
                              ? FittingValue(FromWire(request.initial()), typecode.value())
                              : Result<Value>(typecode.value().Zero());
  if (!initial.ok()) return initial.failure();
  if (request.exclusive() && !turn.created()) {
    return Failure{
        v1::ERROR_REASON_OBJECT_EXISTS,
        "the value \"" + cell.name() + "\" exists; use another name, or create without exclusive"};
  }
  if (turn.created()) {
    cell.typecode = typecode.value();
    cell.Store(std::move(initial).value(), turn);
  }
  reply->set_name(cell.name());
  reply->set_created(turn.created());
  reply->set_version(cell.version());
  return Done();
}

Outcome Get(SharedValueObject& cell, const plain::SharedValueGetRequest& /*request*/,
            plain::SharedValueGetReply* reply, Turn& /*turn*/) {
  reply->value.Refer(cell.value);
  reply->version = cell.version();
  reply->typecode = cell.typecode.word();
  return Done();
}

Outcome Set(SharedValueObject& cell, const plain::SharedValueSetRequest& request,
            plain::SharedValueChangeReply* reply, Turn& turn) {
  Result<Value> value = FittingValue(request.value.Get(), cell.typecode);
  if (!value.ok()) return value.failure();
  if (request.if_version && *request.if_version != cell.version()) {
    return Failure{v1::ERROR_REASON_VERSION_MISMATCH,
                   "the value \"" + cell.name() + "\" has version " +
                       std::to_string(cell.version()) + ", not " +
                       std::to_string(*request.if_version) + "; read it again"};
  }
  if (turn.rehearsal()) return Done();
  cell.Store(std::move(value).value(), turn);
  reply->version = cell.version();
  return Done();
}

// Returns what null counts as beside an operand: its zero; null where the kind has none.
Value ZeroOf(const Value& operand) {
  switch (operand.kind()) {
    case ValueKind::kBoolean:
    case ValueKind::kInteger:
    case ValueKind::kBigInteger:
      return Value::Integer(0);
    case ValueKind::kReal:
      return Value::Real(0);
    case ValueKind::kText:
      return Value::Text("");
    case ValueKind::kBytes:
      return Value::Bytes("");
    case ValueKind::kList:
      return Value::List({});
    case ValueKind::kTuple:
      return Value::Tuple({});
    case ValueKind::kNull:
    case ValueKind::kSet:
    case ValueKind::kMap:
    case ValueKind::kRef:
    case ValueKind::kOpaque:
      break;
  }
  return Value();
}

Outcome Modify(SharedValueObject& cell, const plain::SharedValueModifyRequest& request,
               plain::SharedValueModifyReply* reply, Turn& turn) {
  if (!v1::Operator_IsValid(request.operator_) || request.operator_ == v1::OPERATOR_UNSPECIFIED) {
    return Failure{v1::ERROR_REASON_INVALID_ARGUMENT, "no operator has number " +
                                                          std::to_string(request.operator_) +
                                                          "; name one of coheld.v1.Operator"};
  }
  const Result<Value> operand = request.operand.Get();
  if (!operand.ok()) return operand.failure();
  const bool unset = cell.value.kind() == ValueKind::kNull;
  Result<Value> result =
      Apply(request.operator_, unset ? ZeroOf(operand.value()) : cell.value, operand.value());
  if (result.ok()) result = cell.typecode.Conform(std::move(result).value());
  if (!result.ok()) return result.failure();
  if (turn.rehearsal()) return Done();
  reply->previous.Own(std::move(cell.value));
  cell.Store(std::move(result).value(), turn);
  reply->value.Refer(cell.value);
  reply->version = cell.version();
  return Done();
}

Outcome CompareExchange(SharedValueObject& cell,
                        const v1::SharedValueCompareExchangeRequest& request,
                        v1::SharedValueCompareExchangeReply* reply, Turn& turn) {
  const Result<Value> expected = FromWire(request.expected());
  if (!expected.ok()) return expected.failure();
  Result<Value> desired = FittingValue(FromWire(request.desired()), cell.typecode);
  if (!desired.ok()) return desired.failure();
  reply->set_exchanged(cell.value == expected.value());
  if (reply->exchanged()) cell.Store(std::move(desired).value(), turn);
  ToWire(cell.value, reply->mutable_current());
  reply->set_version(cell.version());
  return Done();
}

Outcome Wait(SharedValueObject& cell, const v1::SharedValueWaitRequest& request,
             v1::SharedValueWaitReply* reply, Turn& turn) {
  const bool changed = cell.version() > request.since_version();
  std::optional<uint64_t> timeout_ms;
  if (request.has_timeout_ms()) timeout_ms = request.timeout_ms();
  Outcome outcome = changed ? Done() : turn.Park(cell.watchers, timeout_ms, Done());
  if (outcome.kind() == Outcome::Kind::kParked) return outcome;
  reply->set_changed(changed);
  ToWire(cell.value, reply->mutable_value());
  reply->set_version(cell.version());
  return outcome;
}

}  // namespace

const TypeRow& SharedValueType() {
  static const TypeRow row = MakeType<SharedValueObject>(
      "value", {Op<Create>("SharedValue.Create"), Op<Get>("SharedValue.Get"),
                JointOp<Set>("SharedValue.Set"), JointOp<Modify>("SharedValue.Modify"),
                Op<CompareExchange>("SharedValue.CompareExchange"),
                Op<Wait>("SharedValue.Wait", Missing::kCreate)});
  return row;
}

}  // namespace coheld::engine
