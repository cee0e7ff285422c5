// What the op builders (list_ops.cc, ...) share: a method number from the table, a request from a
// message, and a reader from a lambda.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "client/cpp/src/value_codec.h"
#include "coheld/error.h"
#include "coheld/op.h"
#include "proto/wire/check.h"
#include "proto/wire/methods.h"

namespace coheld::core {

// Returns the number of a method, such as "/coheld.v1.List/Append". Call it once for each (static).
inline uint32_t MethodNumber(std::string_view path) {
  const wire::MethodRow* row = wire::FindMethod(path);
  COHELD_CHECK(row != nullptr);
  return row->number;
}

// Parses a reply. Throws InternalError.
template <typename Reply>
Reply ParseReply(std::string_view bytes) {
  Reply reply;
  if (!reply.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw InternalError(Reason::kInternal,
                        "the daemon's reply is not a " + std::string(Reply::descriptor()->name()));
  }
  return reply;
}

// Makes an op; `read` is a captureless lambda from Reply to R.
template <typename Reply, typename Read, typename Request>
auto MakeOp(uint32_t method, const Request& request, Read) {
  using R = std::invoke_result_t<Read, Reply>;
  return Op<R>{.method = method,
               .request = request.SerializeAsString(),
               .read = [](std::string_view bytes) { return Read{}(ParseReply<Reply>(bytes)); }};
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
