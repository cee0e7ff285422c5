// What is left of an op's timeout when it is sent again.
#include "client/cpp/src/time_left.h"

#include <gtest/gtest.h>

#include "coheld/v1/list.pb.h"
#include "coheld/v1/queue.pb.h"
#include "proto/wire/methods.h"

namespace coheld::core {
namespace {

const uint32_t kGet = wire::FindMethod(std::string_view("/coheld.v1.Queue/Get"))->number;

v1::QueueGetRequest Get(std::optional<uint64_t> timeout_ms) {
  v1::QueueGetRequest request;
  request.set_name("queue");
  if (timeout_ms) request.set_timeout_ms(*timeout_ms);
  return request;
}

// The timeout after some time.
uint64_t LeftAfter(uint64_t timeout_ms, uint64_t passed_ms) {
  const auto bytes = WithTimeLeft(kGet, Get(timeout_ms).SerializeAsString(), passed_ms);
  v1::QueueGetRequest request;
  EXPECT_TRUE(bytes && request.ParseFromString(*bytes));
  EXPECT_EQ(request.name(), "queue");
  return request.timeout_ms();
}

TEST(TimeLeftTest, WhatHasPassedIsTakenOff) { EXPECT_EQ(LeftAfter(1000, 300), 700u); }

TEST(TimeLeftTest, ATimeThatIsOverIsNoWait) {
  EXPECT_EQ(LeftAfter(1000, 1000), 0u);
  EXPECT_EQ(LeftAfter(1000, 5000), 0u);
}

TEST(TimeLeftTest, AWaitForEverStaysOne) {
  EXPECT_FALSE(WithTimeLeft(kGet, Get(std::nullopt).SerializeAsString(), 5000));
}

TEST(TimeLeftTest, WhatDoesNotWaitIsSentAsItIs) {
  const uint32_t append = wire::FindMethod(std::string_view("/coheld.v1.List/Append"))->number;
  EXPECT_FALSE(WithTimeLeft(append, "", 5000));
  EXPECT_FALSE(WithTimeLeft(0, "", 5000));
}

TEST(TimeLeftTest, BytesThatAreNoMessageAreLeftAlone) {
  EXPECT_FALSE(WithTimeLeft(kGet, "\xff\xff\xff", 5000));
}

}  // namespace
}  // namespace coheld::core
