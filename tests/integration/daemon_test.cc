// The daemon's program as its users and supervisors meet it: arguments, ready line, exit codes,
// sockets, signals. What it serves is tested elsewhere; here a bare gRPC-less connection is enough.
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/integration/daemon_process.h"

namespace coheld::testing {
namespace {

using std::chrono::milliseconds;

// A socket that closes itself.
class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  ~Socket() { Close(); }
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;

  void Close() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  int fd() const { return fd_; }

  // Waits for bytes. Empty at the end of the connection or of patience.
  std::string Read() const {
    pollfd readable = {.fd = fd_, .events = POLLIN, .revents = 0};
    char bytes[4096];
    if (poll(&readable, 1, static_cast<int>(DaemonProcess::kPatience.count())) <= 0) return {};
    const ssize_t count = read(fd_, bytes, sizeof bytes);
    return count > 0 ? std::string(bytes, static_cast<size_t>(count)) : std::string();
  }

  // False if the peer is gone.
  bool Write(const std::string& bytes) const {
    return send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }

 private:
  int fd_;
};

Socket ConnectUnix(const std::string& path) {
  Socket result(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (connect(result.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    result.Close();
  }
  return result;
}

Socket ConnectTcp(const std::string& port) {
  Socket result(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::stoi(port)));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(result.fd(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    result.Close();
  }
  return result;
}

// True if an HTTP/2 server answers there: its first frame is SETTINGS.
bool SpeaksHttp2(const Socket& socket) {
  if (socket.fd() < 0) return false;
  const char settings[] = {0, 0, 0, 4, 0, 0, 0, 0, 0};
  if (!socket.Write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string(settings, sizeof settings)))
    return false;
  const std::string answer = socket.Read();
  return answer.size() >= 9 && answer[3] == 4;
}

std::string UnixPath(const DaemonProcess& daemon) {
  return daemon.address_unix().substr(std::string("unix:").size());
}

struct Ended {
  int code;
  std::string output;
  std::string log;
};

// Runs the program to its end.
Ended RunToEnd(const std::vector<std::string>& arguments) {
  DaemonProcess daemon;
  daemon.Spawn(arguments);
  const auto code = daemon.WaitForExit();
  EXPECT_TRUE(code.has_value()) << "it still runs";
  return {.code = code.value_or(-1), .output = daemon.Output(), .log = daemon.Log()};
}

TEST(DaemonArguments, HelpExplainsItselfOnStdout) {
  const Ended help = RunToEnd({"--help"});
  EXPECT_EQ(help.code, 0);
  for (const char* word : {"--listen", "unix:", "--ready-fd", "--exit-with-pid", "--config"}) {
    EXPECT_NE(help.output.find(word), std::string::npos) << word;
  }
}

TEST(DaemonArguments, VersionIsPrinted) {
  const Ended version = RunToEnd({"--version"});
  EXPECT_EQ(version.code, 0);
  EXPECT_NE(version.output.find("0.1.0"), std::string::npos) << version.output;
}

TEST(DaemonArguments, UnknownFlagIsBadUsage) {
  const Ended ended = RunToEnd({"--listne", "unix:/tmp/x"});
  EXPECT_EQ(ended.code, 2);
  EXPECT_NE(ended.log.find("--listne"), std::string::npos) << ended.log;
}

TEST(DaemonArguments, AddressWithoutPortIsBadUsageAndNamed) {
  const Ended ended = RunToEnd({"--listen", "nonsense"});
  EXPECT_EQ(ended.code, 2);
  EXPECT_NE(ended.log.find("nonsense"), std::string::npos) << ended.log;
}

TEST(DaemonArguments, PortOutOfRangeIsNamed) {
  const Ended ended = RunToEnd({"--listen", "127.0.0.1:65536"});
  EXPECT_NE(ended.code, 0);
  EXPECT_NE(ended.log.find("127.0.0.1:65536"), std::string::npos) << ended.log;
}

TEST(DaemonArguments, MissingConfigFileIsNamed) {
  const Ended ended = RunToEnd({"--config", "/no/such/file"});
  EXPECT_EQ(ended.code, 2);
  EXPECT_NE(ended.log.find("/no/such/file"), std::string::npos) << ended.log;
}

TEST(DaemonArguments, DaemonInstallsNothingOnBadUsage) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/x.sock";
  EXPECT_EQ(RunToEnd({"--listen", "unix:" + path, "--listen", "nonsense"}).code, 2);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(DaemonSockets, ReadyLineNamesBothRealAddresses) {
  DaemonProcess daemon;
  daemon.Start();
  ASSERT_EQ(daemon.addresses().size(), 2);
  EXPECT_EQ(daemon.addresses()[0], "unix:" + daemon.folder() + "/coheld.sock");
  EXPECT_EQ(daemon.addresses()[1].rfind("127.0.0.1:", 0), 0);
  EXPECT_NE(daemon.port(), "0");
}

TEST(DaemonSockets, BothAnswerHttp2) {
  DaemonProcess daemon;
  daemon.Start();
  EXPECT_TRUE(SpeaksHttp2(ConnectUnix(UnixPath(daemon))));
  EXPECT_TRUE(SpeaksHttp2(ConnectTcp(daemon.port())));
}

// Who may connect to a Unix socket is who may write to its file.
TEST(DaemonSockets, UmaskSaysWhoMayConnect) {
  const mode_t before = umask(022);
  DaemonProcess daemon;
  daemon.Start();
  umask(before);
  struct stat status = {};
  ASSERT_EQ(stat(UnixPath(daemon).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 022, 0);
}

TEST(DaemonSockets, DefaultAddressIsInTheRuntimeFolder) {
  const TemporaryFolder folder;
  setenv("XDG_RUNTIME_DIR", folder.path().c_str(), 1);
  DaemonProcess daemon;
  daemon.Spawn({});
  ASSERT_TRUE(daemon.WaitUntilReady()) << daemon.Log();
  EXPECT_EQ(daemon.address_unix(), "unix:" + folder.path() + "/coheld.sock");
}

TEST(DaemonSockets, PortInUseIsNamedAndExitCodeOne) {
  DaemonProcess first;
  first.Start();
  const Ended second = RunToEnd({"--listen", first.address_tcp()});
  EXPECT_EQ(second.code, 1);
  EXPECT_NE(second.log.find(first.address_tcp()), std::string::npos) << second.log;
}

TEST(DaemonSockets, LiveUnixSocketIsLeftAlone) {
  DaemonProcess first;
  first.Start();
  EXPECT_EQ(RunToEnd({"--listen", first.address_unix()}).code, 1);
  EXPECT_TRUE(SpeaksHttp2(ConnectUnix(UnixPath(first))));
}

TEST(DaemonSockets, StaleUnixSocketIsReplaced) {
  DaemonProcess first;
  first.Start();
  const std::string address = first.address_unix();
  first.Kill();
  ASSERT_EQ(first.WaitForExit(), 128 + SIGKILL);
  ASSERT_TRUE(std::filesystem::exists(UnixPath(first)));
  DaemonProcess second;
  second.Spawn({"--listen", address});
  ASSERT_TRUE(second.WaitUntilReady()) << second.Log();
  EXPECT_TRUE(SpeaksHttp2(ConnectUnix(UnixPath(second))));
}

TEST(DaemonSockets, FileThatIsNoSocketIsNotRemoved) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/precious";
  std::ofstream(path) << "text";
  EXPECT_EQ(RunToEnd({"--listen", "unix:" + path}).code, 1);
  EXPECT_TRUE(std::filesystem::is_regular_file(path));
}

TEST(DaemonSockets, GarbageHurtsOnlyItsSender) {
  DaemonProcess daemon;
  daemon.Start();
  const Socket bystander = ConnectUnix(UnixPath(daemon));
  const Socket garbage = ConnectTcp(daemon.port());
  ASSERT_TRUE(garbage.Write("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  while (!garbage.Read().empty()) {
  }
  EXPECT_TRUE(SpeaksHttp2(bystander));
}

TEST(DaemonSignals, SigtermEndsWithCodeZeroAndRemovesTheSocket) {
  DaemonProcess daemon;
  daemon.Start();
  const std::string path = UnixPath(daemon);
  daemon.Terminate();
  EXPECT_EQ(daemon.WaitForExit(), 0);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(DaemonSignals, SigintEndsWithCodeZero) {
  DaemonProcess daemon;
  daemon.Start();
  daemon.Signal(SIGINT);
  EXPECT_EQ(daemon.WaitForExit(), 0);
}

TEST(DaemonSignals, SigtermEndsIdleConnections) {
  DaemonProcess daemon;
  daemon.Start();
  const Socket idle = ConnectUnix(UnixPath(daemon));
  ASSERT_TRUE(SpeaksHttp2(idle));
  daemon.Terminate();
  EXPECT_EQ(daemon.WaitForExit(), 0);
}

TEST(DaemonSignals, SecondSigtermDoesNotWaitForTheDrain) {
  DaemonProcess daemon;
  daemon.Start();
  // A peer that never reads nor answers holds the drain up.
  const Socket silent = ConnectTcp(daemon.port());
  ASSERT_TRUE(SpeaksHttp2(silent));
  daemon.Terminate();
  daemon.Terminate();
  EXPECT_TRUE(daemon.WaitForExit(milliseconds(5000)).has_value());
}

TEST(DaemonReadiness, ReadyFdGetsTheReadyLine) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const Socket read_end(ends[0]);
  Socket write_end(ends[1]);
  DaemonProcess daemon;
  daemon.Spawn({"--listen", "127.0.0.1:0", "--ready-fd", std::to_string(ends[1])}, ends[1]);
  write_end.Close();
  std::string line;
  while (line.find('\n') == std::string::npos) {
    const std::string more = read_end.Read();
    ASSERT_FALSE(more.empty()) << "got only: " << line << daemon.Log();
    line += more;
  }
  EXPECT_EQ(line.rfind("ready 127.0.0.1:", 0), 0) << line;
}

TEST(DaemonReadiness, ReadyFdThatIsNotOpenIsAnError) {
  EXPECT_EQ(RunToEnd({"--listen", "127.0.0.1:0", "--ready-fd", "99"}).code, 1);
}

TEST(DaemonReadiness, EndsWhenTheGivenProcessEnds) {
  const pid_t parent = fork();
  ASSERT_GE(parent, 0);
  if (parent == 0) {
    pause();
    _exit(0);
  }
  DaemonProcess daemon;
  daemon.Start({"--exit-with-pid", std::to_string(parent)});
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  EXPECT_EQ(daemon.WaitForExit(), 0);
}

TEST(DaemonReadiness, EndsAtOnceIfTheGivenProcessIsGone) {
  const pid_t gone = fork();
  ASSERT_GE(gone, 0);
  if (gone == 0) _exit(0);
  waitpid(gone, nullptr, 0);
  DaemonProcess daemon;
  daemon.Spawn({"--listen", "127.0.0.1:0", "--exit-with-pid", std::to_string(gone)});
  EXPECT_TRUE(daemon.WaitForExit().has_value());
}

TEST(DaemonConfig, FileSaysWhatFlagsSay) {
  DaemonProcess daemon;
  const std::string path = daemon.folder() + "/coheld.toml";
  std::ofstream(path) << "listen = [\"127.0.0.1:0\"]\nlog-level = \"debug\"\n";
  daemon.Spawn({"--config", path});
  ASSERT_TRUE(daemon.WaitUntilReady()) << daemon.Log();
  ASSERT_EQ(daemon.addresses().size(), 1);
  EXPECT_EQ(daemon.address_tcp().rfind("127.0.0.1:", 0), 0);
}

TEST(DaemonConfig, FlagsWinOverTheFile) {
  DaemonProcess daemon;
  const std::string path = daemon.folder() + "/coheld.toml";
  std::ofstream(path) << "listen = [\"nonsense\"]\n";
  daemon.Spawn({"--config", path, "--listen", "127.0.0.1:0"});
  EXPECT_TRUE(daemon.WaitUntilReady()) << daemon.Log();
}

TEST(DaemonConfig, UnknownKeyIsNamed) {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/coheld.toml";
  std::ofstream(path) << "lisen = [\"127.0.0.1:0\"]\n";
  const Ended ended = RunToEnd({"--config", path});
  EXPECT_EQ(ended.code, 2);
  EXPECT_NE(ended.log.find("lisen"), std::string::npos) << ended.log;
}

TEST(DaemonLimits, ConnectionOverTheLimitIsClosedAndTheOthersLive) {
  DaemonProcess daemon;
  daemon.Start({"--connections-max", "2"});
  const Socket first = ConnectUnix(UnixPath(daemon));
  Socket second = ConnectUnix(UnixPath(daemon));
  ASSERT_TRUE(SpeaksHttp2(first));
  ASSERT_TRUE(SpeaksHttp2(second));
  const Socket third = ConnectTcp(daemon.port());
  EXPECT_EQ(third.Read(), "");
  second.Close();
  // The daemon may meet the next connection before the end of the second.
  const auto until = std::chrono::steady_clock::now() + DaemonProcess::kPatience;
  bool admitted = false;
  while (!admitted && std::chrono::steady_clock::now() < until) {
    admitted = SpeaksHttp2(ConnectUnix(UnixPath(daemon)));
  }
  EXPECT_TRUE(admitted);
}

TEST(DaemonLimits, LimitOutOfRangeIsBadUsageAndNamed) {
  const Ended ended = RunToEnd({"--message-bytes-max", "1"});
  EXPECT_EQ(ended.code, 2);
  EXPECT_NE(ended.log.find("--message-bytes-max"), std::string::npos) << ended.log;
}

}  // namespace
}  // namespace coheld::testing
