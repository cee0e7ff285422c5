// The array: packed items of one C type (coheld/v1/array.proto). What an item may be is in
// packed_array.h.
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "coheld/v1/array.pb.h"
#include "server/engine/if_version.h"
#include "server/engine/limits.h"
#include "server/engine/object.h"
#include "server/engine/packed_array.h"
#include "server/engine/registry.h"
#include "server/engine/requests.h"
#include "server/engine/slice.h"
#include "server/engine/state_reader.h"
#include "server/engine/state_writer.h"
#include "server/engine/turn.h"
#include "server/engine/value_codec.h"

namespace coheld::engine {
namespace {

constexpr int kDimensionsMax = 64;
// An item in a reply, as a value.
constexpr size_t kValueBytes = 12;

class ArrayObject : public Object {
 public:
  uint64_t size() const override { return items.length(); }
  void Save(StateWriter& state) const override {
    state.PutVersion(1);
    items.Save(state);
    state.PutUnsigned(shape.size());
    for (const uint64_t length : shape) state.PutUnsigned(length);
  }
  void Load(StateReader& state) override {
    state.TakeVersion(1);
    items.Load(state);
    shape.resize(state.TakeCount());
    uint64_t product = 1;
    for (uint64_t& length : shape) {
      length = state.TakeUnsigned();
      if (__builtin_mul_overflow(product, length, &product)) product = UINT64_MAX;
    }
    if (!shape.empty() && product != items.length()) state.Fail("an array is not of its shape");
  }

  PackedArray items;
  std::vector<uint64_t> shape;  // Empty is one dimension.
};

// What every write checks first: only Create makes an array.
template <typename Request>
std::optional<Failure> CheckWrite(const ArrayObject& array, const Request& request,
                                  const Turn& turn) {
  if (turn.created()) {
    return Failure{v1::ERROR_REASON_OBJECT_NOT_FOUND,
                   "no array \"" + array.name() + "\"; create it, with its type code, first"};
  }
  if constexpr (requires { request.if_version(); }) return CheckVersion(array, request);
  return std::nullopt;
}

template <typename Request>
Result<size_t> FindIndex(const ArrayObject& array, const Request& request) {
  if (const auto place = ResolveIndex(request.index(), array.items.length())) return *place;
  return Failure{v1::ERROR_REASON_INDEX_OUT_OF_RANGE,
                 "index " + std::to_string(request.index()) + " is outside the array \"" +
                     request.name() + "\" of " + std::to_string(array.items.length()) + " items"};
}

Outcome Changed(ArrayObject& array, v1::ArrayChangeReply* reply) {
  array.Touch();
  reply->set_version(array.version());
  return Done();
}

Failure Invalid(std::string message) {
  return {v1::ERROR_REASON_INVALID_ARGUMENT, std::move(message)};
}

// Returns how many items the shape holds, or nothing if that is beyond 64 bits.
std::optional<uint64_t> Product(const google::protobuf::RepeatedField<uint64_t>& shape) {
  uint64_t product = 1;
  for (const uint64_t length : shape) {
    if (__builtin_mul_overflow(product, length, &product)) return std::nullopt;
  }
  return product;
}

// Returns how many items a new array has.
Result<uint64_t> LengthOf(const v1::ArrayCreateRequest& request, size_t item_bytes) {
  const int sources =
      (request.values_size() > 0) + !request.data().empty() + (request.length() > 0);
  if (sources > 1) return Invalid("values, data and length are given; use one of them");
  if (request.shape_size() > kDimensionsMax) {
    return Invalid("the shape has " + std::to_string(request.shape_size()) +
                   " dimensions; at most " + std::to_string(kDimensionsMax) + " are allowed");
  }
  uint64_t length = request.length() + static_cast<uint64_t>(request.values_size()) +
                    request.data().size() / item_bytes;
  if (request.shape_size() == 0) return length;
  const std::optional<uint64_t> product = Product(request.shape());
  if (sources == 0 && product) length = *product;
  if (product == length) return length;
  return Invalid("the shape does not have " + std::to_string(length) +
                 " items; let its dimensions multiply to that");
}

// Packs values, all or none.
Result<std::string> PackAll(const PackedArray& items,
                            const google::protobuf::RepeatedPtrField<v1::Value>& values) {
  std::string raw;
  raw.reserve(static_cast<size_t>(values.size()) * items.item_bytes());
  for (const v1::Value& wire : values) {
    const Result<Value> value = FromWire(wire);
    if (!value.ok()) return value.failure();
    const Result<PackedArray::Bits> bits = items.Pack(value.value());
    if (!bits.ok()) return bits.failure();
    raw.append(reinterpret_cast<const char*>(&bits.value()), items.item_bytes());
  }
  return raw;
}

// Sets the items of a range from a request's values or data.
template <typename Request>
std::optional<Failure> SetItems(const Request& request, const SliceRange& range,
                                PackedArray* items) {
  if (!request.data().empty() && request.values_size() > 0) {
    return Invalid("values and data are given; use one of them");
  }
  if (auto failure = items->CheckRaw(request.data())) return failure;
  const Result<std::string> packed = PackAll(*items, request.values());
  if (!packed.ok()) return packed.failure();
  const std::string& raw = request.data().empty() ? packed.value() : request.data();
  const size_t given = raw.size() / items->item_bytes();
  if (given != static_cast<size_t>(range.count)) {
    return Failure{v1::ERROR_REASON_SLICE_SIZE_MISMATCH,
                   std::to_string(given) + " items were given for a slice of " +
                       std::to_string(range.count) + "; an array's length is fixed"};
  }
  items->Write(range, raw);
  return std::nullopt;
}

Outcome Create(ArrayObject& array, const v1::ArrayCreateRequest& request,
               v1::ArrayCreateReply* reply, Turn& turn) {
  if (auto failure = CheckExclusive("array", array, request, turn)) return *failure;
  if (turn.created()) {
    const Result<PackedArray> none = PackedArray::Make(request.typecode(), 0);
    if (!none.ok()) return none.failure();
    const Result<uint64_t> length = LengthOf(request, none.value().item_bytes());
    if (!length.ok()) return length.failure();
    Result<PackedArray> items = PackedArray::Make(request.typecode(), length.value());
    if (!items.ok()) return items.failure();
    if (request.values_size() > 0 || !request.data().empty()) {
      const Result<SliceRange> all = ResolveSlice({}, items.value().length());
      if (auto failure = SetItems(request, all.value(), &items.value())) return *failure;
    }
    array.items = std::move(items).value();
    array.shape.assign(request.shape().begin(), request.shape().end());
    array.Touch();
  }
  AnswerCreate(array, turn, reply);
  reply->set_version(array.version());
  return Done();
}

Outcome Inspect(ArrayObject& array, const v1::ArrayInspectRequest& /*request*/,
                v1::ArrayInspectReply* reply, Turn& /*turn*/) {
  reply->set_typecode(std::string(array.items.typecode()));
  reply->set_item_bytes(static_cast<uint32_t>(array.items.item_bytes()));
  reply->set_length(array.items.length());
  for (const uint64_t length : array.shape) reply->add_shape(length);
  if (array.shape.empty()) reply->add_shape(array.items.length());
  reply->set_version(array.version());
  return Done();
}

Outcome Get(ArrayObject& array, const v1::ArrayGetRequest& request, v1::ArrayGetReply* reply,
            Turn& /*turn*/) {
  const Result<size_t> place = FindIndex(array, request);
  if (!place.ok()) return place.failure();
  ToWire(array.items.At(place.value()), reply->mutable_value());
  reply->set_version(array.version());
  return Done();
}

Outcome Set(ArrayObject& array, const v1::ArraySetRequest& request, v1::ArrayChangeReply* reply,
            Turn& turn) {
  if (auto failure = CheckWrite(array, request, turn)) return *failure;
  const Result<size_t> place = FindIndex(array, request);
  if (!place.ok()) return place.failure();
  const Result<Value> value = FromWire(request.value());
  if (!value.ok()) return value.failure();
  const Result<PackedArray::Bits> item = array.items.Pack(value.value());
  if (!item.ok()) return item.failure();
  array.items.SetAt(place.value(), item.value());
  return Changed(array, reply);
}

Outcome GetRange(ArrayObject& array, const v1::ArrayGetRangeRequest& request,
                 v1::ArrayGetRangeReply* reply, Turn& /*turn*/) {
  const Result<SliceRange> slice = ResolveSlice(request.slice(), array.items.length());
  if (!slice.ok()) return slice.failure();
  const SliceRange& range = slice.value();
  reply->set_typecode(std::string(array.items.typecode()));
  reply->set_length(array.items.length());
  reply->set_version(array.version());
  if (request.encoding() == v1::ARRAY_ENCODING_RAW) {
    if (static_cast<size_t>(range.count) * array.items.item_bytes() > kReplyBytesMax) {
      return ReplyBudget::Exceeded();
    }
    array.items.Read(range, reply->mutable_data());
    return Done();
  }
  if (!v1::ArrayEncoding_IsValid(request.encoding())) {
    return Invalid("no encoding has number " + std::to_string(request.encoding()) +
                   "; use VALUES (1) or RAW (2)");
  }
  if (static_cast<size_t>(range.count) > kReplyBytesMax / kValueBytes) {
    return ReplyBudget::Exceeded();
  }
  for (int64_t i = 0; i < range.count; ++i) {
    ToWire(array.items.At(range.At(i)), reply->add_values());
  }
  return Done();
}

Outcome SetRange(ArrayObject& array, const v1::ArraySetRangeRequest& request,
                 v1::ArrayChangeReply* reply, Turn& turn) {
  if (auto failure = CheckWrite(array, request, turn)) return *failure;
  const Result<SliceRange> range = ResolveSlice(request.slice(), array.items.length());
  if (!range.ok()) return range.failure();
  if (auto failure = SetItems(request, range.value(), &array.items)) return *failure;
  return Changed(array, reply);
}

Outcome Fill(ArrayObject& array, const v1::ArrayFillRequest& request, v1::ArrayChangeReply* reply,
             Turn& turn) {
  if (auto failure = CheckWrite(array, request, turn)) return *failure;
  const Result<SliceRange> range = ResolveSlice(request.slice(), array.items.length());
  if (!range.ok()) return range.failure();
  const Result<Value> value = FromWire(request.value());
  if (!value.ok()) return value.failure();
  const Result<PackedArray::Bits> item = array.items.Pack(value.value());
  if (!item.ok()) return item.failure();
  array.items.Fill(range.value(), item.value());
  return Changed(array, reply);
}

Outcome AddTo(ArrayObject& array, const v1::ArrayAddRequest& request, v1::ArrayAddReply* reply,
              Turn& turn) {
  if (auto failure = CheckWrite(array, request, turn)) return *failure;
  const Result<size_t> place = FindIndex(array, request);
  if (!place.ok()) return place.failure();
  const Result<Value> amount = FromWire(request.amount());
  if (!amount.ok()) return amount.failure();
  if (!array.items.is_numeric() || !amount.value().is_number()) {
    return Failure{v1::ERROR_REASON_UNSUPPORTED_OPERAND,
                   "cannot add " + ShortText(amount.value()) + " to an item of type code '" +
                       std::string(array.items.typecode()) + "'; only numbers are added"};
  }
  const Result<Value> sum = engine::Add(array.items.At(place.value()), amount.value());
  if (!sum.ok()) return sum.failure();
  const Result<PackedArray::Bits> item = array.items.Pack(sum.value());
  if (!item.ok()) return item.failure();
  array.items.SetAt(place.value(), item.value());
  array.Touch();
  ToWire(array.items.At(place.value()), reply->mutable_value());
  reply->set_version(array.version());
  return Done();
}

Outcome CompareExchange(ArrayObject& array, const v1::ArrayCompareExchangeRequest& request,
                        v1::ArrayCompareExchangeReply* reply, Turn& turn) {
  if (auto failure = CheckWrite(array, request, turn)) return *failure;
  const Result<size_t> place = FindIndex(array, request);
  if (!place.ok()) return place.failure();
  const Result<Value> expected = FromWire(request.expected());
  if (!expected.ok()) return expected.failure();
  const Result<Value> desired = FromWire(request.desired());
  if (!desired.ok()) return desired.failure();
  const Result<PackedArray::Bits> item = array.items.Pack(desired.value());
  if (!item.ok()) return item.failure();
  if (array.items.At(place.value()) == expected.value()) {
    array.items.SetAt(place.value(), item.value());
    array.Touch();
    reply->set_exchanged(true);
  }
  ToWire(array.items.At(place.value()), reply->mutable_current());
  reply->set_version(array.version());
  return Done();
}

}  // namespace

const TypeRow& ArrayType() {
  static const TypeRow row = MakeType<ArrayObject>(
      "array", {Op<Create>("Array.Create"), Op<Inspect>("Array.Inspect"), Op<Get>("Array.Get"),
                Op<Set>("Array.Set"), Op<GetRange>("Array.GetRange"),
                Op<SetRange>("Array.SetRange"), Op<Fill>("Array.Fill"), Op<AddTo>("Array.Add"),
                Op<CompareExchange>("Array.CompareExchange")});
  return row;
}

}  // namespace coheld::engine
