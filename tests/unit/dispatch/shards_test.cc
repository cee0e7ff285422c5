// Several shards as one daemon: ops and sessions of connections on any of them, with the mail
// between them delivered as each test says.
#include <gtest/gtest.h>

#include <optional>

#include "coheld/v1/admin.pb.h"
#include "coheld/v1/condition.pb.h"
#include "coheld/v1/list.pb.h"
#include "coheld/v1/lock.pb.h"
#include "coheld/v1/object.pb.h"
#include "coheld/v1/queue.pb.h"
#include "tests/unit/dispatch/scripted_shards.h"

namespace coheld::dispatch {
namespace {

// Codes of gRPC.
constexpr char kOk[] = "0";
constexpr char kFailedPrecondition[] = "9";
constexpr char kNotFound[] = "5";
constexpr char kCancelled[] = "1";

template <typename Request>
Request Named(const std::string& name) {
  Request request;
  request.set_name(name);
  return request;
}

v1::ListAppendRequest Append(const std::string& name, int64_t number) {
  auto request = Named<v1::ListAppendRequest>(name);
  request.mutable_value()->set_integer(number);
  return request;
}

v1::QueuePutRequest Put(const std::string& name, int64_t number) {
  auto request = Named<v1::QueuePutRequest>(name);
  request.mutable_value()->set_integer(number);
  return request;
}

class Shards : public ::testing::Test {
 protected:
  static std::string NameOn(uint32_t shard, const std::string& stem = "name") {
    return ScriptedShards::NameOn(shard, stem);
  }
  size_t objects(uint32_t shard) const { return shards_.engine(shard).store().objects().size(); }
  size_t parked(uint32_t shard) const { return shards_.engine(shard).parked().size(); }
  size_t sessions(uint32_t shard) const { return shards_.engine(shard).sessions().all().size(); }
  uint64_t Len(Client& client, const std::string& name) {
    return shards_.Call<v1::ListLenReply>(client, "List/Len", Named<v1::ListLenRequest>(name))
        .length();
  }
  bool Acquire(Client& client, const std::string& name) {
    auto request = Named<v1::LockAcquireRequest>(name);
    request.set_timeout_ms(0);
    return shards_.Call<v1::LockAcquireReply>(client, "Lock/Acquire", request).acquired();
  }
  std::string MakeList(Client& client) {
    return shards_.Call<v1::ListCreateReply>(client, "List/Create", v1::ListCreateRequest()).name();
  }

  ScriptedShards shards_;
};

TEST_F(Shards, DoAnOpWhereItsObjectLives) {
  for (uint32_t edge = 0; edge < ScriptedShards::kCount; ++edge) {
    Client client(shards_[edge]);
    for (uint32_t owner = 0; owner < ScriptedShards::kCount; ++owner) {
      const auto length =
          shards_.Call<v1::ListChangeReply>(client, "List/Append", Append(NameOn(owner), 1));
      EXPECT_EQ(client.status(), kOk);
      EXPECT_EQ(Len(client, NameOn(owner)), edge + 1);
    }
  }
  for (uint32_t owner = 0; owner < ScriptedShards::kCount; ++owner) EXPECT_EQ(objects(owner), 1u);
}

TEST_F(Shards, AnswerNothingBeforeTheOwnerDid) {
  Client client(shards_[0]);
  const auto stream = client.Begin("List/Append", Append(NameOn(1), 1));
  shards_.EndTurns();
  client.Result<v1::ListChangeReply>(stream);
  EXPECT_EQ(client.status(), "");
  EXPECT_TRUE(shards_.Deliver(0, 1));
  client.Result<v1::ListChangeReply>(stream);
  EXPECT_EQ(client.status(), "");
  EXPECT_TRUE(shards_.Deliver(1, 0));
  client.Result<v1::ListChangeReply>(stream);
  EXPECT_EQ(client.status(), kOk);
}

TEST_F(Shards, KeepTheOrderOfAConnectionsOpsOnAnObject) {
  Client client(shards_[0]);
  for (int64_t i = 0; i < 10; ++i) {
    client.Begin("Queue/Put", Put(NameOn(2), i));
    if (i == 4) shards_.EndTurns();
  }
  for (int64_t i = 0; i < 10; ++i) {
    const auto reply =
        shards_.Call<v1::QueueGetReply>(client, "Queue/Get", Named<v1::QueueGetRequest>(NameOn(2)));
    EXPECT_EQ(reply.value().integer(), i);
  }
}

TEST_F(Shards, ReadANameThatDoesNotComeFirst) {
  Client client(shards_[0]);
  const v1::ListAppendRequest request = Append(NameOn(1), 1);
  // Field 2, then field 1, as no serialiser writes them but every parser reads them.
  v1::ListAppendRequest value = request, name = request;
  value.clear_name();
  name.clear_value();
  google::protobuf::Message* const first = &value;
  auto* const fields = value.GetReflection()->MutableUnknownFields(first);
  fields->AddLengthDelimited(1, request.name());
  shards_.Call<v1::ListChangeReply>(client, "List/Append", value);
  EXPECT_EQ(client.status(), kOk);
  EXPECT_EQ(objects(1), 1u);
}

TEST_F(Shards, KnowASessionOnceItsOpeningIsAnswered) {
  Client client(shards_[1]);
  v1::SessionOpenRequest request;
  const auto stream = client.Begin("Session/Open", request);
  shards_.EndTurns();
  shards_.Deliver(1, 0);
  shards_.EndTurns();
  shards_.Deliver(0, 1);
  client.Result<v1::SessionOpenReply>(stream);
  EXPECT_EQ(client.status(), "");
  shards_.Settle();
  const std::string token = client.Result<v1::SessionOpenReply>(stream).token();
  EXPECT_EQ(client.status(), kOk);
  for (uint32_t edge = 0; edge < ScriptedShards::kCount; ++edge) {
    EXPECT_TRUE(shards_[edge].Authenticate(token).ok());
  }
}

TEST_F(Shards, GiveSessionsDifferentIds) {
  std::set<uint64_t> ids;
  for (uint32_t edge = 0; edge < ScriptedShards::kCount; ++edge) {
    Client client(shards_[edge]);
    for (int i = 0; i < 3; ++i) {
      const auto reply =
          shards_.Call<v1::SessionOpenReply>(client, "Session/Open", v1::SessionOpenRequest());
      EXPECT_TRUE(ids.insert(reply.session()).second);
      EXPECT_EQ(reply.session() % ScriptedShards::kCount, edge);
    }
  }
}

TEST_F(Shards, IntroduceASessionWithItsFirstOp) {
  Client client(shards_[0]);
  shards_.Open(client);
  EXPECT_EQ(sessions(2), 0u);
  EXPECT_TRUE(Acquire(client, NameOn(2)));
  EXPECT_EQ(sessions(1), 0u);
  EXPECT_EQ(sessions(2), 1u);
}

TEST_F(Shards, GrantAWaitThatCameFromAnother) {
  Client getter(shards_[0]), putter(shards_[1]);
  const auto stream = getter.Begin("Queue/Get", Named<v1::QueueGetRequest>(NameOn(2)));
  shards_.Settle();
  EXPECT_EQ(parked(2), 1u);
  shards_.Call<v1::QueuePutReply>(putter, "Queue/Put", Put(NameOn(2), 7));
  EXPECT_EQ(getter.Result<v1::QueueGetReply>(stream).value().integer(), 7);
}

TEST_F(Shards, GiveUpTheWaitsOfAClosedConnectionEverywhere) {
  {
    Client getter(shards_[0]);
    getter.Begin("Queue/Get", Named<v1::QueueGetRequest>(NameOn(2)));
    shards_.Settle();
    EXPECT_EQ(parked(2), 1u);
  }
  shards_.Settle();
  EXPECT_EQ(parked(2), 0u);
}

TEST_F(Shards, GiveUpAWaitWhoseCallerGaveItUp) {
  Client getter(shards_[0]), putter(shards_[1]);
  const auto stream = getter.Begin("Queue/Get", Named<v1::QueueGetRequest>(NameOn(2)));
  shards_.Settle();
  getter.Reset(stream);
  shards_.Settle();
  EXPECT_EQ(parked(2), 0u);
}

TEST_F(Shards, DropAnAnswerForWhichNobodyWaitsAnyMore) {
  Client client(shards_[0]);
  const auto stream = client.Begin("List/Append", Append(NameOn(1), 1));
  shards_.EndTurns();
  shards_.Deliver(0, 1);
  client.Reset(stream);
  shards_.Settle();
  EXPECT_EQ(Len(client, NameOn(1)), 1u);
}

TEST_F(Shards, AnswerACopyThatComesByAnotherAlike) {
  Client client(shards_[0]);
  shards_.Open(client);
  const auto first =
      shards_.Call<v1::ListChangeReply>(client, "List/Append", Append(NameOn(2), 1), 1);
  for (uint32_t edge = 1; edge < ScriptedShards::kCount; ++edge) {
    Client again(shards_[edge]);
    again.Use(client);
    const auto copy =
        shards_.Call<v1::ListChangeReply>(again, "List/Append", Append(NameOn(2), 1), 1);
    EXPECT_EQ(again.status(), kOk);
    EXPECT_EQ(copy.SerializeAsString(), first.SerializeAsString());
  }
  EXPECT_EQ(Len(client, NameOn(2)), 1u);
}

TEST_F(Shards, GiveTheAnswerOfAWaitToTheLastCopyWhereverItCame) {
  Client client(shards_[0]), again(shards_[1]), putter(shards_[2]);
  shards_.Open(client);
  again.Use(client);
  const auto first = client.Begin("Queue/Get", Named<v1::QueueGetRequest>(NameOn(2)), 1);
  shards_.Settle();
  const auto second = again.Begin("Queue/Get", Named<v1::QueueGetRequest>(NameOn(2)), 1);
  shards_.Settle();
  client.Result<v1::QueueGetReply>(first);
  EXPECT_EQ(client.status(), kCancelled);  // TAKEN_OVER.
  shards_.Call<v1::QueuePutReply>(putter, "Queue/Put", Put(NameOn(2), 7));
  EXPECT_EQ(again.Result<v1::QueueGetReply>(second).value().integer(), 7);
}

TEST_F(Shards, ReleaseASessionsLocksEverywhereBeforeItsClosingIsAnswered) {
  Client holder(shards_[0]);
  shards_.Open(holder);
  for (uint32_t owner = 0; owner < ScriptedShards::kCount; ++owner) {
    EXPECT_TRUE(Acquire(holder, NameOn(owner)));
  }
  // By a connection whose shard is not the session's.
  Client closer(shards_[1]);
  closer.Use(holder);
  const auto stream = closer.Begin("Session/Close", v1::SessionCloseRequest());
  shards_.EndTurns();
  shards_.Deliver(1, 0);
  shards_.EndTurns();
  closer.Result<v1::SessionCloseReply>(stream);
  EXPECT_EQ(closer.status(), "");
  shards_.Settle();
  closer.Result<v1::SessionCloseReply>(stream);
  EXPECT_EQ(closer.status(), kOk);
  for (uint32_t shard = 0; shard < ScriptedShards::kCount; ++shard) {
    EXPECT_EQ(sessions(shard), 0u);
    EXPECT_FALSE(shards_[shard].Authenticate(holder.token()).ok());
  }
}

TEST_F(Shards, EndASessionEverywhereWhenItsTtlIsOver) {
  {
    Client holder(shards_[0]);
    shards_.Open(holder);
    EXPECT_TRUE(Acquire(holder, NameOn(2)));
  }
  shards_.Pass(kTtlMs - 1);
  EXPECT_EQ(sessions(2), 1u);
  shards_.Pass(1);
  EXPECT_EQ(sessions(0), 0u);
  EXPECT_EQ(sessions(2), 0u);
  Client next(shards_[1]);
  shards_.Open(next);
  EXPECT_TRUE(Acquire(next, NameOn(2)));
}

TEST_F(Shards, KeepASessionThatAConnectionOfAnotherUses) {
  std::optional<Client> elsewhere;
  {
    Client opener(shards_[0]);
    shards_.Open(opener);
    elsewhere.emplace(shards_[1]);
    elsewhere->Use(opener);
    EXPECT_TRUE(Acquire(*elsewhere, NameOn(2)));
  }
  shards_.Settle();
  shards_.Pass(3 * kTtlMs);
  EXPECT_EQ(sessions(0), 1u);
  elsewhere.reset();
  shards_.Settle();
  shards_.Pass(kTtlMs);
  EXPECT_EQ(sessions(0), 0u);
  EXPECT_EQ(sessions(2), 0u);
}

TEST_F(Shards, KeepASessionsAnonymousObjectsTogetherAtItsHome) {
  Client client(shards_[2]);
  shards_.Open(client);
  Client other(shards_[0]);
  other.Use(client);
  const std::string outer = MakeList(client), inner = MakeList(other);
  EXPECT_EQ(objects(2), 2u);
  auto request = Named<v1::ListAppendRequest>(outer);
  request.mutable_value()->mutable_ref()->set_name(inner);
  shards_.Call<v1::ListChangeReply>(other, "List/Append", request);
  EXPECT_EQ(other.status(), kOk);
}

TEST_F(Shards, MakeAnAnonymousConditionWhereItsLockLives) {
  Client client(shards_[0]);
  shards_.Open(client);
  shards_.Call<v1::LockCreateReply>(client, "Lock/Create", Named<v1::LockCreateRequest>(NameOn(1)));
  v1::ConditionCreateRequest request;
  request.set_lock(NameOn(1));
  shards_.Call<v1::ConditionCreateReply>(client, "Condition/Create", request);
  EXPECT_EQ(client.status(), kOk);
  EXPECT_EQ(objects(1), 2u);
}

TEST_F(Shards, RefuseAnOpOnObjectsOfTwo) {
  Client client(shards_[0]);
  shards_.Open(client);
  const std::string lock =
      shards_.Call<v1::LockCreateReply>(client, "Lock/Create", v1::LockCreateRequest()).name();
  auto request = Named<v1::ConditionCreateRequest>(NameOn(1));
  request.set_lock(lock);
  shards_.Call<v1::ConditionCreateReply>(client, "Condition/Create", request);
  EXPECT_EQ(client.status(), kFailedPrecondition);  // CROSS_SHARD.
  EXPECT_EQ(objects(1), 0u);
}

TEST_F(Shards, RefuseACopyToAnother) {
  Client client(shards_[0]);
  shards_.Call<v1::ListChangeReply>(client, "List/Append", Append(NameOn(1), 1));
  auto request = Named<v1::ListCopyRequest>(NameOn(1));
  request.set_target(NameOn(2));
  shards_.Call<v1::ListCreateReply>(client, "List/Copy", request);
  EXPECT_EQ(client.status(), kFailedPrecondition);  // CROSS_SHARD.
  EXPECT_EQ(objects(1), 1u);
  EXPECT_EQ(objects(2), 0u);
}

TEST_F(Shards, SeeAReleaseInAConnectionsNextOp) {
  for (uint32_t edge = 0; edge < ScriptedShards::kCount; ++edge) {
    Client opener(shards_[0]), client(shards_[edge]);
    shards_.Open(opener);
    client.Use(opener);
    const std::string name = MakeList(client);
    client.Begin("Object/Release", Named<v1::ObjectReleaseRequest>(name));
    shards_.Call<v1::AdminDescribeReply>(client, "Admin/Describe",
                                         Named<v1::AdminDescribeRequest>(name));
    EXPECT_EQ(client.status(), kNotFound);
  }
}

TEST_F(Shards, ReadNoMoreOfAConnectionThatHasMuchUnderway) {
  Client client(shards_[0]);
  EXPECT_FALSE(client.input_held());
  for (int i = 0; i < 100 && !client.input_held(); ++i) {
    auto request = Named<v1::QueuePutRequest>(NameOn(1));
    request.mutable_value()->set_bytes(std::string(size_t{100} << 10, 'x'));
    client.Begin("Queue/Put", request);
  }
  EXPECT_TRUE(client.input_held());
  shards_.Settle();
  EXPECT_FALSE(client.input_held());
}

TEST_F(Shards, RefuseAReferenceThatCouldNotBeKept) {
  Client client(shards_[0]);
  shards_.Open(client);
  auto request = Named<v1::ListAppendRequest>(NameOn(1));
  request.mutable_value()->mutable_ref()->set_name(MakeList(client));
  shards_.Call<v1::ListChangeReply>(client, "List/Append", request);
  EXPECT_EQ(client.status(), kFailedPrecondition);  // CROSS_SHARD.
  EXPECT_EQ(objects(1), 0u);
}

TEST_F(Shards, KeepAReferenceToANamedObjectOfAnother) {
  Client client(shards_[0]);
  auto request = Named<v1::ListAppendRequest>(NameOn(1));
  request.mutable_value()->mutable_ref()->set_name(NameOn(2));
  shards_.Call<v1::ListChangeReply>(client, "List/Append", request);
  EXPECT_EQ(client.status(), kOk);
}

TEST_F(Shards, TakeBackHandlesOfObjectsOfSeveral) {
  Client first(shards_[0]), second(shards_[1]), third(shards_[2]);
  shards_.Open(first);
  shards_.Open(second);
  const std::string mine = MakeList(first), theirs = MakeList(second);
  shards_.Call<v1::ObjectHoldReply>(first, "Object/Hold", Named<v1::ObjectHoldRequest>(theirs));
  second.Begin("Session/Close", v1::SessionCloseRequest());
  shards_.Settle();
  EXPECT_EQ(objects(1), 1u);
  auto request = Named<v1::ObjectReleaseRequest>(mine);
  request.add_others()->set_name(theirs);
  third.Use(first);
  EXPECT_EQ(shards_.Call<v1::ObjectReleaseReply>(third, "Object/Release", request).released(), 2u);
  EXPECT_EQ(objects(0), 0u);
  EXPECT_EQ(objects(1), 0u);
}

TEST_F(Shards, ListTheObjectsOfAllInOrderAndByPages) {
  Client client(shards_[0]);
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) {
    names.push_back("name" + std::to_string(10 + i));
    shards_.Call<v1::ListChangeReply>(client, "List/Append", Append(names.back(), 1));
  }
  v1::AdminObjectsRequest request;
  request.set_limit(3);
  std::vector<std::string> listed;
  for (bool done = false; !done;) {
    const auto page = shards_.Call<v1::AdminObjectsReply>(client, "Admin/Objects", request);
    EXPECT_LE(page.objects_size(), 3);
    for (const auto& line : page.objects()) listed.push_back(line.name());
    done = page.done();
    request.set_after(listed.back());
  }
  EXPECT_EQ(listed, names);
}

TEST_F(Shards, AreOneDaemonInItsStatus) {
  Client client(shards_[0]), other(shards_[1]);
  shards_.Open(client);
  for (uint32_t owner = 0; owner < ScriptedShards::kCount; ++owner) {
    shards_.Call<v1::ListChangeReply>(client, "List/Append", Append(NameOn(owner), 1));
  }
  const auto status =
      shards_.Call<v1::AdminStatusReply>(other, "Admin/Status", v1::AdminStatusRequest());
  EXPECT_EQ(status.objects(), 3u);
  EXPECT_EQ(status.sessions(), 1u);
  EXPECT_EQ(status.connections(), 2u);
  ASSERT_EQ(status.shards_size(), 3);
  for (int shard = 0; shard < 3; ++shard) {
    EXPECT_EQ(status.shards(shard).shard(), static_cast<uint32_t>(shard));
    EXPECT_EQ(status.shards(shard).objects(), 1u);
  }
  EXPECT_EQ(status.shards(0).forwarded(), 2u);
}

TEST_F(Shards, ListTheSessionsOfAllOnce) {
  std::vector<std::unique_ptr<Client>> clients;
  for (uint32_t edge = 0; edge < ScriptedShards::kCount; ++edge) {
    clients.push_back(std::make_unique<Client>(shards_[edge]));
    shards_.Open(*clients.back());
    EXPECT_TRUE(Acquire(*clients.back(), NameOn(0, "lock" + std::to_string(edge))));
  }
  const auto reply = shards_.Call<v1::AdminSessionsReply>(*clients[0], "Admin/Sessions",
                                                          v1::AdminSessionsRequest());
  ASSERT_EQ(reply.sessions_size(), 3);
  EXPECT_TRUE(reply.done());
  for (const auto& line : reply.sessions()) EXPECT_EQ(line.connections(), 1u);
}

TEST_F(Shards, ListTheWaitsOfAllInOrder) {
  Client client(shards_[0]), asker(shards_[1]);
  for (uint32_t owner = 0; owner < ScriptedShards::kCount; ++owner) {
    client.Begin("Queue/Get", Named<v1::QueueGetRequest>(NameOn(owner)));
  }
  shards_.Settle();
  const auto reply =
      shards_.Call<v1::AdminWaitsReply>(asker, "Admin/Waits", v1::AdminWaitsRequest());
  ASSERT_EQ(reply.waits_size(), 3);
  EXPECT_LT(reply.waits(0).waiter().call(), reply.waits(1).waiter().call());
  EXPECT_LT(reply.waits(1).waiter().call(), reply.waits(2).waiter().call());
}

TEST_F(Shards, ForgetAnswersThatWereAcknowledgedElsewhere) {
  Client client(shards_[0]);
  shards_.Open(client);
  shards_.Call<v1::ListChangeReply>(client, "List/Append", Append(NameOn(1), 1), 1);
  const auto kept = [this] {
    const auto& replies = shards_.engine(1).sessions().all().begin()->second.replies;
    const auto& lane = replies.lanes().begin()->second;
    return lane.end() - lane.begin();
  };
  EXPECT_EQ(kept(), 1);
  client.Acknowledge(1);
  shards_.Call<v1::ListChangeReply>(client, "List/Append", Append(NameOn(2), 1), 2);
  EXPECT_EQ(kept(), 1);
  shards_.Pass(1'000);
  EXPECT_EQ(kept(), 0);
}

TEST_F(Shards, TellThoseWhoWaitAnywhereThatTheDaemonStops) {
  Client client(shards_[0]);
  const auto stream = client.Begin("Queue/Get", Named<v1::QueueGetRequest>(NameOn(2)));
  shards_.Settle();
  for (uint32_t shard = 0; shard < ScriptedShards::kCount; ++shard) shards_[shard].Shutdown();
  shards_.Settle();
  client.Result<v1::QueueGetReply>(stream);
  EXPECT_EQ(client.status(), "14");  // SHUTTING_DOWN.
}

}  // namespace
}  // namespace coheld::dispatch
