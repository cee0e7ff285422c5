// A dispatcher that records: what its replies wait for, and what one that begins with the records
// goes on with.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/v1/admin.pb.h"
#include "coheld/v1/list.pb.h"
#include "coheld/v1/lock.pb.h"
#include "coheld/v1/queue.pb.h"
#include "server/dispatch/dispatcher.h"
#include "server/engine/input_log.h"
#include "tests/unit/dispatch/fake_edge.h"
#include "tests/unit/dispatch/fake_log.h"

namespace coheld::dispatch {
namespace {

class Recorded : public ::testing::Test {
 protected:
  Recorded() { Start(); }

  // Begins with what was recorded, as after a kill: what ran before is gone.
  void Start(journal::Level level = journal::Level::kSync) {
    dispatcher_.reset();
    auto engine = std::make_unique<engine::Engine>();
    std::vector<engine::Reply> replies;
    for (const std::string& record : log_.records) {
      engine::Input input;
      ASSERT_TRUE(engine::DecodeInput(record, &input));
      engine::Replay(*engine, input, &replies);
    }
    dispatcher_ = std::make_unique<Dispatcher>(
        loop_, DispatchLimits{}, DaemonFacts{}, "",
        Beginning{
            .engine = std::move(engine), .log = &log_, .level = level, .session_secret = "secret"});
  }
  const engine::Engine& engine() const { return dispatcher_->engine(); }

  static v1::ListAppendRequest Append() {
    v1::ListAppendRequest request;
    request.set_name("list");
    request.mutable_value()->set_integer(1);
    return request;
  }
  static v1::ListLenRequest Len() {
    v1::ListLenRequest request;
    request.set_name("list");
    return request;
  }
  static v1::LockAcquireRequest Acquire(uint64_t lease_ms = 0) {
    v1::LockAcquireRequest request;
    request.set_name("lock");
    request.set_lease_ms(lease_ms);
    return request;
  }
  static v1::QueueGetRequest Get() {
    v1::QueueGetRequest request;
    request.set_name("queue");
    return request;
  }

  // Whether what the client was answered may leave.
  bool HasPassed(const Client& client) const {
    return client.mark().IsWithin(dispatcher_->Passed());
  }

  FakeLoop loop_;
  FakeLog log_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

TEST_F(Recorded, ASyncReplyWaitsUntilItsRecordIsDurable) {
  Client client(*dispatcher_);
  client.Call<v1::ListChangeReply>("List/Append", Append());
  EXPECT_EQ(client.mark().durable, log_.last_index());
  EXPECT_FALSE(HasPassed(client));
  dispatcher_->OnTurnEnd();
  EXPECT_EQ(log_.wanted, log_.last_index());
  log_.written_index = log_.last_index();
  EXPECT_FALSE(HasPassed(client));
  log_.durable_index = log_.last_index();
  EXPECT_TRUE(HasPassed(client));
}

TEST_F(Recorded, AnAsyncReplyWaitsUntilItsRecordIsWritten) {
  Start(journal::Level::kAsync);
  Client client(*dispatcher_);
  client.Call<v1::ListChangeReply>("List/Append", Append());
  dispatcher_->OnTurnEnd();
  EXPECT_EQ(log_.wanted, 0u);
  EXPECT_FALSE(HasPassed(client));
  log_.written_index = log_.last_index();
  EXPECT_TRUE(HasPassed(client));
}

TEST_F(Recorded, AReadWaitsForWhatItShows) {
  Client writer(*dispatcher_), reader(*dispatcher_);
  writer.Call<v1::ListChangeReply>("List/Append", Append());
  EXPECT_EQ(reader.Call<v1::ListLenReply>("List/Len", Len()).length(), 1u);
  EXPECT_FALSE(HasPassed(reader));
}

TEST_F(Recorded, TheOpeningOfASessionWaitsForItsRecord) {
  Client client(*dispatcher_);
  client.Open();
  EXPECT_FALSE(HasPassed(client));
}

TEST_F(Recorded, AFullDiskDoesNotKeepACopyFromItsAnswer) {
  Client client(*dispatcher_);
  client.Open();
  client.Call<v1::ListChangeReply>("List/Append", Append(), 1);
  log_.room = false;
  client.Call<v1::ListChangeReply>("List/Append", Append(), 1);
  EXPECT_EQ(client.status(), "0");
}

TEST_F(Recorded, WhatAFullDiskRefusedIsNotDoneByALateCopy) {
  Client client(*dispatcher_);
  client.Open();
  log_.room = false;
  client.Call<v1::ListChangeReply>("List/Append", Append(), 1);
  EXPECT_EQ(client.status(), "8");
  log_.room = true;
  client.Call<v1::ListChangeReply>("List/Append", Append(), 1);
  EXPECT_EQ(client.status(), "8");
  EXPECT_EQ(client.Call<v1::ListLenReply>("List/Len", Len()).length(), 0u);
  client.Call<v1::ListChangeReply>("List/Append", Append(), 2);
  EXPECT_EQ(client.Call<v1::ListLenReply>("List/Len", Len()).length(), 1u);
}

TEST(Unrecorded, NothingWaits) {
  FakeLoop loop;
  Dispatcher dispatcher(loop, {}, {}, "");
  Client client(dispatcher);
  client.Open();
  EXPECT_TRUE(client.mark().empty());
}

// What follows has a client before the restart and another, which goes on with its session, after.

TEST_F(Recorded, ASessionAndItsLockSurvive) {
  std::optional<Client> before(std::in_place, *dispatcher_);
  before->Open();
  const std::string session = before->token();
  const uint64_t token = before->Call<v1::LockAcquireReply>("Lock/Acquire", Acquire()).token();
  before.reset();
  Start();
  Client after(*dispatcher_);
  after.Use(session);
  v1::LockReleaseRequest release;
  release.set_name("lock");
  after.Call<v1::LockReleaseReply>("Lock/Release", release);
  EXPECT_EQ(after.status(), "0");
  EXPECT_GT(after.Call<v1::LockAcquireReply>("Lock/Acquire", Acquire()).token(), token);
}

TEST_F(Recorded, AnOpThatIsSentAgainGetsItsFirstReply) {
  std::optional<Client> before(std::in_place, *dispatcher_);
  before->Open();
  const std::string session = before->token();
  before->Call<v1::ListChangeReply>("List/Append", Append(), 1);
  before.reset();
  Start();
  Client after(*dispatcher_);
  after.Use(session);
  EXPECT_EQ(after.Call<v1::ListChangeReply>("List/Append", Append(), 1).length(), 1u);
  EXPECT_EQ(after.Call<v1::ListChangeReply>("List/Append", Append(), 2).length(), 2u);
}

TEST_F(Recorded, ASessionHasItsFullTtlAgain) {
  std::optional<Client> before(std::in_place, *dispatcher_);
  before->Open();
  before.reset();
  loop_.Pass(kTtlMs - 1);
  Start();
  loop_.Pass(kTtlMs - 1);
  EXPECT_EQ(engine().sessions().all().size(), 1u);
  loop_.Pass(1);
  EXPECT_EQ(engine().sessions().all().size(), 0u);
}

TEST_F(Recorded, SessionsAndCallsAreNumberedOn) {
  std::optional<Client> before(std::in_place, *dispatcher_);
  before->Open();
  const std::string first = before->token();
  before->Call<v1::SessionCloseReply>("Session/Close", v1::SessionCloseRequest());
  before.reset();
  const engine::CallId last = engine().last_call();
  Start();
  Client after(*dispatcher_);
  after.Open();
  EXPECT_EQ(first.substr(0, 2), "1.");
  EXPECT_EQ(after.token().substr(0, 2), "2.");
  after.Call<v1::ListChangeReply>("List/Append", Append());
  EXPECT_GT(engine().last_call(), last);
}

TEST_F(Recorded, AnOpThatWaitedIsSentAgain) {
  std::optional<Client> before(std::in_place, *dispatcher_);
  before->Open();
  const std::string session = before->token();
  before->Begin("Queue/Get", Get(), 1);
  ASSERT_EQ(engine().parked().size(), 1u);
  dispatcher_->Shutdown();
  before.reset();
  Start();
  EXPECT_EQ(engine().parked().size(), 0u);
  Client after(*dispatcher_);
  after.Use(session);
  after.Begin("Queue/Get", Get(), 1);
  EXPECT_EQ(engine().parked().size(), 1u);
}

TEST_F(Recorded, ShuttingDownIsToldAndNotRecorded) {
  Client client(*dispatcher_);
  client.Open();
  const transport::StreamId waiting = client.Begin("Queue/Get", Get(), 1);
  const size_t records = log_.records.size();
  dispatcher_->Shutdown();
  client.Result<v1::QueueGetReply>(waiting);
  EXPECT_EQ(client.status(), "14");
  client.Call<v1::ListChangeReply>("List/Append", Append());
  EXPECT_EQ(client.status(), "14");
  loop_.Pass(10 * kTtlMs);
  EXPECT_EQ(log_.records.size(), records);
}

TEST_F(Recorded, ALeaseHasItsFullLengthAgain) {
  {
    Client before(*dispatcher_);
    before.Open();
    before.Call<v1::LockAcquireReply>("Lock/Acquire", Acquire(1000));
  }
  loop_.Pass(900);
  Start();
  loop_.Pass(999);
  EXPECT_EQ(engine().store().Find("lock")->object->holds().size(), 1u);
  loop_.Pass(1);
  EXPECT_EQ(engine().store().Find("lock")->object->holds().size(), 0u);
}

TEST_F(Recorded, TheEndOfADispatcherRecordsNothing) {
  { Client(*dispatcher_).Open(); }
  const size_t records = log_.records.size();
  dispatcher_.reset();
  EXPECT_EQ(log_.records.size(), records);
}

}  // namespace
}  // namespace coheld::dispatch
