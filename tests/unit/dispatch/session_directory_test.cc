// The edge's view of sessions: tokens, connections, TTLs.
#include "server/dispatch/session_directory.h"

#include <gtest/gtest.h>

namespace coheld::dispatch {
namespace {

constexpr TimeMs At(int64_t ms) { return TimeMs{ms}; }

TEST(SessionDirectory, TokenProvesItsSession) {
  SessionDirectory directory;
  const auto opened = directory.Open(1000, At(0));
  EXPECT_EQ(directory.Authenticate(opened.token), opened.id);
}

TEST(SessionDirectory, WrongTokensProveNothing) {
  SessionDirectory directory;
  const auto opened = directory.Open(1000, At(0));
  std::string forged = opened.token;
  forged.back() = forged.back() == '0' ? '1' : '0';
  for (const std::string& token :
       {forged, std::string(), std::string("."), std::string("1."), std::string("x.1"),
        opened.token + "0", opened.token.substr(1)}) {
    EXPECT_EQ(directory.Authenticate(token), std::nullopt) << token;
  }
}

TEST(SessionDirectory, TokensDiffer) {
  SessionDirectory directory;
  const auto first = directory.Open(1000, At(0));
  const auto second = directory.Open(1000, At(0));
  EXPECT_NE(first.token.substr(first.token.find('.')), second.token.substr(second.token.find('.')));
}

TEST(SessionDirectory, TtlRunsFromOpenUntilFirstUse) {
  SessionDirectory directory;
  const auto opened = directory.Open(1000, At(5));
  EXPECT_EQ(directory.NextDeadline(), At(1005));
  directory.Attach(opened.id);
  EXPECT_EQ(directory.NextDeadline(), engine::kNever);
}

TEST(SessionDirectory, TtlRunsFromLastConnectionClosed) {
  SessionDirectory directory;
  const auto opened = directory.Open(1000, At(0));
  directory.Attach(opened.id);
  directory.Attach(opened.id);
  EXPECT_FALSE(directory.Detach(opened.id, At(10)));
  EXPECT_EQ(directory.NextDeadline(), engine::kNever);
  EXPECT_TRUE(directory.Detach(opened.id, At(20)));
  EXPECT_EQ(directory.NextDeadline(), At(1020));
}

TEST(SessionDirectory, UseWithinTtlKeepsIt) {
  SessionDirectory directory;
  const auto opened = directory.Open(1000, At(0));
  directory.Attach(opened.id);
  directory.Detach(opened.id, At(0));
  directory.Attach(opened.id);
  EXPECT_EQ(directory.Overdue(At(5000)), std::nullopt);
}

TEST(SessionDirectory, OverdueAtTheDeadlineNotBefore) {
  SessionDirectory directory;
  const auto opened = directory.Open(1000, At(0));
  EXPECT_EQ(directory.Overdue(At(999)), std::nullopt);
  EXPECT_EQ(directory.Overdue(At(1000)), opened.id);
}

TEST(SessionDirectory, TheTtlCountsFromTheLastSignOfASilentHost) {
  SessionDirectory directory;
  const auto opened = directory.Open(1000, At(0));
  directory.Attach(opened.id);
  EXPECT_TRUE(directory.Detach(opened.id, At(2000), 750));
  EXPECT_EQ(directory.NextDeadline(), At(2250));
}

TEST(SessionDirectory, ASilenceLongerThanTheTtlEndsTheSessionAtOnce) {
  SessionDirectory directory;
  const auto opened = directory.Open(1000, At(0));
  directory.Attach(opened.id);
  EXPECT_TRUE(directory.Detach(opened.id, At(2000), 5000));
  EXPECT_EQ(directory.NextDeadline(), At(2000));
}

TEST(SessionDirectory, ErasedSessionIsNotDetachedTwice) {
  SessionDirectory directory;
  const auto opened = directory.Open(1000, At(0));
  directory.Attach(opened.id);
  directory.Erase(opened.id);
  EXPECT_FALSE(directory.Detach(opened.id, At(0)));
  EXPECT_FALSE(directory.IsDetached(opened.id));
  EXPECT_EQ(directory.NextDeadline(), engine::kNever);
  EXPECT_EQ(directory.Authenticate(opened.token), std::nullopt);
}

TEST(SessionDirectory, IdsAreNeverReused) {
  SessionDirectory directory;
  const auto first = directory.Open(1000, At(0));
  directory.Erase(first.id);
  EXPECT_NE(directory.Open(1000, At(0)).id, first.id);
}

TEST(SessionDirectory, TokensAreGoodAfterARestartWithTheSameSecret) {
  SessionDirectory before("secret");
  const auto opened = before.Open(1000, At(5));
  SessionDirectory after("secret");
  after.Restore(opened.id, 1000, At(5), At(70));
  EXPECT_EQ(after.Authenticate(opened.token), opened.id);
  EXPECT_EQ(after.NextDeadline(), At(1070));
}

TEST(SessionDirectory, TokensProveNothingToAnotherSecret) {
  SessionDirectory before("secret");
  const auto opened = before.Open(1000, At(5));
  SessionDirectory after("other");
  after.Restore(opened.id, 1000, At(5), At(5));
  EXPECT_EQ(after.Authenticate(opened.token), std::nullopt);
}

TEST(SessionDirectory, ATokenIsNotGoodForALaterSessionWithTheSameId) {
  SessionDirectory before("secret");
  const auto lost = before.Open(1000, At(5));
  SessionDirectory after("secret");
  const auto opened = after.Open(1000, At(6));
  ASSERT_EQ(opened.id, lost.id);
  EXPECT_EQ(after.Authenticate(lost.token), std::nullopt);
}

TEST(SessionDirectory, IdsGoOnAfterARestart) {
  SessionDirectory directory;
  directory.BeginAfter(SessionId{41});
  EXPECT_EQ(directory.Open(1000, At(0)).id, SessionId{42});
}

}  // namespace
}  // namespace coheld::dispatch
