// Messages with deep values.
#include "proto/wire/parse.h"

#include <gtest/gtest.h>

#include "coheld/v1/dict.pb.h"

namespace coheld::wire {
namespace {

std::string ItemsWithMaps(int depth) {
  v1::Value value;
  for (int level = 0; level < depth; ++level) {
    v1::Value outer;
    *outer.mutable_map()->add_entries()->mutable_value() = value;
    value = outer;
  }
  v1::DictItemsReply reply;
  *reply.add_entries()->mutable_value() = value;
  return reply.SerializeAsString();
}

TEST(ParseMessage, StockParsersReadTheDeepestValue) {
  v1::DictItemsReply reply;
  EXPECT_TRUE(reply.ParseFromString(ItemsWithMaps(kNestingMax)));
  EXPECT_FALSE(reply.ParseFromString(ItemsWithMaps(kNestingMax + 2)));
}

TEST(ParseMessage, ReadsWhatIsALittleTooDeep) {
  v1::DictItemsReply reply;
  EXPECT_TRUE(ParseMessage(ItemsWithMaps(kNestingMax + 8), &reply));
  EXPECT_EQ(reply.entries_size(), 1);
}

TEST(ParseMessage, RefusesWhatIsFarTooDeep) {
  v1::DictItemsReply reply;
  EXPECT_FALSE(ParseMessage(ItemsWithMaps(3 * kNestingMax), &reply));
}

TEST(ParseMessage, RefusesWhatIsNoMessage) {
  v1::DictItemsReply reply;
  EXPECT_FALSE(ParseMessage("\xff", &reply));
  EXPECT_FALSE(ParseMessage(ItemsWithMaps(1).substr(1), &reply));
  EXPECT_TRUE(ParseMessage("", &reply));
}

}  // namespace
}  // namespace coheld::wire
