// What the op builders (list_ops.cc, ...) share: a method number from the table, a request from a
// message, and a reader from a lambda.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "client/cpp/src/hold.h"
#include "client/cpp/src/plain_message.h"
#include "client/cpp/src/value_codec.h"
#include "coheld/error.h"
#include "coheld/op.h"
#include "proto/wire/check.h"
#include "proto/wire/fields.h"
#include "proto/wire/methods.h"

namespace coheld::core {

// A method's number, found at the first use of a static constinit object. Such an object needs no
// guard while it is made: a child of fork() would wait for ever on one that a thread of its parent
// held.
class MethodNumber {
 public:
  // `path` is a literal such as "/coheld.v1.List/Append".
  constexpr explicit MethodNumber(const char* path) : path_(path) {}

  operator uint32_t() const {
    uint32_t number = number_.load(std::memory_order_relaxed);
    if (number == 0) {
      const wire::MethodRow* row = wire::FindMethod(std::string_view(path_));
      COHELD_CHECK(row != nullptr);
      number = row->number;
      number_.store(number, std::memory_order_relaxed);
    }
    return number;
  }

 private:
  const char* path_;
  mutable std::atomic<uint32_t> number_{0};
};

// Parses a reply. Throws InternalError.
template <typename Reply>
Reply ParseReply(std::string_view bytes) {
  Reply reply;
  if (!reply.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    RefuseReply(Reply::descriptor()->name());
  }
  return reply;
}

// Makes what a Create reply tells of.
template <typename Reply>
Created CreatedFrom(const Reply& reply) {
  Created created{.name = reply.name(), .created = reply.created()};
  if constexpr (requires { reply.version(); }) created.version = reply.version();
  created.hold = ReceiveCreated(created.name, created.created);
  return created;
}

// Makes an op; `read` is a captureless lambda from Reply to R.
template <typename Reply, typename Read, typename Request>
auto MakeOp(uint32_t method, const Request& request, Read) {
  using R = std::invoke_result_t<Read, Reply>;
  return Op<R>{.method = method,
               .request = request.SerializeAsString(),
               .read = [](std::string_view bytes) { return Read{}(ParseReply<Reply>(bytes)); },
               .kept = TakeKept()};
}

// Reads a reply that tells the length and version after a change, without an object of it.
template <typename Reply>
Changed ReadChanged(std::string_view bytes) {
  constexpr uint32_t kLength = wire::FieldTag(Reply::kLengthFieldNumber, wire::WireType::kVarint);
  constexpr uint32_t kVersion = wire::FieldTag(Reply::kVersionFieldNumber, wire::WireType::kVarint);
  Changed changed;
  wire::FieldReader fields(bytes);
  while (fields.Next()) {
    if (fields.tag() == kLength) changed.length = fields.number();
    if (fields.tag() == kVersion) changed.version = fields.number();
  }
  if (!fields.valid()) RefuseReply(Reply::descriptor()->name());
  return changed;
}

// Reads the optional field `value` of a reply, without an object of it.
template <typename Reply>
std::optional<Value> ReadOptionalValue(std::string_view bytes) {
  constexpr uint32_t kValue = wire::FieldTag(Reply::kValueFieldNumber, wire::WireType::kBytes);
  std::optional<Value> value;
  wire::FieldReader fields(bytes);
  while (fields.Next()) {
    if (fields.tag() == kValue) value = ReadValue(fields.bytes());
  }
  if (!fields.valid()) RefuseReply(Reply::descriptor()->name());
  return value;
}

// Makes an op of a request that is written already.
template <typename R>
Op<R> PlainOp(uint32_t method, PlainRequest& request, R (*read)(std::string_view)) {
  return {.method = method, .request = request.Take(), .read = read, .kept = TakeKept()};
}

// Makes an op whose reply tells the length and version after a change.
template <typename Reply, typename Request>
Op<Changed> ChangeOp(uint32_t method, const Request& request) {
  return {.method = method,
          .request = request.SerializeAsString(),
          .read = ReadChanged<Reply>,
          .kept = TakeKept()};
}
template <typename Reply>
Op<Changed> ChangeOp(uint32_t method, PlainRequest& request) {
  return PlainOp(method, request, ReadChanged<Reply>);
}

// Makes an op whose reply tells what was created.
template <typename Reply, typename Request>
Op<Created> CreateOp(uint32_t method, const Request& request) {
  return MakeOp<Reply>(method, request, [](const Reply& reply) { return CreatedFrom(reply); });
}

// Starts a request on an object.
template <typename Request>
Request Named(const std::string& name) {
  Request request;
  request.set_name(name);
  return request;
}

// Starts a request for a conditional change.
template <typename Request>
Request Changing(const std::string& name, const IfVersion& version) {
  auto request = Named<Request>(name);
  if (version) request.set_if_version(*version);
  return request;
}

// Starts a request that may wait.
template <typename Request>
Request Waiting(const std::string& name, const WaitTime& time) {
  auto request = Named<Request>(name);
  if (time.milliseconds()) request.set_timeout_ms(*time.milliseconds());
  return request;
}

// Takes the optional field `value` of a message.
template <typename Message>
std::optional<Value> TakeValue(Message message) {
  if (!message.has_value()) return std::nullopt;
  return FromMessage(std::move(*message.mutable_value()));
}

}  // namespace coheld::core
