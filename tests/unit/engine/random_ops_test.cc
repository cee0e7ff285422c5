// Random ops of several sessions on queues, locks and values, with cancels, timeouts, deletions and
// session ends, through the engine and through a naive model: every answer must be the same. Run
// one seed again with COHELD_SEED=N.
#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/v1/admin.pb.h"
#include "coheld/v1/lock.pb.h"
#include "coheld/v1/queue.pb.h"
#include "coheld/v1/shared_value.pb.h"
#include "proto/wire/methods.h"
#include "server/engine/engine.h"
#include "tests/unit/engine/model_run.h"
#include "tests/unit/engine/naive_model.h"
#include "tests/unit/engine/op_messages.h"
#include "tests/unit/seeds.h"

namespace coheld::engine::testing {
namespace {

using Kind = RandomOp::Kind;

constexpr int kSeeds = 200;
constexpr int kEventsPerSeed = 250;
constexpr uint64_t kSessions = 4;

// --- Between a RandomOp and the engine's messages ---

std::string Payload(const RandomOp& op) {
  switch (op.kind) {
    case Kind::kQueueCreate: {
      auto request = Named<v1::QueueCreateRequest>(op);
      request.set_kind(static_cast<v1::QueueKind>(op.mode));
      request.set_maxsize(static_cast<int64_t>(op.number));
      return request.SerializeAsString();
    }
    case Kind::kPut: {
      auto request = Waiting<v1::QueuePutRequest>(op);
      request.mutable_value()->set_integer(op.items[0]);
      return request.SerializeAsString();
    }
    case Kind::kPutMany: {
      auto request = Waiting<v1::QueuePutManyRequest>(op);
      for (const int64_t item : op.items) request.add_values()->set_integer(item);
      return request.SerializeAsString();
    }
    case Kind::kGetMany: {
      auto request = Waiting<v1::QueueGetManyRequest>(op);
      request.set_limit(static_cast<uint32_t>(op.number));
      return request.SerializeAsString();
    }
    case Kind::kTaskDone: {
      auto request = Named<v1::QueueTaskDoneRequest>(op);
      request.set_count(static_cast<uint32_t>(op.number));
      return request.SerializeAsString();
    }
    case Kind::kLockCreate: {
      auto request = Named<v1::LockCreateRequest>(op);
      request.set_release(static_cast<v1::LockRelease>(op.mode));
      return request.SerializeAsString();
    }
    case Kind::kSet: {
      auto request = Named<v1::SharedValueSetRequest>(op);
      request.mutable_value()->set_integer(static_cast<int64_t>(op.number));
      return request.SerializeAsString();
    }
    case Kind::kAdd: {
      auto request = Named<v1::SharedValueModifyRequest>(op);
      request.set_operator_(v1::OPERATOR_ADD);
      request.mutable_operand()->set_integer(static_cast<int64_t>(op.number));
      return request.SerializeAsString();
    }
    case Kind::kWait: {
      auto request = Waiting<v1::SharedValueWaitRequest>(op);
      request.set_since_version(op.number);
      return request.SerializeAsString();
    }
    case Kind::kGet:
      return Waiting<v1::QueueGetRequest>(op).SerializeAsString();
    case Kind::kJoin:
      return Waiting<v1::QueueJoinRequest>(op).SerializeAsString();
    case Kind::kAcquire:
      return Waiting<v1::LockAcquireRequest>(op).SerializeAsString();
    case Kind::kPeek:
    case Kind::kPurge:
    case Kind::kLen:
    case Kind::kRelease:
    case Kind::kInspect:
    case Kind::kDelete:
      break;
  }
  return Named<v1::QueueLenRequest>(op).SerializeAsString();  // Of all, only the name counts.
}

const char* MethodName(Kind kind) {
  static constexpr const char* kNames[] = {
      "Queue.Create",       "Queue.Put",        "Queue.PutMany", "Queue.Get",    "Queue.GetMany",
      "Queue.Peek",         "Queue.TaskDone",   "Queue.Join",    "Queue.Purge",  "Queue.Len",
      "Lock.Create",        "Lock.Acquire",     "Lock.Release",  "Lock.Inspect", "SharedValue.Set",
      "SharedValue.Modify", "SharedValue.Wait", "Admin.Delete"};
  return kNames[static_cast<int>(kind)];
}

uint32_t MethodNumber(Kind kind) {
  static const std::vector<uint32_t> numbers = [] {
    std::vector<uint32_t> built;
    for (int kind_number = 0; kind_number <= static_cast<int>(Kind::kDelete); ++kind_number) {
      std::string path = std::string("/coheld.v1.") + MethodName(static_cast<Kind>(kind_number));
      path[path.rfind('.')] = '/';
      built.push_back(wire::FindMethod(path)->number);
    }
    return built;
  }();
  return numbers[static_cast<size_t>(kind)];
}

// Returns what the engine answered in the model's words.
std::string Words(Kind kind, const std::string& payload) {
  switch (kind) {
    case Kind::kQueueCreate:
      return Count("created", Parse<v1::QueueCreateReply>(payload).created());
    case Kind::kPut:
    case Kind::kPutMany:
      return Count("length", Parse<v1::QueuePutReply>(payload).length());
    case Kind::kGet:
      return "items " + std::to_string(Parse<v1::QueueGetReply>(payload).value().integer());
    case Kind::kGetMany: {
      std::string words = "items";
      const auto reply = Parse<v1::QueueGetManyReply>(payload);
      for (const v1::Value& item : reply.values()) words += " " + std::to_string(item.integer());
      return words;
    }
    case Kind::kPeek: {
      const auto reply = Parse<v1::QueuePeekReply>(payload);
      return reply.has_value() ? "next " + std::to_string(reply.value().integer()) : "nothing";
    }
    case Kind::kTaskDone:
      return Count("unfinished", Parse<v1::QueueTaskDoneReply>(payload).unfinished());
    case Kind::kJoin:
      return Count("joined", Parse<v1::QueueJoinReply>(payload).joined());
    case Kind::kPurge:
      return Count("removed", Parse<v1::QueuePurgeReply>(payload).removed());
    case Kind::kLen: {
      const auto reply = Parse<v1::QueueLenReply>(payload);
      return Count("length", reply.length()) + Count(" unfinished", reply.unfinished()) +
             Count(" kind", reply.kind()) + Count(" maxsize", reply.maxsize());
    }
    case Kind::kLockCreate:
      return Count("created", Parse<v1::LockCreateReply>(payload).created());
    case Kind::kAcquire:
      return Count("acquired", Parse<v1::LockAcquireReply>(payload).acquired());
    case Kind::kRelease:
      return "released";
    case Kind::kInspect: {
      const auto reply = Parse<v1::LockInspectReply>(payload);
      return Count("held", reply.locked()) + Count(" by", reply.session()) +
             Count(" thread", reply.thread()) + Count(" waiters", reply.waiters());
    }
    case Kind::kSet:
      return Count("version", Parse<v1::SharedValueChangeReply>(payload).version());
    case Kind::kAdd:
      return Count("version", Parse<v1::SharedValueModifyReply>(payload).version());
    case Kind::kWait: {
      const auto reply = Parse<v1::SharedValueWaitReply>(payload);
      return Count("changed", reply.changed()) + " value " +
             std::to_string(reply.value().integer()) + Count(" version", reply.version());
    }
    case Kind::kDelete:
      return Count("deleted", Parse<v1::AdminDeleteReply>(payload).deleted());
  }
  return "";
}

// --- One run ---

class RandomRun : public ModelRun<NaiveModel, RandomOp> {
 public:
  explicit RandomRun(uint64_t seed)
      : ModelRun(seed, {.ops = 80, .advances = 8, .cancels = 7}, kSessions) {
    // Small bounds and foreign releases from the start; what is deleted may come back otherwise.
    Apply(
        {.kind = Kind::kQueueCreate, .call = ++last_call_, .object = "q1", .number = 3, .mode = 2});
    Apply(
        {.kind = Kind::kQueueCreate, .call = ++last_call_, .object = "q2", .number = 2, .mode = 3});
    Apply({.kind = Kind::kLockCreate, .call = ++last_call_, .object = "l1", .mode = 2});
  }

 private:
  void ApplyOne() override { Apply(MakeOp()); }

  void Apply(const RandomOp& op) {
    const std::string line =
        std::string(MethodName(op.kind)) + " " + op.object + Count(" call", op.call);
    ModelRun::Apply(op, line, MethodNumber(op.kind), Payload(op));
  }

  RandomOp MakeOp() {
    // Most of the ops put, get, acquire and release.
    static constexpr Kind kDeck[] = {
        Kind::kQueueCreate, Kind::kPut,        Kind::kPut,      Kind::kPut,     Kind::kPutMany,
        Kind::kPutMany,     Kind::kGet,        Kind::kGet,      Kind::kGet,     Kind::kGetMany,
        Kind::kPeek,        Kind::kTaskDone,   Kind::kTaskDone, Kind::kJoin,    Kind::kPurge,
        Kind::kLen,         Kind::kLockCreate, Kind::kAcquire,  Kind::kAcquire, Kind::kAcquire,
        Kind::kRelease,     Kind::kRelease,    Kind::kRelease,  Kind::kInspect, Kind::kSet,
        Kind::kAdd,         Kind::kWait,       Kind::kWait,     Kind::kDelete};
    RandomOp op;
    op.kind = kDeck[Pick(std::size(kDeck))];
    op.call = ++last_call_;
    op.session = Pick(5) == 0 ? 0 : sessions_[Pick(sessions_.size())];
    op.thread = Pick(2);
    const char types[] = {'q', 'l', 'v'};
    if (op.kind == Kind::kDelete && Pick(4) != 0) op.kind = Kind::kPutMany;
    const char type = op.kind < Kind::kLockCreate ? 'q'
                      : op.kind < Kind::kSet      ? 'l'
                      : op.kind < Kind::kDelete   ? 'v'
                                                  : types[Pick(3)];
    op.object = std::string(1, type) + std::to_string(Pick(type == 'q' ? 3 : 2));
    op.mode = 1 + static_cast<int>(Pick(type == 'q' ? 3 : 2));
    op.number = Pick(4);
    if (op.kind == Kind::kWait) op.number = Pick(30);
    const size_t count = op.kind == Kind::kPutMany ? Pick(4) : 1;
    // By priority, the last digits of an item decide nothing: all are different.
    for (size_t i = 0; i < count; ++i) {
      op.items.push_back(static_cast<int64_t>(Pick(3) * 1'000'000 + ++last_item_));
    }
    if (Pick(3) != 0) op.timeout_ms = Pick(3) * 30;
    return op;
  }

  std::string WordsOf(const RandomOp& op, const std::string& payload) override {
    return Words(op.kind, payload);
  }

  void Check(const RandomOp& op, const Reply& reply, const std::string& words) override {
    CheckToken(op, reply);
    CheckItems(op, words);
  }

  // Also waits, by object, by session and by time.
  void CheckBooks() override {
    ModelRun::CheckBooks();
    size_t waiters = 0;
    for (const auto& [name, place] : engine_->store().objects()) {
      for (const WaitQueue* queue : place.object->wait_queues()) waiters += queue->size();
    }
    EXPECT_EQ(waiters, engine_->parked().size());
    std::set<CallId> parked;
    TimeMs deadline = kNever;
    for (const auto& [call, op] : engine_->parked()) {
      deadline = std::min(deadline, op.deadline);
      if (op.stamp.owner.session != kNoSession) parked.insert(call);
    }
    EXPECT_EQ(deadline, engine_->NextDeadline());
    for (const auto& [id, session] : engine_->sessions().all()) {
      for (const CallId call : session.parked) EXPECT_EQ(parked.erase(call), 1u);
    }
    EXPECT_TRUE(parked.empty());
  }

  // A grant's token is above all before.
  void CheckToken(const RandomOp& op, const Reply& reply) {
    if (op.kind != Kind::kAcquire || reply.failure) return;
    const auto acquire = Parse<v1::LockAcquireReply>(reply.payload);
    EXPECT_EQ(acquire.acquired(), acquire.token() != 0);
    if (!acquire.acquired()) return;
    EXPECT_GT(acquire.token(), last_token_);
    last_token_ = acquire.token();
  }

  // An item was put, and is taken once.
  void CheckItems(const RandomOp& op, const std::string& words) {
    if ((op.kind == Kind::kPut || op.kind == Kind::kPutMany) && words.starts_with("length")) {
      put_.insert(op.items.begin(), op.items.end());
    }
    if (!words.starts_with("items")) return;
    for (size_t at = words.find(' '); at != std::string::npos; at = words.find(' ', at + 1)) {
      EXPECT_EQ(put_.erase(std::stoll(words.substr(at))), 1u) << words;
    }
  }

  uint64_t last_item_ = 0;
  uint64_t last_token_ = 0;
  std::set<int64_t> put_;  // Put and not yet taken.
};

TEST(RandomOps, AreAnsweredAsByTheNaiveModelAndTheSameEachTime) {
  for (const uint64_t seed : ChooseSeeds(kSeeds)) {
    SCOPED_TRACE("run again with COHELD_SEED=" + std::to_string(seed));
    RandomRun run(seed);
    ASSERT_TRUE(run.Go(kEventsPerSeed));
    RandomRun again(seed);
    ASSERT_TRUE(again.GoReloading(kEventsPerSeed));
    ASSERT_EQ(run.transcript(), again.transcript());
    ASSERT_EQ(run.Digest(), again.Digest());
    RandomRun shadowed(seed);
    ASSERT_TRUE(shadowed.GoShadowed(kEventsPerSeed));
  }
}

}  // namespace
}  // namespace coheld::engine::testing
