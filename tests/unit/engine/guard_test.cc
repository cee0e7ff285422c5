// Guarded objects: who may change them.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class Guards : public OpTable {
 protected:
  void SetUp() override {
    Run(R"(
      s1 Dict.Create d -> ok
      s1 Lock.Create l{d} -> ok
      s1 Object.Guard d lock="l{d}" -> ok
    )");
  }
};

TEST_F(Guards, LetOnlyTheHolderOfTheLockChangeTheObject) {
  Run(R"(
    s1 Dict.Set d key=1 value=1 -> GUARD_STALE "which nobody holds"
    s1 Lock.Acquire l{d} -> token=1
    s1 Dict.Set d key=1 value=1 -> ok
    s2 Dict.Set d key=1 value=2 -> GUARD_STALE "held by session 1 thread 0"
    s1/t1 Dict.Set d key=1 value=2 -> GUARD_STALE "not by session 1 thread 1"
    - Dict.Set d key=1 value=2 -> GUARD_STALE
    s2 Dict.Get d key=1 -> value=1
    s2 Dict.Len d -> ok
  )");
}

TEST_F(Guards, LetThroughWhoeverHasTheCurrentToken) {
  Run(R"(
    s1 Lock.Acquire l{d} -> token=1
    s2!1 Dict.Set d key=1 value=1 -> ok
    -!1 Dict.Set d key=1 value=2 -> ok
    s1!1 Dict.Set d key=1 value=3 -> ok
    s1!2 Dict.Set d key=1 value=4 -> GUARD_STALE "whose current token is 1, not 2"
    s1 Lock.Release l{d} -> ok
    s2 Lock.Acquire l{d} -> token=2
    s1!1 Dict.Set d key=1 value=5 -> GUARD_STALE
    s1 Dict.Get d key=1 -> value=3
  )");
}

TEST_F(Guards, TellAHolderThatLostTheLock) {
  Run(R"(
    s1 Lock.Acquire l{d} lease_ms=10 -> token=1
    s1 Dict.Set d key=1 value=1 -> ok
    advance 10
    s1 Dict.Set d key=1 value=2 -> LOCK_LOST "its lease ended"
    s1!1 Dict.Set d key=1 value=2 -> LOCK_LOST
    s1/t1!1 Dict.Set d key=1 value=2 -> LOCK_LOST
    s2!1 Dict.Set d key=1 value=2 -> GUARD_STALE
    s2 Dict.Get d key=1 -> value=1
  )");
}

TEST_F(Guards, HoldForEveryOpThatIsNoRead) {
  Run(R"(
    s1 Dict.Create d -> created=False
    s1 Dict.Clear d -> GUARD_STALE
    s1 Dict.Pop d key=1 -> GUARD_STALE
    s1 Object.SetTtl d ttl_ms=5 -> GUARD_STALE
    - Admin.Delete d -> GUARD_STALE
    s1 Object.Unguard d -> GUARD_STALE
    s1 Object.Guard d lock="l{d}" -> GUARD_STALE
    s1 Object.Inspect d -> guard="l{d}" guard_token=0
    s1 Lock.Acquire l{d} -> token=1
    s1 Object.Inspect d -> guard="l{d}" guard_token=1
    s1 Object.SetTtl d ttl_ms=500 -> ok
    s1 Admin.Delete d -> deleted=True
  )");
}

TEST_F(Guards, DoNotKeepTheDaemonFromItsOwn) {
  Run(R"(
    s1 Lock.Acquire l{d} -> token=1
    s1 Object.SetTtl d ttl_ms=5 -> ok
    s1 Lock.Release l{d} -> ok
    advance 5
    s1 Admin.Describe d -> OBJECT_NOT_FOUND
  )");
}

TEST_F(Guards, AreCheckedWhenAnOpComesAndAgainWhenItIsGranted) {
  Run(R"(
    s1 Queue.Create q -> ok
    s1 Lock.Create l{q} -> ok
    s1 Object.Guard q lock="l{q}" -> ok
    s1 Queue.Get q -> GUARD_STALE
    s1 Lock.Acquire l{q} -> token=1
    s1 Queue.Get q -> parked #a
    s1/t1!1 Queue.Get q -> parked #b
    s1 Lock.Release l{q} -> ok
    s2 Lock.Acquire l{q} -> token=2
    s2 Queue.Put q value=1 -> length=1; #a GUARD_STALE; #b GUARD_STALE
    s2 Queue.Get q -> value=1
  )");
}

TEST_F(Guards, GoWithUnguard) {
  Run(R"(
    s1 Lock.Acquire l{d} -> token=1
    s1 Object.Unguard d -> unguarded=True
    s2 Object.Unguard d -> unguarded=False
    s2 Dict.Set d key=1 value=1 -> ok
    s2 Object.Inspect d -> guard=""
    s2 Object.Unguard nothing -> OBJECT_NOT_FOUND
  )");
}

TEST_F(Guards, WhoseLockIsGoneRefuseAllButUnguard) {
  Run(R"(
    - Admin.Delete l{d} -> deleted=True
    s1 Dict.Set d key=1 value=1 -> GUARD_STALE "which nobody holds"
    s1 Object.Unguard d -> unguarded=True
    s1 Dict.Set d key=1 value=1 -> ok
  )");
}

TEST_F(Guards, AreLocksOfAnyKind) {
  Run(R"(
    s1 RLock.Create r{d} -> ok
    s1 Lock.Acquire l{d} -> ok
    s1 Object.Guard d lock="r{d}" -> ok
    s1 Dict.Clear d -> GUARD_STALE
    s1 RLock.Acquire r{d} depth=2 -> ok
    s1 Dict.Clear d -> ok
    s1 ReadWriteLock.Create w{d} -> ok
    s1 Object.Guard d lock="w{d}" -> ok
    s1 ReadWriteLock.AcquireRead w{d} -> ok
    s1 Dict.Clear d -> GUARD_STALE
    s1 ReadWriteLock.Release w{d} -> ok
    s1 ReadWriteLock.AcquireWrite w{d} -> ok
    s1 Dict.Clear d -> ok
  )");
}

TEST_F(Guards, AreRefusedWhereTheyMakeNoSense) {
  Run(R"(
    s1 Object.Guard nothing lock="nothing" -> OBJECT_NOT_FOUND
    s1 List.Create x{d} -> ok
    s1 Object.Guard x{d} lock="no{d}" -> OBJECT_NOT_FOUND
    s1 Object.Guard x{d} lock="d" -> WRONG_TYPE
    s1 Object.Guard x{d} lock="" -> INVALID_NAME
    s1 Semaphore.Create s{d} -> ok
    s1 Object.Guard s{d} lock="l{d}" -> INVALID_ARGUMENT "no lock can guard a semaphore"
    s1 Object.Guard l{d} lock="l{d}" -> INVALID_ARGUMENT
    s1 Object.Guard x{d} lock="s{d}" -> WRONG_TYPE
    s1 Queue.Get q{d} -> parked #a
    s1 Object.Guard q{d} lock="l{d}" -> OBJECT_NOT_FOUND
  )");
}

TEST_F(Guards, KeepAnAnonymousLockAlive) {
  Run(R"(
    s1 Lock.Create -> name="~1"
    s1 List.Create x -> ok
    s1 Object.Guard x lock="~1" -> ok
    s1 Object.Release ~1 -> released=1
    s1 Lock.Inspect ~1 -> locked=False
    s1 List.Append x value=1 -> GUARD_STALE
    s1 Lock.Acquire ~1 -> ok
    s1 List.Append x value=1 -> ok
    s1 Admin.Delete x -> deleted=True
    s1 Lock.Inspect ~1 -> OBJECT_NOT_FOUND
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
