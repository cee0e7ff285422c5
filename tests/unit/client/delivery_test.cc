// Which ops of a call are sent again, on which lane and seq, and how they end.
#include "client/cpp/src/delivery.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/v1/queue.pb.h"
#include "proto/wire/methods.h"

namespace coheld::core {
namespace {

using Fate = Delivery::Fate;

uint32_t NumberOf(const char* path) { return wire::FindMethod(std::string_view(path))->number; }
const uint32_t kAppend = NumberOf("/coheld.v1.List/Append");
const uint32_t kLen = NumberOf("/coheld.v1.List/Len");
const uint32_t kRelease = NumberOf("/coheld.v1.Lock/Release");

std::shared_ptr<OpenSession> MakeSession(uint64_t id = 1) {
  v1::SessionOpenReply reply;
  reply.set_session(id);
  return std::make_shared<OpenSession>(reply);
}

Answer Replied(std::string payload) {
  return {.state = Answer::State::kReplied, .payload = std::move(payload)};
}
Answer Failed(v1::ErrorReason reason) {
  return {.state = Answer::State::kFailed, .failure = {reason, "failed"}};
}
const CallOptions kOptions;
const Answer kPending{.state = Answer::State::kPending};
const Answer kUnsent{};

// The ops of a call, each with this method.
class Calls {
 public:
  explicit Calls(std::vector<uint32_t> methods) {
    for (const uint32_t method : methods) calls_.push_back({.method = method});
  }
  operator std::span<const PipelinedCall>() const { return calls_; }

 private:
  std::vector<PipelinedCall> calls_;
};

// Sends, and gets these answers.
Delivery::Verdict Exchange(Delivery& delivery, std::vector<Answer> answers) {
  delivery.Frames(0, 0);
  EXPECT_EQ(delivery.answers()->size(), answers.size());
  *delivery.answers() = std::move(answers);
  return delivery.Take();
}

TEST(DeliveryTest, TheNextCallOfAThreadAcknowledgesTheLast) {
  const auto session = MakeSession();
  for (uint64_t i = 0; i < 3; ++i) {
    const Calls calls({kAppend});
    Delivery delivery(calls, kOptions);
    delivery.Enter(session);
    const Frame& frame = delivery.Frames(0, 0).front();
    EXPECT_EQ(frame.lane, 0u);
    EXPECT_EQ(frame.seq, i + 1);
    EXPECT_EQ(frame.acked, i);
    *delivery.answers() = {Replied("")};
    delivery.Take();
  }
  EXPECT_EQ(session->lanes_made(), 1u);
}

TEST(DeliveryTest, CallsAtTheSameTimeHaveLanesOfTheirOwn) {
  const auto session = MakeSession();
  const Calls calls({kAppend});
  Delivery first(calls, kOptions);
  Delivery second(calls, kOptions);
  first.Enter(session);
  second.Enter(session);
  EXPECT_NE(first.Frames(0, 0).front().lane, second.Frames(0, 0).front().lane);
}

TEST(DeliveryTest, AnUnansweredOpIsSentAgainAsTheSameOp) {
  const Calls calls({kAppend});
  Delivery delivery(calls, kOptions);
  delivery.Enter(MakeSession());
  const Frame first = delivery.Frames(0, 0).front();
  *delivery.answers() = {kPending};
  delivery.Take();
  EXPECT_TRUE(delivery.uncertain());
  const Frame again = delivery.Frames(0, 0).front();
  EXPECT_EQ(again.lane, first.lane);
  EXPECT_EQ(again.seq, first.seq);
  EXPECT_EQ(again.acked, first.acked);
}

TEST(DeliveryTest, AnOpThatIsSentAgainWaitsForTheRestOfItsTimeout) {
  v1::QueueGetRequest request;
  request.set_timeout_ms(1000);
  const std::string bytes = request.SerializeAsString();
  const PipelinedCall call{.method = NumberOf("/coheld.v1.Queue/Get"), .request = bytes};
  Delivery delivery({&call, 1}, kOptions);
  delivery.Enter(MakeSession());
  EXPECT_EQ(delivery.Frames(0, 0).front().request, bytes);
  *delivery.answers() = {kPending};
  delivery.Take();
  ASSERT_TRUE(request.ParseFromString(std::string(delivery.Frames(0, 400).front().request)));
  EXPECT_EQ(request.timeout_ms(), 600u);
}

TEST(DeliveryTest, OnlyTheUnansweredOpsOfABatchAreSentAgain) {
  const Calls calls({kAppend, kAppend, kAppend});
  Delivery delivery(calls, kOptions);
  delivery.Enter(MakeSession());
  Exchange(delivery, {Replied("a"), kPending, Failed(v1::ERROR_REASON_WRONG_TYPE)});
  const std::vector<Frame>& frames = delivery.Frames(0, 0);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].seq, 2u);
  *delivery.answers() = {Replied("b")};
  delivery.Take();
  EXPECT_TRUE(delivery.done());
  EXPECT_EQ(delivery.payload(0), "a");
  EXPECT_EQ(delivery.payload(1), "b");
  EXPECT_EQ(delivery.fate(2), Fate::kFailed);
}

TEST(DeliveryTest, ALongBatchTakesSeveralLanes) {
  const auto session = MakeSession();
  const Calls calls(std::vector<uint32_t>(2 * kLaneOpsMax + 1, kAppend));
  {
    Delivery delivery(calls, kOptions);
    delivery.Enter(session);
    const std::vector<Frame>& frames = delivery.Frames(0, 0);
    EXPECT_EQ(frames[kLaneOpsMax - 1].seq, kLaneOpsMax);
    EXPECT_EQ(frames[kLaneOpsMax].seq, 1u);
    EXPECT_NE(frames[kLaneOpsMax].lane, frames[0].lane);
    EXPECT_EQ(session->lanes_made(), 3u);
  }
  const Calls one({kAppend});
  Delivery next(one, kOptions);
  next.Enter(session);
  EXPECT_EQ(next.Frames(0, 0)[0].acked, 1u);  // The last lane carried one op.
}

TEST(DeliveryTest, AfterTheSessionNobodyKnowsWhatHappenedInIt) {
  const Calls calls({kAppend, kAppend});
  Delivery delivery(calls, kOptions);
  delivery.Enter(MakeSession(1));
  Exchange(delivery, {kPending, kUnsent});
  delivery.Enter(MakeSession(2));
  EXPECT_EQ(delivery.fate(0), Fate::kUnknown);
  EXPECT_EQ(delivery.fate(1), Fate::kOpen);
  EXPECT_EQ(delivery.Frames(0, 0).size(), 1u);
}

TEST(DeliveryTest, AnExpiredSessionMakesAnUnansweredOpUnknown) {
  const Calls calls({kAppend});
  Delivery delivery(calls, kOptions);
  delivery.Enter(MakeSession());
  Exchange(delivery, {kPending});
  EXPECT_TRUE(Exchange(delivery, {Failed(v1::ERROR_REASON_SESSION_EXPIRED)}).session_gone);
  EXPECT_EQ(delivery.fate(0), Fate::kUnknown);
}

TEST(DeliveryTest, AnOpThatMetAnExpiredSessionAtOnceIsMadeInTheNext) {
  const Calls calls({kAppend});
  Delivery delivery(calls, kOptions);
  delivery.Enter(MakeSession(1));
  EXPECT_TRUE(Exchange(delivery, {Failed(v1::ERROR_REASON_SESSION_EXPIRED)}).session_gone);
  EXPECT_FALSE(delivery.done());
  delivery.Enter(MakeSession(2));
  Exchange(delivery, {Replied("")});
  EXPECT_EQ(delivery.fate(0), Fate::kReplied);
}

TEST(DeliveryTest, AReadIsMadeInTheNextSessionWhateverHappened) {
  const Calls calls({kLen});
  Delivery delivery(calls, kOptions);
  delivery.Enter(MakeSession(1));
  Exchange(delivery, {kPending});
  EXPECT_FALSE(delivery.uncertain());
  Exchange(delivery, {Failed(v1::ERROR_REASON_SESSION_EXPIRED)});
  delivery.Enter(MakeSession(2));
  Exchange(delivery, {Replied("")});
  EXPECT_EQ(delivery.fate(0), Fate::kReplied);
}

TEST(DeliveryTest, WhatASessionOwnedIsNotReleasedInTheNext) {
  const Calls calls({kRelease});
  Delivery delivery(calls, kOptions);
  delivery.Enter(MakeSession());
  Exchange(delivery, {Failed(v1::ERROR_REASON_SESSION_EXPIRED)});
  EXPECT_EQ(delivery.fate(0), Fate::kFailed);
  EXPECT_EQ(delivery.failure(0).reason, v1::ERROR_REASON_SESSION_EXPIRED);
}

TEST(DeliveryTest, ADaemonThatEndsIsAskedAgainLater) {
  const Calls calls({kAppend});
  Delivery delivery(calls, kOptions);
  delivery.Enter(MakeSession());
  EXPECT_TRUE(Exchange(delivery, {Failed(v1::ERROR_REASON_SHUTTING_DOWN)}).later);
  EXPECT_FALSE(delivery.done());
  EXPECT_FALSE(delivery.uncertain());
}

TEST(DeliveryTest, ARefusalDoesNotTellWhatAnEarlierCopyDid) {
  const Calls calls({kAppend});
  Delivery delivery(calls, kOptions);
  delivery.Enter(MakeSession());
  Exchange(delivery, {kPending});
  Exchange(delivery, {Failed(v1::ERROR_REASON_SHUTTING_DOWN)});
  EXPECT_TRUE(delivery.uncertain());
}

TEST(DeliveryTest, ACallThatAnotherCopyTookOverIsSentAgain) {
  const Calls calls({kAppend});
  Delivery delivery(calls, kOptions);
  delivery.Enter(MakeSession());
  Exchange(delivery, {Failed(v1::ERROR_REASON_TAKEN_OVER)});
  EXPECT_TRUE(delivery.uncertain());
  Exchange(delivery, {Replied("")});
  EXPECT_TRUE(delivery.done());
}

TEST(DeliveryTest, GivingUpTellsWhatMayHaveHappenedFromWhatDidNot) {
  const Calls calls({kAppend, kLen, kAppend});
  Delivery delivery(calls, kOptions);
  delivery.Enter(MakeSession());
  Exchange(delivery, {kPending, kPending, kUnsent});
  delivery.GiveUp();
  EXPECT_EQ(delivery.fate(0), Fate::kUnknown);
  EXPECT_EQ(delivery.fate(1), Fate::kNever);
  EXPECT_EQ(delivery.fate(2), Fate::kNever);
  EXPECT_TRUE(delivery.done());
  EXPECT_FALSE(delivery.sent_none());
}

TEST(DeliveryTest, WhatWasGivenUpIsSettledOnItsLane) {
  const auto session = MakeSession();
  {
    const Calls one({kAppend});
    Delivery delivery(one, kOptions);
    delivery.Enter(session);
    Exchange(delivery, {kPending});
    delivery.GiveUp();
  }
  const Calls one({kAppend});
  Delivery next(one, kOptions);
  next.Enter(session);
  const Frame& frame = next.Frames(0, 0).front();
  EXPECT_EQ(frame.acked, 1u);
  EXPECT_EQ(frame.seq, 2u);
}

TEST(OpenSessionTest, WhatIsPostedAgainKeepsItsLaneAndComesFirst) {
  OpenSession session{v1::SessionOpenReply()};
  session.Post({{.method = 1}, {.method = 2}});
  std::vector<Posting> sent = session.TakePostings();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].ops[1].seq, 2u);
  EXPECT_FALSE(session.has_postings());
  session.Post({{.method = 3}});
  sent[0].ops.erase(sent[0].ops.begin());
  session.PostAgain(std::move(sent));
  const std::vector<Posting> again = session.TakePostings();
  ASSERT_EQ(again.size(), 2u);
  EXPECT_EQ(again[0].ops[0].method, 2u);
  EXPECT_EQ(again[0].ops[0].seq, 2u);
  EXPECT_NE(again[1].lane.number, again[0].lane.number);
}

TEST(OpenSessionTest, APostingFitsOnALane) {
  OpenSession session{v1::SessionOpenReply()};
  session.Post(std::vector<Posting::Posted>(kLaneOpsMax + 1));
  const std::vector<Posting> sent = session.TakePostings();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_EQ(sent[0].ops.size(), kLaneOpsMax);
}

}  // namespace
}  // namespace coheld::core
