// What is let in when memory or the disk is full, and how large ops are guessed to be.
#include "server/dispatch/admission.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "coheld/v1/array.pb.h"
#include "coheld/v1/dict.pb.h"
#include "coheld/v1/list.pb.h"
#include "coheld/v1/object.pb.h"
#include "coheld/v1/queue.pb.h"
#include "proto/wire/status.h"
#include "server/dispatch/footprint.h"
#include "server/engine/engine.h"

namespace coheld::dispatch {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kMax = 64 * kMiB;  // Growth ends at 56.

uint64_t used_bytes = 0;

uint32_t Number(std::string method) {
  method.replace(method.find('.'), 1, "/");
  return wire::FindMethod("/coheld.v1." + method)->number;
}

// A disk that is as full as the test says.
class FullLog : public journal::CommitLog {
 public:
  uint64_t AddParts(std::span<const std::string_view>) override { return 0; }
  void Submit(uint64_t) override {}
  uint64_t written() const override { return 0; }
  uint64_t durable() const override { return 0; }
  bool has_room() const override { return room; }
  bool has_room_for(uint64_t) override {
    ++asked;
    return room;
  }
  bool has_reserve_for(uint64_t) const override { return reserve; }

  bool room = true;
  bool reserve = true;
  int asked = 0;
};

class Admissions : public ::testing::Test {
 protected:
  Admissions() {
    used_bytes = 0;
    Apply("List.Append", "here");
  }

  // Returns the reason for which an op is refused whose request is a name, or "".
  std::string Ask(const std::string& method, const std::string& name = "here") {
    return Ask(method, Named(name));
  }
  std::string Ask(const std::string& method, const google::protobuf::Message& request) {
    const auto failure =
        admission_.Refuse(Number(method), request.SerializeAsString(), engine_.store());
    return failure ? wire::ReasonWord(failure->reason) : "";
  }
  void Apply(const std::string& method, const std::string& name) {
    std::vector<engine::Reply> replies;
    engine_.Apply({.call = engine::CallId{++last_call_}}, Number(method),
                  Named(name).SerializeAsString(), &replies);
    ASSERT_FALSE(replies.at(0).failure) << replies[0].failure->message;
  }
  static v1::ObjectHoldRequest Named(const std::string& name) {
    v1::ObjectHoldRequest request;  // As every request: the name is field 1.
    request.set_name(name);
    return request;
  }

  engine::Engine engine_;
  FullLog log_;
  Admission admission_{{.max = kMax, .used = [] { return used_bytes; }}, &log_};
  uint64_t last_call_ = 0;
};

TEST_F(Admissions, LetEverythingInWhileThereIsRoom) {
  used_bytes = 50 * kMiB;
  for (const wire::MethodRow& row : wire::Methods()) EXPECT_EQ(Ask(row.name), "") << row.name;
}

TEST_F(Admissions, RefuseOnlyWhatAddsSomethingWhenMemoryIsFull) {
  used_bytes = 57 * kMiB;
  for (const wire::MethodRow& row : wire::Methods()) {
    const bool adds =
        !row.read_only && row.room == v1::ROOM_UNSPECIFIED && !row.name.ends_with(".Create");
    EXPECT_EQ(Ask(row.name), adds ? "MEMORY_FULL" : "") << row.name;
  }
}

TEST_F(Admissions, RefuseWhatWouldMakeItsObjectWhenMemoryIsFull) {
  used_bytes = 57 * kMiB;
  EXPECT_EQ(Ask("Lock.Acquire", "here"), "");
  EXPECT_EQ(Ask("Lock.Acquire", "new"), "MEMORY_FULL");
  EXPECT_EQ(Ask("Lock.Acquire", std::string(300, 'n')), "MEMORY_FULL");
  Apply("Counter.Add", std::string(300, 'n'));
  EXPECT_EQ(Ask("Lock.Acquire", std::string(300, 'n')), "");
}

TEST_F(Admissions, LetInOnlyWhatGivesBackAboveTheMaximum) {
  used_bytes = 65 * kMiB;
  for (const char* method : {"Lock.Release", "Admin.Delete", "Queue.Ack", "Dict.Clear",
                             "Session.Close", "Admin.Objects", "Admin.Status"}) {
    EXPECT_EQ(Ask(method), "") << method;
  }
  for (const char* method : {"List.Len", "Lock.Acquire", "Queue.Get", "Queue.Put"}) {
    EXPECT_EQ(Ask(method), "MEMORY_FULL") << method;
  }
}

TEST_F(Admissions, SayWhatIsUsedAndWhatToDo) {
  used_bytes = 57 * kMiB;
  const auto failure =
      admission_.Refuse(Number("List.Append"), Named("l").SerializeAsString(), engine_.store());
  ASSERT_TRUE(failure);
  EXPECT_NE(failure->message.find("57 MiB of the 64 MiB"), std::string::npos) << failure->message;
  EXPECT_NE(failure->message.find("--memory-max"), std::string::npos);
}

TEST_F(Admissions, CountWhatFailedForTheMemory) {
  admission_.NoteAnswer(wire::Failure{v1::ERROR_REASON_MEMORY_FULL, ""});
  admission_.NoteAnswer(wire::Failure{v1::ERROR_REASON_DISK_FULL, ""});
  admission_.NoteAnswer(std::nullopt);  // A copy of an op that was done.
  EXPECT_EQ(admission_.memory_refusals(), 1u);
}

TEST_F(Admissions, CountTheRequestItself) {
  used_bytes = 50 * kMiB;
  v1::ListAppendRequest request;
  request.set_name("here");
  request.mutable_value()->set_bytes(std::string(2 * kMiB, 'x'));
  EXPECT_EQ(Ask("List.Append", request), "");
  request.mutable_value()->set_bytes(std::string(4 * kMiB, 'x'));
  EXPECT_EQ(Ask("List.Append", request), "MEMORY_FULL");
}

TEST_F(Admissions, KnowThatManySmallItemsNeedMuch) {
  used_bytes = 50 * kMiB;
  v1::ListExtendRequest request;
  request.set_name("here");
  for (int i = 0; i < 50'000; ++i) request.add_values()->set_integer(1);
  EXPECT_LT(request.ByteSizeLong(), kMiB);
  EXPECT_EQ(Ask("List.Extend", request), "MEMORY_FULL");
}

TEST_F(Admissions, LookIntoTheWritesOfAComplete) {
  used_bytes = 50 * kMiB;
  v1::DictSetManyRequest many;
  many.set_name("d");
  for (int i = 0; i < 50'000; ++i) many.add_entries()->mutable_key()->set_integer(i);
  v1::QueueCompleteRequest request;
  request.set_name("here");
  auto* const write = request.add_writes();
  write->set_method(Number("Dict.SetMany"));
  write->set_payload(many.SerializeAsString());
  EXPECT_EQ(Ask("Queue.Complete", request), "MEMORY_FULL");
}

TEST_F(Admissions, KnowWhatASmallRequestMultiplies) {
  v1::ArrayCreateRequest zeros;
  zeros.set_length(uint64_t{1} << 20);
  EXPECT_EQ(Ask("Array.Create", zeros), "");
  zeros.set_length(uint64_t{1} << 62);
  EXPECT_EQ(Ask("Array.Create", zeros), "MEMORY_FULL");
  v1::ListRepeatRequest repeat;
  repeat.set_name("here");
  repeat.set_count(1000);
  EXPECT_EQ(Ask("List.Repeat", repeat), "");
  repeat.set_count(100'000'000);
  EXPECT_EQ(Ask("List.Repeat", repeat), "MEMORY_FULL");
}

TEST_F(Admissions, GuessNoLessThanTheFactorOfTheShortWay) {
  v1::ListExtendRequest request;
  for (int i = 0; i < 1000; ++i) request.add_values();
  const std::string payload = request.SerializeAsString();
  EXPECT_LE(FootprintOf(*wire::FindMethod(Number("List.Extend")), payload, engine_.store()),
            kFootprintMin + kFootprintPerByte * payload.size());
}

TEST_F(Admissions, OfBytesThatAreNoRequestEndAtOnce) {
  const wire::MethodRow& method = *wire::FindMethod(Number("Dict.SetMany"));
  for (const std::string_view bytes : {"\x12", "\x12\xff\xff\xff\xff\x0f", "\x12\x05z", "\xff"}) {
    EXPECT_GT(FootprintOf(method, bytes, engine_.store()), 0u);
  }
}

TEST_F(Admissions, RefuseOnAFullDiskAllButReadsAndWhatGivesBack) {
  log_.room = false;
  for (const wire::MethodRow& row : wire::Methods()) {
    const bool lets_in =
        row.read_only || row.room == v1::ROOM_FREED || row.name.ends_with(".Create");
    EXPECT_EQ(Ask(row.name), lets_in ? "" : "DISK_FULL") << row.name;
  }
}

TEST_F(Admissions, TellOfWhatIsThereThatItIs) {
  log_.room = false;
  EXPECT_EQ(Ask("List.Create", "here"), "");
  EXPECT_EQ(Ask("List.Create", "new"), "DISK_FULL");
  log_.room = true;
  used_bytes = 57 * kMiB;
  EXPECT_EQ(Ask("List.Create", "here"), "");
  EXPECT_EQ(Ask("List.Create", "new"), "MEMORY_FULL");
}

TEST_F(Admissions, AskNobodyForAReadWhetherThereIsRoom) {
  EXPECT_EQ(Ask("List.Len"), "");
  EXPECT_EQ(log_.asked, 0);
  EXPECT_EQ(Ask("List.Append"), "");
  EXPECT_EQ(log_.asked, 1);
}

TEST_F(Admissions, LeaveTheEndOfTheReserveToTime) {
  log_.room = log_.reserve = false;
  EXPECT_EQ(Ask("List.Len"), "");
  EXPECT_EQ(Ask("Admin.Status"), "");
  EXPECT_EQ(Ask("Admin.Delete"), "DISK_FULL");
  EXPECT_EQ(Ask("Queue.Join"), "DISK_FULL");
}

TEST_F(Admissions, EndWhenThereIsRoomAgain) {
  log_.room = false;
  used_bytes = kMax;
  EXPECT_EQ(Ask("List.Append"), "DISK_FULL");
  log_.room = true;
  EXPECT_EQ(Ask("List.Append"), "MEMORY_FULL");
  used_bytes = 0;
  EXPECT_EQ(Ask("List.Append"), "");
}

TEST(AdmissionsWithoutLimits, LetEverythingIn) {
  used_bytes = UINT64_MAX / 2;
  engine::Engine engine;
  Admission admission({.max = 0, .used = [] { return used_bytes; }}, nullptr);
  for (const wire::MethodRow& row : wire::Methods()) {
    EXPECT_FALSE(admission.Refuse(row.number, "", engine.store())) << row.name;
  }
}

}  // namespace
}  // namespace coheld::dispatch
