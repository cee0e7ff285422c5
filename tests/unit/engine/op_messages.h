// Between the random tests' ops and answers and the engine's messages.
#pragma once

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace coheld::engine::testing {

// The request of an op, with the name of its object.
template <typename Request, typename Op>
Request Named(const Op& op) {
  Request request;
  request.set_name(op.object);
  return request;
}

// The same, with its timeout if it has one.
template <typename Request, typename Op>
Request Waiting(const Op& op) {
  auto request = Named<Request>(op);
  if (op.timeout_ms) request.set_timeout_ms(*op.timeout_ms);
  return request;
}

template <typename Message>
Message Parse(const std::string& payload) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(payload));
  return message;
}

// How a number stands in answers and transcripts: "length 3".
inline std::string Count(const char* word, uint64_t count) {
  return std::string(word) + " " + std::to_string(count);
}

}  // namespace coheld::engine::testing
