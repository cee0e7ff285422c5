// Builds and reads the messages of coheld.v1.Dict. See coheld/ops/dict.h.
#include "client/cpp/src/op_builder.h"
#include "coheld/ops/dict.h"
#include "coheld/v1/dict.pb.h"

namespace coheld::ops {
namespace {

using core::ChangeOp;
using core::Changing;
using core::CreateOp;
using core::FromMessage;
using core::FromMessages;
using core::MakeOp;
using core::MethodNumber;
using core::Named;
using core::PlainOp;
using core::PlainRequest;
using core::ReadOptionalValue;
using core::TakeValue;
using core::ToMessage;
using core::ToMessages;

}  // namespace

Op<Created> dict_create(const std::string& name, std::vector<Entry> entries, bool exclusive) {
  static constinit MethodNumber method("/coheld.v1.Dict/Create");
  auto request = Named<v1::DictCreateRequest>(name);
  ToMessages(std::move(entries), request.mutable_entries());
  request.set_exclusive(exclusive);
  return CreateOp<v1::DictCreateReply>(method, request);
}

Op<Changed> dict_len(const std::string& name) {
  static constinit MethodNumber method("/coheld.v1.Dict/Len");
  return MakeOp<v1::DictLenReply>(
      method, Named<v1::DictLenRequest>(name), [](const v1::DictLenReply& reply) {
        return Changed{.length = reply.length(), .version = reply.version()};
      });
}

Op<std::optional<Value>> dict_get(const std::string& name, Value key) {
  static constinit MethodNumber method("/coheld.v1.Dict/Get");
  PlainRequest request(name);
  request.Append(v1::DictGetRequest::kKeyFieldNumber, std::move(key));
  return PlainOp(method, request, ReadOptionalValue<v1::DictGetReply>);
}

Op<std::vector<std::optional<Value>>> dict_get_many(const std::string& name,
                                                    std::vector<Value> keys) {
  static constinit MethodNumber method("/coheld.v1.Dict/GetMany");
  auto request = Named<v1::DictGetManyRequest>(name);
  ToMessages(std::move(keys), request.mutable_keys());
  return MakeOp<v1::DictGetManyReply>(method, request, [](v1::DictGetManyReply reply) {
    std::vector<std::optional<Value>> values;
    for (v1::OptionalValue& value : *reply.mutable_values()) {
      values.push_back(TakeValue(std::move(value)));
    }
    return values;
  });
}

Op<Changed> dict_set(const std::string& name, Value key, Value value, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.Dict/Set");
  PlainRequest request(name);
  request.Append(v1::DictSetRequest::kKeyFieldNumber, std::move(key))
      .Append(v1::DictSetRequest::kValueFieldNumber, std::move(value))
      .Append(v1::DictSetRequest::kIfVersionFieldNumber, version);
  return ChangeOp<v1::DictChangeReply>(method, request);
}

Op<Changed> dict_set_many(const std::string& name, std::vector<Entry> entries, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.Dict/SetMany");
  auto request = Changing<v1::DictSetManyRequest>(name, version);
  ToMessages(std::move(entries), request.mutable_entries());
  return ChangeOp<v1::DictChangeReply>(method, request);
}

Op<SetDefaultAnswer> dict_set_default(const std::string& name, Value key, Value value) {
  static constinit MethodNumber method("/coheld.v1.Dict/SetDefault");
  auto request = Named<v1::DictSetDefaultRequest>(name);
  ToMessage(std::move(key), request.mutable_key());
  ToMessage(std::move(value), request.mutable_value());
  return MakeOp<v1::DictSetDefaultReply>(method, request, [](v1::DictSetDefaultReply reply) {
    return SetDefaultAnswer{.value = FromMessage(std::move(*reply.mutable_value())),
                            .inserted = reply.inserted()};
  });
}

Op<Changed> dict_delete(const std::string& name, Value key, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.Dict/Delete");
  auto request = Changing<v1::DictDeleteRequest>(name, version);
  ToMessage(std::move(key), request.mutable_key());
  return ChangeOp<v1::DictChangeReply>(method, request);
}

Op<std::optional<Value>> dict_pop(const std::string& name, Value key, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.Dict/Pop");
  auto request = Changing<v1::DictPopRequest>(name, version);
  ToMessage(std::move(key), request.mutable_key());
  return MakeOp<v1::DictPopReply>(
      method, request, [](v1::DictPopReply reply) { return TakeValue(std::move(reply)); });
}

Op<std::optional<Entry>> dict_pop_item(const std::string& name) {
  static constinit MethodNumber method("/coheld.v1.Dict/PopItem");
  return MakeOp<v1::DictPopItemReply>(
      method, Named<v1::DictPopItemRequest>(name),
      [](v1::DictPopItemReply reply) -> std::optional<Entry> {
        if (!reply.has_entry()) return std::nullopt;
        return Entry{FromMessage(std::move(*reply.mutable_entry()->mutable_key())),
                     FromMessage(std::move(*reply.mutable_entry()->mutable_value()))};
      });
}

Op<bool> dict_contains(const std::string& name, Value key) {
  static constinit MethodNumber method("/coheld.v1.Dict/Contains");
  auto request = Named<v1::DictContainsRequest>(name);
  ToMessage(std::move(key), request.mutable_key());
  return MakeOp<v1::DictContainsReply>(
      method, request, [](const v1::DictContainsReply& reply) { return reply.contains(); });
}

Op<std::vector<Value>> dict_keys(const std::string& name) {
  static constinit MethodNumber method("/coheld.v1.Dict/Keys");
  return MakeOp<v1::DictKeysReply>(
      method, Named<v1::DictKeysRequest>(name),
      [](v1::DictKeysReply reply) { return FromMessages(reply.mutable_keys()); });
}

Op<std::vector<Value>> dict_values(const std::string& name) {
  static constinit MethodNumber method("/coheld.v1.Dict/Values");
  return MakeOp<v1::DictValuesReply>(
      method, Named<v1::DictValuesRequest>(name),
      [](v1::DictValuesReply reply) { return FromMessages(reply.mutable_values()); });
}

Op<DictItems> dict_items(const std::string& name) {
  static constinit MethodNumber method("/coheld.v1.Dict/Items");
  return MakeOp<v1::DictItemsReply>(
      method, Named<v1::DictItemsRequest>(name), [](v1::DictItemsReply reply) {
        return DictItems{.entries = FromMessages(reply.mutable_entries()),
                         .version = reply.version()};
      });
}

Op<Changed> dict_clear(const std::string& name, IfVersion version) {
  static constinit MethodNumber method("/coheld.v1.Dict/Clear");
  return ChangeOp<v1::DictChangeReply>(method, Changing<v1::DictClearRequest>(name, version));
}

Op<Created> dict_copy(const std::string& name, const std::string& target) {
  static constinit MethodNumber method("/coheld.v1.Dict/Copy");
  auto request = Named<v1::DictCopyRequest>(name);
  request.set_target(target);
  return CreateOp<v1::DictCreateReply>(method, request);
}

Op<Value> dict_increment(const std::string& name, Value key, Value amount,
                         std::optional<Value> initial) {
  static constinit MethodNumber method("/coheld.v1.Dict/Increment");
  auto request = Named<v1::DictIncrementRequest>(name);
  ToMessage(std::move(key), request.mutable_key());
  ToMessage(std::move(amount), request.mutable_amount());
  if (initial) ToMessage(std::move(*initial), request.mutable_initial());
  return MakeOp<v1::DictIncrementReply>(method, request, [](v1::DictIncrementReply reply) {
    return FromMessage(std::move(*reply.mutable_value()));
  });
}

Op<Changed> dict_increment_many(const std::string& name, std::vector<Entry> amounts) {
  static constinit MethodNumber method("/coheld.v1.Dict/IncrementMany");
  auto request = Named<v1::DictIncrementManyRequest>(name);
  ToMessages(std::move(amounts), request.mutable_amounts());
  return ChangeOp<v1::DictChangeReply>(method, request);
}

Op<SwapAnswer> dict_compare_and_set(const std::string& name, Value key,
                                    std::optional<Value> expected, std::optional<Value> desired) {
  static constinit MethodNumber method("/coheld.v1.Dict/CompareAndSet");
  auto request = Named<v1::DictCompareAndSetRequest>(name);
  ToMessage(std::move(key), request.mutable_key());
  if (expected) ToMessage(std::move(*expected), request.mutable_expected());
  if (desired) ToMessage(std::move(*desired), request.mutable_desired());
  return MakeOp<v1::DictCompareAndSetReply>(method, request, [](v1::DictCompareAndSetReply reply) {
    SwapAnswer answer{.swapped = reply.swapped(), .current = std::nullopt};
    if (reply.has_current()) answer.current = FromMessage(std::move(*reply.mutable_current()));
    return answer;
  });
}

Op<DictPage> dict_scan(const std::string& name, const DictScan& scan) {
  static constinit MethodNumber method("/coheld.v1.Dict/Scan");
  auto request = Named<v1::DictScanRequest>(name);
  request.set_cursor(scan.cursor);
  request.set_limit(scan.limit);
  request.set_keys_only(scan.keys_only);
  if (scan.if_length) request.set_if_length(*scan.if_length);
  return MakeOp<v1::DictScanReply>(method, request, [](v1::DictScanReply reply) {
    return DictPage{.entries = FromMessages(reply.mutable_entries()),
                    .next = reply.next(),
                    .done = reply.done(),
                    .length = reply.length(),
                    .size_changed = reply.size_changed(),
                    .version = reply.version()};
  });
}

}  // namespace coheld::ops
