// Random ops of several sessions on queues with leases, delays, dead letters and dedup keys, with
// cancels, session ends and passing time, through the engine and through a naive model: every
// answer must be the same. Run one seed again with COHELD_SEED=N.
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/v1/queue.pb.h"
#include "proto/wire/methods.h"
#include "tests/unit/engine/lease_model.h"
#include "tests/unit/engine/model_run.h"
#include "tests/unit/engine/op_messages.h"
#include "tests/unit/seeds.h"

namespace coheld::engine::testing {
namespace {

using Kind = LeaseOp::Kind;

constexpr int kSeeds = 200;
constexpr int kEventsPerSeed = 300;
constexpr uint64_t kSessions = 3;

void SetItem(int64_t item, v1::Value* value) { value->set_integer(item); }
int64_t ItemOf(const v1::Value& value) { return value.integer(); }

template <typename Request>
Request PutRequest(const LeaseOp& op) {
  auto request = Waiting<Request>(op);
  request.set_delay_ms(op.ms);
  request.set_dedup_key(op.key);
  return request;
}

template <typename Request>
Request LeaseRequest(const LeaseOp& op) {
  auto request = Named<Request>(op);
  request.set_delivery(op.delivery);
  return request;
}

uint32_t NumberOf(const std::string& name) {
  return wire::FindMethod("/coheld.v1.Queue/" + name)->number;
}

std::string Payload(const LeaseOp& op) {
  switch (op.kind) {
    case Kind::kPut: {
      auto request = PutRequest<v1::QueuePutRequest>(op);
      SetItem(op.items[0], request.mutable_value());
      return request.SerializeAsString();
    }
    case Kind::kPutMany: {
      auto request = PutRequest<v1::QueuePutManyRequest>(op);
      for (const int64_t item : op.items) SetItem(item, request.add_values());
      return request.SerializeAsString();
    }
    case Kind::kGet:
      return Waiting<v1::QueueGetRequest>(op).SerializeAsString();
    case Kind::kGetMany: {
      auto request = Waiting<v1::QueueGetManyRequest>(op);
      request.set_limit(static_cast<uint32_t>(op.number));
      return request.SerializeAsString();
    }
    case Kind::kLease: {
      auto request = Waiting<v1::QueueLeaseRequest>(op);
      request.set_visibility_ms(op.ms);
      request.set_limit(static_cast<uint32_t>(op.number));
      return request.SerializeAsString();
    }
    case Kind::kAck:
      return LeaseRequest<v1::QueueAckRequest>(op).SerializeAsString();
    case Kind::kNack: {
      auto request = LeaseRequest<v1::QueueNackRequest>(op);
      request.set_delay_ms(op.ms);
      return request.SerializeAsString();
    }
    case Kind::kExtend: {
      auto request = LeaseRequest<v1::QueueExtendRequest>(op);
      request.set_visibility_ms(op.ms);
      return request.SerializeAsString();
    }
    case Kind::kComplete: {
      auto request = LeaseRequest<v1::QueueCompleteRequest>(op);
      v1::QueuePutRequest put;
      put.set_name(op.other);
      SetItem(op.items[0], put.mutable_value());
      request.add_writes()->set_method(NumberOf("Put"));
      request.mutable_writes(0)->set_payload(put.SerializeAsString());
      return request.SerializeAsString();
    }
    case Kind::kTaskDone: {
      auto request = Named<v1::QueueTaskDoneRequest>(op);
      request.set_count(static_cast<uint32_t>(op.number));
      return request.SerializeAsString();
    }
    case Kind::kJoin:
      return Waiting<v1::QueueJoinRequest>(op).SerializeAsString();
    case Kind::kShutdown: {
      auto request = Named<v1::QueueShutdownRequest>(op);
      request.set_immediate(op.number == 1);
      return request.SerializeAsString();
    }
    case Kind::kPeek:
    case Kind::kLen:
    case Kind::kPurge:
      break;
  }
  return Named<v1::QueueLenRequest>(op).SerializeAsString();  // Of all, only the name counts.
}

const char* NameOf(Kind kind) {
  static constexpr const char* kNames[] = {"Put", "PutMany",  "Get",    "GetMany",  "Lease",
                                           "Ack", "Nack",     "Extend", "Complete", "Peek",
                                           "Len", "TaskDone", "Join",   "Purge",    "Shutdown"};
  return kNames[static_cast<int>(kind)];
}

// Returns what the engine answered in the model's words.
std::string Words(Kind kind, const std::string& payload) {
  switch (kind) {
    case Kind::kPut:
    case Kind::kPutMany: {
      const auto reply = Parse<v1::QueuePutReply>(payload);
      return Count("length", reply.length()) + (reply.duplicate() ? " again" : "");
    }
    case Kind::kGet:
      return "items " + std::to_string(ItemOf(Parse<v1::QueueGetReply>(payload).value()));
    case Kind::kGetMany: {
      std::string words = "items";
      const auto reply = Parse<v1::QueueGetManyReply>(payload);
      for (const v1::Value& item : reply.values()) words += " " + std::to_string(ItemOf(item));
      return words;
    }
    case Kind::kLease: {
      std::string words = "leased";
      const auto reply = Parse<v1::QueueLeaseReply>(payload);
      for (const v1::QueueDelivery& delivery : reply.deliveries()) {
        words += " " + std::to_string(ItemOf(delivery.value())) + "/" +
                 std::to_string(delivery.attempt());
      }
      return words;
    }
    case Kind::kAck:
      return Count("unfinished", Parse<v1::QueueAckReply>(payload).unfinished());
    case Kind::kComplete:
      return Count("unfinished", Parse<v1::QueueCompleteReply>(payload).unfinished());
    case Kind::kNack:
      return Count("dead", Parse<v1::QueueNackReply>(payload).dead());
    case Kind::kExtend:
      return "extended";
    case Kind::kPeek: {
      const auto reply = Parse<v1::QueuePeekReply>(payload);
      return reply.has_value() ? "next " + std::to_string(ItemOf(reply.value())) : "nothing";
    }
    case Kind::kTaskDone:
      return Count("unfinished", Parse<v1::QueueTaskDoneReply>(payload).unfinished());
    case Kind::kJoin:
      return Count("joined", Parse<v1::QueueJoinReply>(payload).joined());
    case Kind::kPurge:
      return Count("removed", Parse<v1::QueuePurgeReply>(payload).removed());
    case Kind::kShutdown:
      return Count("removed", Parse<v1::QueueShutdownReply>(payload).removed());
    case Kind::kLen: {
      const auto reply = Parse<v1::QueueLenReply>(payload);
      return Count("length", reply.length()) + Count(" leased", reply.leased()) +
             Count(" delayed", reply.delayed()) + Count(" unfinished", reply.unfinished()) +
             Count(" dead", reply.dead_lettered());
    }
  }
  return "";
}

class LeaseRun : public ModelRun<LeaseModel, LeaseOp> {
 public:
  explicit LeaseRun(uint64_t seed)
      : ModelRun(seed, {.ops = 80, .advances = 10, .cancels = 4}, kSessions) {
    for (int kind = 1; kind <= 3; ++kind) {
      const std::string name = "{t}" + std::to_string(kind);
      AddQueue({.name = name + ".dead"});
      AddQueue({.name = name,
                .kind = kind,
                .maxsize = Pick(2) * (2 + Pick(3)),
                .deliveries_max = 1 + static_cast<uint32_t>(Pick(4)),
                .dead_letter = name + ".dead"});
    }
  }

 private:
  // A delivery that was made, ended or not.
  struct Delivery {
    std::string queue;
    uint64_t number;
    int64_t item;
    uint32_t attempt;
  };

  void AddQueue(const LeaseModel::QueueOptions& options) {
    v1::QueueCreateRequest request;
    request.set_name(options.name);
    request.set_kind(static_cast<v1::QueueKind>(options.kind));
    request.set_maxsize(static_cast<int64_t>(options.maxsize));
    request.set_deliveries_max(options.deliveries_max);
    std::vector<Reply> replies;
    engine_->Apply({.call = CallId{++last_call_}, .now = TimeMs{now_}}, NumberOf("Create"),
                   request.SerializeAsString(), &replies);
    model_.AddQueue(options);
    names_.push_back(options.name);
  }

  void ApplyOne() override {
    const LeaseOp op = MakeOp();
    const std::string line = std::string(NameOf(op.kind)) + " " + op.object +
                             Count(" call", op.call) + Count(" session", op.session) +
                             Count(" ms", op.ms) + Count(" number", op.number) +
                             Count(" delivery", op.delivery) + " other " + op.other + " key " +
                             op.key + Count(" timeout", op.timeout_ms.value_or(9999));
    Apply(op, line, NumberOf(NameOf(op.kind)), Payload(op));
  }

  LeaseOp MakeOp() {
    static constexpr Kind kDeck[] = {
        Kind::kPut,   Kind::kPut,      Kind::kPut,      Kind::kPutMany,  Kind::kPutMany,
        Kind::kGet,   Kind::kGetMany,  Kind::kLease,    Kind::kLease,    Kind::kLease,
        Kind::kLease, Kind::kAck,      Kind::kAck,      Kind::kNack,     Kind::kNack,
        Kind::kNack,  Kind::kExtend,   Kind::kComplete, Kind::kComplete, Kind::kPeek,
        Kind::kLen,   Kind::kTaskDone, Kind::kJoin,     Kind::kPurge,    Kind::kShutdown};
    LeaseOp op;
    op.kind = kDeck[Pick(std::size(kDeck))];
    // A queue that was shut down or purged has less to tell.
    if (op.kind == Kind::kPurge && Pick(3) != 0) op.kind = Kind::kLen;
    if (op.kind == Kind::kShutdown && Pick(8) != 0) op.kind = Kind::kLease;
    op.call = ++last_call_;
    op.session = Pick(6) == 0 ? 0 : sessions_[Pick(sessions_.size())];
    op.object = names_[Pick(3) * 2 + (Pick(5) == 0 ? 0 : 1)];
    op.other = names_[Pick(names_.size())];
    op.number = Pick(4);
    op.ms = Pick(2) * Pick(60);
    if (Pick(4) == 0) op.key = std::to_string(Pick(40));
    if (Pick(3) != 0) op.timeout_ms = Pick(3) * 30;
    const size_t count = op.kind == Kind::kPutMany ? Pick(4) : 1;
    for (size_t i = 0; i < count; ++i) {
      op.items.push_back(static_cast<int64_t>(Pick(3) * 1'000'000 + ++last_item_));
    }
    if (op.kind >= Kind::kAck && op.kind <= Kind::kComplete && !deliveries_.empty()) {
      // Mostly one of the last, which may still go on.
      const size_t back =
          Pick(Pick(4) == 0 ? deliveries_.size() : std::min<size_t>(8, deliveries_.size()));
      const Delivery& delivery = deliveries_[deliveries_.size() - 1 - back];
      if (Pick(20) != 0) op.object = delivery.queue;
      op.delivery = delivery.number;
      op.attempt = delivery.attempt;
      // On another queue the number means nothing.
      op.item = op.object == delivery.queue ? delivery.item : -1;
    }
    return op;
  }

  std::string WordsOf(const LeaseOp& op, const std::string& payload) override {
    return Words(op.kind, payload);
  }

  // Numbers of deliveries are new and grow.
  void Check(const LeaseOp& op, const Reply& reply, const std::string& /*words*/) override {
    if (op.kind != Kind::kLease || reply.failure) return;
    const auto lease = Parse<v1::QueueLeaseReply>(reply.payload);
    for (const v1::QueueDelivery& delivery : lease.deliveries()) {
      EXPECT_GT(delivery.delivery(), deliveries_.empty() ? 0 : deliveries_.back().number);
      deliveries_.push_back(
          {op.object, delivery.delivery(), ItemOf(delivery.value()), delivery.attempt()});
    }
  }

  std::vector<std::string> names_;  // Each queue behind that of its dead letters.
  std::vector<Delivery> deliveries_;
  uint64_t last_item_ = 0;
};

TEST(RandomLeases, AreAnsweredAsByTheNaiveModelAndTheSameEachTime) {
  for (const uint64_t seed : ChooseSeeds(kSeeds)) {
    SCOPED_TRACE("run again with COHELD_SEED=" + std::to_string(seed));
    LeaseRun run(seed);
    ASSERT_TRUE(run.Go(kEventsPerSeed));
    LeaseRun again(seed);
    ASSERT_TRUE(again.GoReloading(kEventsPerSeed));
    ASSERT_EQ(run.transcript(), again.transcript());
    ASSERT_EQ(run.Digest(), again.Digest());
  }
}

}  // namespace
}  // namespace coheld::engine::testing
