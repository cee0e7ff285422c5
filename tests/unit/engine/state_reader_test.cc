// The encoding of saved state, and what its reader makes of bytes that nobody wrote.
#include "server/engine/state_reader.h"

#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "server/engine/limits.h"
#include "server/engine/state_writer.h"

namespace coheld::engine::testing {
namespace {

template <typename Put>
std::string Written(Put put) {
  std::string bytes;
  StateWriter writer([&](std::string_view piece) { bytes += piece; });
  put(writer);
  writer.Finish();
  return bytes;
}

TEST(StateReader, TakesWhatWasPut) {
  const Hold hold = {.owner = {.session = SessionId{3}, .thread = UINT64_MAX},
                     .token = 5,
                     .since = TimeMs{6},
                     .count = 7,
                     .shared = true};
  const std::string bytes = Written([&](StateWriter& state) {
    state.PutVersion(2);
    state.PutUnsigned(UINT64_MAX);
    state.PutSigned(INT64_MIN);
    state.PutFlag(true);
    state.PutReal(-0.5);
    state.PutBytes(std::string("a\0b", 3));
    state.PutTime(kNever);
    state.PutTime(TimeMs{-4});
    state.PutHold(hold);
    state.PutHold(std::nullopt);
  });
  StateReader state(bytes);
  EXPECT_EQ(state.TakeVersion(2), 2u);
  EXPECT_EQ(state.TakeUnsigned(), UINT64_MAX);
  EXPECT_EQ(state.TakeSigned(), INT64_MIN);
  EXPECT_TRUE(state.TakeFlag());
  EXPECT_EQ(state.TakeReal(), -0.5);
  EXPECT_EQ(state.TakeBytes(), std::string("a\0b", 3));
  EXPECT_EQ(state.TakeTime(), kNever);
  EXPECT_EQ(state.TakeTime(), TimeMs{-4});
  const Hold taken = state.TakeHold();
  EXPECT_EQ(taken.owner, hold.owner);
  EXPECT_EQ(taken.token, hold.token);
  EXPECT_EQ(taken.since, hold.since);
  EXPECT_EQ(taken.count, hold.count);
  EXPECT_EQ(taken.shared, hold.shared);
  EXPECT_FALSE(state.TakeOptionalHold());
  EXPECT_TRUE(state.ok() && state.at_end());
}

TEST(StateReader, KeepsEveryBitOfAReal) {
  for (const double real : {-0.0, std::nan("7"), std::numeric_limits<double>::denorm_min()}) {
    const std::string bytes = Written([&](StateWriter& state) { state.PutReal(real); });
    const double taken = StateReader(bytes).TakeReal();
    EXPECT_EQ(std::signbit(taken), std::signbit(real));
    EXPECT_EQ(Written([&](StateWriter& state) { state.PutReal(taken); }), bytes);
  }
}

TEST(StateReader, RefusesNumbersThatNoWriterWrites) {
  for (const std::string& bytes : {std::string(), std::string("\x80"), std::string("\x80\0", 2),
                                   std::string(10, '\xFF'), std::string(9, '\xFF') + "\x02"}) {
    StateReader state(bytes);
    EXPECT_EQ(state.TakeUnsigned(), 0u);
    EXPECT_FALSE(state.ok());
  }
}

TEST(StateReader, RefusesACountBeyondTheBytes) {
  const std::string bytes = Written([](StateWriter& state) { state.PutUnsigned(UINT64_MAX); });
  StateReader counts(bytes);
  EXPECT_EQ(counts.TakeCount(), 0u);
  EXPECT_FALSE(counts.ok());
  StateReader strings(bytes);
  EXPECT_EQ(strings.TakeBytes(), "");
  EXPECT_FALSE(strings.ok());
}

TEST(StateReader, RefusesAValueThatIsNestedTooDeep) {
  const auto nested = [](int depth) {
    std::string bytes;
    for (int i = 0; i < depth; ++i) bytes += "\x09\x01";  // A tuple of one.
    return bytes + '\0';
  };
  const std::string deepest = nested(kNestingMax);
  StateReader fits(deepest);
  EXPECT_EQ(fits.TakeValue().kind(), ValueKind::kTuple);
  EXPECT_TRUE(fits.ok());
  const std::string deeper = nested(100'000);
  StateReader state(deeper);
  state.TakeValue();
  EXPECT_FALSE(state.ok());
}

TEST(StateReader, RefusesAKeyThatCannotBeOne) {
  const std::string bytes("\x08\x00", 2);  // A list.
  StateReader state(bytes);
  state.TakeKey();
  EXPECT_FALSE(state.ok());
}

TEST(StateReader, GivesNothingAfterAFailure) {
  const std::string bytes = Written([](StateWriter& state) {
    state.PutUnsigned(7);
    state.PutBytes("bytes");
  });
  StateReader state(bytes);
  state.Fail("the first thing");
  state.Fail("the second");
  EXPECT_EQ(state.TakeUnsigned(), 0u);
  EXPECT_EQ(state.TakeBytes(), "");
  EXPECT_EQ(state.TakeCount(), 0u);
  EXPECT_NE(state.failure().message.find("the first thing (byte 0)"), std::string::npos)
      << state.failure().message;
}

}  // namespace
}  // namespace coheld::engine::testing
