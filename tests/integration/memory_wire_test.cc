// A daemon with --memory-max and peers that make it keep much which is no object: replies that are
// not read, ops that wait, answers that are not acknowledged, messages that never end. It stays
// within its cap, refuses the rest, and goes on when they have left.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "coheld/coheld.h"
#include "coheld/v1/dict.pb.h"
#include "coheld/v1/list.pb.h"
#include "coheld/v1/queue.pb.h"
#include "coheld/v1/session.pb.h"
#include "proto/wire/methods.h"
#include "tests/integration/daemon_process.h"
#include "tests/integration/wire_attack.h"

namespace coheld::testing {
namespace {

using transport::ClientSession;
using transport::Framed;
using transport::RequestFields;
using transport::StreamId;
using Clock = std::chrono::steady_clock;

constexpr size_t kMiB = size_t{1} << 20;
constexpr size_t kMax = 48 * kMiB;
// What the cap does not count: stacks, and what lies free between blocks.
constexpr size_t kMargin = 20 * kMiB;
// Sanitizers keep what was freed.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kMemoryIsReal = false;
#else
constexpr bool kMemoryIsReal = true;
#endif

// A connection of a client that may leave replies unread.
class RawPeer {
 public:
  explicit RawPeer(const std::string& address)
      : socket_(address), client_({.initial_window = 0x7FFFFFFF}) {
    nghttp2_submit_window_update(client_.h2(), 0, 0, 0x7FFFFFFF - 65535);
  }

  ClientSession& client() { return client_; }
  bool closed() const { return socket_.closed(); }
  // How many bytes were sent.
  size_t sent() const { return sent_; }
  // Sends what may be sent; with `reads`, reads what there is.
  void Pump(bool reads) {
    unsent_ += client_.Take();
    const size_t pushed = socket_.Push(unsent_);
    unsent_.erase(0, pushed);
    sent_ += pushed;
    if (!reads) return;
    while (true) {
      const std::string bytes = socket_.Drain();
      if (bytes.empty() || !client_.Give(bytes)) return;
    }
  }
  // True once everything that was asked for is on its way.
  bool IsSent() {
    Pump(false);
    return unsent_.empty();
  }

 private:
  AttackSocket socket_;
  ClientSession client_;
  std::string unsent_;
  size_t sent_ = 0;
};

class MemoryWireTest : public ::testing::Test {
 protected:
  MemoryWireTest() {
    daemon_.Start({"--memory-max", std::to_string(kMax)});
    watcher_.emplace(Client::connect(daemon_.address_unix()));
  }

  DaemonStatus Status() const { return Admin(*watcher_).status(); }
  // Waits for something; false if it does not come.
  static bool Await(const std::function<bool()>& is_so) {
    const auto end = Clock::now() + DaemonProcess::kPatience;
    while (!is_so()) {
      if (Clock::now() > end) return false;
    }
    return true;
  }
  void ExpectWithinCap() const {
    if (kMemoryIsReal) {
      EXPECT_LT(daemon_.AnonymousBytes(), kMax + kMargin);
    }
  }
  // Those who came have left: there is room again.
  void ExpectRoomAgain() {
    ASSERT_TRUE(Await([&] { return Status().connections == 1; }));
    EXPECT_NO_THROW(List<std::string>(*watcher_, "after").append(std::string(kMiB, 'x')));
  }
  std::unique_ptr<RawPeer> NewPeer() const {
    return std::make_unique<RawPeer>(daemon_.address_unix());
  }
  // So many that are all let in, which in full memory nobody is.
  std::vector<std::unique_ptr<RawPeer>> NewPeers(size_t count) const {
    std::vector<std::unique_ptr<RawPeer>> peers;
    for (size_t i = 0; i < count; ++i) peers.push_back(NewPeer());
    EXPECT_TRUE(Await([&] { return Status().connections == count + 1; }));
    return peers;
  }

  DaemonProcess daemon_;
  std::optional<Client> watcher_;
};

TEST_F(MemoryWireTest, RepliesThatNobodyReadsStayWithinTheCap) {
  constexpr size_t kPeers = 60;
  constexpr size_t kGets = 20;
  Dict<std::string, std::string>(*watcher_, "dict").set("key", std::string(256 << 10, 'x'));
  v1::DictGetRequest get;
  get.set_name("dict");
  get.mutable_key()->set_text("key");
  const uint64_t before = Status().ops;
  auto peers = NewPeers(kPeers);
  for (const auto& peer : peers) {
    for (size_t j = 0; j < kGets; ++j) {
      peer->client().Call(RequestFields("/coheld.v1.Dict/Get"), Framed(get.SerializeAsString()));
    }
    ASSERT_TRUE(Await([&] { return peer->IsSent(); }));
  }
  ASSERT_TRUE(Await([&] {
    const DaemonStatus status = Status();
    return status.ops - before + status.memory.refused >= kPeers * kGets;
  }));
  EXPECT_GT(Status().memory.refused, 0u);
  ExpectWithinCap();
  peers.clear();
  ExpectRoomAgain();
}

TEST_F(MemoryWireTest, OpsThatWaitStayWithinTheCap) {
  constexpr size_t kPeers = 30;
  constexpr size_t kGets = 9'000;
  const std::string name(400, 'q');
  Queue<int>(*watcher_, name).create();
  v1::QueueGetRequest get;
  get.set_name(name);
  v1::CallRequest call;
  call.set_method(wire::FindMethod("/coheld.v1.Queue/Get")->number);
  call.set_payload(get.SerializeAsString());
  std::string calls;
  for (size_t j = 1; j <= kGets; ++j) {
    call.set_id(j);
    calls += Framed(call.SerializeAsString());
  }
  auto peers = NewPeers(kPeers);
  for (const auto& peer : peers) {
    peer->client().Call(RequestFields("/coheld.v1.Session/Call"), calls, false);
  }
  ASSERT_TRUE(Await([&] {
    for (const auto& peer : peers) peer->Pump(true);
    const DaemonStatus status = Status();
    return status.parked + status.memory.refused >= kPeers * kGets;
  }));
  const DaemonStatus full = Status();
  EXPECT_GT(full.memory.refused, 0u) << full.parked;
  EXPECT_GT(full.parked, 0u);
  ExpectWithinCap();
  peers.clear();
  ExpectRoomAgain();
}

TEST_F(MemoryWireTest, AnswersThatAreNotAcknowledgedStayWithinTheCap) {
  constexpr size_t kLanes = 1'000;
  Dict<std::string, std::string>(*watcher_, "dict").set("key", std::string(64 << 10, 'x'));
  const auto peer = NewPeer();
  v1::SessionOpenRequest open;
  const StreamId opening = peer->client().Call(RequestFields("/coheld.v1.Session/Open"),
                                               Framed(open.SerializeAsString()));
  ASSERT_TRUE(Await([&] {
    peer->Pump(true);
    return peer->client().response(opening).status() == "0";
  }));
  v1::SessionOpenReply session;
  ASSERT_TRUE(session.ParseFromString(peer->client().response(opening).messages().at(0)));
  v1::DictSetDefaultRequest ask;
  ask.set_name("dict");
  ask.mutable_key()->set_text("key");
  v1::CallRequest call;
  call.set_method(wire::FindMethod("/coheld.v1.Dict/SetDefault")->number);
  call.set_payload(ask.SerializeAsString());
  call.set_seq(1);
  std::string calls;
  for (size_t lane = 1; lane <= kLanes; ++lane) {
    call.set_id(lane);
    call.set_lane(static_cast<uint32_t>(lane));
    calls += Framed(call.SerializeAsString());
  }
  const StreamId stream = peer->client().Call(
      RequestFields("/coheld.v1.Session/Call", {{"coheld-session", session.token()}}), calls,
      false);
  ASSERT_TRUE(Await([&] {
    peer->Pump(true);
    return peer->client().response(stream).messages().size() >= kLanes;
  }));
  EXPECT_GT(Status().memory.refused, 0u);
  EXPECT_LT(Status().memory.refused, kLanes);
  ExpectWithinCap();
  peer->client().Call(
      RequestFields("/coheld.v1.Session/Close", {{"coheld-session", session.token()}}), Framed(""));
  ASSERT_TRUE(Await([&] {
    peer->Pump(true);
    return Status().memory.used_bytes < kMax / 2;
  }));
  EXPECT_NO_THROW(List<std::string>(*watcher_, "after").append(std::string(kMiB, 'x')));
}

TEST_F(MemoryWireTest, MessagesThatNeverEndStayWithinTheCap) {
  constexpr size_t kPeers = 60;
  constexpr size_t kHalf = 2 * kMiB;
  v1::ListAppendRequest append;
  append.set_name("list");
  append.mutable_value()->set_bytes(std::string(2 * kHalf, 'x'));
  const std::string half = Framed(append.SerializeAsString()).substr(0, kHalf);
  auto peers = NewPeers(kPeers);
  std::vector<StreamId> streams;
  for (const auto& peer : peers) {
    streams.push_back(peer->client().Call(RequestFields("/coheld.v1.List/Append"), half, false));
  }
  size_t refused = 0;
  ASSERT_TRUE(Await([&] {
    refused = 0;
    size_t sent = 0;
    for (size_t i = 0; i < kPeers; ++i) {
      peers[i]->Pump(true);
      if (!peers[i]->client().response(streams[i]).status().empty() || peers[i]->closed()) {
        ++refused;
      } else if (peers[i]->sent() >= kHalf) {
        ++sent;
      }
    }
    return refused + sent == kPeers;
  }));
  EXPECT_GT(refused, 0u);
  ExpectWithinCap();
  EXPECT_NO_THROW(Admin(*watcher_).objects());
  peers.clear();
  ExpectRoomAgain();
}

}  // namespace
}  // namespace coheld::testing
