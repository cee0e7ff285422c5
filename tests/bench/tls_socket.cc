// TLS by OpenSSL on a client's socket, with ALPN h2, as stock gRPC clients ask for. See socket.h.
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <cerrno>

#include "tests/bench/socket.h"

namespace coheld::bench {
namespace {

constexpr size_t kPiecesMax = 64;

std::string LastError() {
  char text[256] = "unknown reason";
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  return text;
}

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
using SslPointer = std::unique_ptr<SSL, FreeSsl>;

// One for the process: all sockets have one authority. Null if its file cannot be read.
SSL_CTX* Context(const std::string& ca_file) {
  static SSL_CTX* const context = [&]() -> SSL_CTX* {
    SSL_CTX* made = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(made, SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_mode(made, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    const unsigned char alpn[] = {2, 'h', '2'};
    SSL_CTX_set_alpn_protos(made, alpn, sizeof alpn);
    if (SSL_CTX_load_verify_locations(made, ca_file.c_str(), nullptr) == 1) return made;
    SSL_CTX_free(made);
    return nullptr;
  }();
  return context;
}

class TlsSocket final : public Socket {
 public:
  TlsSocket(int fd, SslPointer ssl) : fd_(fd), ssl_(std::move(ssl)) {}
  ~TlsSocket() override { close(fd_); }
  TlsSocket(const TlsSocket&) = delete;
  TlsSocket& operator=(const TlsSocket&) = delete;

  int fd() const override { return fd_; }

  ssize_t Read(char* bytes, size_t bytes_max) override {
    size_t read = 0;
    while (bytes_max - read >= kRoomMin) {  // A record's worth, so that none is left half read.
      const int taken = SSL_read(ssl_.get(), bytes + read, static_cast<int>(bytes_max - read));
      if (taken > 0) {
        read += static_cast<size_t>(taken);
        continue;
      }
      if (read > 0) break;
      return Failure(taken);
    }
    return static_cast<ssize_t>(read);
  }

  bool Write(Output* output) override {
    iovec pieces[kPiecesMax];
    while (!output->empty()) {
      const size_t count = output->Pieces(pieces, kPiecesMax);
      size_t sent = 0;
      for (size_t i = 0; i < count; ++i) {
        const int bytes =
            SSL_write(ssl_.get(), pieces[i].iov_base, static_cast<int>(pieces[i].iov_len));
        if (bytes <= 0 && Failure(bytes) < 0 && errno != EAGAIN) return false;
        if (bytes > 0) sent += static_cast<size_t>(bytes);
        if (bytes < static_cast<int>(pieces[i].iov_len)) break;
      }
      if (sent == 0) return true;
      output->Drop(sent);
    }
    return true;
  }

 private:
  // Returns what Read returns for a call that moved nothing.
  ssize_t Failure(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_ZERO_RETURN:
        return 0;
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE:
        errno = EAGAIN;
        return -1;
      default:
        errno = EPROTO;
        return -1;
    }
  }

  const int fd_;
  const SslPointer ssl_;
};

}  // namespace

std::unique_ptr<Socket> MakeTlsSocket(int fd, const std::string& ca_file, std::string* error) {
  SSL_CTX* context = Context(ca_file);
  SslPointer ssl(context == nullptr ? nullptr : SSL_new(context));
  if (ssl == nullptr) {
    *error = "cannot read the authority's certificate " + ca_file + ": " + LastError();
    close(fd);
    return nullptr;
  }
  SSL_set_fd(ssl.get(), fd);
  if (SSL_connect(ssl.get()) != 1) {
    *error = "the TLS handshake failed: " + LastError();
    close(fd);
    return nullptr;
  }
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  return std::make_unique<TlsSocket>(fd, std::move(ssl));
}

}  // namespace coheld::bench
