// See wire_attack.h.
#include "tests/integration/wire_attack.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "coheld/v1/list.pb.h"

namespace coheld::testing {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{30};
constexpr std::string_view kUnixPrefix = "unix:";
constexpr const char* kListName = "bystander";

int ConnectUnix(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  path.copy(name.sun_path, sizeof(name.sun_path) - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0) return fd;
  throw std::runtime_error("cannot connect to " + path);
}

int ConnectTcp(const std::string& address) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  name.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0) return fd;
  throw std::runtime_error("cannot connect to " + address);
}

}  // namespace

AttackSocket::AttackSocket(const std::string& address)
    : fd_(address.starts_with(kUnixPrefix) ? ConnectUnix(address.substr(kUnixPrefix.size()))
                                           : ConnectTcp(address)) {
  ::fcntl(fd_, F_SETFL, O_NONBLOCK);
}

AttackSocket::~AttackSocket() { ::close(fd_); }

size_t AttackSocket::Push(std::string_view bytes) {
  const ssize_t size = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (size < 0 && errno != EAGAIN) closed_ = true;
  return size > 0 ? static_cast<size_t>(size) : 0;
}

std::string AttackSocket::Drain() {
  std::string bytes(64 << 10, '\0');
  const ssize_t size = ::recv(fd_, bytes.data(), bytes.size(), 0);
  if (size == 0 || (size < 0 && errno != EAGAIN)) closed_ = true;
  bytes.resize(size > 0 ? static_cast<size_t>(size) : 0);
  return bytes;
}

void AttackSocket::WaitReadable(std::chrono::milliseconds patience) const {
  pollfd readable = {.fd = fd_, .events = POLLIN, .revents = 0};
  ::poll(&readable, 1, static_cast<int>(patience.count()));
}

Bystander::Bystander(const std::string& address) : socket_(address) {}

bool Bystander::Await(transport::StreamId id) {
  const auto end = Clock::now() + kPatience;
  while (!client_.response(id).closed) {
    if (socket_.closed() || Clock::now() > end) return false;
    unsent_ += client_.Take();
    unsent_.erase(0, socket_.Push(unsent_));
    socket_.WaitReadable(std::chrono::milliseconds(10));
    client_.Give(socket_.Drain());
  }
  return client_.response(id).status() == "0";
}

bool Bystander::Call() {
  v1::ListAppendRequest request;
  request.set_name(kListName);
  request.mutable_value()->set_integer(calls_);
  const auto begin = Clock::now();
  const auto id = client_.Call(transport::RequestFields("/coheld.v1.List/Append"),
                               transport::Framed(request.SerializeAsString()));
  if (!Await(id)) return false;
  slowest_ = std::max(slowest_,
                      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin));
  ++calls_;
  return true;
}

bool Bystander::CountIsRight(uint32_t others) {
  v1::ListLenRequest request;
  request.set_name(kListName);
  const auto id = client_.Call(transport::RequestFields("/coheld.v1.List/Len"),
                               transport::Framed(request.SerializeAsString()));
  if (!Await(id)) return false;
  v1::ListLenReply reply;
  return reply.ParseFromString(client_.response(id).messages().at(0)) &&
         reply.length() == calls_ + others;
}

size_t ResidentBytes(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/statm");
  size_t total = 0;
  size_t resident = 0;
  file >> total >> resident;
  return resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
}

size_t Descriptors(pid_t pid) {
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid) + "/fd");
  return static_cast<size_t>(std::distance(begin(all), end(all)));
}

}  // namespace coheld::testing
