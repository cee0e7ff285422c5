// The host's and the hosted objects' ops as tables. A call's number is that of its op: the first op
// of a table is 1.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class HostOps : public OpTable {};
class HostedOps : public OpTable {};

TEST_F(HostOps, CallIsTakenRunAndAnswered) {
  Run(R"(
    s1 Host.Attach h -> token=1
    s2/t7 Host.Call h target="o1" method="add" arguments=(1, 2) keywords={"k": 3} -> parked #a
    s1 Host.Take h -> calls=[{number=2 target="o1" method="add" arguments=(1, 2)
      keywords={"k": 3} session=2 thread=7}] dropped=[] cancelled=[]
    s1 Host.Answer h number=2 result=3 -> delivered=True; #a answered=True raised=False result=3
    - Host.Inspect h -> attached=True session=1 token=1 waiting=0 running=0
  )");
}

TEST_F(HostOps, WhatACallRaisedComesBackAsSuch) {
  Run(R"(
    s1 Host.Attach h -> ok
    s2 Host.Call h method="m" -> parked #a
    s1 Host.Take h -> calls=[{number=2}]
    s1 Host.Answer h number=2 raised=True result=("ValueError", "no") -> delivered=True;
      #a answered=True raised=True result=("ValueError", "no")
  )");
}

TEST_F(HostOps, TakersWaitForCallsFirstComeFirstServed) {
  Run(R"(
    s1 Host.Attach h -> ok
    s1/t1 Host.Take h limit=1 -> parked #t1
    s1/t2 Host.Take h limit=1 -> parked #t2
    s2 Host.Call h method="a" -> parked #a; #t1 calls=[{number=4 method="a"}]
    s2 Host.Call h method="b" -> parked #b; #t2 calls=[{number=5 method="b"}]
    s1 Host.Answer h number=5 result=5 -> delivered=True; #b result=5
    s1 Host.Answer h number=4 result=4 -> delivered=True; #a result=4
  )");
}

TEST_F(HostOps, TakeTakesTheOldestCallsUpToItsLimit) {
  Run(R"(
    s1 Host.Attach h -> ok
    s2 Host.Call h method="a" -> parked #a
    s2 Host.Call h method="b" -> parked #b
    s2 Host.Call h method="c" -> parked #c
    s1 Host.Take h limit=2 -> calls=[{method="a"}, {method="b"}]
    - Host.Inspect h -> waiting=1 running=2
    s1 Host.Take h -> calls=[{method="c"}]
    s1 Host.Take h timeout_ms=0 -> calls=[]
  )");
}

TEST_F(HostOps, TakeLeavesWhatWouldMakeItsReplyTooLarge) {
  const std::string large = "\"" + std::string(700'000, 'x') + "\"";
  Run("s1 Host.Attach h -> ok");
  Run("s2 Host.Call h method=\"a\" arguments=" + large + " -> parked #a");
  Run("s2 Host.Call h method=\"b\" arguments=" + large + " -> parked #b");
  Run("s1 Host.Take h -> calls=[{method=\"a\"}]");
  Run("s1 Host.Take h -> calls=[{method=\"b\"}]");
}

TEST_F(HostOps, CallOfAHostThatNobodyServesFailsAtOnce) {
  Run(R"(
    - Host.Call h method="m" -> HOST_GONE "no program serves"
    - Admin.Objects -> objects=[]
    - Host.Create h -> created=True
    - Host.Call h method="m" -> HOST_GONE
  )");
}

TEST_F(HostOps, EndOfTheServingSessionFailsWaitingAndRunningCalls) {
  Run(R"(
    s1 Host.Attach h -> ok
    s2 Host.Call h method="a" -> parked #a
    s2 Host.Call h method="b" -> parked #b
    s1 Host.Take h limit=1 -> calls=[{method="a"}]
    s1 Host.Take h limit=1 -> calls=[{method="b"}]
    s2 Host.Call h method="c" -> parked #c
    s1/t9 Host.Answer h number=3 result=1 -> delivered=True; #b result=1
    end s1 -> #a HOST_GONE; #c HOST_GONE
    - Host.Inspect h -> attached=False session=0 token=0 waiting=0 running=0
    - Host.Call h method="d" -> HOST_GONE
  )");
}

TEST_F(HostOps, DetachFailsCallsAndTakes) {
  Run(R"(
    s1 Host.Attach h -> ok
    s1 Host.Take h -> parked #t
    s1/t1 Host.Detach h -> ok; #t HOST_NOT_ATTACHED
    s1 Host.Detach h -> HOST_NOT_ATTACHED
    s1 Host.Take h timeout_ms=0 -> HOST_NOT_ATTACHED
    s1 Host.Attach h -> token=2
    s2 Host.Call h method="a" -> parked #a
    s1 Host.Detach h -> ok; #a HOST_GONE
  )");
}

TEST_F(HostOps, AnotherSessionAttachesOnlyAfterTheFirst) {
  Run(R"(
    s1 Host.Attach h -> token=1
    s1 Host.Attach h -> token=1
    s2 Host.Attach h -> HOST_TAKEN "session 1"
    s2 Host.Take h -> HOST_NOT_ATTACHED
    s2 Host.Answer h number=1 -> HOST_NOT_ATTACHED
    - Host.Attach h -> SESSION_REQUIRED
    end s1
    s2 Host.Attach h -> token=2
    s3 Host.Call h method="m" -> parked #a
    s2 Host.Take h -> calls=[{method="m"}]
  )");
}

TEST_F(HostOps, AnswerOfACallOfAnEarlierServiceReachesNobody) {
  Run(R"(
    s1 Host.Attach h -> ok
    s3 Host.Call h method="a" -> parked #a
    s1 Host.Take h -> calls=[{number=2}]
    s1 Host.Detach h -> ok; #a HOST_GONE
    s1 Host.Attach h -> ok
    s3 Host.Call h method="b" -> parked #b
    s1 Host.Answer h number=2 result=1 -> delivered=False
    s1 Host.Answer h number=6 result=1 -> delivered=False
    s1 Host.Answer h number=99 result=1 -> delivered=False
    s1 Host.Take h -> calls=[{number=6}]
    s1 Host.Answer h number=6 result=2 -> delivered=True; #b result=2
    s1 Host.Answer h number=6 result=3 -> delivered=False
  )");
}

TEST_F(HostOps, CallerThatLeavesBeforeItsCallIsTakenIsNeverCalled) {
  Run(R"(
    s1 Host.Attach h -> ok
    s2 Host.Call h method="a" -> parked #a
    s2 Host.Call h method="b" timeout_ms=10 -> parked #b
    s3 Host.Call h method="c" -> parked #c
    s2 Host.Call h method="d" -> parked #d
    cancel #a -> #a CANCELLED
    advance 10 -> #b answered=False result=absent
    end s3 -> #c SESSION_EXPIRED
    s1 Host.Take h -> calls=[{method="d"}] cancelled=[]
  )");
}

TEST_F(HostOps, CallerThatLeavesARunningCallIsReportedOnce) {
  Run(R"(
    s1 Host.Attach h -> ok
    s2 Host.Call h method="a" -> parked #a
    s2 Host.Call h method="b" timeout_ms=10 -> parked #b
    s3 Host.Call h method="c" -> parked #c
    s1 Host.Take h -> calls=[{number=2}, {number=3}, {number=4}]
    s1 Host.Take h -> parked #t
    cancel #a -> #a CANCELLED; #t calls=[] cancelled=[2]
    advance 10 -> #b answered=False
    end s3 -> #c SESSION_EXPIRED
    s1 Host.Take h -> cancelled=[3, 4]
    s1 Host.Answer h number=2 result=1 -> delivered=False
    s1 Host.Take h timeout_ms=0 -> cancelled=[] calls=[]
    - Host.Inspect h -> waiting=0 running=0
  )");
}

TEST_F(HostOps, CallWithNoTimeIsNotMade) {
  Run(R"(
    s1 Host.Attach h -> ok
    s2 Host.Call h method="a" timeout_ms=0 -> answered=False
    s1 Host.Take h timeout_ms=0 -> calls=[]
  )");
}

TEST_F(HostOps, TakeThatTimesOutTellsNothing) {
  Run(R"(
    s1 Host.Attach h -> ok
    s1 Host.Take h timeout_ms=20 -> parked #t
    advance 20 -> #t calls=[] dropped=[] cancelled=[]
    s2 Host.Call h method="a" -> parked #a
    s1 Host.Take h -> calls=[{method="a"}]
  )");
}

TEST_F(HostOps, ACallInACallIsServedByAnotherTake) {
  Run(R"(
    s1 Host.Attach h -> ok
    s2 Host.Call h method="outer" -> parked #outer
    s1/t1 Host.Take h -> calls=[{number=2}]
    s1/t1 Host.Call h method="inner" -> parked #inner
    s1/t2 Host.Take h -> calls=[{number=4 session=1 thread=1}]
    s1/t2 Host.Answer h number=4 result=1 -> delivered=True; #inner result=1
    s1/t1 Host.Answer h number=2 result=2 -> delivered=True; #outer result=2
  )");
}

TEST_F(HostOps, HostThatCallsItselfEndsWithItsSession) {
  Run(R"(
    s1 Host.Attach h -> ok
    s1 Host.Call h method="m" -> parked #a
    s1/t2 Host.Take h -> calls=[{number=2}]
    s2 Host.Call h method="n" -> parked #b
    end s1 -> #a SESSION_EXPIRED; #b HOST_GONE
  )");
}

TEST_F(HostOps, DeletedHostEndsEverythingThatWaitsOnIt) {
  Run(R"(
    s1 Host.Attach h -> ok
    s1 Host.Take h -> parked #t
    s2 Host.Call h method="m" -> parked #a; #t calls=[{number=3}]
    s1 Host.Take h -> parked #u
    - Admin.Delete h -> deleted=True; #u OBJECT_DELETED; #a OBJECT_DELETED
    s1 Host.Answer h number=3 result=1 -> HOST_NOT_ATTACHED
    - Admin.Objects -> objects=[]
  )");
  EXPECT_TRUE(engine().sessions().Find(SessionId{1})->held.empty());
}

TEST_F(HostOps, CallThatCannotBeReadIsNotMade) {
  Run(R"(
    s1 Host.Attach h -> ok
    s2 Host.Call h method="m" arguments={[1]: 2} -> NOT_HASHABLE
    s2 Host.Call h method="m" keywords={[1]: 2} -> NOT_HASHABLE
    s1 Host.Take h timeout_ms=0 -> calls=[]
    s2 Host.Call h method="m" -> parked #a
    s1 Host.Take h -> calls=[{number=5}]
    s1 Host.Answer h number=5 result={[1]: 2} -> NOT_HASHABLE
    s1 Host.Answer h number=5 result=1 -> delivered=True; #a result=1
  )");
}

TEST_F(HostOps, CallsOfManyCallersGoThroughTheSamePlaces) {
  Run("s1 Host.Attach h -> ok");
  for (int round = 0; round < 3; ++round) {
    for (int caller = 0; caller < 5; ++caller) {
      const std::string tag = "#" + std::to_string(round) + "x" + std::to_string(caller);
      Run("s2 Host.Call h method=\"" + tag + "\" -> parked " + tag);
    }
    Run("s1 Host.Take h -> ok");
    Run("cancel #" + std::to_string(round) + "x2 -> #" + std::to_string(round) + "x2 CANCELLED");
    Run("- Host.Inspect h -> waiting=0 running=" + std::to_string(4 * (round + 1)));
  }
}

TEST_F(HostOps, CreateLeavesAnExistingHostAsItIs) {
  Run(R"(
    s1 Host.Create h -> name="h" created=True
    s1 Host.Attach h -> ok
    s1 Host.Create h -> created=False
    - Host.Inspect h -> attached=True
    - Host.Create h exclusive=True -> OBJECT_EXISTS
    - Host.Inspect missing -> attached=False
  )");
}

TEST_F(HostOps, DescribeTellsWhoServes) {
  Run(R"(
    s1/t3 Host.Attach h -> token=1
    s2 Host.Call h method="m" -> parked #a
    - Admin.Describe h -> summary={type="host" size=0 waiters=1}
      holders=[{session=1 thread=3 token=1}] waiters=[{session=2 method="Host.Call"}]
  )");
}

TEST_F(HostedOps, TellsWhatItStandsFor) {
  Run(R"(
    s1 Host.Attach h -> token=1
    s1 Hosted.Create o host="h" target="t1" type_id="Maths" exposed=["add", "mul"]
      -> name="o" created=True
    - Hosted.Inspect o -> host="h" target="t1" type_id="Maths" exposed=["add", "mul"] served=True
    - Host.Inspect h -> hosted=1
    end s1
    - Hosted.Inspect o -> target="t1" served=False
    s2 Host.Attach h -> token=2
    - Hosted.Inspect o -> served=False
    - Hosted.Inspect missing -> OBJECT_NOT_FOUND
  )");
}

TEST_F(HostedOps, IsMadeOnlyByWhoServesTheHost) {
  Run(R"(
    s1 Hosted.Create o host="h" target="t" -> OBJECT_NOT_FOUND
    - Host.Create h -> created=True
    s1 Hosted.Create o host="h" target="t" -> HOST_NOT_ATTACHED
    s2 Host.Attach h -> ok
    s1 Hosted.Create o host="h" target="t" -> HOST_NOT_ATTACHED
    - List.Append l value=1 -> ok
    s2 Hosted.Create o host="l" target="t" -> WRONG_TYPE
    - Admin.Objects -> objects=[{name="h"}, {name="l"}]
    s2 Hosted.Create o host="h" target="t" -> created=True
    s2 Hosted.Create o host="h" target="u" -> created=False
    s2 Hosted.Create o host="h" target="u" exclusive=True -> OBJECT_EXISTS
    - Hosted.Inspect o -> target="t"
  )");
}

TEST_F(HostedOps, ItsTargetIsDroppedOnceWhenItGoes) {
  Run(R"(
    s1 Host.Attach h -> ok
    s1 Hosted.Create o host="h" target="t1" -> ok
    s1 Hosted.Create p host="h" target="t2" -> ok
    - Admin.Delete o -> deleted=True
    s1 Host.Take h -> dropped=["t1"] calls=[]
    s1 Host.Take h -> parked #t
    - Admin.Delete p -> deleted=True; #t dropped=["t2"]
    s1 Host.Take h timeout_ms=0 -> dropped=[]
    - Host.Inspect h -> hosted=0
  )");
}

TEST_F(HostedOps, OfAnEarlierServiceIsNotDropped) {
  Run(R"(
    s1 Host.Attach h -> ok
    s1 Hosted.Create o host="h" target="t1" -> ok
    end s1
    s2 Host.Attach h -> ok
    - Admin.Delete o -> deleted=True
    s2 Host.Take h timeout_ms=0 -> dropped=[]
    s2 Hosted.Create p host="h" target="t2" -> ok
    - Admin.Delete h -> deleted=True
    - Admin.Delete p -> deleted=True
  )");
}

TEST_F(HostedOps, DropComesAfterTheCallsThatWereMadeBefore) {
  Run(R"(
    s1 Host.Attach h -> ok
    s1 Hosted.Create o host="h" target="t1" -> ok
    s2 Host.Call h target="t1" method="a" -> parked #a
    s2 Host.Call h target="t1" method="b" -> parked #b
    - Admin.Delete o -> deleted=True
    s2 Host.Call h target="t2" method="c" -> parked #c
    s1 Host.Take h limit=1 -> calls=[{method="a"}] dropped=[]
    s1 Host.Take h limit=1 -> calls=[{method="b"}] dropped=["t1"]
    s1 Host.Take h limit=1 -> calls=[{method="c"}] dropped=[]
  )");
}

TEST_F(HostedOps, DropWaitsNoLongerForACallWhoseCallerLeft) {
  Run(R"(
    s1 Host.Attach h -> ok
    s1 Hosted.Create o host="h" target="t1" -> ok
    s2 Host.Call h target="t1" method="a" -> parked #a
    - Admin.Delete o -> deleted=True
    cancel #a -> #a CANCELLED
    s1 Host.Take h -> calls=[] dropped=["t1"]
  )");
}

TEST_F(HostedOps, AnonymousOnesAreDroppedWithTheirMaker) {
  Run(R"(
    s1 Host.Create h -> ok
    s1 Host.Attach h -> ok
    s1 Hosted.Create host="h" target="t1" -> name="~1" created=True
    end s1
    s2 Host.Attach h -> ok
    s2 Host.Take h timeout_ms=0 -> dropped=[]
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
