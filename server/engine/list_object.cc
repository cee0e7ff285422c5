// The list: its state and its ops (coheld/v1/list.proto). Every handler validates the whole request
// before it changes anything.
#include <algorithm>

#include "coheld/v1/list.pb.h"
#include "server/engine/if_version.h"
#include "server/engine/limits.h"
#include "server/engine/plain_messages.h"
#include "server/engine/registry.h"
#include "server/engine/slice.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/value_codec.h"
#include "server/engine/value_ring.h"

namespace coheld::engine {
namespace {

class ListObject : public Object {
 public:
  uint64_t size() const override { return items.size(); }
  void VisitValues(const ValueVisitor& visit) const override {
    for (size_t index = 0; index < items.size(); ++index) visit(items[index]);
  }
  void Save(StateWriter& state) const override {
    state.PutVersion(1);
    items.Save(state);
  }
  void Load(StateReader& state) override {
    state.TakeVersion(1);
    items.Load(state);
  }

  ValueRing items;
};

Failure OutOfRange(int64_t index, size_t length) {
  std::string message = "index " + std::to_string(index) + " is out of range: the list ";
  if (length == 0) return {v1::ERROR_REASON_INDEX_OUT_OF_RANGE, message + "is empty"};
  return {v1::ERROR_REASON_INDEX_OUT_OF_RANGE, message + "has " + std::to_string(length) +
                                                   " items; use -" + std::to_string(length) +
                                                   " to " + std::to_string(length - 1)};
}

Failure NotFound(const Value& value) {
  return {v1::ERROR_REASON_VALUE_NOT_FOUND, ShortText(value) + " is not in the list"};
}

// Answers an op that changed the list.
Outcome Changed(ListObject& list, plain::ListChangeReply* reply) {
  list.Touch();
  reply->length = list.items.size();
  reply->version = list.version();
  return Done();
}

// Answers an op that found nothing to change.
Outcome Unchanged(const ListObject& list, plain::ListChangeReply* reply) {
  reply->length = list.items.size();
  reply->version = list.version();
  return Done();
}

// Says whether an item equals the value of a request. NOT_COMPARABLE if it does not, one of them is
// opaque, and the request leaves it to clients to compare those.
template <typename Request>
Result<bool> Matches(const Value& item, const Value& value, const Request& request) {
  if (item == value) return true;
  if (!request.refuse_opaque() || (!item.holds_opaque() && !value.holds_opaque())) return false;
  return Failure{v1::ERROR_REASON_NOT_COMPARABLE,
                 "only the client can compare " + ShortText(value) + " with the item " +
                     ShortText(item) + "; compare them there, or leave out refuse_opaque"};
}

// Returns the first place in [start, stop) with an equal value, or stop.
template <typename Request>
Result<size_t> FindValue(const ListObject& list, const Value& value, size_t start, size_t stop,
                         const Request& request) {
  for (; start < stop; ++start) {
    const Result<bool> matches = Matches(list.items[start], value, request);
    if (!matches.ok()) return matches.failure();
    if (matches.value()) break;
  }
  return start;
}

Outcome Create(ListObject& list, const v1::ListCreateRequest& request, v1::ListCreateReply* reply,
               Turn& turn) {
  if (!turn.created() && request.exclusive()) {
    return Failure{v1::ERROR_REASON_OBJECT_EXISTS, "the name \"" + list.name() + "\" is taken"};
  }
  if (turn.created() && request.items_size() > 0) {
    Result<Value::Items> items = ItemsFromWire(request.items());
    if (!items.ok()) return items.failure();
    list.items.Replace(0, 0, std::move(items).value());
    list.Touch();
  }
  reply->set_name(list.name());
  reply->set_created(turn.created());
  reply->set_version(list.version());
  return Done();
}

Outcome Len(ListObject& list, const v1::ListLenRequest& /*request*/, v1::ListLenReply* reply,
            Turn& /*turn*/) {
  reply->set_length(list.items.size());
  reply->set_version(list.version());
  return Done();
}

Outcome Get(ListObject& list, const plain::ListGetRequest& request, plain::ListGetReply* reply,
            Turn& /*turn*/) {
  const std::optional<size_t> place = ResolveIndex(request.index, list.items.size());
  if (!place) return OutOfRange(request.index, list.items.size());
  reply->value.Refer(list.items[*place]);
  reply->version = list.version();
  return Done();
}

Outcome Set(ListObject& list, const plain::ListSetRequest& request, plain::ListChangeReply* reply,
            Turn& turn) {
  if (std::optional<Failure> failure = CheckVersion(list, request)) return *failure;
  const std::optional<size_t> place = ResolveIndex(request.index, list.items.size());
  if (!place) return OutOfRange(request.index, list.items.size());
  Result<Value> value = request.value.Get();
  if (!value.ok()) return value.failure();
  if (turn.rehearsal()) return Done();
  list.items[*place] = std::move(value).value();
  return Changed(list, reply);
}

Outcome Delete(ListObject& list, const v1::ListDeleteRequest& request,
               plain::ListChangeReply* reply, Turn& /*turn*/) {
  if (std::optional<Failure> failure = CheckVersion(list, request)) return *failure;
  const std::optional<size_t> place = ResolveIndex(request.index(), list.items.size());
  if (!place) return OutOfRange(request.index(), list.items.size());
  list.items.Take(*place);
  return Changed(list, reply);
}

Outcome GetSlice(ListObject& list, const v1::ListGetSliceRequest& request,
                 plain::ListGetSliceReply* reply, Turn& /*turn*/) {
  const Result<SliceRange> slice = ResolveSlice(request.slice(), list.items.size());
  if (!slice.ok()) return slice.failure();
  const SliceRange& range = slice.value();
  ReplyBudget budget;
  for (int64_t n = 0; n < range.count; ++n) {
    const Value& item = list.items[range.At(n)];
    if (!budget.Take(item)) return ReplyBudget::Exceeded();
    reply->values.Add(item);
  }
  reply->version = list.version();
  return Done();
}

Outcome SetSlice(ListObject& list, const v1::ListSetSliceRequest& request,
                 plain::ListChangeReply* reply, Turn& /*turn*/) {
  if (std::optional<Failure> failure = CheckVersion(list, request)) return *failure;
  const Result<SliceRange> slice = ResolveSlice(request.slice(), list.items.size());
  if (!slice.ok()) return slice.failure();
  const SliceRange& range = slice.value();
  if (range.step != 1 && request.values_size() != range.count) {
    return Failure{v1::ERROR_REASON_SLICE_SIZE_MISMATCH,
                   std::to_string(request.values_size()) +
                       " values cannot take the places of an extended slice of " +
                       std::to_string(range.count) + "; give as many, or use step 1"};
  }
  Result<Value::Items> values = ItemsFromWire(request.values());
  if (!values.ok()) return values.failure();
  if (range.count == 0 && values.value().empty()) return Unchanged(list, reply);
  if (range.step == 1) {
    list.items.Replace(range.At(0), static_cast<size_t>(range.count), std::move(values).value());
  } else {
    for (int64_t n = 0; n < range.count; ++n) {
      list.items[range.At(n)] = std::move(values.value()[static_cast<size_t>(n)]);
    }
  }
  return Changed(list, reply);
}

Outcome DeleteSlice(ListObject& list, const v1::ListDeleteSliceRequest& request,
                    plain::ListChangeReply* reply, Turn& /*turn*/) {
  if (std::optional<Failure> failure = CheckVersion(list, request)) return *failure;
  const Result<SliceRange> slice = ResolveSlice(request.slice(), list.items.size());
  if (!slice.ok()) return slice.failure();
  const SliceRange& range = slice.value();
  if (range.count == 0) return Unchanged(list, reply);
  const auto count = static_cast<size_t>(range.count);
  if (range.step == 1) {
    list.items.Replace(range.At(0), count, {});
  } else {
    const size_t lowest = range.step > 0 ? range.At(0) : range.At(range.count - 1);
    list.items.RemoveEach(lowest, static_cast<size_t>(std::abs(range.step)), count);
  }
  return Changed(list, reply);
}

Outcome Append(ListObject& list, const plain::ListAppendRequest& request,
               plain::ListChangeReply* reply, Turn& turn) {
  if (std::optional<Failure> failure = CheckVersion(list, request)) return *failure;
  Result<Value> value = request.value.Get();
  if (!value.ok()) return value.failure();
  if (turn.rehearsal()) return Done();
  list.items.Append(std::move(value).value());
  return Changed(list, reply);
}

Outcome Extend(ListObject& list, plain::ListExtendRequest& request, plain::ListChangeReply* reply,
               Turn& turn) {
  if (std::optional<Failure> failure = CheckVersion(list, request)) return *failure;
  Result<Value::Items> values = request.values.Take();
  if (!values.ok()) return values.failure();
  if (turn.rehearsal()) return Done();
  if (values.value().empty()) return Unchanged(list, reply);
  list.items.Replace(list.items.size(), 0, std::move(values).value());
  return Changed(list, reply);
}

Outcome Insert(ListObject& list, const v1::ListInsertRequest& request,
               plain::ListChangeReply* reply, Turn& /*turn*/) {
  if (std::optional<Failure> failure = CheckVersion(list, request)) return *failure;
  Result<Value> value = FromWire(request.value());
  if (!value.ok()) return value.failure();
  list.items.Insert(ClampIndex(request.index(), list.items.size()), std::move(value).value());
  return Changed(list, reply);
}

Outcome Pop(ListObject& list, const plain::ListPopRequest& request, plain::ListPopReply* reply,
            Turn& /*turn*/) {
  if (std::optional<Failure> failure = CheckVersion(list, request)) return *failure;
  const std::optional<size_t> place = ResolveIndex(request.index, list.items.size());
  if (!place) return OutOfRange(request.index, list.items.size());
  reply->value.Own(list.items.Take(*place));
  list.Touch();
  reply->length = list.items.size();
  reply->version = list.version();
  return Done();
}

Outcome Remove(ListObject& list, const v1::ListRemoveRequest& request,
               plain::ListChangeReply* reply, Turn& /*turn*/) {
  if (std::optional<Failure> failure = CheckVersion(list, request)) return *failure;
  const Result<Value> value = FromWire(request.value());
  if (!value.ok()) return value.failure();
  const size_t length = list.items.size();
  const Result<size_t> place = FindValue(list, value.value(), 0, length, request);
  if (!place.ok()) return place.failure();
  if (place.value() == length) return NotFound(value.value());
  list.items.Take(place.value());
  return Changed(list, reply);
}

Outcome Index(ListObject& list, const v1::ListIndexRequest& request, v1::ListIndexReply* reply,
              Turn& /*turn*/) {
  const Result<Value> value = FromWire(request.value());
  if (!value.ok()) return value.failure();
  const size_t length = list.items.size();
  const size_t start = request.has_start() ? ClampIndex(request.start(), length) : 0;
  const size_t stop = request.has_stop() ? ClampIndex(request.stop(), length) : length;
  const Result<size_t> place = FindValue(list, value.value(), start, stop, request);
  if (!place.ok()) return place.failure();
  if (place.value() >= stop) return NotFound(value.value());
  reply->set_index(place.value());
  reply->set_version(list.version());
  return Done();
}

Outcome Count(ListObject& list, const v1::ListCountRequest& request, v1::ListCountReply* reply,
              Turn& /*turn*/) {
  const Result<Value> value = FromWire(request.value());
  if (!value.ok()) return value.failure();
  uint64_t count = 0;
  for (size_t place = 0; place < list.items.size(); ++place) {
    const Result<bool> matches = Matches(list.items[place], value.value(), request);
    if (!matches.ok()) return matches.failure();
    if (matches.value()) ++count;
  }
  reply->set_count(count);
  return Done();
}

Outcome Contains(ListObject& list, const v1::ListContainsRequest& request,
                 v1::ListContainsReply* reply, Turn& /*turn*/) {
  const Result<Value> value = FromWire(request.value());
  if (!value.ok()) return value.failure();
  const size_t length = list.items.size();
  const Result<size_t> place = FindValue(list, value.value(), 0, length, request);
  if (!place.ok()) return place.failure();
  reply->set_contains(place.value() < length);
  return Done();
}

Outcome Reverse(ListObject& list, const v1::ListReverseRequest& request,
                plain::ListChangeReply* reply, Turn& /*turn*/) {
  if (std::optional<Failure> failure = CheckVersion(list, request)) return *failure;
  if (list.items.size() < 2) return Unchanged(list, reply);
  list.items.Reverse();
  return Changed(list, reply);
}

// Says whether a < b; keeps the first failure.
bool Less(const Value& a, const Value& b, std::optional<Failure>* failure) {
  if (a.kind() == ValueKind::kInteger && b.kind() == ValueKind::kInteger) {
    return a.integer() < b.integer();
  }
  if (*failure) return false;
  const Result<std::partial_ordering> order = Compare(a, b);
  if (!order.ok()) {
    *failure = order.failure();
    return false;
  }
  return order.value() < 0;
}

Outcome Sort(ListObject& list, const v1::ListSortRequest& request, plain::ListChangeReply* reply,
             Turn& /*turn*/) {
  if (std::optional<Failure> failure = CheckVersion(list, request)) return *failure;
  if (list.items.size() < 2) return Unchanged(list, reply);
  std::vector<const Value*> order(list.items.size());
  for (size_t place = 0; place < order.size(); ++place) order[place] = &list.items[place];
  std::optional<Failure> failure;
  // Comparisons that are no order (a NaN) give some order, as in Python, and never more than that:
  // a merge sort reads within its bounds whatever the comparison says.
  std::stable_sort(order.begin(), order.end(), [&](const Value* a, const Value* b) {
    return request.reverse() ? Less(*b, *a, &failure) : Less(*a, *b, &failure);
  });
  if (failure) return *failure;
  list.items.Permute(order);
  return Changed(list, reply);
}

Outcome Repeat(ListObject& list, const v1::ListRepeatRequest& request,
               plain::ListChangeReply* reply, Turn& /*turn*/) {
  if (std::optional<Failure> failure = CheckVersion(list, request)) return *failure;
  if (list.items.empty() || request.count() == 1) return Unchanged(list, reply);
  if (request.count() < 1) {
    list.items.Clear();
    return Changed(list, reply);
  }
  size_t bytes = 0;
  for (size_t place = 0; place < list.items.size(); ++place) {
    bytes += sizeof(Value) + list.items[place].owned_bytes();
  }
  const auto times = static_cast<uint64_t>(request.count());
  if (times > kGrowthBytesMax / bytes) {
    return Failure{v1::ERROR_REASON_TOO_LARGE, "repeated " + std::to_string(times) +
                                                   " times the list would take over " +
                                                   std::to_string(kGrowthBytesMax >> 20) + " MiB"};
  }
  list.items.Repeat(times - 1);
  return Changed(list, reply);
}

Outcome Clear(ListObject& list, const v1::ListClearRequest& request, plain::ListChangeReply* reply,
              Turn& /*turn*/) {
  if (std::optional<Failure> failure = CheckVersion(list, request)) return *failure;
  if (list.items.empty()) return Unchanged(list, reply);
  list.items.Clear();
  return Changed(list, reply);
}

Outcome Copy(ListObject& list, const v1::ListCopyRequest& request, v1::ListCreateReply* reply,
             Turn& turn) {
  Result<Object*> made = turn.CreateLike(list, request.target());
  if (!made.ok()) return made.failure();
  auto& target = static_cast<ListObject&>(*made.value());
  if (!list.items.empty()) {
    target.items = list.items;
    target.Touch();
  }
  reply->set_name(target.name());
  reply->set_created(true);
  reply->set_version(target.version());
  return Done();
}

Outcome Scan(ListObject& list, const v1::ListScanRequest& request, plain::ListScanReply* reply,
             Turn& /*turn*/) {
  const uint64_t limit = request.limit() == 0 ? kPageItemsDefault : request.limit();
  const uint64_t length = list.items.size();
  uint64_t place = request.start();
  ReplyBudget budget;
  for (; place < length && place - request.start() < limit; ++place) {
    const Value& item = list.items[place];
    budget.Take(item);
    if (budget.bytes() > kPageBytesMax && place > request.start()) break;
    reply->values.Add(item);
  }
  reply->next = place;
  reply->done = place >= length;
  reply->version = list.version();
  reply->length = length;
  return Done();
}

}  // namespace

const TypeRow& ListType() {
  static const TypeRow row = MakeType<ListObject>("list", {
                                                              Op<Create>("List.Create"),
                                                              Op<Len>("List.Len"),
                                                              Op<Get>("List.Get"),
                                                              JointOp<Set>("List.Set"),
                                                              Op<Delete>("List.Delete"),
                                                              Op<GetSlice>("List.GetSlice"),
                                                              Op<SetSlice>("List.SetSlice"),
                                                              Op<DeleteSlice>("List.DeleteSlice"),
                                                              JointOp<Append>("List.Append"),
                                                              JointOp<Extend>("List.Extend"),
                                                              Op<Insert>("List.Insert"),
                                                              Op<Pop>("List.Pop"),
                                                              Op<Remove>("List.Remove"),
                                                              Op<Index>("List.Index"),
                                                              Op<Count>("List.Count"),
                                                              Op<Contains>("List.Contains"),
                                                              Op<Reverse>("List.Reverse"),
                                                              Op<Sort>("List.Sort"),
                                                              Op<Repeat>("List.Repeat"),
                                                              Op<Clear>("List.Clear"),
                                                              Op<Copy>("List.Copy"),
                                                              Op<Scan>("List.Scan"),
                                                          });
  return row;
}

}  // namespace coheld::engine
