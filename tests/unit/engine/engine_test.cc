// The engine's core: names, sessions, parking, waking, versions. (The types have their own tests.)
#include "server/engine/engine.h"

#include <string>

#include "proto/wire/status.h"
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class Names : public OpTable {};
class Parking : public OpTable {};
class SessionEnd : public OpTable {};
class Deleting : public OpTable {};
class Creating : public OpTable {};
class Versions : public OpTable {};

// --- Names ---

TEST_F(Names, EmptyIsRefusedForEveryOpButCreate) {
  Run(R"(
    - Queue.Put "" value=1 -> INVALID_NAME "empty"
    - Queue.Peek "" -> INVALID_NAME
    - SharedValue.Wait "" -> INVALID_NAME
    s1 Queue.Create "" -> name="~1" created=True
  )");
}

TEST_F(Names, UpTo512BytesAreTaken) {
  const std::string longest(512, 'n');
  Run("- Queue.Put " + longest + " value=1 -> length=1");
  Run("- Queue.Put " + longest + "n value=1 -> INVALID_NAME \"513 bytes\"");
  Run("- Queue.Peek " + longest + "n -> INVALID_NAME");
  Run("- Queue.Create " + longest + "n -> INVALID_NAME");
}

TEST_F(Names, MayHoldAnyUtf8) {
  Run(R"(
    - Queue.Put "é ü\n😀" value=1 -> length=1
    - Queue.Get "é ü\n😀" -> value=1
  )");
}

TEST_F(Names, ThatAreNotUtf8AreMalformed) {
  std::vector<Reply> replies;
  const std::string payload = "\x0a\x01\xff";  // name = "\xff"
  engine().Apply({.call = CallId{1}, .now = now()},
                 wire::FindMethod("/coheld.v1.Queue/Peek")->number, payload, &replies);
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(replies[0].failure->reason, v1::ERROR_REASON_MALFORMED);
}

TEST_F(Names, ThatBeginWithATildeAreTheDaemonsToGive) {
  Run(R"(
    - Queue.Create ~x -> INVALID_NAME "~x"
    s1 Queue.Create ~9 -> INVALID_NAME
    - Queue.Put ~x value=1 -> OBJECT_NOT_FOUND
    - Queue.Peek ~x -> OBJECT_NOT_FOUND
    s1 List.Copy l target="~x" -> INVALID_NAME
    - Admin.Objects anonymous=True -> objects=[]
  )");
}

TEST_F(Names, OfOneTypeAreRefusedToAnother) {
  Run(R"(
    - Queue.Put x value=1 -> length=1
    - List.Append x value=1 -> WRONG_TYPE "\"x\" is a queue, not a list"
    - SharedValue.Get x -> WRONG_TYPE
    - Dict.Create x -> WRONG_TYPE
    - Admin.Delete x -> deleted=True
    - List.Append x value=1 -> ok
  )");
}

TEST(ShardKey, IsTheTagInTheFirstBraces) {
  EXPECT_EQ(ShardKey("plain"), "plain");
  EXPECT_EQ(ShardKey("{tag}queue"), "tag");
  EXPECT_EQ(ShardKey("a{tag}b{other}"), "tag");
  EXPECT_EQ(ShardKey("{}whole"), "{}whole");
  EXPECT_EQ(ShardKey("open{whole"), "open{whole");
  EXPECT_EQ(ShardKey("}{tag}"), "tag");
  EXPECT_EQ(ShardKey("{{tag}}"), "{tag");
  EXPECT_EQ(ShardKey(""), "");
}

// --- Parking ---

TEST_F(Parking, DeadlineIsTheEarliestOfAllParkedOps) {
  EXPECT_EQ(engine().NextDeadline(), kNever);
  Run("- Queue.Get q -> parked #a");
  EXPECT_EQ(engine().NextDeadline(), kNever);
  Run("- Queue.Get q timeout_ms=50 -> parked #b");
  Run("- Queue.Get p timeout_ms=20 -> parked #c");
  EXPECT_EQ(engine().NextDeadline(), After(now(), 20));
  Run("cancel #c -> #c CANCELLED");
  EXPECT_EQ(engine().NextDeadline(), After(now(), 50));
  Run("- Queue.PutMany q values=[1, 2] -> ok; #a value=1; #b value=2");
  EXPECT_EQ(engine().NextDeadline(), kNever);
}

TEST_F(Parking, TimeoutBeyondTheClockIsForEver) {
  Run("- Queue.Get q timeout_ms=18446744073709551615 -> parked #a");
  EXPECT_EQ(engine().NextDeadline(), kNever);
}

TEST_F(Parking, OpsWhoseTimeIsUpTogetherEndInOrderOfTheirDeadlines) {
  Run(R"(
    - Queue.Get q timeout_ms=30 -> parked #a
    - Queue.Get q timeout_ms=10 -> parked #b
    - Queue.Get q timeout_ms=10 -> parked #c
    advance 100 -> #b QUEUE_EMPTY; #c QUEUE_EMPTY; #a QUEUE_EMPTY
  )");
}

TEST_F(Parking, CancellingWhatIsNotParkedDoesNothing) {
  Run(R"(
    - Queue.Get q -> parked #a
    - Queue.Put q value=1 -> ok; #a value=1
    cancel #a
  )");
}

TEST_F(Parking, OneOpMayWakeAChainOfOthers) {
  Run(R"(
    - Queue.Create q maxsize=1 -> ok
    - Queue.Put q value=1 -> length=1
    - Queue.Put q value=2 -> parked #p2
    - Queue.Put q value=3 -> parked #p3
    - Queue.GetMany q -> values=[1]; #p2 length=1
    - Queue.Join q -> parked #join
    - Queue.Purge q -> removed=1; #p3 length=1
    - Queue.Purge q -> removed=1
    - Queue.TaskDone q -> unfinished=0; #join joined=True
  )");
}

TEST_F(Parking, WokenOpsKeepTheirPlaceWhenTheyCannotProceed) {
  Run(R"(
    - Queue.Create q maxsize=2 -> ok
    - Queue.PutMany q values=[1, 2] -> ok
    - Queue.PutMany q values=[3, 4] -> parked #first
    - Queue.PutMany q values=[5, 6] -> parked #second
    - Queue.Get q -> value=1
    - Queue.Get q -> value=2; #first length=2
    - Queue.GetMany q -> values=[3, 4]; #second length=2
  )");
}

TEST_F(Parking, OpsWithoutASessionMayPark) {
  Run(R"(
    - Queue.Get q -> parked #a
    s1 Queue.Put q value=1 -> ok; #a value=1
  )");
}

TEST_F(Parking, UnknownMethodIsRefused) {
  std::vector<Reply> replies;
  for (const uint32_t method : {0u, 50u, 999u, 1000u, 4'000'000'000u}) {
    engine().Apply({.call = CallId{method + 1}, .now = now()}, method, "", &replies);
    EXPECT_EQ(replies.back().failure->reason, v1::ERROR_REASON_UNKNOWN_METHOD);
  }
}

TEST_F(Parking, PayloadThatDoesNotParseIsMalformed) {
  std::vector<Reply> replies;
  engine().Apply({.call = CallId{1}, .now = now()},
                 wire::FindMethod("/coheld.v1.Queue/Put")->number, "\x0a\x05q", &replies);
  ASSERT_EQ(replies.size(), 1u);
  EXPECT_EQ(replies[0].failure->reason, v1::ERROR_REASON_MALFORMED);
  EXPECT_NE(replies[0].failure->message.find("Queue.Put"), std::string::npos);
}

// --- Sessions ---

TEST_F(SessionEnd, OpsOfAnEndedSessionAreRefused) {
  Run(R"(
    s1 Queue.Put q value=1 -> length=1
    end s1
    s1 Queue.Get q -> SESSION_EXPIRED
    s1 Admin.Objects -> SESSION_EXPIRED
    - Queue.Get q -> value=1
    end s1
  )");
}

TEST_F(SessionEnd, ParkedOpsFailInOrderOfArrival) {
  Run(R"(
    s1/t1 Queue.Get q -> parked #a
    s1/t2 Queue.Get p timeout_ms=50 -> parked #b
    s2 Queue.Get q -> parked #c
    s1/t3 Queue.Join q timeout_ms=0 -> joined=True
    end s1 -> #a SESSION_EXPIRED; #b SESSION_EXPIRED
    advance 100
    - Queue.Put q value=1 -> ok; #c value=1
  )");
}

TEST_F(SessionEnd, AnonymousObjectsGoWithTheirMaker) {
  Run(R"(
    s1 Queue.Create "" -> name="~1"
    s1 List.Create "" items=[1] -> name="~2"
    s2 Queue.Create "" -> name="~3"
    s1 List.Create kept items=[1] -> ok
    s2 Queue.Put ~1 value=1 -> length=1
    end s1
    s2 Queue.Put ~1 value=1 -> OBJECT_NOT_FOUND
    - List.Len ~2 -> OBJECT_NOT_FOUND
    - Admin.Objects anonymous=True -> objects=[{name="kept"}, {name="~3"}]
  )");
}

TEST_F(SessionEnd, OpsOfOthersParkedOnItsAnonymousObjectsFail) {
  Run(R"(
    s1 Queue.Create "" -> name="~1"
    s2 Queue.Get ~1 -> parked #a
    s1 Queue.Get ~1 -> parked #b
    - Queue.Get ~1 timeout_ms=10 -> parked #c
    end s1 -> #b SESSION_EXPIRED; #a OBJECT_DELETED "~1"; #c OBJECT_DELETED
    advance 10
  )");
  EXPECT_TRUE(engine().parked().empty());
}

TEST_F(SessionEnd, NothingIsGrantedOnAnObjectThatGoesWithIt) {
  Run(R"(
    s1 Lock.Create "" -> name="~1"
    s1 Lock.Acquire ~1 -> token=1
    s2 Lock.Acquire ~1 -> parked #a
    s1 Queue.Create "" maxsize=1 -> name="~2"
    s1 Queue.Put ~2 value=1 -> ok
    s1 Queue.PutMany ~2 values=[2] -> parked #b
    s2 Queue.Put ~2 value=3 -> parked #c
    s1 Lock.Acquire kept -> token=2
    s2 Lock.Acquire kept -> parked #d
    end s1 -> #b SESSION_EXPIRED; #a OBJECT_DELETED; #c OBJECT_DELETED; #d token=3
  )");
}

TEST_F(SessionEnd, AnonymousLockHeldByAnotherIsForgottenByBoth) {
  Run(R"(
    s1 Lock.Create "" -> name="~1"
    s2 Lock.Acquire ~1 -> token=1
    end s1
    s2 Lock.Release ~1 -> OBJECT_NOT_FOUND
    end s2
  )");
}

TEST_F(SessionEnd, EveryLockItHoldsGoesToTheNextInLine) {
  Run(R"(
    s1/t1 Lock.Acquire a -> ok
    s1/t2 Lock.Acquire b -> ok
    s2 Lock.Acquire b -> parked #b
    s3 Lock.Acquire a -> parked #a
    s1 Lock.Acquire c -> ok
    end s1 -> #a acquired=True; #b acquired=True
    - Lock.Inspect c -> locked=False
  )");
}

TEST_F(SessionEnd, AnonymousNamesAreNeverGivenTwice) {
  Run(R"(
    s1 Queue.Create "" -> name="~1"
    end s1
    s2 Queue.Create "" -> name="~2"
    - Admin.Delete ~2 -> deleted=True
    s2 Queue.Create "" -> name="~3"
  )");
}

TEST_F(SessionEnd, DeletedAnonymousObjectIsNotDeletedAgain) {
  Run(R"(
    s1 Queue.Create "" -> name="~1"
    - Admin.Delete ~1 -> deleted=True
    end s1
  )");
}

// --- Deleting ---

TEST_F(Deleting, FailsTheOpsThatWait) {
  Run(R"(
    - Queue.Create q maxsize=1 -> ok
    - Queue.Put q value=1 -> ok
    - Queue.Put q value=2 timeout_ms=50 -> parked #put
    s1 Queue.Join q -> parked #join
    - Admin.Delete q -> deleted=True; #put OBJECT_DELETED "\"q\" was deleted"; #join OBJECT_DELETED
    advance 50
    end s1
    - Queue.Len q -> length=0 maxsize=0
    - Admin.Delete q -> deleted=False
  )");
}

TEST_F(Deleting, TakesTheLockFromItsOwner) {
  Run(R"(
    s1 Lock.Acquire l -> token=1
    s2 Lock.Acquire l -> parked #a
    - Admin.Delete l -> deleted=True; #a OBJECT_DELETED
    s2 Lock.Acquire l -> token=2
    s1 Lock.Release l -> LOCK_LOST
    end s1
    - Lock.Inspect l -> locked=True session=2
  )");
}

// --- Creating ---

TEST_F(Creating, FailedOpLeavesNoObject) {
  Run(R"(
    - Queue.Get a timeout_ms=0 -> QUEUE_EMPTY
    - List.Pop b -> INDEX_OUT_OF_RANGE
    - Dict.Set c key=[1] value=1 -> NOT_HASHABLE
    - SharedValue.Modify d operator=ADD operand=None -> UNSUPPORTED_OPERAND
    - Lock.Release e -> LOCK_NOT_HELD
    - Admin.Objects anonymous=True -> objects=[] done=True
  )");
}

TEST_F(Creating, FailedOpRaisesNoVersion) {
  Run(R"(
    - List.Append l value=1 -> version=1
    - Admin.Delete l -> deleted=True
    - List.Len l -> version=2
    - List.Pop other -> INDEX_OUT_OF_RANGE
    - List.Len l -> version=2
  )");
}

TEST_F(Creating, FailedCopyOfAMissingListLeavesNeither) {
  Run(R"(
    - List.Append taken value=1 -> ok
    - List.Copy missing target=taken -> OBJECT_EXISTS
    - List.Copy missing target="" -> SESSION_REQUIRED
    s1 List.Copy missing target=missing -> OBJECT_EXISTS
    - Admin.Objects anonymous=True -> objects=[{name="taken"}]
  )");
}

TEST_F(Creating, AnonymousObjectNeedsASession) {
  Run(R"(
    - Queue.Create "" -> SESSION_REQUIRED "open a session"
    s1 Queue.Create "" -> created=True
  )");
}

TEST_F(Creating, ReadOfAMissingObjectSeesAnEmptyOneAndMakesNone) {
  Run(R"(
    - Queue.Len q -> length=0
    - List.Len l -> length=0
    - Dict.Len d -> length=0
    - SharedValue.Get v -> value=None
    - Lock.Inspect k -> locked=False
    - Admin.Objects -> objects=[]
  )");
}

TEST_F(Creating, ObjectMadeByAWaitEndsWithTheLastWaiter) {
  Run(R"(
    - Queue.Get q timeout_ms=10 -> parked #a
    s1 Queue.Get q -> parked #b
    - Queue.Get q -> parked #c
    - Admin.Describe q -> summary={waiters=3}
    advance 10 -> #a QUEUE_EMPTY
    end s1 -> #b SESSION_EXPIRED
    - Admin.Objects -> objects=[{name="q"}]
    cancel #c -> #c CANCELLED
    - Admin.Objects -> objects=[]
    - List.Append q value=1 -> ok
  )");
}

TEST_F(Creating, ObjectMadeByAWaitStaysOnceItWasUsed) {
  Run(R"(
    - Queue.Get q -> parked #a
    - Queue.Put q value=1 -> ok; #a value=1
    - Queue.Len q -> unfinished=1
    - Queue.Get p -> parked #b
    - Queue.Create p -> created=True
    cancel #b -> #b CANCELLED
    - Admin.Objects -> objects=[{name="p"}, {name="q"}]
  )");
}

TEST_F(Creating, ObjectMadeByAWaitIsOfItsTypeForOthers) {
  Run(R"(
    - Queue.Get x -> parked #a
    - List.Append x value=1 -> WRONG_TYPE
    cancel #a -> #a CANCELLED
    - List.Append x value=1 -> ok
  )");
}

// --- Versions ---

TEST_F(Versions, GrowOverDeletionAndRecreation) {
  Run(R"(
    - List.Append l value=1 -> version=1
    - List.Append l value=2 -> version=2
    - Admin.Delete l -> deleted=True
    - List.Len l -> version=3
    - List.Append l value=3 -> version=4
  )");
}

TEST_F(Versions, OfADeletedObjectNeverMatchAgain) {
  Run(R"(
    - SharedValue.Set v value="old" -> version=1
    - Admin.Delete v -> deleted=True
    - SharedValue.Set v value="new" if_version=1 -> VERSION_MISMATCH
    - SharedValue.Get v -> value=None version=2
    - SharedValue.Set v value="new" if_version=2 -> version=3
  )");
}

TEST_F(Versions, OfAnyDeletedObjectRaiseThoseOfMissingOnes) {
  Run(R"(
    - List.Extend a values=[1, 2] -> version=1
    - List.Append a value=3 -> version=2
    - Admin.Delete a -> deleted=True
    - Dict.Len b -> version=3
    - SharedValue.Set c value=1 -> version=4
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
