// Several shards that record: what their answers wait for, and what they go on with together.
#include <gtest/gtest.h>

#include "coheld/v1/list.pb.h"
#include "coheld/v1/lock.pb.h"
#include "server/engine/input_log.h"
#include "tests/unit/dispatch/scripted_shards.h"

namespace coheld::dispatch {
namespace {

class RecordedShards : public ::testing::Test {
 protected:
  RecordedShards() { Start(); }

  // Begins with what was recorded, as after a kill.
  void Start() {
    shards_.reset();
    shards_ = std::make_unique<ScriptedShards>([this](uint32_t shard) {
      auto engine = std::make_unique<engine::Engine>();
      std::vector<engine::Reply> replies;
      for (const std::string& record : logs_[shard].records) {
        engine::Input input;
        EXPECT_TRUE(engine::DecodeInput(record, &input));
        engine::Replay(*engine, input, &replies);
      }
      return Beginning{
          .engine = std::move(engine), .log = &logs_[shard], .level = journal::Level::kSync};
    });
    MakeDurable();
  }
  void MakeDurable() {
    for (FakeLog& log : logs_) log.written_index = log.durable_index = log.last_index();
    shards_->Settle();
  }
  // Settles while every record is durable at once.
  void SettleDurably() {
    for (int i = 0; i < 5; ++i) {
      shards_->Settle();
      MakeDurable();
    }
  }
  void Open(Client& client) {
    const auto stream = client.Begin("Session/Open", v1::SessionOpenRequest());
    SettleDurably();
    client.Use(client.Result<v1::SessionOpenReply>(stream).token());
  }
  static v1::ListAppendRequest Append(uint32_t shard) {
    v1::ListAppendRequest request;
    request.set_name(ScriptedShards::NameOn(shard, "list"));
    request.mutable_value()->set_integer(1);
    return request;
  }
  size_t sessions(uint32_t shard) const { return shards_->engine(shard).sessions().all().size(); }

  FakeLog logs_[ScriptedShards::kCount];
  std::unique_ptr<ScriptedShards> shards_;
};

TEST_F(RecordedShards, AnswerWhenTheOwnersJournalIsThere) {
  Client client((*shards_)[0]);
  const auto stream = client.Begin("List/Append", Append(1));
  shards_->Settle();
  client.Result<v1::ListChangeReply>(stream);
  EXPECT_EQ(client.status(), "");
  EXPECT_EQ(logs_[1].wanted, logs_[1].last_index());
  MakeDurable();
  client.Result<v1::ListChangeReply>(stream);
  EXPECT_EQ(client.status(), "0");
}

TEST_F(RecordedShards, TellOfASessionsEndOnlyWhenItIsSafe) {
  Client client((*shards_)[0]);
  Open(client);
  client.Begin("List/Append", Append(1));
  SettleDurably();
  EXPECT_EQ(sessions(1), 1u);
  client.Begin("Session/Close", v1::SessionCloseRequest());
  shards_->Settle();
  EXPECT_EQ(sessions(0), 0u);
  EXPECT_EQ(sessions(1), 1u);
  SettleDurably();
  EXPECT_EQ(sessions(1), 0u);
}

TEST_F(RecordedShards, ServeASessionOfBeforeEverywhere) {
  std::string token;
  {
    Client client((*shards_)[0]);
    Open(client);
    token = client.token();
    client.Begin("List/Append", Append(1), 1);
    SettleDurably();
  }
  Start();
  Client client((*shards_)[2]);
  client.Use(token);
  // A copy, and a new one.
  for (const uint64_t seq : {1, 2}) {
    const auto stream = client.Begin("List/Append", Append(1), seq);
    SettleDurably();
    EXPECT_EQ(client.Result<v1::ListChangeReply>(stream).length(), seq);
  }
}

TEST_F(RecordedShards, EndWhatIsLeftOfASessionThatEndedAtHome) {
  {
    Client client((*shards_)[0]);
    Open(client);
    client.Begin("List/Append", Append(1));
    SettleDurably();
    client.Begin("Session/Close", v1::SessionCloseRequest());
    shards_->EndTurns();
  }
  Start();
  EXPECT_EQ(sessions(0), 0u);
  EXPECT_EQ(sessions(1), 0u);
}

TEST_F(RecordedShards, GiveSessionsNewIdsAfterARestart) {
  uint64_t last = 0;
  for (int round = 0; round < 3; ++round) {
    for (uint32_t edge = 0; edge < ScriptedShards::kCount; ++edge) {
      Client client((*shards_)[edge]);
      const auto stream = client.Begin("Session/Open", v1::SessionOpenRequest());
      SettleDurably();
      const uint64_t id = client.Result<v1::SessionOpenReply>(stream).session();
      EXPECT_EQ(id % ScriptedShards::kCount, edge);
      EXPECT_NE(id, last);
      last = id;
    }
    Start();
  }
}

}  // namespace
}  // namespace coheld::dispatch
