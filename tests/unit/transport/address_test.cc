// Addresses that somebody has already: those of a daemon that was killed and whose child has its
// sockets for another moment, and those that are in use.
#include "server/transport/address.h"

#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "server/transport/socket_options.h"

namespace coheld::transport {
namespace {

constexpr useconds_t kInheritedUs = 300'000;

// A listening socket of a daemon that was killed: a process that it was about to start has it
// still.
class Heir {
 public:
  Heir(const std::string& address, bool shared, bool removes = false) {
    std::string error;
    EXPECT_TRUE(OpenListeningSocket(address, shared, &socket_, &error)) << error;
    pid_ = ::fork();
    if (pid_ == 0) EndLater(removes);
    ::close(socket_.descriptor);
  }
  ~Heir() { ::waitpid(pid_, nullptr, 0); }
  Heir(const Heir&) = delete;
  Heir& operator=(const Heir&) = delete;

  const std::string& address() const { return socket_.address; }

 private:
  [[noreturn]] void EndLater(bool removes) const {
    ::usleep(kInheritedUs);
    if (removes) ::unlink(socket_.unix_path.c_str());
    ::_exit(0);
  }

  ListeningSocket socket_;
  pid_t pid_ = -1;
};

class Address : public testing::Test {
 protected:
  Address() {
    std::string pattern = testing::TempDir() + "coheld-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~Address() override {
    for (const int descriptor : open_) ::close(descriptor);
    std::filesystem::remove_all(folder_);
  }

  std::string unix_address() const { return "unix:" + folder_ + "/s"; }
  // Opens it until the end of the test. Returns what was wrong; empty if nothing was.
  std::string Open(const std::string& address, ListeningSocket* opened = nullptr) {
    ListeningSocket socket;
    std::string error;
    if (!OpenListeningSocket(address, false, &socket, &error)) return error;
    open_.push_back(socket.descriptor);
    if (opened != nullptr) *opened = socket;
    return "";
  }

 private:
  std::string folder_;
  std::vector<int> open_;
};

TEST_F(Address, AUnixSocketThatAChildOfAKilledDaemonHasIsTakenOver) {
  const Heir heir(unix_address(), false);
  EXPECT_EQ(Open(unix_address()), "");
}

TEST_F(Address, APortThatAChildOfAKilledDaemonHasIsTakenOver) {
  const Heir heir("127.0.0.1:0", false);
  EXPECT_EQ(Open(heir.address()), "");
}

TEST_F(Address, AnIpv6PortThatAChildOfAKilledDaemonHasIsTakenOver) {
  if (const std::string error = Open("[::1]:0"); !error.empty()) GTEST_SKIP() << error;
  const Heir heir("[::1]:0", false);
  EXPECT_EQ(Open(heir.address()), "");
}

TEST_F(Address, APortThatAChildOfAKilledDaemonWithShardsHasGetsFree) {
  const Heir heir("127.0.0.1:0", true);
  std::string error;
  EXPECT_TRUE(IsFree(heir.address(), &error)) << error;
}

TEST_F(Address, ASocketFileThatIsRemovedAtTheEndIsNotMissed) {
  const Heir heir(unix_address(), false, true);
  EXPECT_EQ(Open(unix_address()), "");
}

TEST_F(Address, ASocketInUseIsRefusedAfterASecond) {
  ASSERT_EQ(Open(unix_address()), "");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_NE(Open(unix_address()).find("another process listens there"), std::string::npos);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

TEST_F(Address, APortInUseIsRefusedAfterASecond) {
  ListeningSocket first;
  ASSERT_EQ(Open("127.0.0.1:0", &first), "");
  const auto start = std::chrono::steady_clock::now();
  EXPECT_NE(Open(first.address).find("Address already in use"), std::string::npos);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::seconds(1));
}

// One comes every millisecond, so that some pause has one, however slow the machine is.
TEST_F(Address, ASignalEndsTheWait) {
  ListeningSocket first;
  ASSERT_EQ(Open(unix_address(), &first), "");
  const auto before = std::signal(SIGALRM, [](int) {});
  const itimerval often{.it_interval = {0, 1000}, .it_value = {0, 1000}};
  ::setitimer(ITIMER_REAL, &often, nullptr);
  EXPECT_NE(Open(unix_address()).find("another process"), std::string::npos);
  const itimerval never{};
  ::setitimer(ITIMER_REAL, &never, nullptr);
  std::signal(SIGALRM, before);
  int asked = 0;
  for (int peer = 0; (peer = ::accept(first.descriptor, nullptr, nullptr)) >= 0; ++asked) {
    ::close(peer);
  }
  EXPECT_LT(asked, 9);  // Before the first pause, and after each of eight.
}

}  // namespace
}  // namespace coheld::transport
