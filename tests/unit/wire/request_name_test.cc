// The name in a request is what protobuf reads there.
#include "proto/wire/request_name.h"

#include <gtest/gtest.h>

#include "coheld/v1/dict.pb.h"

namespace coheld::wire {
namespace {

std::string Request(const std::string& name) {
  v1::DictGetRequest request;
  request.set_name(name);
  request.mutable_key()->set_text("key");
  return request.SerializeAsString();
}

TEST(RequestNameTest, IsWhatTheRequestBeginsWith) {
  for (const size_t size : {1, 127, 128, 512, 5000}) {
    const std::string name(size, 'n');
    EXPECT_EQ(NameIn(Request(name)), name);
  }
}

TEST(RequestNameTest, IsFoundBehindOtherFields) {
  v1::DictGetRequest key;
  key.mutable_key()->set_text("key");
  EXPECT_EQ(NameIn(key.SerializeAsString() + Request("name")), "name");
}

TEST(RequestNameTest, IsNothingWhereThereIsNone) {
  EXPECT_EQ(NameIn(""), "");
  EXPECT_EQ(NameIn(Request("")), "");
  EXPECT_EQ(NameIn("\x0A\x05"
                   "cut"),
            "");
}

TEST(RequestNameTest, TheLastTextOfANumberCounts) {
  EXPECT_EQ(TextField("\x12\x01"
                      "a"
                      "\x12\x01"
                      "b",
                      2),
            "b");
  EXPECT_EQ(TextField("\x12\x01"
                      "a",
                      3),
            "");
}

}  // namespace
}  // namespace coheld::wire
