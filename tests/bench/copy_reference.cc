// bench_copy_reference ADDRESS: takes and gives bytes over a socket as plainly as it goes, one
// connection at a time. What large values are compared with. A request is 'P' or 'G' and a length
// of eight bytes, little-endian; after 'P' come so many bytes, which are kept and answered with one
// byte; 'G' is answered with so many bytes.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace coheld::bench {
namespace {

bool ReadAll(int fd, char* bytes, size_t count) {
  while (count > 0) {
    const ssize_t read = recv(fd, bytes, count, 0);
    if (read <= 0) return false;
    bytes += read;
    count -= static_cast<size_t>(read);
  }
  return true;
}

bool WriteAll(int fd, const char* bytes, size_t count) {
  while (count > 0) {
    const ssize_t written = send(fd, bytes, count, MSG_NOSIGNAL);
    if (written <= 0) return false;
    bytes += written;
    count -= static_cast<size_t>(written);
  }
  return true;
}

void Serve(int fd, std::vector<char>* kept) {
  char head[9];
  while (ReadAll(fd, head, sizeof head)) {
    uint64_t bytes = 0;
    std::memcpy(&bytes, head + 1, sizeof bytes);
    if (kept->size() < bytes) kept->resize(bytes);
    if (head[0] == 'G' ? !WriteAll(fd, kept->data(), bytes)
                       : !ReadAll(fd, kept->data(), bytes) || !WriteAll(fd, head, 1)) {
      return;
    }
  }
}

int ListenUnix(const std::string& path) {
  sockaddr_un address{.sun_family = AF_UNIX};
  if (path.size() >= sizeof address.sun_path) return -1;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  return bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? fd : -1;
}

int ListenTcp(uint16_t port) {
  sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? fd : -1;
}

int Main(const std::string& address) {
  const bool is_unix = address.starts_with("unix:");
  const int fd = is_unix ? ListenUnix(address.substr(5))
                         : ListenTcp(static_cast<uint16_t>(
                               std::atoi(address.substr(address.rfind(':') + 1).c_str())));
  if (fd < 0 || listen(fd, SOMAXCONN) != 0) {
    std::fprintf(stderr, "bench_copy_reference: cannot listen on %s: %s\n", address.c_str(),
                 std::strerror(errno));
    return 1;
  }
  std::vector<char> kept;
  for (;;) {
    const int connection = accept(fd, nullptr, nullptr);
    if (connection < 0) return 1;
    const int on = 1;
    if (!is_unix) setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Serve(connection, &kept);
    close(connection);
  }
}

}  // namespace
}  // namespace coheld::bench

int main(int argc, char** argv) {
  if (argc == 2) return coheld::bench::Main(argv[1]);
  std::fprintf(stderr, "usage: bench_copy_reference unix:PATH | 127.0.0.1:PORT\n");
  return 2;
}
