// The read-write lock's ops as tables.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class ReadWriteLockOps : public OpTable {};

TEST_F(ReadWriteLockOps, ManyReadOrOneWrites) {
  Run(R"(
    s1 ReadWriteLock.AcquireRead l -> acquired=True token=1
    s2 ReadWriteLock.AcquireRead l -> acquired=True token=2
    s3 ReadWriteLock.AcquireWrite l timeout_ms=0 -> acquired=False token=0
    s1 ReadWriteLock.Release l -> ok
    s2 ReadWriteLock.Release l -> ok
    s3 ReadWriteLock.AcquireWrite l -> acquired=True token=3
    s1 ReadWriteLock.AcquireRead l timeout_ms=0 -> acquired=False
    s1 ReadWriteLock.AcquireWrite l timeout_ms=0 -> acquired=False
    s3 ReadWriteLock.Release l -> ok
  )");
}

TEST_F(ReadWriteLockOps, WaitingWriterHoldsBackLaterReaders) {
  Run(R"(
    s1 ReadWriteLock.AcquireRead l -> token=1
    s2 ReadWriteLock.AcquireWrite l -> parked #w
    s3 ReadWriteLock.AcquireRead l -> parked #a
    s4 ReadWriteLock.AcquireRead l -> parked #b
    s5 ReadWriteLock.AcquireWrite l -> parked #v
    s1 ReadWriteLock.Release l -> ok; #w token=2
    s2 ReadWriteLock.Release l -> ok; #a token=3; #b token=4
    s3 ReadWriteLock.Release l -> ok
    s4 ReadWriteLock.Release l -> ok; #v token=5
  )");
}

TEST_F(ReadWriteLockOps, WriterThatGivesUpLetsTheReadersBehindItIn) {
  Run(R"(
    s1 ReadWriteLock.AcquireRead l -> token=1
    s2 ReadWriteLock.AcquireWrite l timeout_ms=10 -> parked #w
    s3 ReadWriteLock.AcquireRead l -> parked #a
    advance 10 -> #w acquired=False; #a acquired=True
    s2 ReadWriteLock.AcquireWrite l -> parked #v
    s4 ReadWriteLock.AcquireRead l -> parked #b
    cancel #v -> #v CANCELLED; #b acquired=True
    s2 ReadWriteLock.AcquireWrite l -> parked #u
    s5 ReadWriteLock.AcquireRead l -> parked #c
    end s2 -> #u SESSION_EXPIRED; #c acquired=True
  )");
}

TEST_F(ReadWriteLockOps, ReaderReadsAgainPastAWaitingWriter) {
  Run(R"(
    s1 ReadWriteLock.AcquireRead l -> token=1
    s2 ReadWriteLock.AcquireWrite l -> parked #w
    s1 ReadWriteLock.AcquireRead l -> acquired=True token=2
    s1 ReadWriteLock.Release l -> ok
    s1 ReadWriteLock.Release l -> ok; #w token=3
  )");
}

TEST_F(ReadWriteLockOps, NothingElseIsReentrant) {
  Run(R"(
    s1 ReadWriteLock.AcquireRead l -> ok
    s1 ReadWriteLock.AcquireWrite l timeout_ms=0 -> acquired=False
    s1 ReadWriteLock.Release l -> ok
    s1 ReadWriteLock.AcquireWrite l -> ok
    s1 ReadWriteLock.AcquireRead l timeout_ms=0 -> acquired=False
    s1 ReadWriteLock.AcquireWrite l timeout_ms=0 -> acquired=False
  )");
}

TEST_F(ReadWriteLockOps, EndOfASessionGivesBackReadsAndWrites) {
  Run(R"(
    s1/t1 ReadWriteLock.AcquireRead l -> ok
    s1/t2 ReadWriteLock.AcquireRead l -> ok
    s1/t2 ReadWriteLock.AcquireRead l -> ok
    s2 ReadWriteLock.AcquireWrite l -> parked #w
    end s1 -> #w acquired=True
    s3 ReadWriteLock.AcquireRead l -> parked #a
    end s2 -> #a acquired=True
    - ReadWriteLock.Inspect l -> readers=1 written=False
  )");
}

TEST_F(ReadWriteLockOps, ReleaseIsForOwnersOnly) {
  Run(R"(
    s1 ReadWriteLock.Release l -> LOCK_NOT_HELD
    - Admin.Objects -> objects=[]
    s1 ReadWriteLock.AcquireRead l -> token=1
    s2 ReadWriteLock.Release l -> LOCK_NOT_OWNER "1 readers"
    s1 ReadWriteLock.AcquireRead l -> token=2
    s1 ReadWriteLock.Release l token=1 -> LOCK_NOT_OWNER "token 1"
    s1 ReadWriteLock.Release l token=2 -> ok
    s1 ReadWriteLock.Release l -> ok
    s1 ReadWriteLock.AcquireWrite l -> token=3
    s2 ReadWriteLock.Release l -> LOCK_NOT_OWNER "session 1 thread 0"
    s1/t1 ReadWriteLock.Release l -> LOCK_NOT_OWNER
    s1 ReadWriteLock.Release l token=3 -> ok
  )");
  EXPECT_TRUE(engine().sessions().Find(SessionId{1})->held.empty());
}

TEST_F(ReadWriteLockOps, AcquiresNeedASession) {
  Run(R"(
    - ReadWriteLock.AcquireRead l -> SESSION_REQUIRED
    - ReadWriteLock.AcquireWrite l -> SESSION_REQUIRED
    - Admin.Objects -> objects=[]
  )");
}

TEST_F(ReadWriteLockOps, CreateLeavesAnExistingLockAsItIs) {
  Run(R"(
    s1 ReadWriteLock.AcquireWrite l -> token=1
    - ReadWriteLock.Create l -> created=False
    - ReadWriteLock.Create l exclusive=True -> OBJECT_EXISTS
    - ReadWriteLock.Create m -> created=True
  )");
}

TEST_F(ReadWriteLockOps, InspectAndDescribeTellHoldersAndWaiters) {
  Run(R"(
    - ReadWriteLock.Inspect l -> readers=0 written=False read_waiters=0 write_waiters=0
    s1/t7 ReadWriteLock.AcquireRead l -> token=1
    s1/t7 ReadWriteLock.AcquireRead l -> token=2
    s2 ReadWriteLock.AcquireRead l -> token=3
    s3 ReadWriteLock.AcquireWrite l -> parked #w
    s4 ReadWriteLock.AcquireRead l -> parked #r
    s5 ReadWriteLock.AcquireRead l -> parked #q
    - ReadWriteLock.Inspect l -> readers=2 written=False read_waiters=2 write_waiters=1
    - Admin.Describe l -> summary={type="rwlock" size=2 waiters=3}
      holders=[{session=1 thread=7 token=2 count=2 shared=True}, {session=2 count=1 shared=True}]
      waiters=[{method="ReadWriteLock.AcquireWrite"}, {method="ReadWriteLock.AcquireRead"},
               {method="ReadWriteLock.AcquireRead"}]
    end s1
    end s2 -> #w token=4
    - ReadWriteLock.Inspect l -> readers=0 written=True session=3 token=4 read_waiters=2
    - Admin.Describe l -> holders=[{session=3 shared=False}]
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
