// See tls_peer.h.
#include "tests/integration/tls_peer.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace coheld::testing {
namespace {

void Require(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("tls peer: ") + what);
}

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  name.sin_port = htons(port);
  return name;
}

int NumberOf(TlsVersion version) {
  switch (version) {
    case TlsVersion::k11:
      return TLS1_1_VERSION;
    case TlsVersion::k12:
      return TLS1_2_VERSION;
    case TlsVersion::k13:
      return TLS1_3_VERSION;
  }
  return 0;
}

}  // namespace

TlsPeer::TlsPeer(const std::string& port, const Options& options)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      context_(SSL_CTX_new(TLS_client_method())),
      connection_(nullptr) {
  const sockaddr_in name = Loopback(static_cast<uint16_t>(std::stoi(port)));
  Require(::connect(socket_, reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0,
          "connect");
  SSL_CTX_set_security_level(context_, 0);  // Old versions need it.
  SSL_CTX_set_min_proto_version(context_, TLS1_1_VERSION);
  SSL_CTX_set_max_proto_version(context_, NumberOf(options.newest));
  connection_ = SSL_new(context_);
  if (!options.protocol.empty()) {
    const std::string names = static_cast<char>(options.protocol.size()) + options.protocol;
    SSL_set_alpn_protos(connection_, reinterpret_cast<const unsigned char*>(names.data()),
                        static_cast<unsigned>(names.size()));
  }
  SSL_set_fd(connection_, socket_);
  if (!options.handshake || SSL_connect(connection_) == 1) return;
  SSL_free(connection_);
  SSL_CTX_free(context_);
  ::close(socket_);
  throw std::runtime_error("tls peer: the handshake failed");
}

TlsPeer::~TlsPeer() {
  SSL_free(connection_);
  SSL_CTX_free(context_);
  ::close(socket_);
}

void TlsPeer::Begin() {
  ::fcntl(socket_, F_SETFL, O_NONBLOCK);
  (void)SSL_connect(connection_);  // It has no answer yet.
}

void TlsPeer::Finish() {
  ::fcntl(socket_, F_SETFL, 0);
  Require(SSL_connect(connection_) == 1, "the handshake failed");
}

std::string TlsPeer::PeerSubject() const {
  std::array<char, 256> name{};
  X509* const certificate = SSL_get0_peer_certificate(connection_);
  Require(certificate != nullptr, "no certificate");
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name.data(),
                            static_cast<int>(name.size()));
  return name.data();
}

std::string TlsPeer::Version() const { return SSL_get_version(connection_); }

bool TlsPeer::Renegotiates() {
  SSL_renegotiate(connection_);
  if (SSL_do_handshake(connection_) != 1) return false;
  // The handshake goes on with the daemon's answer, which comes instead of data.
  std::array<char, 1024> bytes;
  while (SSL_renegotiate_pending(connection_) == 1) {
    if (SSL_read(connection_, bytes.data(), static_cast<int>(bytes.size())) <= 0) return false;
  }
  return true;
}

void TlsPeer::SendRaw(std::string_view bytes) {
  Require(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
              static_cast<ssize_t>(bytes.size()),
          "send");
}

SilentServer::SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in name = Loopback(0);
  socklen_t size = sizeof(name);
  Require(::bind(socket_, reinterpret_cast<const sockaddr*>(&name), size) == 0 &&
              ::listen(socket_, 16) == 0 &&
              ::getsockname(socket_, reinterpret_cast<sockaddr*>(&name), &size) == 0,
          "listen");
  address_ = "127.0.0.1:" + std::to_string(ntohs(name.sin_port));
}

SilentServer::~SilentServer() { ::close(socket_); }

}  // namespace coheld::testing
