// See socket.h.
#include "tests/bench/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace coheld::bench {
namespace {

constexpr size_t kPiecesMax = 1024;  // IOV_MAX.

class PlainSocket final : public Socket {
 public:
  explicit PlainSocket(int fd) : fd_(fd) {}
  ~PlainSocket() override { close(fd_); }
  PlainSocket(const PlainSocket&) = delete;
  PlainSocket& operator=(const PlainSocket&) = delete;

  int fd() const override { return fd_; }

  ssize_t Read(char* bytes, size_t bytes_max) override {
    return recv(fd_, bytes, bytes_max, MSG_DONTWAIT);
  }

  bool Write(Output* output) override {
    iovec pieces[kPiecesMax];
    while (!output->empty()) {
      msghdr message{.msg_iov = pieces};
      message.msg_iovlen = output->Pieces(pieces, kPiecesMax);
      const ssize_t sent = message.msg_iovlen == 1
                               ? send(fd_, pieces[0].iov_base, pieces[0].iov_len, kFlags)
                               : sendmsg(fd_, &message, kFlags);
      if (sent < 0) return errno == EAGAIN;
      output->Drop(static_cast<size_t>(sent));
    }
    return true;
  }

 private:
  static constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL;

  const int fd_;
};

int ConnectUnix(const std::string& path) {
  sockaddr_un address{.sun_family = AF_UNIX};
  if (path.size() >= sizeof address.sun_path) return -1;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

int ConnectTcp(const std::string& host, const std::string& port) {
  const addrinfo hints{.ai_socktype = SOCK_STREAM};
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return -1;
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const bool connected = connect(fd, found->ai_addr, found->ai_addrlen) == 0;
  freeaddrinfo(found);
  if (connected) return fd;
  close(fd);
  return -1;
}

int ConnectPlain(const std::string& target) {
  if (target.starts_with("unix:")) return ConnectUnix(target.substr(5));
  const size_t colon = target.rfind(':');
  if (colon == std::string::npos) return -1;
  return ConnectTcp(target.substr(0, colon), target.substr(colon + 1));
}

}  // namespace

std::unique_ptr<Socket> Connect(const SocketOptions& options, std::string* error) {
  const int fd = ConnectPlain(options.target);
  if (fd < 0) {
    *error = "cannot connect to " + options.target + ": " + strerror(errno);
    return nullptr;
  }
  if (!options.ca_file.empty()) return MakeTlsSocket(fd, options.ca_file, error);
  return std::make_unique<PlainSocket>(fd);
}

}  // namespace coheld::bench
