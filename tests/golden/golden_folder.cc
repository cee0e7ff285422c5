// See golden_folder.h.
#include "tests/golden/golden_folder.h"

#include "server/engine/input_log.h"
#include "server/journal/journal.h"
#include "server/upkeep/state_file.h"

namespace coheld::golden {

using journal::Status;

GoldenFolder::GoldenFolder() {
  journal::Journal::Found found;
  const auto visit = [](uint64_t, std::string_view) -> Status { return std::nullopt; };
  EXPECT_FALSE(journal::Journal::Open(disk_, {.folder = "d", .segment_bytes = 4096, .salt = 1853},
                                      0, visit, &found, &journal_));
  KeepEngine();
  engine().SetInputLog(this);
  engine().Begin(1, now());
}

void GoldenFolder::OnInput(const engine::Input& input) {
  std::string record;
  engine::EncodeInput(input, &record);
  journal::PendingBatch pending;
  pending.Add(record);
  EXPECT_FALSE(journal_->Write(&pending));
}

journal::SimulatedDisk::Image GoldenFolder::Write() {
  FillWithData();
  FillWithRights();
  WriteSnapshot();
  GoOn();
  EXPECT_FALSE(journal_->Sync());
  EXPECT_FALSE(journal_->Mark());
  journal::SimulatedDisk::Image files;
  for (const auto& [path, bytes] : disk_.Now()) files[path.substr(2)] = bytes;
  return files;
}

void GoldenFolder::WriteSnapshot() {
  EXPECT_FALSE(journal_->Sync());
  EXPECT_FALSE(upkeep::SaveState(engine(), {disk_, "d", journal_->next_index() - 1}));
}

void GoldenFolder::FillWithData() {
  Run(R"(
    - Array.Create array typecode="u" values=["a", "b"] shape=[2, 1] -> ok
    - Counter.Add counter amount=-7 -> ok
    - Dict.SetMany dict entries=[{key=1 value="one"}, {key="gone" value=2}, {key=(1, None) value=3.5}]
      -> ok
    - Dict.Delete dict key="gone" -> ok
    - List.Extend list values=[None, True, False, -5, 18446744073709551616, 1.5, "text",
      "a text of more than fourteen bytes", b"bytes", [1, [2]], (1, 2), {1, 2}, {"k": (1, {})},
      opaque("pickle", b"\x80"), ref("list", "list")] -> ok
    - Namespace.UpdateMany space attributes=[{attribute="x" value=1}, {attribute="y" value="z"}] -> ok
    - Queue.Create fifo maxsize=2 -> ok
    - Queue.PutMany fifo values=[1, 2] -> ok
    - Queue.Create lifo kind=LIFO -> ok
    - Queue.PutMany lifo values=["a", "b"] -> ok
    - Queue.Create priority kind=PRIORITY -> ok
    - Queue.PutMany priority values=[3, 1, 2] -> ok
    - Set.Create set values=[1, "a", (2,)] -> ok
    - SharedValue.Create cell typecode="d" initial=2.5 -> ok
    - SortedSet.Add scores members=[{member="b" score=1}, {member="a" score=1}, {member=3 score=-inf}]
      -> ok
    - Event.Set event -> ok
    - CountDownLatch.Create latch count=2 -> ok
    - Barrier.Create barrier parties=3 -> ok
  )");
}

void GoldenFolder::FillWithRights() {
  Run(R"(
    s1 Barrier.Wait barrier timeout_ms=5000 -> parked #b
    s1 Lock.Create {t}lock -> ok
    s1 Condition.Create {t}condition lock="{t}lock" -> ok
    s1@1.1 Lock.Acquire {t}lock -> ok
    s1@1.2^1 Condition.Wait {t}condition -> parked #c
    s2%a.py:3 RLock.Acquire {t}rlock depth=3 -> ok
    s2 Lock.Acquire leased_lock lease_ms=8000 -> ok
    s1 ReadWriteLock.AcquireRead rw -> ok
    s2 ReadWriteLock.AcquireRead rw -> ok
    s2 Semaphore.Create semaphore permits=3 bounded=True -> ok
    s1 Semaphore.Acquire semaphore count=2 -> ok
    - Queue.PutMany leased values=["a", "b", "c"] -> ok
    s1 Queue.Lease leased -> ok
    - Queue.Lease leased visibility_ms=6000 -> ok
    - Queue.Put leased value="d" delay_ms=8000 dedup_key="once" -> ok
    s1 Topic.Subscribe topic buffer_max=3 -> ok
    s2 Topic.Subscribe topic buffer_max=1 policy=REFUSE -> ok
    - Topic.Publish topic values=[[1, 2]] -> ok
    s2 Host.Attach host -> ok
    s2 Hosted.Create hosted host="host" target="t" type_id="T" exposed=["m", "n"] -> ok
    s1 Host.Call host target="t" method="m" arguments=(1,) keywords={"k": 2} -> parked #h
    s1 List.Create "" -> name="~1"
    s2 Object.Hold ~1 -> ok
    - List.Append list value=ref("~1", "list") -> ok
    s1 Queue.Create "" -> name="~2"
    - Object.Lend ~2 grace_ms=50000 -> ok
    - List.Append {t}guarded value=1 -> ok
    - Object.Guard {t}guarded lock="{t}rlock" -> ok
    - Object.SetTtl counter ttl_ms=60000 -> ok
    s1 Queue.Get provisional -> parked #g
  )");
}

// What is in the records after the snapshot.
void GoldenFolder::GoOn() {
  Run(R"(
    s2 Queue.Put fifo value=3 -> parked #p
    - Queue.Get fifo -> value=1; #p ok
    s1@1.3^1 List.Append list value="after the snapshot" -> ok
    s3 Semaphore.Acquire semaphore count=2 -> parked #s
    cancel #s -> #s CANCELLED
    s3 Lock.Acquire leased_lock -> parked #l
    advance 9000 -> #b ok; #l ok
    stall 700
    s3 SharedValue.Set cell value=3.5 -> ok
    end s3
    s4 Set.Add set values=["last"] -> ok
  )");
}

}  // namespace coheld::golden
