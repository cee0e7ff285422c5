// The dict: its state and its ops (coheld/v1/dict.proto). Every handler validates the whole request
// before it changes anything.
#include <algorithm>

#include "coheld/v1/dict.pb.h"
#include "server/engine/dict_table.h"
#include "server/engine/if_version.h"
#include "server/engine/limits.h"
#include "server/engine/plain_messages.h"
#include "server/engine/registry.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/value_codec.h"

namespace coheld::engine {
namespace {

class DictObject : public Object {
 public:
  uint64_t size() const override { return table.size(); }
  void VisitValues(const ValueVisitor& visit) const override {
    for (const DictTable::Entry& entry : table.entries()) {
      if (entry.hole()) continue;
      visit(entry.key);
      visit(entry.value);
    }
  }
  void Save(StateWriter& state) const override {
    state.PutVersion(1);
    table.Save(state);
  }
  void Load(StateReader& state) override {
    state.TakeVersion(1);
    table.Load(state);
  }

  DictTable table;
};

// Answers an op that changed the dict, or found nothing to change.
Outcome Answer(DictObject& dict, bool changed, plain::DictChangeReply* reply) {
  if (changed) dict.Touch();
  reply->length = dict.table.size();
  reply->version = dict.version();
  return Done();
}

Failure KeyNotFound(const Value& key) {
  return {v1::ERROR_REASON_KEY_NOT_FOUND, "the dict has no key " + ShortText(key)};
}

// TOO_LARGE if so many entries more would pass the limit.
std::optional<Failure> CheckRoom(const DictObject& dict, size_t more) {
  if (dict.table.places() + more <= kDictEntriesMax) return std::nullopt;
  return Failure{v1::ERROR_REASON_TOO_LARGE, "a dict holds at most " +
                                                 std::to_string(kDictEntriesMax) +
                                                 " entries; spread them over several"};
}

// NOT_COMPARABLE if the request refuses to compare opaque values and that would decide whether the
// dict has the key: some client may hold two keys for equal that differ in their bytes.
std::optional<Failure> CheckComparable(const DictObject& dict, const Value& key,
                                       bool refuse_opaque) {
  if (!refuse_opaque || dict.table.empty()) return std::nullopt;
  if (dict.table.opaque_keys() == 0 && !key.holds_opaque()) return std::nullopt;
  if (dict.table.Find(key)) return std::nullopt;
  return Failure{v1::ERROR_REASON_NOT_COMPARABLE,
                 "only the client can compare the key " + ShortText(key) +
                     " with those of the dict; compare them there, or leave out refuse_opaque"};
}

void SetAll(Value::Entries entries, DictTable* table) {
  for (auto& [key, value] : entries) table->Set(std::move(key), std::move(value));
}

void EntryToWire(const DictTable::Entry& entry, v1::Entry* wire) {
  ToWire(entry.key, wire->mutable_key());
  ToWire(entry.value, wire->mutable_value());
}

Outcome Create(DictObject& dict, const v1::DictCreateRequest& request, v1::DictCreateReply* reply,
               Turn& turn) {
  if (!turn.created() && request.exclusive()) {
    return Failure{v1::ERROR_REASON_OBJECT_EXISTS, "the name \"" + dict.name() + "\" is taken"};
  }
  if (turn.created() && request.entries_size() > 0) {
    WireEntries wire;
    wire.Refer(request.entries());
    Result<Value::Entries> entries = wire.TakeLent();
    if (!entries.ok()) return entries.failure();
    SetAll(std::move(entries).value(), &dict.table);
    dict.Touch();
  }
  reply->set_name(dict.name());
  reply->set_created(turn.created());
  reply->set_version(dict.version());
  return Done();
}

Outcome Len(DictObject& dict, const v1::DictLenRequest& /*request*/, v1::DictLenReply* reply,
            Turn& /*turn*/) {
  reply->set_length(dict.table.size());
  reply->set_version(dict.version());
  return Done();
}

Outcome Get(DictObject& dict, const plain::DictGetRequest& request, plain::DictGetReply* reply,
            Turn& /*turn*/) {
  const Result<Value> key = request.key.LentKey();
  if (!key.ok()) return key.failure();
  if (auto failure = CheckComparable(dict, key.value(), request.refuse_opaque)) return *failure;
  if (const auto place = dict.table.Find(key.value())) {
    reply->value.Refer(dict.table.ValueAt(*place));
  }
  reply->version = dict.version();
  return Done();
}

Outcome GetMany(DictObject& dict, const v1::DictGetManyRequest& request,
                v1::DictGetManyReply* reply, Turn& /*turn*/) {
  ReplyBudget budget;
  for (const v1::Value& wire : request.keys()) {
    const Result<Value> key = KeyFromWire(wire);
    if (!key.ok()) return key.failure();
    if (std::optional<Failure> failure =
            CheckComparable(dict, key.value(), request.refuse_opaque())) {
      return *failure;
    }
    v1::OptionalValue* optional = reply->add_values();
    const auto place = dict.table.Find(key.value());
    if (!place) continue;
    if (!budget.Take(dict.table.ValueAt(*place))) return ReplyBudget::Exceeded();
    ToWire(dict.table.ValueAt(*place), optional->mutable_value());
  }
  reply->set_version(dict.version());
  return Done();
}

Outcome Set(DictObject& dict, const plain::DictSetRequest& request, plain::DictChangeReply* reply,
            Turn& turn) {
  if (std::optional<Failure> failure = CheckVersion(dict, request)) return *failure;
  Result<Value> key = request.key.LentKey();
  if (!key.ok()) return key.failure();
  if (auto failure = CheckComparable(dict, key.value(), request.refuse_opaque)) return *failure;
  Result<Value> value = request.value.Lent();
  if (!value.ok()) return value.failure();
  if (std::optional<Failure> failure = CheckRoom(dict, 1)) return *failure;
  if (turn.rehearsal()) return Done();
  dict.table.Set(std::move(key).value(), std::move(value).value());
  return Answer(dict, true, reply);
}

Outcome SetMany(DictObject& dict, plain::DictSetManyRequest& request, plain::DictChangeReply* reply,
                Turn& turn) {
  if (std::optional<Failure> failure = CheckVersion(dict, request)) return *failure;
  Result<Value::Entries> entries = request.entries.TakeLent();
  if (!entries.ok()) return entries.failure();
  for (const auto& [key, value] : entries.value()) {
    if (auto failure = CheckComparable(dict, key, request.refuse_opaque)) return *failure;
  }
  if (std::optional<Failure> failure = CheckRoom(dict, entries.value().size())) return *failure;
  if (turn.rehearsal()) return Done();
  const bool changed = !entries.value().empty();
  SetAll(std::move(entries).value(), &dict.table);
  return Answer(dict, changed, reply);
}

Outcome SetDefault(DictObject& dict, const v1::DictSetDefaultRequest& request,
                   v1::DictSetDefaultReply* reply, Turn& /*turn*/) {
  if (std::optional<Failure> failure = CheckVersion(dict, request)) return *failure;
  Result<Value> key = KeyFromWire(request.key());
  if (!key.ok()) return key.failure();
  if (std::optional<Failure> failure = CheckComparable(dict, key.value(), request.refuse_opaque()))
    return *failure;
  Result<Value> value = FromWire(request.value());
  if (!value.ok()) return value.failure();
  if (std::optional<Failure> failure = CheckRoom(dict, 1)) return *failure;
  if (const auto place = dict.table.Find(key.value())) {
    ToWire(dict.table.ValueAt(*place), reply->mutable_value());
  } else {
    ToWire(value.value(), reply->mutable_value());
    dict.table.Set(std::move(key).value(), std::move(value).value());
    reply->set_inserted(true);
    dict.Touch();
  }
  reply->set_version(dict.version());
  return Done();
}

Outcome Delete(DictObject& dict, const v1::DictDeleteRequest& request,
               plain::DictChangeReply* reply, Turn& turn) {
  if (std::optional<Failure> failure = CheckVersion(dict, request)) return *failure;
  const Result<Value> key = KeyFromWire(request.key());
  if (!key.ok()) return key.failure();
  if (std::optional<Failure> failure = CheckComparable(dict, key.value(), request.refuse_opaque()))
    return *failure;
  const auto place = dict.table.Find(key.value());
  if (!place) return KeyNotFound(key.value());
  if (turn.rehearsal()) return Done();
  dict.table.Take(*place);
  return Answer(dict, true, reply);
}

Outcome Pop(DictObject& dict, const v1::DictPopRequest& request, v1::DictPopReply* reply,
            Turn& /*turn*/) {
  if (std::optional<Failure> failure = CheckVersion(dict, request)) return *failure;
  const Result<Value> key = KeyFromWire(request.key());
  if (!key.ok()) return key.failure();
  if (std::optional<Failure> failure = CheckComparable(dict, key.value(), request.refuse_opaque()))
    return *failure;
  if (const auto place = dict.table.Find(key.value())) {
    ToWire(dict.table.Take(*place).value, reply->mutable_value());
    dict.Touch();
  }
  reply->set_version(dict.version());
  return Done();
}

Outcome PopItem(DictObject& dict, const v1::DictPopItemRequest& /*request*/,
                v1::DictPopItemReply* reply, Turn& /*turn*/) {
  if (!dict.table.empty()) {
    const auto last = static_cast<DictTable::Place>(dict.table.places() - 1);
    EntryToWire(dict.table.Take(last), reply->mutable_entry());
    dict.Touch();
  }
  reply->set_version(dict.version());
  return Done();
}

Outcome Contains(DictObject& dict, const v1::DictContainsRequest& request,
                 v1::DictContainsReply* reply, Turn& /*turn*/) {
  const Result<Value> key = KeyFromWire(request.key());
  if (!key.ok()) return key.failure();
  if (std::optional<Failure> failure = CheckComparable(dict, key.value(), request.refuse_opaque()))
    return *failure;
  reply->set_contains(dict.table.Find(key.value()).has_value());
  return Done();
}

Outcome Keys(DictObject& dict, const v1::DictKeysRequest& /*request*/, v1::DictKeysReply* reply,
             Turn& /*turn*/) {
  ReplyBudget budget;
  for (const DictTable::Entry& entry : dict.table.entries()) {
    if (entry.hole()) continue;
    if (!budget.Take(entry.key)) return ReplyBudget::Exceeded();
    ToWire(entry.key, reply->add_keys());
  }
  reply->set_version(dict.version());
  return Done();
}

Outcome Values(DictObject& dict, const v1::DictValuesRequest& /*request*/,
               v1::DictValuesReply* reply, Turn& /*turn*/) {
  ReplyBudget budget;
  for (const DictTable::Entry& entry : dict.table.entries()) {
    if (entry.hole()) continue;
    if (!budget.Take(entry.value)) return ReplyBudget::Exceeded();
    ToWire(entry.value, reply->add_values());
  }
  reply->set_version(dict.version());
  return Done();
}

Outcome Items(DictObject& dict, const v1::DictItemsRequest& /*request*/,
              plain::DictItemsReply* reply, Turn& /*turn*/) {
  ReplyBudget budget;
  for (const DictTable::Entry& entry : dict.table.entries()) {
    if (entry.hole()) continue;
    if (!budget.Take(entry.key) || !budget.Take(entry.value)) return ReplyBudget::Exceeded();
    reply->entries.AddEntry(entry.key, entry.value);
  }
  reply->version = dict.version();
  return Done();
}

Outcome Clear(DictObject& dict, const v1::DictClearRequest& request, plain::DictChangeReply* reply,
              Turn& /*turn*/) {
  if (std::optional<Failure> failure = CheckVersion(dict, request)) return *failure;
  const bool changed = !dict.table.empty();
  dict.table.Clear();
  return Answer(dict, changed, reply);
}

Outcome Copy(DictObject& dict, const v1::DictCopyRequest& request, v1::DictCreateReply* reply,
             Turn& turn) {
  Result<Object*> made = turn.CreateLike(dict, request.target());
  if (!made.ok()) return made.failure();
  auto& target = static_cast<DictObject&>(*made.value());
  if (!dict.table.empty()) {
    target.table = dict.table;
    target.Touch();
  }
  reply->set_name(target.name());
  reply->set_created(true);
  reply->set_version(target.version());
  return Done();
}

// Adds two numbers; joins nothing else.
Result<Value> AddNumbers(const Value& current, const Value& amount) {
  if (current.is_number() && amount.is_number()) return Add(current, amount);
  const Value& wrong = amount.is_number() ? current : amount;
  return Failure{
      v1::ERROR_REASON_UNSUPPORTED_OPERAND,
      std::string(KindWord(wrong.kind())) + " " + ShortText(wrong) + " is no number to add"};
}

Outcome Increment(DictObject& dict, const v1::DictIncrementRequest& request,
                  v1::DictIncrementReply* reply, Turn& turn) {
  if (std::optional<Failure> failure = CheckVersion(dict, request)) return *failure;
  Result<Value> key = KeyFromWire(request.key());
  if (!key.ok()) return key.failure();
  if (std::optional<Failure> failure = CheckComparable(dict, key.value(), request.refuse_opaque()))
    return *failure;
  const Result<Value> amount = FromWire(request.amount());
  if (!amount.ok()) return amount.failure();
  const Result<Value> initial =
      request.has_initial() ? FromWire(request.initial()) : Value::Integer(0);
  if (!initial.ok()) return initial.failure();
  if (std::optional<Failure> failure = CheckRoom(dict, 1)) return *failure;
  const auto place = dict.table.Find(key.value());
  Result<Value> sum =
      AddNumbers(place ? dict.table.ValueAt(*place) : initial.value(), amount.value());
  if (!sum.ok()) return sum.failure();
  if (turn.rehearsal()) return Done();
  ToWire(sum.value(), reply->mutable_value());
  if (place) {
    dict.table.SetAt(*place, std::move(sum).value());
  } else {
    dict.table.Set(std::move(key).value(), std::move(sum).value());
  }
  dict.Touch();
  reply->set_version(dict.version());
  return Done();
}

Outcome IncrementMany(DictObject& dict, const v1::DictIncrementManyRequest& request,
                      plain::DictChangeReply* reply, Turn& turn) {
  if (std::optional<Failure> failure = CheckVersion(dict, request)) return *failure;
  // The sums are made aside, in a table as a key may come twice, so that all or none are stored.
  DictTable sums;
  for (const v1::Entry& entry : request.amounts()) {
    Result<Value> key = KeyFromWire(entry.key());
    if (!key.ok()) return key.failure();
    if (std::optional<Failure> failure =
            CheckComparable(dict, key.value(), request.refuse_opaque())) {
      return *failure;
    }
    const Result<Value> amount = FromWire(entry.value());
    if (!amount.ok()) return amount.failure();
    const auto summed = sums.Find(key.value());
    const auto held = summed ? std::nullopt : dict.table.Find(key.value());
    const Value zero = Value::Integer(0);
    const Value& current = summed ? sums.ValueAt(*summed) : held ? dict.table.ValueAt(*held) : zero;
    Result<Value> sum = AddNumbers(current, amount.value());
    if (!sum.ok()) return sum.failure();
    sums.Set(std::move(key).value(), std::move(sum).value());
  }
  if (std::optional<Failure> failure = CheckRoom(dict, sums.size())) return *failure;
  if (turn.rehearsal()) return Done();
  for (const DictTable::Entry& entry : sums.entries()) dict.table.Set(entry.key, entry.value);
  return Answer(dict, !sums.empty(), reply);
}

Outcome CompareAndSet(DictObject& dict, const v1::DictCompareAndSetRequest& request,
                      v1::DictCompareAndSetReply* reply, Turn& /*turn*/) {
  if (std::optional<Failure> failure = CheckVersion(dict, request)) return *failure;
  Result<Value> key = KeyFromWire(request.key());
  if (!key.ok()) return key.failure();
  if (std::optional<Failure> failure = CheckComparable(dict, key.value(), request.refuse_opaque()))
    return *failure;
  const Result<Value> expected = FromWire(request.expected());
  if (!expected.ok()) return expected.failure();
  Result<Value> desired = FromWire(request.desired());
  if (!desired.ok()) return desired.failure();
  if (std::optional<Failure> failure = CheckRoom(dict, 1)) return *failure;
  const auto place = dict.table.Find(key.value());
  const bool swapped = place.has_value() == request.has_expected() &&
                       (!place || dict.table.ValueAt(*place) == expected.value());
  reply->set_swapped(swapped);
  if (!swapped) {
    if (place) ToWire(dict.table.ValueAt(*place), reply->mutable_current());
  } else if (request.has_desired()) {
    ToWire(desired.value(), reply->mutable_current());
    dict.table.Set(std::move(key).value(), std::move(desired).value());
    dict.Touch();
  } else if (place) {
    dict.table.Take(*place);
    dict.Touch();
  }
  reply->set_version(dict.version());
  return Done();
}

Outcome Scan(DictObject& dict, const v1::DictScanRequest& request, plain::DictScanReply* reply,
             Turn& /*turn*/) {
  const DictTable& table = dict.table;
  const uint64_t limit = request.limit() == 0 ? kPageItemsDefault : request.limit();
  ReplyBudget budget;
  size_t place = table.PlaceOf(request.cursor());
  for (; place < table.places(); ++place) {
    const DictTable::Entry& entry = table.entries()[place];
    if (entry.hole()) continue;
    budget.Take(entry.key);
    if (!request.keys_only()) budget.Take(entry.value);
    const uint64_t taken = reply->entries.size();
    if (taken == limit || (taken > 0 && budget.bytes() > kPageBytesMax)) break;
    if (request.keys_only()) {
      reply->entries.AddKey(entry.key);
    } else {
      reply->entries.AddEntry(entry.key, entry.value);
    }
  }
  const bool done = place == table.places();
  reply->next = done ? table.NextOrdinal() : table.OrdinalAt(static_cast<DictTable::Place>(place));
  reply->done = done;
  reply->length = table.size();
  reply->size_changed = request.has_if_length() && request.if_length() != table.size();
  reply->version = dict.version();
  return Done();
}

}  // namespace

const TypeRow& DictType() {
  static const TypeRow row =
      MakeType<DictObject>("dict", {
                                       Op<Create>("Dict.Create"),
                                       Op<Len>("Dict.Len"),
                                       Op<Get>("Dict.Get"),
                                       Op<GetMany>("Dict.GetMany"),
                                       JointOp<Set>("Dict.Set"),
                                       JointOp<SetMany>("Dict.SetMany"),
                                       Op<SetDefault>("Dict.SetDefault"),
                                       JointOp<Delete>("Dict.Delete"),
                                       Op<Pop>("Dict.Pop"),
                                       Op<PopItem>("Dict.PopItem"),
                                       Op<Contains>("Dict.Contains"),
                                       Op<Keys>("Dict.Keys"),
                                       Op<Values>("Dict.Values"),
                                       Op<Items>("Dict.Items"),
                                       Op<Clear>("Dict.Clear"),
                                       Op<Copy>("Dict.Copy"),
                                       JointOp<Increment>("Dict.Increment"),
                                       Op<CompareAndSet>("Dict.CompareAndSet"),
                                       Op<Scan>("Dict.Scan"),
                                       JointOp<IncrementMany>("Dict.IncrementMany"),
                                   });
  return row;
}

}  // namespace coheld::engine
