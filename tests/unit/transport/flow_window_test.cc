// The arithmetic of flow control.
#include "server/transport/flow_window.h"

#include <gtest/gtest.h>

namespace coheld::transport {
namespace {

TEST(SendWindowTest, IsSpentAndGrows) {
  SendWindow window(10);
  window.Spend(7);
  EXPECT_EQ(window.left(), 3U);
  EXPECT_TRUE(window.Grow(5));
  EXPECT_EQ(window.left(), 8U);
}

TEST(SendWindowTest, IsNegativeUntilItHasGrownBack) {
  SendWindow window(10);
  window.Spend(10);
  EXPECT_TRUE(window.Grow(-6));
  EXPECT_EQ(window.left(), 0U);
  EXPECT_TRUE(window.Grow(6));
  EXPECT_EQ(window.left(), 0U);
  EXPECT_TRUE(window.Grow(1));
  EXPECT_EQ(window.left(), 1U);
}

TEST(SendWindowTest, DoesNotGrowBeyondTheLargest) {
  SendWindow window(1);
  EXPECT_TRUE(window.Grow(kWindowMax - 1));
  EXPECT_FALSE(window.Grow(1));
  EXPECT_EQ(window.left(), kWindowMax);
}

TEST(ReceiveWindowTest, TakesNoMoreThanItHas) {
  ReceiveWindow window(100);
  EXPECT_TRUE(window.Receive(60));
  EXPECT_FALSE(window.Receive(41));
  EXPECT_TRUE(window.Receive(40));
  EXPECT_FALSE(window.Receive(1));
}

TEST(ReceiveWindowTest, ThePeerIsToldInHalves) {
  ReceiveWindow window(100);
  EXPECT_TRUE(window.Receive(100));
  EXPECT_EQ(window.Consume(49), 0U);
  EXPECT_EQ(window.Consume(2), 51U);
  EXPECT_EQ(window.Consume(49), 0U);
  EXPECT_TRUE(window.Receive(51));
  EXPECT_FALSE(window.Receive(1));
}

}  // namespace
}  // namespace coheld::transport
