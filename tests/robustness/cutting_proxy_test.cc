// The cutting proxy itself, between plain sockets.
#include "tests/robustness/cutting_proxy.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "tests/integration/daemon_process.h"

namespace coheld::testing {
namespace {

using namespace std::chrono_literals;

// An empty SETTINGS frame, a DATA frame of one byte, and what comes before a client's frames.
const std::string kSettings("\0\0\0\4\0\0\0\0\0", 9);
const std::string kData("\0\0\1\0\0\0\0\0\1x", 10);
const std::string kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

int Connected(const std::string& address) {
  const int made = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un path{.sun_family = AF_UNIX, .sun_path = {}};
  address.copy(path.sun_path, sizeof path.sun_path - 1, 5);
  EXPECT_EQ(connect(made, reinterpret_cast<sockaddr*>(&path), sizeof path), 0);
  return made;
}

// What comes until so many bytes are there or the connection ends.
std::string Receive(int socket, size_t count) {
  std::string received;
  char bytes[4096];
  while (received.size() < count) {
    const ssize_t got = recv(socket, bytes, std::min(sizeof bytes, count - received.size()), 0);
    if (got <= 0) break;
    received.append(bytes, static_cast<size_t>(got));
  }
  return received;
}

// A test with a listening socket in the daemon's place.
class CuttingProxyTest : public ::testing::Test {
 protected:
  CuttingProxyTest() {
    sockaddr_un path{.sun_family = AF_UNIX, .sun_path = {}};
    target_.copy(path.sun_path, sizeof path.sun_path - 1, 5);
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&path), sizeof path), 0);
    EXPECT_EQ(listen(listener_, 16), 0);
  }
  ~CuttingProxyTest() override { close(listener_); }

  // A proxy that does only this.
  ProxyOptions Only(Fault fault) const {
    ProxyOptions options{.listen = "unix:" + folder_.path() + "/proxy", .target = target_};
    options.weights = {};
    options.weights[static_cast<size_t>(fault)] = 1;
    return options;
  }
  int Accepted() const { return accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC); }

  // How many bytes reach the daemon of many that a client sends.
  size_t Arriving(const ProxyOptions& options) const {
    const CuttingProxy proxy(options);
    const int client = Connected(proxy.address());
    const int daemon = Accepted();
    const std::string many(size_t{2} * options.bytes_max, 'x');
    (void)send(client, many.data(), many.size(), MSG_NOSIGNAL);
    const size_t count = Receive(daemon, many.size()).size();
    close(daemon);
    close(client);
    return count;
  }

  TemporaryFolder folder_;
  std::string target_ = "unix:" + folder_.path() + "/daemon";
  int listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
};

TEST_F(CuttingProxyTest, PassesWhatItDoesNotHarm) {
  ProxyOptions options = Only(Fault::kNone);
  options.dribbling_percent = options.delayed_percent = 100;
  const CuttingProxy proxy(options);
  const int client = Connected(proxy.address());
  const int daemon = Accepted();
  const std::string request(100'000, 'a');
  std::thread sender([&] { (void)send(client, request.data(), request.size(), MSG_NOSIGNAL); });
  EXPECT_EQ(Receive(daemon, request.size()), request);
  sender.join();
  EXPECT_EQ(send(daemon, "reply", 5, MSG_NOSIGNAL), 5);
  EXPECT_EQ(Receive(client, 5), "reply");
  close(client);
  EXPECT_EQ(Receive(daemon, 1), "");
  EXPECT_EQ(proxy.counts().cuts(), 0u);
  close(daemon);
}

TEST_F(CuttingProxyTest, CutsAtThePlaceThatTheSeedSays) {
  ProxyOptions options = Only(Fault::kCutRequest);
  const size_t first = Arriving(options);
  EXPECT_LT(first, options.bytes_max);
  EXPECT_EQ(Arriving(options), first);
  options.seed = 2;
  EXPECT_NE(Arriving(options), first);
}

TEST_F(CuttingProxyTest, CutsAfterTheOpWasAppliedAndBeforeItsReply) {
  ProxyOptions options = Only(Fault::kCutApplied);
  options.bytes_max = 1;
  const CuttingProxy proxy(options);
  const int client = Connected(proxy.address());
  const int daemon = Accepted();
  const std::string request = kPreface + kData;
  EXPECT_GT(send(client, request.data(), request.size(), MSG_NOSIGNAL), 0);
  EXPECT_EQ(Receive(daemon, request.size()), request);
  const std::string reply = kSettings + kData;
  EXPECT_GT(send(daemon, reply.data(), reply.size(), MSG_NOSIGNAL), 0);
  EXPECT_EQ(Receive(client, 1), "");
  EXPECT_TRUE(proxy.WaitForCuts(1, 10s));
  EXPECT_EQ(proxy.counts().of(Fault::kCutApplied), 1u);
  close(daemon);
  close(client);
}

TEST_F(CuttingProxyTest, SilenceEndsWithACut) {
  const CuttingProxy proxy(Only(Fault::kSilence));
  const int client = Connected(proxy.address());
  const int daemon = Accepted();
  const std::string many(10'000, 'x');
  (void)send(client, many.data(), many.size(), MSG_NOSIGNAL);
  EXPECT_LT(Receive(daemon, many.size()).size(), many.size());
  EXPECT_TRUE(proxy.WaitForCuts(1, 10s));
  close(daemon);
  close(client);
}

TEST_F(CuttingProxyTest, HarmsNothingWhenCalm) {
  ProxyOptions options = Only(Fault::kCutRequest);
  CuttingProxy proxy(options);
  proxy.Calm();
  const int client = Connected(proxy.address());
  const int daemon = Accepted();
  const std::string many(size_t{2} * options.bytes_max, 'x');
  EXPECT_GT(send(client, many.data(), many.size(), MSG_NOSIGNAL), 0);
  EXPECT_EQ(Receive(daemon, many.size()), many);
  close(daemon);
  close(client);
}

}  // namespace
}  // namespace coheld::testing
