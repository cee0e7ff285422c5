// The set: its state and its ops (coheld/v1/set.proto). Every handler validates the whole request
// before it changes anything.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coheld/v1/set.pb.h"
#include "server/engine/if_version.h"
#include "server/engine/limits.h"
#include "server/engine/object.h"
#include "server/engine/registry.h"
#include "server/engine/requests.h"
#include "server/engine/set_algebra.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/turn.h"
#include "server/engine/value_codec.h"

namespace coheld::engine {
namespace {

class SetObject : public Object {
 public:
  uint64_t size() const override { return items.size(); }
  void VisitValues(const ValueVisitor& visit) const override {
    for (const ItemTable::Entry& entry : items.entries()) {
      if (!entry.hole()) visit(entry.key);
    }
  }
  void Save(StateWriter& state) const override {
    state.PutVersion(1);
    items.Save(state);
  }
  void Load(StateReader& state) override {
    state.TakeVersion(1);
    items.Load(state);
  }

  ItemTable items;
};

Outcome Answer(SetObject& set, const ItemChange& change, v1::SetChangeReply* reply) {
  if (change.added + change.removed > 0) set.Touch();
  reply->set_added(change.added);
  reply->set_removed(change.removed);
  reply->set_length(set.items.size());
  reply->set_version(set.version());
  return Done();
}

// TOO_LARGE if so many items more would pass the limit.
std::optional<Failure> CheckRoom(const ItemTable& items, size_t more) {
  if (items.places() + more <= kDictEntriesMax) return std::nullopt;
  return Failure{v1::ERROR_REASON_TOO_LARGE, "a set holds at most " +
                                                 std::to_string(kDictEntriesMax) +
                                                 " items; spread them over several"};
}

Failure NotComparable() {
  return {v1::ERROR_REASON_NOT_COMPARABLE,
          "only the client can compare the opaque items of a set; compare them there, or leave out "
          "refuse_opaque"};
}

// NOT_COMPARABLE if the request refuses to compare opaque values and that would decide whether one
// of these is in the set: some client may hold two for equal that differ in their bytes.
template <typename Request>
std::optional<Failure> CheckFindable(const ItemTable& items, const ItemTable& wanted,
                                     const Request& request) {
  if (!request.refuse_opaque() || items.empty()) return std::nullopt;
  for (const ItemTable::Entry& entry : wanted.entries()) {
    if (entry.hole() || (items.opaque_keys() == 0 && !entry.key.holds_opaque())) continue;
    if (!items.Find(entry.key)) return NotComparable();
  }
  return std::nullopt;
}

// The same for the items of two sets among each other.
template <typename Request>
std::optional<Failure> CheckComparable(const ItemTable& a, const ItemTable& b,
                                       const Request& request) {
  if (!request.refuse_opaque() || a.empty() || b.empty()) return std::nullopt;
  if (a.opaque_keys() == 0 && b.opaque_keys() == 0) return std::nullopt;
  return NotComparable();
}

// An operand: items of its own, or those of a held set.
class Operand {
 public:
  static Result<Operand> Read(const v1::SetOperand& wire, Turn& turn) {
    Operand operand;
    if (wire.set().empty()) {
      Result<ItemTable> items = ItemsFromValues(wire.values());
      if (!items.ok()) return items.failure();
      operand.own_ = std::move(items).value();
      return operand;
    }
    if (wire.values_size() > 0) {
      return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                     "an operand has values and names a set; use one of them"};
    }
    const Result<SetObject*> held = turn.Find<SetObject>(wire.set(), "set");
    if (held.ok()) {
      operand.held_ = &held.value()->items;
    } else if (held.failure().reason != v1::ERROR_REASON_OBJECT_NOT_FOUND) {
      return held.failure();
    }
    return operand;
  }

  const ItemTable& items() const { return held_ != nullptr ? *held_ : own_; }

 private:
  ItemTable own_;
  const ItemTable* held_ = nullptr;
};

Result<std::vector<Operand>> ReadOperands(
    const google::protobuf::RepeatedPtrField<v1::SetOperand>& wire, Turn& turn) {
  std::vector<Operand> operands;
  operands.reserve(static_cast<size_t>(wire.size()));
  for (const v1::SetOperand& one : wire) {
    Result<Operand> operand = Operand::Read(one, turn);
    if (!operand.ok()) return operand.failure();
    operands.push_back(std::move(operand).value());
  }
  return operands;
}

// Says why the set cannot be combined with these.
template <typename Request>
std::optional<Failure> CheckOperands(const SetObject& set, const std::vector<Operand>& operands,
                                     const Request& request) {
  size_t more = 0;
  for (const Operand& operand : operands) {
    if (auto failure = CheckComparable(set.items, operand.items(), request)) return failure;
    more += operand.items().size();
  }
  return CheckRoom(set.items, more);
}

std::optional<Failure> CheckOperator(v1::SetOperator op) {
  if (v1::SetOperator_IsValid(op) && op != v1::SET_OPERATOR_UNSPECIFIED) return std::nullopt;
  return Failure{
      v1::ERROR_REASON_INVALID_ARGUMENT,
      "no set operator has number " + std::to_string(op) + "; name one of coheld.v1.SetOperator"};
}

Outcome Create(SetObject& set, const v1::SetCreateRequest& request, v1::SetCreateReply* reply,
               Turn& turn) {
  if (auto failure = CheckExclusive("set", set, request, turn)) return *failure;
  if (turn.created()) {
    Result<ItemTable> items = ItemsFromValues(request.values());
    if (!items.ok()) return items.failure();
    set.items = std::move(items).value();
    set.Touch();
  }
  AnswerCreate(set, turn, reply);
  reply->set_version(set.version());
  return Done();
}

Outcome Len(SetObject& set, const v1::SetLenRequest& /*request*/, v1::SetLenReply* reply,
            Turn& /*turn*/) {
  reply->set_length(set.items.size());
  reply->set_version(set.version());
  return Done();
}

Outcome Contains(SetObject& set, const v1::SetContainsRequest& request, v1::SetContainsReply* reply,
                 Turn& /*turn*/) {
  for (const v1::Value& wire : request.values()) {
    const Result<Value> item = KeyFromWire(wire);
    if (!item.ok()) return item.failure();
    const bool found = set.items.Find(item.value()).has_value();
    const bool opaque = set.items.opaque_keys() > 0 || item.value().holds_opaque();
    if (request.refuse_opaque() && opaque && !found && !set.items.empty()) return NotComparable();
    reply->add_contains(found);
  }
  reply->set_version(set.version());
  return Done();
}

Outcome AddAll(SetObject& set, const v1::SetAddRequest& request, v1::SetChangeReply* reply,
               Turn& turn) {
  if (std::optional<Failure> failure = CheckVersion(set, request)) return *failure;
  const Result<ItemTable> items = ItemsFromValues(request.values());
  if (!items.ok()) return items.failure();
  if (auto failure = CheckFindable(set.items, items.value(), request)) return *failure;
  if (auto failure = CheckRoom(set.items, items.value().size())) return *failure;
  if (turn.rehearsal()) return Done();
  return Answer(set, CombineItems(v1::SET_OPERATOR_UNION, items.value(), &set.items), reply);
}

Outcome Discard(SetObject& set, const v1::SetDiscardRequest& request, v1::SetChangeReply* reply,
                Turn& turn) {
  if (std::optional<Failure> failure = CheckVersion(set, request)) return *failure;
  const Result<ItemTable> items = ItemsFromValues(request.values());
  if (!items.ok()) return items.failure();
  if (auto failure = CheckFindable(set.items, items.value(), request)) return *failure;
  if (turn.rehearsal()) return Done();
  return Answer(set, CombineItems(v1::SET_OPERATOR_DIFFERENCE, items.value(), &set.items), reply);
}

Outcome Remove(SetObject& set, const v1::SetRemoveRequest& request, v1::SetChangeReply* reply,
               Turn& /*turn*/) {
  if (std::optional<Failure> failure = CheckVersion(set, request)) return *failure;
  const Result<Value> item = KeyFromWire(request.value());
  if (!item.ok()) return item.failure();
  if (!RemoveItem(item.value(), &set.items)) {
    const bool opaque = set.items.opaque_keys() > 0 || item.value().holds_opaque();
    if (request.refuse_opaque() && opaque && !set.items.empty()) return NotComparable();
    return Failure{v1::ERROR_REASON_KEY_NOT_FOUND,
                   "the set has no item " + ShortText(item.value())};
  }
  return Answer(set, {.removed = 1}, reply);
}

Outcome Pop(SetObject& set, const v1::SetPopRequest& /*request*/, v1::SetPopReply* reply,
            Turn& /*turn*/) {
  if (!set.items.empty()) {
    const auto last = static_cast<ItemTable::Place>(set.items.places() - 1);
    ToWire(set.items.Take(last).key, reply->mutable_value());
    set.Touch();
  }
  reply->set_length(set.items.size());
  reply->set_version(set.version());
  return Done();
}

Outcome Clear(SetObject& set, const v1::SetClearRequest& request, v1::SetChangeReply* reply,
              Turn& /*turn*/) {
  if (std::optional<Failure> failure = CheckVersion(set, request)) return *failure;
  const size_t removed = set.items.size();
  set.items.Clear();
  return Answer(set, {.removed = removed}, reply);
}

Outcome Scan(SetObject& set, const v1::SetScanRequest& request, v1::SetScanReply* reply,
             Turn& /*turn*/) {
  const ItemTable& items = set.items;
  const uint64_t limit = request.limit() == 0 ? kPageItemsDefault : request.limit();
  ReplyBudget budget;
  size_t place = items.PlaceOf(request.cursor());
  for (; place < items.places(); ++place) {
    const ItemTable::Entry& entry = items.entries()[place];
    if (entry.hole()) continue;
    budget.Take(entry.key);
    const auto taken = static_cast<uint64_t>(reply->values_size());
    if (taken == limit || (taken > 0 && budget.bytes() > kPageBytesMax)) break;
    ToWire(entry.key, reply->add_values());
  }
  const bool done = place == items.places();
  reply->set_next(done ? items.NextOrdinal()
                       : items.OrdinalAt(static_cast<ItemTable::Place>(place)));
  reply->set_done(done);
  reply->set_length(items.size());
  reply->set_size_changed(request.has_if_length() && request.if_length() != items.size());
  reply->set_version(set.version());
  return Done();
}

Outcome Update(SetObject& set, const v1::SetUpdateRequest& request, v1::SetChangeReply* reply,
               Turn& turn) {
  if (std::optional<Failure> failure = CheckVersion(set, request)) return *failure;
  if (std::optional<Failure> failure = CheckOperator(request.operator_())) return *failure;
  const Result<std::vector<Operand>> operands = ReadOperands(request.operands(), turn);
  if (!operands.ok()) return operands.failure();
  if (auto failure = CheckOperands(set, operands.value(), request)) return *failure;
  ItemChange change;
  for (const Operand& operand : operands.value()) {
    const ItemChange one = CombineItems(request.operator_(), operand.items(), &set.items);
    change.added += one.added;
    change.removed += one.removed;
  }
  return Answer(set, change, reply);
}

Outcome Combine(SetObject& set, const v1::SetCombineRequest& request, v1::SetCombineReply* reply,
                Turn& turn) {
  const Result<std::vector<Operand>> read = ReadOperands(request.operands(), turn);
  if (!read.ok()) return read.failure();
  const std::vector<Operand>& operands = read.value();
  if (!operands.empty()) {
    if (auto failure = CheckOperator(request.operator_())) return *failure;
  }
  if (request.reflected() && operands.size() != 1) {
    return Failure{v1::ERROR_REASON_INVALID_ARGUMENT,
                   "reflected takes one operand, not " + std::to_string(operands.size())};
  }
  if (auto failure = CheckOperands(set, operands, request)) return *failure;
  ItemTable result = request.reflected() ? operands.front().items() : set.items;
  if (request.reflected()) {
    CombineItems(request.operator_(), set.items, &result);
  } else {
    for (const Operand& operand : operands) {
      CombineItems(request.operator_(), operand.items(), &result);
    }
  }
  ReplyBudget budget;
  for (const ItemTable::Entry& entry : result.entries()) {
    if (entry.hole()) continue;
    if (!budget.Take(entry.key)) return ReplyBudget::Exceeded();
    ToWire(entry.key, reply->add_values());
  }
  reply->set_version(set.version());
  return Done();
}

Outcome CompareWith(SetObject& set, const v1::SetCompareRequest& request,
                    v1::SetCompareReply* reply, Turn& turn) {
  const Result<Operand> operand = Operand::Read(request.operand(), turn);
  if (!operand.ok()) return operand.failure();
  const ItemTable& other = operand.value().items();
  if (auto failure = CheckComparable(set.items, other, request)) return *failure;
  reply->set_subset(IsSubset(set.items, other));
  reply->set_superset(IsSubset(other, set.items));
  reply->set_equal(reply->subset() && reply->superset());
  reply->set_disjoint(IsDisjoint(set.items, other));
  reply->set_version(set.version());
  return Done();
}

Outcome Copy(SetObject& set, const v1::SetCopyRequest& request, v1::SetCreateReply* reply,
             Turn& turn) {
  Result<Object*> made = turn.CreateLike(set, request.target());
  if (!made.ok()) return made.failure();
  auto& target = static_cast<SetObject&>(*made.value());
  target.items = set.items;
  target.Touch();
  reply->set_name(target.name());
  reply->set_created(true);
  reply->set_version(target.version());
  return Done();
}

}  // namespace

const TypeRow& SetType() {
  static const TypeRow row = MakeType<SetObject>(
      "set",
      {Op<Create>("Set.Create"), Op<Len>("Set.Len"), Op<Contains>("Set.Contains"),
       JointOp<AddAll>("Set.Add"), JointOp<Discard>("Set.Discard"), Op<Remove>("Set.Remove"),
       Op<Pop>("Set.Pop"), Op<Clear>("Set.Clear"), Op<Scan>("Set.Scan"), Op<Update>("Set.Update"),
       Op<Combine>("Set.Combine"), Op<CompareWith>("Set.Compare"), Op<Copy>("Set.Copy")});
  return row;
}

}  // namespace coheld::engine
