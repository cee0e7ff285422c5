// The listener with real sockets on the loopback: a trivial echo service and clients that behave,
// and some that do not. One thread: the test turns the event loop itself.
#include "server/transport/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/transport/client_session.h"

namespace coheld::transport {
namespace {

constexpr auto kPatience = std::chrono::seconds(20);

class Echo : public CallHandler {
 public:
  Echo(Connection& connection, std::set<Connection*>* open, const uint64_t& hold_until,
       size_t* echoes)
      : connection_(connection), open_(open), hold_until_(hold_until), echoes_(echoes) {
    open_->insert(&connection_);
  }
  ~Echo() override { open_->erase(&connection_); }
  void OnCall(StreamId, const CallHead&) override {}
  void OnMessage(StreamId stream, std::string_view message) override {
    ++*echoes_;
    if (hold_until_ != 0) connection_.HoldOutput({.durable = hold_until_});
    connection_.session().Send(stream, message);
  }
  void OnHalfClose(StreamId stream) override { connection_.session().Finish(stream); }
  void OnAbort(StreamId) override {}

 private:
  Connection& connection_;
  std::set<Connection*>* open_;
  const uint64_t& hold_until_;
  size_t* const echoes_;
};

class EchoAcceptor : public Acceptor {
 public:
  std::unique_ptr<CallHandler> OnConnection(Connection& connection) override {
    return std::make_unique<Echo>(connection, &open, hold_until, &echoes);
  }
  OutputMark Passed() const override { return {.written = UINT64_MAX, .durable = passed}; }

  uint64_t hold_until = 0;  // The mark of every echo; 0 is none.
  uint64_t passed = 0;
  size_t echoes = 0;
  std::set<Connection*> open;
};

// A connected client socket, never blocking.
class Socket {
 public:
  explicit Socket(const std::string& address) {
    const bool is_unix = address.starts_with("unix:");
    fd_ = ::socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    connected_ = is_unix ? ConnectUnix(address.substr(5)) : ConnectInternet(address);
    ::fcntl(fd_, F_SETFL, O_NONBLOCK);
  }
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool connected() const { return connected_; }
  // Returns how much the kernel took.
  size_t Write(std::string_view bytes) {
    const ssize_t size = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return size > 0 ? static_cast<size_t>(size) : 0;
  }
  std::string Read() {
    std::string bytes(256 << 10, '\0');
    const ssize_t size = ::recv(fd_, bytes.data(), bytes.size(), 0);
    if (size == 0 || (size < 0 && errno != EAGAIN)) closed_ = true;
    bytes.resize(size > 0 ? static_cast<size_t>(size) : 0);
    return bytes;
  }
  bool closed() const { return closed_; }

 private:
  bool ConnectUnix(const std::string& path) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path.copy(name.sun_path, sizeof(name.sun_path) - 1);
    return ::connect(fd_, reinterpret_cast<sockaddr*>(&name), sizeof(name)) == 0;
  }
  bool ConnectInternet(const std::string& address) {
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return ::connect(fd_, reinterpret_cast<sockaddr*>(&name), sizeof(name)) == 0;
  }

  int fd_ = -1;
  bool connected_ = false;
  bool closed_ = false;
};

// A gRPC client on a socket.
struct Client {
  explicit Client(const std::string& address, const ClientSession::Options& options = {})
      : socket(address), peer(options) {}
  void Turn() {
    unsent += peer.Take();
    unsent.erase(0, socket.Write(unsent));
    const std::string bytes = socket.Read();
    if (!bytes.empty()) peer.Give(bytes);
  }
  Socket socket;
  ClientSession peer;
  std::string unsent;
};

class ListenerTest : public testing::Test {
 protected:
  ListenerTest() {
    std::string pattern = testing::TempDir() + "coheld-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~ListenerTest() override {
    listener_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::string unix_address() const { return "unix:" + folder_ + "/s"; }
  Listener& listener() {
    if (!listener_) listener_ = std::make_unique<Listener>(io_, limits_, acceptor_);
    return *listener_;
  }
  std::string Listen(const std::string& address) {
    std::string bound;
    std::string error;
    EXPECT_TRUE(listener().Listen(address, &bound, &error)) << error;
    return bound;
  }
  // Turns the loop and the clients until the condition holds.
  bool Await(const std::vector<Client*>& clients, const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io_.run_for(std::chrono::milliseconds(1));
      io_.restart();
      for (Client* client : clients) client->Turn();
    }
    return true;
  }
  bool Echoes(Client& client, const std::string& text) {
    const StreamId id = client.peer.Call(RequestFields("/a.B/C"), Framed(text));
    return Await({&client}, [&] { return client.peer.response(id).status() == "0"; }) &&
           client.peer.response(id).messages() == std::vector<std::string>{text};
  }

  std::string folder_;
  asio::io_context io_{1};
  TransportLimits limits_;
  EchoAcceptor acceptor_;
  std::unique_ptr<Listener> listener_;
};

TEST_F(ListenerTest, UnixAndTcpServeAtOnce) {
  Client unix_client(Listen(unix_address()));
  Client tcp_client(Listen("127.0.0.1:0"));
  EXPECT_TRUE(Echoes(unix_client, "over unix"));
  EXPECT_TRUE(Echoes(tcp_client, "over tcp"));
  EXPECT_EQ(listener().connections(), 2U);
}

TEST_F(ListenerTest, BigMessagesCrossTheSocketBothWays) {
  Client client(Listen(unix_address()));
  EXPECT_TRUE(Echoes(client, std::string(20 << 20, 'x')));
}

TEST_F(ListenerTest, TheBoundAddressHasTheRealPort) {
  const std::string bound = Listen("127.0.0.1:0");
  EXPECT_TRUE(bound.starts_with("127.0.0.1:"));
  EXPECT_NE(bound, "127.0.0.1:0");
}

TEST_F(ListenerTest, Ipv6AddressesKeepTheirBrackets) {
  std::string bound;
  std::string error;
  if (!listener().Listen("[::1]:0", &bound, &error)) GTEST_SKIP() << error;
  EXPECT_TRUE(bound.starts_with("[::1]:"));
  EXPECT_NE(bound, "[::1]:0");
}

TEST_F(ListenerTest, BadAddressesAreExplained) {
  std::string bound;
  std::string error;
  for (const char* address : {"", "nonsense", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "unix:"}) {
    EXPECT_FALSE(listener().Listen(address, &bound, &error)) << address;
    EXPECT_NE(error.find("cannot listen on"), std::string::npos);
  }
  EXPECT_FALSE(listener().Listen("unix:/" + std::string(200, 'x'), &bound, &error));
  EXPECT_FALSE(listener().Listen("unix:/no/such/folder/s", &bound, &error));
}

TEST_F(ListenerTest, AUnixPeerIsKnownByItsProcess) {
  Client client(Listen(unix_address()));
  ASSERT_TRUE(Echoes(client, "x"));
  const Peer& peer = (*acceptor_.open.begin())->peer();
  EXPECT_TRUE(peer.unix_socket);
  EXPECT_EQ(peer.pid, ::getpid());
  EXPECT_EQ(peer.uid, ::getuid());
  EXPECT_GE(peer.pidfd, 0);
}

TEST_F(ListenerTest, AStaleSocketFileIsReplaced) {
  const int stale = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  (folder_ + "/s").copy(name.sun_path, sizeof(name.sun_path) - 1);
  ASSERT_EQ(::bind(stale, reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
  ::close(stale);
  Client client(Listen(unix_address()));
  EXPECT_TRUE(Echoes(client, "x"));
}

TEST_F(ListenerTest, ALiveSocketIsNotTakenOver) {
  Listen(unix_address());
  Listener second(io_, limits_, acceptor_);
  std::string bound;
  std::string error;
  EXPECT_FALSE(second.Listen(unix_address(), &bound, &error));
  EXPECT_NE(error.find("another process"), std::string::npos);
}

TEST_F(ListenerTest, AFileThatIsNoSocketIsLeftAlone) {
  ::close(::open((folder_ + "/s").c_str(), O_CREAT | O_WRONLY, 0600));
  std::string bound;
  std::string error;
  EXPECT_FALSE(listener().Listen(unix_address(), &bound, &error));
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/s"));
}

TEST_F(ListenerTest, TheSocketFileIsRemovedAtTheEnd) {
  Listen(unix_address());
  EXPECT_TRUE(std::filesystem::exists(folder_ + "/s"));
  listener_.reset();
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/s"));
}

TEST_F(ListenerTest, AClosedPeerEndsItsHandler) {
  auto client = std::make_unique<Client>(Listen(unix_address()));
  ASSERT_TRUE(Echoes(*client, "x"));
  client.reset();
  EXPECT_TRUE(Await({}, [&] { return acceptor_.open.empty(); }));
  EXPECT_EQ(listener().connections(), 0U);
}

TEST_F(ListenerTest, DropEndsTheHandlerAfterTheTurn) {
  Client client(Listen(unix_address()));
  ASSERT_TRUE(Echoes(client, "x"));
  Connection* connection = *acceptor_.open.begin();
  connection->Drop("TEST");
  EXPECT_EQ(acceptor_.open.size(), 1U);
  EXPECT_TRUE(Await({&client}, [&] { return client.socket.closed(); }));
  EXPECT_TRUE(acceptor_.open.empty());
}

TEST_F(ListenerTest, OutputQueuedFromOutsideIsFlushedOnRequest) {
  Client client(Listen(unix_address()));
  const StreamId id = client.peer.Call(RequestFields("/a.B/C"), Framed("a"), false);
  ASSERT_TRUE(Await({&client}, [&] { return client.peer.response(id).messages().size() == 1; }));
  Connection* connection = *acceptor_.open.begin();
  connection->session().Send(id, "later");
  connection->RequestFlush();
  EXPECT_TRUE(Await({&client}, [&] { return client.peer.response(id).messages().size() == 2; }));
}

TEST_F(ListenerTest, APeerThatNeverGreetsIsDropped) {
  limits_.handshake_ms_max = 50;
  Socket silent(Listen("127.0.0.1:0"));
  EXPECT_TRUE(Await({}, [&] {
    silent.Read();
    return silent.closed();
  }));
  EXPECT_EQ(listener().connections(), 0U);
}

// The socket's buffers fill up; nothing drains them.
TEST_F(ListenerTest, APeerThatDoesNotReadItsSocketIsDropped) {
  limits_.write_stall_ms_max = 50;
  limits_.queued_bytes_max = 10'000;
  Client client(Listen(unix_address()), {.initial_window = 1 << 30});
  client.peer.EnlargeWindow(0, 1 << 30);
  ASSERT_TRUE(Echoes(client, "x"));
  client.peer.Call(RequestFields("/a.B/C"), Framed(std::string(900'000, 'x')));
  std::string unsent = client.peer.Take();
  EXPECT_TRUE(Await({}, [&] {
    unsent.erase(0, client.socket.Write(unsent));
    return listener().connections() == 0;
  }));
}

// The socket is read, but HTTP/2's windows never open.
TEST_F(ListenerTest, APeerThatKeepsItsWindowShutIsDropped) {
  limits_.write_stall_ms_max = 50;
  limits_.queued_bytes_max = 10'000;
  Client client(Listen(unix_address()), {.initial_window = 0, .auto_window_update = false});
  client.peer.Call(RequestFields("/a.B/C"), Framed(std::string(20'000, 'x')));
  EXPECT_TRUE(Await({&client}, [&] { return client.socket.closed(); }));
}

// Neither side says anything more: the sweep finds what was held.
TEST_F(ListenerTest, MessagesHeldForMemoryGoOnWhenThereIsSome) {
  static uint64_t used;
  used = 0;  // So that the peer is let in.
  limits_.session.memory = {.max = 1 << 20, .used = [] { return used; }};
  Client client(Listen(unix_address()), {.initial_window = 0, .auto_window_update = false});
  const std::string large(100 << 10, 'x');
  const StreamId id = client.peer.Call(RequestFields("/a.B/C"), Framed(large), false);
  ASSERT_TRUE(Await({&client}, [&] { return acceptor_.echoes == 1; }));
  used = 2 << 20;
  client.peer.Write(id, Framed("held"));
  client.peer.Call(RequestFields("/a.B/C"), Framed("not held"));
  ASSERT_TRUE(Await({&client}, [&] { return acceptor_.echoes == 2; }));
  used = 0;
  EXPECT_TRUE(Await({&client}, [&] { return acceptor_.echoes == 3; }));
}

TEST_F(ListenerTest, ASlowPeerWithLittleQueuedIsLeftAlone) {
  limits_.write_stall_ms_max = 20;
  Client client(Listen(unix_address()), {.initial_window = 0, .auto_window_update = false});
  const StreamId id = client.peer.Call(RequestFields("/a.B/C"), Framed("patience"));
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  Await({&client}, [&] { return std::chrono::steady_clock::now() > end; });
  client.peer.EnlargeWindow(id, 100);
  EXPECT_TRUE(Await({&client}, [&] { return client.peer.response(id).status() == "0"; }));
}

TEST_F(ListenerTest, SilentTcpPeersArePingedOnceAndKept) {
  limits_.keepalive_interval_ms = 20;
  Client client(Listen("127.0.0.1:0"));
  ASSERT_TRUE(Echoes(client, "x"));
  GrpcSession& session = (*acceptor_.open.begin())->session();
  ASSERT_TRUE(Await({}, [&] { return session.pings_unanswered() == 1; }));
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
  Await({}, [&] { return std::chrono::steady_clock::now() > end; });
  EXPECT_EQ(session.pings_unanswered(), 1U);
  EXPECT_TRUE(Echoes(client, "still here"));
}

TEST_F(ListenerTest, MalformedHttp2HurtsThatPeerOnly) {
  const std::string address = Listen(unix_address());
  Client bystander(address);
  ASSERT_TRUE(Echoes(bystander, "before"));
  Socket bad(address);
  bad.Write("GET / HTTP/1.1\r\n\r\n");
  std::string answer;
  EXPECT_TRUE(Await({&bystander}, [&] {
    answer += bad.Read();
    return bad.closed();
  }));
  EXPECT_FALSE(answer.empty());
  EXPECT_TRUE(Echoes(bystander, "after"));
}

TEST_F(ListenerTest, ConnectionsOverTheLimitAreClosedAtOnce) {
  limits_.connections_max = 1;
  const std::string address = Listen(unix_address());
  Client first(address);
  ASSERT_TRUE(Echoes(first, "x"));
  Client second(address);
  EXPECT_TRUE(Await({&first, &second}, [&] { return second.socket.closed(); }));
  EXPECT_TRUE(Echoes(first, "y"));
}

TEST_F(ListenerTest, WithoutDescriptorsAcceptingPausesAndResumes) {
  const std::string address = Listen(unix_address());
  Client first(address);
  ASSERT_TRUE(Echoes(first, "x"));
  Client waiting(address);  // Connected, but not yet accepted.
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{.rlim_cur = 3, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  EXPECT_TRUE(Echoes(first, "still served"));
  EXPECT_EQ(listener().connections(), 1U);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(Echoes(waiting, "at last"));
}

TEST_F(ListenerTest, OutputIsHeldUntilItsMarkHasPassed) {
  Client client(Listen(unix_address()));
  const StreamId first = client.peer.Call(RequestFields("/a.B/C"), Framed("first"));
  acceptor_.hold_until = 1;
  ASSERT_TRUE(Await({&client}, [&] { return acceptor_.echoes == 1; }));
  const StreamId second = client.peer.Call(RequestFields("/a.B/C"), Framed("second"));
  acceptor_.hold_until = 2;
  ASSERT_TRUE(Await({&client}, [&] { return acceptor_.echoes == 2; }));
  acceptor_.passed = 1;
  listener().Release();
  ASSERT_TRUE(Await({&client}, [&] { return client.peer.response(first).status() == "0"; }));
  EXPECT_TRUE(client.peer.response(second).body.empty());
  acceptor_.passed = 2;
  listener().Release();
  EXPECT_TRUE(Await({&client}, [&] { return client.peer.response(second).status() == "0"; }));
}

TEST_F(ListenerTest, AConnectionThatHoldsItsOutputIsNoSlowConsumer) {
  limits_.write_stall_ms_max = 100;
  limits_.queued_bytes_max = 64 << 10;
  Client client(Listen(unix_address()));
  ASSERT_TRUE(Echoes(client, "x"));
  acceptor_.hold_until = 1;
  const std::string large(1 << 20, 'x');
  const StreamId held = client.peer.Call(RequestFields("/a.B/C"), Framed(large));
  const auto enough = std::chrono::steady_clock::now() + std::chrono::milliseconds(400);
  ASSERT_TRUE(Await({&client}, [&] { return std::chrono::steady_clock::now() > enough; }));
  EXPECT_EQ(listener().connections(), 1U);
  acceptor_.passed = 1;
  listener().Release();
  EXPECT_TRUE(Await({&client}, [&] { return client.peer.response(held).status() == "0"; }));
}

TEST_F(ListenerTest, DrainEndsWhenTheLastCallDoes) {
  Client client(Listen(unix_address()));
  const StreamId id = client.peer.Call(RequestFields("/a.B/C"), Framed("a"), false);
  ASSERT_TRUE(Await({&client}, [&] { return client.peer.response(id).messages().size() == 1; }));
  bool done = false;
  listener().Drain(10'000, [&] { done = true; });
  ASSERT_TRUE(Await({&client}, [&] { return client.peer.goaways().size() == 2; }));
  EXPECT_FALSE(done);
  client.peer.Write(id, Framed("b"), true);
  EXPECT_TRUE(Await({&client}, [&] { return client.peer.response(id).status() == "0"; }));
  EXPECT_TRUE(Await({&client}, [&] { return done; }));
}

TEST_F(ListenerTest, DrainRefusesNewConnections) {
  const std::string address = Listen("127.0.0.1:0");
  bool done = false;
  listener().Drain(10'000, [&] { done = true; });
  EXPECT_FALSE(Socket(address).connected());
  EXPECT_TRUE(Await({}, [&] { return done; }));
}

TEST_F(ListenerTest, DrainEndsAtItsDeadline) {
  Client client(Listen(unix_address()));
  const StreamId id = client.peer.Call(RequestFields("/a.B/C"), Framed("a"), false);
  ASSERT_TRUE(Await({&client}, [&] { return client.peer.response(id).messages().size() == 1; }));
  bool done = false;
  listener().Drain(50, [&] { done = true; });
  EXPECT_TRUE(Await({&client}, [&] { return done; }));
}

TEST_F(ListenerTest, HandlersThatRunAfterTheEndAreHarmless) {
  Client client(Listen(unix_address()));
  ASSERT_TRUE(Echoes(client, "x"));
  client.peer.Call(RequestFields("/a.B/C"), Framed("y"));
  client.Turn();
  listener_.reset();
  EXPECT_TRUE(acceptor_.open.empty());
  io_.run();  // Ends, because nothing is pending any more.
}

}  // namespace
}  // namespace coheld::transport
