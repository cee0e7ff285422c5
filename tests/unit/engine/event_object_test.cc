// The event's ops as tables.
#include "tests/unit/engine/op_table.h"

namespace coheld::engine::testing {
namespace {

class EventOps : public OpTable {};

TEST_F(EventOps, SetWakesAllWhoWaitInOrder) {
  Run(R"(
    s1 Event.Wait e -> parked #a
    - Event.Wait e -> parked #b
    s2 Event.Wait e timeout_ms=50 -> parked #c
    - Event.Set e -> was_set=False; #a set=True; #b set=True; #c set=True
    - Event.Set e -> was_set=True
  )");
}

TEST_F(EventOps, WaitOnASetEventDoesNotWait) {
  Run(R"(
    - Event.Set e -> was_set=False
    - Event.Wait e -> set=True
    - Event.Wait e timeout_ms=0 -> set=True
    - Event.IsSet e -> set=True
  )");
}

TEST_F(EventOps, ClearDoesNotTakeAWakeUpBack) {
  Run(R"(
    - Event.Wait e -> parked #a
    - Event.Set e -> ok; #a set=True
    - Event.Clear e -> was_set=True
    - Event.Clear e -> was_set=False
    - Event.Wait e timeout_ms=0 -> set=False
  )");
}

TEST_F(EventOps, WaitAnswersFalseWhenItsTimeIsUp) {
  Run(R"(
    - Event.Create e -> created=True
    s1 Event.Wait e timeout_ms=10 -> parked #a
    s2 Event.Wait e timeout_ms=20 -> parked #b
    advance 10 -> #a set=False
    - Event.Set e -> ok; #b set=True
  )");
}

TEST_F(EventOps, WaitAloneLeavesNoEventBehind) {
  Run(R"(
    - Event.Wait e timeout_ms=0 -> set=False
    - Event.IsSet e -> set=False
    - Admin.Objects -> objects=[]
    - Event.Wait e timeout_ms=10 -> parked #a
    - Event.Create e exclusive=True -> created=True
    advance 10 -> #a set=False
    - Event.Wait f timeout_ms=10 -> parked #b
    advance 10 -> #b set=False
    - Admin.Objects -> objects=[{name="e" type="event" size=0}]
  )");
}

TEST_F(EventOps, ClearMakesAMissingEvent) {
  Run(R"(
    - Event.Clear e -> was_set=False
    - Event.Create e -> created=False
    - Event.Create e exclusive=True -> OBJECT_EXISTS
  )");
}

TEST_F(EventOps, WaitEndsWithItsSessionAndItsEvent) {
  Run(R"(
    s1 Event.Wait e -> parked #a
    s2 Event.Wait e -> parked #b
    end s1 -> #a SESSION_EXPIRED
    cancel #b -> #b CANCELLED
    - Event.Create e -> created=True
    s2 Event.Wait e -> parked #c
    - Admin.Delete e -> deleted=True; #c OBJECT_DELETED
  )");
}

TEST_F(EventOps, AnonymousEventIsNamedByTheDaemon) {
  Run(R"(
    s1 Event.Create -> name="~1" created=True
    s2 Event.Set ~1 -> was_set=False
    - Admin.Describe ~1 -> summary={type="event" size=1}
  )");
}

TEST_F(EventOps, VersionGrowsWithEveryChangeOnly) {
  Run(R"(
    - Event.Set e -> ok
    - Admin.Describe e -> summary={version=1}
    - Event.Set e -> ok
    - Admin.Describe e -> summary={version=1}
    - Event.Clear e -> ok
    - Admin.Describe e -> summary={version=2}
  )");
}

}  // namespace
}  // namespace coheld::engine::testing
