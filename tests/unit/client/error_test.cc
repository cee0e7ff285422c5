// The table from reason to exception covers the wire's reasons.
#include "coheld/error.h"

#include <gtest/gtest.h>

#include "coheld/v1/common.pb.h"
#include "proto/wire/status.h"

namespace coheld {
namespace {

TEST(ErrorTest, EveryReasonOfTheWireHasItsOwnRow) {
  for (int number = v1::ErrorReason_MIN + 1; number <= v1::ErrorReason_MAX; ++number) {
    if (!v1::ErrorReason_IsValid(number)) continue;
    const auto wire_reason = static_cast<v1::ErrorReason>(number);
    try {
      throw_error(static_cast<Reason>(number), "message");
    } catch (const Error& error) {
      EXPECT_EQ(error.reason(), static_cast<Reason>(number));
      EXPECT_EQ(error.code(), static_cast<int>(wire::CodeOf(wire_reason)));
      EXPECT_STREQ(error.what(), "message");
      EXPECT_EQ(to_string(error.reason()), wire::ReasonWord(wire_reason));
      const bool internal = dynamic_cast<const InternalError*>(&error) != nullptr;
      EXPECT_EQ(internal, wire_reason == v1::ERROR_REASON_INTERNAL) << to_string(error.reason());
    }
  }
}

TEST(ErrorTest, AReasonOfANewerDaemonIsInternalAndKeepsItsNumber) {
  try {
    throw_error(static_cast<Reason>(900), "message");
  } catch (const InternalError& error) {
    EXPECT_EQ(error.reason(), static_cast<Reason>(900));
  }
}

TEST(ErrorTest, SubclassesAreCaughtByTheirParents) {
  EXPECT_THROW(throw_error(Reason::kNotHashable, ""), InvalidArgument);
  EXPECT_THROW(throw_error(Reason::kOutcomeUnknown, ""), ConnectionLost);
  EXPECT_THROW(throw_error(Reason::kShuttingDown, ""), ConnectionLost);
  EXPECT_THROW(throw_error(Reason::kConnectFailed, ""), ConnectFailed);
}

}  // namespace
}  // namespace coheld
