// Saved state: that all of it is there, that it is what it says, and what becomes of damaged bytes.
// (That no type forgets anything is shown by every table and every random run: they go on with
// engines that were loaded.)
#include <cstring>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coheld/v1/session.pb.h"
#include "server/engine/engine.h"
#include "tests/unit/engine/op_table.h"
#include "tests/unit/engine/reload.h"

namespace coheld::engine::testing {
namespace {

constexpr size_t kDigestBytes = sizeof(StateDigest);

// The bytes with their digest.
std::string Sealed(std::string body) {
  const StateDigest digest = DigestOf(body);
  return body.append(reinterpret_cast<const char*>(&digest), kDigestBytes);
}

std::string BodyOf(const Engine& engine) {
  std::string state = SavedState(engine);
  state.resize(state.size() - kDigestBytes);
  return state;
}

// Why a new engine does not take these bytes; nothing if it does.
std::optional<Failure> Refusal(const std::string& state) { return Engine().Load(state); }

class EngineStates : public OpTable {
 protected:
  // Makes an object of each type with all that it can hold, ops that wait in every manner, handles,
  // refs to what is there and what is gone, and an object that may be in a cycle.
  void FillWithEverything() {
    Run(R"(
      - Array.Create array typecode="u" values=["a", "b"] shape=[2, 1] -> ok
      - Barrier.Create barrier parties=3 -> ok
      s1 Barrier.Wait barrier timeout_ms=5000 -> parked #b
      s1 Lock.Create {t}lock -> ok
      s1 Condition.Create {t}condition lock="{t}lock" -> ok
      s1 Lock.Acquire {t}lock -> token=1
      s1 Condition.Wait {t}condition -> parked #c
      - Counter.Add counter amount=-7 -> ok
      - CountDownLatch.Create latch count=2 -> ok
      - CountDownLatch.Wait latch -> parked #l
      - Dict.SetMany dict entries=[{key=1 value="one"}, {key="gone" value=2}, {key=(1, None) value=3.5}]
        -> ok
      - Dict.Delete dict key="gone" -> ok
      - Event.Set event -> ok
      s2 Host.Attach host -> ok
      s1 Host.Call host target="t" method="m" arguments=(1,) keywords={"k": 2} -> parked #h
      s2 Host.Take host -> ok
      s1 Host.Call host target="t" method="n" arguments=(2,) timeout_ms=9000 -> parked #i
      s2 Hosted.Create hosted host="host" target="t" type_id="T" exposed=["m", "n"] -> ok
      - List.Extend list values=[None, True, False, -5, 18446744073709551616, 1.5, "text",
        "a text of more than fourteen bytes", b"bytes", [1, [2]], (1, 2), {1, 2}, {"k": (1, {})},
        opaque("pickle", b"\x80"), ref("list", "list")] -> ok
      s2 RLock.Acquire {t}rlock depth=3 -> ok
      s1 Lock.AcquireAll {t}lock others=["{t}rlock"] timeout_ms=7000 -> parked #a
      - Namespace.UpdateMany space attributes=[{attribute="x" value=1}, {attribute="y" value="z"}] -> ok
      - Queue.Create fifo maxsize=2 -> ok
      - Queue.PutMany fifo values=[1, 2] -> ok
      s2 Queue.Put fifo value=3 -> parked #p
      s1/t3 Queue.Join fifo -> parked #j
      - Queue.PutMany leased values=["a", "b", "c"] -> ok
      s1 Queue.Lease leased -> ok
      - Queue.Lease leased visibility_ms=6000 -> ok
      s2 Queue.Lease leased visibility_ms=4000 -> deliveries=[{delivery=6}]
      s2 Queue.Nack leased delivery=6 delay_ms=3000 -> ok
      - Queue.Put leased value="d" delay_ms=8000 dedup_key="once" -> ok
      - Queue.Create priority kind=PRIORITY -> ok
      - Queue.PutMany priority values=[3, 1, 2] -> ok
      s1 Queue.Get provisional -> parked #g
      s1 ReadWriteLock.AcquireRead rw -> ok
      s2 ReadWriteLock.AcquireRead rw -> ok
      s2 ReadWriteLock.AcquireWrite {t}written -> ok
      s2 Semaphore.Create semaphore permits=3 bounded=True -> ok
      s1 Semaphore.Acquire semaphore count=2 -> ok
      - Set.Create set values=[1, "a", (2,)] -> ok
      - SharedValue.Create cell typecode="d" initial=2.5 -> ok
      - SharedValue.Wait cell since_version=1 -> parked #v
      - SortedSet.Add scores members=[{member="b" score=1}, {member="a" score=1}, {member=3 score=-inf}]
        -> ok
      s1 Topic.Subscribe topic buffer_max=3 -> ok
      s2 Topic.Subscribe topic buffer_max=1 policy=REFUSE -> ok
      - Topic.Publish topic values=[[1, 2]] -> ok
      s1 List.Create "" -> name="~1"
      s2 Object.Hold ~1 -> ok
      s1 List.Append ~1 value=ref("~1", "list") -> ok
      s1 Dict.Create "" -> name="~2"
      - List.Append list value=ref("~2", "dict") -> ok
      s2 Set.Create "" -> name="~3"
      - List.Append list value=[ref("~3", "set")] -> ok
      - Admin.Delete ~3 -> ok
      s1 Queue.Create "" -> name="~4"
      - Object.Lend ~4 grace_ms=50000 -> ok
      - Watch.Changes list after_version=3 -> parked #w
      - Admin.Delete counter -> ok
      - Counter.Add counter amount=9 -> ok
    )");
  }
};

TEST_F(EngineStates, OfEveryTypeIsThere) {
  FillWithEverything();
  std::set<std::string> types;
  for (const auto& [name, held] : engine().store().objects()) types.insert(held.type->word);
  for (const TypeRow* type : Types()) EXPECT_TRUE(types.contains(type->word)) << type->word;
}

// The same end of a session, with all that it frees and grants, on one that was saved and one not.
TEST_F(EngineStates, GoOnWhereTheyWereSaved) {
  FillWithEverything();
  Engine loaded;
  ASSERT_FALSE(loaded.Load(SavedState(engine())));
  std::vector<Reply> replies;
  std::vector<Reply> of_loaded;
  engine().EndSession(SessionId{1}, now(), &replies);
  loaded.EndSession(SessionId{1}, now(), &of_loaded);
  EXPECT_GT(replies.size(), 5u);
  ASSERT_EQ(of_loaded.size(), replies.size());
  for (size_t i = 0; i < replies.size(); ++i) EXPECT_EQ(of_loaded[i].call, replies[i].call);
  EXPECT_EQ(loaded.Digest(), engine().Digest());
}

TEST_F(EngineStates, HaveTheSameDigestOnlyIfTheyAreTheSame) {
  Run("- List.Append l value=1 -> ok");
  const StateDigest before = engine().Digest();
  Run("- List.Len l -> length=1");
  EXPECT_EQ(engine().Digest(), before);
  Run("- List.Set l index=0 value=1.0 -> ok");
  EXPECT_NE(engine().Digest(), before);
}

TEST_F(EngineStates, OfManyBlocksHaveTheDigestOfTheirBytes) {
  Run("- List.Append l value=\"x\" -> ok");
  Run("- List.Repeat l count=200000 -> ok");
  const std::string body = BodyOf(engine());
  EXPECT_GT(body.size(), size_t{200'000});
  EXPECT_EQ(DigestOf(body), engine().Digest());
  EXPECT_EQ(Refusal(Sealed(body)), std::nullopt);
}

TEST_F(EngineStates, TellTheirDigestAsText) {
  EXPECT_EQ(ToText({.low = 0xAB, .high = 0x12}), "000000000000001200000000000000ab");
}

TEST_F(EngineStates, ThatAreDamagedAreRefused) {
  FillWithEverything();
  std::string state = SavedState(engine());
  state[state.size() / 2] ^= 1;
  const std::optional<Failure> failure = Refusal(state);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason, v1::ERROR_REASON_MALFORMED);
  EXPECT_NE(failure->message.find("digest"), std::string::npos) << failure->message;
}

TEST_F(EngineStates, ThatAreCutOffAreRefusedWhereverItIs) {
  FillWithEverything();
  const std::string body = BodyOf(engine());
  for (size_t size = 0; size < body.size(); ++size) {
    EXPECT_TRUE(Refusal(Sealed(body.substr(0, size)))) << size << " of " << body.size();
  }
}

// Even where the digest is right: then it is what another engine could have saved.
TEST_F(EngineStates, WithAnyBitFlippedAreRefusedOrSavedAgainAsTheyAre) {
  FillWithEverything();
  const std::string body = BodyOf(engine());
  size_t taken = 0;
  for (size_t bit = 0; bit < 8 * body.size(); ++bit) {
    std::string other = body;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    other = Sealed(std::move(other));
    Engine loaded;
    if (const auto failure = loaded.Load(other)) {
      EXPECT_FALSE(failure->message.empty());
      continue;
    }
    ++taken;
    ASSERT_EQ(SavedState(loaded), other) << "bit " << bit;
  }
  EXPECT_GT(taken, body.size());  // Most of it is texts and numbers, which may be others.
}

TEST_F(EngineStates, SayWhereTheyAreWrong) {
  Run("- SharedValue.Create cell typecode=\"i\" initial=77 -> ok");
  std::string body = BodyOf(engine());
  const size_t place = body.rfind(std::string("\x03\x9a\x01"));  // An integer, 77.
  ASSERT_NE(place, std::string::npos);
  body[place] = 6;  // A text of so many bytes.
  const std::optional<Failure> failure = Refusal(Sealed(body));
  ASSERT_TRUE(failure);
  EXPECT_NE(failure->message.find("in the value \"cell\""), std::string::npos) << failure->message;
}

TEST_F(EngineStates, OfANewerFormAreRefused) {
  std::string body = BodyOf(engine());
  body[std::strlen("coheld state\n") + 1] = 2;
  const std::optional<Failure> failure = Refusal(Sealed(body));
  ASSERT_TRUE(failure);
  EXPECT_NE(failure->message.find("version 2"), std::string::npos) << failure->message;
}

TEST_F(EngineStates, OfNothingIsRefused) {
  EXPECT_TRUE(Refusal(""));
  EXPECT_TRUE(Refusal(Sealed("")));
  EXPECT_EQ(Refusal(Sealed(BodyOf(Engine()))), std::nullopt);
}

// A field more must be saved, and this number be changed.
TEST_F(EngineStates, HaveEachFieldOfASessionsLabel) {
  EXPECT_EQ(v1::SessionLabel::descriptor()->field_count(), 4);
}

}  // namespace
}  // namespace coheld::engine::testing
