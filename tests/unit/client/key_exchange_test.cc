// The client's side of proving the key, against a server of the test that knows none.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "coheld/client.h"
#include "coheld/v1/session.pb.h"
#include "proto/wire/key_proof.h"
#include "server/transport/grpc_session.h"
#include "tests/integration/daemon_process.h"

namespace coheld {
namespace {

using transport::StreamId;

// Says that it has a key, takes every proof, and makes up its own.
class FakeDaemon : public transport::CallHandler {
 public:
  explicit FakeDaemon(const std::string& path) : listening_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{.sun_family = AF_UNIX};
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(bind(listening_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(listening_, 8), 0);
    thread_ = std::thread([this] { Serve(); });
  }
  ~FakeDaemon() override {
    shutdown(listening_, SHUT_RDWR);
    thread_.join();
    close(listening_);
  }

  // The paths that were called, in order.
  std::vector<std::string> calls() const {
    const std::lock_guard guard(mutex_);
    return calls_;
  }

  void OnCall(StreamId stream, const transport::CallHead& head) override {
    const std::lock_guard guard(mutex_);
    calls_.push_back(head.path);
    paths_[stream] = head.path;
  }
  void OnMessage(StreamId stream, std::string_view /*message*/) override {
    if (paths_[stream].ends_with("/Challenge")) {
      v1::SessionChallengeReply reply;
      reply.set_nonce(std::string(wire::kNonceBytes, 'n'));
      reply.set_has_key(true);
      return session_->Reply(stream, reply.SerializeAsString());
    }
    v1::SessionOpenReply reply;
    reply.set_token("1.made-up");
    reply.set_proof(std::string(wire::kProofBytes, 'p'));
    session_->Reply(stream, reply.SerializeAsString());
  }
  void OnHalfClose(StreamId) override {}
  void OnAbort(StreamId) override {}

 private:
  void Serve() {
    while (true) {
      const int connection = accept(listening_, nullptr, nullptr);
      if (connection < 0) return;
      session_ = std::make_unique<transport::GrpcSession>(transport::SessionLimits{}, *this);
      Talk(connection);
      session_.reset();
      close(connection);
    }
  }

  void Talk(int connection) {
    std::array<char, 16384> buffer;
    while (true) {
      std::string out;
      session_->Pump(1 << 20, &out);
      if (send(connection, out.data(), out.size(), MSG_NOSIGNAL) < 0) return;
      const ssize_t size = recv(connection, buffer.data(), buffer.size(), 0);
      if (size <= 0) return;
      session_->Feed({buffer.data(), static_cast<size_t>(size)});
    }
  }

  const int listening_;
  std::thread thread_;
  std::unique_ptr<transport::GrpcSession> session_;
  std::map<StreamId, std::string> paths_;
  mutable std::mutex mutex_;
  std::vector<std::string> calls_;
};

TEST(KeyExchangeTest, AFakeDaemonGetsNeitherTheKeyNorAnOp) {
  const testing::TemporaryFolder folder;
  const std::string path = folder.path() + "/fake.sock";
  const FakeDaemon daemon(path);
  EXPECT_THROW(Client::connect("unix:" + path, {.key = "secret"}), Unauthenticated);
  EXPECT_EQ(daemon.calls(),
            (std::vector<std::string>{"/coheld.v1.Session/Challenge", "/coheld.v1.Session/Open"}));
}

}  // namespace
}  // namespace coheld
